/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes within a call's dialog. */
#include "sip/internal.h"

enum { REQUESTS_PER_S = 50 }; /* within one call */

static void on_bye(struct sl_sip_call *call, const struct sip_msg *msg)
{
    (void)sip_treply(NULL, call->account->sip->stack, msg, 200, "OK");
    sl_sip_call_refuse_request(call,
                               487); /* an INVITE of theirs that waits (RFC 3261 section 15.1.2) */
    sl_sip_call_end(call, 0, msg);
}

static void on_info(struct sl_sip_call *call, const struct sip_msg *msg)
{
    (void)sip_treply(NULL, call->account->sip->stack, msg, 200, "OK");
    sl_sip_call_tell_info(call, msg);
}

bool sl_sip_dialog_request(struct sl_sip_call *call, const struct sip_msg *msg)
{
    struct sip *stack = call->account->sip->stack;

    if (pl_strcmp(&msg->met, "ACK") == 0) {
        sl_sip_callee_on_ack(call, msg);
        return true;
    }
    if (call->state == CALL_OVER) {
        (void)sip_reply(stack, msg, 481, sl_sip_reason(481)); /* no state is kept for it */
        return true;
    }
    if (pl_strcmp(&msg->met, "BYE") != 0 &&
        !sl_sip_bucket_take(&call->requests, REQUESTS_PER_S)) {
        (void)sip_reply(stack, msg, 503, sl_sip_reason(503));
        return true;
    }
    if (!sip_dialog_rseq_valid(call->dialog, msg)) {
        (void)sip_reply(stack, msg, 500, sl_sip_reason(500));
        return true;
    }
    if (pl_strcmp(&msg->met, "BYE") == 0)
        on_bye(call, msg);
    else if (pl_strcmp(&msg->met, "INFO") == 0)
        on_info(call, msg);
    else if (pl_strcmp(&msg->met, "REFER") == 0)
        sl_sip_call_referred(call, msg);
    else if (pl_strcmp(&msg->met, "NOTIFY") == 0)
        sl_sip_call_notified(call, msg);
    else if (pl_strcmp(&msg->met, "INVITE") == 0 || pl_strcmp(&msg->met, "UPDATE") == 0)
        sl_sip_callee_offered(call, msg);
    else
        return false;
    return true;
}
