/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Jobs that a disk may keep for ever: each lane runs one at a time on libuv's pool, the others
 * wait. A disk that hangs so takes one thread of the pool, and name look-ups and passwords have the
 * rest. Whoever waits is answered by a deadline in any case. Owner: the loop's thread.
 */
#ifndef SL_NET_LANE_H
#define SL_NET_LANE_H

#include "base/list.h"

#include <stdbool.h>
#include <uv.h>

struct sl_lane;
struct sl_loop;
struct sl_timer;

/* Embedded in what the job needs; the first three fields are its maker's. */
struct sl_lane_job {
    /* On a thread of the pool; touches nothing but what belongs to the job. */
    void (*run)(struct sl_lane_job *job);
    /* Once, from the loop: 0: run() has returned; -ETIMEDOUT: it has not yet, or waits in the
     * queue; -EBUSY: too many wait. The lane may be destroyed within. */
    void (*on_done)(struct sl_lane_job *job, int err);
    void (*free)(struct sl_lane_job *job); /* the last call, when nobody uses it any more */

    uv_work_t work;
    uv_sem_t ran;
    struct sl_list link; /* waiting ones */
    struct sl_lane *lane;
    struct sl_timer *timer;
    bool runs;
    int err; /* what its timer will tell */
};

/* what: for the line in the log that tells of a deadline; static. */
struct sl_lane *sl_lane_create(struct sl_loop *loop, const char *what, int timeout_ms);
/* No callback but free() after this. Waits for the job that runs. NULL is fine. */
void sl_lane_destroy(struct sl_lane *lane);
/* The job is the lane's until free(). on_done is never called from within. */
void sl_lane_add(struct sl_lane *lane, struct sl_lane_job *job);
/* No on_done after this. Not after on_done. */
void sl_lane_cancel(struct sl_lane_job *job);

#endif
