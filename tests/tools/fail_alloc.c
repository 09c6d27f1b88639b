/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For LD_PRELOAD: one allocation of the process fails, the n-th from now, in whatever library. The
 * file that FAIL_ALLOC_FILE names is shared with the test, which writes n to its first word; the
 * second counts the allocations, the third those that failed. With FAIL_ALLOC_TRACE set, stderr
 * shows where it failed, and where the process was when it crashed.
 */
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

struct shared {
    _Atomic int64_t countdown; /* 0: nothing fails */
    _Atomic int64_t count, failed;
};

enum { FRAMES_MAX = 40 };

static struct shared *shared;
static bool traces;

/* glibc's own, behind the names that are taken here. */
extern void *__libc_malloc(size_t len);
extern void *__libc_calloc(size_t count, size_t len);
extern void *__libc_realloc(void *memory, size_t len);
extern void *__libc_memalign(size_t alignment, size_t len);

static void trace(void)
{
    void *frames[FRAMES_MAX];

    backtrace_symbols_fd(frames, backtrace(frames, FRAMES_MAX), STDERR_FILENO);
    (void)!write(STDERR_FILENO, "--\n", 3); /* for the eyes only */
}

static void on_crash(int number)
{
    trace();
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

__attribute__((constructor)) static void begin(void)
{
    const char *file = getenv("FAIL_ALLOC_FILE");
    int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;

    if (fd < 0)
        abort();
    void *memory = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        abort();
    (void)close(fd);
    traces = getenv("FAIL_ALLOC_TRACE") != NULL;
    if (traces) {
        void *frame;
        (void)backtrace(&frame, 1); /* loads what it needs */
        (void)signal(SIGSEGV, on_crash);
        (void)signal(SIGABRT, on_crash);
    }
    shared = memory;
}

static bool fails(void)
{
    if (!shared)
        return false;
    (void)atomic_fetch_add(&shared->count, 1);
    if (atomic_load(&shared->countdown) <= 0 || atomic_fetch_sub(&shared->countdown, 1) != 1)
        return false;
    (void)atomic_fetch_add(&shared->failed, 1);
    if (traces)
        trace();
    errno = ENOMEM;
    return true;
}

EXPORT void *malloc(size_t len)
{
    return fails() ? NULL : __libc_malloc(len);
}

EXPORT void *calloc(size_t count, size_t len)
{
    return fails() ? NULL : __libc_calloc(count, len);
}

EXPORT void *realloc(void *memory, size_t len)
{
    return fails() ? NULL : __libc_realloc(memory, len);
}

EXPORT void *memalign(size_t alignment, size_t len)
{
    return fails() ? NULL : __libc_memalign(alignment, len);
}

EXPORT void *aligned_alloc(size_t alignment, size_t len)
{
    return fails() ? NULL : __libc_memalign(alignment, len);
}

EXPORT int posix_memalign(void **out, size_t alignment, size_t len)
{
    void *memory = fails() ? NULL : __libc_memalign(alignment, len);

    if (!memory)
        return ENOMEM;
    *out = memory;
    return 0;
}
