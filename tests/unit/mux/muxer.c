/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files in all containers, read by FFmpeg: every frame is there, at its time, and can be decoded.
 */
#include "file.h"
#include "probe.h"

#include "base/mem.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- What a player finds ---- */

/* Times in the file, which MPEG-TS begins a second later and Matroska has in milliseconds. */
static double offset_s(enum sl_container container)
{
    return container == SL_MPEGTS ? 1 : 0;
}

static double tolerance_s(enum sl_container container)
{
    return container == SL_WEBM || container == SL_MATROSKA ? 0.0006 : 0.00003;
}

static int find_stream(const struct material *m, enum sl_media_kind kind)
{
    return kind == SL_VIDEO || m->tracks.codecs[SL_VIDEO] == SL_CODEC_NONE ? 0 : 1;
}

static void check_packets(const struct probe *probe, const struct material *m,
                          enum sl_media_kind kind, enum sl_container container)
{
    size_t at = 0, count = 0;
    int stream = find_stream(m, kind);

    for (size_t i = 0; i < m->count; i++) {
        const struct sl_mux_sample *sample = &m->samples[i];
        if (sample->kind != kind)
            continue;
        count++;
        while (at < probe->packets_count && probe->packets[at].stream != stream)
            at++;
        if (at == probe->packets_count)
            fail_msg("kind %d: only %zu frames", kind, count - 1);
        const struct probe_packet *packet = &probe->packets[at++];
        double expected_s = (double)sample->pts_us / 1e6 + offset_s(container);
        if (fabs(packet->pts_s - expected_s) > tolerance_s(container))
            fail_msg("kind %d, frame %zu: %f and not %f", kind, count, packet->pts_s, expected_s);
        if (kind == SL_VIDEO && packet->keyframe != sample->keyframe)
            fail_msg("frame %zu: a key frame or none", count);
    }
    for (; at < probe->packets_count; at++)
        assert_int_not_equal(probe->packets[at].stream, stream);
}

static void check_file(const char *path, const struct material *m, enum sl_container container)
{
    static const char *const names[SL_CODECS] = {
        [SL_CODEC_H264] = "h264", [SL_CODEC_VP8] = "vp8", [SL_CODEC_VP9] = "vp9",
        [SL_CODEC_AV1] = "av1",   [SL_CODEC_AAC] = "aac", [SL_CODEC_OPUS] = "opus",
    };
    static struct probe probe;
    size_t tracks = 0, counts[2] = {0, 0};

    probe_file(path, &probe);
    for (size_t i = 0; i < m->count; i++)
        counts[m->samples[i].kind]++;
    for (int kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        if (m->tracks.codecs[kind] == SL_CODEC_NONE)
            continue;
        const struct probe_stream *stream = &probe.streams[find_stream(m, kind)];
        assert_string_equal(stream->codec, names[m->tracks.codecs[kind]]);
        if (kind == SL_VIDEO) {
            assert_int_equal(stream->width, m->tracks.width);
            assert_int_equal(stream->height, m->tracks.height);
            assert_int_equal(stream->frames, counts[kind]);
        }
        check_packets(&probe, m, kind, container);
        tracks++;
    }
    assert_int_equal(probe.streams_count, tracks);
}

/* MPEG-TS does not say it: FFmpeg looks for the last packet, which has several frames of sound. */
static void check_duration(const char *path, double expected_s, enum sl_container container)
{
    static struct probe probe;

    probe_file(path, &probe);
    if (fabs(probe.duration_s - expected_s) > (container == SL_MPEGTS ? 0.15 : 0.05))
        fail_msg("%s: %f s and not %f", path, probe.duration_s, expected_s);
}

/* ---- Tests ---- */

