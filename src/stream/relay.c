/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames to the frame sinks of one worker: of its packets, and from the home worker. */
#include "stream/internal.h"

#include "base/mem.h"
#include "base/metrics.h"

#include <errno.h>

/* ---- Of packets [worker] ---- */

static void end_frame_sinks(struct fanout *fanout)
{
    struct sl_sink *sink;

    sl_list_foreach(sink, &fanout->frame_sinks, struct sl_sink, link) sl_sink_end(sink, -ENOSYS);
}

void sl_fanout_assemble(struct fanout *fanout, struct sl_rtp_packet *const *packets, size_t count)
{
    for (size_t i = 0; i < count && fanout->frames; i++) {
        if (sl_frames_input(fanout->frames, packets[i]) < 0)
            end_frame_sinks(fanout); /* the last of them takes fanout->frames along */
    }
}

/* ---- To another worker ---- */

/* Frames on their way. */
struct frame_handover {
    struct sl_msg msg;
    _Atomic bool busy;
    struct fanout *fanout;
    struct sl_track_clock clock;
    size_t count, bytes;
    struct sl_frame *frames[FRAME_BATCH];
};

static void on_handover(struct sl_msg *msg) /* on the fanout's worker */
{
    struct frame_handover *handover = sl_container_of(msg, struct frame_handover, msg);
    struct fanout *fanout = handover->fanout;

    fanout->clock = handover->clock;
    for (size_t i = 0; i < handover->count; i++) {
        sl_fanout_give_frame(fanout, handover->frames[i]);
        sl_frame_unref(handover->frames[i]);
    }
    atomic_fetch_sub_explicit(&fanout->frame_bytes, handover->bytes, memory_order_relaxed);
    atomic_store_explicit(&handover->busy, false, memory_order_release);
}

static struct frame_handover *make_handovers(void)
{
    struct frame_handover *handovers = sl_new_array(struct frame_handover, HANDOVER_BATCHES);

    for (size_t i = 0; i < HANDOVER_BATCHES; i++)
        handovers[i].msg.run = on_handover;
    return handovers;
}

/* Those that go over: none up to a key frame once some found no room. */
static size_t choose(struct fanout *fanout, struct frame_handover *handover,
                     struct sl_frame *const *frames, size_t count)
{
    size_t bytes = atomic_load_explicit(&fanout->frame_bytes, memory_order_relaxed), dropped = 0;

    handover->count = 0;
    handover->bytes = 0;
    for (size_t i = 0; i < count; i++) {
        if (frames[i]->len > FRAME_HANDOVER_BYTES_MAX - bytes)
            fanout->frames_lost = true;
        else if (frames[i]->keyframe)
            fanout->frames_lost = false;
        if (fanout->frames_lost) {
            dropped++;
            continue;
        }
        bytes += frames[i]->len;
        handover->bytes += frames[i]->len;
        handover->frames[handover->count++] = sl_frame_ref(frames[i]);
    }
    return dropped;
}

void sl_fanout_hand_over_frames(struct fanout *fanout, struct sl_frame *const *frames, size_t count)
{
    struct sl_track *track = fanout->track;
    size_t dropped = count;

    if (!fanout->frame_handovers)
        fanout->frame_handovers = make_handovers();
    struct frame_handover *handover = &fanout->frame_handovers[fanout->next_frame_handover];
    if (atomic_load_explicit(&handover->busy, memory_order_acquire))
        fanout->frames_lost = true;
    else
        dropped = choose(fanout, handover, frames, count);
    if (dropped > 0) {
        sl_count(track->home->counters, SL_COUNTER_PACKETS_DROPPED_QUEUE, dropped);
        if (track->kind == SL_VIDEO)
            sl_track_want_keyframe_soon(track);
    }
    if (dropped == count)
        return;
    fanout->next_frame_handover = (fanout->next_frame_handover + 1) % HANDOVER_BATCHES;
    handover->fanout = fanout;
    handover->clock = track->clock;
    atomic_fetch_add_explicit(&fanout->frame_bytes, handover->bytes, memory_order_relaxed);
    atomic_store_explicit(&handover->busy, true, memory_order_relaxed);
    sl_loop_post(fanout->worker->loop, &handover->msg);
}

/* ---- What is kept ---- */

/* On their way to the fanout's worker. */
struct replay {
    struct sl_msg msg;
    struct fanout *fanout;
    struct sl_track_clock clock;
    size_t count;
    struct sl_frame *frames[];
};

static void on_replay(struct sl_msg *msg) /* on the fanout's worker */
{
    struct replay *replay = sl_container_of(msg, struct replay, msg);

    replay->fanout->clock = replay->clock;
    sl_fanout_give_kept(replay->fanout, replay->frames, replay->count);
    for (size_t i = 0; i < replay->count; i++)
        sl_frame_unref(replay->frames[i]);
    free(replay);
}

void sl_fanout_replay(struct fanout *fanout, struct sl_frame *const *frames, size_t count)
{
    const struct sl_track *track = fanout->track;

    if (fanout->worker == track->home) {
        fanout->clock = track->clock;
        sl_fanout_give_kept(fanout, frames, count);
        return;
    }
    /* One at a time for each of those that join; kept.c bounds it. */
    struct replay *replay = sl_alloc(sizeof(*replay) + count * sizeof(replay->frames[0]));
    replay->msg.run = on_replay;
    replay->fanout = fanout;
    replay->clock = track->clock;
    replay->count = count;
    for (size_t i = 0; i < count; i++)
        replay->frames[i] = sl_frame_ref(frames[i]);
    sl_loop_post(fanout->worker->loop, &replay->msg);
}

static void on_refuse(struct sl_msg *msg) /* on the fanout's worker */
{
    struct fanout *fanout = sl_container_of(msg, struct fanout, refuse_msg);

    atomic_store(&fanout->refuse_posted, false);
    end_frame_sinks(fanout);
}

void sl_fanout_refuse(struct fanout *fanout)
{
    if (fanout->worker == fanout->track->home)
        end_frame_sinks(fanout);
    else if (!atomic_exchange(&fanout->refuse_posted, true))
        sl_loop_post(fanout->worker->loop, &fanout->refuse_msg);
}

void sl_fanout_init_relay(struct fanout *fanout)
{
    fanout->refuse_msg.run = on_refuse;
}
