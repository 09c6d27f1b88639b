/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two numbers of a query, and the object around the items. */
#include "http/page.h"

#include "http/server.h"
#include "http/url.h"

#include <errno.h>
#include <stdlib.h>

enum { LIMIT_DEFAULT = 500, LIMIT_MAX = 5000, OFFSET_MAX = 1000000 };

/* A number of the query within 0..max; fallback if it is not there, -EINVAL, answered, if it is not
 * that. */
static int read_number(struct sl_call *call, const char *name, size_t fallback, size_t max,
                       size_t *out)
{
    char text[SL_QUERY_VALUE_MAX], *end;
    int err = sl_query_get(sl_http_query(sl_call_request(call)), name, text);

    if (err == -ENOENT) {
        *out = fallback;
        return 0;
    }
    errno = 0;
    unsigned long value =
        err == 0 && text[0] >= '0' && text[0] <= '9' ? strtoul(text, &end, 10) : max + 1;
    if (errno != 0 || value > max || *end) {
        sl_reply_error(call, 400, "%s: a number from 0 to %zu is expected", name, max);
        return -EINVAL;
    }
    *out = value;
    return 0;
}

int sl_page_start(struct sl_call *call, struct sl_page *out)
{
    struct sl_page page = {0};

    if (read_number(call, "limit", LIMIT_DEFAULT, LIMIT_MAX, &page.limit) < 0 ||
        read_number(call, "offset", 0, OFFSET_MAX, &page.offset) < 0)
        return -EINVAL;
    page.items = json_array();
    *out = page;
    return 0;
}

bool sl_page_wants(struct sl_page *page)
{
    size_t index = page->total++;

    return index >= page->offset && index - page->offset < page->limit;
}

void sl_page_reply(struct sl_call *call, struct sl_page *page, const char *name)
{
    sl_reply_json(call, 200,
                  json_pack("{s:o, s:I, s:I}", name, page->items, "total", (json_int_t)page->total,
                            "offset", (json_int_t)page->offset));
}
