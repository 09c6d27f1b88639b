/* SPDX-License-Identifier: GPL-3.0-or-later */
/* INVITE as a server: the first one of a call (sip.md 5), and those that change it (sip.md 7). */
#include "sip/internal.h"

#include "base/clock.h"
#include "net/net.h"

#include <errno.h>
#include <string.h>

enum { INVITES_PER_S = 50 }; /* to one account */

/* ---- Replies ---- */

static int reply(struct sl_sip_call *call, int code, const char *reason, const char *sdp,
                 struct mbuf **sent)
{
    struct sip *stack = call->account->sip->stack;
    struct mbuf *contact = mbuf_alloc(256);
    char session[SL_SIP_SESSION_MAX] = "";
    struct sa local;
    int err = ENOMEM;

    if (!contact)
        return err;
    if (code >= 200)
        sl_sip_session_answer(call, session);
    err = sip_transp_laddr(stack, &local, call->request->tp, &call->request->src);
    if (err == 0)
        err = sl_sip_print_contact(call->account, call->invite.sips, "", call->request->tp, &local,
                                   contact);
    if (err == 0)
        err = sip_treplyf(
            &call->transaction, sent, stack, call->request, true, (uint16_t)code, reason,
            "%b"
            "Allow: " SL_SIP_ALLOW "\r\nSupported: timer\r\n"
            "%s%s"
            "Content-Length: %zu\r\n\r\n%s",
            contact->buf, contact->end, session, sdp ? "Content-Type: application/sdp\r\n" : "",
            sdp ? strlen(sdp) : 0, sdp ? sdp : "");
    mem_deref(contact);
    return err;
}

void sl_sip_callee_ring(struct sl_sip_call *call)
{
    if (call->transaction && call->state == CALL_RINGING)
        (void)reply(call, 180, "Ringing", NULL, NULL); /* a provisional one may be lost */
}

/* ---- 2xx until ACK (RFC 3261 section 13.3.1.4) ---- */

static void on_ok_timer(void *arg)
{
    struct sl_sip_call *call = arg;

    if (call->ok_waited_ms >= 64 * SIP_T1) {
        call->ok = mem_deref(call->ok);
        sl_sip_call_drop_request(call);
        sl_sip_call_tell(call, SL_SIP_ENDED, SL_SIP_TIMEOUT, NULL);
        sl_sip_call_bye(call);
        return;
    }
    (void)sip_send(call->account->sip->stack, call->request->sock, call->request->tp, &call->ok_to,
                   call->ok);
    call->ok_wait_ms = 2 * call->ok_wait_ms < SIP_T2 ? 2 * call->ok_wait_ms : SIP_T2;
    call->ok_waited_ms += call->ok_wait_ms;
    tmr_start(&call->ok_timer, call->ok_wait_ms, on_ok_timer, call);
}

static void wait_for_ack(struct sl_sip_call *call)
{
    struct pl rport;

    sip_reply_addr(&call->ok_to, call->request,
                   msg_param_exists(&call->request->via.params, "rport", &rport) == 0);
    call->ok->pos = 0;
    call->ok_wait_ms = SIP_T1;
    call->ok_waited_ms = SIP_T1;
    tmr_start(&call->ok_timer, SIP_T1, on_ok_timer, call);
}

void sl_sip_callee_answer(struct sl_sip_call *call, const char *sdp)
{
    struct mbuf *sent = NULL;
    bool invite;

    if (!call->transaction)
        return; /* cancelled, and told */
    invite = pl_strcmp(&call->request->met, "INVITE") == 0;
    if (sdp) { /* what refreshing says again */
        free(call->sdp);
        call->sdp = sl_strdup(sdp);
    }
    if (reply(call, 200, "OK", sdp, &sent) != 0) {
        sl_sip_call_drop_request(call);
        sl_sip_call_end(call, SL_SIP_UNREACHABLE, NULL);
        return;
    }
    if (call->state == CALL_RINGING) {
        sl_sip_call_set_state(call, CALL_CONFIRMED);
        sl_sip_call_know_dialog(call);
    }
    if (!invite) {
        mem_deref(sent);
        sl_sip_call_drop_request(call);
        return;
    }
    call->ok = sent;
    wait_for_ack(call);
}

