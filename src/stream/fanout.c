/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A track's presence on one worker: the sinks there, the packets kept for retransmission, and the
 * way packets come over from the home worker. */
#include "stream/internal.h"

#include "base/metrics.h"

#include <assert.h>
#include <errno.h>

static void on_added(struct sl_msg *msg) /* on the home worker */
{
    struct fanout *fanout = sl_container_of(msg, struct fanout, add_msg);
    struct sl_track *track = fanout->track;

    track->active[track->active_count++] = fanout;
}

static void on_end(struct sl_msg *msg)
{
    sl_fanout_end(sl_container_of(msg, struct fanout, end_msg));
}

static void on_drained(struct sl_msg *msg) /* on the control loop */
{
    struct fanout *fanout = sl_container_of(msg, struct fanout, drained_msg);

    fanout->drained = true;
    fanout->track->stream->draining--;
    sl_stream_check_free(fanout->track->stream);
}

static void on_handover(struct sl_msg *msg)
{
    struct handover *handover = sl_container_of(msg, struct handover, msg);
    struct delivery deliveries[2];
    size_t count = 0;

    for (size_t i = 0; i < 2; i++) {
        deliveries[i] = (struct delivery){
            .fanout = handover->parts[i].fanout,
            .clock = &handover->parts[i].clock,
            .packets = handover->packets + count,
            .count = handover->parts[i].count,
        };
        count += handover->parts[i].count;
    }
    sl_fanout_deliver(&deliveries[0], &deliveries[1]);
    for (size_t i = 0; i < count; i++)
        sl_rtp_packet_unref(handover->packets[i]);
    atomic_store_explicit(&handover->busy, false, memory_order_release);
}

struct fanout *sl_fanout_create(struct sl_track *track, struct sl_worker *worker)
{
    struct fanout *fanout = sl_new(struct fanout);

    fanout->track = track;
    fanout->worker = worker;
    fanout->add_msg.run = on_added;
    fanout->end_msg.run = on_end;
    fanout->drained_msg.run = on_drained;
    sl_list_init(&fanout->frame_sinks);
    sl_fanout_init_told(fanout);
    sl_fanout_init_relay(fanout);
    return fanout;
}

void sl_fanout_free(struct fanout *fanout)
{
    if (!fanout)
        return;
    for (size_t i = 0; i < HANDOVER_BATCHES; i++)
        free(fanout->handovers[i]);
    free(fanout->frame_handovers);
    free(fanout->sinks);
    free(fanout->ring);
    free(fanout);
}

static void put_into(struct handover *handover, size_t part, size_t at,
                     const struct delivery *delivery)
{
    handover->parts[part].fanout = delivery->fanout;
    handover->parts[part].count = delivery->count;
    if (!delivery->fanout)
        return;
    handover->parts[part].clock = *delivery->clock;
    for (size_t i = 0; i < delivery->count; i++)
        handover->packets[at + i] = sl_rtp_packet_ref(delivery->packets[i]);
}

/* The first that is free, so that few are ever made; NULL: all are on their way. */
static struct handover *find_handover(struct fanout *fanout)
{
    for (size_t i = 0; i < HANDOVER_BATCHES; i++) {
        struct handover *handover = fanout->handovers[i];
        if (!handover) {
            handover = sl_new(struct handover);
            handover->msg.run = on_handover;
            fanout->handovers[i] = handover;
            return handover;
        }
        if (!atomic_load_explicit(&handover->busy, memory_order_acquire))
            return handover;
    }
    return NULL;
}

void sl_fanout_hand_over(const struct delivery *delivery, const struct delivery *rider)
{
    struct fanout *fanout = delivery->fanout;
    struct handover *handover = find_handover(fanout);

    if (!handover) {
        sl_count(fanout->track->home->counters, SL_COUNTER_PACKETS_DROPPED_QUEUE,
                 delivery->count + rider->count);
        return;
    }
    atomic_store_explicit(&handover->busy, true, memory_order_relaxed);
    put_into(handover, 0, 0, delivery);
    put_into(handover, 1, delivery->count, rider);
    sl_loop_post(fanout->worker->loop, &handover->msg);
}

static void keep(struct fanout *fanout, struct sl_rtp_packet *packet)
{
    struct sl_rtp_packet **slot = &fanout->ring[(size_t)packet->seq & fanout->ring_mask];

    if (*slot && (*slot)->seq >= packet->seq)
        return; /* a duplicate, or older than what replaced it */
    sl_rtp_packet_unref(*slot);
    *slot = sl_rtp_packet_ref(packet);
}

static void note_newest(struct fanout *fanout, const struct delivery *delivery)
{
    struct sl_rtp_packet *newest = fanout->newest;

    for (size_t i = 0; i < delivery->count; i++) {
        if (!newest || delivery->packets[i]->seq > newest->seq)
            newest = delivery->packets[i];
    }
    if (newest == fanout->newest)
        return;
    sl_rtp_packet_unref(fanout->newest);
    fanout->newest = sl_rtp_packet_ref(newest);
}

/* False if the fanout has no use for them. */
static bool take_in(const struct delivery *delivery)
{
    struct fanout *fanout = delivery->fanout;

    if (!fanout || fanout->ended || delivery->count == 0 ||
        atomic_load_explicit(&fanout->sink_count, memory_order_relaxed) == 0)
        return false;
    fanout->clock = *delivery->clock;
    note_newest(fanout, delivery);
    for (size_t i = 0; fanout->ring && i < delivery->count; i++)
        keep(fanout, delivery->packets[i]);
    return true;
}

static void give_to(const struct sl_sink *sink, const struct delivery *delivery)
{
    sink->ops->on_packets(sink->owner, delivery->packets, delivery->count);
}

void sl_fanout_deliver(const struct delivery *delivery, const struct delivery *rider)
{
    const struct fanout *fanout = delivery->fanout;
    bool carries = take_in(delivery), rides = take_in(rider);

    for (size_t i = 0; carries && i < fanout->packet_sink_count; i++) {
        const struct sl_sink *sink = fanout->sinks[i];
        if (i + 4 < fanout->packet_sink_count) {
            __builtin_prefetch(fanout->sinks[i + 4]);
            __builtin_prefetch(fanout->sinks[i + 2]->owner);
        }
        give_to(sink, delivery);
        if (rides && sink->rider && sink->rider->started)
            give_to(sink->rider, rider);
    }
    for (size_t i = 0; rides && i < rider->fanout->packet_sink_count; i++) {
        const struct sl_sink *sink = rider->fanout->sinks[i];
        if (!carries || !sink->carrier || !sink->carrier->started)
            give_to(sink, rider);
    }
    if (carries)
        sl_fanout_assemble(delivery->fanout, delivery->packets, delivery->count);
    if (rides)
        sl_fanout_assemble(rider->fanout, rider->packets, rider->count);
}

void sl_fanout_end(struct fanout *fanout)
{
    struct sl_sink *sink;

    fanout->ended = true;
    while (fanout->packet_sink_count > 0)
        sl_sink_end(fanout->sinks[fanout->packet_sink_count - 1], -EPIPE);
    sl_list_foreach(sink, &fanout->frame_sinks, struct sl_sink, link) sl_sink_end(sink, -EPIPE);
    sl_loop_post(fanout->track->stream->control, &fanout->drained_msg);
}
