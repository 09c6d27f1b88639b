/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Allocation that ends the process instead of returning NULL. */
#include "base/mem.h"

#include "base/log.h"

#include <string.h>

static _Thread_local bool null_is_end;

void sl_mem_end(void)
{
    sl_log(SL_LOG_ERROR, NULL, "out of memory");
    abort();
}

void sl_mem_null_ends_this_thread(void)
{
    null_is_end = true;
}

bool sl_mem_null_is_end(void)
{
    return null_is_end;
}

static void *or_die(void *memory)
{
    if (!memory)
        sl_mem_end();
    return memory;
}

void *sl_mem_alloc(size_t len)
{
    return or_die(malloc(len));
}

void *sl_mem_realloc(void *memory, size_t len)
{
    void *more = realloc(memory, len);

    return len > 0 ? or_die(more) : more; /* of length 0 it was freed */
}

void *sl_mem_calloc(size_t count, size_t len)
{
    return or_die(calloc(count, len));
}

void *sl_alloc(size_t len)
{
    return or_die(calloc(1, len));
}

void *sl_alloc_array(size_t count, size_t len)
{
    return or_die(calloc(count ? count : 1, len)); /* calloc checks the product */
}

char *sl_strdup(const char *text)
{
    return or_die(strdup(text));
}

char *sl_strdup_or_null(const char *text)
{
    return text ? sl_strdup(text) : NULL;
}

char *sl_strndup(const char *text, size_t len)
{
    return or_die(strndup(text, len));
}
