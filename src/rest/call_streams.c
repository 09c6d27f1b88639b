/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /rest-api/call/startup, /rest-api/call/inject_*, and the older /RESTCall: calls that operators
 * begin, where their sound goes, and what their telephones hear (rest-api.md section 8). */
#include "access/access.h"
#include "base/error.h"
#include "base/list.h"
#include "base/mem.h"
#include "http/http.h"
#include "push/push.h"
#include "rest/parts.h"

#include <errno.h>
#include <string.h>

struct sl_call_streams_part {
    const struct sl_rest_parts *parts;
    struct sl_list waiting; /* struct waiting: calls whose answer comes later */
};

struct waiting {
    struct sl_list link;
    struct sl_call_streams_part *part;
    struct sl_call *call;
    struct sl_push_start *start; /* NULL: a sound */
    char *id;                    /* of the telephone call */
};

static const struct sl_exchange *exchange_of(const struct sl_call_streams_part *part)
{
    return part->parts->exchange;
}

static struct waiting *wait_for(struct sl_call_streams_part *part, struct sl_call *call,
                                const char *id)
{
    struct waiting *waiting = sl_new(struct waiting);

    waiting->part = part;
    waiting->call = call;
    waiting->id = sl_strdup(id);
    sl_list_append(&part->waiting, &waiting->link);
    return waiting;
}

static void waiting_free(struct waiting *waiting)
{
    sl_list_remove(&waiting->link);
    free(waiting->id);
    free(waiting);
}

static int status_of(int err)
{
    switch (-err) {
    case ENOENT:
        return 404;
    case EEXIST:
    case EAGAIN:
    case ECANCELED:
        return 409;
    case EINVAL:
    case EACCES:
    case EBADMSG:
    case ENOSYS:
        return 400;
    default:
        return 500;
    }
}

static void answer(struct sl_call *call, int err, const char *words)
{
    if (err < 0)
        sl_reply_error(call, status_of(err), "%s", words);
    else
        sl_reply_empty(call);
}

/* ---- startup ---- */

static const struct sl_param account_params[] = {
    {.name = "sipLogin", .type = SL_PARAM_TEXT},
    {.name = "sipAuthenticationName", .type = SL_PARAM_TEXT},
    {.name = "sipPassword", .type = SL_PARAM_TEXT},
    {.name = "sipVisibleName", .type = SL_PARAM_TEXT},
    {.name = "sipDomain", .type = SL_PARAM_TEXT},
    {.name = "sipOutboundProxy", .type = SL_PARAM_TEXT},
    {.name = "sipPort", .type = SL_PARAM_ANY},
    {.name = "sipContactParams", .type = SL_PARAM_TEXT},
    {.name = "sipRegisterRequired", .type = SL_PARAM_BOOL},
    {.name = "appKey", .type = SL_PARAM_TEXT},
};

/* Old programs have the account in an object of its own. */
static int take_connection(json_t *params, struct sl_error *error)
{
    json_t *connection = json_object_get(params, "connection"), *fields;

    if (!connection)
        return 0;
    int err = sl_params_normalise(account_params, SL_ARRAY_LEN(account_params), connection, &fields,
                                  error);
    if (err < 0)
        return err;
    (void)json_object_update_missing(params, fields);
    json_decref(fields);
    return 0;
}

/* What is not pushed must not stay: nobody would know of it. */
static void on_pushed(void *owner, int err, const char *words, struct sl_push *push)
{
    struct waiting *waiting = owner;
    const struct sl_exchange *exchange = exchange_of(waiting->part);

    (void)push;
    if (err < 0)
        (void)exchange->end(exchange->arg, waiting->id);
    answer(waiting->call, err, words);
    waiting_free(waiting);
}

/* Published there as rtmpStream, whatever the stream is called here. */
static void push_call(struct sl_call_streams_part *part, struct sl_call *call, json_t *params)
{
    const char *rtmp_stream = sl_param_text(params, "rtmpStream");
    const char *to_stream = sl_param_text(params, "toStream");
    struct waiting *waiting = wait_for(part, call, sl_param_text(params, "callId"));
    const struct sl_push_request request = {.stream =
                                                to_stream && to_stream[0] ? to_stream : rtmp_stream,
                                            .named = rtmp_stream,
                                            .rtmp_url = sl_param_text(params, "rtmpUrl"),
                                            .origin = SL_PUSH_BY_OPERATOR};

    waiting->start = sl_push_start(part->parts->pushes, &request, on_pushed, waiting);
}

static void answer_startup(struct sl_call *call, void *arg)
{
    struct sl_call_streams_part *part = arg;
    const struct sl_exchange *exchange = exchange_of(part);
    json_t *params = sl_call_body(call);
    const char *url = sl_param_text(params, "rtmpUrl");
    struct sl_error error = {.text = ""};
    int err = take_connection(params, &error);

    if (err == 0)
        err = exchange->startup(exchange->arg, params, &error);
    if (err == 0 && url && url[0])
        push_call(part, call, params);
    else
        answer(call, err, error.text);
}

/* ---- inject_stream, inject_sound ---- */

static void inject_stream(struct sl_call *call, void *arg, const char *name)
{
    const struct sl_exchange *exchange = exchange_of(arg);
    struct sl_error error = {.text = ""};
    int count = exchange->inject_stream(exchange->arg, sl_param_text(sl_call_body(call), "callId"),
                                        name, &error);

    answer(call, count == 0 ? -ENOENT : count, count == 0 ? "Call not found" : error.text);
}

static void answer_inject_stream(struct sl_call *call, void *arg)
{
    inject_stream(call, arg, sl_param_text(sl_call_body(call), "streamName"));
}