static void every_frame_is_found_at_its_time(void **state)
{
    (void)state;
    static const struct file_kind kinds[] = {
        {SL_MP4, SL_CODEC_H264, SL_CODEC_AAC, 0},
        {SL_MP4, SL_CODEC_H264, SL_CODEC_AAC, 3},
        {SL_MP4, SL_CODEC_H264, SL_CODEC_OPUS, 0},
        {SL_MP4, SL_CODEC_H264, SL_CODEC_NONE, 2},
        {SL_MP4, SL_CODEC_NONE, SL_CODEC_AAC, 0},
        {SL_MP4, SL_CODEC_NONE, SL_CODEC_OPUS, 0},
        {SL_WEBM, SL_CODEC_VP8, SL_CODEC_OPUS, 0},
        {SL_WEBM, SL_CODEC_VP9, SL_CODEC_OPUS, 0},
        {SL_WEBM, SL_CODEC_AV1, SL_CODEC_OPUS, 0},
        {SL_WEBM, SL_CODEC_VP8, SL_CODEC_NONE, 0},
        {SL_WEBM, SL_CODEC_NONE, SL_CODEC_OPUS, 0},
        {SL_WEBM, SL_CODEC_H264, SL_CODEC_OPUS, 0},
        {SL_MATROSKA, SL_CODEC_H264, SL_CODEC_AAC, 0},
        {SL_MATROSKA, SL_CODEC_H264, SL_CODEC_OPUS, 3},
        {SL_MPEGTS, SL_CODEC_H264, SL_CODEC_AAC, 0},
        {SL_MPEGTS, SL_CODEC_H264, SL_CODEC_AAC, 3},
        {SL_MPEGTS, SL_CODEC_H264, SL_CODEC_NONE, 0},
        {SL_MPEGTS, SL_CODEC_NONE, SL_CODEC_AAC, 0},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(kinds); i++) {
        struct material *m = sl_new(struct material);
        struct file f;
        print_message("%s: %s, %s, %d\n", sl_container_extension(kinds[i].container),
                      sl_codec_name(kinds[i].video), sl_codec_name(kinds[i].audio),
                      kinds[i].b_pictures);
        file_make_material(m, &kinds[i]);
        file_begin(&f, kinds[i].container, &m->tracks);
        file_write_all(&f, m);
        assert_int_equal(f.pieces, FILE_SECONDS);
        assert_int_equal(f.pictures + f.sounds, m->count);
        assert_true(f.last.independent);
        check_file(file_save(&f, kinds[i].container), m, kinds[i].container);
        file_finish(&f);
        const char *path = file_save(&f, kinds[i].container);
        check_file(path, m, kinds[i].container);
        check_duration(path, FILE_SECONDS, kinds[i].container);
        probe_decode(path);
        file_end(&f);
        material_deinit(m);
        free(m);
    }
}

/* ---- What else a file has ---- */

static void pictures_may_change_their_size_within_a_file(void **state)
{
    (void)state;
    static const struct {
        enum sl_container container;
        enum sl_codec codec;
    } cases[] = {
        {SL_MP4, SL_CODEC_H264},
        {SL_WEBM, SL_CODEC_VP8},
        {SL_MATROSKA, SL_CODEC_H264},
        {SL_MPEGTS, SL_CODEC_H264},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        static const int widths[] = {640, 320, 640};
        struct material *m = sl_new(struct material);
        struct file f;
        for (int n = 0; n < 3; n++) {
            const struct material_pictures pictures = {
                cases[i].codec, widths[n], widths[n] * 3 / 4, 1, 0, MATERIAL_FPS};
            material_add_pictures(m, &pictures, n * 1000000);
        }
        file_begin(&f, cases[i].container, &m->tracks);
        file_write_all(&f, m);
        file_finish(&f);
        const char *path = file_save(&f, cases[i].container);
        check_file(path, m, cases[i].container);
        assert_int_equal(probe_sizes(path), 3);
        file_end(&f);
        material_deinit(m);
        free(m);
    }
}

static void rotation_is_told_in_mp4(void **state)
{
    (void)state;
    static const int told[][2] = {{0, 0}, {90, -90}, {180, -180}, {270, 90}};
    static struct probe probe;
    struct material *m = sl_new(struct material);

    material_add_pictures(m, &(struct material_pictures){SL_CODEC_H264, 64, 48, 1, 0, 25}, 0);
    for (size_t i = 0; i < SL_ARRAY_LEN(told); i++) {
        struct file f;
        m->tracks.rotation = told[i][0];
        file_begin(&f, SL_MP4, &m->tracks);
        file_write_all(&f, m);
        probe_file(file_save(&f, SL_MP4), &probe);
        assert_int_equal(probe.rotation, told[i][1]);
        file_end(&f);
    }
    material_deinit(m);
    free(m);
}

