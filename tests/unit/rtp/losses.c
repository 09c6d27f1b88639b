/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What reports say of losses, however many there are. */
#include "../random.h"
#include "base/clock.h"
#include "rtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MS ((int64_t)SL_US_PER_MS)

static struct sl_report_block block(uint32_t highest_seq, int32_t lost, uint8_t fraction_lost)
{
    return (struct sl_report_block){
        .highest_seq = highest_seq, .lost = lost, .fraction_lost = fraction_lost};
}

/* The fraction, or -1: the interval goes on. */
static int take(struct sl_losses *losses, struct sl_report_block told, int64_t now_ms)
{
    uint8_t fraction_lost = 0;

    return sl_losses_take(losses, &told, now_ms * MS, &fraction_lost) ? fraction_lost : -1;
}

static void a_report_now_and_then_is_taken_as_it_is(void **state)
{
    (void)state;
    struct sl_losses losses = {0};

    assert_int_equal(take(&losses, block(100, 10, 25), 1000), 25);
    assert_int_equal(take(&losses, block(200, 10, 0), 2000), 0);
    assert_int_equal(take(&losses, block(300, 60, 128), 3000), 128);
    assert_int_equal(take(&losses, block(300, 60, 0), 4000),
                     0); /* nothing was sent: none is lost */
    assert_int_equal(take(&losses, block(310, 65, 128), 4020), -1);
    assert_int_equal(take(&losses, block(400, 160, 255), 5000), 255);
}

static void many_reports_count_together(void **state)
{
    (void)state;
    struct sl_losses losses = {0};
    uint32_t highest_seq = UINT32_MAX - 50; /* they wrap */
    int32_t lost = -3;                      /* some came twice */
    int said = 0;

    (void)take(&losses, block(highest_seq, lost, 0), 1000);
    for (int i = 1; i <= 100; i++) {
        bool gap = i % 2;
        highest_seq += 4;
        lost += gap ? 2 : 0;
        int fraction = take(&losses, block(highest_seq, lost, gap ? 128 : 0), 1000 + i * 20);
        if (fraction < 0)
            continue;
        assert_in_range(fraction, 60, 68);
        said++;
    }
    assert_int_equal(said, 4);
}

static void late_ones_are_no_losses(void **state)
{
    (void)state;
    struct sl_losses losses = {0};

    (void)take(&losses, block(100, 50, 128), 1000);
    assert_int_equal(take(&losses, block(110, 10, 0), 2000), 0);
}

static void a_report_that_was_overtaken_says_nothing(void **state)
{
    (void)state;
    struct sl_losses losses = {0};

    (void)take(&losses, block(1000, 0, 0), 1000);
    assert_int_equal(take(&losses, block(1010, 0, 0), 1600), 0);
    assert_int_equal(take(&losses, block(1000, 0, 255), 2200), -1);
    assert_int_equal(take(&losses, block(1110, 25, 0), 2300), 64);
    losses.highest_seq = 100000;
    assert_int_equal(take(&losses, block(7, 2, 255), 6000), -1); /* it began anew */
    assert_int_equal(take(&losses, block(107, 2, 0), 7000), 0);
}

/* Nobody is told more often than twice a second. */
static void bears_whatever_a_stranger_says(void **state)
{
    (void)state;
    struct sl_losses losses = {0};
    uint32_t random = 5;
    int told_ms = -1000, said = 0;

    for (int ms = 0; ms < 1000000; ms += 100) {
        int32_t lost = (int32_t)(random_next(&random) << 8) >> 8;
        uint32_t highest_seq = losses.highest_seq + random_below(&random, 99) - 20;
        if (random_chance(&random, 10))
            highest_seq = random_next(&random);
        if (take(&losses, block(highest_seq, lost, (uint8_t)random_next(&random)), ms) < 0)
            continue;
        assert_true(ms - told_ms >= 500);
        told_ms = ms;
        said++;
    }
    assert_true(said > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_now_and_then_is_taken_as_it_is),
        cmocka_unit_test(many_reports_count_together),
        cmocka_unit_test(late_ones_are_no_losses),
        cmocka_unit_test(a_report_that_was_overtaken_says_nothing),
        cmocka_unit_test(bears_whatever_a_stranger_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
