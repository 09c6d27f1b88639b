/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two queues, and which of their heads goes first. */
#include "media/interleave.h"

#include <stddef.h>

void sl_interleave_init(struct sl_interleave *interleave)
{
    for (size_t i = 0; i < 2; i++) {
        interleave->tracks[i].expected = false;
        interleave->tracks[i].newest_us = 0;
        sl_list_init(&interleave->tracks[i].items);
    }
}

void sl_interleave_expect(struct sl_interleave *interleave, enum sl_media_kind kind, int64_t now_us)
{
    interleave->tracks[kind].expected = true;
    interleave->tracks[kind].newest_us = now_us;
}

void sl_interleave_add(struct sl_interleave *interleave, struct sl_interleaved *item,
                       int64_t now_us)
{
    item->queued_us = now_us;
    interleave->tracks[item->kind].newest_us = now_us;
    sl_list_append(&interleave->tracks[item->kind].items, &item->link);
}

static struct sl_interleaved *first_of(struct sl_interleave *interleave, enum sl_media_kind kind)
{
    return sl_list_first(&interleave->tracks[kind].items, struct sl_interleaved, link);
}

static bool is_worth_waiting(const struct sl_interleave *interleave, enum sl_media_kind kind,
                             const struct sl_interleaved *head, int64_t now_us)
{
    return interleave->tracks[kind].expected && now_us - head->queued_us < SL_INTERLEAVE_WAIT_US &&
           now_us - interleave->tracks[kind].newest_us < SL_INTERLEAVE_SILENT_US;
}

struct sl_interleaved *sl_interleave_next(struct sl_interleave *interleave, int64_t now_us)
{
    struct sl_interleaved *audio = first_of(interleave, SL_AUDIO),
                          *video = first_of(interleave, SL_VIDEO), *next = audio;

    /* Of the same time, video first: its configuration, above all. */
    if (video && (!audio || video->dts_us <= audio->dts_us))
        next = video;
    if (!next)
        return NULL;
    if (!(audio && video) &&
        is_worth_waiting(interleave, next == audio ? SL_VIDEO : SL_AUDIO, next, now_us))
        return NULL;
    sl_list_remove(&next->link);
    return next;
}

struct sl_interleaved *sl_interleave_take(struct sl_interleave *interleave)
{
    struct sl_interleaved *item = first_of(interleave, SL_AUDIO);

    if (!item)
        item = first_of(interleave, SL_VIDEO);
    if (item)
        sl_list_remove(&item->link);
    return item;
}
