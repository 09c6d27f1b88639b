/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One job at a time on libuv's pool, with a deadline for those who wait. */
#include "net/lane.h"

#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"

#include <errno.h>

enum { WAITING_MAX = 512 };

struct sl_lane {
    struct sl_loop *loop;
    const char *what;
    int timeout_ms;
    struct sl_list waiting;
    size_t waiting_count;
    struct sl_lane_job *running; /* NULL: none */
};

struct sl_lane *sl_lane_create(struct sl_loop *loop, const char *what, int timeout_ms)
{
    struct sl_lane *lane = sl_new(struct sl_lane);

    lane->loop = loop;
    lane->what = what;
    lane->timeout_ms = timeout_ms;
    sl_list_init(&lane->waiting);
    return lane;
}

static void job_free(struct sl_lane_job *job)
{
    sl_timer_destroy(job->timer);
    uv_sem_destroy(&job->ran);
    job->free(job);
}

static void stop_waiting(struct sl_lane_job *job)
{
    if (job->runs)
        return;
    sl_list_remove(&job->link);
    job->lane->waiting_count--;
}

static void on_work(uv_work_t *work) /* on a thread of the pool */
{
    struct sl_lane_job *job = sl_container_of(work, struct sl_lane_job, work);

    job->run(job);
    uv_sem_post(&job->ran);
}

static void on_worked(uv_work_t *work, int status);

static void start_next(struct sl_lane *lane)
{
    struct sl_lane_job *job = sl_list_first(&lane->waiting, struct sl_lane_job, link);

    if (lane->running || !job)
        return;
    stop_waiting(job);
    job->runs = true;
    lane->running = job;
    /* fails only without a function */
    (void)uv_queue_work(sl_loop_uv(lane->loop), &job->work, on_work, on_worked);
}

static void on_worked(uv_work_t *work, int status)
{
    struct sl_lane_job *job = sl_container_of(work, struct sl_lane_job, work);
    struct sl_lane *lane = job->lane;

    (void)status; /* cancelled only when the lane is gone */
    if (lane) {
        lane->running = NULL;
        start_next(lane);
        if (job->on_done)
            job->on_done(job, 0); /* the lane may be gone after this */
    }
    job_free(job);
}

/* Its time is over; or there were too many from the beginning. */
static void on_timer(void *owner)
{
    struct sl_lane_job *job = owner;
    void (*on_done)(struct sl_lane_job *, int) = job->on_done;
    bool runs = job->runs;

    if (job->err == -ETIMEDOUT && runs) /* once for all that wait behind it */
        sl_log(SL_LOG_WARN, NULL, "%s: no answer for %d ms", job->lane->what,
               job->lane->timeout_ms);
    job->on_done = NULL;
    stop_waiting(job);
    on_done(job, job->err);
    if (!runs)
        job_free(job);
}

void sl_lane_add(struct sl_lane *lane, struct sl_lane_job *job)
{
    bool full = lane->waiting_count >= WAITING_MAX;

    job->lane = lane;
    job->runs = false;
    job->err = full ? -EBUSY : -ETIMEDOUT;
    (void)uv_sem_init(&job->ran, 0); /* cannot fail with these arguments */
    job->timer = sl_timer_create(lane->loop, on_timer, job);
    sl_timer_start(job->timer, full ? 0 : (uint64_t)lane->timeout_ms, 0);
    sl_list_append(&lane->waiting, &job->link);
    lane->waiting_count++;
    if (!full)
        start_next(lane);
}

void sl_lane_cancel(struct sl_lane_job *job)
{
    job->on_done = NULL;
    sl_timer_stop(job->timer);
    stop_waiting(job);
    if (!job->runs)
        job_free(job);
}

void sl_lane_destroy(struct sl_lane *lane)
{
    struct sl_lane_job *job;

    if (!lane)
        return;
    sl_list_foreach(job, &lane->waiting, struct sl_lane_job, link)
    {
        sl_list_remove(&job->link);
        job_free(job);
    }
    job = lane->running;
    if (job) {
        job->lane = NULL; /* on_worked() only frees it */
        sl_timer_stop(job->timer);
        if (uv_cancel((uv_req_t *)&job->work) < 0)
            uv_sem_wait(&job->ran);
    }
    free(lane);
}
