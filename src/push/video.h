/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pictures of a push: H264 as it is, VP8 decoded and encoded to H264, both as bodies of FLV
 * tags. Threads: the job's. */
#ifndef SL_PUSH_VIDEO_H
#define SL_PUSH_VIDEO_H

#include "media/media.h"
#include "mux/mux.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct video_ops {
    /* A tag to send, the owner's now: a configuration, or a picture. */
    void (*on_tag)(void *owner, struct sl_flv_tag *tag);
    /* Before the first tag, and when the size changed, before the configuration. */
    void (*on_size)(void *owner, uint16_t width, uint16_t height, int64_t dts_us);
    /* Pictures cannot be decoded any more: a key frame is needed. */
    void (*on_loss)(void *owner);
};

/* True for codecs that a push can make something of. */
bool video_can_take(enum sl_codec codec);

struct video;
/* -ENOSYS: this build of FFmpeg has no decoder or no libx264. */
int video_create(enum sl_codec codec, const struct video_ops *ops, void *owner, struct video **out);
void video_destroy(struct video *video); /* NULL is fine */
/* A coded picture, when it is to be decoded and when shown. Those before the first key frame are
 * left out. */
void video_input(struct video *video, const uint8_t *data, size_t len, bool keyframe,
                 int64_t dts_us, int64_t pts_us);

#endif