static void a_seek_finds_the_key_frame_before_by_the_index(void **state)
{
    (void)state;
    static const struct file_kind kinds[] = {
        {SL_MP4, SL_CODEC_H264, SL_CODEC_AAC, 2},
        {SL_WEBM, SL_CODEC_VP8, SL_CODEC_OPUS, 0},
        {SL_MATROSKA, SL_CODEC_H264, SL_CODEC_AAC, 2},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(kinds); i++) {
        struct material *m = sl_new(struct material);
        struct file f;
        file_make_material(m, &kinds[i]);
        file_begin(&f, kinds[i].container, &m->tracks);
        file_write_all(&f, m);
        file_finish(&f);
        double found_s = probe_seek(file_save(&f, kinds[i].container), 2.5);
        if (fabs(found_s - 2) > 0.001)
            fail_msg("%s: %f", sl_container_extension(kinds[i].container), found_s);
        file_end(&f);
        material_deinit(m);
        free(m);
    }
}

/* Parts of low-latency HLS: cut anywhere. */
static void parts_are_told_whether_they_can_be_begun_with(void **state)
{
    (void)state;
    static const struct file_kind kind = {SL_MP4, SL_CODEC_H264, SL_CODEC_AAC, 0};
    struct material *m = sl_new(struct material);
    struct file f;
    int64_t since_us = 0, end_us = 0;
    size_t independent = 0;

    file_make_material(m, &kind);
    file_begin(&f, SL_MP4, &m->tracks);
    for (size_t i = 0; i < m->count; i++) {
        const struct sl_mux_sample *sample = &m->samples[i];
        if (sample->kind == SL_VIDEO && sample->dts_us - since_us >= 200000) {
            file_cut(&f, sample->dts_us);
            assert_int_equal(f.last.begin_us, end_us);
            assert_int_equal(f.last.end_us, sample->dts_us);
            assert_int_equal(f.last.independent, since_us % 1000000 == 0);
            independent += f.last.independent;
            since_us = end_us = sample->dts_us;
        }
        assert_int_equal(sl_muxer_add(f.muxer, sample), 0);
    }
    file_cut(&f, SL_MUX_LAST);
    assert_int_equal(f.last.end_us, FILE_SECONDS * 1000000);
    assert_int_equal(independent, FILE_SECONDS);
    check_file(file_save(&f, SL_MP4), m, SL_MP4);
    file_end(&f);
    material_deinit(m);
    free(m);
}

/* Right by the standard; FFmpeg has all of it late, by the same time. */
static void without_a_delay_reordered_pictures_keep_their_distances(void **state)
{
    (void)state;
    static const struct file_kind kind = {SL_MP4, SL_CODEC_H264, SL_CODEC_NONE, 3};
    static struct probe probe;
    struct material *m = sl_new(struct material);
    struct file f;

    file_make_material(m, &kind);
    m->tracks.delay_us = 0;
    file_begin(&f, SL_MP4, &m->tracks);
    file_write_all(&f, m);
    probe_file(file_save(&f, SL_MP4), &probe);
    assert_int_equal(probe.packets_count, m->count);
    for (size_t i = 1; i < m->count; i++) {
        double expected_s = (double)(m->samples[i].pts_us - m->samples[0].pts_us) / 1e6;
        assert_true(fabs(probe.packets[i].pts_s - probe.packets[0].pts_s - expected_s) < 0.0001);
    }
    file_end(&f);
    material_deinit(m);
    free(m);
}

/* ---- What is refused ---- */

static const uint8_t picture[] =
    "\0\0\0\1\x67\x42\xc0\x1f\xda\x01\x40\x16\xe8\0\0\0\1\x68\xce\x3c\x80"
    "\0\0\0\1\x65\x88\x84";
static const struct sl_mux_tracks plain_tracks = {
    .codecs = {[SL_AUDIO] = SL_CODEC_AAC, [SL_VIDEO] = SL_CODEC_H264},
    .configs = {[SL_VIDEO] = picture},
    .config_lens = {[SL_VIDEO] = sizeof(picture) - 1},
    .width = 320,
    .height = 240,
    .rate_hz = 48000,
    .channels = 1,
};

