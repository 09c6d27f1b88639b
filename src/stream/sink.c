/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sinks: made and destroyed on the control loop, started and stopped on their worker. */
#include "stream/internal.h"

#include "base/metrics.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

struct sl_sink *sl_sink_create(struct sl_track *track, struct sl_worker *worker,
                               const struct sl_sink_ops *ops, void *owner)
{
    struct sl_sink *sink = sl_new(struct sl_sink);
    struct fanout *fanout = track->fanouts[worker->index];

    if (!fanout) {
        fanout = fanout_create(track, worker);
        track->fanouts[worker->index] = fanout;
        if (track->stream->ended) {
            /* Home has been told of the end and would never end this one. No sink can have
             * started on it, so its worker-side state may be set from here. */
            fanout->ended = true;
            fanout->drained = true;
        } else {
            track->stream->draining++;
            sl_loop_post(track->home->loop, &fanout->add_msg);
        }
    }
    fanout->refs++;
    sink->fanout = fanout;
    sink->ops = ops;
    sink->owner = owner;
    return sink;
}

void sl_sink_ride(struct sl_sink *audio, struct sl_sink *video)
{
    assert(audio->fanout->track->stream == video->fanout->track->stream);
    assert(audio->fanout->worker == video->fanout->worker);
    assert(audio->fanout->track->kind == SL_AUDIO && video->fanout->track->kind == SL_VIDEO);
    audio->carrier = video;
    video->rider = audio;
}

void sl_sink_destroy(struct sl_sink *sink)
{
    if (!sink)
        return;
    struct sl_stream *stream = sink->fanout->track->stream;
    sink->fanout->refs--;
    free(sink);
    stream_check_free(stream);
}

static void make_ring(struct fanout *fanout)
{
    size_t packets = fanout->track->ring_packets;

    assert((packets & (packets - 1)) == 0);
    fanout->ring = sl_new_array(struct sl_rtp_packet *, packets);
    fanout->ring_mask = packets - 1;
}

static size_t count_sinks(struct fanout *fanout, int change)
{
    size_t count = atomic_load_explicit(&fanout->sink_count, memory_order_relaxed);

    atomic_store_explicit(&fanout->sink_count, count + (size_t)change, memory_order_relaxed);
    return count + (size_t)change;
}

static void add_packet_sink(struct fanout *fanout, struct sl_sink *sink)
{
    if (fanout->packet_sink_count == fanout->sinks_capacity) {
        size_t capacity = fanout->sinks_capacity ? fanout->sinks_capacity * 2 : 8;
        struct sl_sink **sinks = sl_new_array(struct sl_sink *, capacity);
        if (fanout->packet_sink_count > 0)
            memcpy(sinks, fanout->sinks, fanout->packet_sink_count * sizeof(struct sl_sink *));
        free(fanout->sinks);
        fanout->sinks = sinks;
        fanout->sinks_capacity = capacity;
    }
    sink->index = fanout->packet_sink_count++;
    fanout->sinks[sink->index] = sink;
}

static void add_frame_sink(struct fanout *fanout, struct sl_sink *sink)
{
    sl_list_append(&fanout->frame_sinks, &sink->link);
    if (!fanout->frames)
        fanout->frames = frames_create(fanout);
    if (fanout->frames && !sl_list_linked(&fanout->ticking))
        sl_list_append(&fanout->worker->frame_fanouts, &fanout->ticking);
}

void sl_sink_start(struct sl_sink *sink)
{
    struct fanout *fanout = sink->fanout;

    assert(sl_loop_is_current(fanout->worker->loop));
    if (sink->started)
        return;
    if (fanout->ended) {
        if (sink->ops->on_end)
            sink->ops->on_end(sink->owner, -EPIPE);
        return;
    }
    if (!fanout->ring)
        make_ring(fanout);
    sink->started = true;
    if (sink->ops->on_packets)
        add_packet_sink(fanout, sink);
    else
        add_frame_sink(fanout, sink);
    if (count_sinks(fanout, 1) == 1)
        fanout_tell_sinks(fanout);
}

void sl_sink_stop(struct sl_sink *sink)
{
    struct fanout *fanout = sink->fanout;

    if (sink->rider)
        sink->rider->carrier = NULL;
    if (sink->carrier)
        sink->carrier->rider = NULL;
    sink->rider = sink->carrier = NULL;
    if (!sink->started)
        return;
    assert(sl_loop_is_current(fanout->worker->loop));
    sink->started = false;
    if (sink->ops->on_packets) {
        struct sl_sink *last = fanout->sinks[--fanout->packet_sink_count];
        fanout->sinks[sink->index] = last;
        last->index = sink->index;
    } else {
        sl_list_remove(&sink->link);
        if (sl_list_empty(&fanout->frame_sinks)) {
            sl_list_remove(&fanout->ticking);
            frames_destroy(fanout->frames);
            fanout->frames = NULL;
        }
    }
    if (count_sinks(fanout, -1) > 0)
        return;
    fanout_drop_ring(fanout); /* nobody can ask for these packets any more */
    fanout_tell_sinks(fanout);
}

void sink_end(struct sl_sink *sink)
{
    sl_sink_stop(sink);
    if (sink->ops->on_end)
        sink->ops->on_end(sink->owner, -EPIPE);
}

void sl_sink_request_keyframe(struct sl_sink *sink)
{
    struct fanout *fanout = sink->fanout;

    if (fanout->ended)
        return;
    if (fanout->worker == fanout->track->home)
        track_want_keyframe(fanout->track);
    else if (!atomic_exchange(&fanout->keyframe_posted, true))
        sl_loop_post(fanout->track->home->loop, &fanout->keyframe_msg);
}

struct sl_rtp_packet *sl_sink_find_packet(struct sl_sink *sink, int64_t seq)
{
    struct fanout *fanout = sink->fanout;

    if (!fanout->ring)
        return NULL;
    struct sl_rtp_packet *packet = fanout->ring[(size_t)seq & fanout->ring_mask];
    return packet && packet->seq == seq ? packet : NULL;
}

struct sl_rtp_packet *sl_sink_newest_packet(struct sl_sink *sink)
{
    return sink->fanout->newest;
}

const struct sl_track_clock *sl_sink_clock(const struct sl_sink *sink)
{
    return &sink->fanout->clock;
}
