/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of variant/ share, and who may touch which part.
 *
 *   sl_variants --n--> studio (a source track) --n--> sl_variant --1--> sl_stream without a name
 *                        `--1--> sl_codec_job
 *
 * A studio's life, the control loop's:
 *   LIVE    --the last variant and the last snapshot are gone--> CLOSING
 *   CLOSING --its sink is stopped [worker], its job is closed [worker]--> freed
 * A variant's:
 *   TAKEN   --the last taker gave it back--> IDLE    --taken again--> TAKEN
 *   IDLE    --transcoder_idle_ms, the end of its stream, a stop--> CLOSING
 *   CLOSING --it is off the worker--> freed
 * Of what is CLOSING, or whose source has ended, nobody is given any more.
 */
#ifndef SL_VARIANT_INTERNAL_H
#define SL_VARIANT_INTERNAL_H

#include "base/config.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/net.h"
#include "stream/stream.h"
#include "transcoder/transcoder.h"
#include "variant/variant.h"

#include <stdatomic.h>

/* ---- want.c ---- */

/* Into the form by which wants are compared. -EINVAL: larger than is allowed. */
int sl_want_settle(const struct sl_config *config, struct sl_variant_want *want);
/* All but job and output. */
void sl_want_order(const struct sl_config *config, const struct sl_variant_want *want,
                   struct sl_engine_message *order);
void sl_want_track(const struct sl_variant_want *want, struct sl_track_config *out);
const char *sl_want_encoder(enum sl_codec codec);

/* ---- studio.c ---- */

struct studio;

/* Something that is made in a studio: a variant's frames, or one snapshot. Embedded in its owner.
 */
struct output {
    struct sl_list link;      /* the worker's, in studio->outputs */
    struct sl_list in_studio; /* control's, in studio->all */
    struct studio *studio;
    uint32_t id;                    /* one of the studio's; constant */
    struct sl_engine_message order; /* that makes it; constant but for job */
    /* Reports of it, after some checks. [worker] */
    void (*on_report)(struct output *output, const struct sl_engine_message *report);
    /* The studio's source has ended, or nothing of it can be made (studio->failure). [control] */
    void (*on_end)(struct output *output);
    /* It is off the worker: nothing more is called. [control] */
    void (*on_gone)(struct output *output);
    struct sl_msg add_msg, remove_msg, gone_msg;
};

enum { STUDIO_KEPT_MAX = 30 }; /* pictures, as many as are quickly decoded once more */

struct studio {
    /* Constant. */
    struct sl_variants *variants;
    struct sl_worker *worker; /* of the source */
    enum sl_media_kind kind;
    struct sl_codec_job *job;
    struct sl_sink *sink;
    struct sl_log_scope scope;

    /* Control's. */
    struct sl_list link; /* in variants->studios */
    struct sl_stream *stream;
    struct sl_stream_listener listener;
    struct sl_list made; /* struct sl_variant.link */
    struct sl_list all;  /* struct output.in_studio: those that are not gone */
    uint32_t next_id;
    bool ended;  /* its source has, or nothing of it can be made: no new outputs */
    int failure; /* why, if it was the latter; 0 */
    bool closing;
    int64_t late_since_us; /* 0: it is in time */
    struct sl_msg stop_msg, stopped_msg;

    /* The worker's. */
    bool up, started, stopped;
    bool dropping;    /* up to the next key frame: too much waits */
    int64_t asked_us; /* for that one */
    struct sl_list outputs;
    struct sl_codec_config *config;         /* of AAC, told last by the track; NULL */
    struct sl_frame *kept[STUDIO_KEPT_MAX]; /* since the last key frame */
    size_t kept_count;
    bool kept_lost; /* there were more: they are of no use */
    int64_t last_pts_us;
    _Atomic int late_posted;
    struct sl_msg late_msg; /* in time again, or not */
    _Atomic int64_t late_us;
    struct sl_msg broken_msg; /* nothing of it can be made, for this reason: */
    _Atomic int broken;
};

/* The live one of this track; NULL. [control] */
struct studio *sl_studio_find(const struct sl_variants *variants, const struct sl_stream *stream,
                              enum sl_media_kind kind);
/* [control] */
struct studio *sl_studio_create(struct sl_variants *variants, struct sl_stream *stream,
                                enum sl_media_kind kind);
/* The functions and the order are filled in, but for its output. The studio has not ended. */
void sl_studio_add(struct studio *studio, struct output *output);
/* It goes if nothing is made in it. */
void sl_studio_check(struct studio *studio);
/* Tells whoever waits for the end that the last one is gone, and the last holder, if so. */
void sl_studios_check_stopped(struct sl_variants *variants);
/* on_gone() follows. Once. */
void sl_studio_remove(struct output *output);
/* Its rates are what its order says now. [worker] */
void sl_studio_order_again(struct output *output);
/* The next picture that is encoded for it is a key frame. [worker] */
void sl_studio_order_keyframe(struct output *output);

/* ---- variant.c ---- */

/* Who holds variants of its own accord, and lets go when it is told to. */
struct holder {
    struct sl_list link; /* in variants->holders */
    void (*stop)(struct holder *holder);
};

struct sl_variants {
    struct sl_variants_config config;
    struct sl_list studios; /* struct studio.link */
    size_t picture_count;   /* variants of pictures */
    size_t count;           /* variants, those of sound too */
    struct sl_list holders; /* struct holder */
    struct sl_list shots;   /* struct shot.link of snapshot.c */
    size_t shot_count;      /* those not answered */
    struct sl_timer *load_timer;
    bool stopping;
    struct sl_later stopped;
    void (*on_stopped)(void *owner);
    void *on_stopped_owner;
};

struct sl_variant {
    /* Constant. */
    struct studio *studio;
    struct sl_variant_want want;
    int64_t since_ms, since_us;

    /* Control's. */
    struct sl_list link; /* in studio->made */
    struct sl_stream *stream;
    struct sl_timer *idle_timer;
    size_t refs;
    int why; /* it ended before its source */
    bool closing;
    struct sl_msg failed_msg;

    /* The worker's. */
    struct output output;
    uint16_t width, height;
    uint32_t bound_bps;    /* what the narrowest taker takes; 0: nobody has said */
    int64_t rate_since_us; /* when the rate was last ordered */
    bool failing;
    _Atomic int failure;
    _Atomic uint64_t frames, bytes;
    _Atomic uint32_t bitrate_bps; /* of one that follows: as ordered last */
};

#endif
