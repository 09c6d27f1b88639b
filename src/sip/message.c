/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MESSAGE as a client (RFC 3428 section 4). */
#include "sip/internal.h"

#include "base/random.h"
#include "net/net.h"

#include <errno.h>
#include <string.h>

enum {
    CONGESTION_MAX = 1300, /* bytes that may leave by UDP as a rule (RFC 3428 section 8) */
    FIRST_LINES = 220,     /* about what libre adds in front: the request line, Via, Max-Forwards */
};

struct sl_sip_message {
    /* [control] */
    const struct sl_sip_message_ops *ops; /* NULL: forgotten */
    void *owner;
    struct sl_msg msg; /* to the thread, and back when it is over */
    /* constant */
    struct sl_sip_account *account;
    char *target, *from, *name, *type, *body;
    char call_id[SL_SIP_ID_LEN + 1], tag[SL_SIP_ID_LEN + 1];
    /* [sip] */
    struct sl_list link; /* in sip->messages */
    struct outgoing outgoing;
    char tcp_hop[SL_ADDR_TEXT_MAX + 48];
    struct uri tcp_route; /* the same */
    bool no_tcp;          /* there is none at the next hop */
    bool over_tcp;        /* the last time, for its length */
    uint32_t cseq;
    size_t len; /* as it was sent */
    /* the outcome */
    int code;
    char *reason, *raw, *sent;
};

/* ---- The end ---- */

static void on_over(struct sl_msg *msg) /* on the control loop */
{
    struct sl_sip_message *message = sl_container_of(msg, struct sl_sip_message, msg);

    if (message->ops)
        message->ops->on_answered(message->owner, message->code, message->reason, message->raw,
                                  message->sent);
    free(message->target);
    free(message->from);
    free(message->name);
    free(message->type);
    free(message->body);
    free(message->reason);
    free(message->raw);
    free(message->sent);
    free(message);
}

static void end(struct sl_sip_message *message, int code, const struct sip_msg *msg)
{
    struct sl_sip_account *account = message->account;

    sl_sip_forget(&message->outgoing);
    sl_list_remove(&message->link);
    message->code = code;
    message->reason = msg ? sl_sip_dup(&msg->reason) : sl_strdup(sl_sip_reason(code));
    message->raw = msg ? sl_sip_raw_text(msg) : NULL;
    message->msg.run = on_over;
    sl_loop_post(account->sip->control, &message->msg);
    sl_sip_account_other_gone(account);
}

void sl_sip_messages_drop(struct sl_sip *sip, const struct sl_sip_account *account)
{
    struct sl_sip_message *message;

    sl_list_foreach(message, &sip->messages, struct sl_sip_message, link)
    {
        if (!account || message->account == account)
            end(message, SL_SIP_UNREACHABLE, NULL);
    }
}

/* ---- Sending ---- */

void sl_sip_messages_trace(struct sl_sip *sip, const uint8_t *data, size_t len)
{
    static const char method[] = "MESSAGE ";
    struct sl_sip_message *message;

    if (len < sizeof(method) || memcmp(data, method, sizeof(method) - 1) != 0)
        return;
    sl_list_foreach(message, &sip->messages, struct sl_sip_message, link)
    {
        if (!memmem(data, len, message->call_id, SL_SIP_ID_LEN))
            continue;
        free(message->sent);
        message->sent = sl_sip_without_credentials((const char *)data, len);
    }
}

static void add_head(struct sl_sip_message *message, struct sl_buffer *head)
{
    struct sl_sip_account *account = message->account;
    char name[SL_SIP_NAME_MAX];

    sl_sip_add(head, "Route: <%s;lr>\r\nTo: <%s>\r\nFrom: ", account->hop, message->target);
    if (message->name[0])
        sl_sip_add(head, "\"%s\" ", sl_sip_quote_name(message->name, name));
    sl_sip_add(head, "<%s>;tag=%s\r\nCall-ID: %s\r\nCSeq: %u MESSAGE\r\n", message->from,
               message->tag, message->call_id, ++message->cseq);
    sl_sip_add_credentials(account, "MESSAGE", message->target, head);
    sl_sip_add(head, "User-Agent: %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
               account->sip->user_agent, message->type, strlen(message->body));
}

