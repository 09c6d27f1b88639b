/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PNG files into planar pictures with an alpha plane, and these over others. The file is read like
 * any stranger's picture: one thread, bounded sides, and no decoder but this one. */
#include "base/mem.h"
#include "codec/codec.h"
#include "codec/ffmpeg.h"

#include <assert.h>
#include <string.h>

#include <libavutil/frame.h>
#include <libswscale/swscale.h>

enum { SIDE_MIN = 2, OPAQUE = 255, ALPHA_PLANE = 3 };

struct sl_overlay {
    AVFrame *frame; /* YUVA420P */
};

/* ---- From the file ---- */

/* Its head says its size before anything is made for it. */
static int check_size(const uint8_t *png, size_t len, uint32_t pixels_max)
{
    uint32_t width, height;
    int err = sl_png_read_size(png, len, &width, &height);

    if (err < 0)
        return err;
    bool fits = width <= SL_PICTURE_SIDE_MAX && height <= SL_PICTURE_SIDE_MAX &&
                (pixels_max == 0 || (uint64_t)width * height <= pixels_max);
    return fits ? 0 : -EINVAL;
}

static int open_context(AVCodecContext **out)
{
    const AVCodec *codec = avcodec_find_decoder_by_name("png");
    AVCodecContext *context = codec ? avcodec_alloc_context3(codec) : NULL;

    if (!context)
        return codec ? -ENOMEM : -ENOSYS;
    sl_ffmpeg_silence(context);
    context->thread_count = 1;
    context->max_pixels = (int64_t)SL_PICTURE_SIDE_MAX * SL_PICTURE_SIDE_MAX;
    int err = avcodec_open2(context, codec, NULL);
    if (err < 0) {
        avcodec_free_context(&context);
        return sl_ffmpeg_error(err, -ENOSYS);
    }
    *out = context;
    return 0;
}

static int decode_packet(const uint8_t *png, size_t len, AVCodecContext *context, AVFrame *frame)
{
    AVPacket *packet = av_packet_alloc();

    if (!packet)
        return -ENOMEM;
    int err = av_new_packet(packet, (int)len); /* with the zeros behind it that decoders want */
    if (err == 0) {
        memcpy(packet->data, png, len);
        err = avcodec_send_packet(context, packet);
    }
    if (err == 0)
        err = avcodec_send_packet(context, NULL);
    if (err == 0)
        err = avcodec_receive_frame(context, frame);
    av_packet_free(&packet);
    return err < 0 ? sl_ffmpeg_error(err, -EBADMSG) : 0;
}

static int decode(const uint8_t *png, size_t len, AVFrame *frame)
{
    AVCodecContext *context;
    int err = open_context(&context);

    if (err < 0)
        return err;
    err = decode_packet(png, len, context, frame);
    avcodec_free_context(&context);
    if (err == 0 && (frame->width < 1 || frame->height < 1 || frame->width > SL_PICTURE_SIDE_MAX ||
                     frame->height > SL_PICTURE_SIDE_MAX))
        err = -EBADMSG;
    return err;
}

/* ---- Into its size ---- */

static int even(int64_t side)
{
    return side < SIDE_MIN ? SIDE_MIN : (int)(side & ~INT64_C(1));
}

static void choose_size(const AVFrame *from, const struct sl_overlay_box *box, AVFrame *to)
{
    int64_t width = from->width, height = from->height;

    if (box->fill || width > box->width || height > box->height) {
        bool is_wide = width * box->height > height * box->width;
        to->width = even(is_wide ? box->width : box->height * width / height);
        to->height = even(is_wide ? box->width * height / width : box->height);
    } else {
        to->width = even(width);
        to->height = even(height);
    }
}

static int scale(const AVFrame *from, AVFrame *to)
{
    struct SwsContext *sws = sws_getContext(
        from->width, from->height, (enum AVPixelFormat)from->format, to->width, to->height,
        AV_PIX_FMT_YUVA420P, SWS_BICUBIC | SWS_ACCURATE_RND, NULL, NULL, NULL);

    if (!sws)
        return -ENOMEM;
    int err = sws_scale(sws, (const uint8_t *const *)from->data, from->linesize, 0, from->height,
                        to->data, to->linesize);
    sws_freeContext(sws);
    return err < 0 ? sl_ffmpeg_error(err, -EBADMSG) : 0;
}

