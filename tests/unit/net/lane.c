/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs that hang: one at a time, answered by a deadline, and let go. */
#include "net/lane.h"

#include "base/mem.h"
#include "net/loop.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>

#include <cmocka.h>

enum { TIMEOUT_MS = 50, NOT_TOLD = 1 };

struct fixture {
    struct sl_loop *loop;
    struct sl_lane *lane;
    uv_sem_t gate; /* what jobs that hang wait for */
    atomic_int running, running_most;
    int told, freed, stop_after; /* events until the loop stops */
};

struct job {
    struct sl_lane_job job;
    struct fixture *f;
    bool hangs;
    int *result; /* NOT_TOLD, or what on_done said */
};

static void count_event(struct fixture *f)
{
    if (--f->stop_after == 0)
        sl_loop_stop(f->loop);
}

static void run(struct sl_lane_job *lane_job)
{
    struct job *job = sl_container_of(lane_job, struct job, job);
    int running = atomic_fetch_add(&job->f->running, 1) + 1;

    if (running > atomic_load(&job->f->running_most))
        atomic_store(&job->f->running_most, running);
    if (job->hangs)
        uv_sem_wait(&job->f->gate);
    (void)atomic_fetch_sub(&job->f->running, 1);
}

static void on_done(struct sl_lane_job *lane_job, int err)
{
    struct job *job = sl_container_of(lane_job, struct job, job);

    assert_int_equal(*job->result, NOT_TOLD);
    *job->result = err;
    job->f->told++;
    count_event(job->f);
}

static void free_job(struct sl_lane_job *lane_job)
{
    struct job *job = sl_container_of(lane_job, struct job, job);

    job->f->freed++;
    count_event(job->f);
    free(job);
}

static struct job *add(struct fixture *f, bool hangs, int *result)
{
    struct job *job = sl_new(struct job);

    *job = (struct job){.job = {.run = run, .on_done = on_done, .free = free_job},
                        .f = f,
                        .hangs = hangs,
                        .result = result};
    *result = NOT_TOLD;
    sl_lane_add(f->lane, &job->job);
    assert_int_equal(*result, NOT_TOLD);
    return job;
}

/* Runs the loop for so many answers and frees. */
static void run_for(struct fixture *f, int events)
{
    f->stop_after = events;
    sl_loop_run(f->loop);
}

static int setup(void **state)
{
    struct fixture *f = sl_new(struct fixture);

    f->loop = sl_loop_create("test");
    f->lane = sl_lane_create(f->loop, "test", TIMEOUT_MS);
    assert_int_equal(uv_sem_init(&f->gate, 0), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    sl_lane_destroy(f->lane);
    sl_loop_destroy(f->loop);
    uv_sem_destroy(&f->gate);
    free(f);
    return 0;
}

static void jobs_run_one_after_the_other(void **state)
{
    struct fixture *f = *state;
    int results[20];

    for (size_t i = 0; i < SL_ARRAY_LEN(results); i++)
        (void)add(f, false, &results[i]);
    run_for(f, 2 * (int)SL_ARRAY_LEN(results));
    for (size_t i = 0; i < SL_ARRAY_LEN(results); i++)
        assert_int_equal(results[i], 0);
    assert_int_equal(atomic_load(&f->running_most), 1);
}

static void who_waits_for_one_that_hangs_is_told_so(void **state)
{
    struct fixture *f = *state;
    int hung, behind, after;

    (void)add(f, true, &hung);
    (void)add(f, false, &behind);
    run_for(f, 3); /* two answers; the one that waited is free, the other is in use */
    assert_int_equal(hung, -ETIMEDOUT);
    assert_int_equal(behind, -ETIMEDOUT);
    assert_int_equal(f->freed, 1);
    uv_sem_post(&f->gate);
    run_for(f, 1);
    assert_int_equal(f->freed, 2);
    (void)add(f, false, &after);
    run_for(f, 2);
    assert_int_equal(after, 0);
}

static void a_cancelled_job_is_not_told_and_freed_when_it_has_run(void **state)
{
    struct fixture *f = *state;
    int running, waiting, after;
    struct job *first = add(f, true, &running), *second = add(f, false, &waiting);

    f->stop_after = 10; /* frees from within are counted, too */
    sl_lane_cancel(&second->job);
    assert_int_equal(f->freed, 1);
    sl_lane_cancel(&first->job);
    assert_int_equal(f->freed, 1);
    (void)add(f, false, &after);
    uv_sem_post(&f->gate);
    run_for(f, 3);
    assert_int_equal(running, NOT_TOLD);
    assert_int_equal(waiting, NOT_TOLD);
    assert_int_equal(after, 0);
    assert_int_equal(f->freed, 3);
}

static void too_many_are_refused(void **state)
{
    struct fixture *f = *state;
    enum { WAITING_MAX = 512 };
    int hung, results[WAITING_MAX], refused;

    (void)add(f, true, &hung);
    for (size_t i = 0; i < WAITING_MAX; i++)
        (void)add(f, false, &results[i]);
    (void)add(f, false, &refused);
    run_for(f, 1);
    assert_int_equal(refused, -EBUSY);
    uv_sem_post(&f->gate);
}

static void *open_gate(void *arg)
{
    struct fixture *f = arg;

    while (atomic_load(&f->running_most) == 0)
        ;
    uv_sem_post(&f->gate);
    return NULL;
}

static void the_end_waits_for_the_job_that_runs_and_tells_nobody(void **state)
{
    struct fixture *f = *state;
    int running, waiting;
    pthread_t thread;

    (void)add(f, true, &running);
    (void)add(f, false, &waiting);
    assert_int_equal(pthread_create(&thread, NULL, open_gate, f), 0);
    while (atomic_load(&f->running_most) == 0)
        ; /* it has begun; with the gate open it may be over, too */
    sl_lane_destroy(f->lane);
    f->lane = NULL;
    assert_int_equal(pthread_join(thread, NULL), 0);
    sl_loop_destroy(f->loop);
    f->loop = NULL;
    assert_int_equal(f->told, 0);
    assert_int_equal(f->freed, 2);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(jobs_run_one_after_the_other),
        T(who_waits_for_one_that_hangs_is_told_so),
        T(a_cancelled_job_is_not_told_and_freed_when_it_has_run),
        T(too_many_are_refused),
        T(the_end_waits_for_the_job_that_runs_and_tells_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
