/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the log's lines go: private to the log. */
#ifndef SL_BASE_LOG_WRITER_H
#define SL_BASE_LOG_WRITER_H

#include "base/log.h"

/* A whole line with its newline, at most SL_LOG_LINE_MAX bytes. Threads: any. Without the writer's
 * thread it is written at once; with it the call does not wait, whatever the file does. */
void sl_log_writer_put(const char *line, size_t len);

/* Formats a line into out (SL_LOG_LINE_MAX bytes) and returns its length. Allocates nothing. */
size_t sl_log_format(char *out, enum sl_log_level level, const struct sl_log_scope *scope,
                     const char *text);

#endif
