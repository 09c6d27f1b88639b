/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of demo/ share, and who may touch which part.
 *
 *   demo.c     control: the stream, and a job at the transcoder as long as it lives
 *   source.c   worker: who watches, and wants key frames
 *   job.c      worker: while somebody watches, orders to the codec process when it is time, and
 *              what it has coded into the tracks
 *
 * The end: control ends the stream; stop_msg goes to the worker, behind all that still asks there,
 * and left_msg back; then the job is closed. Nobody touches the demo after that.
 */
#ifndef SL_DEMO_INTERNAL_H
#define SL_DEMO_INTERNAL_H

#include "base/log.h"
#include "demo/demo.h"
#include "net/net.h"
#include "stream/stream.h"
#include "transcoder/transcoder.h"

enum {
    SL_DEMO_RETRY_MS = 3000, /* after a failure */
    /* Orders on their way: a third of a second. More, and the process is in trouble already. */
    SL_DEMO_ORDERS_MAX = 16,
};

/* What the process was asked for and has not given, the oldest first. */
struct orders {
    size_t count;
    struct sl_track_clock at[SL_DEMO_ORDERS_MAX]; /* which NTP time each one's time is */
};

/* From the first watcher to the last, as far as there is a process. The worker's. */
struct performance {
    struct sl_demo *demo;   /* constant */
    bool up;                /* there is a process */
    bool open;              /* it knows of the demo: the performance goes on */
    bool stopped;           /* for ever */
    struct sl_timer *timer; /* NULL: it was never up */
    int64_t epoch_us;       /* monotonic */
    int64_t epoch_wall_us;  /* the same since 1970: a full second */
    int64_t zone_us;        /* local time - UTC, for the clock on the picture */
    int64_t next_picture, next_sound;
    struct orders orders[2]; /* by enum sl_media_kind */
    uint64_t skipped;        /* pictures */
    int64_t complained_us;
};

struct sl_demo {
    /* Constant. */
    struct sl_loop *loop;
    struct sl_worker *worker;
    struct sl_transcoder *transcoder;
    int width, height, fps;
    struct sl_log_scope scope;

    /* The control loop's. */
    struct sl_stream *stream; /* the worker has its tracks from it */
    struct sl_stream_listener listener;
    struct sl_codec_job *job; /* NULL: none can be had. The worker's between up and down */
    bool job_closing;
    struct sl_timer *retry_timer;
    int64_t told_us; /* the log, that none can be had */
    bool ending, left, gone;
    void (*on_stopped)(void *owner);
    void *owner;
    struct sl_msg start_msg, stop_msg, left_msg, off_msg;

    /* The worker's. */
    struct performance performance;
    bool watched[2]; /* by enum sl_media_kind */
    bool keyframe_wanted;
    int64_t given[2]; /* frames of each kind that went into the tracks */
};

/* ---- job.c [worker] ---- */

/* Begins, goes on or ends, as somebody watches and there is a process. */
void sl_demo_look(struct sl_demo *demo);
/* Nothing is ordered after this. */
void sl_demo_leave(struct sl_demo *demo);

/* Of struct sl_codec_job_ops; owner: the demo. */
void sl_demo_on_up(void *owner, bool again, bool crowded);
void sl_demo_on_down(void *owner);
void sl_demo_on_report(void *owner, const struct sl_engine_message *report);

/* ---- source.c ---- */

extern const struct sl_source_ops sl_demo_source_ops;

#endif
