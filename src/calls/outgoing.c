/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client calls (sip.md 4). */
#include "base/error.h"
#include "calls/call.h"
#include "calls/extras.h"
#include "calls/media.h"
#include "calls/published.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum { ID_MAX = 128 };

/* Into the Request-URI only (sip.md 4.1). */
static int add_invite_parameters(json_t *params, char uri[static SL_SIP_URI_MAX])
{
    json_t *value;
    const char *name;
    char number[32];
    int err = 0;

    json_object_foreach(params, name, value)
    {
        const char *text = json_string_value(value);
        if (json_is_integer(value))
            (void)snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
        else if (json_is_boolean(value))
            (void)snprintf(number, sizeof(number), "%s", json_is_true(value) ? "true" : "false");
        else if (!text)
            continue; /* scalars only */
        err = err < 0 ? err : sl_sip_uri_add_param(uri, name, text ? text : number);
    }
    return err;
}

static void set(char **text, const char *other)
{
    free(*text);
    *text = sl_strdup(other);
}

/* NULL, or why it cannot be called. */
static const char *read_addresses(struct sl_call *call)
{
    const struct sl_phone *phone = call->phone;
    char uri[SL_SIP_URI_MAX];
    int err = sl_sip_uri_of_callee(call->callee, phone->domain, uri);

    if (err == -ENODATA)
        return "CALLEE_NAME_IS_NULL";
    if (err < 0)
        return "Bad callee";
    if (!sl_phone_reaches(phone, uri))
        return "Bad callee: sips needs TLS";
    set(&call->to, uri);
    if (add_invite_parameters(call->invite_parameters, uri) < 0)
        return "Bad inviteParameters";
    set(&call->target, uri);
    if (sl_sip_uri_of_callee(call->caller, phone->domain, uri) < 0)
        return "Bad caller";
    set(&call->from, uri);
    return NULL;
}

/* The proxy's address is known, and so is ours that it sees. */
static int offer(struct sl_call *call, struct sl_error *error)
{
    if (call->is_msrp)
        return sl_call_msrp_offer(call, error);
    sl_call_media_set_local(call->media, &call->phone->local);
    return sl_call_media_offer_line(call->media, error);
}

/* The account is there, and the back end has nothing against it. */
static void start(struct sl_call *call)
{
    struct sl_error error = {.text = ""};

    int err = offer(call, &error);

    if (err < 0) {
        sl_call_fail(call, sl_call_media_info(err, &error));
        return;
    }
    bool left_out;
    char *headers = sl_call_header_lines(call->headers, &left_out);
    char *sdp = sl_call_description(call);
    if (left_out)
        sl_log(SL_LOG_WARN, &call->log, "sipHeaders: some are not for clients to set");
    const struct sl_sip_call_config config = {
        .target = call->target,
        .to = call->to,
        .caller = call->from,
        .name = call->visible_name,
        .headers = headers,
        .sdp = sdp,
        .ops = &sl_call_sip_ops,
        .owner = call,
    };
    call->sip = sl_sip_call_create(call->phone->account, &config);
    free(headers);
    free(sdp);
    if (!call->sip)
        sl_call_fail(call, "Too many calls");
}

static void start_if_allowed(struct sl_call *call)
{
    const struct sl_phone *phone = call->phone;

    if (phone->account && (phone->registered || !phone->waits_to_register) &&
        sl_list_empty(&call->questions))
        start(call);
}

void sl_calls_start_waiting(struct sl_phone *phone)
{
    struct sl_call *call;

    sl_list_foreach(call, &phone->own_calls, struct sl_call, link)
    {
        if (!call->sip && !call->incoming)
            start_if_allowed(call);
    }
}

void sl_calls_fail_waiting(struct sl_phone *phone, const char *info)
{
    struct sl_call *call;

    sl_list_foreach(call, &phone->own_calls, struct sl_call, link)
    {
        if (!call->sip)
            sl_call_fail(call, info);
    }
}

static void replace(char **text, const json_t *fields, const char *name)
{
    const char *other = json_string_value(json_object_get(fields, name));

    if (other)
        set(text, other);
}

/* What the back end wants otherwise (restPolicy=OVERWRITE); NULL, or why that cannot be called. */
static const char *take_over(struct sl_call *call, json_t *fields)
{
    json_t *params = json_object_get(fields, "inviteParameters");

    replace(&call->callee, fields, "callee");
    replace(&call->caller, fields, "caller");
    replace(&call->visible_name, fields, "visibleName");
    if (json_is_object(params)) {
        json_decref(call->invite_parameters);
        call->invite_parameters = json_incref(params);
    }
    return read_addresses(call);
}

static void on_call_answer(void *owner, const struct sl_hook_answer *answer)
{
    struct sl_call *call = owner;
    const char *why = NULL;

    if (!answer->allowed)
        why = answer->info;
    else if (answer->fields)
        why = take_over(call, answer->fields);
    if (why)
        sl_call_fail(call, why);
    else
        start_if_allowed(call);
}

