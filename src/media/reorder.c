/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Decoding times of pictures that come in the order of decoding and are stamped with the time they
 * are shown at. With n pictures of reordering, a picture is decoded at the smallest of the n + 1
 * latest times of showing so far: that rises, and is never after its own.
 */
#include "media/reorder.h"

#include <string.h>

/* All times are ticks of H264's clock. */
enum {
    TICKS_PER_MS = 90,
    /* Where the source does not say: what encoders do with B pictures in two layers. More only
     * makes decoding earlier; less is noticed. */
    DEPTH_GUESS = 2,
    BEGIN_STEP = 50 * TICKS_PER_MS, /* between the times before the first */
    GAP = 3000 * TICKS_PER_MS,      /* time does not go on, it begins again */
};

static void begin(struct sl_reorder *reorder, size_t depth)
{
    reorder->depth = depth < SL_REORDER_MAX ? depth : SL_REORDER_MAX;
    for (size_t i = 0; i <= reorder->depth; i++)
        reorder->latest[i] = reorder->now - (int64_t)(reorder->depth - i) * BEGIN_STEP;
}

/* Into the sorted row, whose first place is free. */
static void insert(struct sl_reorder *reorder)
{
    size_t i = 0;

    for (; i < reorder->depth && reorder->latest[i + 1] < reorder->now; i++)
        reorder->latest[i] = reorder->latest[i + 1];
    reorder->latest[i] = reorder->now;
}

static void note(struct sl_reorder *reorder)
{
    int64_t first = reorder->latest[0];

    if (reorder->now - first > GAP || first - reorder->now > GAP) {
        begin(reorder, reorder->depth);
        return;
    }
    if (reorder->now < first && reorder->depth < SL_REORDER_MAX) {
        /* Further out of order than was said. */
        memmove(reorder->latest + 1, reorder->latest,
                (reorder->depth + 1) * sizeof(reorder->latest[0]));
        reorder->depth++;
        reorder->extra++;
    }
    insert(reorder);
}

int64_t sl_reorder_delay(struct sl_reorder *reorder, int told, uint32_t timestamp)
{
    size_t depth = told < 0 ? DEPTH_GUESS : (size_t)told;

    if (reorder->begun)
        reorder->now += (int32_t)(timestamp - reorder->timestamp);
    reorder->timestamp = timestamp;
    if (!reorder->begun || depth != reorder->told) {
        reorder->begun = true;
        reorder->told = depth;
        begin(reorder, depth + reorder->extra);
    } else {
        note(reorder);
    }
    return reorder->now - reorder->latest[0];
}
