/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log: one event a line, `TIME LEVEL [key=value ...] text`, UTC with milliseconds, to stderr or
 * a file. Threads: any. Text from clients must pass sl_log_quote() or a scope, which cut and escape
 * it; control characters that slip through are escaped on output all the same.
 *
 * error: someone must act; warn: odd, and we go on, saying how; info: the life of sessions and
 * streams; debug: everything else.
 */
#ifndef SL_BASE_LOG_H
#define SL_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sl_log_level { SL_LOG_ERROR, SL_LOG_WARN, SL_LOG_INFO, SL_LOG_DEBUG };

enum { SL_LOG_SCOPE_MAX = 256 };

/* An object's prefix, `session="..." stream="..." `, made once when the object is. */
struct sl_log_scope {
    char prefix[SL_LOG_SCOPE_MAX];
};

/* scope = parent's prefix (parent may be NULL) + key="value", the value quoted, escaped and cut. */
void sl_log_scope_init(struct sl_log_scope *scope, const struct sl_log_scope *parent,
                       const char *key, const char *value);

/* Writes value into out as "value", escaped (C0, C1, DEL, quotes, invalid UTF-8) and cut to fit
 * out_len bytes with the NUL. Returns out. NULL gives "". */
char *sl_log_quote(char *out, size_t out_len, const char *value);

/* Opens the log's destination: NULL means stderr. Called again with the same name it reopens the
 * file (rotation). Returns 0 or a negative errno value; after sl_log_start() the writer opens it,
 * lines that it has not come to yet go to the new file, and the result is 0. What fails is told in
 * the log, which then stays where it was. */
int sl_log_open(const char *file);
/* Begins the thread that writes, once, for the rest of the process: from here on no call of the log
 * waits for the file, and abort() lets the last lines out. Lines that are lost are counted and told
 * in their place. -EAGAIN, -EMFILE and the like: no thread or descriptor; all is as it was. */
int sl_log_start(void);
/* Waits until everything is written, timeout_ms at most. Threads: any, signal handlers too. */
void sl_log_flush(int timeout_ms);
/* How many lines were lost so far. Threads: any. */
uint64_t sl_log_lost(void);
void sl_log_set_level(enum sl_log_level level);
/* "ERROR", "WARN", "INFO", "DEBUG" in any case (TRACE counts as DEBUG); -1 for anything else. */
int sl_log_level_parse(const char *name);
/* Somebody wants lines of this level, of some objects at least (base/log_watch.h). */
bool sl_log_enabled(enum sl_log_level level);

void sl_log(enum sl_log_level level, const struct sl_log_scope *scope, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
