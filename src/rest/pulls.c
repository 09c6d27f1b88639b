/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /rest-api/pull and /api/v1/pulls: streams from and to other servers (rest-api.md section 4). */
#include "access/access.h"
#include "pull/pull.h"

#include "base/error.h"
#include "base/list.h"
#include "base/mem.h"
#include "http/http.h"
#include "rest/parts.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

struct sl_pull_part {
    struct sl_pulls *pulls;
    const struct sl_directory *directory; /* NULL: names are this server's own */
    struct sl_list orders;                /* struct order */
};

static const char *const no_pull = "PullAgent not found";

static int status_of(int err)
{
    static const struct {
        int err, status;
    } rows[] = {{-EINVAL, 400}, {-ENOENT, 404}, {-EEXIST, 409}, {-ECANCELED, 503}};

    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++) {
        if (rows[i].err == err)
            return rows[i].status;
    }
    return 500; /* REST-14, limits */
}

static struct sl_pull_request request_of(json_t *params, enum sl_pull_kind kind)
{
    return (struct sl_pull_request){
        .kind = kind,
        .uri = sl_param_text(params, "uri"),
        .local_stream = sl_param_text(params, "localStreamName"),
        .remote_stream = sl_param_text(params, "remoteStreamName"),
    };
}

/* ---- pull: the name must be free on all nodes, for as long as the pull lives ---- */

struct order {
    struct sl_list link; /* in part->orders */
    struct sl_pull_part *part;
    struct sl_call *call;            /* NULL once answered */
    struct sl_directory_call *claim; /* NULL: answered */
    bool held;                       /* the name, by the directory */
    char *name;
};

static void order_free(struct order *order)
{
    const struct sl_directory *directory = order->part->directory;

    if (order->held)
        directory->release(directory->arg, order->name);
    sl_list_remove(&order->link);
    free(order->name);
    free(order);
}

static void on_pull_end(void *owner, const char *why)
{
    (void)why; /* the log has it */
    order_free(owner);
}

/* The caller may have gone: the pull is made all the same, as it would be had the answer been lost
 * on its way. */
static void carry_out(struct order *order)
{
    struct sl_pull_request request = request_of(sl_call_body(order->call), SL_PULL);
    struct sl_call *call = order->call;
    struct sl_error error = {""};
    struct sl_pull *pull;

    request.on_end = on_pull_end;
    request.owner = order;
    order->call = NULL;
    int err = sl_pull_start(order->part->pulls, &request, &pull, &error);
    if (err == 0) {
        sl_reply_empty(call);
        return;
    }
    sl_reply_error(call, status_of(err), "%s", error.text);
    order_free(order);
}

static void on_claimed(void *owner, int err)
{
    struct order *order = owner;

    assert(order->claim); /* not from within */
    order->claim = NULL;
    if (err == 0) {
        order->held = true;
        carry_out(order);
        return;
    }
    sl_reply_error(order->call, status_of(err), "localStreamName: %s",
                   err == -EEXIST ? "another node has it" : "no name of a stream");
    order_free(order);
}

static void answer_pull(struct sl_call *call, void *arg)
{
    struct sl_pull_part *part = arg;
    const struct sl_directory *directory = part->directory;
    struct order *order = sl_new(struct order);

    order->part = part;
    order->call = call;
    order->name = sl_strdup(sl_param_text(sl_call_body(call), "localStreamName"));
    sl_list_append(&part->orders, &order->link);
    if (!directory) {
        carry_out(order);
        return;
    }
    order->claim = directory->claim(directory->arg, order->name, on_claimed, order);
}

/* ---- push ---- */

static void answer_push(struct sl_call *call, void *arg)
{
    struct sl_pull_part *part = arg;
    struct sl_pull_request request = request_of(sl_call_body(call), SL_PULL_PUSH);
    struct sl_error error = {""};
    struct sl_pull *pull;

    int err = sl_pull_start(part->pulls, &request, &pull, &error);
    if (err < 0)
        sl_reply_error(call, status_of(err), "%s", error.text);
    else
        sl_reply_empty(call);
}

/* ---- find_all, terminate ---- */

static void describe_pull(struct sl_pull *pull, void *list)
{
    (void)json_array_append_new(list, sl_pull_describe(pull));
}

static void answer_find_all(struct sl_call *call, void *arg)
{
    const struct sl_pull_part *part = arg;
    json_t *list = json_array();

    (void)sl_pulls_each(part->pulls, NULL, describe_pull, list);
    sl_reply_json(call, 200, list);
}