void sl_sip_callee_on_ack(struct sl_sip_call *call, const struct sip_msg *msg)
{
    if (!call->ok || msg->cseq.num != call->request->cseq.num)
        return;
    sl_sip_call_take_tags(call, &msg->to.tag, &msg->from.tag);
    tmr_cancel(&call->ok_timer);
    call->ok = mem_deref(call->ok);
    sl_sip_call_drop_request(call);
    if (call->close_wanted && call->state == CALL_CONFIRMED)
        sl_sip_call_bye(call);
    else
        sl_sip_call_tell(call, SL_SIP_ANSWERED, 200, msg);
}

/* ---- What may be asked of us ---- */

/* Appends a required extension that is none of ours. */
static bool add_unsupported(const struct sip_hdr *header, const struct sip_msg *msg, void *arg)
{
    struct sl_buffer *tags = arg;

    (void)msg;
    if (pl_strcasecmp(&header->val, "timer") != 0)
        sl_sip_add(tags, "%s%.*s", tags->len > 0 ? ", " : "", (int)header->val.l, header->val.p);
    return false;
}

static bool has_strange_body(const struct sip_msg *msg)
{
    bool offers = pl_strcmp(&msg->met, "INVITE") == 0 || pl_strcmp(&msg->met, "UPDATE") == 0;

    return offers && sl_sip_has_strange_body(msg);
}

bool sl_sip_refuses_extension(struct sl_sip *sip, const struct sip_msg *msg)
{
    bool brief = sl_sip_session_is_too_brief(msg), strange = has_strange_body(msg);
    struct sl_buffer tags;

    sl_buffer_init(&tags, SL_SIP_HEAD_MAX);
    (void)sip_msg_hdr_apply(msg, true, SIP_HDR_REQUIRE, add_unsupported, &tags);
    bool unsupported = tags.len > 0 || !tags.ok;
    sl_buffer_u8(&tags, 0);
    if (unsupported)
        (void)sip_treplyf(NULL, NULL, sip->stack, msg, false, 420, sl_sip_reason(420),
                          "Unsupported: %s\r\nContent-Length: 0\r\n\r\n",
                          tags.ok ? (const char *)tags.data : "");
    else if (strange)
        (void)sip_treplyf(NULL, NULL, sip->stack, msg, false, 415, sl_sip_reason(415),
                          "Accept: application/sdp\r\nContent-Length: 0\r\n\r\n");
    else if (brief)
        (void)sip_treplyf(NULL, NULL, sip->stack, msg, false, 422, sl_sip_reason(422),
                          "Min-SE: %u\r\nContent-Length: 0\r\n\r\n", SL_SIP_SESSION_LEAST_S);
    sl_buffer_deinit(&tags);
    return unsupported || strange || brief;
}

/* ---- The first INVITE ---- */

struct arrival {
    struct sl_msg msg;
    struct sl_sip_call *call;
    char *raw, *caller_uri, *caller_name, *callee, *sdp;
};

static void on_arrival(struct sl_msg *msg) /* on the control loop */
{
    struct arrival *arrival = sl_container_of(msg, struct arrival, msg);
    struct sl_sip_call *call = arrival->call;
    struct sl_sip_account *account = call->account;
    const struct sl_sip_invite invite = {.raw = arrival->raw,
                                         .caller_uri = arrival->caller_uri,
                                         .caller_name = arrival->caller_name,
                                         .callee = arrival->callee,
                                         .sdp = arrival->sdp};

    account->kept_calls++;
    if (account->ops)
        account->ops->on_call(account->owner, call, &invite);
    free(arrival->raw);
    free(arrival->caller_uri);
    free(arrival->caller_name);
    free(arrival->callee);
    free(arrival->sdp);
    free(arrival);
}

