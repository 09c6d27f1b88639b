/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages between threads: a list handed over in one go.
 *
 * Many threads post, one thread (the owner) takes. The owner is woken only when the queue goes from
 * empty to not empty. The queue itself has no bound: every kind of message is bounded where it is
 * made (one per object and state change, or a counted number in flight), and says so there.
 */
#ifndef SL_BASE_QUEUE_H
#define SL_BASE_QUEUE_H

#include <pthread.h>
#include <stdbool.h>

/* Lies inside a larger struct that carries the arguments; run() gets it on the owner's thread,
 * once, and frees or reuses it. */
struct sl_msg {
    struct sl_msg *next;
    void (*run)(struct sl_msg *msg);
};

struct sl_queue {
    pthread_mutex_t lock;
    struct sl_msg *first;
    struct sl_msg **last; /* where the next one is linked */
};

void sl_queue_init(struct sl_queue *queue);
void sl_queue_deinit(struct sl_queue *queue);
/* Returns true if the queue was empty: the caller must then wake the owner. Threads: any. */
bool sl_queue_post(struct sl_queue *queue, struct sl_msg *msg);
/* Takes everything, in order, NULL if empty. Threads: the owner. */
struct sl_msg *sl_queue_take(struct sl_queue *queue);

#endif
