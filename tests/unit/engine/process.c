/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The program itself as a codec process: what it says, whom it hears, and how it ends. */
#include "harness.h"

#include "engine/engine.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEADLINE_MS = 20000, BUFFER_LEN = 8 << 20 };

static const char *program;

/* ---- A process and its sockets ---- */

struct line {
    int fd;
    uint8_t *buffer;
    size_t len, taken;
};

struct child {
    pid_t pid;
    struct line line;
};

static void open_pair(int fds[static 2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
}

static struct line line_of(int fd)
{
    struct line line = {.fd = fd, .buffer = malloc(BUFFER_LEN)};

    assert_non_null(line.buffer);
    return line;
}

static void close_line(struct line *line)
{
    (void)close(line->fd);
    free(line->buffer);
}

static struct child start(const char *role)
{
    char option[32], *const argv[] = {(char *)(uintptr_t) "sluice", option, NULL};
    int fds[2];

    (void)snprintf(option, sizeof(option), "--codec=%s", role);
    open_pair(fds);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (dup2(fds[1], SL_ENGINE_FD) < 0 ||
            (fds[1] == SL_ENGINE_FD && fcntl(fds[1], F_SETFD, 0) < 0))
            _exit(200);
        (void)execv(program, argv);
        _exit(201);
    }
    (void)close(fds[1]);
    return (struct child){.pid = pid, .line = line_of(fds[0])};
}

static int end_of(struct child *child)
{
    int status = 0;

    close_line(&child->line);
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    return status;
}

static void wait_for(int fd, short events)
{
    struct pollfd poller = {.fd = fd, .events = events};

    assert_int_equal(poll(&poller, 1, DEADLINE_MS), 1);
}

static void write_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);
        if (sent < 0) {
            assert_int_equal(errno, EAGAIN);
            wait_for(fd, POLLOUT);
            continue;
        }
        data += sent;
        len -= (size_t)sent;
    }
}

static void say(const struct line *line, struct sl_engine_message message)
{
    uint8_t head[SL_ENGINE_HEAD_LEN];

    message.job = message.job ? message.job : JOB;
    sl_engine_build(&message, head);
    write_all(line->fd, head, sizeof(head));
    if (message.len > 0)
        write_all(line->fd, message.data, message.len);
}

/* False: the other end is gone. The message is valid until the next call. */
static bool hear(struct line *line, struct sl_engine_message *out)
{
    size_t needed;

    memmove(line->buffer, line->buffer + line->taken, line->len - line->taken);
    line->len -= line->taken;
    for (;;) {
        int64_t taken = sl_engine_parse(line->buffer, line->len, true, out, &needed);
        assert_true(taken >= 0);
        line->taken = (size_t)taken;
        if (taken > 0)
            return true;
        assert_true(needed <= BUFFER_LEN);
        wait_for(line->fd, POLLIN);
        ssize_t len = read(line->fd, line->buffer + line->len, BUFFER_LEN - line->len);
        if (len == 0 || (len < 0 && errno == ECONNRESET))
            return false;
        assert_true(len > 0);
        line->len += (size_t)len;
    }
}

static struct sl_engine_message hear_next(struct line *line, enum sl_engine_type type)
{
    struct sl_engine_message message;

    assert_true(hear(line, &message));
    assert_int_equal(message.type, type);
    return message;
}

static struct child start_ready(const char *role)
{
    struct child child = start(role);
    struct sl_engine_message ready = hear_next(&child.line, SL_ENGINE_READY);

    assert_int_equal(ready.len, strlen(SLUICE_VERSION));
    assert_memory_equal(ready.data, SLUICE_VERSION, ready.len);
    return child;
}

/* A second socket. */
static struct line adopt(const struct child *child)
{
    const struct sl_engine_message message = {.type = SL_ENGINE_ADOPT};
    union {
        uint8_t bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } along = {{0}};
    uint8_t head[SL_ENGINE_HEAD_LEN];
    struct iovec iov = {head, sizeof(head)};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = along.bytes,
                         .msg_controllen = sizeof(along.bytes)};
    int fds[2];

    open_pair(fds);
    sl_engine_build(&message, head);
    along.align.cmsg_level = SOL_SOCKET;
    along.align.cmsg_type = SCM_RIGHTS;
    along.align.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&along.align), &fds[1], sizeof(int));
    assert_int_equal(sendmsg(child->line.fd, &msg, MSG_NOSIGNAL), sizeof(head));
    (void)close(fds[1]);
    return line_of(fds[0]);
}

/* ---- What a source sends ---- */

