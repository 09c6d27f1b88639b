/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs between the SSH thread and the control loop, also when either goes away in between. */
#include "cli/jobs.h"

#include "fixture.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What the last job brought. */
struct got {
    size_t count;
    uint64_t client;
    enum sl_cli_job_kind kind;
    int err;
    char text[1000];
};

static void on_done(void *owner, struct sl_cli_job *job)
{
    struct got *got = owner;

    got->count++;
    got->client = job->client;
    got->kind = job->kind;
    got->err = job->err;
    if (job->call.failed)
        (void)snprintf(got->text, sizeof(got->text), "Error: %s", job->call.error.text);
    else if (job->kind == SL_JOB_RUN)
        (void)snprintf(got->text, sizeof(got->text), "%.*s", (int)job->call.out.len,
                       job->call.out.len > 0 ? job->call.out.bytes : "");
    else if (job->kind == SL_JOB_COMPLETE && job->completions.count > 0)
        (void)snprintf(got->text, sizeof(got->text), "%s", job->completions.words[0]);
}

/* Turns the loop until a job is done, and takes it. */
static void turn(struct fixture *f, struct sl_cli_jobs *jobs, int wake_fd, struct got *got)
{
    struct pollfd wake = {.fd = wake_fd, .events = POLLIN};

    memset(got, 0, sizeof(*got));
    while (got->count == 0) {
        (void)uv_run(sl_loop_uv(f->loop), UV_RUN_ONCE);
        if (poll(&wake, 1, 0) == 1)
            sl_cli_jobs_take(jobs, on_done, got);
    }
    uint64_t count;
    assert_int_equal(read(wake_fd, &count, sizeof(count)), sizeof(count));
}

static void brings_answers_to_who_asked(void **state)
{
    struct fixture *f = *state;
    int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct sl_cli_jobs *jobs = sl_cli_jobs_create(&f->console, wake_fd);
    struct got got;

    sl_cli_jobs_post(jobs, SL_JOB_RUN, 7, "admin", "show version", NULL);
    turn(f, jobs, wake_fd, &got);
    assert_int_equal(got.client, 7);
    assert_string_equal(got.text, "Sluice " SLUICE_VERSION "\n");
    sl_cli_jobs_post(jobs, SL_JOB_RUN, 7, "admin", "nonsense", NULL);
    turn(f, jobs, wake_fd, &got);
    assert_string_equal(got.text, "Error: Unknown command: nonsense");
    sl_cli_jobs_post(jobs, SL_JOB_RUN, 8, "admin", "add user bob pw-of-bob", NULL);
    turn(f, jobs, wake_fd, &got);
    assert_int_equal(got.client, 8);
    assert_string_equal(got.text, "");
    sl_cli_jobs_post(jobs, SL_JOB_PASSWORD, 9, "bob", NULL, "pw-of-bob");
    turn(f, jobs, wake_fd, &got);
    assert_int_equal(got.err, 0);
    sl_cli_jobs_post(jobs, SL_JOB_PASSWORD, 9, "bob", NULL, "another");
    turn(f, jobs, wake_fd, &got);
    assert_int_equal(got.err, -EACCES);
    sl_cli_jobs_post(jobs, SL_JOB_KEY, 9, "nobody", NULL, NULL);
    turn(f, jobs, wake_fd, &got);
    assert_int_equal(got.err, -EACCES);
    sl_cli_jobs_post(jobs, SL_JOB_COMPLETE, 9, "bob", "show ver", NULL);
    turn(f, jobs, wake_fd, &got);
    assert_string_equal(got.text, "version");
    sl_cli_jobs_destroy(jobs);
    (void)close(wake_fd);
}

static void goes_away_with_jobs_in_every_state(void **state)
{
    struct fixture *f = *state;
    int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct sl_cli_jobs *jobs = sl_cli_jobs_create(&f->console, wake_fd);

    sl_cli_jobs_post(jobs, SL_JOB_RUN, 1, "admin", "show version", NULL);
    sl_cli_jobs_post(jobs, SL_JOB_RUN, 2, "admin", "add user bob pw-of-bob", NULL);
    sl_cli_jobs_post(jobs, SL_JOB_PASSWORD, 3, "admin", NULL, "guess");
    sl_loop_run_posted(f->loop); /* the first is done, the others compute */
    sl_cli_jobs_post(jobs, SL_JOB_RUN, 4, "admin", "remove app roomApp", NULL); /* not begun */
    sl_cli_jobs_destroy(jobs);
    (void)close(wake_fd);
    /* What had begun is finished: a user is added and saved, which takes several turns. */
    bool active = false;
    while (!active) {
        (void)uv_run(sl_loop_uv(f->loop), UV_RUN_ONCE);
        active = sl_apps_user_is_active(f->apps, "bob");
    }
    assert_non_null(sl_apps_find(f->apps, "roomApp")); /* what had not begun never is */
    /* Saving, and the guess: until libuv's pool has nothing left of it. */
    while (sl_loop_uv(f->loop)->active_reqs.count > 0)
        (void)uv_run(sl_loop_uv(f->loop), UV_RUN_ONCE);
    sl_loop_run_posted(f->loop);
    sl_cli_jobs_destroy(NULL);
}

/* ---- Two threads ---- */

enum { ROUNDS = 300 };

struct asker {
    struct sl_cli_jobs *jobs;
    struct sl_loop *loop;
    int wake_fd;
    size_t answered;
};

static void count_answer(void *owner, struct sl_cli_job *job)
{
    struct asker *asker = owner;

    asker->answered += !job->call.failed && job->call.out.len > 0;
}

static void *ask(void *arg)
{
    struct asker *asker = arg;

    for (size_t i = 0; i < ROUNDS; i++) {
        struct pollfd wake = {.fd = asker->wake_fd, .events = POLLIN};
        size_t before = asker->answered;
        uint64_t count;
        sl_cli_jobs_post(asker->jobs, SL_JOB_RUN, i, "admin", "show apps", NULL);
        while (asker->answered == before && poll(&wake, 1, 5000) == 1) {
            (void)!read(asker->wake_fd, &count, sizeof(count));
            sl_cli_jobs_take(asker->jobs, count_answer, asker);
        }
    }
    sl_cli_jobs_post(asker->jobs, SL_JOB_RUN, 0, "admin", "show apps", NULL); /* never taken */
    sl_loop_stop(asker->loop);
    return NULL;
}

static void hands_over_between_threads(void **state)
{
    struct fixture *f = *state;
    struct asker asker = {.loop = f->loop, .wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    pthread_t thread;

    asker.jobs = sl_cli_jobs_create(&f->console, asker.wake_fd);
    assert_int_equal(pthread_create(&thread, NULL, ask, &asker), 0);
    sl_loop_run(f->loop);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(asker.answered, ROUNDS);
    sl_cli_jobs_destroy(asker.jobs);
    (void)close(asker.wake_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(brings_answers_to_who_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(goes_away_with_jobs_in_every_state, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hands_over_between_threads, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
