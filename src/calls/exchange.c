/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All calls, as an operator sees and ends them (rest-api.md 8, sip.md 15). */
#include "calls/call.h"
#include "calls/published.h"

#include <errno.h>

/* What a client's call never has is null: a program that reads one finds every name of 3.5. */
static json_t *describe(const struct sl_call *call)
{
    static const char *const absent[] = {"parentCallId",     "rtmpUrl", "rtmpStream",
                                         "rtmpStreamStatus", "sdp",     "inviteParameters",
                                         "sipMessageRaw",    "target",  "toStream"};
    json_t *object = sl_call_describe(call, NULL, NULL);

    sl_session_add_context(call->phone->session, object);
    for (size_t i = 0; i < SL_ARRAY_LEN(absent); i++)
        (void)json_object_set_new(object, absent[i], json_null());
    if (call->invite_parameters)
        (void)json_object_set(object, "inviteParameters", call->invite_parameters);
    if (call->parent_id)
        (void)json_object_set_new(object, "parentCallId", json_string(call->parent_id));
    if (call->rtmp_url) {
        (void)json_object_set_new(object, "rtmpUrl", json_string(call->rtmp_url));
        (void)json_object_set_new(object, "rtmpStream", json_string(call->rtmp_stream));
    }
    if (call->stream)
        (void)json_object_set_new(object, "toStream",
                                  json_string(sl_call_stream_name(call->stream)));
    if (!call->custom)
        (void)json_object_set_new(object, "custom", json_object());
    if (call->sip_status == 0)
        (void)json_object_set_new(object, "sipStatus", json_null());
    (void)json_object_set_new(object, "isMsrp", json_boolean(call->is_msrp));
    (void)json_object_set_new(object, "holdForTransfer", json_boolean(call->hold_for_transfer));
    return object;
}

static void each(void *arg, void (*visit)(void *owner, json_t *call), void *owner)
{
    const struct sl_calls *calls = arg;
    struct sl_phone *phone;
    struct sl_call *call;

    sl_list_foreach(phone, &calls->phones, struct sl_phone, link)
    {
        sl_list_foreach(call, &phone->own_calls, struct sl_call, link)
        {
            json_t *object = describe(call);
            visit(owner, object);
            json_decref(object);
        }
    }
}

static void end_call(struct sl_call *call)
{
    sl_log(SL_LOG_INFO, &call->log, "an operator ends it");
    sl_call_finish(call, SL_CALL_FINISH, "Normal call clearing", NULL);
}

static size_t end(void *arg, const char *id)
{
    const struct sl_calls *calls = arg;
    struct sl_phone *phone;
    size_t count = 0;

    sl_list_foreach(phone, &calls->phones, struct sl_phone, link)
    {
        struct sl_call *call = sl_call_find(phone, id);
        if (!call)
            continue;
        end_call(call);
        count++;
    }
    return count;
}

static int send_digits(void *arg, const char *id, const json_t *object)
{
    const struct sl_calls *calls = arg;
    struct sl_phone *phone;
    int count = 0, err = 0;

    sl_list_foreach(phone, &calls->phones, struct sl_phone, link)
    {
        struct sl_call *call = sl_call_find(phone, id);
        if (!call)
            continue;
        count++;
        err = err < 0 ? err : sl_call_take_digits(call, object);
    }
    return err < 0 ? err : count;
}

static void count_call(const struct sl_call *call, struct sl_exchange_stats *out)
{
    if (call->incoming)
        out->incoming++;
    else
        out->outgoing++;
    out->established += sl_call_is_established(call);
}

static void stats(void *arg, struct sl_exchange_stats *out)
{
    const struct sl_calls *calls = arg;
    struct sl_phone *phone;
    struct sl_call *call;

    *out = (struct sl_exchange_stats){0};
    sl_list_foreach(phone, &calls->phones, struct sl_phone, link)
    {
        out->accounts++;
        out->registered += phone->registered;
        out->subscriptions += sl_watch_is_active(phone->watch);
        sl_list_foreach(call, &phone->own_calls, struct sl_call, link) count_call(call, out);
    }
}

void sl_calls_make_exchange(struct sl_calls *calls)
{
    calls->exchange = (struct sl_exchange){.arg = calls,
                                           .each = each,
                                           .end = end,
                                           .send_digits = send_digits,
                                           .stats = stats,
                                           .startup = sl_calls_startup,
                                           .inject_stream = sl_calls_inject_stream,
                                           .inject_sound = sl_calls_inject_sound,
                                           .cancel_sounds = sl_calls_cancel_sounds};
    sl_list_init(&calls->sounds);
}
