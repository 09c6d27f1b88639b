/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sizes and rates. */
#include "engine/fit.h"

#include "base/clock.h"

#include <errno.h>
#include <math.h>

enum {
    SENSIBLE_MIN_BPS = 100000,
    SENSIBLE_MAX_BPS = 6000000,
    QUALITY_USUAL = 50,
};

/* ---- Size ---- */

/* The largest of the source's shape in the box, whose sides are free where they are 0. */
static void fit_in_box(const struct sl_engine_pictures *form, struct sl_size source, int64_t *width,
                       int64_t *height)
{
    *width = form->width;
    *height = form->width * (int64_t)source.height / source.width;
    if (form->width != 0 && (form->height == 0 || *height <= form->height))
        return;
    *width = form->height * (int64_t)source.width / source.height;
    *height = form->height;
}

/* Half a colour sample is nothing an encoder takes. */
static int even(int64_t side)
{
    return (int)(side < SL_ENGINE_SIDE_MIN ? SL_ENGINE_SIDE_MIN : side & ~INT64_C(1));
}

int sl_fit_size(const struct sl_engine_pictures *form, struct sl_size source, struct sl_size *out)
{
    int64_t width = source.width, height = source.height;

    if ((form->width != 0 || form->height != 0) && form->keep_aspect) {
        fit_in_box(form, source, &width, &height);
    } else if (form->width != 0 || form->height != 0) {
        width = form->width ? form->width : SL_ENGINE_BOX_WIDTH;
        height = form->height ? form->height : SL_ENGINE_BOX_HEIGHT;
    }
    if (width > SL_ENGINE_SIDE_MAX || height > SL_ENGINE_SIDE_MAX)
        return -EINVAL;
    struct sl_size size = {even(width), even(height)};
    if (form->pixels_max != 0 && (uint32_t)(size.width * size.height) > form->pixels_max)
        return -EINVAL;
    *out = size;
    return 0;
}

/* ---- Rate ---- */

static double clamp(double value, double min, double max)
{
    return value < min ? min : value > max ? max : value;
}

/* 1: a quarter, 50: all of it, 100: three quarters more. */
static double factor_of(int quality)
{
    return quality <= QUALITY_USUAL ? 0.25 + 0.75 * (quality - 1) / (QUALITY_USUAL - 1)
                                    : 1 + 0.75 * (quality - QUALITY_USUAL) / (100 - QUALITY_USUAL);
}

uint32_t sl_fit_bitrate(const struct sl_engine_pictures *form, enum sl_codec codec,
                        struct sl_size size, const struct sl_fit_source *source)
{
    double pixels = (double)size.width * size.height;
    double sensible_bps = 0.1 * pixels * SL_US_PER_S / source->frame_us;

    if (form->bitrate_bps != 0)
        return (uint32_t)clamp(form->bitrate_bps, SL_ENGINE_BITRATE_MIN_BPS,
                               SL_ENGINE_BITRATE_MAX_BPS);
    if (source->bitrate_bps != 0) {
        double share = pixels / ((double)source->size.width * source->size.height);
        double same_bps =
            source->bitrate_bps * pow(share, 0.75) * (codec == SL_CODEC_VP8 ? 1.3 : 1);
        sensible_bps = same_bps < sensible_bps ? same_bps : sensible_bps;
    }
    sensible_bps = clamp(sensible_bps, SENSIBLE_MIN_BPS, SENSIBLE_MAX_BPS);
    sensible_bps *= factor_of(form->quality ? form->quality : QUALITY_USUAL);
    return (uint32_t)clamp(sensible_bps, SL_ENGINE_BITRATE_MIN_BPS, SL_ENGINE_BITRATE_MAX_BPS);
}
