/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /api/v1, this server's own: what a page needs before it begins, the live streams, and the index.
 */
#include "rest/parts.h"

#include "base/clock.h"
#include "base/mem.h"
#include "http/http.h"
#include "stream/stream.h"

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

/* What the page calls a stream by: where it is from, or else the protocol that it came by. */
static const char *kind_of(const struct sl_stream *stream)
{
    switch (sl_stream_origin(stream)) {
    case SL_ORIGIN_PULLED:
        return "pull";
    case SL_ORIGIN_NODE:
        return "cluster";
    case SL_ORIGIN_OWN:
    case SL_ORIGIN_BUILT_IN:
        break;
    }
    return sl_stream_protocol(stream);
}

static json_t *codec_of(struct sl_stream *stream, enum sl_media_kind kind)
{
    return sl_stream_track(stream, kind) ? json_string(sl_codec_name(sl_stream_codec(stream, kind)))
                                         : json_null();
}

/* null: a stream of this server's own. */
static json_t *origin_of(const struct sl_stream_figures *figures)
{
    if (!figures->from_uri)
        return json_null();
    return json_pack("{s:o, s:o}", "uri", sl_json_text(figures->from_uri), "name",
                     sl_json_text(figures->from_name));
}

static void list_stream(struct sl_stream *stream, void *arg)
{
    struct listing *listing = arg;
    struct sl_stream_figures figures;
    uint16_t width, height;

    if (!sl_stream_is_live(stream) || !sl_page_wants(&listing->page))
        return;
    int64_t since_ms = sl_stream_live_since_ms(stream), uptime_ms = listing->now_ms - since_ms;
    sl_stream_figures(stream, &figures);
    sl_stream_size(stream, &width, &height);
    json_t *item = json_pack(
        "{s:o, s:s, s:o, s:o, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:o}", "name",
        sl_json_text(sl_stream_name(stream)), "kind", kind_of(stream), "audioCodec",
        codec_of(stream, SL_AUDIO), "videoCodec", codec_of(stream, SL_VIDEO), "width", width,
        "height", height, "players", (json_int_t)sl_stream_takers(stream, SL_TAKER_VIEWER),
        "pushes", (json_int_t)sl_stream_takers(stream, SL_TAKER_OUTPUT), "bitrate",
        (json_int_t)(figures.audio_bps + figures.video_bps), "createDate", (json_int_t)since_ms,
        "uptime", (json_int_t)(uptime_ms > 0 ? uptime_ms : 0), "origin", origin_of(&figures));
    (void)json_array_append_new(listing->page.items, item);
}

static void answer_streams(struct sl_call *call, void *arg)
{
    const struct sl_api *api = arg;
    struct listing listing = {.now_ms = sl_wall_ms()};

    if (sl_page_start(call, &listing.page) < 0)
        return;
    if (api->streams)
        sl_streams_each(api->streams, list_stream, &listing);
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
