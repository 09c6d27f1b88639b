/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames to the sinks of frames of one worker, and the making of them where the track has packets
 * only. All on that worker. */
#include "base/clock.h"
#include "stream/internal.h"

enum { ASK_AGAIN_US = SL_US_PER_S };

/* Pictures come, and none that somebody here could begin with: what was asked for was lost on its
 * way, or came too soon after another to be heeded, as browsers do. */
static void ask_again(struct fanout *fanout)
{
    int64_t now_us = sl_now_us();

    if (fanout->waiting_since_us != 0 && now_us - fanout->waiting_since_us < ASK_AGAIN_US)
        return;
    if (fanout->waiting_since_us != 0)
        sl_fanout_want_keyframe(fanout);
    fanout->waiting_since_us = now_us;
}

static void tell_codec(struct sl_sink *sink, struct sl_frame *frame)
{
    sl_codec_config_unref(sink->codec_config);
    sink->codec = frame->codec;
    sink->codec_config = sl_codec_config_ref(frame->config);
    if (sink->ops->on_codec)
        sink->ops->on_codec(sink->owner, frame->codec, frame->config);
}

static void give(struct sl_sink *sink, struct sl_frame *frame)
{
    if (sink->waiting)
        return;
    if (!sink->synced && !frame->keyframe) {
        ask_again(sink->fanout);
        return;
    }
    sink->synced = true;
    if (frame->codec != sink->codec || frame->config != sink->codec_config)
        tell_codec(sink, frame);
    sink->ops->on_frame(sink->owner, frame);
}

void sl_fanout_give_frame(struct fanout *fanout, struct sl_frame *frame)
{
    struct sl_sink *sink;

    if (frame->keyframe)
        fanout->waiting_since_us = 0;
    sl_list_foreach(sink, &fanout->frame_sinks, struct sl_sink, link) give(sink, frame);
}

void sl_fanout_give_kept(struct fanout *fanout, struct sl_frame *const *frames, size_t count)
{
    struct sl_sink *sink;

    sl_list_foreach(sink, &fanout->frame_sinks, struct sl_sink, link)
    {
        if (!sink->waiting)
            continue;
        sink->waiting = false;
        for (size_t i = 0; i < count && sink->started; i++) /* it may stop with any of them */
            give(sink, frames[i]);
    }
}

static void on_assembled(void *owner, struct sl_frame *frame)
{
    sl_fanout_give_frame(owner, frame);
}

static void on_loss(void *owner)
{
    struct fanout *fanout = owner;

    if (fanout->track->kind == SL_VIDEO)
        sl_fanout_want_keyframe(fanout);
}

static void on_left_out(void *owner)
{
    ask_again(owner);
}

void sl_fanout_begin_frames(struct fanout *fanout)
{
    const struct frames_config config = {
        .track = fanout->track,
        .clock = &fanout->clock,
        .on_frame = on_assembled,
        .on_loss = on_loss,
        .on_left_out = on_left_out,
        .owner = fanout,
    };

    if (fanout->frames || fanout->track->intake)
        return; /* the track has them already */
    fanout->frames = sl_frames_create(&config);
    sl_list_append(&fanout->worker->frame_fanouts, &fanout->ticking);
}

void sl_fanout_end_frames(struct fanout *fanout)
{
    sl_list_remove(&fanout->ticking);
    sl_frames_destroy(fanout->frames);
    fanout->frames = NULL;
}
