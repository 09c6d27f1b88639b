/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Doing something on another thread's loop, and knowing when it is done. */
#ifndef SL_TESTS_JOB_H
#define SL_TESTS_JOB_H

#include "base/mem.h"
#include "net/net.h"

#include <stdatomic.h>

struct job { /* the caller's, until it is done */
    struct sl_msg msg;
    void (*fn)(void *arg);
    void *arg;
    _Atomic bool done;
};

static inline void job_run(struct sl_msg *msg)
{
    struct job *job = sl_container_of(msg, struct job, msg);

    job->fn(job->arg);
    atomic_store(&job->done, true);
}

static inline void job_post(struct job *job, struct sl_loop *loop, void (*fn)(void *arg), void *arg)
{
    *job = (struct job){.msg = {.run = job_run}, .fn = fn, .arg = arg};
    sl_loop_post(loop, &job->msg);
}

static inline bool job_is_done(void *job)
{
    return atomic_load(&((struct job *)job)->done);
}

#endif
