/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The core as the server has it: workers on threads of their own, streams, and the control loop in
 * the test's hands. For tests of what sends to streams or takes from them. */
#ifndef SL_TESTS_CORE_H
#define SL_TESTS_CORE_H

#include "job.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "net/net.h"
#include "stream/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { CORE_DEADLINE_US = 20 * SL_US_PER_S };

struct core {
    struct sl_loop *control;
    struct sl_metrics *metrics;
    struct sl_workers *workers;
    struct sl_streams *streams;
    uv_timer_t poll; /* lets core_wait() look at its condition now and then */
};

static inline void core_on_poll(uv_timer_t *timer)
{
    (void)timer;
}

/* Without threads: what is posted to the workers waits. The config's metrics are filled in here. */
static inline void core_init(struct core *core, struct sl_workers_config config)
{
    core->control = sl_loop_create("control");
    core->metrics = sl_metrics_create();
    config.metrics = core->metrics;
    core->workers = sl_workers_create(&config, core->control);
    core->streams = sl_streams_create(core->workers, core->control);
    (void)uv_timer_init(sl_loop_uv(core->control), &core->poll);
    (void)uv_timer_start(&core->poll, core_on_poll, 1, 1);
}

static inline void core_start(struct core *core, struct sl_workers_config config)
{
    core_init(core, config);
    assert_int_equal(sl_workers_start(core->workers), 0);
}

/* Turns the control loop until the condition holds. */
static inline void core_wait(struct core *core, bool (*condition)(void *arg), void *arg)
{
    int64_t deadline_us = sl_now_us() + CORE_DEADLINE_US;

    while (!condition(arg)) {
        if (sl_now_us() > deadline_us)
            fail_msg("waited %d s in vain", (int)(CORE_DEADLINE_US / SL_US_PER_S));
        (void)uv_run(sl_loop_uv(core->control), UV_RUN_ONCE);
    }
}

static inline void core_on_worker(struct core *core, struct sl_worker *worker,
                                  void (*fn)(void *arg), void *arg)
{
    struct job job;

    job_post(&job, sl_worker_loop(worker), fn, arg);
    core_wait(core, job_is_done, &job);
}

static inline bool core_is_drained(void *core)
{
    return sl_streams_drained(((struct core *)core)->streams);
}

/* The workers do not run, and all streams are gone. */
static inline void core_deinit(struct core *core)
{
    uv_close((uv_handle_t *)&core->poll, NULL);
    sl_workers_destroy(core->workers);
    sl_streams_destroy(core->streams);
    sl_loop_destroy(core->control);
    sl_metrics_destroy(core->metrics);
}

/* After all streams were released. */
static inline void core_stop(struct core *core)
{
    core_wait(core, core_is_drained, core);
    sl_workers_stop(core->workers);
    core_deinit(core);
}

#endif
