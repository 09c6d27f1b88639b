/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pictures of a variant: VP8 decoded and encoded to H264. Threads: the variant's loop. */
#ifndef SL_VARIANT_VIDEO_H
#define SL_VARIANT_VIDEO_H

#include "media/media.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_variant_frame;

struct sl_variant_video_ops {
    void (*on_frame)(void *owner, const struct sl_variant_frame *frame);
    /* Pictures cannot be decoded any more: a key frame is needed. */
    void (*on_loss)(void *owner);
};

struct sl_variant_video;
/* -ENOSYS: this build of FFmpeg has no decoder or no libx264. */
int sl_variant_video_create(enum sl_codec from, const struct sl_variant_video_ops *ops, void *owner,
                            struct sl_variant_video **out);
void sl_variant_video_destroy(struct sl_variant_video *video); /* NULL is fine */
/* A coded picture. Those before the first key frame are left out. */
void sl_variant_video_input(struct sl_variant_video *video, const uint8_t *data, size_t len,
                            bool keyframe, int64_t pts_us);

#endif
