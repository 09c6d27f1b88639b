/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the sinks of one worker want of the track's home worker: it is told once for all that comes
 * until it hears of it. */
#include "stream/internal.h"

static void on_keyframe(struct sl_msg *msg) /* on the home worker */
{
    struct fanout *fanout = sl_container_of(msg, struct fanout, keyframe_msg);

    atomic_store(&fanout->keyframe_posted, false);
    sl_track_want_keyframe(fanout->track);
}

static void on_sinks(struct sl_msg *msg) /* on the home worker */
{
    struct fanout *fanout = sl_container_of(msg, struct fanout, sinks_msg);

    /* Cleared before the count is read: a change after that posts again. */
    atomic_store(&fanout->sinks_posted, false);
    sl_track_check_sinks(fanout->track);
}

void sl_fanout_want_keyframe(struct fanout *fanout)
{
    if (fanout->ended)
        return;
    if (fanout->worker == fanout->track->home)
        sl_track_want_keyframe(fanout->track);
    else if (!atomic_exchange(&fanout->keyframe_posted, true))
        sl_loop_post(fanout->track->home->loop, &fanout->keyframe_msg);
}

void sl_fanout_tell_sinks(struct fanout *fanout)
{
    if (fanout->worker == fanout->track->home)
        sl_track_check_sinks(fanout->track);
    else if (!atomic_exchange(&fanout->sinks_posted, true))
        sl_loop_post(fanout->track->home->loop, &fanout->sinks_msg);
}

static void on_join(struct sl_msg *msg) /* on the home worker */
{
    struct fanout *fanout = sl_container_of(msg, struct fanout, join_msg);
    struct intake *intake = fanout->track->intake;

    atomic_store(&fanout->join_posted, false);
    if (!fanout->track->ended)
        intake->replay(intake, fanout);
}

void sl_fanout_join(struct fanout *fanout)
{
    if (!atomic_exchange(&fanout->join_posted, true))
        sl_loop_post(fanout->track->home->loop, &fanout->join_msg);
}

void sl_fanout_init_told(struct fanout *fanout)
{
    fanout->keyframe_msg.run = on_keyframe;
    fanout->sinks_msg.run = on_sinks;
    fanout->join_msg.run = on_join;
}
