/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Health checks, public because those who ask are load balancers on other machines: they learn one
 * word and no more. That the control loop turns is shown by the answer itself. */
#include "rest/parts.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static void answer(struct sl_call *call, bool good, const char *why)
{
    char text[128];

    (void)snprintf(text, sizeof(text), "%s\n", good ? "ok" : why);
    sl_reply_text(call, good ? 200 : 503, SL_TYPE_TEXT, text, strlen(text));
}

static void answer_livez(struct sl_call *call, void *arg)
{
    const struct sl_rest_sources *sources = ((struct sl_health *)arg)->sources;
    const char *why = "not alive";
    const bool good = !sources->alive || sources->alive(sources->owner, &why);

    answer(call, good, why);
}

static void answer_readyz(struct sl_call *call, void *arg)
{
    const struct sl_rest_sources *sources = ((struct sl_health *)arg)->sources;
    const char *why = "not ready";
    const bool good = !sources->ready || sources->ready(sources->owner, &why);

    answer(call, good, why);
}

static const struct sl_route routes[] = {
    {.methods = "GET",
     .path = "/livez",
     .access = SL_ROUTE_PUBLIC,
     .handle = answer_livez,
     .about = "200 while the server turns",
     .answer = "text/plain",
     .codes = "503"},
    {.methods = "GET",
     .path = "/readyz",
     .access = SL_ROUTE_PUBLIC,
     .handle = answer_readyz,
     .about = "200 while it takes new clients",
     .answer = "text/plain",
     .codes = "503"},
    {.methods = "GET",
     .path = "/healthz",
     .access = SL_ROUTE_PUBLIC,
     .handle = answer_readyz,
     .about = "readyz under its older name",
     .answer = "text/plain",
     .codes = "503"},
};

void sl_health_add(struct sl_health *health, struct sl_router *router)
{
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), health);
}
