/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stream's frames on their way to a job: sinks on the stream's worker that post each frame to the
 * job's loop. What the job has not taken yet is bounded; past that, frames are dropped, pictures up
 * to the next key frame, and counted.
 *
 * Made and destroyed on the control loop. The job ends first, then the feed, then what both use: so
 * neither ever posts to something that is gone.
 */
#ifndef SL_PUSH_FEED_H
#define SL_PUSH_FEED_H

#include "base/queue.h"
#include "stream/stream.h"

#include <stdbool.h>
#include <stdint.h>

/* One frame for the job. */
struct feed_item {
    struct sl_msg msg;
    struct feed *feed;
    struct sl_frame *frame; /* one reference */
    int64_t arrival_us;
    struct sl_list link; /* the job's */
};

struct feed;
struct feed_config {
    struct sl_stream *stream; /* while the feed exists, something of it does */
    bool tracks[2];           /* by enum sl_media_kind: which are wanted */
    struct sl_loop *job_loop, *control;
    /* On the job's loop, or wherever its queue is emptied at the end. Ends with feed_item_free().
     */
    void (*on_item)(struct sl_msg *msg);
    void *owner;
};
/* [control] */
struct feed *feed_create(const struct feed_config *config);
/* Frames come from now on, a key frame is asked for. [control] */
void feed_start(struct feed *feed);
/* No frame comes once on_closed has been called [control]; then feed_destroy(). Once, after
 * feed_start() or without. */
void feed_close(struct feed *feed, void (*on_closed)(void *owner), void *owner);
/* The job's loop must be empty of items by now. [control] */
void feed_destroy(struct feed *feed);

void *feed_owner(const struct feed *feed);
/* [job] */
void feed_item_free(struct feed_item *item);
/* Pictures are of no use before the next key frame. [job] */
void feed_request_keyframe(struct feed *feed);
/* Frames dropped here. Threads: any. */
uint64_t feed_dropped(const struct feed *feed);

#endif
