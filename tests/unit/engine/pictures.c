/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs of pictures: what comes out of what goes in (media-outputs.md 2 and 8). */
#include "harness.h"

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>

/* ---- Codecs and sizes ---- */

static void pictures_come_out_in_another_codec_and_size(void **state)
{
    (void)state;
    static const struct {
        enum sl_codec from, to;
        struct sl_engine_pictures form;
        int width, height;
    } cases[] = {
        {SL_CODEC_H264, SL_CODEC_H264, {.width = 160, .keep_aspect = true}, 160, 120},
        {SL_CODEC_VP8, SL_CODEC_H264, {.gop_ms = 10000}, 320, 240},
        {SL_CODEC_H264, SL_CODEC_VP8, {.gop_ms = 10000}, 320, 240},
        {SL_CODEC_VP8, SL_CODEC_VP8, {.width = 200, .height = 100}, 200, 100},
        {SL_CODEC_H264,
         SL_CODEC_H264,
         {.width = 640, .height = 480, .keep_aspect = true},
         640,
         480},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct kept *kept = open_job(SL_ENGINE_PICTURES, (struct sl_engine_sound){0});
        struct source source = {.kept = kept, .fps = 30};
        struct sl_engine_pictures form = cases[i].form;
        form.bitrate_bps = 1500000;
        add_pictures(kept, 1, cases[i].to, form);
        open_source(&source, cases[i].from, 320, 240, 1500000);
        send_pictures(&source, 45);
        draw(&source.picture, source.n - 1, 0); /* again what was sent last */
        struct seen seen = watch(kept, 1, cases[i].to, &source);
        assert_int_equal(seen.count, 45);
        assert_true(seen.rising);
        assert_int_equal(seen.width, cases[i].width);
        assert_int_equal(seen.height, cases[i].height);
        if (seen.difference > 16)
            fail_msg("case %zu: off by %.1f", i, seen.difference);
        const struct sl_engine_message *first = report_of(kept, SL_ENGINE_CODED, 1, 0);
        assert_true(first->keyframe);
        assert_int_equal(first->pts_us, START_US);
        assert_int_equal(first->dts_us, START_US);
        assert_false(report_of(kept, SL_ENGINE_CODED, 1, 1)->keyframe);
        assert_int_equal(count_reports(kept, SL_ENGINE_CODED, 1), kept->count);
        close_source(&source);
        close_job(kept);
    }
}

static void several_sizes_come_of_one_source(void **state)
{
    (void)state;
    static const struct {
        int width, height;
    } sizes[] = {{320, 180}, {640, 360}, {160, 90}, {640, 360}};
    struct kept *kept = open_job(SL_ENGINE_PICTURES, (struct sl_engine_sound){0});
    struct source source = {.kept = kept, .fps = 30};

    for (uint32_t i = 0; i < SL_ARRAY_LEN(sizes); i++)
        add_pictures(kept, i, i == 3 ? SL_CODEC_VP8 : SL_CODEC_H264,
                     (struct sl_engine_pictures){.width = (uint16_t)sizes[i].width,
                                                 .keep_aspect = true,
                                                 .bitrate_bps = 2000000});
    open_source(&source, SL_CODEC_H264, 1280, 720, 4000000);
    send_pictures(&source, 20);
    draw(&source.picture, source.n - 1, 0); /* again what was sent last */
    for (uint32_t i = 0; i < SL_ARRAY_LEN(sizes); i++) {
        struct seen seen = watch(kept, i, i == 3 ? SL_CODEC_VP8 : SL_CODEC_H264, &source);
        assert_int_equal(seen.count, 20);
        assert_int_equal(seen.width, sizes[i].width);
        assert_int_equal(seen.height, sizes[i].height);
        if (seen.difference > 16)
            fail_msg("size %u: off by %.1f", i, seen.difference);
    }
    /* One goes, the others stay. */
    forget_reports(kept);
    order(kept, (struct sl_engine_message){.type = SL_ENGINE_DROP, .output = 1});
    send_pictures(&source, 5);
    assert_int_equal(count_reports(kept, SL_ENGINE_CODED, 0), 5);
    assert_int_equal(count_reports(kept, SL_ENGINE_CODED, 1), 0);
    assert_int_equal(count_reports(kept, SL_ENGINE_CODED, 2), 5);
    assert_int_equal(count_reports(kept, SL_ENGINE_CODED, 3), 5);
    close_source(&source);
    close_job(kept);
}

