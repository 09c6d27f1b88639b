/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The loop of a codec process: sockets in, jobs, sockets out. What a socket does not take at once
 * waits for it; when too much waits, nothing more is read from there, so that whoever sends notices
 * and leaves out inputs.
 */
#include "engine/engine.h"

#include "base/list.h"
#include "base/mem.h"
#include "codec/codec.h"
#include "engine/jobs.h"
#include "engine/last_words.h"
#include "engine/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    READ_LEN = 64 << 10,     /* at once: a socket's turn is not longer */
    WAITING_MAX = 4 << 20,   /* bytes; with more, nothing is read */
    DESCRIPTORS_WAITING = 8, /* that came, and whose message did not yet */
};

/* A message, or its rest, that waits for its socket. */
struct waiting {
    struct sl_list link;
    size_t at, len;
    uint8_t data[];
};

struct channel {
    struct sl_list link; /* of the process; the first one is at its head */
    int fd;
    bool is_first;
    struct sl_engine_jobs *jobs;
    bool over; /* nobody is at the other end, or somebody who talks nonsense */
    uint8_t *in;
    size_t in_len, in_room;
    struct sl_list out; /* struct waiting */
    size_t out_len;     /* of all of them */
};

struct process {
    struct sl_list channels;
    size_t channel_count;
    struct channel *first;
    int adopted[DESCRIPTORS_WAITING];
    size_t adopted_count;
};

/* ---- Out ---- */

/* What the first socket has the beginning of; on others there are no last words. */
static void note_rest(const struct channel *channel)
{
    const struct waiting *waiting = sl_list_first(&channel->out, struct waiting, link);

    if (!channel->is_first)
        return;
    if (waiting)
        sl_last_words_rest(waiting->data + waiting->at, waiting->len - waiting->at);
    else
        sl_last_words_rest(NULL, 0);
}

static void keep(struct channel *channel, const struct iovec *parts, size_t at)
{
    size_t len = parts[0].iov_len + parts[1].iov_len - at;
    struct waiting *waiting = sl_mem_alloc(sizeof(*waiting) + len);
    uint8_t *to = waiting->data;

    for (size_t i = 0; i < 2; i++) {
        size_t skip = at < parts[i].iov_len ? at : parts[i].iov_len;
        if (parts[i].iov_len > skip)
            memcpy(to, (const uint8_t *)parts[i].iov_base + skip, parts[i].iov_len - skip);
        to += parts[i].iov_len - skip;
        at -= skip;
    }
    waiting->at = 0;
    waiting->len = len;
    sl_list_append(&channel->out, &waiting->link);
    channel->out_len += len;
    note_rest(channel);
}

/* At once as far as the socket takes it: frames are not to wait for their turn. */
static void send_message(struct channel *channel, const struct sl_engine_message *message)
{
    uint8_t head[SL_ENGINE_HEAD_LEN];
    struct iovec parts[2] = {{head, sizeof(head)},
                             {(void *)(uintptr_t)message->data, message->len}};
    ssize_t sent = 0;

    if (channel->over)
        return;
    sl_engine_build(message, head);
    if (sl_list_empty(&channel->out))
        sent = writev(channel->fd, parts, message->len > 0 ? 2 : 1);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        channel->over = true;
        return;
    }
    size_t taken = sent > 0 ? (size_t)sent : 0;
    if (taken == sizeof(head) + message->len)
        return;
    keep(channel, parts, taken);
}

static void on_report(void *owner, const struct sl_engine_message *report)
{
    send_message(owner, report);
}

/* False: the socket takes no more. */
static bool flush_one(struct channel *channel, struct waiting *waiting)
{
    ssize_t sent = write(channel->fd, waiting->data + waiting->at, waiting->len - waiting->at);

    if (sent < 0) {
        channel->over = channel->over || (errno != EAGAIN && errno != EINTR);
        return false;
    }
    waiting->at += (size_t)sent;
    channel->out_len -= (size_t)sent;
    if (waiting->at == waiting->len)
        sl_list_remove(&waiting->link);
    note_rest(channel);
    if (waiting->at < waiting->len)
        return false;
    free(waiting);
    return true;
}

static void flush(struct channel *channel)
{
    struct waiting *waiting;

    while ((waiting = sl_list_first(&channel->out, struct waiting, link))) {
        if (!flush_one(channel, waiting))
            return;
    }
}

/* ---- Channels ---- */

static struct channel *open_channel(struct process *process, int fd)
{
    struct channel *channel = sl_new(struct channel);

    channel->fd = fd;
    sl_list_init(&channel->out);
    channel->jobs = sl_engine_jobs_create(on_report, channel);
    sl_list_append(&process->channels, &channel->link);
    process->channel_count++;
    return channel;
}

static void close_channel(struct process *process, struct channel *channel)
{
    struct waiting *waiting;

    sl_engine_jobs_destroy(channel->jobs);
    sl_list_foreach(waiting, &channel->out, struct waiting, link) free(waiting);
    sl_list_remove(&channel->link);
    process->channel_count--;
    (void)close(channel->fd); /* nothing to lose: nobody is there any more */
    free(channel->in);
    free(channel);
}

static void adopt(struct process *process)
{
    if (process->adopted_count == 0)
        return; /* this process has too many */
    int fd = process->adopted[0];
    process->adopted_count--;
    memmove(process->adopted, process->adopted + 1, process->adopted_count * sizeof(int));
    if (process->channel_count > SL_ENGINE_SOCKETS_MAX) {
        (void)close(fd); /* the other end sees it */
        return;
    }
    (void)open_channel(process, fd);
}

/* ---- In ---- */

