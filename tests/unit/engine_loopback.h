/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Codec jobs without processes: what transcoder.h has of jobs, with the engine at work on the job's
 * own loop. Reports come in a later turn, as they do from a process. For tests of what uses the
 * transcoder and does not make one; in place of its job.c.
 */
#ifndef SL_TESTS_ENGINE_LOOPBACK_H
#define SL_TESTS_ENGINE_LOOPBACK_H

#include "base/list.h"
#include "base/mem.h"
#include "engine/jobs.h"
#include "net/net.h"
#include "transcoder/transcoder.h"

#include <errno.h>
#include <string.h>

struct loopback_report {
    struct sl_list link;
    struct sl_engine_message message;
    uint8_t data[];
};

struct sl_codec_job {
    struct sl_list link; /* of all; control's */
    struct sl_codec_job_config config;
    struct sl_loop *control;
    bool refused;
    /* The loop's. */
    struct sl_engine_jobs *jobs; /* NULL: it is down */
    struct sl_list reports;
    struct sl_later deliver;
    bool again;
    bool hung; /* the test's: what it is sent is lost */
    struct sl_msg up_msg, leave_msg, left_msg;
    struct sl_later place; /* control's: the owner has the job first */
};

/* The control loop of all, where a test has to say it; and what becomes of jobs. */
static struct loopback {
    struct sl_loop *control;
    struct sl_list jobs; /* link zeroed: none yet */
    bool refuses;        /* new ones get no place */
} loopback;

/* ---- The job's loop ---- */

static inline void loopback_on_report(void *owner, const struct sl_engine_message *message)
{
    struct sl_codec_job *job = owner;
    struct loopback_report *report = sl_mem_alloc(sizeof(*report) + message->len);

    report->link = (struct sl_list){0};
    report->message = *message;
    if (message->len > 0)
        memcpy(report->data, message->data, message->len);
    sl_list_append(&job->reports, &report->link);
    sl_loop_later(job->config.loop, &job->deliver);
}

static inline struct loopback_report *loopback_take(struct sl_codec_job *job)
{
    struct loopback_report *report = sl_list_first(&job->reports, struct loopback_report, link);

    if (report)
        sl_list_remove(&report->link);
    return report;
}

static inline void loopback_deliver(struct sl_later *later)
{
    struct sl_codec_job *job = sl_container_of(later, struct sl_codec_job, deliver);
    struct loopback_report *report;

    while ((report = loopback_take(job))) {
        report->message.data = report->message.len > 0 ? report->data : NULL;
        job->config.ops->on_report(job->config.owner, &report->message);
        free(report);
    }
}

static inline void loopback_on_up(struct sl_msg *msg)
{
    struct sl_codec_job *job = sl_container_of(msg, struct sl_codec_job, up_msg);

    job->jobs = sl_engine_jobs_create(loopback_on_report, job);
    job->config.ops->on_up(job->config.owner, job->again, false);
    job->again = true;
}

static inline void loopback_drop(struct sl_codec_job *job)
{
    struct loopback_report *report;

    sl_engine_jobs_destroy(job->jobs);
    job->jobs = NULL;
    sl_later_cancel(&job->deliver);
    while ((report = loopback_take(job)))
        free(report);
}

static inline void loopback_on_leave(struct sl_msg *msg)
{
    struct sl_codec_job *job = sl_container_of(msg, struct sl_codec_job, leave_msg);

    loopback_drop(job);
    sl_loop_post(job->control, &job->left_msg);
}

/* Its process dies. The next one: loopback_revive(). [loop] */
static inline void loopback_kill(struct sl_codec_job *job)
{
    loopback_drop(job);
    job->config.ops->on_down(job->config.owner);
}

static inline void loopback_revive(struct sl_codec_job *job)
{
    loopback_on_up(&job->up_msg);
}

bool sl_codec_job_send(struct sl_codec_job *job, struct sl_engine_message *message)
{
    uint8_t head[SL_ENGINE_HEAD_LEN];

    assert(sl_loop_is_current(job->config.loop));
    message->job = 1;
    if (!job->jobs)
        return message->type != SL_ENGINE_INPUT;
    if (job->hung)
        return true;
    sl_engine_build(message, head); /* as it would be on its way: what is wrong shows there */
    struct sl_engine_message read = *message;
    size_t needed;
    uint8_t *whole = sl_mem_alloc(sizeof(head) + message->len);
    memcpy(whole, head, sizeof(head));
    if (message->len > 0)
        memcpy(whole + sizeof(head), message->data, message->len);
    int64_t len = sl_engine_parse(whole, sizeof(head) + message->len, false, &read, &needed);
    assert(len == (int64_t)(sizeof(head) + message->len));
    sl_engine_jobs_order(job->jobs, &read);
    free(whole);
    return true;
}

/* ---- Control ---- */

static inline void loopback_on_left(struct sl_msg *msg)
{
    struct sl_codec_job *job = sl_container_of(msg, struct sl_codec_job, left_msg);

    sl_list_remove(&job->link);
    job->config.ops->on_closed(job->config.owner);
    free(job);
}

static inline void loopback_place(struct sl_later *later)
{
    struct sl_codec_job *job = sl_container_of(later, struct sl_codec_job, place);

    if (job->refused)
        job->config.ops->on_failed(job->config.owner, -EAGAIN);
    else
        sl_loop_post(job->config.loop, &job->up_msg);
}

struct sl_codec_job *sl_codec_job_create(const struct sl_codec_job_config *config)
{
    struct sl_codec_job *job = sl_new(struct sl_codec_job);

    assert(loopback.control && sl_loop_is_current(loopback.control));
    job->config = *config;
    job->config.source = NULL;
    job->control = loopback.control;
    sl_list_init(&job->reports);
    job->deliver.run = loopback_deliver;
    job->up_msg.run = loopback_on_up;
    job->leave_msg.run = loopback_on_leave;
    job->left_msg.run = loopback_on_left;
    job->place.run = loopback_place;
    job->refused = loopback.refuses;
    if (!loopback.jobs.next)
        sl_list_init(&loopback.jobs);
    sl_list_append(&loopback.jobs, &job->link);
    sl_loop_later(job->control, &job->place);
    return job;
}

void sl_codec_job_close(struct sl_codec_job *job)
{
    assert(sl_loop_is_current(job->control));
    sl_later_cancel(&job->place);
    sl_loop_post(job->config.loop, &job->leave_msg);
}

/* Where control and the job's loop are the same one, which the test turns. */
static inline void loopback_settle(void)
{
    for (int i = 0; i < 4; i++)
        (void)uv_run(sl_loop_uv(loopback.control), UV_RUN_NOWAIT);
}

#endif
