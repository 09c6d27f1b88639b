/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frame sinks that fill a job's queue. */
#include "push/feed.h"

#include "base/clock.h"
#include "net/net.h"

/* What a job may leave lying: it trims its own backlog (backlog.h) to less, so this is reached only
 * while it computes for seconds. */
enum { IN_FLIGHT_BYTES_MAX = 8 << 20, IN_FLIGHT_ITEMS_MAX = 2048 };

struct feed_track {
    struct feed *feed;
    struct sl_sink *sink; /* NULL: the stream has no such track */
    enum sl_codec codec;  /* the one that the job was set up for */
    /* The worker's. */
    bool dropping; /* up to the next key frame */
};

struct feed {
    struct feed_config config;
    struct sl_worker *worker;
    struct feed_track tracks[2];
    _Atomic int64_t in_flight_bytes, in_flight_items;
    _Atomic uint64_t dropped;
    _Atomic bool keyframe_posted;
    struct sl_msg start_msg, keyframe_msg, close_msg, closed_msg;
    void (*on_closed)(void *owner);
    void *on_closed_owner;
};

static bool has_room(struct feed *feed, const struct sl_frame *frame)
{
    return atomic_load_explicit(&feed->in_flight_items, memory_order_relaxed) <
               IN_FLIGHT_ITEMS_MAX &&
           atomic_load_explicit(&feed->in_flight_bytes, memory_order_relaxed) +
                   (int64_t)frame->len <=
               IN_FLIGHT_BYTES_MAX;
}

static void request_keyframe(struct feed *feed) /* on the worker */
{
    if (feed->tracks[SL_VIDEO].sink)
        sl_sink_request_keyframe(feed->tracks[SL_VIDEO].sink);
}

static void on_frame(void *owner, struct sl_frame *frame)
{
    struct feed_track *track = owner;
    struct feed *feed = track->feed;

    if (frame->codec != track->codec)
        return; /* the source changed it */
    if (!has_room(feed, frame))
        track->dropping = true;
    else if (frame->keyframe)
        track->dropping = false;
    if (track->dropping) {
        atomic_fetch_add_explicit(&feed->dropped, 1, memory_order_relaxed);
        request_keyframe(feed);
        return;
    }
    struct feed_item *item = sl_new(struct feed_item); /* IN_FLIGHT_ITEMS_MAX bounds them */
    item->msg.run = feed->config.on_item;
    item->feed = feed;
    item->frame = sl_frame_ref(frame);
    item->arrival_us = sl_now_us();
    atomic_fetch_add_explicit(&feed->in_flight_bytes, (int64_t)frame->len, memory_order_relaxed);
    atomic_fetch_add_explicit(&feed->in_flight_items, 1, memory_order_relaxed);
    sl_loop_post(feed->config.job_loop, &item->msg);
}

static const struct sl_sink_ops sink_ops = {.protocol = "rtmp", .on_frame = on_frame};

void feed_item_free(struct feed_item *item)
{
    struct feed *feed = item->feed;

    atomic_fetch_sub_explicit(&feed->in_flight_bytes, (int64_t)item->frame->len,
                              memory_order_relaxed);
    atomic_fetch_sub_explicit(&feed->in_flight_items, 1, memory_order_relaxed);
    sl_frame_unref(item->frame);
    free(item);
}

/* ---- Messages ---- */

static void on_start(struct sl_msg *msg) /* on the worker */
{
    struct feed *feed = sl_container_of(msg, struct feed, start_msg);

    for (size_t i = 0; i < 2; i++) {
        if (feed->tracks[i].sink)
            sl_sink_start(feed->tracks[i].sink);
    }
    request_keyframe(feed);
}

static void on_keyframe(struct sl_msg *msg) /* on the worker */
{
    struct feed *feed = sl_container_of(msg, struct feed, keyframe_msg);

    atomic_store(&feed->keyframe_posted, false);
    request_keyframe(feed);
}

static void on_closed(struct sl_msg *msg) /* on the control loop */
{
    struct feed *feed = sl_container_of(msg, struct feed, closed_msg);

    feed->on_closed(feed->on_closed_owner);
}

static void on_close(struct sl_msg *msg) /* on the worker */
{
    struct feed *feed = sl_container_of(msg, struct feed, close_msg);

    for (size_t i = 0; i < 2; i++) {
        if (feed->tracks[i].sink)
            sl_sink_stop(feed->tracks[i].sink);
    }
    sl_loop_post(feed->config.control, &feed->closed_msg);
}

/* ---- Life ---- */

struct feed *feed_create(const struct feed_config *config)
{
    struct feed *feed = sl_new(struct feed);

    feed->config = *config;
    feed->worker = sl_stream_worker(config->stream);
    feed->start_msg.run = on_start;
    feed->keyframe_msg.run = on_keyframe;
    feed->close_msg.run = on_close;
    feed->closed_msg.run = on_closed;
    for (size_t i = 0; i < 2; i++) {
        struct sl_track *track =
            config->tracks[i] ? sl_stream_track(config->stream, (enum sl_media_kind)i) : NULL;
        feed->tracks[i].feed = feed;
        if (!track)
            continue;
        feed->tracks[i].codec = sl_track_codecs(track)->codecs[0].codec;
        feed->tracks[i].sink = sl_sink_create(track, feed->worker, &sink_ops, &feed->tracks[i]);
    }
    sl_worker_add_load(feed->worker, 1);
    return feed;
}

void feed_start(struct feed *feed)
{
    sl_loop_post(sl_worker_loop(feed->worker), &feed->start_msg);
}

void feed_close(struct feed *feed, void (*on_feed_closed)(void *owner), void *owner)
{
    feed->on_closed = on_feed_closed;
    feed->on_closed_owner = owner;
    sl_loop_post(sl_worker_loop(feed->worker), &feed->close_msg);
}

void feed_destroy(struct feed *feed)
{
    if (!feed)
        return;
    for (size_t i = 0; i < 2; i++)
        sl_sink_destroy(feed->tracks[i].sink);
    sl_worker_add_load(feed->worker, -1);
    free(feed);
}

void *feed_owner(const struct feed *feed)
{
    return feed->config.owner;
}

void feed_request_keyframe(struct feed *feed)
{
    if (!atomic_exchange(&feed->keyframe_posted, true))
        sl_loop_post(sl_worker_loop(feed->worker), &feed->keyframe_msg);
}

uint64_t feed_dropped(const struct feed *feed)
{
    return atomic_load_explicit(&feed->dropped, memory_order_relaxed);
}
