/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One output of pictures: which of them are encoded, how, and when as a key frame. Private to this
 * directory. */
#ifndef SL_ENGINE_RENDITION_H
#define SL_ENGINE_RENDITION_H

#include "base/list.h"
#include "codec/codec.h"
#include "engine/fit.h"
#include "engine/job.h"

struct sl_rendition {
    struct sl_list link; /* the job's */
    const struct sl_engine_reporter *reporter;
    uint32_t output;
    enum sl_codec codec;
    struct sl_engine_pictures form;
    struct sl_size size; /* 0 by 0: not known yet */
    struct sl_video_encoder *encoder;
    struct sl_size encoder_size;
    uint32_t bitrate_bps; /* what the encoder was told */
    int frame_us;
    bool keyframe_wanted;
    int64_t next_keyframe_us; /* when one is due */
    int64_t next_picture_us;  /* when one is, with a bound on their number */
    int64_t next_check_us;    /* of the rate */
};

/* -ENOSYS: pictures are not encoded so. The order is one for an output. */
int sl_rendition_create(const struct sl_engine_message *order,
                        const struct sl_engine_reporter *reporter, struct sl_rendition **out);
void sl_rendition_destroy(struct sl_rendition *rendition); /* NULL is fine */
/* Another rate or quality; the size stays. */
void sl_rendition_change(struct sl_rendition *rendition, const struct sl_engine_pictures *form);
/* The picture at this time is one to encode. Once for each. */
bool sl_rendition_wants(struct sl_rendition *rendition, int64_t pts_us);
/* A picture of rendition->size. Negative errno: it cannot go on. */
int sl_rendition_show(struct sl_rendition *rendition, const struct sl_picture *picture,
                      const struct sl_fit_source *source);

#endif
