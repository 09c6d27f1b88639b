/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the sinks of a track want of its source: key frames, merged, at once or regularly; no more
 * than the narrowest takes; and to know whether there are any. All on the home worker. */
#include "stream/internal.h"

#include "base/clock.h"

size_t sl_track_sink_count(const struct sl_track *track)
{
    size_t count = 0;

    for (size_t i = 0; i < track->active_count; i++)
        count += atomic_load_explicit(&track->active[i]->sink_count, memory_order_relaxed);
    return count;
}

static void check_wishes(struct sl_track *track)
{
    int64_t least_us = 0;

    for (size_t i = 0; i < track->active_count; i++) {
        int64_t us =
            atomic_load_explicit(&track->active[i]->keyframe_every_us, memory_order_relaxed);
        if (us > 0 && (least_us == 0 || us < least_us))
            least_us = us;
    }
    track->keyframe_every_us = least_us;
    if (least_us == 0)
        sl_list_remove(&track->paced);
    else if (!sl_list_linked(&track->paced))
        sl_list_append(&track->home->paced_tracks, &track->paced);
}

enum {
    BOUND_MIN_BPS = 150000, /* less is no picture for anybody */
    KEYFRAME_BOUNDED_US = SL_US_PER_S,
    KEYFRAME_ANSWER_US = 500 * SL_US_PER_MS, /* until it is asked for again */
};

static void check_bound(struct sl_track *track, size_t sinks)
{
    enum sl_bounding bounding =
        track->config.follows_narrowest ? SL_BOUND_LOWEST : track->home->config->bounding;
    uint64_t least_bps = 0;

    for (size_t i = 0; i < track->active_count; i++) {
        uint64_t bps = atomic_load_explicit(&track->active[i]->bound_bps, memory_order_relaxed);
        if (bps > 0 && (least_bps == 0 || bps < least_bps))
            least_bps = bps;
    }
    if (bounding == SL_BOUND_OFF || (bounding == SL_BOUND_SOLE && sinks > 1))
        least_bps = 0;
    if (least_bps > 0 && least_bps < BOUND_MIN_BPS)
        least_bps = BOUND_MIN_BPS;
    if (!track->ops->on_bound || track->bound_bps == least_bps)
        return;
    track->bound_bps = least_bps;
    track->ops->on_bound(track->owner, track, least_bps);
}

static void check_losses(struct sl_track *track)
{
    uint8_t worst = 0;

    for (size_t i = 0; i < track->active_count; i++) {
        uint8_t losses = atomic_load_explicit(&track->active[i]->losses, memory_order_relaxed);
        worst = losses > worst ? losses : worst;
    }
    if (!track->ops->on_losses || track->losses == worst)
        return;
    track->losses = worst;
    track->ops->on_losses(track->owner, track, worst);
}

/* A source that sends less for somebody's sake: who cannot go on without a key frame is alone, or
 * the one whom all wait for. */
void sl_track_pace(struct sl_track *track, int64_t now_us)
{
    int64_t every_us = track->keyframe_every_us;

    if (track->bound_bps > 0 && every_us > KEYFRAME_BOUNDED_US)
        every_us = KEYFRAME_BOUNDED_US;
    if (now_us - track->keyframe_us >= every_us &&
        now_us - track->keyframe_asked_us >= KEYFRAME_ANSWER_US)
        sl_track_want_keyframe_soon(track);
}

void sl_track_check_sinks(struct sl_track *track)
{
    size_t count = sl_track_sink_count(track);

    if (!track->ended) {
        check_wishes(track);
        check_bound(track, count);
        check_losses(track);
    }
    if (track->ended || !track->ops->on_sinks || track->has_sinks == (count > 0))
        return;
    track->has_sinks = count > 0;
    track->ops->on_sinks(track->owner, track, count);
}

void sl_track_retry_keyframe(struct sl_track *track, int64_t now_us)
{
    if (track->keyframe_asked_us &&
        now_us - track->keyframe_asked_us < track->home->config->keyframe_interval_us)
        return;
    sl_list_remove(&track->wanting);
    track->keyframe_asked_us = now_us;
    track->ops->request_keyframe(track->owner, track);
}

void sl_track_want_keyframe_soon(struct sl_track *track)
{
    if (!track->ended && track->ops->request_keyframe && !sl_list_linked(&track->wanting))
        sl_list_append(&track->home->wanting_tracks, &track->wanting);
}

void sl_track_want_keyframe(struct sl_track *track)
{
    sl_track_want_keyframe_soon(track);
    if (sl_list_linked(&track->wanting))
        sl_track_retry_keyframe(track, sl_now_us());
}
