/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An account at its registrar (sip.md 3). */
#include "sip/internal.h"

#include "base/clock.h"
#include "base/random.h"
#include "net/net.h"

#include <errno.h>
#include <string.h>

enum {
    FIRST_ANSWER_MS = 15000, /* sip.md 3.3 */
    LEAVE_MS = 4000,         /* what a registrar has for the last answer */
    EARLY_S = 5,             /* refreshed that long before the end, at least */
    RETRY_S = 30,
    FLOW_LOST_MS = 1000,
    FLOW_REFRESH_S = 600, /* libre closes a connection that was idle for 900 */
    NO_PING_S = 604800,
    RETRY_MAX_S = 600,
    EXPIRES_MAX_S = 86400,
};

/* ---- What is told [control] ---- */

struct news {
    struct sl_msg msg;
    struct sl_sip_account *account;
    enum sl_sip_registration status;
    int code;
    char *reason, *raw;
};

static void on_news(struct sl_msg *msg)
{
    struct news *news = sl_container_of(msg, struct news, msg);
    struct sl_sip_account *account = news->account;

    if (account->ops)
        account->ops->on_registration(account->owner, news->status, news->code, news->reason,
                                      news->raw);
    free(news->reason);
    free(news->raw);
    free(news);
}

static void tell(struct sl_sip_account *account, enum sl_sip_registration status, int code,
                 const struct sip_msg *msg)
{
    struct news *news = sl_new(struct news);

    news->msg.run = on_news;
    news->account = account;
    news->status = status;
    news->code = code;
    news->reason = msg ? sl_sip_dup(&msg->reason) : sl_strdup(sl_sip_reason(code));
    news->raw = msg ? sl_sip_raw_text(msg) : NULL;
    sl_loop_post(account->sip->control, &news->msg);
}

/* ---- The end [sip] ---- */

static void on_closed(struct sl_msg *msg) /* on the control loop */
{
    struct sl_sip_account *account = sl_container_of(msg, struct sl_sip_account, closed);

    free(account->login);
    free(account->auth_name);
    free(account->password);
    free(account->visible_name);
    free(account->domain);
    free(account->contact_params);
    free(account->host);
    SSL_CTX_free(account->trusted);
    free(account);
}

static void go_if_alone(struct sl_sip_account *account)
{
    struct sl_sip *sip = account->sip;

    if (account->state != ACCOUNT_GONE || account->call_count > 0 || account->other_count > 0)
        return;
    sl_list_remove(&account->link);
    account->closed.run = on_closed;
    sl_loop_post(sip->control, &account->closed);
    sl_sip_check_idle(sip);
}

static void be_gone(struct sl_sip_account *account)
{
    tmr_cancel(&account->timer);
    account->flow = mem_deref(account->flow);
    sl_sip_forget(&account->registering);
    account->state = ACCOUNT_GONE;
    go_if_alone(account);
}

void sl_sip_account_call_gone(struct sl_sip_account *account)
{
    account->call_count--;
    go_if_alone(account);
}

void sl_sip_account_other_gone(struct sl_sip_account *account)
{
    account->other_count--;
    go_if_alone(account);
}

static void on_timer(void *arg);

/* ---- Which proxy (RFC 3263 section 4.3) ---- */

static void aim(struct sl_sip_account *account)
{
    char proxy[SL_ADDR_TEXT_MAX];
    struct pl hop;

    (void)snprintf(account->hop, sizeof(account->hop), "sip:%s;transport=%s",
                   sl_addr_format(&account->proxies[account->proxy_at], proxy),
                   sl_sip_transport_name(account->transport));
    pl_set_str(&hop, account->hop);
    (void)uri_decode(&account->route, &hop); /* we wrote it */
}

bool sl_sip_account_next_proxy(struct sl_sip_account *account)
{
    bool untried = ++account->proxies_failed < account->proxy_count;
    char proxy[SL_ADDR_TEXT_MAX];

    if (account->proxy_count > 1)
        sl_log(SL_LOG_INFO, NULL, "SIP: proxy %s of %s does not answer",
               sl_addr_format(&account->proxies[account->proxy_at], proxy), account->host);
    account->proxy_at = (account->proxy_at + 1) % account->proxy_count;
    aim(account);
    if (!untried)
        account->proxies_failed = 0;
    return untried;
}