static int send_message(struct outgoing *outgoing)
{
    struct sl_sip_message *message = sl_container_of(outgoing, struct sl_sip_message, outgoing);
    struct sl_sip_account *account = message->account;
    struct sl_buffer text;

    sl_buffer_init(&text, SL_SIP_HEAD_MAX + SL_SIP_MESSAGE_MAX);
    add_head(message, &text);
    sl_buffer_append(&text, message->body, strlen(message->body));
    message->len = FIRST_LINES + text.len + strlen(message->target);
    bool datagram = account->transport == SL_SIP_UDP;
    message->over_tcp = datagram && !message->no_tcp && message->len > CONGESTION_MAX;
    int err = EMSGSIZE;
    if (text.ok && (!datagram || message->over_tcp || message->len <= SL_SIP_DATAGRAM_MAX))
        err = sip_requestf(&outgoing->handle, account->sip->stack, true, "MESSAGE", message->target,
                           message->over_tcp ? &message->tcp_route : &account->route, NULL,
                           sl_sip_on_sending, sl_sip_on_response, outgoing, "%b", text.data, text.len);
    sl_buffer_deinit(&text);
    return err;
}

static void on_response(struct outgoing *outgoing, int err, const struct sip_msg *msg)
{
    struct sl_sip_message *message = sl_container_of(outgoing, struct sl_sip_message, outgoing);

    if (msg && msg->scode < 200)
        return;
    if (!msg && message->over_tcp && err != ETIMEDOUT) { /* nobody has had it */
        message->no_tcp = true;
        sl_sip_send(outgoing);
    } else if (!msg) {
        end(message,
            err == ETIMEDOUT  ? SL_SIP_TIMEOUT
            : err == EMSGSIZE ? SL_SIP_TOO_LARGE
                              : SL_SIP_UNREACHABLE,
            NULL);
    } else {
        end(message, msg->scode, msg);
    }
}

static void on_start(struct sl_msg *msg) /* on the thread */
{
    struct sl_sip_message *message = sl_container_of(msg, struct sl_sip_message, msg);
    struct sl_sip_account *account = message->account;
    char proxy[SL_ADDR_TEXT_MAX];
    struct pl hop;

    (void)snprintf(message->tcp_hop, sizeof(message->tcp_hop), "sip:%s;transport=tcp",
                   sl_addr_format(&account->proxies[account->proxy_at], proxy));
    pl_set_str(&hop, message->tcp_hop);
    (void)uri_decode(&message->tcp_route, &hop); /* we wrote it */
    sl_list_append(&account->sip->messages, &message->link);
    account->other_count++;
    sl_sip_send(&message->outgoing);
}

/* ---- [control] ---- */

struct sl_sip_message *sl_sip_message_send(struct sl_sip_account *account,
                                           const struct sl_sip_message_config *config)
{
    struct sl_sip_message *message = sl_new(struct sl_sip_message);

    message->ops = config->ops;
    message->owner = config->owner;
    message->account = account;
    message->target = sl_strdup(config->target);
    message->from = sl_strdup(config->from);
    message->name = sl_strdup(config->name);
    message->type = sl_strdup(config->type);
    message->body = sl_strdup(config->body);
    sl_random_token(message->call_id, SL_SIP_ID_LEN);
    sl_random_token(message->tag, SL_SIP_ID_LEN);
    message->outgoing =
        (struct outgoing){.account = account, .send = send_message, .on_response = on_response};
    message->msg.run = on_start;
    sl_sip_order(account->sip, &message->msg);
    return message;
}

void sl_sip_message_forget(struct sl_sip_message *message)
{
    message->ops = NULL;
}
