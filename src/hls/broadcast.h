/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The life of a stream in HLS: begun by the first who asks for it, however many follow; over some
 * time after the last, or after its publisher (media-outputs.md 4.3). Control loop.
 */
#ifndef SL_HLS_BROADCAST_H
#define SL_HLS_BROADCAST_H

#include "access/access.h"
#include "base/addr.h"
#include "base/list.h"
#include "hls/profiles.h"
#include "hls/window.h"

struct sl_broadcast_viewer;
struct sl_config;
struct sl_counters;
struct sl_loop;
struct sl_programs;
struct sl_streams;
struct sl_variants;

/* ---- All of them ---- */

struct sl_broadcasts_config {
    const struct sl_config *config;
    struct sl_loop *loop;
    struct sl_gate gate;
    struct sl_streams *streams;
    struct sl_programs *programs;
    struct sl_variants *variants;
    const struct sl_hls_profiles *profiles; /* none: streams are shown as they are */
    struct sl_counters *counters;
    bool fetches; /* the gate may find streams that are not here */
};

struct sl_broadcast;
struct sl_broadcasts;
struct sl_broadcasts *sl_broadcasts_create(const struct sl_broadcasts_config *config);
/* Ends all of them and takes no new ones: who waits is answered 503. on_stopped once, when the last
 * has let go of its media; never from within. */
void sl_broadcasts_stop(struct sl_broadcasts *broadcasts, void (*on_stopped)(void *owner),
                        void *owner);
/* Stopped, or never with a stream. NULL is fine. */
void sl_broadcasts_destroy(struct sl_broadcasts *broadcasts);
size_t sl_broadcasts_count(const struct sl_broadcasts *broadcasts);
size_t sl_broadcasts_bytes(const struct sl_broadcasts *broadcasts);
void sl_broadcasts_each(struct sl_broadcasts *broadcasts,
                        void (*fn)(struct sl_broadcast *broadcast, void *arg), void *arg);

/* By the name in its address: a stream's, or a level's. NULL: there is none now. */
struct sl_broadcast *sl_broadcasts_find(struct sl_broadcasts *broadcasts, const char *name);
/* There is one of this stream, or it is live, perhaps at another server. */
bool sl_broadcasts_knows(struct sl_broadcasts *broadcasts, const char *name);
/*
 * What a stream is shown in begins, unless it has: its levels, or the stream as it is. While the
 * stream's size is not known only its smallest level does, and the others follow as they come to
 * suit it. viewer: who asks; NULL, an operator. False: there was no room for all of them (counted).
 */
bool sl_broadcasts_begin(struct sl_broadcasts *broadcasts, const char *source,
                         const struct sl_broadcast_viewer *viewer);
/* The one that is, or a new one that has not begun. NULL: there are too many (counted). */
struct sl_broadcast *sl_broadcasts_open(struct sl_broadcasts *broadcasts, const char *name);
/* The same of a level. */
struct sl_broadcast *sl_broadcasts_open_level(struct sl_broadcasts *broadcasts, const char *source,
                                              const struct sl_hls_profile *profile);
/* What a stream is shown in: how many; 0, as it is. */
size_t sl_broadcasts_levels(const struct sl_broadcasts *broadcasts, const char *source,
                            const struct sl_hls_profile *out[static SL_HLS_PROFILES_MAX]);
/* What an address is about: the stream, in source, and its level; NULL, all of it. */
const struct sl_hls_profile *sl_broadcasts_resolve(const struct sl_broadcasts *broadcasts,
                                                   const char *name,
                                                   char source[static SL_STREAM_NAME_MAX + 1]);
/* Who had it opened may not see it: if nobody else wanted it, its place is free again. */
void sl_broadcasts_forget(struct sl_broadcasts *broadcasts, const char *name);

/* ---- One ---- */

/* Somebody wants it: it begins, unless it has, and goes on for a while. */
struct sl_broadcast_viewer {
    struct sl_addr remote, local;
};
void sl_broadcast_want(struct sl_broadcast *broadcast, const struct sl_broadcast_viewer *viewer);
/* By an operator: it begins. */
void sl_broadcast_start(struct sl_broadcast *broadcast);
/* It is over, and its segments are gone; the next who asks begins it anew. */
void sl_broadcast_terminate(struct sl_broadcast *broadcast);

/* Of the entry in the lists of clients. */
const char *sl_broadcast_id(const struct sl_broadcast *broadcast);
const char *sl_broadcast_name(const struct sl_broadcast *broadcast); /* as its address has it */
/* The name of its profile; "": it is the stream as it is. */
const char *sl_broadcast_level(const struct sl_broadcast *broadcast);
int64_t sl_broadcast_created_ms(const struct sl_broadcast *broadcast);
bool sl_broadcast_has_begun(const struct sl_broadcast *broadcast);
size_t sl_broadcast_waiting(const struct sl_broadcast *broadcast);
/* Different addresses of the last three target durations. */
size_t sl_broadcast_viewers(struct sl_broadcast *broadcast);
/* See sl_hls_window_write(). */
char *sl_broadcast_write(struct sl_broadcast *broadcast, const char *query, size_t *len);
struct sl_hls_window *sl_broadcast_window(struct sl_broadcast *broadcast);

/* ---- Waiting for it ---- */

/* Embedded in whoever waits; zeroed: does not. */
struct sl_broadcast_wait {
    struct sl_list link;
    int64_t msn, part;          /* what the list is to have; -1: what a first one needs */
    char file[SL_HLS_FILE_MAX]; /* or a part of this name is to come; "" */
    int64_t deadline_us;        /* by sl_broadcast_wait() */
    /* As sl_broadcast_wait(); never from within it. The broadcast may be gone after it. */
    void (*on_ready)(struct sl_broadcast_wait *wait, int status);
};
/* 200, it is there; 400, it asks for too much; 401, 404, 503, it will not be; 0: wait is told. */
int sl_broadcast_wait(struct sl_broadcast *broadcast, struct sl_broadcast_wait *wait,
                      int64_t now_us);
void sl_broadcast_wait_cancel(struct sl_broadcast_wait *wait);

#endif