void sl_sip_account_keep_proxy(struct sl_sip_account *account)
{
    account->proxies_failed = 0;
}

/* ---- REGISTER ---- */

static void add_from(const struct sl_sip_account *account, struct sl_buffer *out)
{
    char name[SL_SIP_NAME_MAX];

    sl_sip_add(out, "From: ");
    if (account->visible_name[0])
        sl_sip_add(out, "\"%s\" ", sl_sip_quote_name(account->visible_name, name));
    sl_sip_add(out, "<%s>;tag=%s\r\n", account->aor, account->tag);
}

static int send_register(struct outgoing *outgoing)
{
    struct sl_sip_account *account = outgoing->account;
    struct sl_sip *sip = account->sip;
    bool leaves = account->state == ACCOUNT_LEAVING;
    char registrar[SL_SIP_URI_MAX];
    struct sl_buffer head;

    (void)snprintf(registrar, sizeof(registrar), "sip:%s", account->domain);
    sl_buffer_init(&head, SL_SIP_HEAD_MAX);
    if (!account->proxy_is_domain)
        sl_sip_add(&head, "Route: <%s;lr>\r\n", account->hop);
    sl_sip_add(&head, "To: <%s>\r\n", account->aor);
    add_from(account, &head);
    sl_sip_add(&head, "Call-ID: %s\r\nCSeq: %u REGISTER\r\nExpires: %u\r\n", account->call_id,
               ++account->cseq, leaves ? 0 : account->expires_s);
    sl_sip_add_credentials(account, "REGISTER", registrar, &head);
    sl_sip_add(&head, "Allow: " SL_SIP_ALLOW "\r\nSupported: path, timer\r\nUser-Agent: %s\r\n",
               sip->user_agent);
    sl_sip_add(&head, "Content-Length: 0\r\n\r\n");
    sl_buffer_u8(&head, 0);
    int err = !head.ok ? ENOBUFS
                       : sip_requestf(&outgoing->handle, sip->stack, true, "REGISTER", registrar,
                                      &account->route, NULL, sl_sip_add_contact, sl_sip_on_response,
                                      outgoing, "%s", (const char *)head.data);
    sl_buffer_deinit(&head);
    return err;
}


static void wait_s(struct sl_sip_account *account, unsigned seconds)
{
    tmr_start(&account->timer, (uint64_t)seconds * 1000, on_timer, account);
}

/* Where there is another proxy, each has its share of the time that a client waits. */
static void send_and_wait(struct sl_sip_account *account)
{
    if (account->state == ACCOUNT_TRYING || account->proxy_count > 1)
        tmr_start(&account->timer, FIRST_ANSWER_MS / account->proxy_count, on_timer, account);
    sl_sip_send(&account->registering);
}

/* Between half and one and a half times as long, doubled each time. */
static void try_later(struct sl_sip_account *account, const struct sip_msg *msg)
{
    const struct sip_hdr *after = msg ? sip_msg_hdr(msg, SIP_HDR_RETRY_AFTER) : NULL;
    unsigned retry_s = account->retry_s ? 2 * account->retry_s : RETRY_S;
    unsigned asked_s = after ? sl_sip_read_seconds(&after->val) : 0;

    account->retry_s = retry_s > RETRY_MAX_S ? RETRY_MAX_S : retry_s;
    unsigned wait = account->retry_s / 2 + sl_random_u32() % account->retry_s;
    if (asked_s > 0) /* as said, but not all at the same moment, and not for ever */
        wait = (asked_s > RETRY_MAX_S ? RETRY_MAX_S : asked_s) + sl_random_u32() % 3;
    wait_s(account, wait);
}

/* ---- Its answers ---- */

struct grant {
    const struct sl_sip_account *account;
    uint32_t expires_s;
    bool found;
};

