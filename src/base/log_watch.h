/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines of one object, and of those whose scope it is in: more of them in the log than of others,
 * or to somebody beside it, whatever the log's own level. And the last lines of all, for who asks
 * afterwards. Threads: any, but a watch is its maker's.
 */
#ifndef SL_BASE_LOG_WATCH_H
#define SL_BASE_LOG_WATCH_H

#include "base/log.h"

enum { SL_LOG_WATCHES_MAX = 256 };

struct sl_log_watch;

/* scope is copied. NULL: there are SL_LOG_WATCHES_MAX already. */
/* The object's level in the log is this one. */
struct sl_log_watch *sl_log_watch_level(const struct sl_log_scope *scope, enum sl_log_level level);
/* Its lines up to this level are kept for sl_log_watch_take(), len_max bytes of them. */
struct sl_log_watch *sl_log_watch_lines(const struct sl_log_scope *scope, enum sl_log_level level,
                                        size_t len_max);
/* NULL is fine. */
void sl_log_watch_destroy(struct sl_log_watch *watch);
/* Calls fn with each line since the last time, len bytes with its newline. Returns how many there
 * were no room for. */
uint64_t sl_log_watch_take(struct sl_log_watch *watch,
                           void (*fn)(void *arg, const char *line, size_t len), void *arg);

/* Calls fn with each of the last lines of this scope that are in memory (a few megabytes of all
 * lines that went to the log), the oldest first. */
void sl_log_recent(const struct sl_log_scope *scope,
                   void (*fn)(void *arg, const char *line, size_t len), void *arg);

#endif
