/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transfers within a call (RFC 3515, sip.md 8): REFER and NOTIFY, as a client and as a server. */
#include "sip/fragment.h"
#include "sip/internal.h"

#include <errno.h>
#include <string.h>

enum { SUBSCRIPTION_S = 180 }; /* how long its outcome may be waited for */

/* ---- We ask ---- */

static int send_refer(struct outgoing *outgoing)
{
    struct sl_sip_call *call = sl_container_of(outgoing, struct sl_sip_call, refer);
    struct sl_buffer head;

    sl_buffer_init(&head, SL_SIP_HEAD_MAX);
    sl_sip_add_credentials(call->account, "REFER", call->target, &head);
    sl_sip_add(&head, "Refer-To: <%s>\r\nReferred-By: <%s>\r\nContent-Length: 0\r\n\r\n",
               call->refer_to, call->account->aor);
    sl_buffer_u8(&head, 0);
    int err = !head.ok ? ENOBUFS
                       : sip_drequestf(&outgoing->handle, call->account->sip->stack, true, "REFER",
                                       call->dialog, 0, NULL, sl_sip_add_contact,
                                       sl_sip_on_response, outgoing, "%s", (const char *)head.data);
    sl_buffer_deinit(&head);
    return err;
}

static void on_refer_response(struct outgoing *outgoing, int err, const struct sip_msg *msg)
{
    struct sl_sip_call *call = sl_container_of(outgoing, struct sl_sip_call, refer);

    (void)err;
    if (msg && msg->scode < 200)
        return;
    call->refers = msg && msg->scode < 300;
    sl_sip_call_tell(call, SL_SIP_REFERRED, msg ? msg->scode : SL_SIP_TIMEOUT, msg);
}

void sl_sip_call_refer_to(struct sl_sip_call *call, char *uri)
{
    free(call->refer_to);
    call->refer_to = uri;
    if (call->state != CALL_CONFIRMED || call->refer.handle) {
        sl_sip_call_tell(call, SL_SIP_REFERRED, 491, NULL);
        return;
    }
    call->refers = true; /* NOTIFY may overtake the answer */
    sl_sip_send(&call->refer);
}

void sl_sip_call_refer_to_replace(struct sl_sip_call *call, const struct sl_sip_call *other)
{
    const struct sl_sip_dialog_id dialog = {.call_id = sip_dialog_callid(other->dialog),
                                            .local_tag = other->local_tag,
                                            .remote_tag = other->remote_tag};
    char uri[SL_SIP_URI_MAX];

    if (other->state == CALL_CONFIRMED && other->local_tag && other->target &&
        sl_sip_refer_to_build(other->target, &dialog, uri) == 0)
        sl_sip_call_refer_to(call, sl_strdup(uri));
    else
        sl_sip_call_tell(call, SL_SIP_REFERRED, 481, NULL);
}

/* The header's value up to a semicolon. */
static bool value_is(const struct sip_msg *msg, enum sip_hdrid id, const char *wanted)
{
    const struct sip_hdr *header = sip_msg_hdr(msg, id);
    struct pl word;

    return header && re_regex(header->val.p, header->val.l, "[^; ]+", &word) == 0 &&
           pl_strcasecmp(&word, wanted) == 0;
}

void sl_sip_call_notified(struct sl_sip_call *call, const struct sip_msg *msg)
{
    struct sip *stack = call->account->sip->stack;
    char reason[SL_SIP_NAME_MAX] = "";
    int code = 0;

    if (!value_is(msg, SIP_HDR_EVENT, "refer")) {
        (void)sip_treply(NULL, stack, msg, 489, sl_sip_reason(489));
        return;
    }
    if (!call->refers) {
        (void)sip_treply(NULL, stack, msg, 481, sl_sip_reason(481));
        return;
    }
    (void)sip_treply(NULL, stack, msg, 200, "OK");
    bool over = value_is(msg, SIP_HDR_SUBSCRIPTION_STATE, "terminated");
    if (sl_sip_fragment_parse((const char *)mbuf_buf(msg->mb), mbuf_get_left(msg->mb), &code,
                              reason) < 0 &&
        !over)
        return; /* it says nothing */
    call->refers = !over && code < 200;
    sl_sip_call_tell_notified(call, code, reason, over, msg);
}

/* ---- They ask ---- */

/* Its only Refer-To: libre takes none apart whose URI is of another scheme. */
static int read_refer_to(const struct sip_msg *msg, struct sl_sip_refer_to *out)
{
    const struct sip_hdr *header = sip_msg_hdr(msg, SIP_HDR_REFER_TO);
    struct pl uri;

    if (sip_msg_hdr_count(msg, SIP_HDR_REFER_TO) != 1 || !header ||
        (re_regex(header->val.p, header->val.l, "<[^>]+>", &uri) != 0 &&
         re_regex(header->val.p, header->val.l, "[^ ;]+", &uri) != 0))
        return 400;
    return sl_sip_refer_to_parse(uri.p, uri.l, out) < 0 ? 416 : 0;
}

static void on_cancel(void *arg)
{
    (void)arg; /* REFER cannot be cancelled (RFC 3261 section 9.1) */
}

