/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Coded pictures of one source into pictures: the decoder that fits, and what is asked of the
 * source. Private to this directory. */
#ifndef SL_ENGINE_PICTURE_SOURCE_H
#define SL_ENGINE_PICTURE_SOURCE_H

#include "codec/codec.h"
#include "engine/fit.h"
#include "engine/job.h"

struct sl_picture_source {
    /* Its owner's, constant. */
    /* With even sides; borrowed. From within sl_picture_source_input(). */
    void (*on_picture)(void *owner, struct sl_picture *picture);
    void *owner;
    const struct sl_engine_reporter *reporter; /* is told of NEED_KEYFRAME */
    uint32_t input;                            /* for that */
    uint32_t pixels_max;                       /* 0: only the sides are bounded */

    /* Zeroed at first. */
    struct sl_video_decoder *decoder; /* NULL: there was no key frame yet */
    enum sl_codec codec;              /* of the decoder */
    bool reordering;                  /* its pictures come in another order than they are shown */
    bool decoder_reorders;
    bool lost;        /* nothing can be decoded up to a key frame */
    bool unusable;    /* nor then, as far as is known: none is asked for */
    int64_t asked_us; /* for a key frame, monotonic; 0: it came */
};

void sl_picture_source_deinit(struct sl_picture_source *source);
/* -EINVAL: pictures too large; -ENOSYS: this codec is not decoded. Otherwise 0, also where nothing
 * could be decoded: the source is asked for a key frame then. */
int sl_picture_source_input(struct sl_picture_source *source,
                            const struct sl_engine_message *input);

/* In square pixels: a wide one is shown on more than one. */
struct sl_size sl_picture_source_shown(const struct sl_picture *picture);

#endif