static void a_change_of_size_in_mid_stream_is_followed(void **state)
{
    (void)state;
    struct kept *kept = open_job(SL_ENGINE_PICTURES, (struct sl_engine_sound){0});
    struct source source = {.kept = kept, .fps = 30};

    add_pictures(kept, 1, SL_CODEC_VP8, (struct sl_engine_pictures){0});
    add_pictures(kept, 2, SL_CODEC_H264, (struct sl_engine_pictures){.width = 320, .height = 240});
    open_source(&source, SL_CODEC_H264, 640, 480, 800000);
    send_pictures(&source, 10);
    open_source(&source, SL_CODEC_H264, 320, 240, 800000);
    send_pictures(&source, 10);
    open_source(&source, SL_CODEC_VP8, 480, 270, 800000); /* and of codec */
    send_pictures(&source, 10);
    assert_int_equal(watch(kept, 1, SL_CODEC_VP8, NULL).count, 30);
    assert_int_equal(watch(kept, 2, SL_CODEC_H264, NULL).count, 30);
    for (size_t n = 0; n < 30; n++) {
        const struct sl_engine_message *follows = report_of(kept, SL_ENGINE_CODED, 1, n);
        const struct sl_engine_message *stays = report_of(kept, SL_ENGINE_CODED, 2, n);
        assert_int_equal(follows->width, n < 10 ? 640 : n < 20 ? 320 : 480);
        assert_int_equal(follows->keyframe, n % 10 == 0);
        assert_int_equal(stays->width, 320);
        assert_int_equal(stays->keyframe, n == 0);
    }
    close_source(&source);
    close_job(kept);
}

static void what_is_too_large_fails(void **state)
{
    (void)state;
    struct kept *kept = open_job(SL_ENGINE_PICTURES, (struct sl_engine_sound){0});
    struct source source = {.kept = kept, .fps = 30};
    /* An SPS of 8192 x 16: profile 66, level 51, 512 by 1 blocks. */
    static const uint8_t huge[] = {0,    0,    0,    1,    0x67, 0x42, 0xc0,
                                   0x33, 0xda, 0x00, 0x20, 0x0e, 0x40};
    uint16_t width = 0, height = 0;

    add_pictures(kept, 1, SL_CODEC_H264,
                 (struct sl_engine_pictures){.width = 640, .height = 480, .pixels_max = 640 * 479});
    add_pictures(kept, 2, SL_CODEC_H264, (struct sl_engine_pictures){.pixels_max = 320 * 240});
    add_pictures(kept, 3, SL_CODEC_OPUS, (struct sl_engine_pictures){0});
    open_source(&source, SL_CODEC_H264, 320, 240, 800000);
    send_pictures(&source, 3);
    assert_int_equal(report_of(kept, SL_ENGINE_FAILED, 1, 0)->err, -EINVAL);
    assert_int_equal(report_of(kept, SL_ENGINE_FAILED, 3, 0)->err, -ENOSYS);
    assert_int_equal(count_reports(kept, SL_ENGINE_CODED, 2), 3);
    /* Of the source: the job as a whole. */
    assert_int_equal(sl_h264_sps_size(huge + 4, sizeof(huge) - 4, &width, &height), 0);
    assert_true(width > SL_ENGINE_SIDE_MAX);
    order(kept, (struct sl_engine_message){.type = SL_ENGINE_INPUT,
                                           .codec = SL_CODEC_H264,
                                           .keyframe = true,
                                           .data = huge,
                                           .len = sizeof(huge)});
    assert_int_equal(report_of(kept, SL_ENGINE_FAILED, SL_ENGINE_NO_OUTPUT, 0)->err, -EINVAL);
    close_source(&source);
    close_job(kept);
}

/* ---- Rates ---- */

/* Bits a second over the last ten, and the most of any second. */
static double measure(const struct kept *kept, uint32_t output, double *worst_bps)
{
    const struct sl_engine_message *coded, *first;
    int64_t end_us = 0, from = 0;
    double bits = 0, window = 0;

    for (size_t n = 0; (coded = find_report(kept, SL_ENGINE_CODED, output, n)); n++)
        end_us = coded->pts_us;
    *worst_bps = 0;
    for (size_t n = 0; (coded = find_report(kept, SL_ENGINE_CODED, output, n)); n++) {
        bits += coded->pts_us > end_us - 10 * SL_US_PER_S ? 8.0 * (double)coded->len : 0;
        window += 8.0 * (double)coded->len;
        while ((first = find_report(kept, SL_ENGINE_CODED, output, (size_t)from)) &&
               first->pts_us <= coded->pts_us - SL_US_PER_S) {
            window -= 8.0 * (double)first->len;
            from++;
        }
        *worst_bps = window > *worst_bps ? window : *worst_bps;
    }
    return bits / 10;
}

