/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where lines go besides the log's writer: to who watches their object, and into memory. Nothing
 * here allocates. Threads: any. */
#ifndef SL_BASE_LOG_ROUTE_H
#define SL_BASE_LOG_ROUTE_H

#include "base/log.h"
#include "base/log_queue.h"

enum { SL_LOG_RECENT_SIZE = 2 << 20 };

struct sl_log_watch {
    char prefix[SL_LOG_SCOPE_MAX];
    size_t prefix_len;
    enum sl_log_level level;
    bool keeps; /* lines, here, under this module's lock: */
    struct sl_log_queue queue;
    char *bytes;
};

/* False: there are SL_LOG_WATCHES_MAX. */
bool sl_log_route_enter(struct sl_log_watch *watch);
void sl_log_route_leave(struct sl_log_watch *watch);
/* The oldest line kept, as sl_log_queue_peek() and _drop(); 0: none, and *lost tells how many had
 * no room. */
size_t sl_log_route_take(struct sl_log_watch *watch, char *out, uint64_t *lost);
/* A copy of the last lines of all: bytes has SL_LOG_RECENT_SIZE, and is the queue's. */
void sl_log_route_recent(struct sl_log_queue *out, char *bytes);

/* ---- For log.c ---- */

/* Up to which level somebody watches something. */
int sl_log_watched_level(void);
struct sl_log_route {
    bool to_log, to_watch;
};
/* Where a line of this level goes; enabled: the log's own level lets it through. */
struct sl_log_route sl_log_route_find(enum sl_log_level level, const struct sl_log_scope *scope,
                                      bool enabled);
void sl_log_route_put(struct sl_log_route route, enum sl_log_level level,
                      const struct sl_log_scope *scope, const char *line, size_t len);

#endif
