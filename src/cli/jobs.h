/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the SSH thread asks of the control loop, and the way back. A job is made and posted by the
 * SSH thread, belongs to the control loop until it is done, and then to the SSH thread again. Each
 * client has at most one under way, so their number is bounded by that of clients.
 */
#ifndef SL_CLI_JOBS_H
#define SL_CLI_JOBS_H

#include "base/queue.h"
#include "cli/call.h"
#include "cli/commands.h"

#include <stdbool.h>
#include <stdint.h>

enum sl_cli_job_kind {
    SL_JOB_RUN,      /* a line: user, text, secret -> call */
    SL_JOB_COMPLETE, /* a beginning of one: user, text -> completions */
    SL_JOB_PASSWORD, /* may log in with it? user, secret -> err */
    SL_JOB_KEY,      /* may log in with a key? user -> err and the file of keys in text */
};

struct sl_cli_jobs;

struct sl_cli_job {
    struct sl_msg msg;
    struct sl_cli_jobs *jobs;
    enum sl_cli_job_kind kind;
    uint64_t client;   /* who waits */
    char *user, *text; /* NULL: not used by this kind */
    char *secret;      /* NULL: none */
    struct sl_cli_call call;
    struct sl_completions completions;
    int err;
};

/* Control loop. wake_fd: an eventfd that is written when jobs are done; both outlive the jobs. */
struct sl_cli_jobs *sl_cli_jobs_create(const struct sl_cli_config *console, int wake_fd);
/* Control loop, after the SSH thread has ended: what is under way is finished, for nobody. NULL is
 * fine. */
void sl_cli_jobs_destroy(struct sl_cli_jobs *jobs);

/* SSH thread. Everything is copied; NULL is fine for what the kind does not use. */
void sl_cli_jobs_post(struct sl_cli_jobs *jobs, enum sl_cli_job_kind kind, uint64_t client,
                      const char *user, const char *text, const char *secret);
/* SSH thread: calls on_done for each job that is done, and frees it. */
void sl_cli_jobs_take(struct sl_cli_jobs *jobs,
                      void (*on_done)(void *owner, struct sl_cli_job *job), void *owner);

#endif
