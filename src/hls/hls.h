/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What others may include of hls/: streams as HTTP Live Streaming (RFC 8216; media-outputs.md 4).
 *
 *   program -> segmenter -> outlet (a piece is a message) -> window -> list, segments -> serve
 *              the program's loop                            control
 *
 *   broadcast.h  one stream's life, however many watch
 *   master.h     the list of its levels (profiles.h), each a broadcast of its own
 *   permits.h    who may have its list
 *   address.h, playlist.h  pure
 *
 * All calls and callbacks on the control loop.
 */
#ifndef SL_HLS_HLS_H
#define SL_HLS_HLS_H

#include "access/access.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_config;
struct sl_counters;
struct sl_error;
struct sl_hooks;
struct sl_http_request;
struct sl_programs;
struct sl_loop;
struct sl_streams;
struct sl_variants;

struct sl_hls;
struct sl_hls_config {
    /* All of these must outlive it. */
    const struct sl_config *config;
    struct sl_loop *loop;
    struct sl_streams *streams;
    struct sl_programs *programs; /* stop later */
    struct sl_variants *variants; /* likewise */
    struct sl_gate gate;
    const struct sl_hooks *hooks;
    const char *node_id;
    struct sl_counters *counters; /* the control loop's block */
    bool fetches;                 /* the gate may find streams that are not here */
};
/* With words: an option of it is odd, or the file of profiles is. */
int sl_hls_create(const struct sl_hls_config *config, struct sl_hls **out, struct sl_error *error);
/* Ends what goes on and takes nothing new; who waits for an answer gets 503. on_stopped once, never
 * from within. */
void sl_hls_stop(struct sl_hls *hls, void (*on_stopped)(void *owner), void *owner);
/* After that. NULL is fine. */
void sl_hls_destroy(struct sl_hls *hls);

/* For the listeners of hls.port and hls.https.port: arg is struct sl_hls. */
void sl_hls_on_request(void *arg, struct sl_http_request *request);

/* ---- For operators ---- */

/* 0: it has begun, or had already; -ENOENT: no live stream has this name; -ENOBUFS: too many. */
int sl_hls_startup(struct sl_hls *hls, const char *name);
/* -ENOENT: there is none of this name. */
int sl_hls_terminate(struct sl_hls *hls, const char *name);

/* One that has begun; texts are borrowed. */
struct sl_hls_facts {
    const char *id, *name;
    const char *level; /* the name of its profile; "": it is the stream as it is */
    size_t waiting, viewers;
    const char *playlist; /* as somebody without a token gets it; "" while there is none */
    int64_t created_ms;
};
void sl_hls_each(struct sl_hls *hls, void (*fn)(const struct sl_hls_facts *facts, void *arg),
                 void *arg);
struct sl_hls_totals {
    size_t streams, bytes;
};
void sl_hls_totals(const struct sl_hls *hls, struct sl_hls_totals *out);

#endif
