/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures: memory for one, aligned as the encoder likes it. */
#include "codec/codec.h"

#include <errno.h>

#include <libavutil/frame.h>

static bool is_side(int side)
{
    return side >= 1 && side <= SL_PICTURE_SIDE_MAX;
}

int sl_picture_create(int width, int height, struct sl_picture *out)
{
    if (!is_side(width) || !is_side(height))
        return -EINVAL;
    AVFrame *frame = av_frame_alloc();
    if (!frame)
        return -ENOMEM;
    frame->width = width;
    frame->height = height;
    frame->format = AV_PIX_FMT_YUV420P;
    if (av_frame_get_buffer(frame, 0) < 0) {
        av_frame_free(&frame);
        return -ENOMEM;
    }
    *out = (struct sl_picture){.width = width, .height = height, .frame = frame};
    for (size_t i = 0; i < 3; i++) {
        out->planes[i] = frame->data[i];
        out->strides[i] = frame->linesize[i];
    }
    return 0;
}

void sl_picture_deinit(struct sl_picture *picture)
{
    AVFrame *frame = picture->frame;

    av_frame_free(&frame);
    *picture = (struct sl_picture){0};
}

int sl_picture_ref(const struct sl_picture *picture, struct sl_picture *out)
{
    AVFrame *frame = av_frame_clone(picture->frame);

    if (!frame)
        return -ENOMEM;
    *out = *picture;
    out->frame = frame;
    return 0;
}
