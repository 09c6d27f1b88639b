/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is dropped when a publication falls behind. */
#include "rtmp/backlog.h"

#include "base/mem.h"

struct item {
    struct sl_list link;
    struct sl_flv_tag *tag;
    int64_t arrival_us;
};

void sl_backlog_init(struct sl_backlog *backlog)
{
    *backlog = (struct sl_backlog){.wants_keyframe = false};
    sl_list_init(&backlog->items);
}

static struct item *first_of(struct sl_backlog *backlog)
{
    return sl_list_first(&backlog->items, struct item, link);
}

static struct sl_flv_tag *take(struct sl_backlog *backlog, struct item *item)
{
    struct sl_flv_tag *tag = item->tag;

    backlog->bytes -= tag->len;
    sl_list_remove(&item->link);
    free(item);
    return tag;
}

struct sl_flv_tag *sl_backlog_take(struct sl_backlog *backlog)
{
    struct item *first = first_of(backlog);

    return first ? take(backlog, first) : NULL;
}

void sl_backlog_clear(struct sl_backlog *backlog)
{
    struct sl_flv_tag *tag;

    while ((tag = sl_backlog_take(backlog)))
        sl_flv_tag_unref(tag);
}

static bool is_video(const struct item *item)
{
    return item->tag->order.kind == SL_VIDEO;
}

void sl_backlog_add(struct sl_backlog *backlog, struct sl_flv_tag *tag, int64_t now_us)
{
    if (tag->order.kind == SL_VIDEO && tag->keyframe)
        backlog->wants_keyframe = false;
    if (tag->order.kind == SL_VIDEO && backlog->wants_keyframe) {
        backlog->dropped++;
        return;
    }
    struct item *item = sl_new(struct item); /* bytes and age bound them */
    item->tag = sl_flv_tag_ref(tag);
    item->arrival_us = now_us;
    backlog->bytes += tag->len;
    sl_list_append(&backlog->items, &item->link);
}

void sl_backlog_lost(struct sl_backlog *backlog)
{
    backlog->dropped++;
    backlog->wants_keyframe = true;
}

static void drop(struct sl_backlog *backlog, struct item *item)
{
    backlog->dropped++;
    sl_flv_tag_unref(take(backlog, item));
}

/* The last key frame that has other pictures before it: from there on one may go on. */
static const struct item *find_restart(const struct sl_backlog *backlog)
{
    const struct item *item, *restart = NULL;
    bool first = true;

    sl_list_foreach(item, &backlog->items, const struct item, link)
    {
        if (!is_video(item))
            continue;
        if (item->tag->keyframe && !first)
            restart = item;
        first = false;
    }
    return restart;
}

static bool is_too_much(const struct sl_backlog *backlog, int64_t now_us)
{
    const struct item *oldest = sl_list_first(&backlog->items, const struct item, link);

    return backlog->bytes > SL_BACKLOG_BYTES_MAX ||
           (oldest && now_us - oldest->arrival_us > SL_BACKLOG_AGE_MAX_US);
}

static void drop_video(struct sl_backlog *backlog)
{
    const struct item *restart = find_restart(backlog);
    struct item *item;

    sl_list_foreach(item, &backlog->items, struct item, link)
    {
        if (item == restart)
            return;
        if (is_video(item))
            drop(backlog, item);
    }
    backlog->wants_keyframe = true;
}

static bool has_video(const struct sl_backlog *backlog)
{
    const struct item *item;

    sl_list_foreach(item, &backlog->items, const struct item, link)
    {
        if (is_video(item))
            return true;
    }
    return false;
}

bool sl_backlog_trim(struct sl_backlog *backlog, int64_t now_us)
{
    struct item *oldest;

    while (is_too_much(backlog, now_us) && (oldest = first_of(backlog))) {
        if (is_video(oldest) || (backlog->bytes > SL_BACKLOG_BYTES_MAX && has_video(backlog)))
            drop_video(backlog);
        else
            drop(backlog, oldest);
    }
    return !backlog->wants_keyframe;
}
