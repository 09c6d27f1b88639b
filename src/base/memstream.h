/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text in memory, written as to a file: whole or not at all. */
#ifndef SL_BASE_MEMSTREAM_H
#define SL_BASE_MEMSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct sl_memstream {
    FILE *file;
    char *text; /* after sl_memstream_close(): with a NUL behind its len bytes */
    size_t len;
};

/* False: no memory; nothing is to be closed then. */
bool sl_memstream_open(struct sl_memstream *page);
/* True: text is the caller's to free. False: memory ran out on the way; text is NULL. */
bool sl_memstream_close(struct sl_memstream *page);

#endif
