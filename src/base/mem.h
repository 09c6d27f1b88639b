/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory: allocation that cannot fail for small fixed sizes, and the two macros every list needs.
 */
#ifndef SL_BASE_MEM_H
#define SL_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* Zeroed memory. Ends the process with a log line when there is none: for small, fixed sizes only;
 * a size that came from outside is bounded by the caller first. Freed with free(). */
void *sl_alloc(size_t len) __attribute__((malloc, returns_nonnull));
void *sl_alloc_array(size_t count, size_t len) __attribute__((malloc, returns_nonnull));
char *sl_strdup(const char *text) __attribute__((malloc, returns_nonnull));
/* As sl_strdup(), NULL for NULL. */
char *sl_strdup_or_null(const char *text);
char *sl_strndup(const char *text, size_t len) __attribute__((malloc, returns_nonnull));

/* malloc(3), realloc(3) and calloc(3) for libraries that take an allocator, not NULL for want of
 * memory: they end the process as sl_alloc() does. */
void *sl_mem_alloc(size_t len) __attribute__((malloc));
void *sl_mem_realloc(void *memory, size_t len);
void *sl_mem_calloc(size_t count, size_t len) __attribute__((malloc));

/* For a thread that runs a library which takes no allocator and does not bear a NULL: from here on
 * whatever it allocates ends the process when there is no memory (in the program, see malloc.c). */
void sl_mem_null_ends_this_thread(void);
bool sl_mem_null_is_end(void);
/* The orderly end. */
void sl_mem_end(void) __attribute__((noreturn));

#define sl_new(type)              ((type *)sl_alloc(sizeof(type)))
#define sl_new_array(type, count) ((type *)sl_alloc_array((count), sizeof(type)))

#define SL_ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#define sl_container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define sl_container_of_const(ptr, type, member)                                                   \
    ((const type *)(const void *)((const char *)(ptr)-offsetof(type, member)))

#endif
