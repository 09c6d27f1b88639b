/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /rest-api/call: the calls of clients' telephones (rest-api.md section 8, sip.md 15). */
#include "access/access.h"
#include "base/mem.h"
#include "http/http.h"
#include "push/push.h"
#include "rest/parts.h"

#include <errno.h>
#include <string.h>

static const char *const no_match = "Call not found";

static const struct sl_exchange *exchange_of(void *arg)
{
    return ((struct sl_calls_part *)arg)->exchange;
}

/* ---- find, find_all ---- */

struct search {
    json_t *params, *found;
    struct sl_pushes *pushes;
};

static void take_status(struct sl_push *push, void *arg)
{
    struct sl_push_summary summary;

    sl_push_summary(push, &summary);
    (void)json_object_set_new(arg, "rtmpStreamStatus",
                              json_string(sl_push_state_name(summary.state)));
}

/* How what is pushed of it fares. */
static void add_push(struct sl_pushes *pushes, json_t *object)
{
    const char *stream = json_string_value(json_object_get(object, "toStream"));

    if (pushes && stream && json_is_string(json_object_get(object, "rtmpUrl")))
        (void)sl_pushes_each(pushes, stream, NULL, take_status, object);
}

/* rest-api.md 5.5: no answer has the password. */
static void hide_password(json_t *object)
{
    const char *url = json_string_value(json_object_get(object, "rtmpUrl"));
    const char *authority = url ? strstr(url, "://") : NULL;

    if (!authority)
        return;
    authority += strlen("://");
    const char *at = memrchr(authority, '@', strcspn(authority, "/?#"));
    const char *colon = at ? memchr(authority, ':', (size_t)(at - authority)) : NULL;
    if (colon)
        (void)json_object_set_new(object, "rtmpUrl",
                                  json_sprintf("%.*s***%s", (int)(colon + 1 - url), url, at));
}

static void take_match(void *owner, json_t *object)
{
    static const char *const filters[] = {"callId", "callee", "rtmpUrl", "status"};
    const struct search *search = owner;

    for (size_t i = 0; i < SL_ARRAY_LEN(filters); i++) {
        json_t *wanted = json_object_get(search->params, filters[i]);
        if (wanted && !json_equal(wanted, json_object_get(object, filters[i])))
            return;
    }
    add_push(search->pushes, object);
    hide_password(object);
    (void)json_array_append(search->found, object);
}

static void answer_find(struct sl_call *call, void *arg)
{
    const struct sl_exchange *exchange = exchange_of(arg);
    struct search search = {sl_call_body(call), json_array(),
                            ((const struct sl_calls_part *)arg)->pushes};

    exchange->each(exchange->arg, take_match, &search);
    if (json_array_size(search.found) > 0) {
        sl_reply_json(call, 200, search.found);
        return;
    }
    json_decref(search.found);
    sl_reply_error(call, 404, "%s", no_match);
}

static void take_first(void *owner, json_t *object)
{
    const struct search *search = owner;

    if (json_equal(json_object_get(search->params, "callId"), json_object_get(object, "callId")))
        (void)json_array_append(search->found, object);
}

/* As text, as the oldest of the SDK's pages shows it. */
static void answer_status(struct sl_call *call, void *arg)
{
    const struct sl_exchange *exchange = exchange_of(arg);
    struct search search = {.params = sl_call_body(call), .found = json_array()};

    exchange->each(exchange->arg, take_first, &search);
    const char *status =
        json_string_value(json_object_get(json_array_get(search.found, 0), "status"));
    if (status)
        sl_reply_text(call, 200, SL_TYPE_TEXT, status, strlen(status));
    else
        sl_reply_error(call, 404, "%s", no_match);
    json_decref(search.found);
}

/* ---- Orders ---- */

static void answer_terminate(struct sl_call *call, void *arg)
{
    const struct sl_exchange *exchange = exchange_of(arg);

    if (exchange->end(exchange->arg, sl_param_text(sl_call_body(call), "callId")) > 0)
        sl_reply_empty(call);
    else
        sl_reply_error(call, 404, "%s", no_match);
}

static void answer_digits(struct sl_call *call, void *arg)
{
    const struct sl_exchange *exchange = exchange_of(arg);
    json_t *params = sl_call_body(call);
    int count = exchange->send_digits(exchange->arg, sl_param_text(params, "callId"), params);

    if (count == -EINVAL)
        sl_reply_error(call, 400, "dtmf: digits, *, # and commas, and not too many");
    else if (count < 0)
        sl_reply_error(call, 409, "The call is not established");
    else if (count == 0)
        sl_reply_error(call, 404, "%s", no_match);
    else
        sl_reply_empty(call);
}

/* ---- The table ---- */

static const struct sl_param find_params[] = {
    {.name = "callId", .about = "the call of this id"},
    {.name = "callee", .about = "calls to this number"},
    {.name = "rtmpUrl", .about = "calls that are pushed there"},
    {.name = "status", .about = "TRYING, RING, SESSION_PROGRESS, ESTABLISHED or HOLD"},
};
static const struct sl_param terminate_params[] = {
    {.name = "callId", .required = true, .about = "the call of this id"},
};
static const struct sl_param digits_params[] = {
    {.name = "callId", .required = true, .about = "the call of this id"},
    {.name = "dtmf", .type = SL_PARAM_ANY, .required = true, .about = "digits, *, # and commas"},
    {.name = "type",
     .values = "INFO INFO_RELAY RFC2833",
     .about = "how; RFC2833: among the sound, without events as INFO_RELAY"},
};

static const struct sl_route routes[] = {
    {.methods = "POST",
     .path = "/rest-api/call/find",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_find,
     .about = "the calls that match all of the filters",
     SL_ROUTE_PARAMS(find_params),
     .answer = "Call[]",
     .codes = "404"},
    {.methods = "GET POST",
     .path = "/rest-api/call/find_all",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_find,
     .about = "all calls",
     .answer = "Call[]",
     .codes = "404"},
    {.methods = "POST",
     .path = "/rest-api/call/terminate",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_terminate,
     .about = "hangs up",
     SL_ROUTE_PARAMS(terminate_params),
     .codes = "404"},
    {.methods = "POST",
     .path = "/rest-api/call/send_dtmf",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_digits,
     .about = "sends digits to the telephone",
     SL_ROUTE_PARAMS(digits_params),
     .codes = "404 409"},
    {.methods = "POST",
     .path = "/RESTCall/getStatus",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_status,
     .about = "the status of a call, as text",
     SL_ROUTE_PARAMS(terminate_params),
     .answer = "text/plain",
     .codes = "404"},
    {.methods = "POST",
     .path = "/RESTCall/getCalls",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_find,
     .about = "all calls",
     .answer = "Call[]",
     .codes = "404"},
    {.methods = "POST",
     .path = "/RESTCall/hangup",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_terminate,
     .about = "hangs up",
     SL_ROUTE_PARAMS(terminate_params),
     .codes = "404"},
    {.methods = "POST",
     .path = "/RESTCall/sendDTMF",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_digits,
     .about = "sends digits to the telephone",
     SL_ROUTE_PARAMS(digits_params),
     .codes = "404 409"},
};

void sl_calls_part_add(struct sl_calls_part *part, struct sl_router *router)
{
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), part);
}
