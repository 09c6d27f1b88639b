/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs between the SSH thread and the control loop. */
#include "cli/jobs.h"

#include "apps/apps.h"
#include "base/config.h"
#include "base/mem.h"
#include "net/net.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct sl_cli_jobs {
    struct sl_cli_config console; /* a copy: jobs under way may live longer than the console */
    int wake_fd;                  /* control loop */
    bool abandoned;               /* control loop: nobody takes what is done */
    size_t posted;                /* SSH thread; once that has ended, the control loop */
    size_t finished;              /* control loop */
    struct sl_queue done;
};

struct sl_cli_jobs *sl_cli_jobs_create(const struct sl_cli_config *console, int wake_fd)
{
    struct sl_cli_jobs *jobs = sl_new(struct sl_cli_jobs);

    jobs->console = *console;
    jobs->wake_fd = wake_fd;
    sl_queue_init(&jobs->done);
    return jobs;
}

static void wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

static void job_free(struct sl_cli_job *job)
{
    sl_cli_call_deinit(&job->call);
    sl_completions_deinit(&job->completions);
    free(job->user);
    wipe(job->text);
    wipe(job->secret);
    free(job);
}

static void free_all(struct sl_cli_jobs *jobs)
{
    sl_queue_deinit(&jobs->done);
    free(jobs);
}

void sl_cli_jobs_destroy(struct sl_cli_jobs *jobs)
{
    struct sl_msg *msg;

    if (!jobs)
        return;
    jobs->abandoned = true;
    msg = sl_queue_take(&jobs->done);
    while (msg) {
        struct sl_msg *next = msg->next;
        job_free(sl_container_of(msg, struct sl_cli_job, msg));
        msg = next;
    }
    if (jobs->finished == jobs->posted)
        free_all(jobs);
}

/* ---- Control loop ---- */

static void finish(struct sl_cli_job *job)
{
    struct sl_cli_jobs *jobs = job->jobs;
    const uint64_t one = 1;

    jobs->finished++;
    if (jobs->abandoned) {
        job_free(job);
        if (jobs->finished == jobs->posted)
            free_all(jobs);
    } else if (sl_queue_post(&jobs->done, &job->msg)) {
        (void)!write(jobs->wake_fd, &one, sizeof(one)); /* fails only when it is set already */
    }
}

static void on_call_done(struct sl_cli_call *call)
{
    finish(sl_container_of(call, struct sl_cli_job, call));
}

static void on_password_checked(void *owner, int err, const char *words)
{
    struct sl_cli_job *job = owner;

    (void)words; /* the client learns only that it was wrong */
    job->err = err;
    finish(job);
}

static void run_line(struct sl_cli_job *job)
{
    job->call.console = &job->jobs->console;
    job->call.user = job->user;
    job->call.line = job->text;
    job->call.secret = job->secret;
    job->call.on_done = on_call_done;
    sl_cli_call_run(&job->call);
}

static void on_loop(struct sl_msg *msg)
{
    struct sl_cli_job *job = sl_container_of(msg, struct sl_cli_job, msg);
    const struct sl_cli_config *console = &job->jobs->console;

    if (job->jobs->abandoned) { /* what the console works on may be gone, too */
        finish(job);
        return;
    }
    switch (job->kind) {
    case SL_JOB_RUN:
        run_line(job);
        break;
    case SL_JOB_COMPLETE:
        sl_cli_complete(console, job->user, job->text, strlen(job->text), &job->completions);
        finish(job);
        break;
    case SL_JOB_PASSWORD:
        sl_apps_check_password(console->apps, job->user, job->secret, on_password_checked, job);
        break;
    case SL_JOB_KEY:
        /* The file is read by the SSH thread: this one must not wait for a disk. */
        job->err = sl_apps_user_is_active(console->apps, job->user) ? 0 : -EACCES;
        job->text = sl_strdup(console->config->cli_authorized_keys);
        finish(job);
        break;
    }
}

/* ---- SSH thread ---- */

void sl_cli_jobs_post(struct sl_cli_jobs *jobs, enum sl_cli_job_kind kind, uint64_t client,
                      const char *user, const char *text, const char *secret)
{
    struct sl_cli_job *job = sl_new(struct sl_cli_job);

    job->msg.run = on_loop;
    job->jobs = jobs;
    job->kind = kind;
    job->client = client;
    job->user = sl_strdup_or_null(user);
    job->text = sl_strdup_or_null(text);
    job->secret = sl_strdup_or_null(secret);
    sl_cli_call_init(&job->call);
    jobs->posted++;
    sl_loop_post(jobs->console.loop, &job->msg);
}

void sl_cli_jobs_take(struct sl_cli_jobs *jobs,
                      void (*on_done)(void *owner, struct sl_cli_job *job), void *owner)
{
    struct sl_msg *msg = sl_queue_take(&jobs->done);

    while (msg) {
        struct sl_msg *next = msg->next;
        struct sl_cli_job *job = sl_container_of(msg, struct sl_cli_job, msg);
        on_done(owner, job);
        job_free(job);
        msg = next;
    }
}
