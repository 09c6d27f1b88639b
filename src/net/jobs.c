/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs on libuv's pool. */
#include "net/jobs.h"

#include <errno.h>

void sl_jobs_init(struct sl_jobs *jobs, struct sl_loop *loop)
{
    jobs->loop = loop;
    jobs->running_count = 0;
    jobs->waiting_count = 0;
    sl_list_init(&jobs->running);
    sl_list_init(&jobs->waiting);
}

void sl_jobs_deinit(struct sl_jobs *jobs)
{
    struct sl_job *job;

    sl_list_foreach(job, &jobs->waiting, struct sl_job, link)
    {
        sl_list_remove(&job->link);
        job->free(job);
    }
    sl_list_foreach(job, &jobs->running, struct sl_job, link)
    {
        sl_list_remove(&job->link);
        job->jobs = NULL;
        (void)uv_cancel((uv_req_t *)&job->work); /* it may have begun: then it ends by itself */
    }
}

static void on_work(uv_work_t *work)
{
    struct sl_job *job = sl_container_of(work, struct sl_job, work);

    job->run(job);
}

static void start(struct sl_jobs *jobs, struct sl_job *job);

static void start_waiting(struct sl_jobs *jobs)
{
    struct sl_job *job;

    sl_list_foreach(job, &jobs->waiting, struct sl_job, link)
    {
        if (jobs->running_count >= SL_JOBS_RUNNING_MAX)
            break;
        sl_list_remove(&job->link);
        jobs->waiting_count--;
        if (job->is_needed(job))
            start(jobs, job);
        else
            job->free(job);
    }
}

static void on_worked(uv_work_t *work, int status)
{
    struct sl_job *job = sl_container_of(work, struct sl_job, work);
    struct sl_jobs *jobs = job->jobs;

    (void)status; /* cancelled only when jobs is NULL */
    if (jobs) {
        sl_list_remove(&job->link);
        jobs->running_count--;
        start_waiting(jobs);
        job->on_ran(job); /* jobs may be gone after this */
    }
    job->free(job);
}

static void start(struct sl_jobs *jobs, struct sl_job *job)
{
    sl_list_append(&jobs->running, &job->link);
    jobs->running_count++;
    /* fails only without a function */
    (void)uv_queue_work(sl_loop_uv(jobs->loop), &job->work, on_work, on_worked);
}

int sl_jobs_add(struct sl_jobs *jobs, struct sl_job *job)
{
    if (jobs->running_count >= SL_JOBS_RUNNING_MAX && jobs->waiting_count >= SL_JOBS_WAITING_MAX)
        return -EBUSY;
    job->jobs = jobs;
    if (jobs->running_count < SL_JOBS_RUNNING_MAX) {
        start(jobs, job);
    } else {
        sl_list_append(&jobs->waiting, &job->link);
        jobs->waiting_count++;
    }
    return 0;
}