static void the_rate_is_what_was_ordered(void **state)
{
    (void)state;
    static const struct {
        enum sl_codec codec;
        int fps;
    } cases[] = {{SL_CODEC_H264, 30}, {SL_CODEC_VP8, 30}, {SL_CODEC_H264, 15}, {SL_CODEC_VP8, 15}};

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct kept *kept = open_job(SL_ENGINE_PICTURES, (struct sl_engine_sound){0});
        struct source source = {.kept = kept, .fps = cases[i].fps, .noise = 40};
        double worst_bps;
        add_pictures(kept, 1, cases[i].codec,
                     (struct sl_engine_pictures){
                         .width = 320, .height = 180, .bitrate_bps = 300000, .gop_ms = 4000});
        open_source(&source, SL_CODEC_H264, 320, 180, 3000000);
        send_pictures(&source, (unsigned)cases[i].fps * 12);
        double bps = measure(kept, 1, &worst_bps);
        if (bps < 255000 || bps > 345000 || worst_bps > 450000)
            fail_msg("case %zu: %.0f bit/s, %.0f in the worst second", i, bps, worst_bps);
        /* Another rate for the same output. */
        forget_reports(kept);
        add_pictures(kept, 1, cases[i].codec, (struct sl_engine_pictures){.bitrate_bps = 600000});
        send_pictures(&source, (unsigned)cases[i].fps * 12);
        bps = measure(kept, 1, &worst_bps);
        if (bps < 510000 || bps > 690000)
            fail_msg("case %zu: %.0f bit/s after the change", i, bps);
        assert_int_equal(report_of(kept, SL_ENGINE_CODED, 1, 0)->width, 320);
        close_source(&source);
        close_job(kept);
    }
}

static void better_quality_takes_more_bits(void **state)
{
    (void)state;
    static const uint8_t qualities[] = {10, 50, 90};

    for (size_t codec = 0; codec < 2; codec++) {
        struct kept *kept = open_job(SL_ENGINE_PICTURES, (struct sl_engine_sound){0});
        struct source source = {.kept = kept, .fps = 30, .noise = 40};
        double bps[3], worst_bps;
        for (uint32_t i = 0; i < 3; i++)
            add_pictures(kept, i, codec ? SL_CODEC_VP8 : SL_CODEC_H264,
                         (struct sl_engine_pictures){.quality = qualities[i]});
        open_source(&source, SL_CODEC_H264, 320, 240, 1000000);
        send_pictures(&source, 12 * 30);
        for (uint32_t i = 0; i < 3; i++)
            bps[i] = measure(kept, i, &worst_bps);
        if (bps[0] * 1.2 > bps[1] || bps[1] * 1.2 > bps[2])
            fail_msg("%.0f, %.0f, %.0f bit/s", bps[0], bps[1], bps[2]);
        close_source(&source);
        close_job(kept);
    }
}

static void no_more_pictures_come_than_are_allowed(void **state)
{
    (void)state;
    static const struct {
        int fps;
        uint8_t fps_max;
        size_t least, most;
    } cases[] = {{60, 30, 60, 61}, {30, 30, 60, 60}, {30, 20, 38, 41}, {25, 30, 50, 50}};

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct kept *kept = open_job(SL_ENGINE_PICTURES, (struct sl_engine_sound){0});
        struct source source = {.kept = kept, .fps = cases[i].fps};
        add_pictures(kept, 1, SL_CODEC_H264,
                     (struct sl_engine_pictures){.fps_max = cases[i].fps_max});
        open_source(&source, SL_CODEC_H264, 160, 120, 200000);
        send_pictures(&source, (unsigned)cases[i].fps * 2);
        size_t count = count_reports(kept, SL_ENGINE_CODED, 1);
        if (count < cases[i].least || count > cases[i].most)
            fail_msg("case %zu: %zu pictures in two seconds", i, count);
        assert_int_equal(watch(kept, 1, SL_CODEC_H264, NULL).count, count);
        close_source(&source);
        close_job(kept);
    }
}

/* ---- Key frames ---- */

