/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A ring of lines, each behind its length. */
#include "base/log_queue.h"

#include <assert.h>
#include <string.h>

typedef uint16_t line_len;

void sl_log_queue_init(struct sl_log_queue *queue, char *bytes, size_t size)
{
    *queue = (struct sl_log_queue){.bytes = bytes, .size = size};
}

static void copy_in(struct sl_log_queue *queue, const void *from, size_t len)
{
    size_t at = (queue->head + queue->used) % queue->size;
    size_t first = len < queue->size - at ? len : queue->size - at;

    memcpy(queue->bytes + at, from, first);
    memcpy(queue->bytes, (const char *)from + first, len - first);
    queue->used += len;
}

static void copy_out(const struct sl_log_queue *queue, size_t offset, void *to, size_t len)
{
    size_t at = (queue->head + offset) % queue->size;
    size_t first = len < queue->size - at ? len : queue->size - at;

    memcpy(to, queue->bytes + at, first);
    memcpy((char *)to + first, queue->bytes, len - first);
}

bool sl_log_queue_put(struct sl_log_queue *queue, const char *line, size_t len)
{
    line_len prefix = (line_len)len;

    assert(len > 0 && len <= SL_LOG_LINE_MAX);
    if (queue->lost > 0 || len + sizeof(prefix) > queue->size - queue->used) {
        queue->lost++;
        return false;
    }
    copy_in(queue, &prefix, sizeof(prefix));
    copy_in(queue, line, len);
    return true;
}

size_t sl_log_queue_peek(const struct sl_log_queue *queue, char *out)
{
    line_len len;

    if (queue->used == 0)
        return 0;
    copy_out(queue, 0, &len, sizeof(len));
    copy_out(queue, sizeof(len), out, len);
    return len;
}

void sl_log_queue_drop(struct sl_log_queue *queue)
{
    line_len len;

    if (queue->used == 0)
        return;
    copy_out(queue, 0, &len, sizeof(len));
    queue->head = (queue->head + sizeof(len) + len) % queue->size;
    queue->used -= sizeof(len) + len;
}

uint64_t sl_log_queue_take_lost(struct sl_log_queue *queue)
{
    uint64_t lost = queue->lost;

    if (lost == 0 || queue->used > queue->size / 2)
        return 0;
    queue->lost = 0;
    return lost;
}
