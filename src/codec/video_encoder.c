/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pictures into H264 by libx264: constrained baseline (what RFC 7742 section 6.2 has every browser
 * take); into VP8 by libvpx, as for a call; into MPEG-1. Each picture is out before the next goes
 * in (MPEG-1: the one after), its size bounded.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "codec/codec.h"
#include "codec/ffmpeg.h"

#include <stdio.h>
#include <stdlib.h>

#include <libavutil/opt.h>

enum {
    FPS_MAX = 240,
    HELD_MAX = 4, /* MPEG-1's encoder holds one picture back, whatever one asks for */
    BITRATE_MIN_BPS = 10000,
    BITRATE_MAX_BPS = 200000000,
    TWO_THREADS_PIXELS =
        1280 * 720,         /* below that one thread is fast enough, and one slice smaller */
    NO_KEYFRAMES = 1 << 30, /* X264_KEYINT_MAX_INFINITE */
};

struct encoding;

struct sl_video_encoder {
    const struct encoding *encoding;
    AVCodecContext *context;
    AVFrame *frame; /* the picture that goes in, borrowed */
    AVPacket *packet;
    int64_t frame_us;
    bool started;
    int64_t last_pts_us;
    int64_t count;                /* of pictures */
    int64_t counted_us[HELD_MAX]; /* when the last of them are shown, where they are only counted */
};

static bool is_side(int side)
{
    return side >= 16 && side <= SL_PICTURE_SIDE_MAX && side % 2 == 0;
}

static bool is_sane(const struct sl_video_encoder_config *config)
{
    return is_side(config->width) && is_side(config->height) && config->fps >= 1 &&
           config->fps <= FPS_MAX && config->bitrate_bps >= BITRATE_MIN_BPS &&
           config->keyframe_interval >= 0 && config->nal_len_max >= 0 &&
           config->nal_len_max <= UINT16_MAX;
}

/* The library's options, NULL behind the last. A change of scene makes no key frame: those come
 * when asked for. */
static const char *const h264_options[][2] = {
    {"tune", "zerolatency"},
    {"profile", "baseline"},
    {"forced-idr", "1"}, /* a forced picture is one to start from, not just an I picture */
    {NULL, NULL},
};
static const char *const vp8_options[][2] = {
    {"deadline", "realtime"},  {"cpu-used", "-6"}, /* negative: this speed, whatever the clock says
                                                    */
    {"lag-in-frames", "0"},                        /* none waits for the next */
    {"max-intra-rate", "900"}, /* percent of a picture's share: half a second at 20 pictures */
    {"undershoot-pct", "100"}, {"overshoot-pct", "15"}, {"static-thresh", "1"}, {NULL, NULL},
};
static const char *const mpeg1_options[][2] = {{"sc_threshold", "1000000000"}, {NULL, NULL}};

static const struct encoding {
    enum sl_codec codec;
    const char *name; /* FFmpeg's */
    const char *const (*options)[2];
    bool counts; /* takes a rate of pictures only, no times */
    bool adapts; /* takes a new bit rate on its way */
} encodings[] = {
    {SL_CODEC_H264, "libx264", h264_options, false, true},
    {SL_CODEC_VP8, "libvpx", vp8_options, false, false},
    {SL_CODEC_MPEG1, "mpeg1video", mpeg1_options, true, false},
};

static const struct encoding *find_encoding(enum sl_codec codec)
{
    for (size_t i = 0; i < SL_ARRAY_LEN(encodings); i++) {
        if (encodings[i].codec == (codec == SL_CODEC_NONE ? SL_CODEC_H264 : codec))
            return &encodings[i];
    }
    return NULL;
}

static int set_h264_options(void *x264, const struct sl_video_encoder_config *config)
{
    char params[64];
    int len = snprintf(params, sizeof(params), "scenecut=0");

    if (config->nal_len_max > 0)
        (void)snprintf(params + len, sizeof(params) - (size_t)len, ":slice-max-size=%d",
                       config->nal_len_max);
    int err = av_opt_set(x264, "preset", config->preset ? config->preset : "veryfast", 0);
    return err < 0 ? err : av_opt_set(x264, "x264-params", params, 0);
}