static void answer_terminate(struct sl_call *call, void *arg)
{
    const struct sl_pull_part *part = arg;
    json_t *params = sl_call_body(call);
    const char *text = sl_param_text(params, "uri");
    struct sl_pull_filter filter = {
        .local_stream = sl_param_text(params, "localStreamName"),
        .remote_stream = sl_param_text(params, "remoteStreamName"),
    };
    struct sl_error error = {""};
    struct sl_pull_uri uri;

    if (text && sl_pull_uri_parse(text, &uri, &error) < 0) {
        sl_reply_error(call, 400, "%s", error.text);
        return;
    }
    if (text)
        filter.uri = uri.text; /* either form matches (REST-15) */
    if (sl_pulls_terminate(part->pulls, &filter) == 0)
        sl_reply_error(call, 404, "%s", no_pull);
    else
        sl_reply_empty(call);
}

/* ---- The pages' list ---- */

static const char *direction_of(enum sl_pull_kind kind)
{
    switch (kind) {
    case SL_PULL:
        return "pull";
    case SL_PULL_CLUSTER:
        return "cluster";
    case SL_PULL_PUSH:
        return "push";
    }
    return "";
}

static void list_pull(struct sl_pull *pull, void *arg)
{
    struct sl_page *page = arg;
    struct sl_pull_summary summary;

    if (!sl_page_wants(page))
        return;
    sl_pull_summary(pull, &summary);
    (void)json_array_append_new(
        page->items,
        json_pack("{s:s, s:s, s:o, s:o, s:o, s:s, s:I, s:I}", "mediaSessionId",
                  summary.media_session_id, "direction", direction_of(summary.kind), "uri",
                  sl_json_text(summary.uri), "localStreamName", sl_json_text(summary.local_stream),
                  "remoteStreamName", sl_json_text(summary.remote_stream), "status", summary.status,
                  "bitrate", (json_int_t)summary.bitrate_bps, "createDate",
                  (json_int_t)summary.created_ms));
}

static void answer_pulls(struct sl_call *call, void *arg)
{
    const struct sl_pull_part *part = arg;
    struct sl_page page;

    if (sl_page_start(call, &page) < 0)
        return;
    (void)sl_pulls_each(part->pulls, NULL, list_pull, &page);
    sl_page_reply(call, &page, "pulls");
}

/* ---- The table ---- */

static const struct sl_param pull_params[] = {
    {.name = "uri",
     .required = true,
     .len_max = SL_PULL_URI_MAX - 1,
     .about = "ws:// or wss:// URL of the other server"},
    {.name = "remoteStreamName", .required = true, .about = "name of the stream there"},
    {.name = "localStreamName", .required = true, .about = "name of the stream here"},
};
static const struct sl_param filter_params[] = {
    {.name = "uri", .len_max = SL_PULL_URI_MAX - 1, .about = "URL of the other server"},
    {.name = "remoteStreamName", .about = "name of the stream there"},
    {.name = "localStreamName", .about = "name of the stream here"},
};

static const struct sl_route routes[] = {
    {.methods = "POST",
     .path = "/rest-api/pull/pull",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_pull,
     .about = "begins to take a stream from another server",
     SL_ROUTE_PARAMS(pull_params),
     .codes = "409 500"},
    {.methods = "POST",
     .path = "/rest-api/pull/push",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_push,
     .about = "begins to publish a stream at another server, over WebRTC",
     SL_ROUTE_PARAMS(pull_params),
     .codes = "404 409 500"},
    {.methods = "GET POST",
     .path = "/rest-api/pull/find_all",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_find_all,
     .about = "all streams taken from, and published at, other servers",
     .answer = "PullAgent[]"},
    {.methods = "POST",
     .path = "/rest-api/pull/terminate",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_terminate,
     .about = "ends those that match all of the filters",
     .body = SL_BODY_NEED_ONE,
     SL_ROUTE_PARAMS(filter_params),
     .codes = "404"},
    {.methods = "GET",
     .path = "/api/v1/pulls",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_pulls,
     .about = "the same and how they are; ?limit= and ?offset= for a part of them",
     .answer = "application/json",
     .codes = "400"},
};

struct sl_pull_part *sl_pull_part_create(struct sl_pulls *pulls,
                                         const struct sl_directory *directory,
                                         struct sl_router *router)
{
    struct sl_pull_part *part = sl_new(struct sl_pull_part);

    part->pulls = pulls;
    part->directory = directory;
    sl_list_init(&part->orders);
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), part);
    return part;
}

void sl_pull_part_destroy(struct sl_pull_part *part)
{
    if (!part)
        return;
    while (!sl_list_empty(&part->orders)) {
        struct order *order = sl_list_first(&part->orders, struct order, link);
        if (order->claim)
            part->directory->cancel(part->directory->arg, order->claim);
        if (order->call)
            sl_reply_error(order->call, 503, "the server is shutting down");
        order->held = false; /* the directory goes as well */
        order_free(order);
    }
    free(part);
}
