/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tags a publication has got and not yet sent, because its server does not read. Bounded in bytes
 * and age: then pictures go up to a key frame, sound goes oldest first. Threads: one. Pure: time is
 * an argument.
 */
#ifndef SL_RTMP_BACKLOG_H
#define SL_RTMP_BACKLOG_H

#include "base/list.h"
#include "mux/mux.h"

enum { SL_BACKLOG_BYTES_MAX = 4 << 20, SL_BACKLOG_AGE_MAX_US = 3000000 };

struct sl_backlog {
    struct sl_list items; /* in the order they came */
    size_t bytes;
    bool wants_keyframe; /* pictures are dropped until one comes */
    uint64_t dropped;
};

void sl_backlog_init(struct sl_backlog *backlog);
void sl_backlog_clear(struct sl_backlog *backlog);
/* Keeps a reference to the tag, or drops it: a picture while a key frame is waited for. */
void sl_backlog_add(struct sl_backlog *backlog, struct sl_flv_tag *tag, int64_t now_us);
/* Tags were lost before they came here: pictures go on with the next key frame. */
void sl_backlog_lost(struct sl_backlog *backlog);
/* Drops what is too much; false if a key frame should be asked for. */
bool sl_backlog_trim(struct sl_backlog *backlog, int64_t now_us);
/* The oldest, whose reference is the caller's now; NULL: there is none. */
struct sl_flv_tag *sl_backlog_take(struct sl_backlog *backlog);

#endif
