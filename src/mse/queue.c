/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes added, bytes left, and marks in time between them. */
#include "mse/queue.h"

void sl_mse_queue_update(struct sl_mse_queue *queue, size_t waiting, int64_t now_us)
{
    uint64_t left = waiting < queue->added ? queue->added - waiting : 0;

    if (waiting == 0 || left > queue->left)
        queue->progress_us = now_us;
    if (waiting == 0)
        queue->blocked = false;
    if (left > queue->left)
        queue->left = left;
    while (queue->mark_count > 0 && queue->marks[queue->first_mark].end <= queue->left) {
        queue->first_mark = (queue->first_mark + 1) % SL_MSE_MARKS;
        queue->mark_count--;
    }
}

bool sl_mse_queue_is_over(const struct sl_mse_queue *queue,
                          const struct sl_mse_queue_limits *limits, size_t len, int64_t now_us)
{
    if (len > limits->len || queue->added - queue->left > limits->len - len)
        return true;
    return queue->mark_count > 0 && now_us - queue->marks[queue->first_mark].at_us > limits->age_us;
}

void sl_mse_queue_add(struct sl_mse_queue *queue, size_t len, int64_t now_us)
{
    size_t last = (queue->first_mark + queue->mark_count + SL_MSE_MARKS - 1) % SL_MSE_MARKS;

    queue->added += len;
    if (queue->mark_count < SL_MSE_MARKS) {
        last = (queue->first_mark + queue->mark_count++) % SL_MSE_MARKS;
        queue->marks[last].at_us = now_us;
    } /* else it counts as of the last one's time: earlier than it was */
    queue->marks[last].end = queue->added;
}

void sl_mse_queue_drop(struct sl_mse_queue *queue, size_t waiting, int64_t now_us)
{
    queue->runs = false;
    queue->blocked = waiting > 0;
    queue->mark_count = 0;
    queue->added = queue->left;
    if (waiting > 0)
        sl_mse_queue_add(queue, waiting, now_us);
}

bool sl_mse_queue_takes(struct sl_mse_queue *queue, const struct sl_mse_unit *unit)
{
    if (queue->blocked)
        return false;
    if (!queue->runs) {
        queue->runs = !queue->has_pictures || (unit->kind == SL_VIDEO && unit->keyframe);
        queue->begin_us = unit->time_us;
    }
    return queue->runs && (unit->kind == SL_VIDEO || unit->time_us >= queue->begin_us);
}

int64_t sl_mse_queue_stalled_us(const struct sl_mse_queue *queue, int64_t now_us)
{
    return queue->added > queue->left ? now_us - queue->progress_us : 0;
}
