/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sums that are too loud become softer, and stay what they are. */
#include "engine/limiter.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

enum { RATE_HZ = 48000, BLOCK = 240, TONES = 10, SECOND = RATE_HZ / BLOCK };

static double tone(int n, int sample)
{
    return sin(2 * M_PI * (300 + 170 * n) * sample / RATE_HZ);
}

static void fill(int block, int tones, int32_t out[static BLOCK])
{
    for (int i = 0; i < BLOCK; i++) {
        double sum = 0;
        for (int n = 0; n < tones; n++)
            sum += 32767 * tone(n, block * BLOCK + i);
        out[i] = (int32_t)sum;
    }
}

static void leaves_what_fits_as_it_is(void **state)
{
    struct sl_limiter limiter;
    int32_t blocks[2][BLOCK];
    int16_t out[BLOCK];

    (void)state;
    sl_limiter_init(&limiter, BLOCK, 1);
    fill(0, 1, blocks[0]);
    sl_limiter_step(&limiter, blocks[0], out);
    for (int i = 0; i < BLOCK; i++)
        assert_int_equal(out[i], 0); /* the silence that it began with */
    fill(1, 1, blocks[1]);
    sl_limiter_step(&limiter, blocks[1], out);
    for (int i = 0; i < BLOCK; i++)
        assert_int_equal(out[i], blocks[0][i]);
}

/* What is left when the tones are taken out of the last half second is noise of clipping: 40 dB
 * below them. */
static void ten_full_scale_inputs_do_not_clip(void **state)
{
    struct sl_limiter limiter;
    static int16_t heard[SECOND * 4 * BLOCK];
    int32_t block[BLOCK];
    double energy = 0, explained = 0;
    int from = (SECOND * 4 - SECOND / 2) * BLOCK, count = SECOND / 2 * BLOCK;

    (void)state;
    sl_limiter_init(&limiter, BLOCK, 1);
    for (int n = 0; n < SECOND * 4; n++) {
        fill(n, TONES, block);
        sl_limiter_step(&limiter, block, &heard[n * BLOCK]);
    }
    for (int i = from; i < from + count; i++)
        energy += (double)heard[i] * heard[i];
    for (int n = 0; n < TONES; n++) { /* whole periods: the tones are orthogonal */
        double in = 0, across = 0;
        for (int i = from; i < from + count; i++) {
            in += heard[i] * tone(n, i - BLOCK);
            across += heard[i] * cos(2 * M_PI * (300 + 170 * n) * (i - BLOCK) / RATE_HZ);
        }
        explained += (in * in + across * across) * 2 / count;
    }
    assert_true(energy > 0);
    if ((energy - explained) / energy > 1e-4) /* the gain breathes a little */
        fail_msg("noise %g of the energy", (energy - explained) / energy);
}

static void never_wraps_and_comes_back(void **state)
{
    struct sl_limiter limiter;
    int32_t loud[BLOCK], soft[BLOCK];
    int16_t out[BLOCK];

    (void)state;
    sl_limiter_init(&limiter, BLOCK / 2, 2);
    for (int i = 0; i < BLOCK; i++) {
        loud[i] = i % 4 < 2 ? 31 * 32767 : -31 * 32768;
        soft[i] = 1000;
    }
    for (int n = 0; n < 20; n++) {
        sl_limiter_step(&limiter, n % 2 ? loud : soft, out);
        for (int i = 0; n > 0 && i < BLOCK; i++)
            assert_true(n % 2 ? out[i] >= 0 : (out[i] > 0) == (i % 4 < 2));
    }
    for (int n = 0; n < 15 * SECOND; n++)
        sl_limiter_step(&limiter, soft, out);
    assert_in_range(out[0], 990, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_what_fits_as_it_is),
        cmocka_unit_test(ten_full_scale_inputs_do_not_clip),
        cmocka_unit_test(never_wraps_and_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