static void key_frames_come_when_ordered_and_in_time(void **state)
{
    (void)state;
    static const enum sl_codec codecs[] = {SL_CODEC_H264, SL_CODEC_VP8};

    for (size_t i = 0; i < SL_ARRAY_LEN(codecs); i++) {
        struct kept *kept = open_job(SL_ENGINE_PICTURES, (struct sl_engine_sound){0});
        struct source source = {.kept = kept, .fps = 25};
        add_pictures(kept, 1, codecs[i], (struct sl_engine_pictures){.gop_ms = 1000});
        add_pictures(kept, 2, codecs[i], (struct sl_engine_pictures){0});
        open_source(&source, SL_CODEC_H264, 160, 120, 300000);
        send_pictures(&source, 40);
        order(kept, (struct sl_engine_message){.type = SL_ENGINE_KEYFRAME, .output = 1});
        order(kept, (struct sl_engine_message){.type = SL_ENGINE_KEYFRAME, .output = 2});
        send_pictures(&source, 40);
        for (size_t n = 0; n < 80; n++) {
            bool due = n == 0 || n == 25 || n == 40 || n == 65;
            const struct sl_engine_message *coded = report_of(kept, SL_ENGINE_CODED, 1, n);
            if (coded->keyframe != due)
                fail_msg("codec %zu: picture %zu: key frame %d", i, n, coded->keyframe);
            coded = report_of(kept, SL_ENGINE_CODED, 2, n);
            assert_int_equal(coded->keyframe, n == 0 || n == 40);
            if (codecs[i] == SL_CODEC_H264 && coded->keyframe)
                assert_int_equal(coded->data[4] & 0x1f, SL_NAL_SPS);
        }
        close_source(&source);
        close_job(kept);
    }
}

static void one_is_asked_for_when_nothing_can_be_decoded(void **state)
{
    (void)state;
    static const uint8_t garbage[] = {0, 0, 0, 1, 0x65, 1, 2, 3};
    struct kept *kept = open_job(SL_ENGINE_PICTURES, (struct sl_engine_sound){0});
    struct source source = {.kept = kept, .fps = 30, .quiet = true};
    struct sl_engine_message input = {
        .type = SL_ENGINE_INPUT, .codec = SL_CODEC_H264, .data = garbage, .len = sizeof(garbage)};

    add_pictures(kept, 1, SL_CODEC_H264, (struct sl_engine_pictures){0});
    order(kept, input); /* nothing came before it */
    assert_int_equal(count_reports(kept, SL_ENGINE_NEED_KEYFRAME, 0), 1);
    open_source(&source, SL_CODEC_H264, 160, 120, 300000);
    send_pictures(&source, 5); /* quiet: decoded only */
    assert_int_equal(kept->count, 1);
    source.quiet = false;
    send_pictures(&source, 1);
    assert_int_equal(count_reports(kept, SL_ENGINE_CODED, 1), 1);
    input.keyframe = true;
    order(kept, input);
    assert_int_equal(count_reports(kept, SL_ENGINE_NEED_KEYFRAME, 0), 2);
    send_pictures(&source, 5); /* no key frame among them */
    assert_int_equal(count_reports(kept, SL_ENGINE_CODED, 1), 1);
    open_source(&source, SL_CODEC_H264, 160, 120, 300000);
    send_pictures(&source, 5);
    assert_int_equal(count_reports(kept, SL_ENGINE_CODED, 1), 6);
    close_source(&source);
    close_job(kept);
}

static void nal_units_are_no_longer_than_a_packet(void **state)
{
    (void)state;
    struct kept *kept = open_job(SL_ENGINE_PICTURES, (struct sl_engine_sound){0});
    struct source source = {.kept = kept, .fps = 30, .noise = 60};
    const struct sl_engine_message *coded;

    add_pictures(kept, 1, SL_CODEC_H264,
                 (struct sl_engine_pictures){.nal_len_max = 1100, .bitrate_bps = 2000000});
    open_source(&source, SL_CODEC_H264, 640, 480, 4000000);
    send_pictures(&source, 30);
    for (size_t n = 0; (coded = find_report(kept, SL_ENGINE_CODED, 1, n)); n++) {
        const uint8_t *at = coded->data, *end = at + coded->len;
        struct sl_nal nal;
        while (sl_annexb_next(&at, end, &nal))
            assert_in_range(nal.len, 1, 1100);
    }
    assert_int_equal(watch(kept, 1, SL_CODEC_H264, NULL).count, 30);
    close_source(&source);
    close_job(kept);
}