static int make(const AVFrame *from, const struct sl_overlay_box *box, AVFrame *to)
{
    choose_size(from, box, to);
    to->format = AV_PIX_FMT_YUVA420P;
    return av_frame_get_buffer(to, 0) < 0 ? -ENOMEM : scale(from, to);
}

int sl_overlay_create(const uint8_t *png, size_t len, const struct sl_overlay_box *box,
                      struct sl_overlay **out)
{
    int err = len > INT32_MAX ? -EINVAL : check_size(png, len, box->pixels_max);

    if (err < 0)
        return err;
    struct sl_overlay *overlay = sl_new(struct sl_overlay);
    AVFrame *decoded = av_frame_alloc();
    overlay->frame = av_frame_alloc();
    err = decoded && overlay->frame ? decode(png, len, decoded) : -ENOMEM;
    if (err == 0)
        err = make(decoded, box, overlay->frame);
    av_frame_free(&decoded);
    if (err < 0)
        sl_overlay_destroy(overlay);
    else
        *out = overlay;
    return err;
}

void sl_overlay_destroy(struct sl_overlay *overlay)
{
    if (!overlay)
        return;
    av_frame_free(&overlay->frame);
    free(overlay);
}

void sl_overlay_size(const struct sl_overlay *overlay, int *width, int *height)
{
    *width = overlay->frame->width;
    *height = overlay->frame->height;
}

/* ---- Over another ---- */

static void blend(uint8_t *to, uint8_t from, int alpha)
{
    *to = (uint8_t)((*to * (OPAQUE - alpha) + from * alpha + OPAQUE / 2) / OPAQUE);
}

static const uint8_t *row_of(const AVFrame *frame, int plane, int y)
{
    return frame->data[plane] + (ptrdiff_t)y * frame->linesize[plane];
}

static void draw_brightness(const AVFrame *frame, struct sl_picture *onto, int x, int y)
{
    for (int row = 0; row < frame->height; row++) {
        const uint8_t *from = row_of(frame, 0, row), *alpha = row_of(frame, ALPHA_PLANE, row);
        uint8_t *to = onto->planes[0] + (ptrdiff_t)(y + row) * onto->strides[0] + x;
        for (int i = 0; i < frame->width; i++)
            blend(&to[i], from[i], alpha[i]);
    }
}

/* Each of these is of four pixels, as opaque as they are together. */
static void draw_colour(const AVFrame *frame, int plane, struct sl_picture *onto, int x, int y)
{
    for (int row = 0; row < frame->height / 2; row++) {
        const uint8_t *from = row_of(frame, plane, row);
        const uint8_t *upper = row_of(frame, ALPHA_PLANE, 2 * row);
        const uint8_t *lower = row_of(frame, ALPHA_PLANE, 2 * row + 1);
        uint8_t *to = onto->planes[plane] + (ptrdiff_t)(y / 2 + row) * onto->strides[plane] + x / 2;
        for (int i = 0; i < frame->width / 2; i++) {
            int alpha = upper[2 * i] + upper[2 * i + 1] + lower[2 * i] + lower[2 * i + 1];
            blend(&to[i], from[i], (alpha + 2) / 4);
        }
    }
}

void sl_overlay_draw(const struct sl_overlay *overlay, struct sl_picture *onto, int x, int y)
{
    const AVFrame *frame = overlay->frame;

    assert(x >= 0 && y >= 0 && x % 2 == 0 && y % 2 == 0);
    assert(frame->width <= onto->width - x && frame->height <= onto->height - y);
    draw_brightness(frame, onto, x, y);
    for (int plane = 1; plane < ALPHA_PLANE; plane++)
        draw_colour(frame, plane, onto, x, y);
}
