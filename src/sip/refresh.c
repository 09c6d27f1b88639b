/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls that are refreshed (RFC 4028 section 7.4): by UPDATE, or by INVITE where the other side has
 * no UPDATE; and that end where nobody has. */
#include "sip/internal.h"

#include <errno.h>

static int send_update(struct outgoing *outgoing)
{
    struct sl_sip_call *call = sl_container_of(outgoing, struct sl_sip_call, update);
    struct sl_buffer head;

    sl_buffer_init(&head, SL_SIP_HEAD_MAX);
    sl_sip_add_credentials(call->account, "UPDATE", call->target, &head);
    sl_sip_session_add_request(call, &head);
    sl_sip_add(&head, "Content-Length: 0\r\n\r\n");
    sl_buffer_u8(&head, 0);
    int err = !head.ok ? ENOBUFS
                       : sip_drequestf(&outgoing->handle, call->account->sip->stack, true, "UPDATE",
                                       call->dialog, 0, NULL, sl_sip_add_contact,
                                       sl_sip_on_response, outgoing, "%s", (const char *)head.data);
    sl_buffer_deinit(&head);
    return err;
}

static void end_call(struct sl_sip_call *call, int code, const struct sip_msg *msg)
{
    sl_sip_call_tell(call, SL_SIP_ENDED, code, msg);
    sl_sip_call_bye(call);
}

static void on_response(struct outgoing *outgoing, int err, const struct sip_msg *msg)
{
    struct sl_sip_call *call = sl_container_of(outgoing, struct sl_sip_call, update);

    (void)err;
    if ((msg && msg->scode < 200) || call->state != CALL_CONFIRMED)
        return;
    if (!msg || msg->scode == 408 || msg->scode == 481) { /* RFC 3261 section 12.2.1.2 */
        end_call(call, msg ? msg->scode : SL_SIP_TIMEOUT, msg);
    } else if (msg->scode < 300) {
        (void)sip_dialog_update(call->dialog, msg); /* without a Contact it stays */
        sl_sip_call_take_target(call, msg);
        sl_sip_session_take_answer(call, msg);
    } else if (msg->scode != 491) { /* else theirs is under way, which refreshes as well */
        call->session.has_update = false;
        sl_sip_caller_refresh(call);
    }
}

static void on_due(struct sl_sip_call *call)
{
    if (call->state != CALL_CONFIRMED)
        return;
    if (call->session.has_update && !call->update.handle)
        sl_sip_send(&call->update);
    else
        sl_sip_caller_refresh(call);
}

static void on_over(struct sl_sip_call *call)
{
    if (call->state == CALL_CONFIRMED)
        end_call(call, SL_SIP_TIMEOUT, NULL);
}

void sl_sip_refresh_init(struct sl_sip_call *call)
{
    call->session.on_due = on_due;
    call->session.on_over = on_over;
    call->update = (struct outgoing){
        .account = call->account, .send = send_update, .on_response = on_response};
}
