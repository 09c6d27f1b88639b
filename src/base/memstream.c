/* SPDX-License-Identifier: GPL-3.0-or-later */
/* open_memstream(3), which drops what it has no memory for, and may close well without a text. */
#include "base/memstream.h"

#include <stdlib.h>

bool sl_memstream_open(struct sl_memstream *page)
{
    *page = (struct sl_memstream){0};
    page->file = open_memstream(&page->text, &page->len);
    return page->file != NULL;
}

bool sl_memstream_close(struct sl_memstream *page)
{
    bool whole = !ferror(page->file);

    whole = fclose(page->file) == 0 && whole && page->text;
    page->file = NULL;
    if (whole)
        return true;
    free(page->text);
    page->text = NULL;
    page->len = 0;
    return false;
}