static void obey(struct process *process, struct channel *channel,
                 const struct sl_engine_message *order)
{
    static const struct sl_engine_message pong = {.type = SL_ENGINE_PONG};

    if (order->type == SL_ENGINE_PING || order->type == SL_ENGINE_ADOPT) {
        if (channel->is_first && order->type == SL_ENGINE_PING)
            send_message(channel, &pong);
        else if (channel->is_first)
            adopt(process);
        return;
    }
    bool has_bytes = order->type == SL_ENGINE_INPUT || order->type == SL_ENGINE_CONFIG;
    sl_last_words_job(order->job, has_bytes ? order->input : 0);
    sl_engine_jobs_order(channel->jobs, order);
    sl_last_words_job(0, 0);
}

static void make_room(struct channel *channel, size_t room)
{
    if (channel->in_room >= room)
        return;
    channel->in = sl_mem_realloc(channel->in, room);
    channel->in_room = room;
}

/* The whole messages that have come, until too much waits on the way back. */
static void work(struct process *process, struct channel *channel)
{
    size_t at = 0, needed = 0;

    while (!channel->over && channel->out_len < WAITING_MAX) {
        struct sl_engine_message order;
        int64_t len =
            sl_engine_parse(channel->in + at, channel->in_len - at, false, &order, &needed);
        if (len < 0)
            channel->over = true;
        if (len <= 0)
            break;
        obey(process, channel, &order);
        at += (size_t)len;
    }
    if (at > 0)
        memmove(channel->in, channel->in + at, channel->in_len - at);
    channel->in_len -= at;
    if (needed > 0)
        make_room(channel, needed);
}

static void take_descriptors(struct process *process, struct msghdr *message)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        const uint8_t *fds = CMSG_DATA(part);
        for (size_t at = 0; at + sizeof(int) <= part->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
            int fd;
            memcpy(&fd, fds + at, sizeof(fd));
            if (process->adopted_count < DESCRIPTORS_WAITING)
                process->adopted[process->adopted_count++] = fd;
            else
                (void)close(fd);
        }
    }
}

static ssize_t receive(struct process *process, struct channel *channel, struct iovec room)
{
    union {
        struct cmsghdr align;
        uint8_t bytes[CMSG_SPACE(DESCRIPTORS_WAITING * sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &room,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};

    if (channel != process->first)
        return read(channel->fd, room.iov_base, room.iov_len);
    ssize_t len = recvmsg(channel->fd, &message, MSG_CMSG_CLOEXEC);
    if (len >= 0)
        take_descriptors(process, &message);
    return len;
}

static void fill(struct process *process, struct channel *channel)
{
    make_room(channel, READ_LEN);
    struct iovec room = {channel->in + channel->in_len, channel->in_room - channel->in_len};
    if (room.iov_len == 0)
        return; /* whole messages wait there, until their reports find room */
    ssize_t len = receive(process, channel, room);
    if (len > 0)
        channel->in_len += (size_t)len;
    else if (len == 0 || (errno != EAGAIN && errno != EINTR))
        channel->over = true;
}

/* ---- The loop ---- */

static bool is_full(const struct channel *channel)
{
    return channel->out_len >= WAITING_MAX;
}

static void serve(struct process *process, struct channel *channel, short events)
{
    bool was_full = is_full(channel);

    if (events & POLLOUT)
        flush(channel);
    if (events & (POLLIN | POLLHUP | POLLERR))
        fill(process, channel);
    if (channel->in_len > 0 && (events & POLLIN || was_full))
        work(process, channel);
}

static bool wait_and_serve(struct process *process)
{
    struct pollfd fds[SL_ENGINE_SOCKETS_MAX + 1];
    struct channel *channel;
    nfds_t count = 0;

    sl_list_foreach(channel, &process->channels, struct channel,
                    link) fds[count++] = (struct pollfd){
        .fd = channel->fd,
        .events =
            (short)((is_full(channel) ? 0 : POLLIN) | (sl_list_empty(&channel->out) ? 0 : POLLOUT)),
    };
    if (poll(fds, count, -1) < 0)
        return errno == EINTR;
    nfds_t i = 0;
    sl_list_foreach(channel, &process->channels, struct channel, link)
    {
        if (i == count)
            break; /* the rest was adopted just now */
        if (fds[i].revents != 0)
            serve(process, channel, fds[i].revents);
        i++;
        if (channel->over && channel != process->first)
            close_channel(process, channel);
    }
    return !process->first->over;
}

static void greet(struct channel *first)
{
    const struct sl_engine_message ready = {.type = SL_ENGINE_READY,
                                            .data = (const uint8_t *)SLUICE_VERSION,
                                            .len = sizeof(SLUICE_VERSION) - 1};

    send_message(first, &ready);
}

static bool is_socket(int fd)
{
    int type;
    socklen_t len = sizeof(type);

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

int sl_engine_run(enum sl_engine_role role)
{
    struct process process = {0};
    struct channel *channel;

    if (!is_socket(SL_ENGINE_FD) || fcntl(SL_ENGINE_FD, F_SETFL, O_NONBLOCK) < 0 ||
        sl_sandbox_settle(role) < 0)
        return EXIT_FAILURE;
    sl_codec_drop_messages();
    if (sl_last_words_prepare() < 0 || sl_sandbox_lock() < 0)
        return EXIT_FAILURE;
    sl_list_init(&process.channels);
    process.first = open_channel(&process, SL_ENGINE_FD);
    process.first->is_first = true;
    greet(process.first);
    while (wait_and_serve(&process))
        ;
    sl_list_foreach(channel, &process.channels, struct channel, link)
        close_channel(&process, channel);
    return EXIT_SUCCESS;
}
