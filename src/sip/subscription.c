/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SUBSCRIBE to what is told of an account itself, and the NOTIFYs that follow (RFC 6665). */
#include "sip/internal.h"

#include "base/clock.h"
#include "net/net.h"

#include <errno.h>
#include <string.h>

enum {
    EARLY_S = 5,       /* refreshed that long before the end, at least */
    LINGER_MS = 500,   /* at the end, for the last NOTIFY */
    AGAIN_MS = 1000,   /* until a subscription that its notifier ended is made again */
    AGAIN_LATE_S = 30, /* the same, where that happens often */
    NOTIFIES_PER_S = 20,
    EXPIRES_MAX_S = 86400,
};

struct sl_sip_subscription {
    /* [control] */
    const struct sl_sip_subscription_ops *ops; /* NULL: closed */
    void *owner;
    struct sl_msg msg; /* to the thread at first, and back in the end */
    /* constant */
    struct sl_sip_account *account;
    char *event, *accept;
    /* [sip] */
    struct sl_list link; /* in sip->subscriptions */
    struct sl_table_node node;
    struct sip_dialog *dialog;
    struct outgoing outgoing;
    unsigned wanted_s;     /* 0: it is to end */
    unsigned sent_s;       /* in the last SUBSCRIBE */
    bool min_expires_seen; /* 423 was answered */
    bool again;            /* SUBSCRIBE once the one under way is answered */
    bool over;             /* nobody notifies any more */
    bool closing;          /* its owner has closed it */
    struct tmr timer;      /* refresh; make it again; the end of closing */
    int64_t again_us;      /* when it was last made again */
    struct bucket notifies;
};

/* ---- What is told ---- */

struct news {
    struct sl_msg msg;
    struct sl_sip_subscription *subscription;
    struct sl_sip_subscription_event event;
    char *reason, *raw, *body;
};

static void on_news(struct sl_msg *msg) /* on the control loop */
{
    struct news *news = sl_container_of(msg, struct news, msg);

    if (news->subscription->ops)
        news->subscription->ops->on_event(news->subscription->owner, &news->event);
    free(news->reason);
    free(news->raw);
    free(news->body);
    free(news);
}

static void tell(struct sl_sip_subscription *subscription,
                 const struct sl_sip_subscription_event *event, const struct sip_msg *msg)
{
    if (subscription->closing)
        return;
    struct news *news = sl_new(struct news);
    news->msg.run = on_news;
    news->subscription = subscription;
    news->event = *event;
    if (msg) {
        news->reason = msg->req ? NULL : sl_sip_dup(&msg->reason);
        news->raw = sl_sip_raw_text(msg);
        if (mbuf_get_left(msg->mb) > 0)
            news->body = sl_sip_valid_text((const char *)mbuf_buf(msg->mb), mbuf_get_left(msg->mb));
    }
    news->event.reason = news->reason ? news->reason : sl_sip_reason(event->code);
    news->event.raw = news->raw;
    news->event.body = news->body;
    sl_loop_post(subscription->account->sip->control, &news->msg);
}

/* ---- The end ---- */

static void on_gone(struct sl_msg *msg) /* on the control loop */
{
    struct sl_sip_subscription *subscription =
        sl_container_of(msg, struct sl_sip_subscription, msg);

    free(subscription->event);
    free(subscription->accept);
    free(subscription);
}

static void drop_dialog(struct sl_sip_subscription *subscription)
{
    sl_table_remove(&subscription->account->sip->subscribed, &subscription->node);
    subscription->dialog = mem_deref(subscription->dialog);
}

static void release(struct sl_sip_subscription *subscription)
{
    struct sl_sip_account *account = subscription->account;

    tmr_cancel(&subscription->timer);
    sl_sip_forget(&subscription->outgoing);
    drop_dialog(subscription);
    sl_list_remove(&subscription->link);
    subscription->msg.run = on_gone;
    sl_loop_post(account->sip->control, &subscription->msg);
    sl_sip_account_other_gone(account);
}

void sl_sip_subscriptions_drop(struct sl_sip *sip)
{
    struct sl_sip_subscription *subscription;

    sl_list_foreach(subscription, &sip->subscriptions, struct sl_sip_subscription, link)
    {
        release(subscription);
    }
}

/* ---- SUBSCRIBE ---- */

