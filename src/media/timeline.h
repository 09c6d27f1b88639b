/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where samples go: a gapless row of them that stays near the common clock of the stream. Gaps
 * become silence, overlaps are cut, small deviations are stretched away a sample at a time, so that
 * lips stay in sync over hours. Pure: counts samples, holds none.
 */
#ifndef SL_MEDIA_TIMELINE_H
#define SL_MEDIA_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

struct sl_timeline {
    int rate_hz;
    int64_t begin_us; /* time of the first sample */
    int64_t count;    /* samples placed so far */
};

enum {
    SL_TIMELINE_HARD_US = 15000, /* less than a packet of 20 ms, so that a lost one is a gap */
    SL_TIMELINE_SOFT_US = 8000,
};

void sl_timeline_begin(struct sl_timeline *timeline, int rate_hz, int64_t begin_us);
/* The time of the next sample. */
int64_t sl_timeline_end_us(const struct sl_timeline *timeline);

struct sl_placement {
    size_t silence; /* samples of silence to put first */
    size_t skip;    /* samples of the block to leave out at its beginning */
    int stretch;    /* 1: repeat its last sample, -1: leave that out; after skip */
};
/* For a block of `count` samples at pts_us; the row is then as much longer. */
struct sl_placement sl_timeline_place(struct sl_timeline *timeline, int64_t pts_us, size_t count);
/* Nothing came up to until_us: how many samples of silence to put. */
size_t sl_timeline_advance(struct sl_timeline *timeline, int64_t until_us);

#endif
