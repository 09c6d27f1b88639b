/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of push/ share on the control loop.
 *
 *   pushes --n--> push --0..1--> attempt --> publication (on a job loop), channel (the stream's
 * tags)
 *          --n--> attempts whose push is gone or has given them up: they take leave of the server
 *          --n--> starts: requests whose host is being resolved, whose file is being read
 */
#ifndef SL_PUSH_INTERNAL_H
#define SL_PUSH_INTERNAL_H

#include "base/error.h"
#include "base/list.h"
#include "base/log.h"
#include "net/net.h"
#include "program/program.h"
#include "push/push.h"
#include "rtmp/rtmp.h"
#include "stream/stream.h"

enum { SESSION_ID_LEN = 26 };

struct sl_pushes {
    struct sl_pushes_config config;
    struct sl_list pushes;   /* struct sl_push.link: not ended */
    struct sl_list starts;   /* struct sl_push_start.link */
    struct sl_list attempts; /* struct attempt.link: all, also those that take leave */
    size_t count, start_count;
    struct sl_channels *channels;
    struct sl_streams_listener listener;
    bool stopping;
    void (*on_stopped)(void *owner);
    void *on_stopped_owner;
    struct sl_later stopped;
};

/* ---- attempt.c: one publication of a channel ---- */

struct attempt_ops {
    void (*on_publishing)(void *owner);
    void (*on_sound_end)(void *owner, unsigned serial);
    /* The last call, one of these two; the attempt is not the owner's any more. */
    void (*on_failed)(void *owner, int err, const char *words);
    void (*on_redirected)(void *owner, const char *url); /* by the server: checked by nobody */
};

struct attempt_config {
    struct sl_stream *stream; /* live */
    const struct sl_push_target *target;
    /* Without pool, control, channel, target, ops, owner. */
    struct sl_publication_config publication;
    const struct attempt_ops *ops;
    void *owner;
};

struct attempt;
/* Never calls back from within. -ENOBUFS with words: no descriptor for it. */
int sl_attempt_create(struct sl_pushes *pushes, const struct attempt_config *config,
                      struct attempt **out, struct sl_error *error);
/* No callback after this: it takes leave of the server by itself. NULL is fine. */
void sl_attempt_leave(struct attempt *attempt);
/* NULL: the stream has nothing that RTMP could carry, which will be told. */
struct sl_publication *sl_attempt_publication(struct attempt *attempt);

/* ---- start.c: from a request to a push ---- */

void sl_start_cancel_all(struct sl_pushes *pushes);
/* Nobody is told. */
void sl_starts_drop(struct sl_pushes *pushes);

/* ---- push.c: one push and its states ---- */

struct sl_push {
    struct sl_list link;
    struct sl_pushes *pushes;
    char id[SESSION_ID_LEN + 1];
    char *stream_name, *named, *rtmp_url, *flash_version;
    enum sl_push_origin origin;
    struct sl_push_target target; /* as asked for */
    struct sl_push_target away;   /* where its server has sent us */
    unsigned redirects;           /* in a row; 0: target, not away */
    json_t *options;
    int64_t created_ms;
    struct sl_log_scope scope;

    enum sl_push_state state; /* set_state() of push.c */
    struct sl_stream *stream; /* NULL: there is only a reservation */
    struct sl_stream_listener listener;
    struct sl_taker taker;   /* of stream */
    struct attempt *attempt; /* CONNECTING (but not while a redirect is looked up), PUBLISHING */
    struct sl_addr addrs[SL_RESOLVE_ADDRESSES_MAX];
    size_t addr_count;
    struct sl_timer *retry_timer;
    struct sl_lookup *lookup; /* before a further try, or where a redirect leads */
    unsigned retries, retries_in_row;
    int64_t away_since_us;   /* of the first failure in this row */
    int64_t tried_us;        /* when the attempt began that does not publish yet; 0: none */
    uint64_t dropped_before; /* frames, by earlier attempts */

    bool muted;
    struct sl_sound *sound; /* NULL: none is played */
    bool loop;
    unsigned sound_serial; /* tells sounds apart when one's end is told late */
    struct sl_sound_load *sound_load;
    bool loading_loop;
    struct sl_later sound_later; /* tells what was known at once: */
    int sound_err;
    struct sl_error sound_error;
    void (*on_sound_done)(void *owner, int err, const char *words);
    void *on_sound_owner;
};

struct push_config { /* texts are copied, the rest is taken over */
    const struct sl_push_target *target;
    const char *stream_name, *named, *rtmp_url, *flash_version;
    enum sl_push_origin origin;
    json_t *options; /* a reference; NULL */
    const struct sl_addr *addrs;
    size_t addr_count;
    bool muted;
    struct sl_sound *sound; /* a reference; NULL */
    bool loop;
};
/* Makes it and, if its stream is live, begins. NULL with words: it cannot, and is not to try
 * again. */
struct sl_push *sl_push_create(struct sl_pushes *pushes, const struct push_config *config,
                               struct sl_error *error);
/* Its stream has come. */
void sl_push_on_live(struct sl_push *push, struct sl_stream *stream);
void sl_push_end(struct sl_push *push, const char *why);

/* ---- pushes.c ---- */

/* NULL: none that lives. */
struct sl_push *sl_pushes_find_conflict(struct sl_pushes *pushes, const char *stream,
                                        const char *named, const char *rtmp_url);
/* Something that a stop waits for has gone. */
void sl_pushes_check_stopped(struct sl_pushes *pushes);
/* -EACCES with words when the origin may not go to one of them. */
int sl_pushes_check_addresses(const struct sl_pushes *pushes, enum sl_push_origin origin,
                              const char *host, const struct sl_addr *addrs, size_t count,
                              struct sl_error *error);
/* -EACCES with words when the push's server may not send it from push->addrs to one of these, which
 * are push->away's (net/reach.h). */
int sl_pushes_check_redirect(const struct sl_push *push, const struct sl_addr *addrs, size_t count,
                             struct sl_error *error);

#endif
