/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stream as units for all who take it in the same form: its pictures, its sound, and who gets
 * them. What has come in some hundredths of a second goes out together. Control loop.
 */
#ifndef SL_MSE_CHANNEL_H
#define SL_MSE_CHANNEL_H

#include "access/access.h"
#include "base/list.h"
#include "mse/mse.h"
#include "mse/source.h"
#include "variant/variant.h"

struct sl_mse_channel;

struct sl_mse_channels {
    struct sl_mse_config config; /* constant */
    struct sl_list channels;     /* struct sl_mse_channel.link, also of those that are closing */
    /* The last of them has gone. */
    void (*on_empty)(void *owner);
    void *owner;
};

/* None is called from within a function of this header. */
struct sl_mse_taker_ops {
    /* Borrowed. lost: some are missing in front of these. */
    void (*on_units)(void *owner, const struct sl_mse_unit *units, size_t count, bool lost);
    /* What is made for it cannot be made any more; may release the channel. */
    void (*on_failed)(void *owner, enum sl_reason reason);
};
struct sl_mse_taker { /* embedded in its owner; zeroed: detached */
    struct sl_list link;
    const struct sl_mse_taker_ops *ops;
    void *owner;
};

/* What of a stream. */
struct sl_mse_channel_want {
    enum sl_mse_player player;
    struct sl_stream *stream; /* live */
    bool flows[2];            /* by enum sl_media_kind: what can be had, one at least */
    bool made;                /* its pictures are made, as this says: */
    struct sl_variant_want pictures;
};

/* With a reference. Otherwise as sl_variant_take(). */
int sl_mse_channel_get(struct sl_mse_channels *channels, const struct sl_mse_channel_want *want,
                       struct sl_mse_channel **out);
/* Takers have been detached. NULL is fine. */
void sl_mse_channel_release(struct sl_mse_channel *channel);
void sl_mse_channel_attach(struct sl_mse_channel *channel, struct sl_mse_taker *taker);
/* Idempotent. */
void sl_mse_channel_detach(struct sl_mse_taker *taker);

/* Somebody waits for one. */
void sl_mse_channel_request_keyframe(struct sl_mse_channel *channel);
enum { SL_MSE_PRELUDE_MAX = 2 };
/* What a player gets before the unit of this time, the first one: so many references. */
size_t sl_mse_channel_prelude(struct sl_mse_channel *channel, int64_t time_us,
                              struct sl_blob *out[SL_MSE_PRELUDE_MAX]);
/* What MSE's players begin with, in front of this unit, which they get as of this time: see
 * sl_mse_build_lead(). */
struct sl_blob *sl_mse_channel_lead(struct sl_mse_channel *channel, const struct sl_mse_unit *unit,
                                    int64_t time_us);
/* What fills the time between the beginning and the first sound; NULL: nothing is needed. */
struct sl_blob *sl_mse_channel_silence(struct sl_mse_channel *channel, int64_t time_us,
                                       int64_t until_us);
/* NULL: pictures are sent as they are published, or not at all. */
struct sl_variant *sl_mse_channel_variant(struct sl_mse_channel *channel);

#endif
