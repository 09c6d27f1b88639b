/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text in memory, written as to a file: whole or not at all. */
#ifndef SL_BASE_PAGE_H
#define SL_BASE_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct sl_page {
    FILE *file;
    char *text; /* after sl_page_close(): with a NUL behind its len bytes */
    size_t len;
};

/* False: no memory; nothing is to be closed then. */
bool sl_page_open(struct sl_page *page);
/* True: text is the caller's to free. False: memory ran out on the way; text is NULL. */
bool sl_page_close(struct sl_page *page);

#endif
