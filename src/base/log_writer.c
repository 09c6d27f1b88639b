/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log's writer: a thread that alone opens and writes, because a pipe that nobody reads, a
 * paused terminal or a disk that hangs keeps whoever writes. Everybody else leaves a line in a
 * queue. (O_NONBLOCK would not do: stderr is shared with the processes that it came from, and files
 * know no such thing.)
 *
 * A line is lost when the queue is full, or when it cannot be written: nobody is there to read
 * (EPIPE), the disk is full (ENOSPC). How many were lost is told in their place, as soon as writing
 * works again. Nothing here allocates: "out of memory" must come out.
 */
#include "base/log_writer.h"

#include "base/log_queue.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
    QUEUE_SIZE = 512 << 10, /* some thousand lines */
    RETRY_MS = 1000,        /* how often a file that could not be written is tried again */
    ABORT_FLUSH_MS = 200,
    FLUSH_CHECK_NS = 1000000,
};

static char ring[QUEUE_SIZE];

static struct {
    pthread_mutex_t lock;
    struct sl_log_queue queue; /* lock */
    bool reopen;               /* lock: file is to be opened */
    char file[PATH_MAX];       /* lock; "": stderr */
    bool sleeping;             /* lock: the thread waits for wake_fd */
    int wake_fd;
    atomic_bool started;
    atomic_size_t pending;     /* bytes of the queue, for those who cannot take the lock */
    atomic_uint_fast64_t lost; /* lines, ever */
    int fd;                    /* the thread's; the lock's holder's without one */
} writer = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .queue = {.bytes = ring, .size = sizeof(ring)},
    .wake_fd = -1,
    .fd = STDERR_FILENO,
};

/* What the thread knows of lines it could not write. */
struct failures {
    uint64_t lost;
    int err;
    bool torn; /* the last line ended in its middle */
};

static void wake(void)
{
    const uint64_t one = 1;

    (void)!write(writer.wake_fd, &one, sizeof(one)); /* fails only when it is set already */
}

/* ---- Writing ---- */

/* The file was replaced, or the queue was emptied, or somebody wants that: look again. */
static void clear_wake(void)
{
    uint64_t count;

    (void)!read(writer.wake_fd, &count, sizeof(count)); /* does not block */
}

static bool wants_reopen(void)
{
    pthread_mutex_lock(&writer.lock);
    bool wanted = writer.reopen;
    pthread_mutex_unlock(&writer.lock);
    return wanted;
}

/* 0: a write will hardly wait; -ECANCELED: there is another file to write to. */
static int wait_writable(void)
{
    struct pollfd fds[] = {{.fd = writer.fd, .events = POLLOUT},
                           {.fd = writer.wake_fd, .events = POLLIN}};

    for (;;) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return -errno;
        if (fds[1].revents) {
            clear_wake();
            if (wants_reopen())
                return -ECANCELED;
        }
        if (fds[0].revents)
            return 0; /* of an error, write() tells more */
    }
}

/* One line with one write(2), so that lines of several processes do not mix; a torn one is finished
 * by several. */
static int write_line(struct failures *failures, const char *line, size_t len)
{
    size_t done = 0;

    while (done < len) {
        int err = wait_writable();
        ssize_t wrote = err < 0 ? -1 : write(writer.fd, line + done, len - done);
        if (err == 0 && wrote < 0)
            err = -errno;
        if (err == -EINTR || err == -EAGAIN)
            continue;
        if (err < 0) {
            failures->torn |= done > 0 && err != -ECANCELED;
            return err;
        }
        done += (size_t)wrote;
    }
    return 0;
}

static size_t format_lost(char *out, uint64_t lost, const char *why)
{
    char text[160];

    (void)snprintf(text, sizeof(text), "log: %llu lines were lost: %s", (unsigned long long)lost,
                   why);
    return sl_log_format(out, SL_LOG_WARN, NULL, text);
}

/* What could not be written is told before anything else is. */
static int tell_failures(struct failures *failures)
{
    char note[SL_LOG_LINE_MAX + 1] = "\n";
    size_t skip = failures->torn ? 0 : 1;

    if (failures->lost == 0)
        return 0;
    size_t len = format_lost(note + 1, failures->lost, strerror(-failures->err)) + 1;
    int err = write_line(failures, note + skip, len - skip);
    if (err == 0)
        *failures = (struct failures){0};
    return err;
}

static void count_lost(uint64_t lines)
{
    (void)atomic_fetch_add_explicit(&writer.lost, lines, memory_order_relaxed);
}

/* -ECANCELED: the line is to be written to another file; else it is done with. */
static int write_or_lose(struct failures *failures, const char *line, size_t len)
{
    int err = tell_failures(failures);

    if (err == 0)
        err = write_line(failures, line, len);
    if (err < 0 && err != -ECANCELED) {
        failures->lost++;
        failures->err = err;
        count_lost(1);
    }
    return err;
}

/* ---- The file ---- */

/* A descriptor or -errno. O_NONBLOCK: opening a FIFO would wait for its reader. */
static int open_file(const char *file)
{
    if (!file[0])
        return STDERR_FILENO;
    int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
    return fd < 0 ? -errno : fd;
}

/* fd: as open_file() returned it; on an error the log stays where it is. */
static void use_file(int fd)
{
    int old = writer.fd;

    if (fd < 0)
        return;
    writer.fd = fd;
    if (old != STDERR_FILENO && old != fd)
        (void)close(old); /* each line was written on its own */
}

