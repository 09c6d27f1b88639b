/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The server as a table of parts: a new one is a row of sl_server_parts[]. Control loop. */
#ifndef SL_SERVER_PARTS_H
#define SL_SERVER_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_error;
struct sl_server;

enum { SL_SERVER_PARTS = 25, SL_PART_AFTER_MAX = 5 };

struct sl_part {
    const char *name;
    /* In the order of the table, which is that of the arrows; each may be NULL. A part that the
     * configuration leaves out returns 0 and makes nothing. */
    int (*create)(struct sl_server *server, struct sl_error *error);
    /* Ends what goes on, in the order of the table; on_stopped once, never from within. False, and
     * it is not called: there is nothing to stop. */
    bool (*stop)(struct sl_server *server, void (*on_stopped)(void *owner), void *owner);
    /* It has not stopped in SL_PARTS_GRACE_MS: who delays it is dropped. */
    void (*cut)(struct sl_server *server);
    /* In the reverse order, with all threads joined; also where create() failed or was not called.
     */
    void (*destroy)(struct sl_server *server);
    /* The parts whose end this one has to hear of: it stops when they have. None: with the rest. */
    const char *after[SL_PART_AFTER_MAX];
    int give_up_ms; /* after stop(): it counts as stopped; 0: it is waited for */
};

/* build.c */
extern const struct sl_part *const sl_server_parts[]; /* SL_SERVER_PARTS */

/* media_parts.c, output_parts.c: rows that stand beside their functions. */
extern const struct sl_part sl_part_media;
extern const struct sl_part sl_part_transcoder;
extern const struct sl_part sl_part_variants;
extern const struct sl_part sl_part_jobs;
extern const struct sl_part sl_part_programs;
extern const struct sl_part sl_part_workers;
extern const struct sl_part sl_part_demo;
extern const struct sl_part sl_part_calls;
extern const struct sl_part sl_part_mse;
extern const struct sl_part sl_part_pushes;
extern const struct sl_part sl_part_recordings;
extern const struct sl_part sl_part_mixers;
extern const struct sl_part sl_part_rtsp;
extern const struct sl_part sl_part_hls;

enum {
    SL_PARTS_GRACE_MS = 500, /* for clients to answer our close; most do within a round trip */
};

/* What has become of them; zeroed is nothing yet. */
struct sl_parts {
    struct sl_part_state {
        struct sl_server *server;
        bool stopping, stopped;
        int64_t stop_us; /* when stop() was called */
    } states[SL_SERVER_PARTS];
    bool cut;
    int64_t stop_us;
};

/* What was made before a failure is left in place for sl_parts_destroy(). */
int sl_parts_create(struct sl_server *server, struct sl_error *error);
void sl_parts_stop(struct sl_server *server);
/* True when all have stopped; asked again and again after sl_parts_stop(). */
bool sl_parts_stopped(struct sl_server *server);
void sl_parts_destroy(struct sl_server *server);

#endif
