/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A call's life and its dialog. */
#include "sip/internal.h"

#include "net/net.h"

#include <errno.h>
#include <string.h>

/* ---- A request that waits for an answer ---- */

void sl_sip_call_drop_request(struct sl_sip_call *call)
{
    call->transaction = mem_deref(call->transaction);
    call->request = mem_deref(call->request);
}

/* And what was answered and not acknowledged. */
static void forget_request(struct sl_sip_call *call)
{
    tmr_cancel(&call->ok_timer);
    call->ok = mem_deref(call->ok);
    sl_sip_call_drop_request(call);
}

void sl_sip_call_refuse_request(struct sl_sip_call *call, int code)
{
    if (!call->transaction)
        return;
    (void)sip_treply(&call->transaction, call->account->sip->stack, call->request, (uint16_t)code,
                     sl_sip_reason(code)); /* not sent: it is asked again, and nobody is here */
    sl_sip_call_drop_request(call);
}

/* ---- States ---- */

static void on_closed(struct sl_msg *msg) /* on the control loop */
{
    struct sl_sip_call *call = sl_container_of(msg, struct sl_sip_call, closed);

    call->account->kept_calls--;
    free(call);
}

/* Everything of the thread's goes; what is left is for the control loop to free. */
static void release(struct sl_sip_call *call)
{
    struct sl_sip_account *account = call->account;

    tmr_cancel(&call->glare);
    sl_sip_forget(&call->invite);
    sl_sip_forget(&call->bye);
    sl_sip_forget(&call->info);
    sl_sip_forget(&call->update);
    sl_sip_session_stop(call);
    forget_request(call);
    sl_sip_refer_deinit(call);
    sl_table_remove(&account->sip->dialogs, &call->dialog_node);
    sl_list_remove(&call->link);
    mem_deref(call->dialog);
    mem_deref(call->forkable);
    free(call->local_tag);
    free(call->remote_tag);
    free(call->target);
    free(call->to);
    free(call->caller);
    free(call->name);
    free(call->headers);
    free(call->sdp);
    free(call->sdp_before);
    free(call->info_type);
    free(call->info_body);
    call->closed.run = on_closed;
    sl_loop_post(account->sip->control, &call->closed);
    sl_sip_account_call_gone(account);
}

void sl_sip_call_set_state(struct sl_sip_call *call, enum call_state state)
{
    call->state = state;
    if (state == CALL_OVER && call->close_wanted)
        release(call);
}

void sl_sip_call_end(struct sl_sip_call *call, int code, const struct sip_msg *msg)
{
    if (call->state != CALL_OVER)
        sl_sip_call_tell(call, SL_SIP_ENDED, code, msg);
    sl_sip_call_set_state(call, CALL_OVER);
}

/* ---- Dialogs ---- */

static bool is_dialog(const struct sl_table_node *node, const void *key)
{
    const struct sl_sip_call *call = sl_container_of_const(node, struct sl_sip_call, dialog_node);

    return sip_dialog_cmp(call->dialog, key);
}

void sl_sip_call_know_dialog(struct sl_sip_call *call)
{
    sl_table_insert(&call->account->sip->dialogs, &call->dialog_node,
                    sl_hash_text(sip_dialog_callid(call->dialog)));
}

static bool is_half_of_dialog(const struct sl_table_node *node, const void *key)
{
    const struct sl_sip_call *call = sl_container_of_const(node, struct sl_sip_call, dialog_node);
    const struct sip_msg *msg = key;

    return !call->incoming && call->invite_cseq == msg->cseq.num &&
           sip_dialog_cmp_half(call->dialog, msg);
}

struct sl_sip_call *sl_sip_call_of_fork(struct sl_sip *sip, const struct sip_msg *msg)
{
    struct sl_table_node *node =
        sl_table_find(&sip->dialogs, sl_hash(msg->callid.p, msg->callid.l), is_half_of_dialog, msg);

    return node ? sl_container_of(node, struct sl_sip_call, dialog_node) : NULL;
}

void sl_sip_call_take_tags(struct sl_sip_call *call, const struct pl *local,
                           const struct pl *remote)
{
    free(call->local_tag);
    free(call->remote_tag);
    call->local_tag = sl_sip_dup(local);
    call->remote_tag = sl_sip_dup(remote);
}

void sl_sip_call_take_target(struct sl_sip_call *call, const struct sip_msg *msg)
{
    char *target = sl_sip_contact(msg);

    if (!target)
        return;
    free(call->target);
    call->target = target;
}

struct sl_sip_call *sl_sip_call_of(struct sl_sip *sip, const struct sip_msg *msg)
{
    struct sl_table_node *node =
        sl_table_find(&sip->dialogs, sl_hash(msg->callid.p, msg->callid.l), is_dialog, msg);

    return node ? sl_container_of(node, struct sl_sip_call, dialog_node) : NULL;
}

/* ---- BYE and INFO ---- */

static int send_bye(struct outgoing *outgoing)
{
    struct sl_sip_call *call = sl_container_of(outgoing, struct sl_sip_call, bye);
    struct sl_buffer head;

    sl_buffer_init(&head, SL_SIP_HEAD_MAX);
    sl_sip_add_credentials(call->account, "BYE", call->target, &head);
    sl_sip_add(&head, "Content-Length: 0\r\n\r\n");
    sl_buffer_u8(&head, 0);
    int err = !head.ok ? ENOBUFS
                       : sip_drequestf(&outgoing->handle, call->account->sip->stack, true, "BYE",
                                       call->dialog, 0, NULL, sl_sip_on_sending, sl_sip_on_response,
                                       outgoing, "%s", (const char *)head.data);
    sl_buffer_deinit(&head);
    return err;
}

/* Whatever it is: the dialog is over (RFC 3261 section 15.1.1). */
static void on_bye_response(struct outgoing *outgoing, int err, const struct sip_msg *msg)
{
    struct sl_sip_call *call = sl_container_of(outgoing, struct sl_sip_call, bye);

    (void)err;
    if (!msg || msg->scode >= 200)
        sl_sip_call_set_state(call, CALL_OVER);
}

void sl_sip_call_bye(struct sl_sip_call *call)
{
    sl_sip_session_stop(call);
    sl_sip_call_set_state(call, CALL_LEAVING);
    sl_sip_send(&call->bye);
}

/* ---- Life [sip] ---- */

struct sl_sip_call *sl_sip_call_new(struct sl_sip_account *account, bool incoming)
{
    struct sl_sip_call *call = sl_new(struct sl_sip_call);

    call->account = account;
    call->incoming = incoming;
    call->state = incoming ? CALL_RINGING : CALL_CALLING;
    tmr_init(&call->glare);
    tmr_init(&call->ok_timer);
    tmr_init(&call->session.timer);
    sl_sip_refer_init(call);
    call->bye =
        (struct outgoing){.account = account, .send = send_bye, .on_response = on_bye_response};
    return call;
}

void sl_sip_call_be_secure(struct sl_sip_call *call)
{
    struct outgoing *const all[] = {&call->invite, &call->info, &call->update, &call->refer,
                                    &call->notify};

    for (size_t i = 0; i < SL_ARRAY_LEN(all); i++)
        all[i]->sips = true;
}

/* Under way on the thread: counted and listed there. */
void sl_sip_call_enlist(struct sl_sip_call *call)
{
    sl_list_append(&call->account->sip->calls, &call->link);
    call->account->call_count++;
}
