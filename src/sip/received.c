/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MESSAGE as a server (RFC 3428 section 7): answered when its owner has taken it. What is repeated
 * meanwhile, or afterwards, is its transaction's. */
#include "sip/internal.h"

#include "net/net.h"

#include <string.h>

enum { MESSAGES_PER_S = 20 }; /* to one account */

struct sl_sip_received {
    struct sl_sip_account *account;
    struct sl_msg arrived, answered, gone;
    int code;
    /* for the control loop */
    char *raw, *from_uri, *to, *type, *body;
    size_t len;
    /* [sip] */
    struct sl_list link; /* in sip->received */
    struct sip_strans *transaction;
    struct sip_msg *request;
};

/* ---- The end ---- */

static void on_gone(struct sl_msg *msg) /* on the control loop */
{
    struct sl_sip_received *received = sl_container_of(msg, struct sl_sip_received, gone);

    free(received->raw);
    free(received->from_uri);
    free(received->to);
    free(received->type);
    free(received->body);
    free(received);
}

static void release(struct sl_sip_received *received)
{
    struct sl_sip_account *account = received->account;

    received->transaction = mem_deref(received->transaction);
    received->request = mem_deref(received->request);
    sl_list_remove(&received->link);
    account->received_count--;
    received->gone.run = on_gone;
    sl_loop_post(account->sip->control, &received->gone);
    sl_sip_account_other_gone(account);
}

/* What is answered now is answered to nobody. */
void sl_sip_received_drop(struct sl_sip *sip)
{
    struct sl_sip_received *received;

    sl_list_foreach(received, &sip->received, struct sl_sip_received, link)
    {
        release(received);
    }
}

/* ---- The answer ---- */

static void on_answered(struct sl_msg *msg) /* on the thread */
{
    struct sl_sip_received *received = sl_container_of(msg, struct sl_sip_received, answered);
    const char *reason = received->code == 200 ? "OK" : sl_sip_reason(received->code);

    /* Not sent: it is asked again, and nobody is here. */
    (void)sip_treply(&received->transaction, received->account->sip->stack, received->request,
                     (uint16_t)received->code, reason);
    release(received);
}

void sl_sip_received_answer(struct sl_sip_received *received, int code)
{
    received->code = code;
    received->answered.run = on_answered;
    sl_sip_order(received->account->sip, &received->answered);
}

/* ---- The request ---- */

static void on_arrived(struct sl_msg *msg) /* on the control loop */
{
    struct sl_sip_received *received = sl_container_of(msg, struct sl_sip_received, arrived);
    struct sl_sip_account *account = received->account;
    const struct sl_sip_text text = {.raw = received->raw,
                                     .from_uri = received->from_uri,
                                     .to = received->to,
                                     .type = received->type,
                                     .body = received->body,
                                     .len = received->len};

    if (account->ops)
        account->ops->on_message(account->owner, received, &text);
    else
        sl_sip_received_answer(received, 480);
}

static bool is_encoded(const struct sip_msg *msg)
{
    const struct sip_hdr *encoding = sip_msg_hdr(msg, SIP_HDR_CONTENT_ENCODING);

    return encoding && pl_strcasecmp(&encoding->val, "identity") != 0;
}

void sl_sip_received_take(struct sl_sip_account *account, const struct sip_msg *msg)
{
    struct sl_sip *sip = account->sip;
    const struct sip_hdr *type = sip_msg_hdr(msg, SIP_HDR_CONTENT_TYPE);

    if (!sl_sip_bucket_take(&account->messages, MESSAGES_PER_S)) {
        (void)sip_reply(sip->stack, msg, 503, sl_sip_reason(503)); /* no state is kept for it */
        return;
    }
    if (is_encoded(msg)) {
        (void)sip_treplyf(NULL, NULL, sip->stack, msg, false, 415, sl_sip_reason(415),
                          "Accept-Encoding: identity\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    if (account->state >= ACCOUNT_LEAVING || account->received_count >= SL_SIP_RECEIVED_MAX) {
        (void)sip_treply(NULL, sip->stack, msg, 480, sl_sip_reason(480));
        return;
    }
    struct sl_sip_received *received = sl_new(struct sl_sip_received);
    received->account = account;
    received->request = mem_ref(sl_sip_message(msg));
    if (sip_strans_alloc(&received->transaction, sip->stack, msg, NULL, NULL) != 0)
        received->transaction = NULL; /* then without: the answer makes one */
    account->received_count++;
    account->other_count++;
    sl_list_append(&sip->received, &received->link);
    received->raw = sl_sip_raw_text(msg);
    received->from_uri = sl_sip_dup(&msg->from.auri);
    received->to = sl_sip_user(&msg->to.auri);
    received->type = type ? sl_sip_dup(&type->val) : sl_strdup("");
    received->len = mbuf_get_left(msg->mb);
    received->body = sl_alloc(received->len + 1); /* inbound.c bounds it */
    if (received->len > 0)
        memcpy(received->body, mbuf_buf(msg->mb), received->len);
    received->arrived.run = on_arrived;
    sl_loop_post(sip->control, &received->arrived);
}
