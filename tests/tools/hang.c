/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For LD_PRELOAD: a disk and a name service that hang while the file exists that HANG_FLAG names.
 * Paths with HANG_PATH in them are on that disk; names that end in .hang belong to that service.
 * HANG_BYTES_PER_S: how fast that disk takes what is written with an offset.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum { CHECK_NS = 10000000 };

static void hang(bool concerned)
{
    const struct timespec pause = {.tv_nsec = CHECK_NS};
    const char *flag = getenv("HANG_FLAG");

    while (concerned && flag && access(flag, F_OK) == 0)
        (void)nanosleep(&pause, NULL);
}

static bool on_disk(const char *path)
{
    const char *part = getenv("HANG_PATH");

    return part && path && strstr(path, part);
}

/* The C library's function behind the one that is taken here. */
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static mode_t mode_of(int flags, va_list args)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

#define OPEN(name)                                                                                 \
    EXPORT int name(const char *path, int flags, ...)                                              \
    {                                                                                              \
        va_list args;                                                                              \
                                                                                                   \
        va_start(args, flags);                                                                     \
        mode_t mode = mode_of(flags, args);                                                        \
        va_end(args);                                                                              \
        hang(on_disk(path));                                                                       \
        return NEXT(name)(path, flags, mode);                                                      \
    }

OPEN(open)
OPEN(open64)

EXPORT FILE *fopen(const char *path, const char *mode)
{
    hang(on_disk(path));
    return NEXT(fopen)(path, mode);
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
    hang(on_disk(path));
    return NEXT(fopen64)(path, mode);
}

/* Files below a directory that is on that disk (openat2(2) has no function of its own). */
EXPORT long syscall(long number, ...)
{
    long at[6];
    char name[64], root[PATH_MAX] = "";
    va_list args;

    va_start(args, number);
    for (size_t i = 0; i < sizeof(at) / sizeof(*at); i++)
        at[i] = va_arg(args, long);
    va_end(args);
    if (number == SYS_openat2) {
        (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", (int)at[0]);
        (void)!readlink(name, root, sizeof(root) - 1);
        hang(on_disk(root));
    }
    return NEXT(syscall)(number, at[0], at[1], at[2], at[3], at[4], at[5]);
}

/* Whose path the kernel knows; how long so many bytes take. */
static void be_slow(int fd, size_t len)
{
    const char *rate = getenv("HANG_BYTES_PER_S");
    char name[64], path[PATH_MAX] = "";
    long bytes_per_s = rate ? strtol(rate, NULL, 10) : 0;

    (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    (void)!readlink(name, path, sizeof(path) - 1);
    hang(on_disk(path));
    if (bytes_per_s <= 0 || !on_disk(path))
        return;
    double seconds = (double)len / (double)bytes_per_s;
    const struct timespec pause = {.tv_sec = (time_t)seconds,
                                   .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    (void)nanosleep(&pause, NULL);
}

#define PWRITE(name)                                                                               \
    EXPORT ssize_t name(int fd, const void *bytes, size_t len, off_t offset)                       \
    {                                                                                              \
        be_slow(fd, len);                                                                          \
        return NEXT(name)(fd, bytes, len, offset);                                                 \
    }

PWRITE(pwrite)
PWRITE(pwrite64)

EXPORT int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out)
{
    size_t len = node ? strlen(node) : 0;
    bool concerned = len > 5 && strcmp(node + len - 5, ".hang") == 0;

    hang(concerned);
    return concerned ? EAI_NONAME : NEXT(getaddrinfo)(node, service, hints, out);
}