static void answer_inject_no_stream(struct sl_call *call, void *arg)
{
    inject_stream(call, arg, NULL);
}

static void on_injected(void *owner, int err, const char *words)
{
    struct waiting *waiting = owner;

    answer(waiting->call, err, words);
    waiting_free(waiting);
}

static void answer_inject_sound(struct sl_call *call, void *arg)
{
    const struct sl_exchange *exchange = exchange_of(arg);
    json_t *params = sl_call_body(call);
    const char *id = sl_param_text(params, "callId");

    exchange->inject_sound(exchange->arg, id, sl_param_text(params, "fileName"), on_injected,
                           wait_for(arg, call, id));
}

/* ---- The table ---- */

static const struct sl_param startup_params[] = {
    {.name = "callId", .required = true, .about = "of the call: nobody else's"},
    {.name = "callee", .required = true, .about = "number, login, SIP URI or tel URI"},
    {.name = "visibleName", .type = SL_PARAM_TEXT, .about = "shown to who is called"},
    {.name = "toStream",
     .type = SL_PARAM_TEXT,
     .len_max = SL_PARAM_NAME_MAX,
     .about =
         "what the telephone sends is published by this name, which is kept for it from now on"},
    {.name = "rtmpUrl",
     .type = SL_PARAM_TEXT,
     .len_max = SL_PARAM_NAME_MAX,
     .about = "and pushed there, by the name of rtmpStream"},
    {.name = "rtmpStream",
     .type = SL_PARAM_TEXT,
     .len_max = SL_PARAM_NAME_MAX,
     .about = "without toStream, the name here as well"},
    {.name = "hasAudio", .type = SL_PARAM_BOOL, .about = "default: true; one of both at least"},
    {.name = "hasVideo",
     .type = SL_PARAM_BOOL,
     .about = "pictures of the telephone are asked for, none are sent to it; default: false"},
    {.name = "inviteParameters", .type = SL_PARAM_OBJECT, .about = "added to the Request-URI"},
    {.name = "custom", .type = SL_PARAM_ANY, .about = "for the back end"},
    {.name = "sipLogin", .type = SL_PARAM_TEXT, .about = "of the account that calls"},
    {.name = "sipAuthenticationName", .type = SL_PARAM_TEXT, .about = "default: sipLogin"},
    {.name = "sipPassword", .type = SL_PARAM_TEXT},
    {.name = "sipVisibleName", .type = SL_PARAM_TEXT},
    {.name = "sipDomain", .type = SL_PARAM_TEXT},
    {.name = "sipOutboundProxy", .type = SL_PARAM_TEXT, .about = "default: sipDomain"},
    {.name = "sipPort", .type = SL_PARAM_ANY, .about = "at the proxy"},
    {.name = "sipContactParams", .type = SL_PARAM_TEXT},
    {.name = "sipRegisterRequired",
     .type = SL_PARAM_BOOL,
     .about = "registers first, for as long as the call is there; default: true"},
    {.name = "appKey",
     .type = SL_PARAM_TEXT,
     .about = "whose back end is told; default: defaultApp"},
    {.name = "connection",
     .type = SL_PARAM_OBJECT,
     .about = "the account, as old programs have it"},
};
static const struct sl_param stream_params[] = {
    {.name = "callId", .required = true, .about = "the call of this id"},
    {.name = "streamName", .required = true, .about = "a stream that is published here"},
};
static const struct sl_param sound_params[] = {
    {.name = "callId", .required = true, .about = "the call of this id"},
    {.name = "fileName", .required = true, .about = "a WAV file of media_dir"},
};

#define ROUTE(where, handler, table, count, codes_, what)                                          \
    {                                                                                              \
        .methods = "POST", .path = (where), .access = SL_ROUTE_OPERATOR, .handle = (handler),      \
        .about = (what), .params = (table), .param_count = (count), .codes = (codes_)              \
    }
#define STARTUP(where)                                                                             \
    ROUTE(where, answer_startup, startup_params, SL_ARRAY_LEN(startup_params), "409 500",          \
          "calls a telephone, and makes a stream of what it says")
#define INJECT(where)                                                                              \
    ROUTE(where, answer_inject_stream, stream_params, SL_ARRAY_LEN(stream_params), "404 409 500",  \
          "the telephone hears a stream")

static const struct sl_route routes[] = {
    STARTUP("/rest-api/call/startup"),
    STARTUP("/RESTCall/call"),
    INJECT("/rest-api/call/inject_stream"),
    INJECT("/rest-api/call/inject_stream/startup"),
    ROUTE("/rest-api/call/inject_stream/terminate", answer_inject_no_stream, stream_params, 1,
          "404 409", "the telephone hears what it heard at first"),
    ROUTE("/rest-api/call/inject_sound", answer_inject_sound, sound_params,
          SL_ARRAY_LEN(sound_params), "404 409 500", "the telephone hears a sound file"),
};

struct sl_call_streams_part *sl_call_streams_part_create(const struct sl_rest_parts *parts,
                                                         struct sl_router *router)
{
    struct sl_call_streams_part *part = sl_new(struct sl_call_streams_part);

    part->parts = parts;
    sl_list_init(&part->waiting);
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), part);
    return part;
}

void sl_call_streams_part_destroy(struct sl_call_streams_part *part)
{
    if (!part)
        return;
    exchange_of(part)->cancel_sounds(exchange_of(part)->arg);
    while (!sl_list_empty(&part->waiting)) {
        struct waiting *waiting = sl_list_first(&part->waiting, struct waiting, link);
        sl_push_start_cancel(waiting->start);
        sl_reply_error(waiting->call, 503, "the server is shutting down");
        waiting_free(waiting);
    }
    free(part);
}
