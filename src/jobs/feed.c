/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frame sinks that fill a job loop's queue. */
#include "jobs/feed.h"

#include "base/clock.h"
#include "net/net.h"

/* What a loop may leave lying: reached only while it computes for seconds. */
enum { WAITING_BYTES_MAX = 8 << 20, WAITING_FRAMES_MAX = 2048 };

/* One frame that waits. */
struct fed {
    struct sl_msg msg; /* in feed->queue */
    struct sl_frame *frame;
    int64_t arrival_us;
};

struct feed_track {
    struct sl_feed *feed;
    struct sl_sink *sink; /* NULL: not wanted, or the stream has no such track */
    /* The worker's. */
    bool dropping; /* up to the next key frame */
};

struct sl_feed {
    struct sl_feed_config config;
    struct sl_sink_ops sink_ops;
    struct sl_worker *worker;
    struct feed_track tracks[2];
    struct sl_queue queue; /* of struct fed */
    struct sl_msg wake_msg;
    _Atomic int64_t waiting_bytes, waiting_frames;
    _Atomic uint64_t dropped;
    _Atomic bool keyframe_posted;
    bool closed; /* the job loop's: nothing is asked for any more */
    struct sl_msg start_msg, keyframe_msg, close_msg, last_msg, fence_msg, closed_msg;
    void (*on_closed)(void *owner);
    void *on_closed_owner;
};

/* ---- On the worker ---- */

static bool has_room(struct sl_feed *feed, const struct sl_frame *frame)
{
    return atomic_load_explicit(&feed->waiting_frames, memory_order_relaxed) < WAITING_FRAMES_MAX &&
           atomic_load_explicit(&feed->waiting_bytes, memory_order_relaxed) + (int64_t)frame->len <=
               WAITING_BYTES_MAX;
}

static void request_keyframe(struct sl_feed *feed)
{
    if (feed->tracks[SL_VIDEO].sink)
        sl_sink_request_keyframe(feed->tracks[SL_VIDEO].sink);
}

static void on_frame(void *owner, struct sl_frame *frame)
{
    struct feed_track *track = owner;
    struct sl_feed *feed = track->feed;

    if (!has_room(feed, frame))
        track->dropping = true;
    else if (frame->keyframe)
        track->dropping = false;
    if (track->dropping) {
        atomic_fetch_add_explicit(&feed->dropped, 1, memory_order_relaxed);
        request_keyframe(feed);
        return;
    }
    struct fed *fed = sl_new(struct fed); /* WAITING_FRAMES_MAX bounds them */
    fed->frame = sl_frame_ref(frame);
    fed->arrival_us = sl_now_us();
    atomic_fetch_add_explicit(&feed->waiting_bytes, (int64_t)frame->len, memory_order_relaxed);
    atomic_fetch_add_explicit(&feed->waiting_frames, 1, memory_order_relaxed);
    if (sl_queue_post(&feed->queue, &fed->msg))
        sl_loop_post(feed->config.job_loop, &feed->wake_msg);
}

static void on_start(struct sl_msg *msg)
{
    struct sl_feed *feed = sl_container_of(msg, struct sl_feed, start_msg);

    for (size_t i = 0; i < 2; i++) {
        if (feed->tracks[i].sink)
            sl_sink_start(feed->tracks[i].sink);
    }
    request_keyframe(feed);
}

static void on_keyframe(struct sl_msg *msg)
{
    struct sl_feed *feed = sl_container_of(msg, struct sl_feed, keyframe_msg);

    atomic_store(&feed->keyframe_posted, false);
    request_keyframe(feed);
}

static void on_close(struct sl_msg *msg)
{
    struct sl_feed *feed = sl_container_of(msg, struct sl_feed, close_msg);

    for (size_t i = 0; i < 2; i++) {
        if (feed->tracks[i].sink)
            sl_sink_stop(feed->tracks[i].sink);
    }
    sl_loop_post(feed->config.job_loop, &feed->last_msg);
}

/* Behind the last request for a key frame: the job loop has posted both. */
static void on_fence(struct sl_msg *msg)
{
    struct sl_feed *feed = sl_container_of(msg, struct sl_feed, fence_msg);

    sl_loop_post(feed->config.control, &feed->closed_msg);
}

