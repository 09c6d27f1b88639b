/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Samples against the clock. */
#include "push/timeline.h"

#include "base/clock.h"

void timeline_begin(struct timeline *timeline, int rate_hz, int64_t begin_us)
{
    timeline->rate_hz = rate_hz;
    timeline->begin_us = begin_us;
    timeline->count = 0;
}

int64_t timeline_end_us(const struct timeline *timeline)
{
    return timeline->begin_us + timeline->count * SL_US_PER_S / timeline->rate_hz;
}

static size_t samples_of(const struct timeline *timeline, int64_t us)
{
    return us > 0 ? (size_t)(us * timeline->rate_hz / SL_US_PER_S) : 0;
}

struct placement timeline_place(struct timeline *timeline, int64_t pts_us, size_t count)
{
    struct placement placement = {0};
    int64_t late_us = pts_us - timeline_end_us(timeline);

    if (late_us > TIMELINE_HARD_US) {
        placement.silence = samples_of(timeline, late_us);
    } else if (late_us < -TIMELINE_HARD_US) {
        placement.skip = samples_of(timeline, -late_us);
        if (placement.skip > count)
            placement.skip = count;
    } else if (late_us > TIMELINE_SOFT_US && count > 0) {
        placement.stretch = 1;
    } else if (late_us < -TIMELINE_SOFT_US && count > 0) {
        placement.stretch = -1;
    }
    timeline->count += (int64_t)(placement.silence + count - placement.skip) + placement.stretch;
    return placement;
}

size_t timeline_advance(struct timeline *timeline, int64_t until_us)
{
    size_t count = samples_of(timeline, until_us - timeline_end_us(timeline));

    timeline->count += (int64_t)count;
    return count;
}
