/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pictures into H264 by libx264: constrained baseline (what RFC 7742 section 6.2 has every browser
 * take), each picture out before the next goes in, its size bounded.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "codec/codec.h"
#include "codec/ffmpeg.h"

#include <libavutil/opt.h>

enum {
    FPS_MAX = 240,
    TWO_THREADS_PIXELS =
        1280 * 720,         /* below that one thread is fast enough, and one slice smaller */
    NO_KEYFRAMES = 1 << 30, /* X264_KEYINT_MAX_INFINITE */
};

struct sl_video_encoder {
    AVCodecContext *context;
    AVFrame *frame; /* the picture that goes in, borrowed */
    AVPacket *packet;
    int64_t frame_us;
    bool started;
    int64_t last_pts_us;
};

static bool is_side(int side)
{
    return side >= 16 && side <= SL_PICTURE_SIDE_MAX && side % 2 == 0;
}

static bool is_sane(const struct sl_video_encoder_config *config)
{
    return is_side(config->width) && is_side(config->height) && config->fps >= 1 &&
           config->fps <= FPS_MAX && config->bitrate_bps >= 10000 && config->keyframe_interval >= 0;
}

static int set_options(AVCodecContext *context, const char *preset)
{
    static const char *const options[][2] = {
        {"tune", "zerolatency"},
        {"profile", "baseline"},
        {"forced-idr", "1"}, /* a forced picture is one to start from, not just an I picture */
        /* A change of scene makes no key frame: those come when asked for. */
        {"x264-params", "scenecut=0"},
    };
    int err = av_opt_set(context->priv_data, "preset", preset ? preset : "veryfast", 0);

    for (size_t i = 0; err >= 0 && i < SL_ARRAY_LEN(options); i++)
        err = av_opt_set(context->priv_data, options[i][0], options[i][1], 0);
    return err;
}

static int open_context(struct sl_video_encoder *encoder, const AVCodec *codec,
                        const struct sl_video_encoder_config *config, int threads)
{
    AVCodecContext *context = avcodec_alloc_context3(codec);

    if (!context)
        return -ENOMEM;
    encoder->context = context;
    sl_ffmpeg_silence(context);
    context->width = config->width;
    context->height = config->height;
    context->pix_fmt = AV_PIX_FMT_YUV420P;
    context->time_base = (AVRational){1, SL_US_PER_S};
    context->framerate = (AVRational){config->fps, 1};
    context->bit_rate = config->bitrate_bps;
    /* A key frame may take half a second's bits at once, so that it does not hold up the link. */
    context->rc_max_rate = config->bitrate_bps;
    context->rc_buffer_size = config->bitrate_bps / 2;
    context->gop_size = config->keyframe_interval ? config->keyframe_interval : NO_KEYFRAMES;
    context->max_b_frames = 0;
    context->thread_count = threads;
    int err = set_options(context, config->preset);
    if (err >= 0)
        err = avcodec_open2(context, codec, NULL);
    return err < 0 ? sl_ffmpeg_error(err, -EINVAL) : 0;
}

/* With its own threads, or in the caller's alone where there are none left: slower, but it works.
 */
static int open_with_threads(struct sl_video_encoder *encoder, const AVCodec *codec,
                             const struct sl_video_encoder_config *config)
{
    bool large = config->width * config->height >= TWO_THREADS_PIXELS;
    int err = open_context(encoder, codec, config, large ? 2 : 1);

    if (err == 0 || !large)
        return err;
    avcodec_free_context(&encoder->context);
    return open_context(encoder, codec, config, 1);
}

int sl_video_encoder_create(const struct sl_video_encoder_config *config,
                            struct sl_video_encoder **out)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");

    if (!codec)
        return -ENOSYS;
    if (!is_sane(config))
        return -EINVAL;
    struct sl_video_encoder *encoder = sl_new(struct sl_video_encoder);
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
    frame->pts = picture->pts_us;
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
    struct sl_coded coded = {
        .pts_us = packet->pts,
        .dts_us = packet->pts,
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
    }
    while (err == 0 && (err = avcodec_receive_packet(encoder->context, encoder->packet)) == 0) {
        deliver(encoder, on_coded, arg);
        av_packet_unref(encoder->packet);
    }
    return err == AVERROR(EAGAIN) ? 0 : sl_ffmpeg_error(err, -EINVAL);
}
