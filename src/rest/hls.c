/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /rest-api/hls: streams in HLS (media-outputs.md 4.6). */
#include "hls/hls.h"

#include "base/mem.h"
#include "http/http.h"
#include "rest/parts.h"

#include <errno.h>

static void answer_startup(struct sl_call *call, void *arg)
{
    int err = sl_hls_startup(arg, sl_param_text(sl_call_body(call), "name"));

    if (err == -ENOENT)
        sl_reply_error(call, 404, "Stream not found");
    else if (err < 0)
        sl_reply_error(call, 500, "Too many streams in HLS");
    else
        sl_reply_empty(call);
}

static void answer_terminate(struct sl_call *call, void *arg)
{
    if (sl_hls_terminate(arg, sl_param_text(sl_call_body(call), "name")) < 0)
        sl_reply_error(call, 404, "HLS stream not found");
    else
        sl_reply_empty(call);
}

struct listing {
    json_int_t offset, size;
    json_int_t passed;
    json_t *list;
};

static void list_stream(const struct sl_hls_facts *facts, void *arg)
{
    struct listing *listing = arg;
    json_int_t at = listing->passed++;

    if (at < listing->offset || (listing->size > 0 && at - listing->offset >= listing->size))
        return;
    (void)json_array_append_new(
        listing->list,
        json_pack("{s:s, s:s, s:s, s:I, s:o, s:I, s:s, s:I, s:[]}", "id", facts->id, "streamName",
                  facts->name, "status", "ACTIVE", "waitingSize", (json_int_t)facts->waiting,
                  "profiles", facts->level[0] ? json_pack("[s]", facts->level) : json_array(),
                  "subscribers", (json_int_t)facts->viewers, "playlist", facts->playlist,
                  "createdDate", (json_int_t)facts->created_ms, "logs"));
}

static void answer_find_all(struct sl_call *call, void *arg)
{
    json_t *params = sl_call_body(call);
    struct listing listing = {
        .offset = json_integer_value(json_object_get(params, "offset")),
        .size = json_integer_value(json_object_get(params, "size")),
        .list = json_array(),
    };

    sl_hls_each(arg, list_stream, &listing);
    if (json_array_size(listing.list) > 0) {
        sl_reply_json(call, 200, listing.list);
        return;
    }
    json_decref(listing.list);
    sl_reply_error(call, 404, "HLS stream not found");
}

static const struct sl_param name_params[] = {
    {.name = "name", .required = true, .about = "name of the stream"},
};
static const struct sl_param find_params[] = {
    {.name = "offset",
     .type = SL_PARAM_INTEGER,
     .max = INT32_MAX,
     .about = "how many to pass over"},
    {.name = "size",
     .type = SL_PARAM_INTEGER,
     .max = INT32_MAX,
     .about = "how many at most; 0: all"},
};

static const struct sl_route routes[] = {
    {.methods = "POST",
     .path = "/rest-api/hls/startup",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_startup,
     .about = "begins to make a stream's HLS segments",
     SL_ROUTE_PARAMS(name_params),
     .codes = "404 500"},
    {.methods = "GET POST",
     .path = "/rest-api/hls/find_all",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_find_all,
     .about = "the streams in HLS",
     SL_ROUTE_PARAMS(find_params),
     .answer = "HlsStream[]",
     .codes = "404"},
    {.methods = "POST",
     .path = "/rest-api/hls/terminate",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_terminate,
     .about = "ends a stream's HLS; the next request for its list begins it anew",
     SL_ROUTE_PARAMS(name_params),
     .codes = "404"},
};

void sl_hls_part_add(struct sl_hls *hls, struct sl_router *router)
{
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), hls);
}
