/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stream's frames on their way to a job loop: sinks on the stream's worker that queue each frame
 * and wake the loop once for all that it has not fetched yet. What waits is bounded in bytes and
 * number; past that, frames are dropped, pictures up to the next key frame, and counted.
 *
 * [control] creates, starts, closes and destroys it; frames come on the job loop in between.
 */
#ifndef SL_JOBS_FEED_H
#define SL_JOBS_FEED_H

#include "stream/stream.h"

#include <stdbool.h>
#include <stdint.h>

/* [the job loop's] */
struct sl_feed_ops {
    /* Borrowed; arrival_us: when the worker had it. */
    void (*on_frame)(void *owner, struct sl_frame *frame, int64_t arrival_us);
    /* All that came together have been told. */
    void (*on_batch)(void *owner);
};

struct sl_feed_config {
    struct sl_stream *stream; /* while the feed exists, something of it does */
    bool tracks[2];           /* by enum sl_media_kind: which are wanted */
    const char *protocol;     /* of the sinks; static */
    struct sl_loop *job_loop, *control;
    const struct sl_feed_ops *ops;
    void *owner;
};

struct sl_feed;
/* [control] */
struct sl_feed *sl_feed_create(const struct sl_feed_config *config);
/* Frames come from now on, a key frame is asked for. [control] */
void sl_feed_start(struct sl_feed *feed);
/* No frame comes once on_closed has been called [control]; then sl_feed_destroy(). Once, after
 * sl_feed_start() or without. */
void sl_feed_close(struct sl_feed *feed, void (*on_closed)(void *owner), void *owner);
void sl_feed_destroy(struct sl_feed *feed); /* [control] */

/* Pictures are of no use before the next key frame. [the job loop's] */
void sl_feed_request_keyframe(struct sl_feed *feed);
/* Frames dropped here. Threads: any. */
uint64_t sl_feed_dropped(const struct sl_feed *feed);

#endif
