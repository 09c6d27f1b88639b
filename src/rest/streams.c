/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /rest-api/stream: find, terminate, and events for the players (rest-api.md section 6). */
#include "base/mem.h"
#include "rest/bulk.h"
#include "session/session.h"

#include <string.h>

static const char *const no_match = "Stream not found";

/* ---- What the filters of a call select ---- */

/* All but the ids. Texts are borrowed from params. */
static struct sl_media_filter filter_of(json_t *params)
{
    json_t *published = json_object_get(params, "published");

    return (struct sl_media_filter){
        .name = sl_param_text(params, "name"),
        .status = sl_param_text(params, "status"),
        .session_id = sl_param_text(params, "sessionId"),
        .published = !published                ? SL_MEDIA_ANY
                     : json_is_true(published) ? SL_MEDIA_PUBLISHED
                                               : SL_MEDIA_PLAYED,
    };
}

struct selection {
    const struct sl_control *control;
    struct sl_media_filter filter;
    enum { ALL, ONLY_PLAYERS, ONLY_PUBLISHERS } kind; /* beside the filter */
    json_t *ids;                                      /* an object whose keys they are */
};

static void select_one(const struct sl_listed *listed, void *arg)
{
    struct selection *selection = arg;

    if (selection->kind != ALL &&
        sl_listed_is_publication(listed) != (selection->kind == ONLY_PUBLISHERS))
        return;
    if (sl_listed_matches(listed, &selection->filter))
        (void)json_object_set_new(selection->ids, sl_listed_id(listed), json_null());
}

static void select_id(struct selection *selection, json_t *id)
{
    struct sl_listed listed;

    if (sl_sessions_find_listed(selection->control->sessions, json_string_value(id), &listed))
        select_one(&listed, selection);
}

/* Some streams are in no list while nobody takes them. */
static void select_named(struct selection *selection)
{
    const char *name = selection->filter.name;
    struct sl_listed listed;

    if (name && sl_sessions_find_named(selection->control->sessions, name, &listed))
        select_one(&listed, selection);
}

/* Adds what matches. mediaSessionId and mediaSessionIds are alternatives (REST-41), and looked up
 * one by one: comparing thousands of ids with thousands of streams would hold up the loop. */
static void select_by(struct selection *selection, json_t *params)
{
    json_t *id = json_object_get(params, "mediaSessionId");
    json_t *list = json_object_get(params, "mediaSessionIds");
    size_t i;
    json_t *item;

    if (!id && !list) {
        sl_sessions_each_listed(selection->control->sessions, select_one, selection);
        select_named(selection);
        return;
    }
    if (id)
        select_id(selection, id);
    json_array_foreach(list, i, item) select_id(selection, item);
}

/* ---- find, find_all ---- */

/* Of each size that a publisher sends at once, the smallest first. */
static void add_layers(json_t *metrics, const struct sl_listed *listed)
{
    struct sl_listed_layer layers[SL_LISTED_LAYERS_MAX];
    size_t count = sl_listed_layers(listed, layers);
    char key[32];

    for (size_t i = 0; i < count; i++) {
        const struct {
            const char *name;
            json_int_t value;
        } rows[] = {{"WIDTH", layers[i].width},
                    {"HEIGHT", layers[i].height},
                    {"RATE", (json_int_t)layers[i].rate_bps}};
        for (size_t row = 0; row < SL_ARRAY_LEN(rows); row++) {
            (void)snprintf(key, sizeof(key), "VIDEO_LAYER%zu_%s", i + 1, rows[row].name);
            (void)json_object_set_new(metrics, key, json_integer(rows[row].value));
        }
    }
}

/* The SDK's names (rest-api.md section 6.2), and some of ours. */
static json_t *metrics_of(const struct sl_listed *listed)
{
    struct sl_video_rate video;

    sl_listed_video(listed, &video);
    json_t *metrics =
        json_pack("{s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:i}", "VIDEO_WIDTH", video.width,
                  "VIDEO_HEIGHT", video.height, "VIDEO_RATE", (json_int_t)video.rate_bps,
                  "VIDEO_FPS", (json_int_t)video.fps, "VIDEO_NACK", (json_int_t)video.nack,
                  "VIDEO_LOST", (json_int_t)video.lost, "VIDEO_LINK_LIMIT",
                  (json_int_t)video.limit_bps, "VIDEO_LINK_VARIANT", video.stands_in,
                  "VIDEO_LINK_LAYER", video.smaller, "VIDEO_B_FRAMES", 0);
    add_layers(metrics, listed);
    return metrics;
}

static bool displays(json_t *params, const char *what)
{
    size_t i;
    json_t *item;

    json_array_foreach(json_object_get(params, "display"), i, item)
    {
        if (!strcmp(json_string_value(item), what))
            return true;
    }
    return false;
}

