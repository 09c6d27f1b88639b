/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A picture as a PNG file. */
#include "base/mem.h"
#include "codec/codec.h"
#include "codec/ffmpeg.h"

#include <string.h>

#include <libavutil/frame.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>

enum { COMPRESSION = 3 }; /* of 9: half the time of the usual 6 for a few percent */

static bool is_side(int side)
{
    return side >= 1 && side <= SL_PICTURE_SIDE_MAX;
}

static int to_rgb(const struct sl_picture *picture, AVFrame *rgb)
{
    enum AVPixelFormat from = picture->full_range ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P;
    const uint8_t *const planes[] = {picture->planes[0], picture->planes[1], picture->planes[2]};
    struct SwsContext *sws =
        sws_getContext(picture->width, picture->height, from, rgb->width, rgb->height,
                       AV_PIX_FMT_RGB24, SWS_BICUBIC | SWS_ACCURATE_RND, NULL, NULL, NULL);

    if (!sws)
        return -ENOMEM;
    int err =
        sws_scale(sws, planes, picture->strides, 0, picture->height, rgb->data, rgb->linesize);
    sws_freeContext(sws);
    return err < 0 ? sl_ffmpeg_error(err, -EINVAL) : 0;
}

static int open_context(const AVFrame *rgb, AVCodecContext **out)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("png");
    AVCodecContext *context = codec ? avcodec_alloc_context3(codec) : NULL;

    if (!context)
        return codec ? -ENOMEM : -ENOSYS;
    sl_ffmpeg_silence(context);
    context->width = rgb->width;
    context->height = rgb->height;
    context->pix_fmt = AV_PIX_FMT_RGB24;
    context->time_base = (AVRational){1, 1};
    context->thread_count = 1;
    context->compression_level = COMPRESSION;
    int err = av_opt_set(context->priv_data, "pred", "paeth", 0); /* a third less than without */
    if (err >= 0)
        err = avcodec_open2(context, codec, NULL);
    if (err < 0) {
        avcodec_free_context(&context);
        return sl_ffmpeg_error(err, -EINVAL);
    }
    *out = context;
    return 0;
}

static int keep(const AVPacket *packet, uint8_t **out, size_t *len)
{
    uint8_t *copy = malloc((size_t)packet->size);

    if (!copy)
        return -ENOMEM;
    memcpy(copy, packet->data, (size_t)packet->size);
    *out = copy;
    *len = (size_t)packet->size;
    return 0;
}

static int encode(const AVFrame *rgb, uint8_t **out, size_t *len)
{
    AVCodecContext *context;
    int err = open_context(rgb, &context);

    if (err < 0)
        return err;
    AVPacket *packet = av_packet_alloc();
    err = packet ? avcodec_send_frame(context, rgb) : AVERROR(ENOMEM);
    if (err == 0)
        err = avcodec_receive_packet(context, packet);
    err = err < 0 ? sl_ffmpeg_error(err, -EINVAL) : keep(packet, out, len);
    av_packet_free(&packet);
    avcodec_free_context(&context);
    return err;
}

int sl_png_encode(const struct sl_picture *picture, int width, int height, uint8_t **out,
                  size_t *len)
{
    if (!is_side(width) || !is_side(height))
        return -EINVAL;
    AVFrame *rgb = av_frame_alloc();
    if (!rgb)
        return -ENOMEM;
    rgb->width = width;
    rgb->height = height;
    rgb->format = AV_PIX_FMT_RGB24;
    int err = av_frame_get_buffer(rgb, 0) < 0 ? -ENOMEM : to_rgb(picture, rgb);
    if (err == 0)
        err = encode(rgb, out, len);
    av_frame_free(&rgb);
    return err;
}
