/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The segments of one stream: those that are listed, and some from before that slow clients may
 * still be about to fetch. Numbers only rise, for as long as the window lives. One thread; pure:
 * knows no clock.
 */
#ifndef SL_HLS_WINDOW_H
#define SL_HLS_WINDOW_H

#include "hls/piece.h"

#include <stddef.h>

struct sl_hls_window_config {
    size_t list_size;      /* segments in a list, at least */
    size_t hold_size;      /* and that are kept when they are no longer */
    int64_t time_us;       /* how long segments are meant to be */
    int64_t part_us;       /* and parts; 0: there are none */
    const char *extension; /* of files: "ts"; static */
};

struct sl_hls_window;
struct sl_hls_window *sl_hls_window_create(const struct sl_hls_window_config *config);
void sl_hls_window_destroy(struct sl_hls_window *window); /* NULL is fine */

/* Takes it. */
void sl_hls_window_add(struct sl_hls_window *window, struct sl_hls_piece *piece);
/* Whoever made the pieces is gone: a segment that is not whole never will be, and what comes next
 * does not go on from here. */
void sl_hls_window_break(struct sl_hls_window *window);
/* Gives up the oldest segment, also a listed one, but for the last. False: there is no other. */
bool sl_hls_window_drop(struct sl_hls_window *window);

/* Whole segments that it has. */
size_t sl_hls_window_count(const struct sl_hls_window *window);
size_t sl_hls_window_bytes(const struct sl_hls_window *window);
/* The newest piece; NULL: none came yet. */
const struct sl_hls_piece *sl_hls_window_newest(const struct sl_hls_window *window);
/* The greatest rate of the segments that it has. */
int64_t sl_hls_window_bps(const struct sl_hls_window *window);

/* A file by its name: NULL, there is none. Borrowed. head: it is an initialisation section. */
struct sl_blob *sl_hls_window_find(const struct sl_hls_window *window, const char *name,
                                   bool *head);
/* The part that the list says comes next. */
bool sl_hls_window_is_hint(const struct sl_hls_window *window, const char *name);

/* Seconds that no segment is longer than, as lists say: settled when this is first asked. */
int64_t sl_hls_window_target_s(struct sl_hls_window *window);
bool sl_hls_window_has_target(const struct sl_hls_window *window);
/* The list; NULL: no memory. The caller's to free. */
char *sl_hls_window_write(struct sl_hls_window *window, const char *query, bool ended, size_t *len);

/* ---- Lists that are waited for (rfc8216bis section 6.2.5.2) ---- */

/* The number that the next whole segment gets. */
int64_t sl_hls_window_next(const struct sl_hls_window *window);
/* This part, or this whole segment (part -1), is there, or was. */
bool sl_hls_window_has(const struct sl_hls_window *window, int64_t msn, int64_t part);

#endif
