/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /rest-api/stream: find, terminate, and events for the players (rest-api.md section 6). */
#include "base/mem.h"
#include "pull/pull.h"
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

static void select_media(struct sl_media_session *media, void *arg)
{
    struct selection *selection = arg;

    if (selection->kind != ALL &&
        sl_media_session_is_publication(media) != (selection->kind == ONLY_PUBLISHERS))
        return;
    if (sl_media_session_matches(media, &selection->filter))
        (void)json_object_set_new(selection->ids, sl_media_session_id(media), json_null());
}

/* A stream that a pull brings is published here, by no session (rest-api.md 4.1 item 4, 6.1). */
static void select_pull(struct sl_pull *pull, void *arg)
{
    struct selection *selection = arg;
    const struct sl_media_filter *filter = &selection->filter;
    struct sl_pull_summary summary;

    sl_pull_summary(pull, &summary);
    if (selection->kind == ONLY_PLAYERS || filter->published == SL_MEDIA_PLAYED ||
        filter->session_id || summary.kind == SL_PULL_PUSH || !summary.stream ||
        (filter->name && strcmp(filter->name, summary.local_stream) != 0) ||
        (filter->status && strcmp(filter->status, "PUBLISHING") != 0))
        return;
    (void)json_object_set_new(selection->ids, summary.media_session_id, json_null());
}

static void select_id(struct selection *selection, json_t *id)
{
    struct sl_media_session *media =
        sl_sessions_find_media(selection->control->sessions, json_string_value(id));
    struct sl_pull *pull = selection->control->pulls
                               ? sl_pulls_find(selection->control->pulls, json_string_value(id))
                               : NULL;

    if (media)
        select_media(media, selection);
    if (pull)
        select_pull(pull, selection);
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
        sl_sessions_each_media(selection->control->sessions, select_media, selection);
        if (selection->control->pulls)
            (void)sl_pulls_each(selection->control->pulls, NULL, select_pull, selection);
        return;
    }
    if (id)
        select_id(selection, id);
    json_array_foreach(list, i, item) select_id(selection, item);
}

/* ---- find, find_all ---- */

/* The SDK's names (rest-api.md section 6.2). */
static json_t *metrics_of(const struct sl_video_rate *video, int width, int height)
{
    return json_pack("{s:i, s:i, s:I, s:I, s:I, s:I, s:i}", "VIDEO_WIDTH", width, "VIDEO_HEIGHT",
                     height, "VIDEO_RATE", (json_int_t)video->rate_bps, "VIDEO_FPS",
                     (json_int_t)video->fps, "VIDEO_NACK", (json_int_t)video->nack, "VIDEO_LOST",
                     (json_int_t)video->lost, "VIDEO_B_FRAMES", 0);
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

static json_t *describe_pulled(const struct sl_control *control, const char *id, json_t *params)
{
    struct sl_pull *pull = control->pulls ? sl_pulls_find(control->pulls, id) : NULL;
    json_t *item = pull ? sl_pull_describe_stream(pull) : NULL;

    if (item && displays(params, "metrics")) {
        struct sl_pull_summary summary;
        sl_pull_summary(pull, &summary);
        struct sl_video_rate video = {.rate_bps = summary.video_bps,
                                      .fps = summary.video_fps,
                                      .nack = summary.nack,
                                      .lost = summary.lost};
        (void)json_object_set_new(item, "metrics",
                                  metrics_of(&video, summary.width, summary.height));
    }
    return item;
}

static json_t *describe_stream(const struct sl_control *control, const char *id, json_t *params)
{
    const struct sl_media_session *media = sl_sessions_find_media(control->sessions, id);

    if (!media)
        return describe_pulled(control, id, params);
    json_t *item = sl_media_session_describe(media);
    /* Nine tenths of the text, and it holds the client's ICE password: not for lists. */
    (void)json_object_set_new(item, "sdp", json_null());
    if (displays(params, "metrics")) {
        struct sl_media_summary summary;
        sl_media_session_summary(media, &summary);
        (void)json_object_set_new(item, "metrics",
                                  metrics_of(&summary.video, summary.width, summary.height));
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
    struct sl_media_session *media = sl_sessions_find_media(control->sessions, id);
    struct sl_pull *pull = !media && control->pulls ? sl_pulls_find(control->pulls, id) : NULL;

    (void)params;
    if (media) /* else it ended by itself */
        sl_media_session_terminate(media, SL_REASON_OPERATOR);
    if (pull)
        sl_pull_terminate(pull);
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