/* ---- Order, lateness ---- */

/* A source with pictures between others, as RTMP brings them. */
static void pictures_in_another_order_come_out_as_they_are_shown(void **state)
{
    (void)state;
    enum { COUNT = 40, FRAME_US = 40000 };
    struct kept *kept = open_job(SL_ENGINE_PICTURES, (struct sl_engine_sound){0});
    AVCodecContext *context = avcodec_alloc_context3(avcodec_find_encoder_by_name("libx264"));
    AVPacket *packet = av_packet_alloc();
    struct sl_picture picture;
    size_t reordered = 0;

    add_pictures(kept, 1, SL_CODEC_H264, (struct sl_engine_pictures){0});
    add_pictures(kept, 2, SL_CODEC_VP8, (struct sl_engine_pictures){0});
    context->width = 320;
    context->height = 240;
    context->pix_fmt = AV_PIX_FMT_YUV420P;
    context->time_base = (AVRational){1, 25};
    context->max_b_frames = 2;
    context->thread_count = 1;
    assert_true(av_opt_set(context->priv_data, "x264-params",
                           "b-adapt=0:log-level=none:rc-lookahead=3", 0) >= 0);
    assert_int_equal(avcodec_open2(context, context->codec, NULL), 0);
    assert_int_equal(sl_picture_create(320, 240, &picture), 0);
    for (unsigned n = 0; n <= COUNT; n++) {
        AVFrame *frame = picture.frame;
        frame->pts = n;
        draw(&picture, n, 0);
        assert_int_equal(avcodec_send_frame(context, n < COUNT ? frame : NULL), 0);
        while (avcodec_receive_packet(context, packet) == 0) {
            reordered += packet->pts != packet->dts;
            order(kept, (struct sl_engine_message){.type = SL_ENGINE_INPUT,
                                                   .codec = SL_CODEC_H264,
                                                   .keyframe = packet->flags & AV_PKT_FLAG_KEY,
                                                   .pts_us = START_US + packet->pts * FRAME_US,
                                                   .dts_us = START_US + packet->dts * FRAME_US,
                                                   .data = packet->data,
                                                   .len = (size_t)packet->size});
            av_packet_unref(packet);
        }
    }
    assert_true(reordered > COUNT / 2);
    for (uint32_t output = 1; output <= 2; output++) {
        struct seen seen = watch(kept, output, output == 1 ? SL_CODEC_H264 : SL_CODEC_VP8, NULL);
        assert_true(seen.rising);
        assert_true(seen.count >= COUNT - 3); /* the decoder holds the last ones back */
        for (size_t n = 0; n < seen.count; n++)
            assert_int_equal(report_of(kept, SL_ENGINE_CODED, output, n)->pts_us,
                             START_US + (int64_t)n * FRAME_US);
    }
    sl_picture_deinit(&picture);
    av_packet_free(&packet);
    avcodec_free_context(&context);
    close_job(kept);
}

static void what_comes_late_is_skipped_by_half(void **state)
{
    (void)state;
    struct kept *kept = open_job(SL_ENGINE_PICTURES, (struct sl_engine_sound){0});
    struct source source = {.kept = kept, .fps = 30, .late_us = 1};

    add_pictures(kept, 1, SL_CODEC_H264, (struct sl_engine_pictures){0});
    open_source(&source, SL_CODEC_H264, 160, 120, 300000);
    send_pictures(&source, 10);
    assert_int_equal(count_reports(kept, SL_ENGINE_CODED, 1), 10);
    assert_int_equal(count_reports(kept, SL_ENGINE_LATE, 0), 0);
    source.late_us = 400 * SL_US_PER_MS;
    send_pictures(&source, 20);
    assert_int_equal(count_reports(kept, SL_ENGINE_CODED, 1), 20);
    assert_true(report_of(kept, SL_ENGINE_LATE, 0, 0)->at_us >= 400 * SL_US_PER_MS);
    source.late_us = 1;
    send_pictures(&source, 10);
    assert_int_equal(count_reports(kept, SL_ENGINE_CODED, 1), 30);
    assert_int_equal(report_of(kept, SL_ENGINE_LATE, 0, 1)->at_us, 0);
    assert_int_equal(count_reports(kept, SL_ENGINE_LATE, 0), 2);
    close_source(&source);
    close_job(kept);
}

/* ---- Snapshots ---- */

