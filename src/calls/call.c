/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A call's life: what is told of it, and how it ends (sip.md 4 to 7). */
#include "calls/call.h"

#include "base/error.h"
#include "base/metrics.h"
#include "calls/extras.h"
#include "calls/media.h"
#include "calls/published.h"
#include "msrp/msrp.h"

#include <errno.h>
#include <string.h>

struct sl_call *sl_call_find(const struct sl_phone *phone, const char *id)
{
    struct sl_call *call;

    sl_list_foreach(call, &phone->own_calls, struct sl_call, link)
    {
        if (strcmp(call->id, id) == 0)
            return call;
    }
    return NULL;
}

struct sl_call *sl_call_new(struct sl_phone *phone, const char *id, bool incoming)
{
    struct sl_call *call = sl_new(struct sl_call);

    call->phone = phone;
    call->id = sl_strdup(id);
    call->incoming = incoming;
    call->has_audio = true;
    sl_list_init(&call->questions);
    sl_log_scope_init(&call->log, &phone->log, "call", id);
    sl_list_append(&phone->own_calls, &call->link);
    phone->call_count++;
    sl_count(phone->calls->config.counters, incoming ? SL_COUNTER_CALLS_IN : SL_COUNTER_CALLS_OUT,
             1);
    return call;
}

/* ---- The call object (websocket-api.md 11.2) ---- */

static const char *const status_names[] = {
    [SL_CALL_PENDING] = "PENDING",
    [SL_CALL_TRYING] = "TRYING",
    [SL_CALL_RING] = "RING",
    [SL_CALL_SESSION_PROGRESS] = "SESSION_PROGRESS",
    [SL_CALL_ESTABLISHED] = "ESTABLISHED",
    [SL_CALL_HOLD] = "HOLD",
    [SL_CALL_FINISH] = "FINISH",
    [SL_CALL_BUSY] = "BUSY",
    [SL_CALL_FAILED] = "FAILED",
};

json_t *sl_call_describe(const struct sl_call *call, const char *info, const char *raw)
{
    json_t *object =
        json_pack("{s:s, s:b, s:s, s:i, s:s, s:s, s:b, s:b, s:s, s:s, s:s*, s:s*, s:O*}", "callId",
                  call->id, "incoming", call->incoming, "status", status_names[call->status],
                  "sipStatus", call->sip_status, "caller", call->caller, "callee", call->callee,
                  "hasAudio", call->has_audio && !call->is_msrp, "hasVideo", call->has_video,
                  "visibleName", call->visible_name, "mediaProvider",
                  call->alone ? "Flash" : "WebRTC", /* as documented (sip.md SC12) */
                  "info", info, "sipMessageRaw", raw, "custom", call->custom);

    if (call->parent_id)
        (void)json_object_set_new(object, "parentCallId", json_string(call->parent_id));
    if (call->is_msrp)
        (void)json_object_set_new(object, "isMsrp", json_true());
    if (call->hold_for_transfer)
        (void)json_object_set_new(object, "holdForTransfer", json_true());
    return object;
}

/* ---- States ---- */

void sl_call_free(struct sl_call *call)
{
    sl_questions_cancel(&call->questions);
    sl_call_transfer_end(call);
    sl_timer_destroy(call->timer);
    sl_timer_destroy(call->digit_timer);
    if (sl_list_linked(&call->link))
        call->phone->call_count--;
    sl_list_remove(&call->link);
    json_decref(call->custom);
    free(call->id);
    free(call->caller);
    free(call->callee);
    free(call->visible_name);
    free(call->target);
    free(call->to);
    free(call->from);
    free(call->invite);
    json_decref(call->invite_parameters);
    json_decref(call->lines);
    json_decref(call->headers);
    free(call->msrp_raw);
    free(call->rtmp_url);
    free(call->rtmp_stream);
    free(call);
}

static void tell_hook(struct sl_call *call, const char *info, const char *raw)
{
    sl_session_notify(call->phone->session, SL_HOOK_CALL_STATUS_EVENT,
                      sl_call_describe(call, info, raw));
}

void sl_call_tell(struct sl_call *call, const char *info, const char *raw)
{
    json_t *object = sl_call_describe(call, info, raw);

    sl_session_strip(call->phone->session, SL_HOOK_CALL_STATUS_EVENT, object);
    SL_PHONE_TELL(call->phone, on_status, call->status, object);
    json_decref(object);
}

/*
 *   PENDING -> TRYING -> RING, SESSION_PROGRESS -> ESTABLISHED <-> HOLD
 *   any -> FINISH, BUSY, FAILED: sl_call_finish() frees it then
 */
