/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the telephone's side says of a call (sip.md 5 to 7, 16.2). */
#include "base/clock.h"
#include "base/error.h"
#include "base/metrics.h"
#include "calls/call.h"
#include "calls/media.h"
#include "calls/published.h"
#include "stream/stream.h"

#include <errno.h>
#include <string.h>

enum { ACTIVITY_MS = 1000 };

/* `rtp_activity_detecting`: on, seconds. */
static int64_t silence_max_us(const struct sl_config *config)
{
    const struct sl_string_list *list = &config->rtp_activity_detecting;

    if (list->count != 2 || strcmp(list->items[0], "true") != 0)
        return 0;
    return strtoll(list->items[1], NULL, 10) * SL_US_PER_S;
}

static void on_activity_timer(void *owner)
{
    struct sl_call *call = owner;
    int64_t max_us = silence_max_us(call->phone->calls->config.config);
    int64_t heard_us = sl_call_media_heard_us(call->media);

    if (heard_us < call->since_us)
        heard_us = call->since_us;
    if (call->status == SL_CALL_ESTABLISHED && max_us > 0 && sl_now_us() - heard_us > max_us)
        sl_call_fail(call, "Failed by RTP activity");
}

static void be_established(struct sl_call *call, const char *raw)
{
    call->since_us = sl_now_us();
    sl_call_media_open(call->media);
    sl_timer_destroy(call->timer);
    call->timer = sl_timer_create(call->phone->calls->config.loop, on_activity_timer, call);
    sl_timer_start(call->timer, ACTIVITY_MS, ACTIVITY_MS);
    sl_count(call->phone->calls->config.counters, SL_COUNTER_CALLS_ESTABLISHED, 1);
    sl_call_set_status(call, SL_CALL_ESTABLISHED, NULL, raw);
}

/* Of one without a browser: whoever takes its stream hears it; without a name, nobody. */
static bool open_stream(struct sl_call *call)
{
    const struct sl_stream_config unnamed = {.name = NULL};
    struct sl_error error = {.text = ""};
    struct sl_stream *stream;

    if (call->stream) {
        sl_call_stream_publish(call->stream);
        return true;
    }
    int err = sl_call_media_publish(call->media, &unnamed, &stream, &error);
    if (err < 0) {
        sl_call_fail(call, sl_call_media_info(err, &error));
        return false;
    }
    sl_stream_set_live(stream);
    return true;
}

/* Its first description: the browser hears of it once. */
static bool take_description(struct sl_call *call, const char *sdp)
{
    struct sl_error error = {.text = ""};

    if (!sdp || call->is_msrp)
        return true;
    if (sl_call_media_is_joined(call->media)) {
        int err = sl_call_media_move_line(call->media, sdp, &error);
        if (err < 0)
            sl_log(SL_LOG_WARN, &call->log, "a later description is left out: %s", error.text);
        return true;
    }
    int err = sl_call_media_settle_line(call->media, sdp, &error);
    if (err < 0) {
        sl_call_fail(call, sl_call_media_info(err, &error));
        return false;
    }
    if (call->alone)
        return open_stream(call);
    if (!call->incoming)
        SL_PHONE_TELL(call->phone, on_description, call->id, sl_call_media_text(call->media), true);
    return true;
}

static void on_progress(struct sl_call *call, const struct sl_sip_event *event)
{
    enum sl_call_status status = event->code == 100   ? SL_CALL_TRYING
                                 : event->code == 183 ? SL_CALL_SESSION_PROGRESS
                                                      : SL_CALL_RING;

    call->sip_status = event->code;
    if (sl_call_is_next(call))
        sl_call_next_progress(call, event); /* its browser hears the transferor until 2xx */
    else if (!take_description(call, event->sdp))
        return;
    if (event->sdp && call->media && call->phone->calls->config.config->sip_early_media_send)
        sl_call_media_open(call->media);
    if (status != call->status && (status != SL_CALL_TRYING || call->status == SL_CALL_PENDING))
        sl_call_set_status(call, status, NULL, event->raw);
}

