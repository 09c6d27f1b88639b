/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures into other sizes. PNG is seen by tests/unit/engine/pictures.c. */
#include "base/mem.h"
#include "codec/codec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Bright to the right, from black to white of this range. */
static void draw(struct sl_picture *picture)
{
    int low = picture->full_range ? 0 : 16, high = picture->full_range ? 255 : 235;

    for (int y = 0; y < picture->height; y++) {
        for (int x = 0; x < picture->width; x++)
            picture->planes[0][y * picture->strides[0] + x] =
                (uint8_t)(low + (high - low) * x / (picture->width - 1));
    }
    for (size_t i = 1; i < 3; i++) {
        for (int y = 0; y < (picture->height + 1) / 2; y++)
            memset(picture->planes[i] + y * picture->strides[i], 128,
                   (size_t)(picture->width + 1) / 2);
    }
}

static void pictures_keep_their_looks_in_any_size(void **state)
{
    (void)state;
    static const struct {
        int from_width, from_height, width, height;
        bool full_range;
    } cases[] = {
        {640, 360, 320, 180, false}, {320, 180, 640, 360, false}, {641, 361, 64, 36, false},
        {640, 360, 640, 360, true},  {17, 1, 320, 240, true},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_picture picture, scaled;
        struct sl_scaler *scaler;
        assert_int_equal(sl_picture_create(cases[i].from_width, cases[i].from_height, &picture), 0);
        picture.full_range = cases[i].full_range;
        picture.pts_us = 4711;
        draw(&picture);
        assert_int_equal(sl_scaler_create(cases[i].width, cases[i].height, &scaler), 0);
        for (int again = 0; again < 2; again++)
            assert_int_equal(sl_scaler_scale(scaler, &picture, &scaled), 0);
        assert_int_equal(scaled.width, cases[i].width);
        assert_int_equal(scaled.height, cases[i].height);
        assert_int_equal(scaled.pts_us, 4711);
        assert_false(scaled.full_range);
        const uint8_t *row = scaled.planes[0] + scaled.strides[0] * (cases[i].height / 2);
        for (int x = cases[i].width / 8; x < cases[i].width * 7 / 8; x++) {
            int expected = (int)(16 + 219 * (x + 0.5) / cases[i].width);
            if (abs(row[x] - expected) > 8)
                fail_msg("case %zu: %d and not %d at %d", i, row[x], expected, x);
        }
        if (abs(scaled.planes[1][0] - 128) > 1)
            fail_msg("case %zu: colour of %d", i, scaled.planes[1][0]);
        sl_scaler_destroy(scaler);
        sl_picture_deinit(&picture);
    }
}

static void a_scaler_follows_its_source_and_refuses_no_size(void **state)
{
    (void)state;
    struct sl_scaler *scaler = NULL;
    struct sl_picture picture, scaled;

    assert_int_equal(sl_scaler_create(0, 100, &scaler), -EINVAL);
    assert_int_equal(sl_scaler_create(100, 5000, &scaler), -EINVAL);
    assert_null(scaler);
    assert_int_equal(sl_scaler_create(100, 100, &scaler), 0);
    for (int side = 50; side < 400; side += 75) {
        assert_int_equal(sl_picture_create(side, side, &picture), 0);
        draw(&picture);
        assert_int_equal(sl_scaler_scale(scaler, &picture, &scaled), 0);
        sl_picture_deinit(&picture);
    }
    sl_scaler_destroy(scaler);
    sl_scaler_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_keep_their_looks_in_any_size),
        cmocka_unit_test(a_scaler_follows_its_source_and_refuses_no_size),
    };

    sl_codec_drop_messages();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
