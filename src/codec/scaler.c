/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures into another size by libswscale: bicubic, and never its fast bilinear, which writes code
 * at run time (a codec process may not). */
#include "base/mem.h"
#include "codec/codec.h"
#include "codec/ffmpeg.h"

#include <libavutil/frame.h>
#include <libswscale/swscale.h>

struct sl_scaler {
    struct sl_picture picture; /* what comes out */
    struct SwsContext *sws;    /* NULL: not set up for any source */
    int from_width, from_height;
    bool from_full_range;
};

int sl_scaler_create(int width, int height, struct sl_scaler **out)
{
    struct sl_scaler *scaler = sl_new(struct sl_scaler);
    int err = sl_picture_create(width, height, &scaler->picture);

    if (err < 0) {
        sl_scaler_destroy(scaler);
        return err;
    }
    *out = scaler;
    return 0;
}

void sl_scaler_destroy(struct sl_scaler *scaler)
{
    if (!scaler)
        return;
    sws_freeContext(scaler->sws);
    sl_picture_deinit(&scaler->picture);
    free(scaler);
}

static int set_up(struct sl_scaler *scaler, const struct sl_picture *in)
{
    enum AVPixelFormat from = in->full_range ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P;

    sws_freeContext(scaler->sws);
    scaler->sws =
        sws_getContext(in->width, in->height, from, scaler->picture.width, scaler->picture.height,
                       AV_PIX_FMT_YUV420P, SWS_BICUBIC, NULL, NULL, NULL);
    if (!scaler->sws)
        return -ENOMEM;
    scaler->from_width = in->width;
    scaler->from_height = in->height;
    scaler->from_full_range = in->full_range;
    return 0;
}

int sl_scaler_scale(struct sl_scaler *scaler, const struct sl_picture *picture,
                    struct sl_picture *out)
{
    bool same = scaler->sws && scaler->from_width == picture->width &&
                scaler->from_height == picture->height &&
                scaler->from_full_range == picture->full_range;
    int err = same ? 0 : set_up(scaler, picture);

    if (err < 0)
        return err;
    const uint8_t *const planes[] = {picture->planes[0], picture->planes[1], picture->planes[2]};
    struct sl_picture *scaled = &scaler->picture;
    err = sws_scale(scaler->sws, planes, picture->strides, 0, picture->height, scaled->planes,
                    scaled->strides);
    if (err < 0)
        return sl_ffmpeg_error(err, -EINVAL);
    scaled->pts_us = picture->pts_us;
    *out = *scaled;
    return 0;
}
