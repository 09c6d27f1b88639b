/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A part of a list of /api/v1: ?limit= and ?offset=. */
#ifndef SL_HTTP_PAGE_H
#define SL_HTTP_PAGE_H

#include "http/router.h"

struct sl_page {
    size_t offset, limit;
    size_t total; /* passed so far */
    json_t *items;
};

/* -EINVAL: the query asks for something else, and the call has been answered so. Otherwise out has
 * an empty list, which sl_page_reply() takes. */
int sl_page_start(struct sl_call *call, struct sl_page *out);
/* The next item of the whole list; true if it belongs to this part and is to be appended. */
bool sl_page_wants(struct sl_page *page);
/* {<name>: items, total, offset} */
void sl_page_reply(struct sl_call *call, struct sl_page *page, const char *name);

#endif