static int set_options(AVCodecContext *context, const struct encoding *encoding,
                       const struct sl_video_encoder_config *config)
{
    int err = encoding->codec == SL_CODEC_H264 ? set_h264_options(context->priv_data, config) : 0;

    for (size_t i = 0; err >= 0 && encoding->options[i][0]; i++)
        err = av_opt_set(context->priv_data, encoding->options[i][0], encoding->options[i][1], 0);
    return err;
}

/* A key frame may take half a second's bits at once, so that it does not hold up the link. */
static void set_bitrate(AVCodecContext *context, int64_t bitrate_bps, int half_second_bits)
{
    context->bit_rate = bitrate_bps;
    context->rc_max_rate = bitrate_bps;
    context->rc_buffer_size = half_second_bits;
}

/* MPEG-1 knows these rates only (ISO 11172-2 section 2.4.3.2), of those that are whole. */
static int nearest_fps(int fps)
{
    static const int rates[] = {24, 25, 30, 50, 60};
    int best = rates[0];

    for (size_t i = 1; i < SL_ARRAY_LEN(rates); i++) {
        if (abs(fps - rates[i]) < abs(fps - best))
            best = rates[i];
    }
    return best;
}

/* Libraries would otherwise take a picture to last a microsecond. */
static void set_times(AVCodecContext *context, const struct encoding *encoding, int fps)
{
    context->framerate = (AVRational){fps, 1};
    context->time_base = encoding->counts ? (AVRational){1, fps} : (AVRational){1, SL_US_PER_S};
#if LIBAVCODEC_VERSION_MAJOR < 60
    if (encoding->codec == SL_CODEC_VP8)
        context->ticks_per_frame = SL_US_PER_S / fps;
#endif
}

static int open_context(struct sl_video_encoder *encoder, const AVCodec *codec,
                        const struct sl_video_encoder_config *config, int threads)
{
    const struct encoding *encoding = encoder->encoding;
    AVCodecContext *context = avcodec_alloc_context3(codec);
    int fps = encoding->counts ? nearest_fps(config->fps) : config->fps;
    /* In what it takes for a second there are fewer pictures, or more. */
    int64_t bitrate_bps = (int64_t)config->bitrate_bps * fps / config->fps;

    if (!context)
        return -ENOMEM;
    encoder->context = context;
    sl_ffmpeg_silence(context);
    context->width = config->width;
    context->height = config->height;
    context->pix_fmt = AV_PIX_FMT_YUV420P;
    set_times(context, encoding, fps);
    set_bitrate(context, bitrate_bps, config->bitrate_bps / 2);
    context->rc_min_rate = encoding->codec == SL_CODEC_VP8 ? bitrate_bps : 0;
    context->gop_size = config->keyframe_interval ? config->keyframe_interval : NO_KEYFRAMES;
    context->max_b_frames = 0;
    context->thread_count = threads;
    int err = set_options(context, encoding, config);
    if (err >= 0)
        err = avcodec_open2(context, codec, NULL);
    return err < 0 ? sl_ffmpeg_error(err, -EINVAL) : 0;
}

/* With its own threads, or in the caller's alone where there are none left: slower, but it works.
 */
static int open_with_threads(struct sl_video_encoder *encoder, const AVCodec *codec,
                             const struct sl_video_encoder_config *config)
{
    bool large = config->width * config->height >= TWO_THREADS_PIXELS && !config->one_thread &&
                 encoder->encoding->codec == SL_CODEC_H264;
    int err = open_context(encoder, codec, config, large ? 2 : 1);

    if (err == 0 || !large)
        return err;
    avcodec_free_context(&encoder->context);
    return open_context(encoder, codec, config, 1);
}

int sl_video_encoder_create(const struct sl_video_encoder_config *config,
                            struct sl_video_encoder **out)
{
    const struct encoding *encoding = find_encoding(config->codec);
    const AVCodec *codec = encoding ? avcodec_find_encoder_by_name(encoding->name) : NULL;

