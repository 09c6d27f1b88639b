/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pictures since the last key frame, of a track whose source cannot be asked for another one:
 * decoders and muxers that come begin with these. */
#include "stream/internal.h"

#include "base/clock.h"

#include <string.h>

enum {
    TRACK_BYTES_MAX = 4 << 20,
    ALL_BYTES_MAX = 64 << 20,
    OVERHEAD = 256, /* what a picture counts at least, so that tiny ones are bounded, too */
    FIRST_CAPACITY = 64,
};

static const int64_t span_max_us = INT64_C(12) * SL_US_PER_S;

static size_t cost_of(const struct sl_frame *frame)
{
    return frame->len + OVERHEAD;
}

void sl_kept_clear(struct kept *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        sl_frame_unref(kept->frames[i]);
    if (kept->bytes > 0)
        atomic_fetch_sub_explicit(kept->all_bytes, kept->bytes, memory_order_relaxed);
    free(kept->frames);
    kept->frames = NULL;
    kept->count = 0;
    kept->capacity = 0;
    kept->bytes = 0;
}

/* Counts it among all, if there is room. */
static bool take_room(struct kept *kept, const struct sl_frame *frame)
{
    size_t cost = cost_of(frame);

    if (kept->count > 0 && frame->dts_us - kept->frames[0]->dts_us > span_max_us)
        return false;
    if (cost > TRACK_BYTES_MAX - kept->bytes)
        return false;
    if (atomic_fetch_add_explicit(kept->all_bytes, cost, memory_order_relaxed) + cost >
        ALL_BYTES_MAX) {
        atomic_fetch_sub_explicit(kept->all_bytes, cost, memory_order_relaxed);
        return false;
    }
    kept->bytes += cost;
    return true;
}

static void append(struct kept *kept, struct sl_frame *frame)
{
    if (kept->count == kept->capacity) {
        size_t capacity = kept->capacity ? kept->capacity * 2 : FIRST_CAPACITY;
        struct sl_frame **frames = sl_new_array(struct sl_frame *, capacity);
        if (kept->count > 0)
            memcpy(frames, kept->frames, kept->count * sizeof(struct sl_frame *));
        free(kept->frames);
        kept->frames = frames;
        kept->capacity = capacity;
    }
    kept->frames[kept->count++] = sl_frame_ref(frame);
}

void sl_kept_add(struct kept *kept, struct sl_frame *frame)
{
    if (frame->keyframe)
        sl_kept_clear(kept);
    else if (kept->count == 0)
        return; /* what it refers to is not there */
    if (take_room(kept, frame))
        append(kept, frame);
    else
        sl_kept_clear(kept); /* nobody can begin before the next key frame */
}
