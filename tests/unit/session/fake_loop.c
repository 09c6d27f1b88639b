/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A clock, timers and turns of the loop that move only when the test says so. */
#include "base/clock.h"
#include "base/list.h"
#include "fake.h"

#include <errno.h>

struct sl_timer {
    struct sl_list link;
    int64_t due_us; /* 0: not running */
    uint64_t repeat_ms;
    void (*on_timer)(void *owner);
    void *owner;
};

static struct sl_list timers = {&timers, &timers};
static struct sl_list laters = {&laters, &laters};
static int64_t now_us = 1000 * (int64_t)SL_US_PER_S;

/* The executables are linked with --wrap=clock_gettime. */
int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
    if (clock != CLOCK_MONOTONIC)
        return __real_clock_gettime(clock, out);
    out->tv_sec = now_us / SL_US_PER_S;
    out->tv_nsec = now_us % SL_US_PER_S * 1000;
    return 0;
}

bool sl_loop_is_current(const struct sl_loop *loop)
{
    (void)loop;
    return true; /* there is one thread */
}

uv_loop_t *sl_loop_uv(struct sl_loop *loop)
{
    (void)loop;
    abort(); /* nothing of libuv runs here */
}

struct sl_timer *sl_timer_create(struct sl_loop *loop, void (*on_timer)(void *owner), void *owner)
{
    struct sl_timer *timer = sl_new(struct sl_timer);

    (void)loop;
    timer->on_timer = on_timer;
    timer->owner = owner;
    sl_list_append(&timers, &timer->link);
    return timer;
}

void sl_timer_start(struct sl_timer *timer, uint64_t after_ms, uint64_t repeat_ms)
{
    timer->due_us = now_us + (int64_t)after_ms * SL_US_PER_MS;
    timer->repeat_ms = repeat_ms;
}

void sl_timer_stop(struct sl_timer *timer)
{
    timer->due_us = 0;
}

void sl_timer_destroy(struct sl_timer *timer)
{
    if (!timer)
        return;
    sl_list_remove(&timer->link);
    free(timer);
}

static struct sl_timer *next_due(int64_t until_us)
{
    struct sl_timer *timer, *next = NULL;

    sl_list_foreach(timer, &timers, struct sl_timer, link)
    {
        if (timer->due_us > 0 && timer->due_us <= until_us &&
            (!next || timer->due_us < next->due_us))
            next = timer;
    }
    return next;
}

void sl_loop_later(struct sl_loop *loop, struct sl_later *later)
{
    (void)loop;
    if (!later->link.next || sl_list_empty(&later->link))
        sl_list_append(&laters, &later->link);
}

void fake_turn(void)
{
    struct sl_list now;

    sl_list_init(&now);
    while (!sl_list_empty(&laters)) {
        struct sl_list *link = laters.next;
        sl_list_remove(link);
        sl_list_append(&now, link);
    }
    while (!sl_list_empty(&now)) {
        struct sl_later *later = sl_list_first(&now, struct sl_later, link);
        sl_list_remove(&later->link);
        later->run(later);
    }
}

void fake_settle(void)
{
    while (!sl_list_empty(&laters))
        fake_turn();
}

void fake_advance_ms(int64_t ms)
{
    int64_t until_us = now_us + ms * SL_US_PER_MS;

    fake_settle();
    for (struct sl_timer *timer; (timer = next_due(until_us));) {
        now_us = timer->due_us;
        timer->due_us = timer->repeat_ms ? now_us + (int64_t)timer->repeat_ms * SL_US_PER_MS : 0;
        timer->on_timer(timer->owner);
        fake_settle();
    }
    now_us = until_us;
}

size_t fake_timer_count(void)
{
    size_t count = 0;

    for (const struct sl_list *link = timers.next; link != &timers; link = link->next)
        count++;
    return count;
}

/* ---- Jobs: on this thread, when the test says so ---- */

void sl_jobs_init(struct sl_jobs *jobs, struct sl_loop *loop)
{
    *jobs = (struct sl_jobs){.loop = loop};
    sl_list_init(&jobs->running);
    sl_list_init(&jobs->waiting);
}

static struct sl_jobs *all_jobs; /* of the one there is */

int sl_jobs_add(struct sl_jobs *jobs, struct sl_job *job)
{
    if (jobs->waiting_count >= SL_JOBS_WAITING_MAX)
        return -EBUSY;
    all_jobs = jobs;
    job->jobs = jobs;
    sl_list_append(&jobs->waiting, &job->link);
    jobs->waiting_count++;
    return 0;
}

static struct sl_job *take_job(struct sl_jobs *jobs)
{
    struct sl_job *job = jobs ? sl_list_first(&jobs->waiting, struct sl_job, link) : NULL;

    if (job) {
        sl_list_remove(&job->link);
        jobs->waiting_count--;
    }
    return job;
}

size_t fake_run_jobs(void)
{
    struct sl_job *job;
    size_t count = 0;

    for (; (job = take_job(all_jobs)); count++) {
        if (job->is_needed(job)) {
            job->run(job);
            job->on_ran(job);
        }
        job->free(job);
    }
    return count;
}

void sl_jobs_deinit(struct sl_jobs *jobs)
{
    struct sl_job *job;

    while ((job = take_job(jobs)))
        job->free(job);
    all_jobs = NULL;
}
