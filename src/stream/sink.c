/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sinks are made and destroyed on the control loop. */
#include "stream/internal.h"

#include <assert.h>

struct sl_sink *sl_sink_create(struct sl_track *track, struct sl_worker *worker,
                               const struct sl_sink_ops *ops, void *owner)
{
    SL_ASSERT_ON(track->stream->control);
    struct sl_sink *sink = sl_new(struct sl_sink);
    struct fanout *fanout = track->fanouts[worker->index];

    if (!fanout) {
        fanout = sl_fanout_create(track, worker);
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
    SL_ASSERT_ON(audio->fanout->track->stream->control);
    assert(audio->fanout->track->stream == video->fanout->track->stream);
    assert(audio->fanout->worker == video->fanout->worker);
    assert(audio->fanout->track->kind == SL_AUDIO && video->fanout->track->kind == SL_VIDEO);
    audio->carrier = video;
    video->rider = audio;
}

void sl_sink_keep_packets(struct sl_sink *sink)
{
    SL_ASSERT_ON(sink->fanout->track->stream->control);
    sink->keeps = true;
}

void sl_sink_set_keyframe_every(struct sl_sink *sink, int64_t every_us)
{
    SL_ASSERT_ON(sink->fanout->track->stream->control);
    sink->keyframe_every_us = every_us;
}

void sl_sink_destroy(struct sl_sink *sink)
{
    if (!sink)
        return;
    struct sl_stream *stream = sink->fanout->track->stream;
    SL_ASSERT_ON(stream->control);
    sink->fanout->refs--;
    free(sink);
    sl_stream_check_free(stream);
}
