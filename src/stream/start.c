/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sinks on their worker: they start and stop, wish for something, and find packets again. */
#include "stream/internal.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* ---- The packets kept for retransmission ---- */

static void make_ring(struct fanout *fanout)
{
    size_t packets = fanout->track->ring_packets;

    assert((packets & (packets - 1)) == 0);
    fanout->ring = sl_new_array(struct sl_rtp_packet *, packets);
    fanout->ring_mask = packets - 1;
}

static void drop_ring(struct fanout *fanout)
{
    if (!fanout->ring)
        return;
    for (size_t i = 0; i <= fanout->ring_mask; i++)
        sl_rtp_packet_unref(fanout->ring[i]);
    free(fanout->ring);
    fanout->ring = NULL;
}

static void forget_newest(struct fanout *fanout)
{
    sl_rtp_packet_unref(fanout->newest);
    fanout->newest = NULL;
}

struct sl_rtp_packet *sl_sink_find_packet(struct sl_sink *sink, int64_t seq)
{
    SL_ASSERT_ON(sink->fanout->worker->loop);
    struct fanout *fanout = sink->fanout;

    if (!fanout->ring)
        return NULL;
    struct sl_rtp_packet *packet = fanout->ring[(size_t)seq & fanout->ring_mask];
    return packet && packet->seq == seq ? packet : NULL;
}

struct sl_rtp_packet *sl_sink_newest_packet(struct sl_sink *sink)
{
    SL_ASSERT_ON(sink->fanout->worker->loop);
    return sink->fanout->newest;
}

const struct sl_track_clock *sl_sink_clock(const struct sl_sink *sink)
{
    SL_ASSERT_ON(sink->fanout->worker->loop);
    return &sink->fanout->clock;
}

/* ---- Wishes ---- */

static int64_t impatience_of(const struct sl_sink *sink, int64_t least_us)
{
    return sink->keyframe_every_us > 0 && sink->keyframe_every_us < least_us
               ? sink->keyframe_every_us
               : least_us;
}

static uint64_t narrower(const struct sl_sink *sink, uint64_t bound_bps)
{
    return sink->bound_bps > 0 && (bound_bps == 0 || sink->bound_bps < bound_bps) ? sink->bound_bps
                                                                                  : bound_bps;
}

/* The least that one of them wants, and that one of them takes; the most that one of them loses. */
static void check_wishes(struct fanout *fanout)
{
    int64_t least_us = INT64_MAX;
    uint64_t bound_bps = 0;
    uint8_t losses = 0;
    struct sl_sink *sink;

    for (size_t i = 0; i < fanout->packet_sink_count; i++) {
        least_us = impatience_of(fanout->sinks[i], least_us);
        bound_bps = narrower(fanout->sinks[i], bound_bps);
        losses = fanout->sinks[i]->losses > losses ? fanout->sinks[i]->losses : losses;
    }
    sl_list_foreach(sink, &fanout->frame_sinks, struct sl_sink, link) least_us =
        impatience_of(sink, least_us);
    least_us = least_us == INT64_MAX ? 0 : least_us;
    if (least_us == atomic_load_explicit(&fanout->keyframe_every_us, memory_order_relaxed) &&
        bound_bps == atomic_load_explicit(&fanout->bound_bps, memory_order_relaxed) &&
        losses == atomic_load_explicit(&fanout->losses, memory_order_relaxed))
        return;
    atomic_store_explicit(&fanout->keyframe_every_us, least_us, memory_order_relaxed);
    atomic_store_explicit(&fanout->bound_bps, bound_bps, memory_order_relaxed);
    atomic_store_explicit(&fanout->losses, losses, memory_order_relaxed);
    sl_fanout_tell_sinks(fanout);
}

/* For the sake of one of them: it matters how many others there are. */
static bool is_bounded(const struct fanout *fanout)
{
    return atomic_load_explicit(&fanout->bound_bps, memory_order_relaxed) > 0;
}

void sl_sink_request_keyframe(struct sl_sink *sink)
{
    SL_ASSERT_ON(sink->fanout->worker->loop);
    sl_fanout_want_keyframe(sink->fanout);
}