static void complain(const char *file, int err)
{
    sl_log(SL_LOG_ERROR, NULL, "log_file: %s: %s", file, strerror(-err));
}

static void reopen(const char *file)
{
    int fd = open_file(file);

    use_file(fd);
    if (fd < 0)
        complain(file, fd);
}

int sl_log_open(const char *file)
{
    char name[PATH_MAX];
    int fd;

    if (snprintf(name, sizeof(name), "%s", file ? file : "") >= (int)sizeof(name)) {
        complain("the name is too long", -ENAMETOOLONG);
        return -ENAMETOOLONG;
    }
    pthread_mutex_lock(&writer.lock);
    if (atomic_load(&writer.started)) {
        memcpy(writer.file, name, sizeof(name));
        writer.reopen = true;
        fd = STDERR_FILENO;
        wake(); /* it may be waiting for the old file */
    } else {
        fd = open_file(name);
        use_file(fd);
    }
    pthread_mutex_unlock(&writer.lock);
    if (fd < 0)
        complain(name, fd);
    return fd < 0 ? fd : 0;
}

/* ---- The thread ---- */

static void update_pending(void) /* under the lock */
{
    atomic_store(&writer.pending, writer.queue.used);
}

/* Lines were lost, and there is room again: this is their place. */
static void note_lost(void) /* under the lock */
{
    uint64_t lost = sl_log_queue_take_lost(&writer.queue);
    char note[SL_LOG_LINE_MAX];

    if (lost > 0)
        (void)sl_log_queue_put(&writer.queue, note,
                               format_lost(note, lost, "they came faster than they were written"));
}

/* The next line into `line`, or 0; a file to be opened instead into `file`, "": none. */
static size_t next(char *line, char file[static PATH_MAX], bool *wants_open)
{
    size_t len = 0;

    pthread_mutex_lock(&writer.lock);
    *wants_open = writer.reopen;
    writer.reopen = false;
    if (*wants_open)
        memcpy(file, writer.file, PATH_MAX);
    else
        len = sl_log_queue_peek(&writer.queue, line);
    writer.sleeping = !*wants_open && len == 0;
    pthread_mutex_unlock(&writer.lock);
    return len;
}

static void drop(void)
{
    pthread_mutex_lock(&writer.lock);
    sl_log_queue_drop(&writer.queue);
    note_lost();
    update_pending();
    pthread_mutex_unlock(&writer.lock);
}

static void wait_for_lines(struct failures *failures)
{
    struct pollfd fd = {.fd = writer.wake_fd, .events = POLLIN};

    if (poll(&fd, 1, failures->lost > 0 ? RETRY_MS : -1) == 0)
        (void)tell_failures(failures); /* if not now, then later */
    else
        clear_wake();
}

static void *run(void *arg)
{
    static char line[SL_LOG_LINE_MAX], file[PATH_MAX];
    struct failures failures = {0};
    bool wants_open;

    (void)arg;
    for (;;) {
        size_t len = next(line, file, &wants_open);
        if (wants_open)
            reopen(file);
        else if (len == 0)
            wait_for_lines(&failures);
        else if (write_or_lose(&failures, line, len) != -ECANCELED)
            drop();
    }
    return NULL;
}

/* ---- The others' side ---- */

static void put_queued(const char *line, size_t len) /* under the lock */
{
    if (!sl_log_queue_put(&writer.queue, line, len))
        count_lost(1);
    update_pending();
    if (writer.sleeping) {
        writer.sleeping = false;
        wake();
    }
}

void sl_log_writer_put(const char *line, size_t len)
{
    pthread_mutex_lock(&writer.lock);
    if (atomic_load(&writer.started))
        put_queued(line, len);
    else if (write(writer.fd, line, len) < 0)
        count_lost(1);
    pthread_mutex_unlock(&writer.lock);
}

uint64_t sl_log_lost(void)
{
    return atomic_load_explicit(&writer.lost, memory_order_relaxed);
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void sl_log_flush(int timeout_ms) /* also from a signal handler: no lock */
{
    const struct timespec pause = {.tv_nsec = FLUSH_CHECK_NS};
    int64_t deadline_ms = now_ms() + timeout_ms;

    while (atomic_load(&writer.pending) > 0 && now_ms() < deadline_ms)
        (void)nanosleep(&pause, NULL);
}

/* abort() and assert(): why is in the last lines. Returning goes on with the abort. */
static void on_abort(int number)
{
    (void)number;
    sl_log_flush(ABORT_FLUSH_MS);
}

int sl_log_start(void)
{
    struct sigaction action = {.sa_handler = on_abort};
    pthread_t thread;
    sigset_t all, before;

    tzset(); /* what gmtime_r(3) would allocate in the first line */
    writer.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (writer.wake_fd < 0)
        return -errno;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* SIGPIPE too: write() tells */
    int err = pthread_create(&thread, NULL, run, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err != 0) {
        (void)close(writer.wake_fd); /* never used */
        writer.wake_fd = -1;
        return -err;
    }
    (void)pthread_setname_np(thread, "log"); /* for top(1) only */
    (void)pthread_detach(thread);            /* one that hangs in write(2) is not waited for */
    atomic_store(&writer.started, true);
    (void)sigaction(SIGABRT, &action, NULL);
    return 0;
}