void sl_call_set_status(struct sl_call *call, enum sl_call_status status, const char *info,
                        const char *raw)
{
    call->status = status;
    if (status == SL_CALL_FAILED)
        sl_count(call->phone->calls->config.counters, SL_COUNTER_CALLS_FAILED, 1);
    sl_log(SL_LOG_INFO, &call->log, "%s%s%s", status_names[status], info ? " " : "",
           info ? info : "");
    tell_hook(call, info, raw);
    sl_call_tell(call, info, raw);
}

/* What the other side has of it ends as its state wants it. */
void sl_call_let_go(struct sl_call *call, int reject_code)
{
    if (call->sip)
        sl_sip_call_close(call->sip, reject_code);
    call->sip = NULL;
    sl_call_stream_destroy(call->stream);
    call->stream = NULL;
    sl_msrp_session_destroy(call->msrp);
    call->msrp = NULL;
    sl_call_hand_over(call);
    sl_call_media_close(call->media);
    call->media = NULL;
}

/* Its client was told nothing, and knows no such call. */
static bool is_unheard_of(const struct sl_call *call)
{
    return call->incoming && call->status == SL_CALL_PENDING;
}

void sl_call_forget(struct sl_call *call, int reject_code)
{
    sl_call_let_go(call, reject_code);
    sl_call_free(call);
}

void sl_call_finish(struct sl_call *call, enum sl_call_status status, const char *info,
                    const char *raw)
{
    int code = call->phone->calls->config.config->sip_reject_code > 0 && !call->answered &&
                       status == SL_CALL_FINISH
                   ? (int)call->phone->calls->config.config->sip_reject_code
                   : 480;

    if (is_unheard_of(call)) {
        sl_call_forget(call, code);
        return;
    }
    sl_call_let_go(call, code);
    sl_call_set_status(call, status, info, raw);
    sl_call_free(call);
}

void sl_call_fail(struct sl_call *call, const char *info)
{
    sl_call_finish(call, SL_CALL_FAILED, info, NULL);
}

void sl_call_drop(struct sl_call *call)
{
    if (!is_unheard_of(call)) {
        call->status = SL_CALL_FINISH;
        tell_hook(call, NULL, NULL);
    }
    sl_call_forget(call, 480);
}

/* ---- Media ---- */

const char *sl_call_media_info(int err, const struct sl_error *error)
{
    return err == -EADDRINUSE ? "MEDIA_PORTS_BUSY" : error->text;
}

static void on_media_heard(void *owner)
{
    const struct sl_call *call = owner;

    if (call->stream)
        sl_call_stream_on_heard(call->stream);
}

/* Nobody is left for whom a transfer would be. */
static void on_media_failed(void *owner)
{
    struct sl_call *call = owner;

    if (call->next)
        sl_call_fail(call->next, "Failed by ICE keep alive");
    sl_call_fail(owner, "Failed by ICE keep alive");
}

void sl_call_make_media(struct sl_call *call)
{
    struct sl_phone *phone = call->phone;
    const struct sl_call_media_config config = {
        .calls = phone->calls,
        .id = call->id,
        .via = *sl_session_local(phone->session),
        .local = phone->local,
        .at_home = phone->at_home,
        .log = &call->log,
        .alone = call->alone,
        .wants = {[SL_AUDIO] = call->has_audio, [SL_VIDEO] = call->has_video},
        .to_rtmp = call->alone && call->rtmp_url,
        .beside = call->parent ? call->parent->media : NULL,
        .on_failed = on_media_failed,
        .on_keyframe_wanted = sl_call_want_keyframe,
        .on_heard = on_media_heard,
        .owner = call,
    };

    call->media = sl_call_media_create(&config);
}

void sl_call_take_extras(struct sl_call *call, const json_t *object)
{
    call->lines = json_incref(json_object_get(object, "sipSDP"));
    call->headers = json_incref(json_object_get(object, "sipHeaders"));
}

char *sl_call_description(struct sl_call *call)
{
    bool left_out;
    char *text = sl_call_add_lines(call->is_msrp ? sl_msrp_session_description(call->msrp)
                                                 : sl_call_media_text(call->media),
                                   call->lines, &left_out);

    if (left_out)
        sl_log(SL_LOG_WARN, &call->log, "sipSDP: lines other than a= and b= are left out");
    return text;
}

void sl_calls_drop_all(struct sl_phone *phone)
{
    while (!sl_list_empty(&phone->own_calls))
        sl_call_drop(sl_list_first(&phone->own_calls, struct sl_call, link));
}
