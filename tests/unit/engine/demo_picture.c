/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the demo draws and plays, without anything around it. */
#include "engine/demo_picture.h"
#include "base/clock.h"
#include "base/mem.h"
#include "engine/demo_sound.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { WIDTH = 640, HEIGHT = 360 };

static int luma(const struct sl_picture *picture, int x, int y)
{
    return picture->planes[0][y * picture->strides[0] + x];
}

static int luma_at_centre(const struct sl_picture *picture, struct demo_area area)
{
    return luma(picture, area.x + area.width / 2, area.y + area.height / 2);
}

static size_t white_of(const struct sl_picture *picture, struct demo_area area)
{
    size_t count = 0;

    for (int y = area.y; y < area.y + area.height; y++) {
        for (int x = area.x; x < area.x + area.width; x++)
            count += luma(picture, x, y) == 235;
    }
    return count;
}

static void areas_lie_inside_and_apart_at_every_size(void **state)
{
    (void)state;
    for (int height = DEMO_SIDE_MIN; height <= 1200; height += 2) {
        struct sl_demo_layout layout;
        int width = height * 16 / 9 & ~1;
        sl_demo_layout(width, height, &layout);
        const struct demo_area *areas[] = {&layout.bars, &layout.strip, &layout.flash,
                                           &layout.clock};
        for (size_t i = 0; i < SL_ARRAY_LEN(areas); i++) {
            assert_true(areas[i]->x >= 0 && areas[i]->x + areas[i]->width <= width);
            assert_true(areas[i]->y >= 0 && areas[i]->y + areas[i]->height <= height);
            assert_int_equal((areas[i]->x | areas[i]->y | areas[i]->width | areas[i]->height) & 1,
                             0);
        }
        assert_true(layout.bars.height == layout.strip.y);
        assert_true(layout.strip.y + layout.strip.height <= layout.flash.y);
        assert_true(layout.flash.x + layout.flash.width <= layout.clock.x);
    }
}

static void draws_within_its_memory_at_every_size(void **state)
{
    (void)state;
    static const int sizes[][2] = {{160, 160},  {178, 162},  {320, 180},
                                   {1280, 720}, {160, 4096}, {4096, 160}};
    struct sl_picture picture;

    for (size_t i = 0; i < SL_ARRAY_LEN(sizes); i++) {
        assert_int_equal(sl_picture_create(sizes[i][0], sizes[i][1], &picture), 0);
        sl_demo_picture_prepare(&picture);
        for (int64_t us = 0; us < 2 * SL_US_PER_S; us += 33333)
            sl_demo_picture_draw(&picture, us, us < 80000);
        sl_picture_deinit(&picture);
    }
}

static void the_field_flashes_and_the_box_moves(void **state)
{
    (void)state;
    struct sl_demo_layout layout;
    struct sl_picture picture;

    assert_int_equal(sl_picture_create(WIDTH, HEIGHT, &picture), 0);
    sl_demo_layout(WIDTH, HEIGHT, &layout);
    sl_demo_picture_prepare(&picture);
    sl_demo_picture_draw(&picture, 0, true);
    assert_int_equal(luma_at_centre(&picture, layout.flash), 235);
    assert_int_equal(luma(&picture, 4, layout.strip.y + 4), 235);
    sl_demo_picture_draw(&picture, SL_US_PER_S, false);
    assert_int_equal(luma_at_centre(&picture, layout.flash), 16);
    assert_int_equal(luma(&picture, 4, layout.strip.y + 4), 35); /* blue behind the box */
    assert_int_equal(luma_at_centre(&picture, layout.strip), 235);
    assert_int_equal(luma(&picture, 4, 4), 180); /* the first bar */
    sl_picture_deinit(&picture);
}

/* Lit segments of each digit, as anybody draws them. */
static void the_clock_shows_the_time(void **state)
{
    (void)state;
    static const size_t lit[10] = {6, 2, 5, 5, 4, 5, 6, 3, 7, 6};
    struct sl_demo_layout layout;
    struct sl_picture picture;
    size_t last = 0;

    assert_int_equal(sl_picture_create(WIDTH, HEIGHT, &picture), 0);
    sl_demo_layout(WIDTH, HEIGHT, &layout);
    sl_demo_picture_prepare(&picture);
    for (int digit = 0; digit < 10; digit++) { /* 00:0D:00.000 */
        struct demo_area cell = layout.clock;
        cell.width = cell.width / 12 & ~1;
        cell.x += 4 * cell.width;
        sl_demo_picture_draw(&picture, digit * 60 * (int64_t)SL_US_PER_S, false);
        size_t white = white_of(&picture, cell);
        assert_true(white > 0);
        if (digit > 0) /* more segments, more white: corners are shared, so no more than that */
            assert_int_equal(white > last, lit[digit] > lit[digit - 1]);
        last = white;
    }
    sl_picture_deinit(&picture);
}

static double level_of(const int16_t *samples, int from, int to)
{
    double sum = 0;

    for (int i = from; i < to; i++)
        sum += pow(samples[i * DEMO_CHANNELS] / 32768.0, 2);
    return 10 * log10(sum / (to - from));
}

static void beeps_at_the_full_second_and_is_soft_otherwise(void **state)
{
    (void)state;
    static int16_t samples[DEMO_RATE_HZ * DEMO_CHANNELS];

    sl_demo_sound_make(samples);
    assert_true(level_of(samples, 0, DEMO_RATE_HZ * DEMO_SIGNAL_MS / 1000) > -20);
    double soft = level_of(samples, DEMO_RATE_HZ * DEMO_SIGNAL_MS / 1000, DEMO_RATE_HZ);
    assert_true(soft < -30 && soft > -40);
    for (int i = 0; i < DEMO_RATE_HZ; i++)
        assert_int_equal(samples[2 * i], samples[2 * i + 1]);
    /* The end joins the beginning. */
    assert_true(abs(samples[0] - samples[2 * DEMO_RATE_HZ - 2]) < 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(areas_lie_inside_and_apart_at_every_size),
        cmocka_unit_test(draws_within_its_memory_at_every_size),
        cmocka_unit_test(the_field_flashes_and_the_box_moves),
        cmocka_unit_test(the_clock_shows_the_time),
        cmocka_unit_test(beeps_at_the_full_second_and_is_soft_otherwise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
