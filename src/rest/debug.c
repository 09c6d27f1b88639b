/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /client/debug: the files of debug sessions, for whoever has been told their names. */
#include "diagnose/diagnose.h"

#include "base/mem.h"
#include "http/http.h"
#include "rest/parts.h"

struct sl_debug_part {
    struct sl_downloads *downloads;
};

static void answer_file(struct sl_call *call, void *arg)
{
    static const char above[] = "/client/debug/";
    const struct sl_debug_part *part = arg;
    const char *name = sl_http_path(sl_call_request(call)) + sizeof(above) - 1;

    if (sl_debug_name_valid(name))
        sl_reply_file(call, part->downloads, name);
    else
        sl_reply_error(call, 404, "there is no such file");
}

static const struct sl_route routes[] = {
    {.methods = "GET",
     .path = "/client/debug/*",
     .access = SL_ROUTE_PUBLIC,
     .handle = answer_file,
     .about = "the file of a client's debug session, by the name that the client was told",
     .answer = "text/plain",
     .codes = "404 503"},
};

struct sl_debug_part *sl_debug_part_create(const struct sl_rest_parts *parts,
                                           struct sl_router *router)
{
    int dir = sl_diagnose_debug_dir(parts->diagnose);
    struct sl_debug_part *part;

    if (dir < 0)
        return NULL;
    part = sl_new(struct sl_debug_part);
    part->downloads = sl_downloads_create(parts->loop, dir, "debug sessions", "no-store");
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), part);
    return part;
}

void sl_debug_part_destroy(struct sl_debug_part *part)
{
    if (!part)
        return;
    sl_downloads_destroy(part->downloads);
    free(part);
}
