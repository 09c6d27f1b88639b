/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Samples against the clock. */
#include "media/timeline.h"

#include "base/clock.h"

void sl_timeline_begin(struct sl_timeline *timeline, int rate_hz, int64_t begin_us)
{
    timeline->rate_hz = rate_hz;
    timeline->begin_us = begin_us;
    timeline->count = 0;
}

int64_t sl_timeline_end_us(const struct sl_timeline *timeline)
{
    return timeline->begin_us + timeline->count * SL_US_PER_S / timeline->rate_hz;
}

static size_t samples_of(const struct sl_timeline *timeline, int64_t us)
{
    return us > 0 ? (size_t)(us * timeline->rate_hz / SL_US_PER_S) : 0;
}

struct sl_placement sl_timeline_place(struct sl_timeline *timeline, int64_t pts_us, size_t count)
{
    struct sl_placement placement = {0};
    int64_t late_us = pts_us - sl_timeline_end_us(timeline);

    if (late_us > SL_TIMELINE_HARD_US) {
        placement.silence = samples_of(timeline, late_us);
    } else if (late_us < -SL_TIMELINE_HARD_US) {
        placement.skip = samples_of(timeline, -late_us);
        if (placement.skip > count)
            placement.skip = count;
    } else if (late_us > SL_TIMELINE_SOFT_US && count > 0) {
        placement.stretch = 1;
    } else if (late_us < -SL_TIMELINE_SOFT_US && count > 0) {
        placement.stretch = -1;
    }
    timeline->count += (int64_t)(placement.silence + count - placement.skip) + placement.stretch;
    return placement;
}

size_t sl_timeline_advance(struct sl_timeline *timeline, int64_t until_us)
{
    size_t count = samples_of(timeline, until_us - sl_timeline_end_us(timeline));

    timeline->count += (int64_t)count;
    return count;
}