static int make_dialog(struct sl_sip_subscription *subscription)
{
    const struct sl_sip_account *account = subscription->account;
    const char *hop = account->hop;
    char name[SL_SIP_NAME_MAX];

    drop_dialog(subscription);
    int err = sip_dialog_alloc(
        &subscription->dialog, account->aor, account->aor,
        account->visible_name[0] ? sl_sip_quote_name(account->visible_name, name) : NULL,
        account->aor, &hop, 1);
    if (err == 0)
        sl_table_insert(&account->sip->subscribed, &subscription->node,
                        sl_hash_text(sip_dialog_callid(subscription->dialog)));
    return err;
}

static int send_subscribe(struct outgoing *outgoing)
{
    struct sl_sip_subscription *subscription =
        sl_container_of(outgoing, struct sl_sip_subscription, outgoing);
    struct sl_sip_account *account = subscription->account;
    struct sl_buffer head;

    if (!subscription->dialog)
        return ENOTCONN;
    sl_buffer_init(&head, SL_SIP_HEAD_MAX);
    sl_sip_add_credentials(account, "SUBSCRIBE", account->aor, &head);
    sl_sip_add(&head,
               "Event: %s\r\nAccept: %s\r\nExpires: %u\r\nAllow: " SL_SIP_ALLOW
               "\r\nContent-Length: 0\r\n\r\n",
               subscription->event, subscription->accept, subscription->wanted_s);
    sl_buffer_u8(&head, 0);
    subscription->sent_s = subscription->wanted_s;
    int err = !head.ok ? ENOBUFS
                       : sip_drequestf(&outgoing->handle, account->sip->stack, true, "SUBSCRIBE",
                                       subscription->dialog, 0, NULL, sl_sip_add_contact,
                                       sl_sip_on_response, outgoing, "%s", (const char *)head.data);
    sl_buffer_deinit(&head);
    return err;
}

static void on_timer(void *arg)
{
    struct sl_sip_subscription *subscription = arg;

    if (subscription->closing && subscription->over)
        release(subscription);
    else if (!subscription->outgoing.handle && !subscription->over)
        sl_sip_send(&subscription->outgoing);
}

static void linger(struct sl_sip_subscription *subscription)
{
    tmr_start(&subscription->timer, LINGER_MS, on_timer, subscription);
}

static void be_over(struct sl_sip_subscription *subscription)
{
    subscription->over = true;
    tmr_cancel(&subscription->timer);
    if (subscription->closing)
        linger(subscription);
}

/* At nine tenths of it, and at least EARLY_S before its end. */
static void refresh_in_time(struct sl_sip_subscription *subscription, unsigned expires_s)
{
    unsigned refresh_s = expires_s - expires_s / 10;

    if (refresh_s + EARLY_S > expires_s)
        refresh_s = expires_s > 2 * EARLY_S ? expires_s - EARLY_S : (expires_s + 1) / 2;
    tmr_start(&subscription->timer, (uint64_t)refresh_s * 1000, on_timer, subscription);
}

/* ---- Its answers ---- */

static unsigned granted_s(const struct sl_sip_subscription *subscription, const struct sip_msg *msg)
{
    unsigned expires_s = pl_isset(&msg->expires) ? pl_u32(&msg->expires) : subscription->sent_s;

    return expires_s == 0 ? 1 : expires_s > subscription->sent_s ? subscription->sent_s : expires_s;
}

static void on_accepted(struct sl_sip_subscription *subscription, const struct sip_msg *msg)
{
    bool established = sip_dialog_established(subscription->dialog);

    if (!established && sip_dialog_create(subscription->dialog, msg) != 0) {
        tell(subscription,
             &(struct sl_sip_subscription_event){.kind = SL_SIP_SUBSCRIPTION_LOST,
                                                 .code = SL_SIP_UNREACHABLE},
             msg); /* no Contact: it cannot even be ended */
        be_over(subscription);
        return;
    }
    if (established)
        (void)sip_dialog_update(subscription->dialog, msg); /* without a Contact it stays */
    if (subscription->sent_s == 0) {
        be_over(subscription);
        tell(subscription,
             &(struct sl_sip_subscription_event){.kind = SL_SIP_UNSUBSCRIBED, .code = msg->scode},
             msg);
        return;
    }
    unsigned expires_s = granted_s(subscription, msg);
    subscription->min_expires_seen = false;
    refresh_in_time(subscription, expires_s);
    tell(subscription,
         &(struct sl_sip_subscription_event){
             .kind = SL_SIP_SUBSCRIBED, .code = msg->scode, .expires_s = expires_s},
         msg);
}

