/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For LD_PRELOAD: a disk and a name service that hang while the file exists that HANG_FLAG names.
 * Paths with HANG_PATH in them are on that disk; names that end in .hang belong to that service.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

EXPORT int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out)
{
    size_t len = node ? strlen(node) : 0;
    bool concerned = len > 5 && strcmp(node + len - 5, ".hang") == 0;

    hang(concerned);
    return concerned ? EAI_NONAME : NEXT(getaddrinfo)(node, service, hints, out);
}