/* Our Contact's own lifetime. */
static bool read_contact(const struct sip_hdr *header, const struct sip_msg *msg, void *arg)
{
    struct grant *grant = arg;
    struct sip_addr addr;
    struct pl value;

    (void)msg;
    if (sip_addr_decode(&addr, &header->val) != 0 ||
        msg_param_decode(&addr.uri.params, "id", &value) != 0 ||
        pl_strcmp(&value, grant->account->id) != 0)
        return false;
    grant->found = true;
    if (msg_param_decode(&addr.params, "expires", &value) == 0)
        grant->expires_s = pl_u32(&value);
    return true;
}

static unsigned granted_s(const struct sl_sip_account *account, const struct sip_msg *msg)
{
    struct grant grant = {.account = account, .expires_s = account->expires_s};

    if (pl_isset(&msg->expires))
        grant.expires_s = pl_u32(&msg->expires);
    (void)sip_msg_hdr_apply(msg, true, SIP_HDR_CONTACT, read_contact, &grant);
    if (grant.expires_s < 1)
        return 1;
    return grant.expires_s > EXPIRES_MAX_S ? EXPIRES_MAX_S : grant.expires_s;
}

/* The connection that calls come by is gone: a new one, but not all at once. */
static void on_flow_lost(int err, void *arg)
{
    struct sl_sip_account *account = arg;

    (void)err;
    if (account->state == ACCOUNT_REGISTERED && !account->registering.handle)
        tmr_start(&account->timer, FLOW_LOST_MS / 2 + sl_random_u32() % FLOW_LOST_MS, on_timer,
                  account);
}

/* Of a connection: whether it is there, and that it stays (RFC 5626 section 4.4.1: pings for who
 * says that they are answered, else refreshing is often enough). */
static void watch_flow(struct sl_sip_account *account, const struct sip_msg *msg)
{
    const struct sip_hdr *timer = sip_msg_hdr(msg, SIP_HDR_FLOW_TIMER);
    uint32_t ping_s = timer ? pl_u32(&timer->val) : 0;

    account->flow = mem_deref(account->flow);
    if (account->transport == SL_SIP_UDP)
        return;
    if (ping_s < 1 || ping_s > NO_PING_S)
        ping_s = NO_PING_S;
    (void)sip_keepalive_start(&account->flow, account->sip->stack, msg, ping_s, on_flow_lost,
                              account); /* else it is found out by the next REGISTER */
}

static void be_registered(struct sl_sip_account *account, const struct sip_msg *msg)
{
    unsigned expires_s = granted_s(account, msg);
    unsigned refresh_s = expires_s - expires_s / 10;

    if (refresh_s + EARLY_S > expires_s)
        refresh_s = expires_s > 2 * EARLY_S ? expires_s - EARLY_S : (expires_s + 1) / 2;
    if (account->transport != SL_SIP_UDP && refresh_s > FLOW_REFRESH_S)
        refresh_s = FLOW_REFRESH_S;
    watch_flow(account, msg);
    if (account->state != ACCOUNT_REGISTERED)
        tell(account, SL_SIP_REGISTERED, msg->scode, msg);
    account->state = ACCOUNT_REGISTERED;
    account->retry_s = 0;
    account->min_expires_seen = false;
    account->redirected = false;
    account->until_us = sl_now_us() + (int64_t)expires_s * SL_US_PER_S;
    wait_s(account, refresh_s);
}

/* The registrar wants us to stay longer. */
static bool heeds_min_expires(struct sl_sip_account *account, const struct sip_msg *msg)
{
    const struct sip_hdr *header = sip_msg_hdr(msg, SIP_HDR_MIN_EXPIRES);

    if (msg->scode != 423 || !header || account->min_expires_seen)
        return false;
    uint32_t least_s = pl_u32(&header->val);
    if (least_s <= account->expires_s || least_s > EXPIRES_MAX_S)
        return false;
    account->min_expires_seen = true;
    account->expires_s = least_s;
    sl_sip_send(&account->registering);
    return true;
}

static void be_refused(struct sl_sip_account *account, int code, const struct sip_msg *msg)
{
    if (account->state == ACCOUNT_TRYING) {
        account->state = ACCOUNT_FAILED;
        tell(account, SL_SIP_REGISTRATION_FAILED, code, msg);
        return;
    }
    if (account->state == ACCOUNT_REGISTERED && sl_now_us() >= account->until_us) {
        account->state = ACCOUNT_LOST;
        tell(account, SL_SIP_REGISTRATION_FAILED, code, msg);
    }
    try_later(account, msg);
}