static void tracks_that_a_container_cannot_have_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        enum sl_container container;
        enum sl_codec video, audio;
        bool has_config;
        int rate_hz, channels, err;
    } cases[] = {
        {"VP8 in MP4", SL_MP4, SL_CODEC_VP8, SL_CODEC_NONE, true, 0, 0, -ENOSYS},
        {"AAC in WebM", SL_WEBM, SL_CODEC_NONE, SL_CODEC_AAC, true, 48000, 2, -ENOSYS},
        {"opus in MPEG-TS", SL_MPEGTS, SL_CODEC_H264, SL_CODEC_OPUS, true, 48000, 2, -ENOSYS},
        {"nothing", SL_MP4, SL_CODEC_NONE, SL_CODEC_NONE, true, 48000, 2, -ENOSYS},
        {"sound for pictures", SL_MP4, SL_CODEC_AAC, SL_CODEC_NONE, true, 48000, 2, -ENOSYS},
        {"no parameter sets", SL_MP4, SL_CODEC_H264, SL_CODEC_NONE, false, 0, 0, -EINVAL},
        {"none in Matroska", SL_MATROSKA, SL_CODEC_H264, SL_CODEC_NONE, false, 0, 0, -EINVAL},
        {"no AV1 header", SL_WEBM, SL_CODEC_AV1, SL_CODEC_NONE, true, 0, 0, -EINVAL},
        {"a rate of AAC that has no number", SL_MP4, SL_CODEC_NONE, SL_CODEC_AAC, true, 12345, 2,
         -EINVAL},
        {"six channels", SL_MP4, SL_CODEC_NONE, SL_CODEC_OPUS, true, 48000, 6, -EINVAL},
        {"opus at another rate", SL_WEBM, SL_CODEC_NONE, SL_CODEC_OPUS, true, 44100, 2, -EINVAL},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_muxer_config config = {.container = cases[i].container, .tracks = plain_tracks};
        struct sl_buffer head;
        struct sl_muxer *muxer = NULL;
        config.tracks.codecs[SL_VIDEO] = cases[i].video;
        config.tracks.codecs[SL_AUDIO] = cases[i].audio;
        config.tracks.rate_hz = cases[i].rate_hz;
        config.tracks.channels = cases[i].channels;
        if (!cases[i].has_config)
            config.tracks.configs[SL_VIDEO] = NULL;
        sl_buffer_init(&head, SL_MUX_HEAD_MAX);
        int err = sl_muxer_create(&config, &head, &muxer);
        if (err != cases[i].err || muxer)
            fail_msg("%s: %d", cases[i].why, err);
        sl_buffer_deinit(&head);
    }
}

static void frames_that_make_no_sense_are_left_out(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        enum sl_media_kind kind;
        int64_t pts_us, dts_us;
        size_t len;
        int err;
    } cases[] = {
        {"a first one", SL_VIDEO, 1000000, 1000000, sizeof(picture) - 1, 0},
        {"empty", SL_VIDEO, 1040000, 1040000, 0, -EINVAL},
        {"without a NAL unit", SL_VIDEO, 1040000, 1040000, 3, -EINVAL},
        {"shown before it is decoded", SL_VIDEO, 1040000, 1050000, 8, -EINVAL},
        {"at the same time", SL_VIDEO, 1040000, 1000000, 8, -EINVAL},
        {"earlier", SL_VIDEO, 1040000, 900000, 8, -EINVAL},
        {"before 0", SL_AUDIO, -1, -1, 8, -EINVAL},
        {"shown a minute later", SL_VIDEO, 62000000, 1040000, 8, -EINVAL},
        {"beyond all times", SL_AUDIO, INT64_MAX, INT64_MAX, 8, -EINVAL},
        {"a sound earlier than pictures", SL_AUDIO, 0, 0, 8, 0},
        {"the next", SL_VIDEO, 1040000, 1040000, sizeof(picture) - 1, 0},
    };

    for (int container = SL_MP4; container <= SL_MPEGTS; container++) {
        struct file f;
        if (container == SL_WEBM) /* takes no AAC */
            continue;
        file_begin(&f, container, &plain_tracks);
        assert_int_equal(sl_muxer_cut(f.muxer, SL_MUX_LAST, &f.bytes, NULL), -ENOENT);
        for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
            const struct sl_mux_sample sample = {.kind = cases[i].kind,
                                                 .keyframe = true,
                                                 .pts_us = cases[i].pts_us,
                                                 .dts_us = cases[i].dts_us,
                                                 .data = picture,
                                                 .len = cases[i].len};
            int err = sl_muxer_add(f.muxer, &sample);
            if (err != cases[i].err)
                fail_msg("%s: %d", cases[i].why, err);
        }
        file_cut(&f, SL_MUX_LAST);
        assert_int_equal(f.pictures, 2);
        assert_int_equal(f.sounds, 1);
        file_end(&f);
    }
}

