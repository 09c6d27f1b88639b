/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The media of one pull: our offer, a peer for the answer, and between them a stream here: brought
 * (the peer is its source) or taken (the peer has sinks of it). Control loop.
 */
#ifndef SL_PULL_MEDIA_H
#define SL_PULL_MEDIA_H

#include "sdp/sdp.h"
#include "stream/stream.h"
#include "webrtc/webrtc.h"

struct sl_error;
struct pull_media;

struct pull_media_ops {
    /* The first packet came (or left): the stream is live. */
    void (*on_media)(void *owner);
    void (*on_failed)(void *owner, const char *why);
};

struct pull_media_config { /* texts are copied, the rest outlives the media */
    struct sl_streams *streams;
    struct sl_workers *workers;
    struct sl_rtc *rtc;
    uint32_t max_bitrate_bps; /* 0: no bound */
    bool downlink_estimation; /* of what is taken */
    struct sl_stream *taken;  /* NULL: one is brought, under this name: */
    const char *name;
    const struct sl_reservation *reservation;
    struct sl_publisher publisher; /* of the stream brought */
    const char *cname;
    const struct pull_media_ops *ops;
    void *owner;
    /* The last call: everything has let go. */
    void (*on_closed)(void *arg);
    void *closed_arg;
};

struct pull_media *sl_pull_media_create(const struct pull_media_config *config);
/* Our offer; NULL if the stream taken has nothing that can be offered. */
const char *sl_pull_media_offer(const struct pull_media *media);
bool sl_pull_media_has(const struct pull_media *media, enum sl_media_kind kind);
/*
 * The answer to it: media begins. server: where it is; it may name addresses of this machine only
 * if it is on it.
 * Negative with words: no answer to our offer, nothing in common, no address, no room.
 */
int sl_pull_media_answer(struct pull_media *media, const char *sdp, const struct sl_addr *server,
                         struct sl_error *error);
/* The stream brought (NULL before the answer) or taken. */
struct sl_stream *sl_pull_media_stream(const struct pull_media *media);
/* NULL before the answer. */
const struct sl_flow_stats *sl_pull_media_stats(const struct pull_media *media);
/* Ends the stream that it brings. Of the ops no call after this; on_closed follows, possibly from
 * within. NULL is fine: nothing. */
void sl_pull_media_end(struct pull_media *media);

#endif