void sl_sink_wish_keyframes(struct sl_sink *sink, int64_t every_us)
{
    SL_ASSERT_ON(sink->fanout->worker->loop);
    if (!sink->started || sink->keyframe_every_us == every_us)
        return;
    sink->keyframe_every_us = every_us;
    check_wishes(sink->fanout);
}

void sl_sink_bound_bitrate(struct sl_sink *sink, uint64_t bitrate_bps)
{
    SL_ASSERT_ON(sink->fanout->worker->loop);
    if (!sink->started || sink->bound_bps == bitrate_bps)
        return;
    sink->bound_bps = bitrate_bps;
    check_wishes(sink->fanout);
}

void sl_sink_tell_losses(struct sl_sink *sink, uint8_t fraction)
{
    SL_ASSERT_ON(sink->fanout->worker->loop);
    if (!sink->started || sink->losses == fraction)
        return;
    sink->losses = fraction;
    check_wishes(sink->fanout);
}

/* ---- Coming and going ---- */

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
    atomic_store_explicit(&fanout->packet_sinks, fanout->packet_sink_count, memory_order_relaxed);
}

static void add_frame_sink(struct fanout *fanout, struct sl_sink *sink)
{
    sink->synced = false;
    sink->waiting = sl_track_keeps(fanout->track);
    sl_list_append(&fanout->frame_sinks, &sink->link);
    fanout->waiting_since_us = 0; /* who comes asks by itself */
    sl_fanout_begin_frames(fanout);
}

/* Of one of the codecs at least. */
static bool can_make_frames(const struct sl_track *track)
{
    if (track->config.frames || track->config.codec_count == 0)
        return true;
    for (size_t i = 0; i < track->config.codec_count; i++) {
        if (sl_assembler_takes(track->config.codecs[i].codec))
            return true;
    }
    return false;
}

/* 0: it may start; or why it is over already. */
static int refusal(const struct sl_sink *sink)
{
    if (sink->fanout->ended)
        return -EPIPE;
    return sink->ops->on_frame && !can_make_frames(sink->fanout->track) ? -ENOSYS : 0;
}

void sl_sink_start(struct sl_sink *sink)
{
    struct fanout *fanout = sink->fanout;

    SL_ASSERT_ON(fanout->worker->loop);
    if (sink->started)
        return;
    int refused = refusal(sink);
    if (refused < 0) {
        if (sink->ops->on_end)
            sink->ops->on_end(sink->owner, refused);
        return;
    }
    if (sink->keeps && fanout->keeping++ == 0)
        make_ring(fanout);
    sink->started = true;
    if (sink->ops->on_packets)
        add_packet_sink(fanout, sink);
    else
        add_frame_sink(fanout, sink);
    if (count_sinks(fanout, 1) == 1 || is_bounded(fanout))
        sl_fanout_tell_sinks(fanout);
    if (sink->keyframe_every_us > 0)
        check_wishes(fanout);
    if (sink->waiting)
        sl_fanout_join(fanout);
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
    SL_ASSERT_ON(fanout->worker->loop);
    sink->started = false;
    if (sink->ops->on_packets) {
        struct sl_sink *last = fanout->sinks[--fanout->packet_sink_count];
        fanout->sinks[sink->index] = last;
        last->index = sink->index;
        atomic_store_explicit(&fanout->packet_sinks, fanout->packet_sink_count,
                              memory_order_relaxed);
    } else {
        sl_list_remove(&sink->link);
        sl_codec_config_unref(sink->codec_config);
        sink->codec_config = NULL;
        sink->codec = SL_CODEC_NONE;
        if (sl_list_empty(&fanout->frame_sinks))
            sl_fanout_end_frames(fanout);
    }
    sink->waiting = false;
    if (sink->keyframe_every_us > 0 || sink->bound_bps > 0 || sink->losses > 0)
        check_wishes(fanout);
    if (sink->keeps && --fanout->keeping == 0)
        drop_ring(fanout); /* nobody can ask for these packets any more */
    if (count_sinks(fanout, -1) > 0) {
        if (is_bounded(fanout))
            sl_fanout_tell_sinks(fanout);
        return;
    }
    forget_newest(fanout);
    sl_fanout_tell_sinks(fanout);
}

void sl_sink_end(struct sl_sink *sink, int reason)
{
    sl_sink_stop(sink);
    if (sink->ops->on_end)
        sink->ops->on_end(sink->owner, reason);
}
