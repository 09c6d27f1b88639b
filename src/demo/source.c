/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The demo as a source, on its worker: wishes of those who watch. */
#include "demo/internal.h"

static void request_keyframe(void *owner, struct sl_track *track)
{
    struct sl_demo *demo = owner;

    if (sl_track_kind(track) == SL_VIDEO)
        demo->keyframe_wanted = true;
}

static void on_sinks(void *owner, struct sl_track *track, size_t count)
{
    struct sl_demo *demo = owner;

    if (count > 0)
        request_keyframe(demo, track); /* the first watcher must not wait for the next one */
    demo->watched[sl_track_kind(track)] = count > 0;
    sl_demo_look(demo);
}

const struct sl_source_ops sl_demo_source_ops = {
    .protocol = "demo",
    .request_keyframe = request_keyframe,
    .on_sinks = on_sinks,
};
