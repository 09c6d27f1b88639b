/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How large a picture becomes, and how many bits it may take (media-outputs.md 2.2 and 2.4). Pure;
 * private to this directory (and its tests). */
#ifndef SL_ENGINE_FIT_H
#define SL_ENGINE_FIT_H

#include "engine/message.h"

struct sl_size {
    int width, height;
};

/* Of a source of this size, in square pixels. -EINVAL: larger than is allowed. */
int sl_fit_size(const struct sl_engine_pictures *form, struct sl_size source, struct sl_size *out);

struct sl_fit_source {
    struct sl_size size;
    uint32_t bitrate_bps; /* 0: not known yet */
    int frame_us;         /* from one picture to the next */
};
uint32_t sl_fit_bitrate(const struct sl_engine_pictures *form, enum sl_codec codec,
                        struct sl_size size, const struct sl_fit_source *source);

#endif
