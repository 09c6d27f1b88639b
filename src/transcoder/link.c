/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A loop's socket to a process, shared by its jobs there. Control makes it and ends it; what lies
 * between is the loop's. Where the process is gone or says what it must not, the jobs go down at
 * once, and control is told; it then ends the link, as it ends all links of a process.
 */
#include "transcoder/internal.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

enum {
    READ_BUDGET = 1 << 20, /* bytes a turn: the loop has other things to do */
    /* What may wait before inputs are left out: a bit more than a key frame of 4 MiB and what comes
     * while it is decoded; of many jobs of sound, about a second of each. */
    INPUT_BYTES_MAX = 8 << 20,
    INPUTS_MAX = 256,
    INPUTS_PER_JOB = 64,
    /* Orders are never left out; a process that takes so few is as good as dead. */
    ORDERS_MAX = 64 << 10,
    ORDER_BYTES_MAX = 32 << 20,
};

static bool is_job(const struct sl_table_node *node, const void *key)
{
    return sl_container_of_const(node, struct sl_codec_job, node)->id == *(const uint32_t *)key;
}

static struct sl_codec_job *find_job(const struct sl_codec_link *link, uint32_t id)
{
    struct sl_table_node *node = sl_table_find(&link->jobs, sl_hash_own_number(id), is_job, &id);

    return node ? sl_container_of(node, struct sl_codec_job, node) : NULL;
}

/* ---- Down ---- */

static void take_job_down(struct sl_table_node *node, void *arg)
{
    struct sl_codec_link *link = arg;
    struct sl_codec_job *job = sl_container_of(node, struct sl_codec_job, node);

    sl_table_remove(&link->jobs, node);
    job->up = NULL;
    job->ops->on_down(job->owner);
}

static void on_broken_later(struct sl_later *later)
{
    struct sl_codec_link *link = sl_container_of(later, struct sl_codec_link, broken_later);

    sl_table_each(&link->jobs, take_job_down, link);
    sl_loop_post(link->control, &link->broken_msg);
}

/* Perhaps within a job's own call, so that the jobs hear of it a little later. */
static void break_off(struct sl_codec_link *link, int err)
{
    if (link->err < 0)
        return;
    link->err = err;
    if (link->watched)
        (void)uv_poll_stop(&link->poll); /* always 0 */
    sl_loop_later(link->loop, &link->broken_later);
}

/* ---- What comes ---- */

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch(struct sl_codec_link *link)
{
    int events = UV_READABLE | (link->outbox.count > 0 ? UV_WRITABLE : 0);

    if (events == link->events)
        return; /* each change costs a system call */
    link->events = events;
    (void)uv_poll_start(&link->poll, events, on_poll); /* fails on a closing handle only */
}

static bool is_of_a_job(enum sl_engine_type type)
{
    return type != SL_ENGINE_READY && type != SL_ENGINE_PONG && type != SL_ENGINE_DYING;
}

/* Reports of a job that has just left may still come; one newer than all that came here has none.
 */
static int on_message(void *owner, const struct sl_engine_message *message)
{
    struct sl_codec_link *link = owner;

    if (!is_of_a_job(message->type) || (int32_t)(message->job - link->newest) > 0)
        return -EBADMSG;
    struct sl_codec_job *job = find_job(link, message->job);
    if (job && link->err == 0)
        job->ops->on_report(job->owner, message);
    return 0;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct sl_codec_link *link = sl_container_of(poll, struct sl_codec_link, poll);
    int err = 0;

    if (events & UV_WRITABLE)
        err = sl_codec_outbox_flush(&link->outbox, link->fd);
    if (err == 0)
        err = sl_codec_inbox_read(&link->inbox, link->fd, READ_BUDGET, on_message, link);
    if (err < 0 && err != -EAGAIN) {
        break_off(link, err);
        return;
    }
    /* libuv has stopped watching: the socket has failed, and what it still held was read. */
    if (status < 0)
        break_off(link, -EPIPE);
    else if (link->err == 0)
        watch(link);
}

/* ---- Jobs ---- */

void sl_codec_link_join(struct sl_codec_link *link, struct sl_codec_job *job)
{
    if (link->err < 0)
        return;
    assert(!job->up);
    job->up = link;
    sl_table_insert(&link->jobs, &job->node, sl_hash_own_number(job->id));
    if ((int32_t)(job->id - link->newest) > 0 || link->newest == 0)
        link->newest = job->id;
}

