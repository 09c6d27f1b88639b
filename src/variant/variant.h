/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Streams in a form that a taker can use where it cannot take them as they are: sound and pictures
 * decoded and encoded anew, once for each stream and wanted form, however many take it. What needs
 * no change passes as it is. In all of it time is steady (media/steady.h), and sound is a row
 * without gaps.
 *
 * The interface is frames and orders, and no pictures: its inside may live in another process.
 *
 * Threads: [control] takes variants and gives them back; frames come and orders go on the job loop
 * that the variant is on. A variant without takers lives on a little, for who comes back at once.
 */
#ifndef SL_VARIANT_VARIANT_H
#define SL_VARIANT_VARIANT_H

#include "base/list.h"
#include "media/media.h"
#include "variant/sound.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_job_loop;
struct sl_job_pool;
struct sl_loop;
struct sl_stream;

/* ---- What is wanted ---- */

enum { SL_VARIANT_CODECS_MAX = 4 };

/* Codecs that the taker can use, by enum sl_media_kind, the one it likes best first; the rest
 * SL_CODEC_NONE. What the source sends is preferred to all others. */
struct sl_variant_want {
    enum sl_codec codecs[2][SL_VARIANT_CODECS_MAX];
};

/* What becomes of a stream, by enum sl_media_kind. */
struct sl_variant_form {
    enum sl_codec from[2]; /* SL_CODEC_NONE: no such track, or nothing can be made of it */
    enum sl_codec to[2];   /* of the sound also without a track: what silence is made in */
};
/* -ENOSYS: there is nothing that this taker could use. Pure. */
int sl_variant_choose(const enum sl_codec source[2], const struct sl_variant_want *want,
                      struct sl_variant_form *out);

/* ---- Variants [control] ---- */

struct sl_variant;
struct sl_variants;
struct sl_variants *sl_variants_create(struct sl_job_pool *pool, struct sl_loop *control);
/* All must have been released. on_stopped once, when the last is gone; never from within. */
void sl_variants_stop(struct sl_variants *variants, void (*on_stopped)(void *owner), void *owner);
void sl_variants_destroy(struct sl_variants *variants); /* NULL is fine */

/* The one variant of this stream for this want, with a reference. -ENOSYS: nothing of it can be
 * had. */
int sl_variant_take(struct sl_variants *variants, struct sl_stream *stream,
                    const struct sl_variant_want *want, struct sl_variant **out);
/* NULL is fine. Takers have been detached. */
void sl_variant_release(struct sl_variant *variant);
/* Constant. Threads: any. */
struct sl_job_loop *sl_variant_loop(struct sl_variant *variant);
const struct sl_variant_form *sl_variant_form(const struct sl_variant *variant);

/* ---- Frames and orders [the variant's loop] ---- */

/* One frame in the variant's form: all borrowed. */
struct sl_variant_frame {
    enum sl_codec codec;
    bool keyframe;
    uint16_t width, height; /* of pictures; 0: not known */
    int64_t pts_us, dts_us; /* steady: each track's rise */
    const uint8_t *data;    /* AAC: raw; H264: Annex B, parameter sets before key frames */
    size_t len;
};

struct sl_variant_taker_ops {
    void (*on_frame)(void *owner, const struct sl_variant_frame *frame);
    /* All that came together has been told; besides, every 20 ms. */
    void (*on_batch)(void *owner, int64_t now_us);
};
struct sl_variant_taker { /* embedded in its owner */
    struct sl_list link;
    const struct sl_variant_taker_ops *ops;
    void *owner;
};
void sl_variant_attach(struct sl_variant *variant, struct sl_variant_taker *taker);
/* No call after this. Idempotent. */
void sl_variant_detach(struct sl_variant_taker *taker);

/* NULL: this build of FFmpeg has not what the form needs, or there is no memory for it; no frame
 * will come. As long as the variant. */
const struct sl_variant_sound *sl_variant_sound(const struct sl_variant *variant);
/* Pictures are of no use before the next key frame. */
void sl_variant_request_keyframe(struct sl_variant *variant);
/* The row of sound begins now, whatever comes or not, if it has not yet. */
void sl_variant_begin_sound(struct sl_variant *variant);
/* Frames that were lost on the way in. */
uint64_t sl_variant_dropped(const struct sl_variant *variant);

#endif
