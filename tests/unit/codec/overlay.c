/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PNG files over pictures. */
#include "../png.h"
#include "base/mem.h"
#include "codec/codec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WIDTH = 64, HEIGHT = 48, UNDER = 100, GREY = 128 };

static uint8_t file[PNG_LEN_MAX];

static void set_up(struct sl_picture *picture)
{
    assert_int_equal(sl_picture_create(WIDTH, HEIGHT, picture), 0);
    for (size_t i = 0; i < 3; i++) {
        for (int y = 0; y < (i ? HEIGHT / 2 : HEIGHT); y++)
            memset(picture->planes[i] + y * picture->strides[i], i ? GREY : UNDER,
                   i ? WIDTH / 2 : WIDTH);
    }
}

static int at(const struct sl_picture *picture, size_t plane, int x, int y)
{
    int half = plane == 0 ? 1 : 2;

    return picture->planes[plane][y / half * picture->strides[plane] + x / half];
}

static void is_near(const char *why, int seen, int expected)
{
    if (abs(seen - expected) > 3)
        fail_msg("%s: %d and not %d", why, seen, expected);
}

static struct sl_overlay *make(const struct png *png, bool fill)
{
    const struct sl_overlay_box box = {.width = WIDTH, .height = HEIGHT, .fill = fill};
    struct sl_overlay *overlay = NULL;
    size_t len = png_build(png, file);

    assert_int_equal(sl_overlay_create(file, len, &box, &overlay), 0);
    return overlay;
}

/* Of 16 x 8; one pixel's bytes. */
#define FILE_OF(colour_, depth_, ...)                                                              \
    {                                                                                              \
        .width = 16, .height = 8, .depth = (depth_), .colour = (colour_),                          \
        .pixel = (const uint8_t[]){__VA_ARGS__},                                                   \
        .pixel_len = sizeof((const uint8_t[]){__VA_ARGS__}), .palette = palette,                   \
        .palette_len = (colour_) == PNG_PALETTE ? sizeof(palette) : 0                              \
    }

/* ITU-R BT.601: white is 235, red is 81 with Cb 90 and Cr 240. */
static void all_kinds_of_files_are_drawn(void **state)
{
    (void)state;
    static const uint8_t palette[] = {255, 255, 255, 255, 0, 0}, half[] = {255, 128};
    const struct {
        const char *why;
        struct png png;
        bool is_half;
        int y, cr;
    } cases[] = {
        {"grey", FILE_OF(PNG_GREY, 8, 255), false, 235, 128},
        {"red", FILE_OF(PNG_RGB, 8, 255, 0, 0), false, 81, 240},
        {"red of 16 bits", FILE_OF(PNG_RGB, 16, 255, 255, 0, 0, 0, 0), false, 81, 240},
        {"opaque red", FILE_OF(PNG_RGBA, 8, 255, 0, 0, 255), false, 81, 240},
        {"nothing", FILE_OF(PNG_RGBA, 8, 255, 0, 0, 0), false, UNDER, 128},
        {"half of white", FILE_OF(PNG_RGBA, 8, 255, 255, 255, 128), false, 168, 128},
        {"half of red", FILE_OF(PNG_RGBA, 16, 255, 255, 0, 0, 0, 0, 128, 0), false, 90, 184},
        {"half of grey", FILE_OF(PNG_GREY_ALPHA, 8, 255, 128), false, 168, 128},
        {"a palette", FILE_OF(PNG_PALETTE, 8, 1), false, 81, 240},
        {"a palette with alpha", FILE_OF(PNG_PALETTE, 8, 1), true, 90, 184},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct png png = cases[i].png;
        struct sl_picture picture;
        int width, height;
        png.transparency = half;
        png.transparency_len = cases[i].is_half ? sizeof(half) : 0;
        struct sl_overlay *overlay = make(&png, false);
        set_up(&picture);
        sl_overlay_size(overlay, &width, &height);
        assert_int_equal(width, 16);
        assert_int_equal(height, 8);
        sl_overlay_draw(overlay, &picture, 48, 40); /* into the corner */
        is_near(cases[i].why, at(&picture, 0, 56, 44), cases[i].y);
        is_near(cases[i].why, at(&picture, 2, 56, 44), cases[i].cr);
        is_near(cases[i].why, at(&picture, 0, 46, 44), UNDER);
        is_near(cases[i].why, at(&picture, 0, 56, 38), UNDER);
        is_near(cases[i].why, at(&picture, 2, 46, 44), 128);
        sl_picture_deinit(&picture);
        sl_overlay_destroy(overlay);
    }
}

static void sizes_follow_the_box_and_the_shape(void **state)
{
    (void)state;
    static const struct {
        uint32_t from_width, from_height;
        bool fill;
        int width, height;
    } cases[] = {
        {10, 20, false, 10, 20},  {11, 21, false, 10, 20}, {1, 1, false, 2, 2},
        {128, 48, false, 64, 24}, {32, 96, false, 16, 48}, {300, 2, false, 64, 2},
        {32, 24, true, 64, 48},   {8, 24, true, 16, 48},   {24, 3, true, 64, 8},
        {64, 48, true, 64, 48},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        const struct png png = {.width = cases[i].from_width,
                                .height = cases[i].from_height,
                                .depth = 8,
                                .pixel = (const uint8_t[]){255},
                                .pixel_len = 1};
        struct sl_overlay *overlay = make(&png, cases[i].fill);
        struct sl_picture picture;
        int width, height;
        sl_overlay_size(overlay, &width, &height);
        if (width != cases[i].width || height != cases[i].height)
            fail_msg("case %zu: %d x %d", i, width, height);
        set_up(&picture);
        sl_overlay_draw(overlay, &picture, 0, 0);
        is_near("its middle", at(&picture, 0, width / 2, height / 2), 235);
        sl_picture_deinit(&picture);
        sl_overlay_destroy(overlay);
    }
}

static void refuses_what_is_none_or_too_large(void **state)
{
    (void)state;
    const struct png png = {.width = 16,
                            .height = 8,
                            .depth = 8,
                            .colour = PNG_RGBA,
                            .pixel = (const uint8_t[]){255, 0, 0, 255},
                            .pixel_len = 4};
    struct sl_overlay_box box = {.width = WIDTH, .height = HEIGHT, .pixels_max = 128};
    size_t len = png_build(&png, file);
    struct sl_overlay *overlay = NULL;

    assert_int_equal(sl_overlay_create(file, len, &box, &overlay), 0);
    sl_overlay_destroy(overlay);
    overlay = NULL;
    box.pixels_max = 127;
    assert_int_equal(sl_overlay_create(file, len, &box, &overlay), -EINVAL);
    box.pixels_max = 0;
    assert_int_equal(sl_overlay_create(file, 24, &box, &overlay), -EBADMSG);
    sl_store_u32(file + 16, SL_PICTURE_SIDE_MAX + 1);
    assert_int_equal(sl_overlay_create(file, len, &box, &overlay), -EINVAL);
    (void)png_build(&png, file);
    file[25] = 9; /* no such colours */
    assert_int_equal(sl_overlay_create(file, len, &box, &overlay), -EBADMSG);
    file[0] = 'P';
    assert_int_equal(sl_overlay_create(file, len, &box, &overlay), -EBADMSG);
    assert_null(overlay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_kinds_of_files_are_drawn),
        cmocka_unit_test(sizes_follow_the_box_and_the_shape),
        cmocka_unit_test(refuses_what_is_none_or_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