bool sl_call_is_no(const json_t *value)
{
    const char *text = json_string_value(value);

    return json_is_false(value) || (text && strcasecmp(text, "false") == 0);
}

/* Old programs write a boolean as a string. */
static bool is_yes(const json_t *value)
{
    const char *text = json_string_value(value);

    return json_is_true(value) || (text && strcasecmp(text, "true") == 0);
}

bool sl_call_has_video(const json_t *object)
{
    return is_yes(json_object_get(object, "hasVideo"));
}

static void read_object(struct sl_call *call, json_t *object)
{
    const struct sl_phone *phone = call->phone;
    const char *caller = sl_call_text(object, "caller"),
               *name = sl_call_text(object, "visibleName");

    call->caller = sl_strdup(caller[0] ? caller : phone->login);
    call->callee = sl_strdup(sl_call_text(object, "callee"));
    call->visible_name = sl_strdup(name[0] ? name : phone->visible_name);
    call->is_msrp = is_yes(json_object_get(object, "isMsrp"));
    call->has_video = !call->is_msrp && sl_call_has_video(object);
    call->custom = json_incref(json_object_get(object, "custom"));
    call->invite_parameters = json_incref(json_object_get(object, "inviteParameters"));
    sl_call_take_extras(call, object);
}

static json_t *describe_wish(const struct sl_call *call, json_t *object)
{
    json_t *body = sl_call_describe(call, NULL, NULL);

    (void)json_object_set(body, "sdp", json_object_get(object, "sdp"));
    (void)json_object_set(body, "inviteParameters", json_object_get(object, "inviteParameters"));
    return body;
}

void sl_call_begin(struct sl_phone *phone, json_t *object)
{
    struct sl_error error = {.text = ""};
    const char *id = sl_call_text(object, "callId");

    if (id[0] == '\0' || strlen(id) > ID_MAX || sl_call_find(phone, id)) {
        sl_log(SL_LOG_INFO, &phone->log, "a call without an id of its own is left out");
        return;
    }
    struct sl_call *call = sl_call_new(phone, id, false);
    read_object(call, object);
    const char *why = phone->call_count > SL_CALLS_MAX    ? "Too many calls"
                      : !phone->account && !phone->lookup ? "WRONG_SIPPROVIDER_ADDRESS"
                                                          : read_addresses(call);
    if (why) {
        sl_call_fail(call, why);
        return;
    }
    if (!call->is_msrp) {
        sl_call_make_media(call);
        int err = sl_call_media_take_offer(call->media, sl_call_text(object, "sdp"), &error);
        if (err < 0) {
            sl_call_fail(call, sl_call_media_info(err, &error));
            return;
        }
    }
    if (sl_session_asks(phone->session, SL_HOOK_CALL)) {
        json_t *body = describe_wish(call, object);
        sl_session_add_context(phone->session, body);
        sl_question_ask(phone->session, &call->questions, SL_HOOK_CALL, body, on_call_answer, NULL,
                        call);
    }
    start_if_allowed(call);
}

/* ---- Without a browser ---- */

/* Where its sound goes: a stream of this name, which is pushed if there is a URL. */
static int read_destination(struct sl_call *call, const json_t *object, struct sl_error *error)
{
    const char *stream = sl_call_text(object, "toStream"),
               *rtmp_stream = sl_call_text(object, "rtmpStream"),
               *rtmp_url = sl_call_text(object, "rtmpUrl");

    if (rtmp_url[0]) {
        call->rtmp_url = sl_strdup(rtmp_url);
        call->rtmp_stream = sl_strdup(rtmp_stream);
    }
    if (!stream[0])
        stream = rtmp_stream;
    return stream[0] ? sl_call_stream_create(call, stream, &call->stream, error) : 0;
}

int sl_call_begin_alone(struct sl_phone *phone, json_t *object, struct sl_error *error)
{
    const char *id = sl_call_text(object, "callId");

    if (id[0] == '\0' || strlen(id) > ID_MAX)
        return sl_error_set(error, -EINVAL, "callId: missing, or too long");
    struct sl_call *call = sl_call_new(phone, id, false);
    call->alone = true;
    read_object(call, object);
    call->has_audio = !sl_call_is_no(json_object_get(object, "hasAudio"));
    const char *why = call->is_msrp ? "isMsrp: there is no client to write" : read_addresses(call);
    int err = why ? sl_error_set(error, -EINVAL, "%s", why) : read_destination(call, object, error);
    if (err < 0) {
        sl_call_free(call);
        return err;
    }
    sl_call_make_media(call);
    sl_session_notify(phone->session, SL_HOOK_CALL, describe_wish(call, object));
    start_if_allowed(call);
    return 0;
}
