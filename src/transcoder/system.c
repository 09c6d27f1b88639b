/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A program executed again, and what the kernel knows of a process. */
#include "transcoder/internal.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    FIRST_FREE_FD = 10,      /* above those that the new process gets by number */
    SOCKET_BUFFER = 1 << 20, /* a large key frame; the kernel cuts it to net.core.wmem_max */
    STATUS_MAX = 4096,       /* proc_pid_status(5) is 1.5 KB */
};

/* ---- Sockets ---- */

int sl_codec_socket_pair(int fds[static 2])
{
    const int size = SOCKET_BUFFER;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0)
        return -errno;
    for (int i = 0; i < 2; i++) /* less is fine */
        (void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    return 0;
}

int sl_codec_send_control(int fd, enum sl_engine_type type, int along_fd)
{
    const struct sl_engine_message message = {.type = type};
    uint8_t head[SL_ENGINE_HEAD_LEN];
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } along = {{0}};
    struct iovec iov = {head, sizeof(head)};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

    sl_engine_build(&message, head);
    if (along_fd >= 0) {
        msg.msg_control = along.bytes;
        msg.msg_controllen = sizeof(along.bytes);
        struct cmsghdr *header = CMSG_FIRSTHDR(&msg);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &along_fd, sizeof(int));
    }
    ssize_t sent = sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0)
        return errno == ENOBUFS ? -ENOBUFS : errno == EAGAIN || errno == EINTR ? -EAGAIN : -EPIPE;
    return sent == (ssize_t)sizeof(head) ? 0 : -EPIPE; /* so few bytes are never divided */
}

/* ---- A new process ---- */

/* It has a clean start: no signal blocked, ignored or handled; and a group of its own, so that what
 * a terminal sends to the server is not for it. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    int err;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    err = posix_spawnattr_setsigmask(attributes, &none);
    if (err == 0)
        err = posix_spawnattr_setsigdefault(attributes, &all);
    if (err == 0)
        err = posix_spawnattr_setpgroup(attributes, 0);
    if (err == 0)
        err = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                       POSIX_SPAWN_SETPGROUP);
    return -err;
}

/* All other descriptors of ours are close-on-exec. */
static int set_actions(posix_spawn_file_actions_t *actions, int socket_fd)
{
    int err = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);

    if (err == 0)
        err = posix_spawn_file_actions_adddup2(actions, STDIN_FILENO, STDOUT_FILENO);
    if (err == 0)
        err = posix_spawn_file_actions_adddup2(actions, STDIN_FILENO, STDERR_FILENO);
    if (err == 0)
        err = posix_spawn_file_actions_adddup2(actions, socket_fd, SL_ENGINE_FD);
    return -err;
}

static int execute(int program_fd, int socket_fd, char *const argv[], pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char path[sizeof("/proc/self/fd/") + 11];
    char *environment[] = {NULL};

    /* The new process has a copy of our descriptors until it executes. */
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", program_fd);
    int err = -posix_spawn_file_actions_init(&actions);
    if (err < 0)
        return err;
    err = -posix_spawnattr_init(&attributes);
    if (err == 0) {
        err = set_actions(&actions, socket_fd);
        if (err == 0)
            err = set_attributes(&attributes);
        if (err == 0)
            err = -posix_spawn(pid, path, &actions, &attributes, argv, environment);
        (void)posix_spawnattr_destroy(&attributes); /* always 0 */
    }
    (void)posix_spawn_file_actions_destroy(&actions); /* always 0 */
    return err;
}

/* The process soon hides from whoever may not trace it, and some mounts of /proc hide it whole:
 * what was opened before stays readable. */
static int open_status(pid_t pid)
{
    char path[sizeof("/proc//status") + 11];

    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static int spawn_with(int program_fd, int socket_fd, enum sl_engine_role role, unsigned number,
                      pid_t *pid)
{
    const char *what = sl_codec_role_name(role);
    char title[64], option[32];
    char *argv[] = {title, option, NULL};

    (void)snprintf(title, sizeof(title), "sluice: %s %u", what, number);
    (void)snprintf(option, sizeof(option), "--codec=%s", what);
    return execute(program_fd, socket_fd, argv, pid);
}

int sl_codec_spawn(int program_fd, enum sl_engine_role role, unsigned number,
                   struct sl_codec_child *out)
{
    int fds[2];
    int err = sl_codec_socket_pair(fds);

    if (err < 0)
        return err;
    int program = fcntl(program_fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
    int far = program < 0 ? -1 : fcntl(fds[1], F_DUPFD_CLOEXEC, FIRST_FREE_FD);
    if (far < 0)
        err = -errno;
    else
        err = spawn_with(program, far, role, number, &out->pid);
    (void)close(fds[1]); /* nothing was written to these */
    if (program >= 0)
        (void)close(program);
    if (far >= 0)
        (void)close(far);
    if (err < 0) {
        (void)close(fds[0]);
        return err;
    }
    out->fd = fds[0];
    out->status_fd = open_status(out->pid);
    return 0;
}

/* ---- What the kernel knows ---- */

int64_t sl_codec_cpu_us(pid_t pid)
{
    struct timespec used;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) < 0)
        return 0;
    return (int64_t)used.tv_sec * SL_US_PER_S + used.tv_nsec / 1000;
}

/* What follows `key` in proc_pid_status(5); false: it is not to be read. */
static bool read_status(int fd, const char *key, char *out, size_t out_len)
{
    char text[STATUS_MAX];
    ssize_t len = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);

    if (len <= 0)
        return false;
    text[len] = '\0';
    const char *at = strstr(text, key);
    if (!at)
        return false;
    (void)snprintf(out, out_len, "%s", at + strlen(key)); /* cut is fine */
    return true;
}

/* /proc may be hidden; a parent is told of its child's stopping all the same. */
static bool is_stopped(pid_t pid)
{
    siginfo_t info = {0};

    return waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

char sl_codec_state(const struct sl_codec_child *child)
{
    char value[16];

    if (is_stopped(child->pid))
        return 'T';
    if (!read_status(child->status_fd, "\nState:\t", value, sizeof(value)))
        return '?';
    if (value[0] == 't') /* by a debugger */
        value[0] = 'T';
    return value[0];
}

uint64_t sl_codec_memory(const struct sl_codec_child *child)
{
    char value[32];

    if (!read_status(child->status_fd, "\nRssAnon:\t", value, sizeof(value)))
        return 0;
    return strtoull(value, NULL, 10) * 1024;
}
