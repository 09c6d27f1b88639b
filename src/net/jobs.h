/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What computes for longer than a loop may wait: jobs on libuv's pool, a bounded number of them.
 * The owner's thread is the loop's. */
#ifndef SL_NET_JOBS_H
#define SL_NET_JOBS_H

#include "base/list.h"
#include "net/loop.h"

enum {
    SL_JOBS_RUNNING_MAX = 8, /* all of libuv's pool (main.c): they compute, and end */
    SL_JOBS_WAITING_MAX = 64,
};

struct sl_jobs;

/* Embedded in what a job works on. */
struct sl_job {
    uv_work_t work;
    struct sl_list link;  /* sl_jobs.running or .waiting */
    struct sl_jobs *jobs; /* NULL: the jobs have been deinitialised, nobody wants the result */
    /* Loop, only for a job that had to wait: false if it need not run any more. */
    bool (*is_needed)(struct sl_job *job);
    /* A thread of the pool: computes, touches nothing but the job. */
    void (*run)(struct sl_job *job);
    /* Loop, after run(); may end everything. */
    void (*on_ran)(struct sl_job *job);
    /* Loop. The last call. */
    void (*free)(struct sl_job *job);
};

struct sl_jobs {
    struct sl_loop *loop;
    struct sl_list running, waiting;
    size_t running_count, waiting_count;
};

void sl_jobs_init(struct sl_jobs *jobs, struct sl_loop *loop);
/* Frees what waits; what runs is freed by the loop later, its result is dropped. */
void sl_jobs_deinit(struct sl_jobs *jobs);
/* Runs job, now or later, and takes it. -EBUSY: too many wait; the job remains the caller's. */
int sl_jobs_add(struct sl_jobs *jobs, struct sl_job *job);

#endif