    if (!codec)
        return -ENOSYS;
    if (!is_sane(config))
        return -EINVAL;
    struct sl_video_encoder *encoder = sl_new(struct sl_video_encoder);
    encoder->encoding = encoding;
    encoder->frame_us = SL_US_PER_S / config->fps;
    int err = open_with_threads(encoder, codec, config);
    if (err < 0)
        goto fail;
    err = -ENOMEM;
    encoder->frame = av_frame_alloc();
    encoder->packet = av_packet_alloc();
    if (!encoder->frame || !encoder->packet)
        goto fail;
    *out = encoder;
    return 0;

fail:
    sl_video_encoder_destroy(encoder);
    return err;
}

void sl_video_encoder_destroy(struct sl_video_encoder *encoder)
{
    if (!encoder)
        return;
    av_packet_free(&encoder->packet);
    av_frame_free(&encoder->frame);
    avcodec_free_context(&encoder->context);
    free(encoder);
}

/* Lends the picture to the library: by reference where it is the library's, otherwise FFmpeg makes
 * a copy of it. Nothing else of a decoded frame (its type, its side data) goes along. */
static int lend(struct sl_video_encoder *encoder, const struct sl_picture *picture, bool keyframe)
{
    const AVFrame *theirs = picture->frame;
    AVFrame *frame = encoder->frame;

    frame->width = picture->width;
    frame->height = picture->height;
    frame->format = AV_PIX_FMT_YUV420P;
    frame->pts = encoder->encoding->counts ? encoder->count : picture->pts_us;
    frame->pict_type = keyframe ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    for (size_t i = 0; i < 3; i++) {
        frame->data[i] = picture->planes[i];
        frame->linesize[i] = picture->strides[i];
        if (!theirs || !theirs->buf[i])
            continue;
        frame->buf[i] = av_buffer_ref(theirs->buf[i]);
        if (!frame->buf[i])
            return -ENOMEM;
    }
    return 0;
}

static void deliver(const struct sl_video_encoder *encoder, sl_on_coded *on_coded, void *arg)
{
    const AVPacket *packet = encoder->packet;
    int64_t pts_us =
        encoder->encoding->counts ? encoder->counted_us[packet->pts % HELD_MAX] : packet->pts;
    struct sl_coded coded = {
        .pts_us = pts_us,
        .dts_us = pts_us,
        .duration_us = encoder->frame_us,
        .keyframe = packet->flags & AV_PKT_FLAG_KEY,
        .data = packet->data,
        .len = (size_t)packet->size,
    };

    on_coded(arg, &coded);
}

int sl_video_encoder_encode(struct sl_video_encoder *encoder, const struct sl_picture *picture,
                            bool keyframe, sl_on_coded *on_coded, void *arg)
{
    if (picture->width != encoder->context->width || picture->height != encoder->context->height)
        return -EINVAL;
    /* The library would take it and mix up its order. */
    if (encoder->started && picture->pts_us <= encoder->last_pts_us)
        return -EINVAL;
    int err = lend(encoder, picture, keyframe);
    if (err == 0)
        err = avcodec_send_frame(encoder->context, encoder->frame);
    av_frame_unref(encoder->frame);
    if (err == 0) {
        encoder->started = true;
        encoder->last_pts_us = picture->pts_us;
        encoder->counted_us[encoder->count++ % HELD_MAX] = picture->pts_us;
    }
    while (err == 0 && (err = avcodec_receive_packet(encoder->context, encoder->packet)) == 0) {
        deliver(encoder, on_coded, arg);
        av_packet_unref(encoder->packet);
    }
    return err == AVERROR(EAGAIN) ? 0 : sl_ffmpeg_error(err, -EINVAL);
}

int sl_video_encoder_set_rate(struct sl_video_encoder *encoder, int bitrate_bps, int frame_us)
{
    AVCodecContext *context = encoder->context;

    if (bitrate_bps < BITRATE_MIN_BPS || frame_us < SL_US_PER_S / FPS_MAX || frame_us > SL_US_PER_S)
        return -EINVAL;
    if (!encoder->encoding->adapts)
        return -ENOSYS;
    /* It reckons with as many pictures as it was told at first, whatever their time stamps say. */
    int64_t reckoned_bps = (int64_t)bitrate_bps * frame_us / encoder->frame_us;
    if (reckoned_bps > BITRATE_MAX_BPS)
        reckoned_bps = BITRATE_MAX_BPS;
    set_bitrate(context, reckoned_bps, bitrate_bps / 2);
    return 0;
}
