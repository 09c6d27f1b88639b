/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of demo/ share, and who may touch which part.
 *
 *   control loop (demo.c) --atomics, a semaphore--> job (job.c) --one message a picture or
 *   20 ms of sound--> worker (feed.c) --> tracks
 *
 * The end: control ends the stream and tells the job; the job posts done_msg to the worker as its
 * last act, behind all media; from there off_msg goes to control, which joins the thread. Nobody
 * touches the demo after that.
 */
#ifndef SL_DEMO_INTERNAL_H
#define SL_DEMO_INTERNAL_H

#include "base/log.h"
#include "codec/codec.h"
#include "demo/demo.h"
#include "stream/stream.h"

#include <pthread.h>
#include <semaphore.h>

struct sl_demo {
    /* Constant. */
    struct sl_loop *loop;
    struct sl_worker *worker;
    int width, height, fps;
    struct sl_log_scope scope;

    /* The control loop's. */
    struct sl_stream *stream;
    struct sl_stream_listener listener;
    pthread_t thread;
    bool ending, gone;
    void (*on_stopped)(void *owner);
    void *owner;
    struct sl_msg start_msg, done_msg, off_msg;

    /* From others to the job; wake after a change that it may sleep through. */
    _Atomic bool watched[2]; /* by enum sl_media_kind; worker */
    _Atomic bool keyframe_wanted;
    _Atomic bool stopping;  /* control */
    _Atomic bool discarded; /* never seen by anyone: no farewell */
    sem_t wake;

    /* Messages of each kind that the worker has not yet taken. */
    _Atomic int in_flight[2];

    /* Frames of each kind that went into the tracks. The worker's. */
    int64_t given[2];
};

/* ---- job.c ---- */

/* 0; -errno. */
int sl_demo_job_start(struct sl_demo *demo);
/* The thread's encoders, once, to see that they are there: as sl_demo_create(). */
int sl_demo_job_probe(const struct sl_demo *demo, struct sl_error *error);

/* ---- feed.c ---- */

extern const struct sl_source_ops sl_demo_source_ops;

/* May another message of this kind be posted? [job] */
bool sl_feed_has_room(const struct sl_demo *demo, enum sl_media_kind kind);
/* Sends one coded picture or frame of sound to its track; the clock tells which NTP time a local
 * time is. Bytes are copied. -ENOMEM. [job] */
int sl_feed_post(struct sl_demo *demo, enum sl_media_kind kind, int64_t pts_us,
                 const struct sl_track_clock *clock, const struct sl_coded *coded);

#endif
