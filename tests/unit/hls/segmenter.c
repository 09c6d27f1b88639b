/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames of FFmpeg's encoders, put in as they would come. */
#include "hls/segmenter.h"

#include "../mux/material.h"
#include "base/blob.h"
#include "base/clock.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { PIECES_MAX = 64, START_US = 5000000, SECONDS = 16 };

struct fixture {
    struct sl_segmenter *segmenter;
    struct sl_hls_piece *pieces[PIECES_MAX];
    size_t count, keyframes_asked, sound_asked;
    struct material material;
    struct sl_program_sound sound;
};

static void on_piece(void *owner, struct sl_hls_piece *piece)
{
    struct fixture *fixture = owner;

    assert_true(fixture->count < PIECES_MAX);
    fixture->pieces[fixture->count++] = piece;
}

static void on_keyframe_wanted(void *owner)
{
    ((struct fixture *)owner)->keyframes_asked++;
}

static void on_sound_wanted(void *owner)
{
    ((struct fixture *)owner)->sound_asked++;
}

static const struct sl_segmenter_ops ops = {on_piece, on_keyframe_wanted, on_sound_wanted};

static int set_up(void **state)
{
    *state = sl_new(struct fixture);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    sl_segmenter_destroy(fixture->segmenter);
    for (size_t i = 0; i < fixture->count; i++)
        sl_hls_piece_destroy(fixture->pieces[i]);
    material_deinit(&fixture->material);
    free(fixture);
    return 0;
}

static void add_pictures(struct fixture *fixture, int width, int gop, int seconds, int64_t begin_us)
{
    material_add_pictures(&fixture->material,
                          &(struct material_pictures){.codec = SL_CODEC_H264,
                                                      .width = width,
                                                      .height = width * 3 / 4,
                                                      .seconds = seconds,
                                                      .gop = gop},
                          begin_us);
}

/* Of the material as it is by then. */
static void open_segmenter(struct fixture *fixture, bool video, bool audio, int64_t part_us)
{
    struct sl_segmenter_config config = {
        .sound = &fixture->sound,
        .time_us = 2 * SL_US_PER_S,
        .part_us = part_us,
        .ops = &ops,
        .owner = fixture,
    };

    assert_int_equal(sl_program_sound_init(SL_CODEC_AAC, SL_CODEC_OPUS, &fixture->sound), 0);
    if (video)
        config.form.from[SL_VIDEO] = config.form.to[SL_VIDEO] = SL_CODEC_H264;
    if (audio) {
        config.form.from[SL_AUDIO] = SL_CODEC_OPUS;
        config.form.to[SL_AUDIO] = SL_CODEC_AAC;
    }
    fixture->segmenter = sl_segmenter_create(&config, START_US);
}

/* All of it, each frame when it is due; target_s is told after three segments, 0: never. */
static void run(struct fixture *fixture, int64_t target_s)
{
    const struct material *material = &fixture->material;

    for (size_t i = 0; i < material->count; i++) {
        const struct sl_mux_sample *sample = &material->samples[i];
        const struct sl_program_frame frame = {
            .codec = sample->kind == SL_VIDEO ? SL_CODEC_H264 : SL_CODEC_AAC,
            .keyframe = sample->keyframe,
            .pts_us = START_US + sample->pts_us,
            .dts_us = START_US + sample->dts_us,
            .data = sample->data,
            .len = sample->len,
        };
        sl_segmenter_input(fixture->segmenter, &frame, frame.dts_us);
        sl_segmenter_tick(fixture->segmenter, frame.dts_us);
        if (target_s > 0 && fixture->count >= 3)
            sl_segmenter_set_target(fixture->segmenter, target_s);
    }
}

static void assert_lasts(const struct sl_hls_piece *piece, int64_t ms)
{
    if (llabs(piece->duration_us / SL_US_PER_MS - ms) > 41)
        fail_msg("%ld us, not %ld ms", piece->duration_us, ms);
}

static void three_short_segments_come_first(void **state)
{
    struct fixture *fixture = *state;

    add_pictures(fixture, 160, 25, SECONDS, 0);
    material_add_sound(&fixture->material, SL_CODEC_AAC, 2, SECONDS);
    open_segmenter(fixture, true, true, 0);
    run(fixture, 2);
    assert_true(fixture->count >= 8);
    for (size_t i = 0; i < fixture->count; i++) {
        assert_lasts(fixture->pieces[i], i < 3 ? 1000 : 2000);
        assert_true(fixture->pieces[i]->independent);
        assert_true(fixture->pieces[i]->last);
        assert_false(fixture->pieces[i]->forced);
        assert_int_equal(fixture->pieces[i]->discontinuity, i == 0);
        assert_int_equal(fixture->pieces[i]->data->data[0], 0x47);
    }
    assert_int_equal(fixture->pieces[1]->wall_ms - fixture->pieces[0]->wall_ms, 1000);
    assert_true(fixture->keyframes_asked > 0);
    assert_int_equal(fixture->sound_asked, 1);
}

