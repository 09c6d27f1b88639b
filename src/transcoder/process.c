/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One codec process: its start, the questions whether it is well, its load, its end. */
#include "transcoder/internal.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    READ_BUDGET = 64 << 10,
    LAST_WORDS_MS = 100, /* SIGABRT, then SIGKILL; also until what dies by itself has died */
    LEAVE_MS = 500,      /* for one that nobody wants dead */
    CLOSED_FD = -1,
};

static const int64_t answer_us = INT64_C(2) * SL_US_PER_S; /* codec-process.md 6 */
static const int64_t answer_cpu_us = INT64_C(1500) * SL_US_PER_MS;
static const int64_t ready_us = INT64_C(5) * SL_US_PER_S;
static const int64_t ready_cpu_us = INT64_C(4) * SL_US_PER_S;
/* Where /proc hides whether it sleeps or only waits for its turn. */
static const int64_t unseen_us = INT64_C(10) * SL_US_PER_S;

/* ---- The end ---- */

static void free_if_done(struct sl_codec_process *process)
{
    if (!process->reaped || !process->closed || !sl_list_empty(&process->links))
        return;
    sl_list_remove(&process->entry);
    process->ops->on_gone(process);
    sl_codec_inbox_deinit(&process->inbox);
    free(process->suspect);
    free(process);
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct sl_codec_process *process =
        sl_container_of((uv_poll_t *)handle, struct sl_codec_process, poll);

    process->closed = true;
    free_if_done(process);
}

static void kill_now(struct sl_codec_process *process)
{
    process->killed = true;
    (void)kill(process->child.pid, SIGKILL); /* not waited for yet: the number is still its own */
}

static int64_t patience_ms(enum sl_codec_cause cause)
{
    switch (cause) {
    case SL_CODEC_DIED: /* its own signal says more than ours */
        return LAST_WORDS_MS;
    case SL_CODEC_SPARED:
        return LEAVE_MS;
    case SL_CODEC_HUNG:
    case SL_CODEC_STOPPED:
    case SL_CODEC_GARBAGE:
    case SL_CODEC_LATE:
        break;
    }
    return 0;
}

static void close_first_socket(struct sl_codec_process *process)
{
    (void)close(process->child.fd); /* what waits there is for nobody */
    process->child.fd = CLOSED_FD;
    if (process->child.status_fd >= 0)
        (void)close(process->child.status_fd); /* read only: nothing to lose */
    process->child.status_fd = CLOSED_FD;
}

void sl_codec_process_end(struct sl_codec_process *process, enum sl_codec_cause cause)
{
    struct sl_codec_link *link;

    if (process->state == SL_CODEC_ENDING)
        return;
    if (process->state != SL_CODEC_ABORTING)
        process->cause = cause;
    process->state = SL_CODEC_ENDING;
    uv_close((uv_handle_t *)&process->poll, on_poll_closed);
    close_first_socket(process);
    process->kill_at_us = sl_now_us() + patience_ms(process->cause) * SL_US_PER_MS;
    if (patience_ms(process->cause) == 0)
        kill_now(process);
    sl_list_foreach(link, &process->links, struct sl_codec_link, entry)
    {
        if (!link->ended)
            sl_codec_link_end(link);
    }
    process->ops->on_end(process);
}

static void abort_it(struct sl_codec_process *process, int64_t now_us)
{
    process->state = SL_CODEC_ABORTING;
    process->cause = SL_CODEC_HUNG;
    process->kill_at_us = now_us + (int64_t)LAST_WORDS_MS * SL_US_PER_MS;
    process->killed = true;
    (void)kill(process->child.pid, SIGABRT); /* not waited for yet */
}

static void reap(struct sl_codec_process *process)
{
    int status = -1;
    pid_t pid = waitpid(process->child.pid, &status, WNOHANG);

    if (pid == 0 || (pid < 0 && errno == EINTR))
        return;
    process->reaped = true;
    process->ops->on_reaped(process, pid < 0 ? -1 : status);
    free_if_done(process);
}

void sl_codec_process_hurry(struct sl_codec_process *process, int64_t now_us)
{
    if (process->reaped)
        return; /* its links are still to go */
    if (process->state == SL_CODEC_ABORTING && now_us >= process->kill_at_us) {
        kill_now(process);
        sl_codec_process_end(process, process->cause);
    } else if (process->state == SL_CODEC_ENDING) {
        if (now_us >= process->kill_at_us)
            kill_now(process);
        reap(process);
    }
}