/* The registrar is elsewhere: once, and not to where a client's word does not lead. Names are not
 * looked up for it. */
static bool follows(struct sl_sip_account *account, const struct sip_msg *msg)
{
    const struct sip_hdr *contact = sip_msg_hdr(msg, SIP_HDR_CONTACT);
    struct sl_addr *proxy = &account->proxies[account->proxy_at], to;
    char host[SL_ADDR_TEXT_MAX];
    struct sip_addr addr;

    if ((msg->scode != 301 && msg->scode != 302) || account->redirected || !contact ||
        sip_addr_decode(&addr, &contact->val) != 0 ||
        pl_strcpy(&addr.uri.host, host, sizeof(host)) != 0 ||
        sl_addr_parse_ip(host, addr.uri.port ? addr.uri.port : proxy->port, &to) < 0 ||
        (!sl_addr_same_ip(&to, proxy) && sl_reach_class(&to) != SL_REACH_PUBLIC))
        return false;
    account->redirected = true;
    *proxy = to;
    aim(account);
    send_and_wait(account);
    return true;
}

static void on_response(struct outgoing *outgoing, int err, const struct sip_msg *msg)
{
    struct sl_sip_account *account = outgoing->account;

    if (msg && msg->scode < 200)
        return;
    tmr_cancel(&account->timer);
    if (msg && msg->scode != 503)
        sl_sip_account_keep_proxy(account);
    if (account->state == ACCOUNT_LEAVING)
        be_gone(account);
    else if ((!msg || msg->scode == 503) && sl_sip_account_next_proxy(account))
        send_and_wait(account);
    else if (!msg)
        be_refused(account, err == ETIMEDOUT ? 0 : SL_SIP_UNREACHABLE, NULL);
    else if (msg->scode < 300)
        be_registered(account, msg);
    else if (!heeds_min_expires(account, msg) && !follows(account, msg))
        be_refused(account, msg->scode, msg);
}

static void on_timer(void *arg)
{
    struct sl_sip_account *account = arg;
    bool waits = account->registering.handle;

    switch (account->state) {
    case ACCOUNT_TRYING:
    case ACCOUNT_REGISTERED:
    case ACCOUNT_LOST:
        sl_sip_forget(&account->registering);
        if (waits && !sl_sip_account_next_proxy(account))
            be_refused(account, 0, NULL);
        else
            send_and_wait(account);
        break;
    case ACCOUNT_LEAVING:
        be_gone(account);
        break;
    case ACCOUNT_IDLE:
    case ACCOUNT_FAILED:
    case ACCOUNT_GONE:
        break;
    }
}

/* ---- Life [sip] ---- */

void sl_sip_account_start(struct sl_sip_account *account)
{
    aim(account);
    tmr_init(&account->timer);
    account->registering.account = account;
    account->registering.contact_params = account->contact_params;
    account->registering.send = send_register;
    account->registering.on_response = on_response;
    sl_list_append(&account->sip->accounts, &account->link);
    sl_sip_secure_join(account);
    if (!account->registers)
        return;
    account->state = ACCOUNT_TRYING;
    send_and_wait(account);
}

/* It is refreshed when it would have been. */
void sl_sip_account_lose(struct sl_sip_account *account)
{
    if (account->state == ACCOUNT_REGISTERED)
        account->state = ACCOUNT_LOST;
}

void sl_sip_account_leave(struct sl_sip_account *account)
{
    bool was_there = account->state == ACCOUNT_REGISTERED;

    tmr_cancel(&account->timer);
    if (!was_there && !account->registering.handle) {
        be_gone(account);
        return;
    }
    /* What is under way may yet be granted: it is taken back all the same. */
    sl_sip_forget(&account->registering);
    account->state = ACCOUNT_LEAVING;
    tmr_start(&account->timer, LEAVE_MS, on_timer, account);
    sl_sip_send(&account->registering);
}