static void say_coded(void *arg, const struct sl_coded *coded)
{
    const struct line *line = arg;

    say(line, (struct sl_engine_message){.type = SL_ENGINE_INPUT,
                                         .codec = SL_CODEC_H264,
                                         .keyframe = coded->keyframe,
                                         .pts_us = coded->pts_us,
                                         .dts_us = coded->dts_us,
                                         .data = coded->data,
                                         .len = coded->len});
}

static void say_pictures(const struct line *line, int width, int height, unsigned count)
{
    const struct sl_video_encoder_config config = {.width = width,
                                                   .height = height,
                                                   .fps = 30,
                                                   .bitrate_bps = 300000,
                                                   .preset = "ultrafast",
                                                   .one_thread = true};
    struct sl_video_encoder *encoder;
    struct sl_picture picture;

    assert_int_equal(sl_video_encoder_create(&config, &encoder), 0);
    assert_int_equal(sl_picture_create(width, height, &picture), 0);
    for (unsigned n = 0; n < count; n++) {
        draw(&picture, n, 0);
        picture.pts_us = START_US + (int64_t)n * 33333;
        assert_int_equal(
            sl_video_encoder_encode(encoder, &picture, false, say_coded, (void *)(uintptr_t)line),
            0);
    }
    sl_picture_deinit(&picture);
    sl_video_encoder_destroy(encoder);
}

static void open_pictures(const struct line *line, uint32_t job)
{
    say(line, (struct sl_engine_message){.type = SL_ENGINE_OPEN, .job = job});
    say(line, (struct sl_engine_message){
                  .type = SL_ENGINE_OUTPUT, .job = job, .output = 1, .codec = SL_CODEC_VP8});
}

/* ---- Tests ---- */

static void it_is_ready_answers_and_ends_with_the_socket(void **state)
{
    (void)state;
    static const char *const roles[] = {"pictures", "sound"};

    for (size_t i = 0; i < SL_ARRAY_LEN(roles); i++) {
        struct child child = start_ready(roles[i]);
        say(&child.line, (struct sl_engine_message){.type = SL_ENGINE_PING});
        (void)hear_next(&child.line, SL_ENGINE_PONG);
        /* Meant for the server. */
        assert_int_equal(kill(child.pid, SIGTERM), 0);
        assert_int_equal(kill(child.pid, SIGINT), 0);
        say(&child.line, (struct sl_engine_message){.type = SL_ENGINE_PING});
        (void)hear_next(&child.line, SL_ENGINE_PONG);
        assert_int_equal(end_of(&child), 0);
    }
}

static void each_socket_has_its_own_jobs(void **state)
{
    (void)state;
    struct child child = start_ready("pictures");
    struct line second = adopt(&child);
    struct sl_engine_message message;

    open_pictures(&child.line, JOB);
    open_pictures(&second, JOB);
    say_pictures(&second, 320, 240, 5);
    for (int n = 0; n < 5; n++) {
        message = hear_next(&second, SL_ENGINE_CODED);
        assert_int_equal(message.codec, SL_CODEC_VP8);
        assert_int_equal(message.job, JOB);
        assert_int_equal(message.keyframe, n == 0);
    }
    close_line(&second); /* and its job; the other one stays */
    say_pictures(&child.line, 320, 240, 2);
    (void)hear_next(&child.line, SL_ENGINE_CODED);
    (void)hear_next(&child.line, SL_ENGINE_CODED);
    assert_int_equal(end_of(&child), 0);
}

static void nonsense_ends_a_socket_and_on_the_first_one_the_process(void **state)
{
    (void)state;
    static const uint8_t nonsense[SL_ENGINE_HEAD_LEN] = {[4] = 0xff};
    struct child child = start_ready("sound");
    struct line second = adopt(&child);
    struct sl_engine_message message;

    write_all(second.fd, nonsense, sizeof(nonsense));
    assert_false(hear(&second, &message));
    close_line(&second);
    say(&child.line, (struct sl_engine_message){.type = SL_ENGINE_PING});
    (void)hear_next(&child.line, SL_ENGINE_PONG);
    write_all(child.line.fd, nonsense, sizeof(nonsense));
    assert_false(hear(&child.line, &message));
    assert_int_equal(end_of(&child), 0);
}