static void what_is_promised_is_kept_without_key_frames(void **state)
{
    struct fixture *fixture = *state;
    size_t forced = 0;

    add_pictures(fixture, 160, 25, 4, 0);
    add_pictures(fixture, 160, 250, 12, 4 * SL_US_PER_S);
    open_segmenter(fixture, true, false, 0);
    run(fixture, 2);
    for (size_t i = 0; i < fixture->count; i++) {
        assert_true(fixture->pieces[i]->duration_us < 2500000);
        assert_int_equal(fixture->pieces[i]->forced, !fixture->pieces[i]->independent);
        forced += fixture->pieces[i]->forced;
    }
    assert_true(forced > 0);
    assert_true(fixture->keyframes_asked > 5); /* again and again */
}

static void another_size_is_another_beginning(void **state)
{
    struct fixture *fixture = *state;
    size_t discontinuities = 0;

    add_pictures(fixture, 320, 25, 6, 0);
    add_pictures(fixture, 160, 25, 6, 6 * SL_US_PER_S);
    open_segmenter(fixture, true, false, 0);
    for (size_t i = 0; i < fixture->material.count; i++) { /* as a program says it */
        struct sl_mux_sample *sample = &fixture->material.samples[i];
        uint16_t width = sample->dts_us < 6 * SL_US_PER_S ? 320 : 160;
        const struct sl_program_frame frame = {.codec = SL_CODEC_H264,
                                               .keyframe = sample->keyframe,
                                               .width = sample->keyframe ? width : 0,
                                               .height =
                                                   sample->keyframe ? (uint16_t)(width * 3 / 4) : 0,
                                               .pts_us = START_US + sample->pts_us,
                                               .dts_us = START_US + sample->dts_us,
                                               .data = sample->data,
                                               .len = sample->len};
        sl_segmenter_input(fixture->segmenter, &frame, frame.dts_us);
        sl_segmenter_tick(fixture->segmenter, frame.dts_us);
    }
    for (size_t i = 1; i < fixture->count; i++) {
        if (!fixture->pieces[i]->discontinuity)
            continue;
        discontinuities++;
        assert_int_equal(fixture->pieces[i - 1]->width, 320);
        assert_int_equal(fixture->pieces[i]->width, 160);
        assert_true(fixture->pieces[i]->independent);
    }
    assert_int_equal(discontinuities, 1);
}

static void sound_goes_alone_where_there_is_nothing_else(void **state)
{
    struct fixture *fixture = *state;

    material_add_sound(&fixture->material, SL_CODEC_AAC, 2, SECONDS);
    open_segmenter(fixture, false, true, 0);
    run(fixture, 2);
    assert_true(fixture->count >= 7);
    assert_lasts(fixture->pieces[5], 1620); /* the first frame past four fifths */
    assert_int_equal(fixture->keyframes_asked, 0);
    assert_string_equal(fixture->pieces[0]->codecs, "mp4a.40.2");
}

static void pictures_that_stay_away_are_waited_for_and_then_left(void **state)
{
    struct fixture *fixture = *state;

    add_pictures(fixture, 160, 25, 4, 0);
    material_add_sound(&fixture->material, SL_CODEC_AAC, 2, SECONDS);
    open_segmenter(fixture, true, true, 0);
    run(fixture, 2);
    const struct sl_hls_piece *last = fixture->pieces[fixture->count - 1];
    assert_string_equal(last->codecs, "mp4a.40.2");
    assert_string_not_equal(fixture->pieces[0]->codecs, last->codecs);
    for (size_t i = 0; i < fixture->count; i++)
        assert_true(fixture->pieces[i]->duration_us < 2500000);
}

static void parts_are_no_longer_than_promised(void **state)
{
    struct fixture *fixture = *state;
    int64_t segment_us = 0;
    size_t whole = 0;

    add_pictures(fixture, 160, 25, SECONDS, 0);
    material_add_sound(&fixture->material, SL_CODEC_AAC, 2, SECONDS);
    open_segmenter(fixture, true, true, SL_US_PER_S / 2);
    run(fixture, 2);
    assert_non_null(fixture->pieces[0]->head);
    for (size_t i = 0; i < fixture->count; i++) {
        const struct sl_hls_piece *piece = fixture->pieces[i];
        assert_true(piece->duration_us <= SL_US_PER_S / 2);
        assert_true(piece->last || piece->duration_us * 100 >= 85 * SL_US_PER_S / 2);
        segment_us += piece->duration_us;
        if (!piece->last)
            continue;
        assert_true(llabs(segment_us - (whole < 3 ? 1 : 2) * SL_US_PER_S) < 50000);
        segment_us = 0;
        whole++;
    }
    assert_true(whole >= 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(three_short_segments_come_first),
        TEST(what_is_promised_is_kept_without_key_frames),
        TEST(another_size_is_another_beginning),
        TEST(sound_goes_alone_where_there_is_nothing_else),
        TEST(pictures_that_stay_away_are_waited_for_and_then_left),
        TEST(parts_are_no_longer_than_promised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