/* The target of a transfer. */
static void on_next_answered(struct sl_call *call, const struct sl_sip_event *event)
{
    struct sl_call *parent = call->parent;
    struct sl_error error = {.text = ""};

    call->sip_status = event->code;
    if (sl_call_next_answered(call, event, &error) < 0) {
        sl_call_fail(call, error.text);
        return;
    }
    be_established(call, event->raw);
    sl_call_next_established(call, parent);
}

static void on_answered(struct sl_call *call, const struct sl_sip_event *event)
{
    if (sl_call_is_next(call)) {
        on_next_answered(call, event);
        return;
    }
    bool established = sl_call_is_established(call);

    if (!take_description(call, event->sdp) || established)
        return; /* an ACK to what has changed the call */
    call->sip_status = event->code;
    if (sl_call_media_is_joined(call->media))
        be_established(call, event->raw);
    else
        sl_call_fail(call, "488 Not Acceptable Here");
}

static void on_ended(struct sl_call *call, const struct sl_sip_event *event)
{
    char room[256];

    if (event->code > 0)
        call->sip_status = event->code;
    call->end_reason = sl_strdup_or_null(event->reason);
    if (event->code == 0)
        sl_call_finish(call, SL_CALL_FINISH, "Normal call clearing", event->raw);
    else if (event->code == 486 || event->code == 600)
        sl_call_finish(call, SL_CALL_BUSY, NULL, event->raw);
    else
        sl_call_finish(call, SL_CALL_FAILED,
                       sl_call_info(event->code, event->reason, room, sizeof(room)), event->raw);
}

/* Answered from here: the browser is not asked (sip.md 7). */
static void on_offered(struct sl_call *call, const struct sl_sip_event *event)
{
    struct sl_error error = {.text = ""};
    int err = sl_call_media_is_joined(call->media)
                  ? sl_call_media_offered(call->media, event->sdp, &error)
                  : sl_error_set(&error, -EAGAIN, "nothing is agreed upon yet");

    if (err >= 0) {
        sl_sip_call_answer(call->sip, sl_call_media_text(call->media));
        return;
    }
    sl_log(SL_LOG_INFO, &call->log, "what is offered is refused: %s", error.text);
    sl_sip_call_refuse(call->sip, 488);
}

static void on_changed(struct sl_call *call, const struct sl_sip_event *event)
{
    char room[256];
    struct sl_error error = {.text = ""};

    if (!call->changing)
        return;
    call->changing = false;
    if (event->code < 300) {
        if (event->sdp && sl_call_media_move_line(call->media, event->sdp, &error) < 0)
            sl_log(SL_LOG_WARN, &call->log, "their answer is left out: %s", error.text);
        call->sip_status = event->code;
        call->since_us = sl_now_us();
        sl_call_set_status(call, call->wants_hold ? SL_CALL_HOLD : SL_CALL_ESTABLISHED, NULL,
                           event->raw);
        return;
    }
    sl_call_media_hold_no_more(call->media, !call->wants_hold);
    sl_call_tell(call, sl_call_info(event->code, event->reason, room, sizeof(room)), event->raw);
}

static void on_event(void *owner, const struct sl_sip_event *event)
{
    struct sl_call *call = owner;

    if (call->is_msrp && sl_call_msrp_on_event(call, event))
        return;
    switch (event->kind) {
    case SL_SIP_PROGRESS:
        on_progress(call, event);
        break;
    case SL_SIP_ANSWERED:
        on_answered(call, event);
        break;
    case SL_SIP_ENDED:
        on_ended(call, event);
        break;
    case SL_SIP_OFFERED:
        on_offered(call, event);
        break;
    case SL_SIP_CHANGED:
        on_changed(call, event);
        break;
    case SL_SIP_INFO:
        sl_call_take_info(call, event->type, event->sdp);
        break;
    case SL_SIP_INFORMED:
        sl_call_informed(call, event->code);
        break;
    case SL_SIP_REFERRED:
        sl_call_on_referred(call, event);
        break;
    case SL_SIP_TRANSFER_NOTIFIED:
        sl_call_on_notified(call, event);
        break;
    case SL_SIP_REFER:
        sl_call_on_refer(call, event);
        break;
    }
}

const struct sl_sip_call_ops sl_call_sip_ops = {on_event};