void sl_codec_process_cut(struct sl_codec_process *process)
{
    assert(sl_list_empty(&process->links));
    kill_now(process);
    while (!process->reaped && waitpid(process->child.pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    process->reaped = true;
    process->owner = NULL;
    sl_list_remove(&process->entry);
    if (process->state == SL_CODEC_ENDING)
        return;
    process->state = SL_CODEC_ENDING;
    uv_close((uv_handle_t *)&process->poll, on_poll_closed);
    close_first_socket(process);
}

/* ---- Its links ---- */

static void on_poll(uv_poll_t *poll, int status, int events);
static bool listen_to(struct sl_codec_process *process);

/* Hands over the far ends that it does not have yet; writable: as soon as there is room. */
static void hand_over_links(struct sl_codec_process *process)
{
    struct sl_codec_link *link;
    int events = UV_READABLE, err = 0;

    sl_list_foreach(link, &process->links, struct sl_codec_link, entry)
    {
        if (link->far_fd < 0 || err < 0)
            continue;
        err = sl_codec_send_control(process->child.fd, SL_ENGINE_ADOPT, link->far_fd);
        if (err < 0) {
            events |= UV_WRITABLE;
            continue; /* gone: its end is about to be seen */
        }
        (void)close(link->far_fd); /* the process has it */
        link->far_fd = CLOSED_FD;
    }
    if (events == process->events)
        return;
    process->events = events;
    (void)uv_poll_start(&process->poll, events, on_poll); /* fails on a closing handle only */
}

static void on_link_broken(struct sl_codec_link *link, int err)
{
    struct sl_codec_process *process = link->process;

    if (err == -ENOMEM) { /* our fault: the others are well */
        sl_codec_link_end(link);
        process->ops->on_link_failed(link);
        return;
    }
    /* Its last words may wait on the first socket. */
    if (process->state == SL_CODEC_ENDING || listen_to(process))
        return;
    if (err == -EPIPE)
        sl_codec_process_end(process, SL_CODEC_DIED);
    else
        sl_codec_process_end(process, err == -ENOBUFS ? SL_CODEC_HUNG : SL_CODEC_GARBAGE);
}

static void on_link_gone(struct sl_codec_link *link)
{
    struct sl_codec_process *process = link->process;

    sl_list_remove(&link->entry);
    free(link);
    free_if_done(process);
}

static const struct sl_codec_link_ops link_ops = {
    .on_broken = on_link_broken,
    .on_gone = on_link_gone,
};

struct sl_codec_link *sl_codec_process_link(struct sl_codec_process *process, struct sl_loop *loop)
{
    struct sl_codec_link *link;
    size_t count = 1; /* its first socket */
    int fds[2];

    assert(process->state == SL_CODEC_READY);
    sl_list_foreach(link, &process->links, struct sl_codec_link, entry)
    {
        count++;
        if (link->loop == loop && !link->ended)
            return link;
    }
    if (count >= SL_ENGINE_SOCKETS_MAX || sl_codec_socket_pair(fds) < 0)
        return NULL;
    link = sl_codec_link_create(process, loop, process->control, fds[0], fds[1], &link_ops);
    sl_list_append(&process->links, &link->entry);
    hand_over_links(process);
    return link;
}

/* ---- What it says ---- */

static int on_ready(struct sl_codec_process *process, const struct sl_engine_message *message)
{
    if (process->state != SL_CODEC_STARTING || message->len != strlen(SLUICE_VERSION) ||
        memcmp(message->data, SLUICE_VERSION, message->len) != 0)
        return -EBADMSG;
    process->state = SL_CODEC_READY;
    process->ready_us = process->idle_since_us = sl_now_us();
    process->ops->on_ready(process);
    return 0;
}

static int on_message(void *owner, const struct sl_engine_message *message)
{
    struct sl_codec_process *process = owner;

    if (message->type == SL_ENGINE_READY)
        return on_ready(process, message);
    if (message->type == SL_ENGINE_PONG) {
        process->asked_us = 0;
        return 0;
    }
    if (message->type != SL_ENGINE_DYING)
        return -EBADMSG;
    process->dying_job = message->job;
    process->dying_input = message->input;
    return -EPIPE; /* nothing follows */
}

/* True: it has ended. */
static bool listen_to(struct sl_codec_process *process)
{
    int err =
        sl_codec_inbox_read(&process->inbox, process->child.fd, READ_BUDGET, on_message, process);

    if (err == 0 || err == -EAGAIN)
        return false;
    sl_codec_process_end(process, err == -EPIPE ? SL_CODEC_DIED : SL_CODEC_GARBAGE);
    return true;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct sl_codec_process *process = sl_container_of(poll, struct sl_codec_process, poll);

    (void)events;
    if (listen_to(process))
        return;
    if (status < 0) /* libuv has stopped watching: the socket has failed */
        sl_codec_process_end(process, SL_CODEC_DIED);
    else
        hand_over_links(process);
}

/* ---- Is it well? ---- */

/* Whoever is ready to run and gets no CPU time is starved, not hung; so is one that waits for its
 * pages. */
static bool is_idle(char state, int64_t waited_us)
{
    return state == 'S' || (state == '?' && waited_us >= unseen_us);
}

static void judge(struct sl_codec_process *process, int64_t now_us)
{
    bool ready = process->state == SL_CODEC_READY;
    int64_t since_us = ready ? process->asked_us : process->started_us;
    int64_t used_us = sl_codec_cpu_us(process->child.pid) - (ready ? process->asked_cpu_us : 0);

    if (now_us - since_us < (ready ? answer_us : ready_us))
        return;
    char state = sl_codec_state(&process->child);
    bool hangs =
        used_us >= (ready ? answer_cpu_us : ready_cpu_us) || is_idle(state, now_us - since_us);
    if (state == 'T')
        sl_codec_process_end(process, SL_CODEC_STOPPED);
    else if (state == 'Z' || state == 'X')
        sl_codec_process_end(process, SL_CODEC_DIED);
    else if (hangs && ready)
        abort_it(process, now_us);
    else if (hangs)
        sl_codec_process_end(process, SL_CODEC_LATE); /* it has no job to name */
}

static void ask(struct sl_codec_process *process, int64_t now_us)
{
    int err = sl_codec_send_control(process->child.fd, SL_ENGINE_PING, -1);

    if (err == -EPIPE || err == -ENOBUFS)
        return; /* its end is about to be seen; or the kernel has no memory, and it was not asked */
    process->asked_us = now_us;
    process->asked_cpu_us = sl_codec_cpu_us(process->child.pid);
}

static void measure(struct sl_codec_process *process, int64_t now_us)
{
    size_t last =
        process->sample_count < SL_CODEC_SAMPLES ? process->sample_count : SL_CODEC_SAMPLES - 1;

    memmove(&process->samples[1], &process->samples[0],
            (SL_CODEC_SAMPLES - 1) * sizeof(process->samples[0]));
    process->samples[0].at_us = now_us;
    process->samples[0].cpu_us = sl_codec_cpu_us(process->child.pid);
    process->sample_count = last + 1;
    int64_t passed_us = now_us - process->samples[last].at_us;
    int64_t used_us = process->samples[0].cpu_us - process->samples[last].cpu_us;
    process->busy_permille =
        passed_us > 0 && used_us > 0 ? (uint32_t)(used_us * 1000 / passed_us) : 0;
}

void sl_codec_process_tick(struct sl_codec_process *process, int64_t now_us)
{
    if (process->state != SL_CODEC_STARTING && process->state != SL_CODEC_READY)
        return;
    /* An answer may lie there: this loop may be the one that was late. */
    if (listen_to(process))
        return;
    if (process->state == SL_CODEC_STARTING) {
        judge(process, now_us);
        return;
    }
    measure(process, now_us);
    if (process->asked_us > 0)
        judge(process, now_us);
    else
        ask(process, now_us);
}

/* ---- The beginning ---- */

int sl_codec_process_create(struct sl_loop *control, int program_fd, enum sl_engine_role role,
                            unsigned number, const struct sl_codec_process_ops *ops, void *owner,
                            struct sl_codec_process **out)
{
    struct sl_codec_process *process = sl_new(struct sl_codec_process);
    int err = sl_codec_spawn(program_fd, role, number, &process->child);

    if (err < 0) {
        free(process);
        return err;
    }
    process->control = control;
    process->ops = ops;
    process->owner = owner;
    process->role = role;
    process->number = number;
    process->started_us = sl_now_us();
    sl_list_init(&process->links);
    sl_list_init(&process->jobs);
    err = uv_poll_init(sl_loop_uv(control), &process->poll, process->child.fd);
    if (err < 0) {
        close_first_socket(process);
        process->state = SL_CODEC_ENDING;
        sl_codec_process_cut(process);
        free(process);
        return err;
    }
    process->events = UV_READABLE;
    (void)uv_poll_start(&process->poll, UV_READABLE, on_poll); /* fails on a closing handle only */
    *out = process;
    return 0;
}