static void a_full_piece_says_so_and_can_be_cut(void **state)
{
    (void)state;
    enum { LEN = 60000, LIMIT = 300000 };
    uint8_t *frame = sl_alloc(LEN);

    memset(frame, 0x55, LEN);
    memcpy(frame, picture, sizeof(picture) - 1);
    for (int container = SL_MP4; container <= SL_MPEGTS; container++) {
        struct sl_muxer_config config = {
            .container = container, .tracks = plain_tracks, .piece_max = LIMIT};
        struct sl_mux_sample sample = {
            .kind = SL_VIDEO, .keyframe = true, .data = frame, .len = LEN};
        struct sl_buffer out;
        size_t count = 0;
        config.tracks.codecs[SL_AUDIO] = SL_CODEC_NONE;
        sl_buffer_init(&out, FILE_LEN_MAX);
        struct sl_muxer *muxer;
        assert_int_equal(sl_muxer_create(&config, &out, &muxer), 0);
        for (int pieces = 0; pieces < 3; count++) {
            int err = sl_muxer_add(muxer, &sample);
            if (err == -ENOBUFS) {
                size_t before = out.len;
                assert_int_equal(sl_muxer_cut(muxer, sample.dts_us, &out, NULL), 0);
                assert_in_range(out.len - before, LEN, LIMIT + 1000);
                pieces++;
                err = sl_muxer_add(muxer, &sample);
            }
            assert_int_equal(err, 0);
            sample.pts_us = sample.dts_us += 40000;
        }
        assert_true(count > 3);
        sl_muxer_destroy(muxer);
        sl_buffer_deinit(&out);
    }
    free(frame);
}

static void codecs_are_named_as_players_want_them(void **state)
{
    (void)state;
    struct sl_mux_tracks tracks = plain_tracks;
    char text[SL_MUX_CODECS_TEXT_MAX];

    assert_string_equal(sl_mux_codecs_text(&tracks, text), "avc1.42c01f,mp4a.40.2");
    tracks.codecs[SL_AUDIO] = SL_CODEC_NONE;
    assert_string_equal(sl_mux_codecs_text(&tracks, text), "avc1.42c01f");
    tracks.codecs[SL_VIDEO] = SL_CODEC_NONE;
    tracks.codecs[SL_AUDIO] = SL_CODEC_OPUS;
    assert_string_equal(sl_mux_codecs_text(&tracks, text), "opus");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_is_found_at_its_time),
        cmocka_unit_test(pictures_may_change_their_size_within_a_file),
        cmocka_unit_test(rotation_is_told_in_mp4),
        cmocka_unit_test(a_seek_finds_the_key_frame_before_by_the_index),
        cmocka_unit_test(parts_are_told_whether_they_can_be_begun_with),
        cmocka_unit_test(without_a_delay_reordered_pictures_keep_their_distances),
        cmocka_unit_test(tracks_that_a_container_cannot_have_are_refused),
        cmocka_unit_test(frames_that_make_no_sense_are_left_out),
        cmocka_unit_test(a_full_piece_says_so_and_can_be_cut),
        cmocka_unit_test(codecs_are_named_as_players_want_them),
    };

    return cmocka_run_group_tests_name("mux muxer", tests, file_make_directory,
                                       file_remove_directory);
}