static void announce(struct sl_sip_call *call, const struct sip_msg *msg)
{
    struct arrival *arrival = sl_new(struct arrival);

    arrival->msg.run = on_arrival;
    arrival->call = call;
    arrival->raw = sl_sip_raw_text(msg);
    arrival->caller_uri = sl_sip_dup(&msg->from.auri);
    arrival->caller_name = sl_sip_display_name(&msg->from.dname);
    arrival->callee = sl_sip_user(&msg->to.auri);
    arrival->sdp = sl_sip_body(msg, "application", "sdp");
    sl_loop_post(call->account->sip->control, &arrival->msg);
}

/* CANCEL, which libre has answered. */
static void on_cancelled(struct sl_sip_call *call)
{
    sl_sip_call_refuse_request(call, 487);
    if (!call->close_wanted)
        sl_sip_call_tell_cancel(call);
    sl_sip_call_set_state(call, CALL_OVER);
}

static void on_cancel(void *arg)
{
    struct sl_sip_call *call = arg;

    if (call->state == CALL_RINGING)
        on_cancelled(call);
    else
        sl_sip_call_refuse_request(call, 487); /* only the new offer */
}

void sl_sip_callee_take(struct sl_sip_account *account, const struct sip_msg *msg)
{
    struct sip *stack = account->sip->stack;
    struct sip_dialog *dialog;

    if (!sl_sip_bucket_take(&account->invites, INVITES_PER_S)) {
        (void)sip_reply(stack, msg, 503, sl_sip_reason(503)); /* no state is kept for it */
        return;
    }
    if (account->call_count >= SL_SIP_CALLS_MAX || account->state >= ACCOUNT_LEAVING) {
        (void)sip_treply(NULL, stack, msg, 486, sl_sip_reason(486));
        return;
    }
    if (sip_dialog_accept(&dialog, msg) != 0) {
        (void)sip_treply(NULL, stack, msg, 400, "Contact is missing or malformed");
        return;
    }
    struct sl_sip_call *call = sl_sip_call_new(account, true);
    sl_sip_caller_init(call);
    sl_sip_refresh_init(call);
    if (pl_strcasecmp(&msg->uri.scheme, "sips") == 0)
        sl_sip_call_be_secure(call);
    call->dialog = dialog;
    call->request = mem_ref(sl_sip_message(msg));
    sl_sip_call_take_target(call, msg);
    sl_sip_call_enlist(call);
    (void)sip_strans_alloc(&call->transaction, stack, msg, on_cancel, call);
    (void)sip_treply(&call->transaction, stack, msg, 100, "Trying");
    announce(call, msg);
}

/* ---- A later one ---- */

void sl_sip_callee_offered(struct sl_sip_call *call, const struct sip_msg *msg)
{
    struct sip *stack = call->account->sip->stack;

    if (call->transaction || call->ok) { /* RFC 3261 section 14.2 */
        (void)sip_treplyf(NULL, NULL, stack, msg, false, 500, sl_sip_reason(500),
                          "Retry-After: %u\r\nContent-Length: 0\r\n\r\n", 1 + rand_u32() % 10);
        return;
    }
    if (call->invite.handle) {
        (void)sip_treply(NULL, stack, msg, 491, sl_sip_reason(491));
        return;
    }
    if (call->state != CALL_CONFIRMED || call->close_wanted) {
        (void)sip_treply(NULL, stack, msg, 481, sl_sip_reason(481));
        return;
    }
    if (sl_sip_refuses_extension(call->account->sip, msg))
        return;
    (void)sip_dialog_update(call->dialog, msg); /* without a Contact it stays */
    sl_sip_call_take_target(call, msg);
    call->request = mem_ref(sl_sip_message(msg));
    (void)sip_strans_alloc(&call->transaction, stack, msg, on_cancel, call);
    if (pl_strcmp(&msg->met, "UPDATE") == 0 && mbuf_get_left(msg->mb) == 0) {
        sl_sip_callee_answer(call, NULL); /* it offers nothing (RFC 3311 section 5.2) */
        return;
    }
    if (pl_strcmp(&msg->met, "INVITE") == 0)
        (void)sip_treply(&call->transaction, stack, msg, 100, "Trying");
    sl_sip_call_tell(call, SL_SIP_OFFERED, 0, msg);
}
