/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is dropped when a push falls behind. */
#include "push/backlog.h"

void backlog_init(struct backlog *backlog)
{
    *backlog = (struct backlog){.wants_keyframe = false};
    sl_list_init(&backlog->items);
}

void backlog_remove(struct backlog *backlog, struct feed_item *item)
{
    backlog->bytes -= item->frame->len;
    sl_list_remove(&item->link);
    feed_item_free(item);
}

void backlog_clear(struct backlog *backlog)
{
    struct feed_item *item;

    sl_list_foreach(item, &backlog->items, struct feed_item, link) backlog_remove(backlog, item);
}

static bool is_video(const struct feed_item *item)
{
    return sl_codec_kind(item->frame->codec) == SL_VIDEO;
}

void backlog_add(struct backlog *backlog, struct feed_item *item)
{
    if (is_video(item) && item->frame->keyframe)
        backlog->wants_keyframe = false;
    if (is_video(item) && backlog->wants_keyframe) {
        backlog->dropped++;
        feed_item_free(item);
        return;
    }
    backlog->bytes += item->frame->len;
    sl_list_append(&backlog->items, &item->link);
}

struct feed_item *backlog_first(struct backlog *backlog)
{
    return sl_list_first(&backlog->items, struct feed_item, link);
}

static void drop(struct backlog *backlog, struct feed_item *item)
{
    backlog->dropped++;
    backlog_remove(backlog, item);
}

/* The last key frame that has other pictures before it: from there on one may go on. */
static const struct feed_item *find_restart(const struct backlog *backlog)
{
    const struct feed_item *item, *restart = NULL;
    bool first = true;

    sl_list_foreach(item, &backlog->items, const struct feed_item, link)
    {
        if (!is_video(item))
            continue;
        if (item->frame->keyframe && !first)
            restart = item;
        first = false;
    }
    return restart;
}

static bool is_too_much(const struct backlog *backlog, int64_t now_us)
{
    const struct feed_item *oldest = sl_list_first(&backlog->items, const struct feed_item, link);

    return backlog->bytes > BACKLOG_BYTES_MAX ||
           (oldest && now_us - oldest->arrival_us > BACKLOG_AGE_MAX_US);
}

static void drop_video(struct backlog *backlog)
{
    const struct feed_item *restart = find_restart(backlog);
    struct feed_item *item;

    sl_list_foreach(item, &backlog->items, struct feed_item, link)
    {
        if (item == restart)
            return;
        if (is_video(item))
            drop(backlog, item);
    }
    backlog->wants_keyframe = true;
}

static bool has_video(const struct backlog *backlog)
{
    const struct feed_item *item;

    sl_list_foreach(item, &backlog->items, const struct feed_item, link)
    {
        if (is_video(item))
            return true;
    }
    return false;
}

bool backlog_trim(struct backlog *backlog, int64_t now_us)
{
    struct feed_item *oldest;

    while (is_too_much(backlog, now_us) && (oldest = backlog_first(backlog))) {
        if (is_video(oldest) || (backlog->bytes > BACKLOG_BYTES_MAX && has_video(backlog)))
            drop_video(backlog);
        else
            drop(backlog, oldest);
    }
    return !backlog->wants_keyframe;
}