static bool heeds_min_expires(struct sl_sip_subscription *subscription, const struct sip_msg *msg)
{
    const struct sip_hdr *header = sip_msg_hdr(msg, SIP_HDR_MIN_EXPIRES);

    if (msg->scode != 423 || !header || subscription->min_expires_seen || subscription->sent_s == 0)
        return false;
    uint32_t least_s = pl_u32(&header->val);
    if (least_s <= subscription->sent_s || least_s > EXPIRES_MAX_S)
        return false;
    subscription->min_expires_seen = true;
    if (subscription->wanted_s > 0) /* else it is to end meanwhile */
        subscription->wanted_s = least_s;
    subscription->again = true;
    return true;
}

static void on_response(struct outgoing *outgoing, int err, const struct sip_msg *msg)
{
    struct sl_sip_subscription *subscription =
        sl_container_of(outgoing, struct sl_sip_subscription, outgoing);

    if (msg && msg->scode < 200)
        return;
    if (subscription->over)
        return; /* a NOTIFY was faster; the timer is that of the end */
    if (msg && msg->scode < 300) {
        on_accepted(subscription, msg);
    } else if (!msg || !heeds_min_expires(subscription, msg)) {
        int code = msg ? msg->scode : err == ETIMEDOUT ? SL_SIP_TIMEOUT : SL_SIP_UNREACHABLE;
        subscription->again = false; /* what was refused is refused */
        be_over(subscription);
        tell(subscription,
             &(struct sl_sip_subscription_event){.kind = SL_SIP_SUBSCRIPTION_LOST, .code = code},
             msg);
    }
    if (subscription->again && !subscription->over) {
        subscription->again = false;
        sl_sip_send(outgoing);
    }
}

/* ---- NOTIFY ---- */

/* RFC 6665 section 4.1.3: reasons for which one subscribes again by oneself. */
static bool is_for_a_while(const struct pl *params)
{
    static const char *const reasons[] = {"timeout", "deactivated", "probation"};
    struct pl reason;

    if (msg_param_decode(params, "reason", &reason) != 0)
        return false;
    for (size_t i = 0; i < SL_ARRAY_LEN(reasons); i++) {
        if (pl_strcasecmp(&reason, reasons[i]) == 0)
            return true;
    }
    return false;
}

static void make_again(struct sl_sip_subscription *subscription)
{
    int64_t now_us = sl_now_us();
    bool often = subscription->again_us > 0 &&
                 now_us - subscription->again_us < 2LL * AGAIN_LATE_S * SL_US_PER_S;

    subscription->again_us = now_us;
    sl_sip_forget(&subscription->outgoing);
    (void)make_dialog(subscription); /* without one the next SUBSCRIBE fails, and that is told */
    tmr_start(&subscription->timer, often ? AGAIN_LATE_S * 1000 : AGAIN_MS, on_timer, subscription);
}

static void take_state(struct sl_sip_subscription *subscription, const struct pl *value,
                       const struct sip_msg *msg)
{
    const char *semicolon = pl_strchr(value, ';');
    struct pl state = *value, params = pl_null, expires;

    if (semicolon) {
        state.l = (size_t)(semicolon - value->p);
        params = (struct pl){semicolon, value->l - state.l};
    }
    bool terminated = pl_strcasecmp(&state, "terminated") == 0;
    if (subscription->over || subscription->wanted_s == 0)
        return; /* it ends by our wish */
    if (terminated && is_for_a_while(&params)) {
        make_again(subscription);
        return;
    }
    if (terminated)
        be_over(subscription);
    else if (msg_param_decode(&params, "expires", &expires) == 0 &&
             sip_dialog_established(subscription->dialog) && pl_u32(&expires) > 0 &&
             pl_u32(&expires) < subscription->sent_s && !subscription->outgoing.handle)
        refresh_in_time(subscription, pl_u32(&expires));
    tell(subscription,
         &(struct sl_sip_subscription_event){.kind = SL_SIP_NOTIFIED, .is_over = terminated}, msg);
}

static bool is_event(const struct sl_sip_subscription *subscription, const struct sip_msg *msg)
{
    const struct sip_hdr *event = sip_msg_hdr(msg, SIP_HDR_EVENT);
    struct pl name;

    if (!event)
        return false;
    name = event->val;
    const char *semicolon = pl_strchr(&name, ';');
    if (semicolon)
        name.l = (size_t)(semicolon - name.p);
    return pl_strcasecmp(&name, subscription->event) == 0;
}

