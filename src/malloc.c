/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The program's own malloc(3), for the thread of a library that takes no allocator and does not
 * bear a NULL (libssh writes to it): there, memory that runs out ends the process in order. All
 * others get what the next malloc() says, the C library's or a preloaded one's. glibc lets a
 * program replace these functions together; a sanitizer has its own, and the build leaves this file
 * out.
 */
#include "base/mem.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

/* glibc's own, for what dlsym(3) itself may ask for. */
extern void *__libc_malloc(size_t len);
extern void *__libc_calloc(size_t count, size_t len);
extern void *__libc_realloc(void *memory, size_t len);
extern void *__libc_memalign(size_t alignment, size_t len);

/* Not const: set at the first call, which comes before there is a second thread. */
static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void *(*memalign)(size_t, size_t);
} next = {__libc_malloc, __libc_calloc, __libc_realloc, __libc_memalign};
static bool found;

static void find(void)
{
    found = true; /* first: dlsym() may come back here */
    __typeof__(next) others = {
        .malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc"),
        .calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc"),
        .realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc"),
        .memalign = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "memalign"),
    };
    if (others.malloc && others.calloc && others.realloc && others.memalign)
        next = others;
}

static void *checked(void *memory, size_t len)
{
    if (!memory && len > 0 && sl_mem_null_is_end())
        sl_mem_end();
    return memory;
}

EXPORT void *malloc(size_t len)
{
    if (!found)
        find();
    return checked(next.malloc(len), len);
}

EXPORT void *calloc(size_t count, size_t len)
{
    if (!found)
        find();
    return checked(next.calloc(count, len), count && len);
}

EXPORT void *realloc(void *memory, size_t len)
{
    if (!found)
        find();
    return checked(next.realloc(memory, len), len);
}

/* The C library's three kinds of aligned memory, by the one that can do it all. */
EXPORT void *memalign(size_t alignment, size_t len)
{
    if (!found)
        find();
    return checked(next.memalign(alignment, len), len);
}

EXPORT void *aligned_alloc(size_t alignment, size_t len)
{
    return memalign(alignment, len);
}

EXPORT int posix_memalign(void **out, size_t alignment, size_t len)
{
    if (alignment == 0 || alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0)
        return EINVAL;
    void *memory = memalign(alignment, len);
    if (!memory)
        return ENOMEM;
    *out = memory;
    return 0;
}
