/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls that an operator begins, without any client (rest-api.md 8, sip.md 15): each has a phone of
 * its own, whose session is nobody's. */
#include "base/error.h"
#include "calls/call.h"
#include "calls/published.h"

#include <errno.h>
#include <string.h>

/*
 * The call ends by itself, or by whatever it is made of; in the next turn of the loop, all of it
 * goes.
 */
struct begun {
    struct sl_phone *phone;
    struct sl_session *session;
    struct sl_later end;
    char why[256]; /* of a call that is still there then; "": it just ends */
};

static struct sl_call *call_of(const struct begun *begun)
{
    return sl_list_first(&begun->phone->own_calls, struct sl_call, link);
}

static void on_end(struct sl_later *later)
{
    struct begun *begun = sl_container_of(later, struct begun, end);
    struct sl_call *call = call_of(begun);

    begun->phone->ops = NULL; /* nobody has to be told */
    if (call && begun->why[0])
        sl_call_fail(call, begun->why);
    else if (call)
        sl_call_finish(call, SL_CALL_FINISH, "Normal call clearing", NULL);
    sl_phone_end(begun->phone);
    sl_session_destroy(begun->session);
    free(begun);
}

static void end_later(struct begun *begun, const char *why)
{
    if (!begun->phone->ops || sl_list_linked(&begun->end.link))
        return; /* it ends already: what ends with it is no news */
    (void)snprintf(begun->why, sizeof(begun->why), "%s", why);
    begun->end.run = on_end;
    sl_loop_later(begun->phone->calls->config.loop, &begun->end);
}

/* ---- What the phone says ---- */

static void on_registration(void *client, const struct sl_phone_registration *registration)
{
    struct begun *begun = client;

    if (registration->registered)
        sl_calls_start_waiting(begun->phone);
    else
        end_later(begun, registration->info);
}

static void on_description(void *client, const char *call_id, const char *text, bool is_answer)
{
    (void)client;
    (void)call_id;
    (void)text;
    (void)is_answer;
}

static void on_incoming(void *client, json_t *call)
{
    (void)client;
    (void)call;
}

static void on_status(void *client, enum sl_call_status status, json_t *call)
{
    (void)call;
    if (status >= SL_CALL_FINISH)
        end_later(client, "");
}

static void on_transfer(void *client, json_t *transfer)
{
    (void)client;
    (void)transfer;
}

static void on_left(void *client)
{
    (void)client;
}

static const struct sl_phone_ops phone_ops = {
    .on_registration = on_registration,
    .on_description = on_description,
    .on_incoming = on_incoming,
    .on_status = on_status,
    .on_transfer = on_transfer,
    .on_left = on_left,
};

/* ---- What the session says ---- */

/* A call without its stream has nobody to hear it. */
static void on_stream_status(void *client, const struct sl_media_session *media)
{
    if (sl_media_session_reason(media) != SL_REASON_NONE)
        end_later(client, sl_media_session_reason(media) == SL_REASON_NAME_IN_USE
                              ? sl_media_session_info(media)
                              : "");
}

static void on_close(void *client, enum sl_reason reason)
{
    (void)reason;
    end_later(client, "");
}

static const struct sl_session_ops session_ops = {
    .on_stream_status = on_stream_status,
    .on_stream_refused = on_stream_status,
    .close = on_close,
};

/* ---- The interface ---- */

/* The same call, the same stream elsewhere. */
static bool is_taken(const struct sl_calls *calls, const json_t *object)
{
    const char *url = sl_call_text(object, "rtmpUrl");
    struct sl_phone *phone;
    struct sl_call *call;

    sl_list_foreach(phone, &calls->phones, struct sl_phone, link)
    {
        sl_list_foreach(call, &phone->own_calls, struct sl_call, link)
        {
            if (strcmp(call->id, sl_call_text(object, "callId")) == 0)
                return true;
            if (url[0] && call->rtmp_url && strcmp(call->rtmp_url, url) == 0 &&
                strcmp(call->rtmp_stream, sl_call_text(object, "rtmpStream")) == 0)
                return true;
        }
    }
    return false;
}

static int check(const struct sl_calls *calls, const json_t *object, struct sl_error *error)
{
    if (sl_call_is_no(json_object_get(object, "hasAudio")) && !sl_call_has_video(object))
        return sl_error_set(error, -EINVAL, "hasAudio, hasVideo: one of them at least");
    if (sl_call_text(object, "rtmpUrl")[0] && !sl_call_text(object, "rtmpStream")[0])
        return sl_error_set(error, -EINVAL, "rtmpStream is missing");
    return is_taken(calls, object)
               ? sl_error_set(error, -EEXIST, "there is such a call, or it is pushed there already")
               : 0;
}

static int open_phone(struct begun *begun, struct sl_calls *calls, struct sl_error *error)
{
    begun->phone = sl_phone_open(calls, begun->session, &phone_ops, begun, error);
    if (begun->phone) {
        begun->phone->waits_to_register = begun->phone->registers;
        begun->phone->takes_no_calls = true;
        return 0;
    }
    return error->text[0] ? -EINVAL
                          : sl_error_set(error, -EINVAL, "sipLogin or sipDomain is missing");
}

/* The SDK's pages name an application of their own for this, which is there only where somebody has
 * added it. */
static struct sl_session *make_session(struct begun *begun, struct sl_calls *calls, json_t *object)
{
    const char *named = sl_call_text(object, "appKey");
    struct sl_session *session = sl_session_create_absent(
        calls->sessions, named[0] ? named : "defaultApp", object, &session_ops, begun);

    if (!session && strcmp(named, "callApp") == 0)
        session =
            sl_session_create_absent(calls->sessions, "defaultApp", object, &session_ops, begun);
    return session;
}

int sl_calls_startup(void *arg, json_t *object, struct sl_error *error)
{
    struct sl_calls *calls = arg;
    int err = check(calls, object, error);

    if (err < 0)
        return err;
    struct begun *begun = sl_new(struct begun);
    begun->session = make_session(begun, calls, object);
    err = begun->session ? open_phone(begun, calls, error)
                         : sl_error_set(error, -EINVAL, "appKey: no such application");
    if (err < 0) {
        sl_session_destroy(begun->session);
        free(begun);
        return err;
    }
    err = sl_call_begin_alone(begun->phone, object, error);
    if (err == 0)
        return 0;
    begun->phone->ops = NULL;
    sl_phone_end(begun->phone);
    sl_session_destroy(begun->session);
    free(begun);
    return err;
}
