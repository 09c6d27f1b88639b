/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A codec process that does as it is told, also what none should: it speaks the protocol of
 * engine/message.h at descriptor 3, and the first word of an input says what becomes of it. What
 * it does not know, it sends back. Built with FAKE_MUTE it never says that it is ready.
 */
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHANNELS_MAX = 64, NAP_MS = 700 };

struct channel {
    int fd;
    uint8_t *bytes;
    size_t len, room;
};

static struct channel channels[CHANNELS_MAX];
static int channel_count;
static volatile uint32_t job_at_work;

static void say(int fd, const struct sl_engine_message *message)
{
    uint8_t head[SL_ENGINE_HEAD_LEN];

    sl_engine_build(message, head);
    if (write(fd, head, sizeof(head)) != (ssize_t)sizeof(head))
        return; /* nobody is there: it is seen when it is read from */
    for (size_t done = 0; done < message->len;) {
        ssize_t len = write(fd, message->data + done, message->len - done);
        if (len <= 0)
            return;
        done += (size_t)len;
    }
}

static volatile uint32_t input_at_work;

static void say_dying(uint32_t job)
{
    const struct sl_engine_message dying = {
        .type = SL_ENGINE_DYING, .job = job, .input = input_at_work};

    say(SL_ENGINE_FD, &dying);
}

static void on_abort(int number)
{
    (void)number;
    say_dying(job_at_work);
    _exit(4);
}

static void say_coded(int fd, uint32_t job, const void *data, size_t len)
{
    const struct sl_engine_message coded = {
        .type = SL_ENGINE_CODED, .job = job, .codec = SL_CODEC_H264, .data = data, .len = len};

    say(fd, &coded);
}

static bool is_word(const struct sl_engine_message *message, const char *word)
{
    return message->len == strlen(word) && memcmp(message->data, word, message->len) == 0;
}

static void misbehave_or_echo(int fd, const struct sl_engine_message *input)
{
    uint8_t garbage[SL_ENGINE_HEAD_LEN];
    char pid[16];

    if (is_word(input, "crash")) {
        (void)signal(SIGSEGV, SIG_DFL);
        (void)raise(SIGSEGV);
    } else if (is_word(input, "dying")) {
        say_dying(input->job);
        _exit(5);
    } else if (is_word(input, "hang")) {
        for (;;)
            continue;
    } else if (is_word(input, "sleep")) {
        for (;;)
            (void)poll(NULL, 0, -1);
    } else if (is_word(input, "nap")) {
        (void)poll(NULL, 0, NAP_MS);
    } else if (is_word(input, "garbage")) {
        memset(garbage, 0xff, sizeof(garbage));
        (void)!write(fd, garbage, sizeof(garbage));
    } else if (is_word(input, "foreign")) {
        say_coded(fd, input->job + 1000, "x", 1);
    } else if (is_word(input, "pid")) {
        (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
        say_coded(fd, input->job, pid, strlen(pid));
    } else {
        say_coded(fd, input->job, input->data, input->len);
    }
}

static void say_picture(int fd, const struct sl_engine_message *order)
{
    struct sl_engine_message picture = {.type = SL_ENGINE_PICTURE,
                                        .job = order->job,
                                        .output = order->output,
                                        .width = 1,
                                        .height = 1,
                                        .len = order->len_max};

    picture.data = calloc(1, picture.len);
    say(fd, &picture);
    free((void *)(uintptr_t)picture.data);
}

static void obey(int fd, const struct sl_engine_message *order)
{
    struct sl_engine_message answer = {.type = SL_ENGINE_PONG};

    input_at_work = order->type == SL_ENGINE_INPUT ? order->input : 0;
    job_at_work = order->job;
    if (order->type == SL_ENGINE_INPUT)
        misbehave_or_echo(fd, order);
    if (order->type == SL_ENGINE_SNAPSHOT)
        say_picture(fd, order);
    if (order->type == SL_ENGINE_PING)
        say(fd, &answer);
    if (order->type == SL_ENGINE_KEYFRAME) {
        answer.type = SL_ENGINE_NEED_KEYFRAME;
        answer.job = order->job;
        say(fd, &answer);
    }
    job_at_work = 0;
}

static void open_channel(int fd)
{
    if (channel_count == CHANNELS_MAX)
        _exit(6);
    (void)fcntl(fd, F_SETFL, 0); /* it may wait */
    channels[channel_count++] = (struct channel){.fd = fd};
}

static ssize_t receive(struct channel *channel)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } along;
    struct iovec iov = {channel->bytes + channel->len, channel->room - channel->len};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = along.bytes,
                         .msg_controllen = sizeof(along.bytes)};
    ssize_t len = recvmsg(channel->fd, &msg, MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = len > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
    int fd;

    if (header && header->cmsg_type == SCM_RIGHTS) {
        memcpy(&fd, CMSG_DATA(header), sizeof(fd));
        open_channel(fd);
    }
    return len;
}

/* False: the other end is gone. */
static bool serve(struct channel *channel)
{
    struct sl_engine_message order;
    size_t needed = 0, at = 0;
    int64_t used;

    if (channel->room - channel->len < 65536) {
        channel->room += 65536;
        channel->bytes = realloc(channel->bytes, channel->room);
    }
    ssize_t len = receive(channel);
    if (len <= 0)
        return len < 0 && errno == EINTR;
    channel->len += (size_t)len;
    while ((used = sl_engine_parse(channel->bytes + at, channel->len - at, false, &order,
                                   &needed)) > 0) {
        obey(channel->fd, &order);
        at += (size_t)used;
    }
    if (used < 0)
        _exit(7);
    channel->len -= at;
    memmove(channel->bytes, channel->bytes + at, channel->len);
    return true;
}

static void serve_all(void)
{
    struct pollfd fds[CHANNELS_MAX];
    int count = channel_count;

    for (int i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = channels[i].fd, .events = POLLIN};
    if (poll(fds, (nfds_t)count, -1) < 0)
        return;
    for (int i = count - 1; i >= 0; i--) {
        if (fds[i].revents == 0 || serve(&channels[i]))
            continue;
        if (i == 0)
            _exit(0);
        (void)close(channels[i].fd);
        free(channels[i].bytes);
        channels[i] = channels[--channel_count];
    }
}

int main(void)
{
    const struct sl_engine_message ready = {.type = SL_ENGINE_READY,
                                            .data = (const uint8_t *)SLUICE_VERSION,
                                            .len = strlen(SLUICE_VERSION)};

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* should the test fail */
    (void)signal(SIGABRT, on_abort);
    (void)signal(SIGPIPE, SIG_IGN);
    open_channel(SL_ENGINE_FD);
#ifdef FAKE_MUTE
    (void)ready;
#else
    say(SL_ENGINE_FD, &ready);
#endif
    for (;;)
        serve_all();
}
