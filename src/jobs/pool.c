/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loops, their threads, and who is placed where. */
#include "jobs/pool.h"

#include "base/clock.h"
#include "base/mem.h"
#include "net/net.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>

struct pace {
    struct sl_job_loop *loop;
    struct sl_timer *timer; /* runs while there are ticks */
    bool running;
    struct sl_list ticks; /* struct sl_job_tick.link */
};

struct sl_job_loop {
    size_t index;
    size_t weight; /* control's */
    struct sl_loop *control;
    struct sl_loop *loop;
    struct sl_conn_set *conns;
    struct pace paces[2]; /* by enum sl_job_pace */
    pthread_t thread;
};

struct sl_job_pool {
    struct sl_loop *control;
    size_t count, running;
    struct sl_job_loop *loops;
};

static const uint64_t pace_ms[2] = {[SL_JOB_FAST] = 20, [SL_JOB_SLOW] = 200};

/* ---- Ticks ---- */

static void on_timer(void *owner)
{
    struct pace *pace = owner;
    int64_t now_us = sl_now_us();
    struct sl_job_tick *tick;

    sl_list_foreach(tick, &pace->ticks, struct sl_job_tick, link) tick->on_tick(tick, now_us);
    if (sl_list_empty(&pace->ticks)) {
        sl_timer_stop(pace->timer);
        pace->running = false;
    }
}

void sl_job_tick_start(struct sl_job_loop *loop, struct sl_job_tick *tick, enum sl_job_pace which)
{
    struct pace *pace = &loop->paces[which];

    assert(sl_loop_is_current(loop->loop) && !sl_list_linked(&tick->link));
    sl_list_append(&pace->ticks, &tick->link);
    if (pace->running)
        return;
    pace->running = true;
    sl_timer_start(pace->timer, pace_ms[which], pace_ms[which]);
}

void sl_job_tick_stop(struct sl_job_tick *tick)
{
    sl_list_remove(&tick->link);
}

/* ---- Loops ---- */

static bool set_up(struct sl_job_loop *loop, size_t index)
{
    loop->index = index;
    loop->loop = sl_loop_create("job");
    if (!loop->loop)
        return false;
    loop->conns = sl_conn_set_create(loop->loop);
    for (size_t i = 0; i < SL_ARRAY_LEN(loop->paces); i++) {
        struct pace *pace = &loop->paces[i];
        pace->loop = loop;
        sl_list_init(&pace->ticks);
        pace->timer = sl_timer_create(loop->loop, on_timer, pace);
    }
    return true;
}

static void take_down(struct sl_job_loop *loop)
{
    if (!loop->loop)
        return;
    sl_conn_set_destroy(loop->conns);
    for (size_t i = 0; i < SL_ARRAY_LEN(loop->paces); i++)
        sl_timer_destroy(loop->paces[i].timer);
    sl_loop_destroy(loop->loop);
}

static void *run(void *arg)
{
    struct sl_job_loop *loop = arg;
    sigset_t all;

    /* Signals are the control loop's; and OpenSSL writes without MSG_NOSIGNAL. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, NULL);
    sl_loop_run(loop->loop);
    return NULL;
}

struct sl_loop *sl_job_loop_loop(struct sl_job_loop *loop)
{
    return loop->loop;
}

size_t sl_job_loop_index(const struct sl_job_loop *loop)
{
    return loop->index;
}

struct sl_conn_set *sl_job_loop_conns(struct sl_job_loop *loop)
{
    return loop->conns;
}

/* ---- The pool ---- */

struct sl_job_pool *sl_job_pool_create(struct sl_loop *control, size_t count)
{
    struct sl_job_pool *pool = sl_new(struct sl_job_pool);

    SL_ASSERT_ON(control);
    pool->control = control;
    pool->loops = sl_new_array(struct sl_job_loop, count);
    for (; pool->count < count; pool->count++) {
        pool->loops[pool->count].control = control;
        if (!set_up(&pool->loops[pool->count], pool->count)) {
            sl_job_pool_destroy(pool);
            return NULL;
        }
    }
    return pool;
}

int sl_job_pool_start(struct sl_job_pool *pool)
{
    SL_ASSERT_ON(pool->control);
    for (; pool->running < pool->count; pool->running++) {
        struct sl_job_loop *loop = &pool->loops[pool->running];
        if (pthread_create(&loop->thread, NULL, run, loop) != 0) {
            sl_job_pool_stop(pool);
            return -EAGAIN;
        }
    }
    return 0;
}

void sl_job_pool_stop(struct sl_job_pool *pool)
{
    if (!pool)
        return;
    SL_ASSERT_ON(pool->control);
    for (size_t i = 0; i < pool->running; i++)
        sl_loop_stop(pool->loops[i].loop);
    for (size_t i = 0; i < pool->running; i++)
        (void)pthread_join(pool->loops[i].thread, NULL); /* it is ours, and has been told */
    pool->running = 0;
}

void sl_job_pool_destroy(struct sl_job_pool *pool)
{
    if (!pool)
        return;
    sl_job_pool_stop(pool);
    for (size_t i = 0; i < pool->count; i++)
        take_down(&pool->loops[i]);
    free(pool->loops);
    free(pool);
}

size_t sl_job_pool_count(const struct sl_job_pool *pool)
{
    return pool->count;
}

struct sl_job_loop *sl_job_pool_at(struct sl_job_pool *pool, size_t index)
{
    return &pool->loops[index];
}

struct sl_job_loop *sl_job_pool_pick(struct sl_job_pool *pool, size_t weight)
{
    struct sl_job_loop *least = &pool->loops[0];

    for (size_t i = 1; i < pool->count; i++) {
        if (pool->loops[i].weight < least->weight)
            least = &pool->loops[i];
    }
    sl_job_loop_add(least, weight);
    return least;
}

void sl_job_loop_add(struct sl_job_loop *loop, size_t weight)
{
    SL_ASSERT_ON(loop->control);
    loop->weight += weight;
}

void sl_job_loop_drop(struct sl_job_loop *loop, size_t weight)
{
    SL_ASSERT_ON(loop->control);
    assert(loop->weight >= weight);
    loop->weight -= weight;
}