void sl_sip_call_referred(struct sl_sip_call *call, const struct sip_msg *msg)
{
    struct sip *stack = call->account->sip->stack;
    struct sl_sip_refer_to to;
    int code = read_refer_to(msg, &to);

    if (code == 0 && (call->state != CALL_CONFIRMED || call->close_wanted))
        code = 481;
    if (code == 0 && (call->referring || call->refer_request))
        code = 491; /* one at a time */
    if (code != 0) {
        (void)sip_treply(NULL, stack, msg, (uint16_t)code, sl_sip_reason(code));
        return;
    }
    if (sip_strans_alloc(&call->refer_transaction, stack, msg, on_cancel, call) != 0)
        return; /* it is asked again */
    call->refer_request = mem_ref(sl_sip_message(msg));
    sl_sip_call_tell_refer(call, to.uri, to.replaces, msg);
}

static void drop_refer(struct sl_sip_call *call)
{
    call->refer_transaction = mem_deref(call->refer_transaction);
    call->refer_request = mem_deref(call->refer_request);
}

static int send_notify(struct outgoing *outgoing)
{
    struct sl_sip_call *call = sl_container_of(outgoing, struct sl_sip_call, notify);
    struct sl_buffer head;
    char state[64];

    if (call->notify_last)
        (void)snprintf(state, sizeof(state), "terminated;reason=noresource");
    else
        (void)snprintf(state, sizeof(state), "active;expires=%d", SUBSCRIPTION_S);
    sl_buffer_init(&head, SL_SIP_HEAD_MAX);
    sl_sip_add_credentials(call->account, "NOTIFY", call->target, &head);
    sl_sip_add(&head,
               "Event: refer\r\nSubscription-State: %s\r\nContent-Type: "
               "message/sipfrag;version=2.0\r\nContent-Length: %zu\r\n\r\n%s\r\n",
               state, strlen(call->notify_text) + 2, call->notify_text);
    sl_buffer_u8(&head, 0);
    int err = !head.ok ? ENOBUFS
                       : sip_drequestf(&outgoing->handle, call->account->sip->stack, true, "NOTIFY",
                                       call->dialog, 0, NULL, sl_sip_add_contact,
                                       sl_sip_on_response, outgoing, "%s", (const char *)head.data);
    sl_buffer_deinit(&head);
    return err;
}

static void send_next_notify(struct sl_sip_call *call)
{
    if (!call->notify_next || call->notify.handle || call->state != CALL_CONFIRMED)
        return;
    free(call->notify_text);
    call->notify_text = call->notify_next;
    call->notify_next = NULL;
    call->notify_last = call->notify_next_last;
    sl_sip_send(&call->notify);
}

static void on_notify_response(struct outgoing *outgoing, int err, const struct sip_msg *msg)
{
    struct sl_sip_call *call = sl_container_of(outgoing, struct sl_sip_call, notify);

    (void)err; /* who does not want to know is told no less */
    if (!msg || msg->scode >= 200)
        send_next_notify(call);
}

void sl_sip_call_answer_refer_with(struct sl_sip_call *call, int code)
{
    struct sip *stack = call->account->sip->stack;
    struct mbuf *contact = mbuf_alloc(256);
    struct sa local;

    if (!call->refer_request || !contact) {
        mem_deref(contact);
        return;
    }
    if (sip_transp_laddr(stack, &local, call->refer_request->tp, &call->refer_request->src) == 0 &&
        sl_sip_print_contact(call->account, call->refer.sips, "", call->refer_request->tp, &local,
                             contact) == 0)
        (void)sip_treplyf(&call->refer_transaction, NULL, stack, call->refer_request, false,
                          (uint16_t)code, sl_sip_reason(code),
                          "%b"
                          "Content-Length: 0\r\n\r\n",
                          contact->buf, contact->end);
    mem_deref(contact);
    call->referring = code < 300;
    drop_refer(call);
}

void sl_sip_call_notify_with(struct sl_sip_call *call, char *text, bool last)
{
    if (!call->referring) {
        free(text);
        return;
    }
    free(call->notify_next); /* what was not sent yet is old */
    call->notify_next = text;
    call->notify_next_last = last;
    call->referring = !last;
    send_next_notify(call);
}

/* ---- Life ---- */

void sl_sip_refer_init(struct sl_sip_call *call)
{
    call->refer = (struct outgoing){
        .account = call->account, .send = send_refer, .on_response = on_refer_response};
    call->notify = (struct outgoing){
        .account = call->account, .send = send_notify, .on_response = on_notify_response};
}

void sl_sip_refer_deinit(struct sl_sip_call *call)
{
    sl_sip_forget(&call->refer);
    sl_sip_forget(&call->notify);
    if (call->refer_request) /* of a call that has ended meanwhile; not sent: it is asked again */
        (void)sip_treply(&call->refer_transaction, call->account->sip->stack, call->refer_request,
                         481, sl_sip_reason(481));
    drop_refer(call);
    free(call->refer_to);
    free(call->notify_text);
    free(call->notify_next);
}
