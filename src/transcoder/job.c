/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A job: control says where it is, its loop talks to the process there. What control says reaches
 * the loop in the order of saying, so that a move is one link's end and one more place. */
#include "transcoder/internal.h"

#include "base/clock.h"

#include <assert.h>

/* ---- The loop's part ---- */

struct place {
    struct sl_msg msg;
    struct sl_codec_job *job;
    struct sl_codec_link *link;
    bool again, crowded;
};

static void on_place(struct sl_msg *msg)
{
    struct place *place = sl_container_of(msg, struct place, msg);
    struct sl_codec_job *job = place->job;

    sl_codec_link_join(place->link, job);
    if (job->up)
        job->ops->on_up(job->owner, place->again, place->crowded);
    free(place);
}

static void on_leave(struct sl_msg *msg)
{
    struct sl_codec_job *job = sl_container_of(msg, struct sl_codec_job, leave_msg);

    if (job->up) {
        sl_codec_link_leave(job->up, job);
        if (job->tell_down)
            job->ops->on_down(job->owner);
    }
    sl_loop_post(job->transcoder->config.control, &job->left_msg);
}

bool sl_codec_job_send(struct sl_codec_job *job, struct sl_engine_message *message)
{
    SL_ASSERT_ON(job->loop);
    message->job = job->id;
    if (!job->up)
        return !sl_codec_is_input(message);
    return sl_codec_link_send(job->up, message);
}

/* ---- Control's part ---- */

static void leave_place(struct sl_codec_job *job)
{
    struct sl_codec_link *link = job->link;

    sl_list_remove(&job->place);
    job->link = NULL;
    if (!link)
        return;
    int64_t now_us = sl_now_us();
    if (--link->job_count == 0)
        link->idle_since_us = now_us;
    if (--link->process->job_count == 0)
        link->process->idle_since_us = now_us;
}

static void wait_for_place(struct sl_codec_job *job)
{
    struct sl_transcoder *transcoder = job->transcoder;

    job->state = SL_CODEC_JOB_WAITING;
    job->waiting_since_us = sl_now_us();
    sl_list_append(&transcoder->waiting, &job->place);
    sl_loop_later(transcoder->config.control, &transcoder->look);
}

static void on_failed_later(struct sl_later *later)
{
    struct sl_codec_job *job = sl_container_of(later, struct sl_codec_job, failed_later);

    job->ops->on_failed(job->owner, job->err);
}

static void set_failed(struct sl_codec_job *job)
{
    job->state = SL_CODEC_JOB_FAILED;
    sl_loop_later(job->transcoder->config.control, &job->failed_later);
}

static void start_leaving(struct sl_codec_job *job, enum sl_codec_job_state state)
{
    job->state = state;
    job->tell_down = state == SL_CODEC_JOB_LEAVING;
    sl_loop_post(job->loop, &job->leave_msg);
}

static void dispose(struct sl_codec_job *job)
{
    struct sl_transcoder *transcoder = job->transcoder;

    sl_list_remove(&job->entry);
    sl_loop_later(transcoder->config.control, &transcoder->look); /* who waits for the last one? */
    job->ops->on_closed(job->owner);
    free(job->source);
    free(job);
}

static void on_left(struct sl_msg *msg)
{
    struct sl_codec_job *job = sl_container_of(msg, struct sl_codec_job, left_msg);

    leave_place(job);
    if (job->state == SL_CODEC_JOB_LEAVING)
        set_failed(job);
    else
        dispose(job);
}

void sl_codec_job_place(struct sl_codec_job *job, struct sl_codec_link *link)
{
    struct sl_codec_process *process = link->process;
    struct place *place = sl_new(struct place);

    assert(job->state == SL_CODEC_JOB_WAITING && link->loop == job->loop);
    sl_list_remove(&job->place);
    sl_list_append(&process->jobs, &job->place);
    job->state = SL_CODEC_JOB_PLACED;
    job->link = link;
    link->job_count++;
    process->job_count++;
    place->msg.run = on_place;
    place->job = job;
    place->link = link;
    place->again = job->again;
    place->crowded = job->crowded;
    sl_loop_post(job->loop, &place->msg);
}

void sl_codec_job_displace(struct sl_codec_job *job, bool crowded)
{
    leave_place(job);
    if (job->state != SL_CODEC_JOB_PLACED)
        return; /* on its way out */
    job->again = true;
    job->crowded = crowded;
    wait_for_place(job);
}

void sl_codec_job_fail(struct sl_codec_job *job, int err)
{
    switch (job->state) {
    case SL_CODEC_JOB_WAITING:
        leave_place(job);
        job->err = err;
        set_failed(job);
        break;
    case SL_CODEC_JOB_PLACED:
        job->err = err;
        start_leaving(job, SL_CODEC_JOB_LEAVING);
        break;
    case SL_CODEC_JOB_LEAVING:
    case SL_CODEC_JOB_FAILED:
    case SL_CODEC_JOB_CLOSING:
        break;
    }
}

void sl_codec_job_close(struct sl_codec_job *job)
{
    enum sl_codec_job_state before = job->state;

    assert(sl_loop_is_current(job->transcoder->config.control) && before != SL_CODEC_JOB_CLOSING);
    sl_later_cancel(&job->failed_later);
    if (before == SL_CODEC_JOB_WAITING)
        leave_place(job);
    if (before == SL_CODEC_JOB_LEAVING)
        job->state = SL_CODEC_JOB_CLOSING; /* its loop was told */
    else
        start_leaving(job, SL_CODEC_JOB_CLOSING);
}

/* Numbers come again after four thousand millions: those of jobs that are still there are left
 * out. */
static uint32_t next_id(struct sl_transcoder *transcoder)
{
    const struct sl_codec_job *job;
    bool taken;

    do {
        taken = ++transcoder->last_id == 0;
        if (!transcoder->ids_used_up && !taken)
            break;
        transcoder->ids_used_up = true;
        sl_list_foreach(job, &transcoder->jobs, struct sl_codec_job, entry) taken |=
            job->id == transcoder->last_id;
    } while (taken);
    return transcoder->last_id;
}

struct sl_codec_job *sl_codec_job_create(const struct sl_codec_job_config *config)
{
    struct sl_transcoder *transcoder = config->transcoder;
    struct sl_codec_job *job = sl_new(struct sl_codec_job);

    assert(sl_loop_is_current(transcoder->config.control) && !transcoder->stopping);
    job->transcoder = transcoder;
    job->id = next_id(transcoder);
    job->kind = config->kind;
    job->loop = config->loop;
    job->source = sl_strdup(config->source);
    job->ops = config->ops;
    job->owner = config->owner;
    job->failed_later.run = on_failed_later;
    job->leave_msg.run = on_leave;
    job->left_msg.run = on_left;
    sl_list_append(&transcoder->jobs, &job->entry);
    wait_for_place(job);
    return job;
}
