/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two ways through a codec process (audio.h, video.h) have in common: who makes one, and
 * whom it tells. Private to this directory (and its tests). */
#ifndef SL_PROGRAM_CODER_H
#define SL_PROGRAM_CODER_H

#include "media/media.h"

#include <errno.h>
#include <string.h>

struct sl_loop;
struct sl_program_frame;
struct sl_transcoder;

struct sl_coder_ops {
    void (*on_frame)(void *owner, const struct sl_program_frame *frame); /* [loop] */
    /* Pictures cannot be decoded any more. [loop] */
    void (*on_keyframe_wanted)(void *owner);
    /* It cannot be had, or not now. Threads: any. */
    void (*on_failed)(void *owner, enum sl_media_kind kind, int err);
    void (*on_closed)(void *owner); /* the last call, never from within [control] */
};

struct sl_coder_config {
    struct sl_transcoder *transcoder;
    struct sl_loop *control, *loop;
    const char *source; /* the stream's name; copied */
    const struct sl_coder_ops *ops;
    void *owner;
};

/* Why not, for people. */
static inline const char *sl_coder_words(int err)
{
    if (err == -EAGAIN)
        return "no codec process can be had";
    return err == -EPERM ? "codec processes have died of it" : strerror(-err);
}

#endif
