/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A pool of job loops, each with a thread, its connections and its ticks. What is placed on one
 * belongs to its thread and shares it with others: it may compute, and never waits.
 */
#ifndef SL_JOBS_POOL_H
#define SL_JOBS_POOL_H

#include "base/list.h"

#include <stddef.h>
#include <stdint.h>

struct sl_conn_set;
struct sl_job_loop;
struct sl_job_pool;
struct sl_loop;

/* ---- The pool [control] ---- */

/* NULL: no descriptors are left for so many loops. Owner: the caller. */
struct sl_job_pool *sl_job_pool_create(struct sl_loop *control, size_t count);
/* -EAGAIN: no thread could be made for one of them; then none runs. */
int sl_job_pool_start(struct sl_job_pool *pool);
/* Joins the threads. Whoever is on a loop has left it, or never comes back. NULL is fine. */
void sl_job_pool_stop(struct sl_job_pool *pool);
/* Stops it first. NULL is fine. */
void sl_job_pool_destroy(struct sl_job_pool *pool);
/* Constant. Threads: any. */
size_t sl_job_pool_count(const struct sl_job_pool *pool);
struct sl_job_loop *sl_job_pool_at(struct sl_job_pool *pool, size_t index);

/* How much of a loop things take: a push of sound and pictures, and a track of a stream on its way
 * to a codec process and back. */
enum { SL_WEIGHT_SOCKET = 1, SL_WEIGHT_CODED = 1 };

/* The loop with the least to do; weight is added to it, until sl_job_loop_drop(). */
struct sl_job_loop *sl_job_pool_pick(struct sl_job_pool *pool, size_t weight);
/* More of what is on that loop already. */
void sl_job_loop_add(struct sl_job_loop *loop, size_t weight);
void sl_job_loop_drop(struct sl_job_loop *loop, size_t weight);

/* ---- A loop ---- */

/* Constant. Threads: any. */
struct sl_loop *sl_job_loop_loop(struct sl_job_loop *loop);
size_t sl_job_loop_index(const struct sl_job_loop *loop); /* less than the pool's count */
/* [the loop's] */
struct sl_conn_set *sl_job_loop_conns(struct sl_job_loop *loop);

/* Something to be looked at now and then, by one timer for all of a loop. */
enum sl_job_pace {
    SL_JOB_FAST, /* every 20 ms: the beat of sound */
    SL_JOB_SLOW, /* every 200 ms: deadlines */
};
struct sl_job_tick { /* embedded in its owner; zeroed: stopped */
    struct sl_list link;
    /* May stop this one, no other. */
    void (*on_tick)(struct sl_job_tick *tick, int64_t now_us);
};
/* [the loop's] */
void sl_job_tick_start(struct sl_job_loop *loop, struct sl_job_tick *tick, enum sl_job_pace pace);
void sl_job_tick_stop(struct sl_job_tick *tick);

#endif