/* ---- On the job loop ---- */

static void take_all(struct sl_feed *feed)
{
    struct sl_msg *msg = sl_queue_take(&feed->queue);

    while (msg) {
        struct fed *fed = sl_container_of(msg, struct fed, msg);
        msg = msg->next;
        atomic_fetch_sub_explicit(&feed->waiting_bytes, (int64_t)fed->frame->len,
                                  memory_order_relaxed);
        atomic_fetch_sub_explicit(&feed->waiting_frames, 1, memory_order_relaxed);
        feed->config.ops->on_frame(feed->config.owner, fed->frame, fed->arrival_us);
        sl_frame_unref(fed->frame);
        free(fed);
    }
    feed->config.ops->on_batch(feed->config.owner);
}

static void on_wake(struct sl_msg *msg)
{
    take_all(sl_container_of(msg, struct sl_feed, wake_msg));
}

/* Behind the last wake-up: the worker has posted both. */
static void on_last(struct sl_msg *msg)
{
    struct sl_feed *feed = sl_container_of(msg, struct sl_feed, last_msg);

    feed->closed = true;
    sl_loop_post(sl_worker_loop(feed->worker), &feed->fence_msg);
}

void sl_feed_request_keyframe(struct sl_feed *feed)
{
    if (!feed->closed && !atomic_exchange(&feed->keyframe_posted, true))
        sl_loop_post(sl_worker_loop(feed->worker), &feed->keyframe_msg);
}

/* ---- On the control loop ---- */

static void on_closed(struct sl_msg *msg)
{
    struct sl_feed *feed = sl_container_of(msg, struct sl_feed, closed_msg);

    feed->on_closed(feed->on_closed_owner);
}

struct sl_feed *sl_feed_create(const struct sl_feed_config *config)
{
    struct sl_feed *feed = sl_new(struct sl_feed);

    SL_ASSERT_ON(config->control);
    feed->config = *config;
    feed->sink_ops = (struct sl_sink_ops){.protocol = config->protocol, .on_frame = on_frame};
    feed->worker = sl_stream_worker(config->stream);
    sl_queue_init(&feed->queue);
    feed->wake_msg.run = on_wake;
    feed->start_msg.run = on_start;
    feed->keyframe_msg.run = on_keyframe;
    feed->close_msg.run = on_close;
    feed->last_msg.run = on_last;
    feed->fence_msg.run = on_fence;
    feed->closed_msg.run = on_closed;
    for (size_t i = 0; i < 2; i++) {
        struct sl_track *track =
            config->tracks[i] ? sl_stream_track(config->stream, (enum sl_media_kind)i) : NULL;
        feed->tracks[i].feed = feed;
        if (track)
            feed->tracks[i].sink =
                sl_sink_create(track, feed->worker, &feed->sink_ops, &feed->tracks[i]);
    }
    sl_worker_add_load(feed->worker, 1);
    return feed;
}

void sl_feed_start(struct sl_feed *feed)
{
    SL_ASSERT_ON(feed->config.control);
    sl_loop_post(sl_worker_loop(feed->worker), &feed->start_msg);
}

void sl_feed_close(struct sl_feed *feed, void (*on_feed_closed)(void *owner), void *owner)
{
    SL_ASSERT_ON(feed->config.control);
    feed->on_closed = on_feed_closed;
    feed->on_closed_owner = owner;
    sl_loop_post(sl_worker_loop(feed->worker), &feed->close_msg);
}

void sl_feed_destroy(struct sl_feed *feed)
{
    if (!feed)
        return;
    SL_ASSERT_ON(feed->config.control);
    for (size_t i = 0; i < 2; i++)
        sl_sink_destroy(feed->tracks[i].sink);
    sl_worker_add_load(feed->worker, -1);
    sl_queue_deinit(&feed->queue);
    free(feed);
}

uint64_t sl_feed_dropped(const struct sl_feed *feed)
{
    return atomic_load_explicit(&feed->dropped, memory_order_relaxed);
}
