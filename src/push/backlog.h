/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Frames a job has got and not yet used, because the server does not read or encoding takes its
 * time. Bounded in bytes and age: then pictures go up to a key frame, sound goes oldest first.
 * Threads: the job's.
 */
#ifndef SL_PUSH_BACKLOG_H
#define SL_PUSH_BACKLOG_H

#include "base/list.h"
#include "push/feed.h"

enum { BACKLOG_BYTES_MAX = 4 << 20, BACKLOG_AGE_MAX_US = 3000000 };

struct backlog {
    struct sl_list items; /* of struct feed_item, in the order they came */
    size_t bytes;
    bool wants_keyframe; /* pictures are dropped until one comes */
    uint64_t dropped;
};

void backlog_init(struct backlog *backlog);
void backlog_clear(struct backlog *backlog);
/* Takes the item, or drops it: a picture while a key frame is waited for. */
void backlog_add(struct backlog *backlog, struct feed_item *item);
/* Drops what is too much; false if a key frame should be asked for. */
bool backlog_trim(struct backlog *backlog, int64_t now_us);
/* The oldest, still in the backlog; NULL. */
struct feed_item *backlog_first(struct backlog *backlog);
/* Takes it out and frees it. */
void backlog_remove(struct backlog *backlog, struct feed_item *item);

#endif
