/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /api/v1, this server's own: what a page needs before it begins, the live streams, and the index.
 */
#include "rest/parts.h"

#include "base/clock.h"
#include "base/mem.h"
#include "http/http.h"

static json_t *port_or_null(uint16_t port)
{
    return port ? json_integer(port) : json_null();
}

static void answer_endpoints(struct sl_call *call, void *arg)
{
    const struct sl_api *api = arg;

    sl_reply_json(call, 200,
                  json_pack("{s:o, s:o, s:o, s:s?}", "ws", port_or_null(api->ws_port), "wss",
                            port_or_null(api->wss_port), "https", port_or_null(api->https_port),
                            "demo", api->demo));
}

struct listing {
    struct sl_page page;
    int64_t now_ms;
};

/* null: a stream of this server's own. */
static json_t *origin_of(const struct sl_rest_stream *stream)
{
    if (!stream->origin_uri)
        return json_null();
    return json_pack("{s:o, s:o}", "uri", sl_json_text(stream->origin_uri), "name",
                     sl_json_text(stream->origin_name));
}

static void list_stream(const struct sl_rest_stream *stream, void *arg)
{
    struct listing *listing = arg;

    if (!sl_page_wants(&listing->page))
        return;
    int64_t uptime_ms = listing->now_ms - stream->started_ms;
    json_t *item = json_pack(
        "{s:o, s:o, s:o, s:o, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:o}", "name",
        sl_json_text(stream->name), "kind", sl_json_text(stream->kind), "audioCodec",
        sl_json_text(stream->audio_codec), "videoCodec", sl_json_text(stream->video_codec), "width",
        (int)stream->width, "height", (int)stream->height, "players", (json_int_t)stream->players,
        "pushes", (json_int_t)stream->pushes, "bitrate", (json_int_t)stream->bitrate_bps,
        "createDate", (json_int_t)stream->started_ms, "uptime",
        (json_int_t)(uptime_ms > 0 ? uptime_ms : 0), "origin", origin_of(stream));
    (void)json_array_append_new(listing->page.items, item);
}

static void answer_streams(struct sl_call *call, void *arg)
{
    const struct sl_rest_sources *sources = ((struct sl_api *)arg)->sources;
    struct listing listing = {.now_ms = sl_wall_ms()};

    if (sl_page_start(call, &listing.page) < 0)
        return;
    if (sources->each_stream)
        sources->each_stream(sources->owner, list_stream, &listing);
    sl_page_reply(call, &listing.page, "streams");
}

static void list_route(const struct sl_route *route, void *arg)
{
    (void)json_array_append_new(arg,
                                json_pack("{s:s, s:s, s:s*, s:s, s:s}", "methods", route->methods,
                                          "path", route->path, "action", route->action, "access",
                                          route->access == SL_ROUTE_PUBLIC ? "public" : "operator",
                                          "about", route->about));
}

static void answer_index(struct sl_call *call, void *arg)
{
    const struct sl_api *api = arg;
    json_t *list = json_array();

    sl_router_each(api->router, list_route, list);
    sl_reply_json(call, 200, json_pack("{s:s, s:o}", "version", SLUICE_VERSION, "routes", list));
}

static const struct sl_route routes[] = {
    {.methods = "GET",
     .path = "/api/v1",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_index,
     .about = "the index of all routes",
     .answer = "application/json"},
    {.methods = "GET",
     .path = "/api/v1/endpoints",
     .access = SL_ROUTE_PUBLIC,
     .handle = answer_endpoints,
     .about = "what the pages need: ports, and the name of the built-in stream",
     .answer = "application/json"},
    {.methods = "GET",
     .path = "/api/v1/streams",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_streams,
     .about = "live streams; ?limit= and ?offset= for a part of them",
     .answer = "application/json",
     .codes = "400"},
};

void sl_api_add(struct sl_api *api, struct sl_router *router)
{
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), api);
}
