/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What broadcasts.c (all of them), broadcast.c (one) and waiting.c (who waits for one) share.
 * Control loop. */
#ifndef SL_HLS_INTERNAL_H
#define SL_HLS_INTERNAL_H

#include "base/log.h"
#include "base/table.h"
#include "hls/broadcast.h"
#include "hls/outlet.h"
#include "hls/viewers.h"
#include "net/net.h"
#include "stream/stream.h"

enum { SL_BROADCAST_ID_MAX = 128, TICK_MS = 100, MIB = 1 << 20 };
enum { /* what who waits is told */
       OK = 200,
       BAD_REQUEST = 400,
       UNAUTHORIZED = 401,
       NOT_FOUND = 404,
       UNAVAILABLE = 503,
};

/*
 * enter() of broadcast.c is the only function that changes it.
 *
 *   IDLE -> STARTING      sl_broadcast_want(), sl_broadcast_start(): the gate is asked
 *   STARTING -> RUNNING   on_piece(): media came
 *   RUNNING -> PAUSED     on_end(): its publisher is gone; the list stays as it is
 *   PAUSED -> STARTING    on_live(): it is back
 *   STARTING -> PAUSED    on_end(): not yet, after all
 *   PAUSED -> OVER        sl_broadcast_check(): it has not come back; the list says so
 *   STARTING, RUNNING -> REFUSED   on_end(): the back end forbade it
 *
 * From each, it is removed: by nobody who asks, by its end, by an operator.
 */
enum sl_broadcast_state { IDLE, STARTING, RUNNING, PAUSED, OVER, REFUSED };

struct sl_broadcasts {
    struct sl_broadcasts_config config;
    struct sl_table by_name; /* struct sl_broadcast.node */
    struct sl_list all;      /* struct sl_broadcast.link */
    struct sl_list removed;  /* the same, whose outlet has not closed */
    struct sl_streams_listener listener;
    struct sl_timer *timer;
    size_t bytes;
    void (*on_gone)(struct sl_broadcasts *broadcasts); /* one that was removed */
    bool stopping;
    struct sl_later stopped;
    void (*on_stopped)(void *owner);
    void *on_stopped_owner;
};

struct sl_broadcast {
    struct sl_table_node node;
    struct sl_list link;
    struct sl_broadcasts *broadcasts;
    char *name;                           /* its address's */
    char *source;                         /* the stream's */
    const struct sl_hls_profile *profile; /* NULL: the stream as it is */
    /* Begun as one of all its stream's levels: those that come to suit the stream, for whom this
     * one began, join it until its list is there. */
    bool joined;
    uint16_t joined_height;            /* the stream's, when they last did; 0: unknown then */
    struct sl_broadcast_viewer viewer; /* who began it; port 0: nobody */
    char id[SL_BROADCAST_ID_MAX + 1];
    struct sl_log_scope scope;
    enum sl_broadcast_state state;
    bool removed;
    int64_t created_ms;
    int64_t requested_us; /* when somebody asked last */
    int64_t deadline_us;  /* of PAUSED, OVER */
    struct sl_hls_outlet outlet;
    struct sl_provider provider;
    struct sl_visit *visit; /* STARTING, RUNNING */
    struct sl_later start;  /* its stream has come alive */
    struct sl_hls_window *window;
    size_t counted;         /* bytes of it, in those of all */
    struct sl_list waiting; /* struct sl_broadcast_wait.link */
    struct sl_hls_viewers viewers;
};

/* ---- broadcast.c ---- */

/* In the table, and idle. */
struct sl_broadcast *sl_broadcast_create(struct sl_broadcasts *broadcasts, const char *name,
                                         const char *source, const struct sl_hls_profile *profile);
/* The name is free at once; its memory goes when its media have closed. */
void sl_broadcast_remove(struct sl_broadcast *broadcast, int status, const char *why);
/* Its stream has come alive, or it is to begin by itself: in a turn of the loop. */
void sl_broadcast_start_later(struct sl_broadcast *broadcast);
/* Now and then. */
void sl_broadcast_check(struct sl_broadcast *broadcast, int64_t now_us);

/* ---- waiting.c ---- */

bool sl_broadcast_has_list(const struct sl_broadcast *broadcast);
/* Who asks again from within is not told in the same round. */
void sl_broadcast_tell_waiting(struct sl_broadcast *broadcast, int64_t now_us);
void sl_broadcast_refuse_waiting(struct sl_broadcast *broadcast, int status);

#endif