static uint32_t big_endian(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Mean red, green and blue. */
static void decode_png(const struct sl_engine_message *report, int mean[static 3])
{
    AVCodecContext *context = avcodec_alloc_context3(avcodec_find_decoder_by_name("png"));
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    int64_t sum[3] = {0};

    assert_int_equal(avcodec_open2(context, context->codec, NULL), 0);
    assert_int_equal(av_new_packet(packet, (int)report->len), 0);
    memcpy(packet->data, report->data, report->len);
    assert_int_equal(avcodec_send_packet(context, packet), 0);
    assert_int_equal(avcodec_receive_frame(context, frame), 0);
    assert_int_equal(frame->format, AV_PIX_FMT_RGB24);
    assert_int_equal(frame->width, report->width);
    assert_int_equal(frame->height, report->height);
    for (int y = 0; y < frame->height; y++) {
        for (int x = 0; x < frame->width * 3; x++)
            sum[x % 3] += frame->data[0][y * frame->linesize[0] + x];
    }
    for (size_t i = 0; i < 3; i++)
        mean[i] = (int)(sum[i] / frame->width / frame->height);
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&context);
}

static void a_snapshot_is_the_next_picture_as_png(void **state)
{
    (void)state;
    static const struct {
        uint32_t output, len_max;
    } requests[] = {{100, 0}, {101, 20000}, {102, 0}, {103, 1}, {104, 60000}};
    static const enum sl_codec codecs[] = {SL_CODEC_H264, SL_CODEC_VP8};

    for (size_t c = 0; c < SL_ARRAY_LEN(codecs); c++) {
        struct kept *kept = open_job(SL_ENGINE_PICTURES, (struct sl_engine_sound){0});
        struct source source = {.kept = kept, .fps = 30, .noise = 60};
        open_source(&source, codecs[c], 320, 240, 3000000);
        source.quiet = true;
        for (size_t i = 0; i < SL_ARRAY_LEN(requests); i++)
            order(kept, (struct sl_engine_message){.type = SL_ENGINE_SNAPSHOT,
                                                   .output = requests[i].output,
                                                   .len_max = requests[i].len_max});
        send_pictures(&source, 2);
        assert_int_equal(kept->count, 0);
        source.quiet = false;
        send_pictures(&source, 2);
        assert_int_equal(kept->count, SL_ARRAY_LEN(requests)); /* each is answered once */
        for (size_t i = 0; i < SL_ARRAY_LEN(requests); i++) {
            const struct sl_engine_message *report =
                find_report(kept, SL_ENGINE_PICTURE, requests[i].output, 0);
            int mean[3];
            if (requests[i].len_max == 1) {
                assert_null(report);
                assert_int_equal(report_of(kept, SL_ENGINE_FAILED, 103, 0)->err, -ENOBUFS);
                continue;
            }
            assert_true(requests[i].len_max == 0 || report->len <= requests[i].len_max);
            assert_int_equal(report->width * 3, report->height * 4);
            assert_int_equal(report->width == 320, requests[i].len_max == 0);
            assert_memory_equal(report->data, "\x89PNG\r\n\x1a\n", 8);
            assert_int_equal(big_endian(report->data + 16), report->width);
            decode_png(report, mean);
            /* Y 165, U 110 and V 130 on the average, as drawn. */
            assert_in_range(mean[0], 160, 195);
            assert_in_range(mean[2], 125, 160);
        }
        close_source(&source);
        close_job(kept);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_come_out_in_another_codec_and_size),
        cmocka_unit_test(several_sizes_come_of_one_source),
        cmocka_unit_test(a_change_of_size_in_mid_stream_is_followed),
        cmocka_unit_test(what_is_too_large_fails),
        cmocka_unit_test(the_rate_is_what_was_ordered),
        cmocka_unit_test(better_quality_takes_more_bits),
        cmocka_unit_test(no_more_pictures_come_than_are_allowed),
        cmocka_unit_test(key_frames_come_when_ordered_and_in_time),
        cmocka_unit_test(one_is_asked_for_when_nothing_can_be_decoded),
        cmocka_unit_test(nal_units_are_no_longer_than_a_packet),
        cmocka_unit_test(pictures_in_another_order_come_out_as_they_are_shown),
        cmocka_unit_test(what_comes_late_is_skipped_by_half),
        cmocka_unit_test(a_snapshot_is_the_next_picture_as_png),
    };

    sl_codec_drop_messages();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
