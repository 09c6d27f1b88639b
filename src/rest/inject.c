/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /rest-api/stream/inject: one stream shown in another's place (rooms-mixers-diagnostics.md 5). */
#include "base/mem.h"
#include "http/http.h"
#include "rest/parts.h"
#include "session/session.h"

#include <errno.h>

static void answer_startup(struct sl_call *call, void *arg)
{
    const struct sl_control *control = arg;
    json_t *params = sl_call_body(call);

    switch (sl_sessions_inject(control->sessions, sl_param_text(params, "localStreamName"),
                               sl_param_text(params, "remoteStreamName"))) {
    case 0:
        sl_reply_empty(call);
        return;
    case -ENOENT:
        sl_reply_error(call, 404, "Stream not found");
        return;
    case -EINVAL:
        sl_reply_error(call, 400, "the streams have not the same codecs, or one is a call's");
        return;
    case -EEXIST:
        sl_reply_error(call, 409, "another stream is injected there already");
        return;
    default:
        sl_reply_error(call, 409, "a stream would be shown in its own place");
        return;
    }
}

static void answer_terminate(struct sl_call *call, void *arg)
{
    const struct sl_control *control = arg;

    if (sl_sessions_inject_no_more(control->sessions,
                                   sl_param_text(sl_call_body(call), "localStreamName")) < 0)
        sl_reply_error(call, 404, "Nothing is injected there");
    else
        sl_reply_empty(call);
}

static void list(void *arg, const char *target, const char *source)
{
    (void)json_array_append_new(arg,
                                json_pack("{s:o, s:o}", "localStreamName", sl_json_text(target),
                                          "remoteStreamName", sl_json_text(source)));
}

static void answer_find_all(struct sl_call *call, void *arg)
{
    const struct sl_control *control = arg;
    json_t *found = json_array();

    sl_sessions_each_injection(control->sessions, list, found);
    if (json_array_size(found) > 0) {
        sl_reply_json(call, 200, found);
        return;
    }
    json_decref(found);
    sl_reply_error(call, 404, "Nothing is injected");
}

#define TARGET                                                                                     \
    {                                                                                              \
        .name = "localStreamName", .required = true,                                               \
        .about = "the stream whose players see the other one"                                      \
    }

static const struct sl_param startup_params[] = {
    TARGET,
    {.name = "remoteStreamName",
     .required = true,
     .about = "what they see: a stream of this server"},
};
static const struct sl_param terminate_params[] = {TARGET};

static const struct sl_route routes[] = {
    {.methods = "POST",
     .path = "/rest-api/stream/inject/startup",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_startup,
     .about =
         "has the players of a stream see another one in its place, from its next key frame on",
     SL_ROUTE_PARAMS(startup_params),
     .codes = "404 409"},
    {.methods = "POST",
     .path = "/rest-api/stream/inject/terminate",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_terminate,
     .about = "they see their own one again",
     SL_ROUTE_PARAMS(terminate_params),
     .codes = "404"},
    {.methods = "GET POST",
     .path = "/rest-api/stream/inject/find_all",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_find_all,
     .about = "what is injected where",
     .answer = "application/json",
     .codes = "404"},
};

void sl_control_add_injections(struct sl_control *control, struct sl_router *router)
{
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), control);
}
