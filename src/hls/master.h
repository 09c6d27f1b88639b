/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The list of a stream's levels (RFC 8216 section 4.3.4), for whoever is to choose: all of them
 * begin, as they come to suit the stream, and those that have not by then are left out. Control
 * loop.
 */
#ifndef SL_HLS_MASTER_H
#define SL_HLS_MASTER_H

#include "hls/broadcast.h"

/* Embedded in whoever wants one; zeroed: does not. */
struct sl_master {
    struct sl_broadcasts *broadcasts;
    const char *source;                                       /* of the stream; its owner's */
    const struct sl_hls_profile *waited[SL_HLS_PROFILES_MAX]; /* for these; now, for the last */
    size_t waited_count;
    int status; /* of those that are not there */
    int64_t deadline_us;
    struct sl_broadcast_wait wait;
    /* 200: sl_master_write(); 401, 404, 503: there are no levels. Never from within. */
    void (*on_ready)(struct sl_master *master, int status);
};
/* As on_ready; 0: it is told. */
int sl_master_begin(struct sl_master *master, const struct sl_broadcast_viewer *viewer,
                    int64_t now_us);
void sl_master_cancel(struct sl_master *master);
/* The list, the caller's to free; NULL: no memory. */
char *sl_master_write(const struct sl_master *master, const char *query, size_t *len);

#endif
