/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the router and the replies share: one request on its way. */
#ifndef SL_HTTP_CALL_H
#define SL_HTTP_CALL_H

#include "base/addr.h"
#include "base/list.h"
#include "http/router.h"

struct sl_call {
    struct sl_http_request *request; /* NULL once the client has gone */
    json_t *body;
    const char *allow; /* methods for Allow, 405 and OPTIONS */
    int retry_after_s; /* 429 and 503; 0: not told */

    struct sl_router *router;
    /* While credentials are checked: where it goes then. */
    struct sl_list checking; /* in the router's list */
    const struct sl_route *route;
    void *arg;
    struct sl_addr remote; /* the client may go, its guess counts all the same */
};

struct sl_call *sl_call_create(struct sl_router *router, struct sl_http_request *request);
/* Without an answer. */
void sl_call_destroy(struct sl_call *call);

/* As it is now: a reload may come while a call waits. */
const struct sl_cors *sl_router_cors(const struct sl_router *router);

/* True for prefix itself and for what lies below it: "/a" and "/a/b", not "/ab". */
bool sl_path_is_below(const char *path, const char *prefix);

#endif
