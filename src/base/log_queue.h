/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lines that wait for the log's writer: a ring of bytes with a bound. Full, it takes no line
 * until it is half empty and what was lost has been told, so that the order is kept and one note
 * stands for many lines. Pure: the caller has the lock. */
#ifndef SL_BASE_LOG_QUEUE_H
#define SL_BASE_LOG_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_LOG_LINE_MAX = 2560 /* bytes, with the newline */ };

struct sl_log_queue {
    char *bytes; /* the caller's */
    size_t size;
    size_t head, used; /* bytes */
    uint64_t lost;     /* lines, since this was told last */
};

/* bytes: room for at least two of the longest lines, outlives the queue. */
void sl_log_queue_init(struct sl_log_queue *queue, char *bytes, size_t size);
/* Copies a line of 1..SL_LOG_LINE_MAX bytes. false: it is lost, and counted. */
bool sl_log_queue_put(struct sl_log_queue *queue, const char *line, size_t len);
/* Copies the oldest line to out (SL_LOG_LINE_MAX bytes) and leaves it; its length, 0: there is
 * none. */
size_t sl_log_queue_peek(const struct sl_log_queue *queue, char *out);
/* Removes the oldest line, if any. */
void sl_log_queue_drop(struct sl_log_queue *queue);
/* How many lines were lost, once there is room to say so: the caller puts that line next, and lines
 * are taken again. 0: none, or no room yet. */
uint64_t sl_log_queue_take_lost(struct sl_log_queue *queue);

#endif
