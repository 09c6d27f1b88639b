/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sizes and rates as media-outputs.md 2.2 and 2.4 have them. */
#include "engine/fit.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void sizes_fit_the_box(void **state)
{
    (void)state;
    static const struct {
        struct sl_size source;
        struct sl_engine_pictures form;
        int width, height; /* 0: refused */
    } cases[] = {
        {{1280, 720}, {0}, 1280, 720},
        {{641, 361}, {0}, 640, 360},
        {{8, 8}, {0}, 16, 16},
        {{1280, 720}, {.width = 640, .keep_aspect = true}, 640, 360},
        {{1280, 720}, {.height = 360, .keep_aspect = true}, 640, 360},
        {{1280, 720}, {.width = 500, .height = 500, .keep_aspect = true}, 500, 280},
        {{720, 1280}, {.width = 500, .height = 500, .keep_aspect = true}, 280, 500},
        {{320, 240}, {.width = 641, .height = 481, .keep_aspect = true}, 640, 480},
        {{1280, 720}, {.width = 500, .height = 500}, 500, 500},
        {{1280, 720}, {.width = 321}, 320, 120},
        {{1280, 720}, {.height = 481}, 160, 480},
        {{1280, 720}, {.width = 4096, .height = 4096, .keep_aspect = true}, 4096, 2304},
        {{1280, 720}, {.width = 4098, .height = 100}, 0, 0},
        {{16, 4096}, {.width = 640, .keep_aspect = true}, 0, 0},
        {{1280, 720}, {.pixels_max = 1280 * 720}, 1280, 720},
        {{1280, 720}, {.pixels_max = 1280 * 720 - 1}, 0, 0},
        {{1920, 1080}, {.width = 65535, .height = 65535}, 0, 0},
        {{4096, 16}, {.width = 100, .height = 100, .keep_aspect = true}, 100, 16},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_size size = {0, 0};
        int err = sl_fit_size(&cases[i].form, cases[i].source, &size);
        if (err != (cases[i].width ? 0 : -EINVAL) || size.width != cases[i].width ||
            size.height != cases[i].height)
            fail_msg("case %zu: %d, %d x %d", i, err, size.width, size.height);
    }
}

static void rates_follow_pixels_the_source_and_quality(void **state)
{
    (void)state;
    static const struct {
        struct sl_engine_pictures form;
        enum sl_codec codec;
        struct sl_size size;
        uint32_t source_bps;
        uint32_t bps;
    } cases[] = {
        /* A tenth of a bit for each pixel, 30 times a second, from a source of 1280 x 720. */
        {{0}, SL_CODEC_H264, {640, 360}, 0, 691200},
        {{0}, SL_CODEC_VP8, {640, 360}, 0, 691200},
        {{.quality = 50}, SL_CODEC_H264, {640, 360}, 0, 691200},
        {{.quality = 1}, SL_CODEC_H264, {640, 360}, 0, 172800},
        {{.quality = 100}, SL_CODEC_H264, {640, 360}, 0, 1209600},
        {{.quality = 75}, SL_CODEC_H264, {640, 360}, 0, 950400},
        /* No better than the source: a quarter of its pixels to the power of 0.75. */
        {{0}, SL_CODEC_H264, {640, 360}, 1000000, 353553},
        {{0}, SL_CODEC_VP8, {640, 360}, 1000000, 459619},
        {{0}, SL_CODEC_H264, {640, 360}, 8000000, 691200},
        {{0}, SL_CODEC_H264, {1280, 720}, 1000000, 1000000},
        /* Bounds. */
        {{0}, SL_CODEC_H264, {64, 64}, 0, 100000},
        {{0}, SL_CODEC_H264, {4096, 2304}, 0, 6000000},
        {{.quality = 1}, SL_CODEC_H264, {64, 64}, 0, 32000},
        {{.bitrate_bps = 300000, .quality = 90}, SL_CODEC_H264, {640, 360}, 1000000, 300000},
        {{.bitrate_bps = 1}, SL_CODEC_H264, {640, 360}, 0, 32000},
        {{.bitrate_bps = 4000000000}, SL_CODEC_H264, {640, 360}, 0, 20000000},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        const struct sl_fit_source source = {
            .size = {1280, 720}, .bitrate_bps = cases[i].source_bps, .frame_us = SL_US_PER_S / 30};
        uint32_t bps = sl_fit_bitrate(&cases[i].form, cases[i].codec, cases[i].size, &source);
        if (labs((long)bps - (long)cases[i].bps) > cases[i].bps / 1000)
            fail_msg("case %zu: %u bit/s", i, bps);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_fit_the_box),
        cmocka_unit_test(rates_follow_pixels_the_source_and_quality),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
