/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a flow's totals to what it moves per second. */
#include "flow/flow.h"

#include "base/clock.h"

/* Per second, from a difference taken over elapsed_us. */
static uint64_t per_second(uint64_t count, int64_t elapsed_us)
{
    return (count * SL_US_PER_S + (uint64_t)elapsed_us / 2) / (uint64_t)elapsed_us;
}

/* What has been added since the last look, which is this one now. */
static uint64_t added(const _Atomic uint64_t *total, uint64_t *seen)
{
    uint64_t now = atomic_load_explicit(total, memory_order_relaxed);
    uint64_t difference = now - *seen;

    *seen = now;
    return difference;
}

bool sl_flow_rates_update(struct sl_flow_rates *rates, const struct sl_flow_stats *stats,
                          int64_t now_us)
{
    int64_t elapsed_us = now_us - rates->at_us;

    if (elapsed_us <= 0)
        return false;
    rates->at_us = now_us;
    rates->audio_bps = per_second(added(&stats->audio_bytes, &rates->audio_bytes) * 8, elapsed_us);
    rates->video_bps = per_second(added(&stats->video_bytes, &rates->video_bytes) * 8, elapsed_us);
    rates->video_fps = per_second(added(&stats->video_frames, &rates->video_frames), elapsed_us);
    rates->video_flows = added(&stats->video_packets, &rates->video_packets) > 0;
    return true;
}