void sl_codec_link_leave(struct sl_codec_link *link, struct sl_codec_job *job)
{
    const struct sl_engine_message message = {.type = SL_ENGINE_CLOSE, .job = job->id};

    (void)sl_codec_link_send(link, &message); /* an order */
    sl_table_remove(&link->jobs, &job->node);
    job->up = NULL;
}

static bool send_input(struct sl_codec_link *link, const struct sl_engine_message *message)
{
    size_t fair = link->jobs.count * INPUTS_PER_JOB;
    int err = message->len > SL_ENGINE_INPUT_MAX
                  ? -ENOBUFS
                  : sl_codec_outbox_send(&link->outbox, link->fd, message,
                                         fair > INPUTS_MAX ? fair : INPUTS_MAX, INPUT_BYTES_MAX);

    if (err == -ENOBUFS)
        atomic_fetch_add_explicit(&link->inputs_dropped, 1, memory_order_relaxed);
    else if (err < 0)
        break_off(link, err);
    return err == 0;
}

bool sl_codec_link_send(struct sl_codec_link *link, const struct sl_engine_message *message)
{
    bool sent = true;

    if (link->err < 0)
        return !sl_codec_is_input(message);
    if (sl_codec_is_input(message)) {
        sent = send_input(link, message);
    } else {
        int err =
            sl_codec_outbox_send(&link->outbox, link->fd, message, ORDERS_MAX, ORDER_BYTES_MAX);
        if (err < 0)
            break_off(link, err);
    }
    if (link->err == 0)
        watch(link);
    return sent;
}

/* ---- From control and back ---- */

static void on_open(struct sl_msg *msg)
{
    struct sl_codec_link *link = sl_container_of(msg, struct sl_codec_link, open_msg);

    if (uv_poll_init(sl_loop_uv(link->loop), &link->poll, link->fd) < 0) {
        break_off(link, -ENOMEM);
        return;
    }
    link->watched = true;
    watch(link);
}

static void finish(struct sl_codec_link *link)
{
    sl_codec_outbox_deinit(&link->outbox);
    sl_codec_inbox_deinit(&link->inbox);
    sl_table_deinit(&link->jobs);
    sl_loop_post(link->control, &link->gone_msg);
}

static void on_closed(uv_handle_t *handle)
{
    finish(sl_container_of((uv_poll_t *)handle, struct sl_codec_link, poll));
}

static void on_end(struct sl_msg *msg)
{
    struct sl_codec_link *link = sl_container_of(msg, struct sl_codec_link, end_msg);

    if (link->err == 0)
        link->err = -EPIPE; /* what the jobs still say is for nobody */
    sl_later_cancel(&link->broken_later);
    sl_table_each(&link->jobs, take_job_down, link);
    if (link->watched)
        uv_close((uv_handle_t *)&link->poll, on_closed);
    (void)close(link->fd); /* what waits there is for nobody */
    if (!link->watched)
        finish(link);
}

static void on_broken(struct sl_msg *msg)
{
    struct sl_codec_link *link = sl_container_of(msg, struct sl_codec_link, broken_msg);

    if (!link->ended)
        link->ops->on_broken(link, link->err);
}

static void on_gone(struct sl_msg *msg)
{
    struct sl_codec_link *link = sl_container_of(msg, struct sl_codec_link, gone_msg);

    link->ops->on_gone(link);
}

struct sl_codec_link *sl_codec_link_create(struct sl_codec_process *process, struct sl_loop *loop,
                                           struct sl_loop *control, int near_fd, int far_fd,
                                           const struct sl_codec_link_ops *ops)
{
    struct sl_codec_link *link = sl_new(struct sl_codec_link);

    link->process = process;
    link->far_fd = far_fd;
    link->loop = loop;
    link->control = control;
    link->ops = ops;
    link->open_msg.run = on_open;
    link->end_msg.run = on_end;
    link->broken_msg.run = on_broken;
    link->gone_msg.run = on_gone;
    link->fd = near_fd;
    link->broken_later.run = on_broken_later;
    sl_table_init(&link->jobs);
    sl_codec_outbox_init(&link->outbox);
    sl_loop_post(loop, &link->open_msg);
    return link;
}

void sl_codec_link_end(struct sl_codec_link *link)
{
    assert(!link->ended);
    link->ended = true;
    if (link->far_fd >= 0)
        (void)close(link->far_fd); /* nobody had it */
    link->far_fd = -1;
    sl_loop_post(link->loop, &link->end_msg);
}
