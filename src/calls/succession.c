/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What calls that a transfer ties together are to one another, and how that ends. */
#include "calls/succession.h"

#include "calls/media.h"

#include <stdio.h>
#include <string.h>

/* What becomes of a transfer, to client and back end. */
void sl_call_tell_transfer(struct sl_call *call, bool incoming, const char *target,
                           const char *status, const struct sl_sip_event *event)
{
    struct sl_phone *phone = call->phone;
    json_t *object = json_pack("{s:s, s:b, s:s, s:s, s:i, s:s*}", "callId", call->id, "incoming",
                               incoming, "target", target, "status", status, "sipStatus",
                               event ? event->code : 0, "sipMessageRaw", event ? event->raw : NULL);

    if (incoming)
        (void)json_object_set_new(object, "hasVideo", json_boolean(call->has_video));
    sl_log(SL_LOG_INFO, &call->log, "transfer %s", status);
    sl_session_notify(phone->session, SL_HOOK_TRANSFER_STATUS_EVENT, json_copy(object));
    sl_session_strip(phone->session, SL_HOOK_TRANSFER_STATUS_EVENT, object);
    SL_PHONE_TELL(phone, on_transfer, object);
    json_decref(object);
}

void sl_call_forget_transfer(struct sl_call *call)
{
    struct sl_call_transfer *transfer = &call->transfer;

    sl_timer_destroy(transfer->timer);
    free(transfer->target);
    *transfer = (struct sl_call_transfer){.target = NULL};
}

void sl_call_notify_transferor(struct sl_call *parent, int code, const char *reason, bool last)
{
    char line[SL_SIP_NAME_MAX + 16];

    (void)snprintf(line, sizeof(line), "SIP/2.0 %d %s", code, reason);
    if (parent->sip)
        sl_sip_call_notify(parent->sip, line, last);
}

/* Neither is the other's any more. */
void sl_call_part(struct sl_call *parent, struct sl_call *next)
{
    next->parent = NULL;
    parent->next = NULL;
    free(parent->referred_to);
    parent->referred_to = NULL;
}

/* The parent goes on as if nothing had been; without it, so does the browser's side. */
static void next_ends(struct sl_call *next)
{
    struct sl_call *parent = next->parent;

    sl_call_media_close(next->inherited);
    next->inherited = NULL;
    if (!parent)
        return;
    int code = next->sip_status >= 300 ? next->sip_status : 503;
    sl_call_notify_transferor(parent, code, next->end_reason ? next->end_reason : "Failed", true);
    sl_call_tell_transfer(parent, true, parent->referred_to, "FAILED", NULL);
    sl_call_part(parent, next);
}

/* The transferor did not wait for the outcome: the browser waits for the target alone. */
void sl_call_hand_over(struct sl_call *parent)
{
    struct sl_call *next = parent->next;

    if (!next)
        return;

    next->inherited = parent->media;
    parent->media = NULL;
    sl_call_media_set_owner(next->inherited, next, &next->log);
    sl_call_media_quieten(next->inherited);
    sl_call_part(parent, next);
}

void sl_call_transfer_end(struct sl_call *call)
{
    if (sl_call_is_next(call))
        next_ends(call);
    sl_call_forget_transfer(call);
    free(call->referred_to);
    free(call->parent_id);
    free(call->end_reason);
    call->referred_to = call->parent_id = call->end_reason = NULL;
}
