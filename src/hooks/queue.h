/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which hook may be sent next: order within a media session, fairness between sessions and between
 * applications, bounds. Pure: no I/O, no clock, no log.
 *
 *   queue --n--> application --n--> session --n--> chain (media session) --n--> item (hook)
 *
 * Items of one chain are under way one at a time, in the order they came; those without a
 * mediaSessionId form a chain of their session's own. Applications take turns, and so do the
 * sessions of one. An application with N items under way gets another only while more than N places
 * are free, so that slow back ends, however many, leave room for the others (HOOK-38).
 */
#ifndef SL_HOOKS_QUEUE_H
#define SL_HOOKS_QUEUE_H

#include "base/list.h"

#include <stdbool.h>
#include <stddef.h>

struct sl_hook_queue;

struct sl_hook_limits {
    size_t under_way, app_under_way; /* at least 1 each */
    size_t waiting, session_waiting;
};

enum {
    /* Name lookups of one application at a time: each is a thread of libcurl's, and may hang. */
    SL_HOOK_LOOKUPS_MAX = 8,
    /* Bytes waiting: of one session, and on average of all that may wait. */
    SL_HOOK_SESSION_BYTES_MAX = 4 << 20,
    SL_HOOK_BYTES_EACH = 4096,
};

/*
 *   WAITING --next()--> UNDER_WAY --pause()--> PAUSED --resume()--> WAITING
 *
 * remove() ends each of them.
 */
enum sl_hook_item_state { SL_HOOK_WAITING, SL_HOOK_UNDER_WAY, SL_HOOK_PAUSED };

/* Embedded in the hook; all fields are the queue's. */
struct sl_hook_item {
    struct sl_list in_chain, in_session;
    struct hook_chain *chain;
    enum sl_hook_item_state state;
    bool looking_up; /* under way, and its server's address is not known yet */
    bool after_all;
    size_t size;
};

/* Where an item belongs; texts are copied. */
struct sl_hook_place {
    const char *app_key, *session_id;
    const char *media_session_id; /* NULL: the session's own chain */
    bool after_all; /* goes when all that came before it in this session has gone (HOOK-37) */
    bool chatter;   /* may take half of what may wait: the rest is kept for what tells states */
    size_t size;    /* bytes of memory it keeps */
};

struct sl_hook_queue *sl_hook_queue_create(void);
/* Items still in it are forgotten, not freed. NULL is fine. */
void sl_hook_queue_destroy(struct sl_hook_queue *queue);
/* Limits that shrink let what is there run out. */
void sl_hook_queue_set_limits(struct sl_hook_queue *queue, const struct sl_hook_limits *limits);

/* Appends to its chain. -ENOBUFS: too many or too much is waiting. */
int sl_hook_queue_push(struct sl_hook_queue *queue, const struct sl_hook_place *place,
                       struct sl_hook_item *item);
/* The next that may be sent now, which is then under way; NULL if there is none. Call again after
 * each change. */
struct sl_hook_item *sl_hook_queue_next(struct sl_hook_queue *queue);
/* Under way: the server's address is known, more of this application may look it up. */
void sl_hook_queue_found(struct sl_hook_item *item);
/* Under way -> paused: gives its place back and keeps its turn. */
void sl_hook_queue_pause(struct sl_hook_item *item);
void sl_hook_queue_resume(struct sl_hook_item *item);
/* Takes it out, whatever its state. */
void sl_hook_queue_remove(struct sl_hook_item *item);

/* All of them, whatever their state. */
size_t sl_hook_queue_count(const struct sl_hook_queue *queue);
const char *sl_hook_item_app_key(const struct sl_hook_item *item);
const char *sl_hook_item_session_id(const struct sl_hook_item *item);

#endif
