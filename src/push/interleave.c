/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two queues, and which of their heads goes first. */
#include "push/interleave.h"

#include <stdlib.h>

struct tag *tag_create(enum sl_media_kind kind, int64_t dts_us, size_t len)
{
    struct tag *tag = malloc(sizeof(*tag) + len);

    if (!tag)
        return NULL;
    *tag = (struct tag){.kind = kind, .dts_us = dts_us, .pts_us = dts_us, .len = len};
    return tag;
}

void interleave_init(struct interleave *interleave)
{
    for (size_t i = 0; i < 2; i++) {
        interleave->tracks[i].expected = false;
        interleave->tracks[i].newest_us = 0;
        sl_list_init(&interleave->tracks[i].tags);
    }
}

void interleave_deinit(struct interleave *interleave)
{
    for (size_t i = 0; i < 2; i++) {
        struct tag *tag;
        sl_list_foreach(tag, &interleave->tracks[i].tags, struct tag, link) free(tag);
        sl_list_init(&interleave->tracks[i].tags);
    }
}

void interleave_expect(struct interleave *interleave, enum sl_media_kind kind, int64_t now_us)
{
    interleave->tracks[kind].expected = true;
    interleave->tracks[kind].newest_us = now_us;
}

void interleave_add(struct interleave *interleave, struct tag *tag, int64_t now_us)
{
    tag->queued_us = now_us;
    interleave->tracks[tag->kind].newest_us = now_us;
    sl_list_append(&interleave->tracks[tag->kind].tags, &tag->link);
}

static struct tag *first_of(struct interleave *interleave, enum sl_media_kind kind)
{
    return sl_list_first(&interleave->tracks[kind].tags, struct tag, link);
}

static bool is_worth_waiting(const struct interleave *interleave, enum sl_media_kind kind,
                             const struct tag *head, int64_t now_us)
{
    return interleave->tracks[kind].expected && now_us - head->queued_us < INTERLEAVE_WAIT_US &&
           now_us - interleave->tracks[kind].newest_us < INTERLEAVE_SILENT_US;
}

struct tag *interleave_next(struct interleave *interleave, int64_t now_us)
{
    struct tag *audio = first_of(interleave, SL_AUDIO), *video = first_of(interleave, SL_VIDEO);
    struct tag *next = audio;

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
