/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The queue between threads. */
#include "base/queue.h"

#include <stddef.h>

void sl_queue_init(struct sl_queue *queue)
{
    (void)pthread_mutex_init(&queue->lock, NULL); /* cannot fail on Linux without attributes */
    queue->first = NULL;
    queue->last = &queue->first;
}

void sl_queue_deinit(struct sl_queue *queue)
{
    (void)pthread_mutex_destroy(&queue->lock);
}

bool sl_queue_post(struct sl_queue *queue, struct sl_msg *msg)
{
    msg->next = NULL;
    (void)pthread_mutex_lock(&queue->lock);
    bool was_empty = queue->first == NULL;
    *queue->last = msg;
    queue->last = &msg->next;
    (void)pthread_mutex_unlock(&queue->lock);
    return was_empty;
}

struct sl_msg *sl_queue_take(struct sl_queue *queue)
{
    (void)pthread_mutex_lock(&queue->lock);
    struct sl_msg *first = queue->first;
    queue->first = NULL;
    queue->last = &queue->first;
    (void)pthread_mutex_unlock(&queue->lock);
    return first;
}
