/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * H264 and VP8 into pictures. The input is a stranger's: one thread, bounded pictures, planar 4:2:0
 * with 8 bits only, and no decoder but these two (hardening.md class 22).
 */
#include "base/mem.h"
#include "codec/codec.h"
#include "codec/ffmpeg.h"

#include <string.h>

#include <libavutil/imgutils.h>

enum { FRAME_LEN_MAX = 16 << 20 };

struct sl_video_decoder {
    AVCodecContext *context;
    AVPacket *packet;
    AVFrame *frame;
};

/* The library's own bound is on pixels: a picture of 60000 x 16 would pass it. */
static int get_buffer(AVCodecContext *context, AVFrame *frame, int flags)
{
    if (frame->width > SL_PICTURE_SIDE_MAX + 64 || frame->height > SL_PICTURE_SIDE_MAX + 64)
        return AVERROR_INVALIDDATA; /* 64: what the decoder aligns its memory to */
    return avcodec_default_get_buffer2(context, frame, flags);
}

static bool is_planar_420(int format)
{
    /* The second is the same with samples from 0 to 255. */
    return format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_YUVJ420P;
}

/* Without this the decoder could choose a hardware format. */
static enum AVPixelFormat get_format(AVCodecContext *context, const enum AVPixelFormat *formats)
{
    (void)context;
    for (; *formats != AV_PIX_FMT_NONE; formats++) {
        if (is_planar_420(*formats))
            return *formats;
    }
    return AV_PIX_FMT_NONE;
}

static int open_context(struct sl_video_decoder *decoder, const AVCodec *codec, bool reordering)
{
    AVCodecContext *context = avcodec_alloc_context3(codec);

    if (!context)
        return -ENOMEM;
    decoder->context = context;
    sl_ffmpeg_silence(context);
    context->thread_count = 1;
    context->max_pixels = (int64_t)SL_PICTURE_SIDE_MAX * SL_PICTURE_SIDE_MAX;
    context->get_buffer2 = get_buffer;
    context->get_format = get_format;
    if (!reordering)
        context->flags |= AV_CODEC_FLAG_LOW_DELAY;
    int err = avcodec_open2(context, codec, NULL);
    return err < 0 ? sl_ffmpeg_error(err, -ENOSYS) : 0;
}

static int create(enum sl_codec codec, bool reordering, struct sl_video_decoder **out)
{
    const AVCodec *library = NULL;

    if (codec == SL_CODEC_H264)
        library = avcodec_find_decoder_by_name("h264");
    else if (codec == SL_CODEC_VP8)
        library = avcodec_find_decoder_by_name("vp8");
    if (!library)
        return -ENOSYS;
    struct sl_video_decoder *decoder = sl_new(struct sl_video_decoder);
    int err = open_context(decoder, library, reordering);
    if (err < 0)
        goto fail;
    err = -ENOMEM;
    decoder->packet = av_packet_alloc();
    decoder->frame = av_frame_alloc();
    if (!decoder->packet || !decoder->frame)
        goto fail;
    *out = decoder;
    return 0;

fail:
    sl_video_decoder_destroy(decoder);
    return err;
}

int sl_video_decoder_create(enum sl_codec codec, struct sl_video_decoder **out)
{
    return create(codec, false, out);
}

int sl_video_decoder_create_reordering(enum sl_codec codec, struct sl_video_decoder **out)
{
    return create(codec, true, out);
}

void sl_video_decoder_destroy(struct sl_video_decoder *decoder)
{
    if (!decoder)
        return;
    av_frame_free(&decoder->frame);
    av_packet_free(&decoder->packet);
    avcodec_free_context(&decoder->context);
    free(decoder);
}

static int give_picture(struct sl_video_decoder *decoder,
                        void (*on_picture)(void *arg, struct sl_picture *picture), void *arg)
{
    AVFrame *frame = decoder->frame;

    if (!is_planar_420(frame->format) || frame->width < 1 || frame->height < 1 ||
        frame->width > SL_PICTURE_SIDE_MAX || frame->height > SL_PICTURE_SIDE_MAX)
        return -EBADMSG;
    struct sl_picture picture = {
        .pts_us = frame->pts,
        .width = frame->width,
        .height = frame->height,
        .frame = frame,
        .pixel_width = frame->sample_aspect_ratio.num,
        .pixel_height = frame->sample_aspect_ratio.den,
        .full_range =
            frame->format == AV_PIX_FMT_YUVJ420P || frame->color_range == AVCOL_RANGE_JPEG,
    };
    for (size_t i = 0; i < 3; i++) {
        picture.planes[i] = frame->data[i];
        picture.strides[i] = frame->linesize[i];
    }
    on_picture(arg, &picture);
    return 0;
}

int sl_video_decoder_decode(struct sl_video_decoder *decoder, const uint8_t *data, size_t len,
                            int64_t pts_us,
                            void (*on_picture)(void *arg, struct sl_picture *picture), void *arg)
{
    if (len == 0 || len > FRAME_LEN_MAX)
        return -EBADMSG;
    if (av_new_packet(decoder->packet, (int)len) < 0)
        return -ENOMEM;
    memcpy(decoder->packet->data, data, len);
    decoder->packet->pts = pts_us;
    int err = avcodec_send_packet(decoder->context, decoder->packet);
    av_packet_unref(decoder->packet);
    while (err == 0 && (err = avcodec_receive_frame(decoder->context, decoder->frame)) == 0) {
        err = give_picture(decoder, on_picture, arg);
        av_frame_unref(decoder->frame);
    }
    return err == AVERROR(EAGAIN) ? 0 : sl_ffmpeg_error(err, -EBADMSG);
}