static void take_notify(struct sl_sip_subscription *subscription, const struct sip_msg *msg)
{
    struct sip *stack = subscription->account->sip->stack;
    const struct sip_hdr *state = sip_msg_hdr(msg, SIP_HDR_SUBSCRIPTION_STATE);
    int code = 200;

    if (!sl_sip_bucket_take(&subscription->notifies, NOTIFIES_PER_S)) {
        (void)sip_reply(stack, msg, 503, sl_sip_reason(503)); /* no state is kept for it */
        return;
    }
    if (!is_event(subscription, msg))
        code = 489;
    else if (!state)
        code = 400;
    else if (sip_dialog_established(subscription->dialog) &&
             !sip_dialog_rseq_valid(subscription->dialog, msg))
        code = 500;
    (void)sip_treply(NULL, stack, msg, (uint16_t)code, code == 200 ? "OK" : sl_sip_reason(code));
    if (code == 200)
        take_state(subscription, &state->val, msg);
}

static bool is_dialog(const struct sl_table_node *node, const void *key)
{
    const struct sl_sip_subscription *subscription =
        sl_container_of_const(node, struct sl_sip_subscription, node);

    /* RFC 6665 section 4.4.1: a NOTIFY may come before the response. */
    return sip_dialog_established(subscription->dialog)
               ? sip_dialog_cmp(subscription->dialog, key)
               : sip_dialog_cmp_half(subscription->dialog, key);
}

bool sl_sip_subscription_takes(struct sl_sip *sip, const struct sip_msg *msg)
{
    if (pl_strcmp(&msg->met, "NOTIFY") != 0)
        return false;
    struct sl_table_node *node =
        sl_table_find(&sip->subscribed, sl_hash(msg->callid.p, msg->callid.l), is_dialog, msg);
    if (!node)
        return false;
    take_notify(sl_container_of(node, struct sl_sip_subscription, node), msg);
    return true;
}

/* ---- Orders ---- */

struct order {
    struct sl_msg msg;
    struct sl_sip_subscription *subscription;
    unsigned expires_s;
    bool close;
};

static void on_start(struct sl_msg *msg) /* on the thread */
{
    struct sl_sip_subscription *subscription =
        sl_container_of(msg, struct sl_sip_subscription, msg);
    struct sl_sip_account *account = subscription->account;

    tmr_init(&subscription->timer);
    sl_list_append(&account->sip->subscriptions, &subscription->link);
    account->other_count++;
    (void)make_dialog(subscription); /* without one it fails, and that is told */
    sl_sip_send(&subscription->outgoing);
}

static void on_order(struct sl_msg *msg) /* on the thread */
{
    struct order *order = sl_container_of(msg, struct order, msg);
    struct sl_sip_subscription *subscription = order->subscription;

    subscription->closing |= order->close;
    subscription->wanted_s = order->expires_s;
    if (subscription->over) {
        if (subscription->closing)
            linger(subscription);
    } else if (subscription->outgoing.handle) {
        subscription->again = true;
    } else {
        tmr_cancel(&subscription->timer);
        sl_sip_send(&subscription->outgoing);
    }
    free(order);
}

static void post(struct sl_sip_subscription *subscription, unsigned expires_s, bool close)
{
    struct order *order = sl_new(struct order);

    *order = (struct order){{NULL, on_order}, subscription, expires_s, close};
    sl_sip_order(subscription->account->sip, &order->msg);
}

struct sl_sip_subscription *
sl_sip_subscription_create(struct sl_sip_account *account,
                           const struct sl_sip_subscription_config *config)
{
    struct sl_sip_subscription *subscription = sl_new(struct sl_sip_subscription);

    subscription->ops = config->ops;
    subscription->owner = config->owner;
    subscription->account = account;
    subscription->event = sl_strdup(config->event);
    subscription->accept = sl_strdup(config->accept);
    subscription->wanted_s = config->expires_s;
    subscription->outgoing =
        (struct outgoing){.account = account, .send = send_subscribe, .on_response = on_response};
    subscription->msg.run = on_start;
    sl_sip_order(account->sip, &subscription->msg);
    return subscription;
}

void sl_sip_subscription_renew(struct sl_sip_subscription *subscription, unsigned expires_s)
{
    post(subscription, expires_s, false);
}

void sl_sip_subscription_close(struct sl_sip_subscription *subscription)
{
    subscription->ops = NULL;
    post(subscription, 0, true);
}