/* Nobody reads what it makes: it takes no more, loses nothing, and answers elsewhere. */
static void a_full_socket_is_not_read(void **state)
{
    (void)state;
    struct child child = start_ready("pictures");
    struct line second = adopt(&child);
    static uint8_t samples[64 << 10];
    struct sl_engine_message input = {.type = SL_ENGINE_INPUT,
                                      .job = JOB,
                                      .codec = SL_CODEC_L16,
                                      .data = samples,
                                      .len = sizeof(samples)};
    uint8_t head[SL_ENGINE_HEAD_LEN];
    unsigned sent = 0;
    size_t at = 0;

    say(&second, (struct sl_engine_message){.type = SL_ENGINE_OPEN,
                                            .kind = SL_ENGINE_SOUND,
                                            .form = {.sound = {.rate_hz = 8000, .channels = 1}}});
    for (uint32_t output = 0; output < 8; output++)
        say(&second, (struct sl_engine_message){
                         .type = SL_ENGINE_OUTPUT, .output = output, .codec = SL_CODEC_PCMA});
    sl_engine_build(&input, head);
    for (;;) { /* until it takes no more for half a second */
        struct pollfd poller = {.fd = second.fd, .events = POLLOUT};
        bool in_head = at < sizeof(head);
        ssize_t len = in_head ? send(second.fd, head + at, sizeof(head) - at, MSG_NOSIGNAL)
                              : send(second.fd, samples + at - sizeof(head),
                                     sizeof(samples) + sizeof(head) - at, MSG_NOSIGNAL);
        if (len < 0 && poll(&poller, 1, 500) == 0)
            break;
        at += len > 0 ? (size_t)len : 0;
        if (at < sizeof(head) + sizeof(samples))
            continue;
        at = 0;
        sent++;
        input.pts_us = sent * (int64_t)sizeof(samples) / 2 * 1000 / 8;
        input.dts_us = input.pts_us;
        sl_engine_build(&input, head);
        assert_true(sent < 10000);
    }
    say(&child.line, (struct sl_engine_message){.type = SL_ENGINE_PING});
    (void)hear_next(&child.line, SL_ENGINE_PONG);
    /* Now it is read: all of it comes. */
    for (unsigned n = 0; n < sent * (sizeof(samples) / 2 / 160) * 8 - 8 * 160; n++)
        assert_int_equal(hear_next(&second, SL_ENGINE_CODED).len, 160);
    close_line(&second);
    assert_int_equal(end_of(&child), 0);
}

/* The sizes that break it stand in pictures.c; a sanitizer has its own words. */
#ifndef SL_SANITIZED

static void the_last_words_name_the_job(void **state)
{
    (void)state;
    struct child child = start_ready("pictures");
    struct line second = adopt(&child);
    struct sl_engine_message message;

    open_pictures(&second, 4711);
    open_pictures(&child.line, JOB);
    say_pictures(&child.line, 176, 112, 1);
    message = hear_next(&child.line, SL_ENGINE_DYING);
    assert_int_equal(message.job, JOB);
    assert_false(hear(&child.line, &message));
    assert_false(hear(&second, &message));
    close_line(&second);
    int status = end_of(&child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 128 + SIGSEGV);
}

static void one_that_hangs_can_be_asked_who_it_was(void **state)
{
    (void)state;
    struct child child = start_ready("pictures");
    struct pollfd poller = {.fd = child.line.fd, .events = POLLIN};
    struct sl_engine_message message;

    open_pictures(&child.line, JOB);
    say_pictures(&child.line, 176, 96, 1);
    say(&child.line, (struct sl_engine_message){.type = SL_ENGINE_PING});
    assert_int_equal(poll(&poller, 1, 300), 0);
    assert_int_equal(kill(child.pid, SIGABRT), 0);
    message = hear_next(&child.line, SL_ENGINE_DYING);
    assert_int_equal(message.job, JOB);
    int status = end_of(&child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 128 + SIGABRT);
}

#endif

static void without_a_socket_it_does_not_run(void **state)
{
    (void)state;
    char *const argv[] = {(char *)(uintptr_t) "sluice", (char *)(uintptr_t) "--codec=sound", NULL};
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(SL_ENGINE_FD);
        (void)execv(program, argv);
        _exit(201);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_FAILURE);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_ready_answers_and_ends_with_the_socket),
        cmocka_unit_test(each_socket_has_its_own_jobs),
        cmocka_unit_test(nonsense_ends_a_socket_and_on_the_first_one_the_process),
        cmocka_unit_test(a_full_socket_is_not_read),
#ifndef SL_SANITIZED
        cmocka_unit_test(the_last_words_name_the_job),
        cmocka_unit_test(one_that_hangs_can_be_asked_who_it_was),
#endif
        cmocka_unit_test(without_a_socket_it_does_not_run),
    };

    if (argc != 2)
        return 2;
    program = argv[1];
    sl_codec_drop_messages();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
