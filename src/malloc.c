/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The program's own malloc(3), for the threads of libraries that take no allocator and do not bear
 * a NULL (libssh writes to it): there, memory that runs out ends the process in order. All others
 * get what the next malloc() says, the C library's or a preloaded one's. glibc lets a program
 * replace these functions together; a sanitizer has its own, and the build leaves this file out.
 */
#include "base/mem.h"

#include <dlfcn.h>
#include <stdbool.h>

#define EXPORT __attribute__((visibility("default")))

/* glibc's own, for what dlsym(3) itself may ask for. */
extern void *__libc_malloc(size_t len);
extern void *__libc_calloc(size_t count, size_t len);
extern void *__libc_realloc(void *memory, size_t len);

/* Not const: set at the first call, which comes before there is a second thread. */
static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
} next = {__libc_malloc, __libc_calloc, __libc_realloc};
static bool found;

static void find(void)
{
    found = true; /* first: dlsym() may come back here */
    void *(*next_malloc)(size_t) = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
    void *(*next_calloc)(size_t, size_t) = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
    void *(*next_realloc)(void *, size_t) = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    if (next_malloc && next_calloc && next_realloc) {
        next.malloc = next_malloc;
        next.calloc = next_calloc;
        next.realloc = next_realloc;
    }
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
