/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames from FFmpeg's encoders. */
#include "material.h"

#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>

#include <cmocka.h>

enum { SECOND_US = 1000000, BITRATE_BPS = 300000 };

static void add(struct material *m, enum sl_media_kind kind, const AVPacket *packet,
                AVRational time_base, int64_t begin_us)
{
    const AVRational us = {1, SECOND_US};
    uint8_t *copy = malloc((size_t)packet->size);

    assert_true(m->count < MATERIAL_MAX);
    memcpy(copy, packet->data, (size_t)packet->size);
    m->samples[m->count++] = (struct sl_mux_sample){
        .kind = kind,
        .keyframe = packet->flags & AV_PKT_FLAG_KEY,
        .pts_us = begin_us + av_rescale_q(packet->pts, time_base, us),
        .dts_us = begin_us + av_rescale_q(packet->dts, time_base, us),
        .data = copy,
        .len = (size_t)packet->size,
    };
}

static int compare(const void *a, const void *b)
{
    const struct sl_mux_sample *x = a, *y = b;

    if (x->dts_us != y->dts_us)
        return x->dts_us < y->dts_us ? -1 : 1;
    return (int)y->kind - (int)x->kind; /* pictures first */
}

static void drain(struct material *m, enum sl_media_kind kind, AVCodecContext *context,
                  const AVFrame *frame, int64_t begin_us)
{
    AVPacket *packet = av_packet_alloc();

    assert_true(avcodec_send_frame(context, frame) >= 0);
    while (avcodec_receive_packet(context, packet) >= 0) {
        if (packet->pts >= 0) /* what an encoder puts before the first sample is left out */
            add(m, kind, packet, context->time_base, begin_us);
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
}

static AVCodecContext *allocate(enum sl_codec codec)
{
    static const char *const names[SL_CODECS] = {
        [SL_CODEC_H264] = "libx264",   [SL_CODEC_VP8] = "libvpx", [SL_CODEC_VP9] = "libvpx-vp9",
        [SL_CODEC_AV1] = "libaom-av1", [SL_CODEC_AAC] = "aac",    [SL_CODEC_OPUS] = "libopus",
    };
    av_log_set_level(AV_LOG_ERROR);
    AVCodecContext *context = avcodec_alloc_context3(avcodec_find_encoder_by_name(names[codec]));

    assert_non_null(context);
    context->thread_count = 1;
    return context;
}

static void draw(AVFrame *frame, int n)
{
    for (int y = 0; y < frame->height; y++) {
        for (int x = 0; x < frame->width; x++)
            frame->data[0][y * frame->linesize[0] + x] = (uint8_t)(x + y + 4 * n);
    }
    for (int y = 0; y < frame->height / 2; y++) {
        memset(frame->data[1] + y * frame->linesize[1], 64 + n, (size_t)frame->width / 2);
        memset(frame->data[2] + y * frame->linesize[2], 128, (size_t)frame->width / 2);
    }
}

static AVCodecContext *open_pictures(const struct material_pictures *what)
{
    AVCodecContext *context = allocate(what->codec);

    context->width = what->width;
    context->height = what->height;
    context->pix_fmt = AV_PIX_FMT_YUV420P;
    context->time_base = (AVRational){1, MATERIAL_FPS};
    context->gop_size = what->gop;
    context->max_b_frames = what->b_pictures;
    context->bit_rate = BITRATE_BPS;
    if (what->codec == SL_CODEC_H264)
        (void)av_opt_set(context->priv_data, "preset", "ultrafast", 0);
    else if (what->codec == SL_CODEC_AV1)
        (void)av_opt_set(context->priv_data, "usage", "realtime", 0);
    else
        (void)av_opt_set(context->priv_data, "deadline", "realtime", 0);
    (void)av_opt_set_int(context->priv_data, "cpu-used", 8, 0);
    (void)av_opt_set_int(context->priv_data, "lag-in-frames", 0, 0);
    assert_true(avcodec_open2(context, NULL, NULL) >= 0);
    return context;
}

void material_add_pictures(struct material *m, const struct material_pictures *what,
                           int64_t begin_us)
{
    AVCodecContext *context = open_pictures(what);
    AVFrame *frame = av_frame_alloc();
    size_t first = m->count;

    frame->format = context->pix_fmt;
    frame->width = what->width;
    frame->height = what->height;
    for (int n = 0; n < what->seconds * MATERIAL_FPS; n++) {
        assert_true(av_frame_get_buffer(frame, 0) >= 0);
        draw(frame, n);
        frame->pts = n;
        drain(m, SL_VIDEO, context, frame, begin_us);
        for (int plane = 0; plane < AV_NUM_DATA_POINTERS; plane++) {
            av_buffer_unref(&frame->buf[plane]);
            frame->data[plane] = NULL;
        }
    }
    drain(m, SL_VIDEO, context, NULL, begin_us);
    if (m->tracks.codecs[SL_VIDEO] == SL_CODEC_NONE) {
        m->tracks.codecs[SL_VIDEO] = what->codec;
        m->tracks.width = (uint16_t)what->width;
        m->tracks.height = (uint16_t)what->height;
        m->tracks.delay_us = m->samples[first].pts_us - m->samples[first].dts_us;
        m->tracks.configs[SL_VIDEO] = m->samples[first].data; /* a key frame has it all */
        m->tracks.config_lens[SL_VIDEO] = m->samples[first].len;
    }
    av_frame_free(&frame);
    avcodec_free_context(&context);
    qsort(m->samples, m->count, sizeof(*m->samples), compare);
}

static AVCodecContext *open_sound(enum sl_codec codec, int channels)
{
    AVCodecContext *context = allocate(codec);

    context->sample_rate = MATERIAL_RATE_HZ;
    context->sample_fmt = codec == SL_CODEC_AAC ? AV_SAMPLE_FMT_FLTP : AV_SAMPLE_FMT_FLT;
    context->time_base = (AVRational){1, MATERIAL_RATE_HZ};
    av_channel_layout_default(&context->ch_layout, channels);
    assert_true(avcodec_open2(context, NULL, NULL) >= 0);
    return context;
}

static void play(AVFrame *frame, int64_t from)
{
    int channels = frame->ch_layout.nb_channels;
    bool planar = frame->format == AV_SAMPLE_FMT_FLTP;

    for (int c = 0; c < channels; c++) {
        float *to = planar ? (float *)(void *)frame->data[c] : (float *)(void *)frame->data[0] + c;
        for (int i = 0; i < frame->nb_samples; i++)
            to[planar ? i : i * channels] =
                (float)(0.3 * sin(2 * M_PI * 440 * (double)(from + i) / MATERIAL_RATE_HZ));
    }
}

void material_add_sound(struct material *m, enum sl_codec codec, int channels, int seconds)
{
    AVCodecContext *context = open_sound(codec, channels);
    AVFrame *frame = av_frame_alloc();

    frame->format = context->sample_fmt;
    frame->nb_samples = context->frame_size;
    frame->sample_rate = MATERIAL_RATE_HZ;
    assert_true(av_channel_layout_copy(&frame->ch_layout, &context->ch_layout) >= 0);
    for (int64_t at = 0; at < (int64_t)seconds * MATERIAL_RATE_HZ; at += frame->nb_samples) {
        assert_true(av_frame_get_buffer(frame, 0) >= 0);
        play(frame, at);
        frame->pts = at;
        drain(m, SL_AUDIO, context, frame, 0);
        for (int plane = 0; plane < AV_NUM_DATA_POINTERS; plane++) {
            av_buffer_unref(&frame->buf[plane]);
            frame->data[plane] = NULL;
        }
    }
    m->tracks.codecs[SL_AUDIO] = codec;
    m->tracks.rate_hz = MATERIAL_RATE_HZ;
    m->tracks.channels = channels;
    if (codec == SL_CODEC_AAC) {
        assert_true((size_t)context->extradata_size <= sizeof(m->config));
        memcpy(m->config, context->extradata, (size_t)context->extradata_size);
        m->tracks.configs[SL_AUDIO] = m->config;
        m->tracks.config_lens[SL_AUDIO] = (size_t)context->extradata_size;
    }
    av_frame_free(&frame);
    avcodec_free_context(&context);
    qsort(m->samples, m->count, sizeof(*m->samples), compare);
}

void material_deinit(struct material *m)
{
    for (size_t i = 0; i < m->count; i++)
        free((void *)(uintptr_t)m->samples[i].data);
    *m = (struct material){0};
}