static json_t *describe_stream(const struct sl_control *control, const char *id, json_t *params)
{
    struct sl_listed listed;

    if (!sl_sessions_find_listed(control->sessions, id, &listed))
        return NULL;
    json_t *item = sl_listed_describe(&listed);
    /* Nine tenths of the text, and it holds the client's ICE password: not for lists. */
    (void)json_object_set_new(item, "sdp", json_null());
    if (displays(params, "metrics"))
        (void)json_object_set_new(item, "metrics", metrics_of(&listed));
    if (displays(params, "clientMetrics")) {
        json_t *measured = sl_listed_client_metrics(&listed);
        (void)json_object_set_new(item, "clientMetrics", measured ? measured : json_null());
    }
    return item;
}

static void answer_find(struct sl_call *call, void *arg)
{
    const struct sl_control *control = arg;
    json_t *params = sl_call_body(call);
    struct selection selection = {control, filter_of(params), ALL, json_object()};

    select_by(&selection, params);
    sl_bulk_list(control, call, selection.ids, describe_stream, no_match);
}

/* ---- terminate ---- */

static void terminate_stream(const struct sl_control *control, const char *id, json_t *params)
{
    struct sl_listed listed;

    (void)params;
    if (sl_sessions_find_listed(control->sessions, id, &listed)) /* else it ended by itself */
        sl_listed_terminate(&listed, SL_REASON_OPERATOR);
}

static void answer_terminate(struct sl_call *call, void *arg)
{
    const struct sl_control *control = arg;
    json_t *params = sl_call_body(call);
    struct selection selection = {control, filter_of(params), ONLY_PLAYERS, json_object()};

    /* Players first, so that those which match are told of this, not of their publisher's end. */
    select_by(&selection, params);
    selection.kind = ONLY_PUBLISHERS;
    select_by(&selection, params);
    sl_bulk_do(control, call, selection.ids, terminate_stream, no_match);
}

/* ---- event/send ---- */

static void answer_send_event(struct sl_call *call, void *arg)
{
    const struct sl_control *control = arg;
    json_t *params = sl_call_body(call);

    if (sl_sessions_send_stream_event(control->sessions, sl_param_text(params, "streamName"),
                                      "data", json_object_get(params, "payload")) < 0)
        sl_reply_error(call, 404, "%s", no_match);
    else
        sl_reply_empty(call);
}

/* ---- The table ---- */

#define STATUSES "NEW PENDING PUBLISHING UNPUBLISHED PLAYING PAUSED STOPPED FAILED RESIZE"

enum { FILTERS = 6 }; /* the first of these; find takes all, find_all only the rest */
static const struct sl_param stream_params[] = {
    {.name = "mediaSessionId", .about = "this media session"},
    {.name = "mediaSessionIds", .type = SL_PARAM_NAMES, .about = "any of these"},
    {.name = "name", .about = "name of the stream: its publisher and its players"},
    {.name = "published", .type = SL_PARAM_BOOL, .about = "true: publishers, false: players"},
    {.name = "status", .values = STATUSES, .about = "current status"},
    {.name = "sessionId", .about = "those of this client"},
    {.name = "display",
     .type = SL_PARAM_NAMES,
     .len_max = 16,
     .about = "[\"metrics\"]: figures of each stream as well"},
};
static const struct sl_param event_params[] = {
    {.name = "streamName", .required = true, .about = "name of the stream"},
    {.name = "payload", .type = SL_PARAM_ANY, .about = "what its players are given"},
};

static const struct sl_route routes[] = {
    {.methods = "POST",
     .path = "/rest-api/stream/terminate",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_terminate,
     .about = "stops every stream that matches all of the filters",
     .body = SL_BODY_NEED_ONE,
     .params = stream_params,
     .param_count = FILTERS,
     .codes = "404"},
    {.methods = "POST",
     .path = "/rest-api/stream/find",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_find,
     .about = "the streams that match all of the filters",
     SL_ROUTE_PARAMS(stream_params),
     .answer = "Stream[]",
     .codes = "404"},
    {.methods = "GET POST",
     .path = "/rest-api/stream/find_all",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_find,
     .about = "all streams, published and played",
     .params = &stream_params[FILTERS],
     .param_count = 1,
     .answer = "Stream[]",
     .codes = "404"},
    {.methods = "POST",
     .path = "/rest-api/stream/event/send",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_send_event,
     .about = "sends an event of type data to every player of a stream",
     SL_ROUTE_PARAMS(event_params),
     .codes = "404"},
};

void sl_control_add_streams(struct sl_control *control, struct sl_router *router)
{
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), control);
}
