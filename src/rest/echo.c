/* SPDX-License-Identifier: GPL-3.0-or-later */
/* EchoApp: the back end of applications that have none of their own (rest-hooks.md 1.1). It says
 * back what it was asked, which means yes. */
#include "rest/parts.h"

#include "base/mem.h"
#include "http/http.h"

static void answer_echo(struct sl_call *call, void *arg)
{
    size_t len;
    const char *body = sl_http_body(sl_call_request(call), &len);

    (void)arg;
    sl_reply_text(call, 200, "application/json", body, len);
}

/* The hooks are the server's own and carry no user's password, whatever disable_rest_auth says. */
static const struct sl_route routes[] = {
    {.methods = "POST",
     .path = "/apps/EchoApp",
     .access = SL_ROUTE_MACHINE,
     .handle = answer_echo,
     .about = "the same body back",
     .body = SL_BODY_RAW,
     .answer = "application/json"},
    {.methods = "POST",
     .path = "/apps/EchoApp/*",
     .access = SL_ROUTE_MACHINE,
     .handle = answer_echo,
     .about = "the same body back: the back end of applications that have none",
     .body = SL_BODY_RAW,
     .answer = "application/json"},
};

void sl_echo_add(struct sl_router *router)
{
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), NULL);
}
