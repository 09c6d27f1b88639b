/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the owners of accounts and calls want of them, carried to the thread. */
#include "sip/internal.h"

#include "base/random.h"

#include <string.h>

enum { CALLS_PER_S = 10 }; /* of one account: whoever gives up at once shall not flood a server */

/* ---- Calls ---- */

static void close_on_thread(struct sl_sip_call *call)
{
    call->close_wanted = true;
    switch (call->state) {
    case CALL_CALLING:
        call->invite.given_up = true;
        sip_request_cancel(call->invite.handle); /* held back until something has come */
        break;
    case CALL_RINGING:
        sl_sip_call_refuse_request(call, call->close_code);
        sl_sip_call_set_state(call, CALL_OVER);
        break;
    case CALL_CONFIRMED:
        if (!call->ok) /* else when ACK is there, or late (RFC 3261 section 15) */
            sl_sip_call_bye(call);
        break;
    case CALL_LEAVING:
        break;
    case CALL_OVER:
        sl_sip_call_set_state(call, CALL_OVER);
        break;
    }
}

/* What the owner wants, as a message to the thread. */
struct order {
    struct sl_msg msg;
    struct sl_sip_call *call;
    void (*run)(struct order *order);
    int code;
    char *text, *type;
};

static void on_order(struct sl_msg *msg)
{
    struct order *order = sl_container_of(msg, struct order, msg);

    order->run(order);
    free(order->text);
    free(order->type);
    free(order);
}

static void post(struct sl_sip_call *call, void (*run)(struct order *order), int code,
                 const char *text, const char *type)
{
    struct order *order = sl_new(struct order);

    *order = (struct order){.msg = {.run = on_order},
                            .call = call,
                            .run = run,
                            .code = code,
                            .text = sl_strdup_or_null(text),
                            .type = sl_strdup_or_null(type)};
    sl_sip_order(call->account->sip, &order->msg);
}

static void run_start(struct order *order)
{
    sl_sip_call_enlist(order->call);
    sl_sip_caller_start(order->call);
}

static void run_ring(struct order *order)
{
    sl_sip_callee_ring(order->call);
}

static void run_answer(struct order *order)
{
    sl_sip_callee_answer(order->call, order->text);
}

static void run_refuse(struct order *order)
{
    sl_sip_call_refuse_request(order->call, order->code);
}

static void run_change(struct order *order)
{
    sl_sip_caller_change(order->call, order->text);
    order->text = NULL; /* the call's */
}

static void run_inform(struct order *order)
{
    struct sl_sip_call *call = order->call;

    if (call->state != CALL_CONFIRMED || call->info.handle) {
        sl_sip_call_tell(call, SL_SIP_INFORMED, 481, NULL);
        return;
    }
    free(call->info_type);
    free(call->info_body);
    call->info_type = order->type;
    call->info_body = order->text;
    order->type = order->text = NULL;
    sl_sip_send(&call->info);
}

static void run_refer(struct order *order)
{
    sl_sip_call_refer_to(order->call, order->text);
    order->text = NULL; /* the call's */
}

static void run_answer_refer(struct order *order)
{
    sl_sip_call_answer_refer_with(order->call, order->code);
}

static void run_notify(struct order *order)
{
    sl_sip_call_notify_with(order->call, order->text, order->code != 0);
    order->text = NULL; /* the call's */
}

static void run_close(struct order *order)
{
    order->call->close_code = order->code;
    close_on_thread(order->call);
}

struct sl_sip_call *sl_sip_call_create(struct sl_sip_account *account,
                                       const struct sl_sip_call_config *config)
{
    if (account->kept_calls >= SL_SIP_CALLS_KEPT_MAX ||
        !sl_sip_bucket_take(&account->begun, CALLS_PER_S))
        return NULL;
    struct sl_sip_call *call = sl_sip_call_new(account, false);

    account->kept_calls++;
    sl_sip_caller_init(call);
    sl_sip_refresh_init(call);
    call->ops = config->ops;
    call->owner = config->owner;
    call->target = sl_strdup(config->target);
    call->to = sl_strdup(config->to);
    call->caller = sl_strdup(config->caller);
    call->name = sl_strdup(config->name);
    call->headers = sl_strdup(config->headers);
    call->sdp = sl_strdup(config->sdp);
    post(call, run_start, 0, NULL, NULL);
    return call;
}

void sl_sip_call_accept(struct sl_sip_call *call, const struct sl_sip_call_ops *ops, void *owner)
{
    call->ops = ops;
    call->owner = owner;
}

void sl_sip_call_ring(struct sl_sip_call *call)
{
    post(call, run_ring, 0, NULL, NULL);
}

void sl_sip_call_answer(struct sl_sip_call *call, const char *sdp)
{
    post(call, run_answer, 0, sdp, NULL);
}

void sl_sip_call_refuse(struct sl_sip_call *call, int code)
{
    post(call, run_refuse, code, NULL, NULL);
}

void sl_sip_call_change(struct sl_sip_call *call, const char *sdp)
{
    post(call, run_change, 0, sdp, NULL);
}

void sl_sip_call_inform(struct sl_sip_call *call, const char *type, const char *body)
{
    post(call, run_inform, 0, body, type);
}

void sl_sip_call_refer(struct sl_sip_call *call, const char *uri)
{
    post(call, run_refer, 0, uri, NULL);
}

struct replacement {
    struct sl_msg msg;
    struct sl_sip_call *call, *other; /* their ends are ordered later */
};

static void on_replacement(struct sl_msg *msg)
{
    struct replacement *replacement = sl_container_of(msg, struct replacement, msg);

    sl_sip_call_refer_to_replace(replacement->call, replacement->other);
    free(replacement);
}

void sl_sip_call_refer_replacing(struct sl_sip_call *call, struct sl_sip_call *other)
{
    struct replacement *replacement = sl_new(struct replacement);

    *replacement =
        (struct replacement){.msg = {.run = on_replacement}, .call = call, .other = other};
    sl_sip_order(call->account->sip, &replacement->msg);
}

void sl_sip_call_answer_refer(struct sl_sip_call *call, int code)
{
    post(call, run_answer_refer, code, NULL, NULL);
}

void sl_sip_call_notify(struct sl_sip_call *call, const char *status_line, bool last)
{
    post(call, run_notify, last, status_line, NULL);
}

void sl_sip_call_close(struct sl_sip_call *call, int code)
{
    call->ops = NULL;
    post(call, run_close, code, NULL, NULL);
}

/* ---- Accounts ---- */

static void on_start(struct sl_msg *msg)
{
    sl_sip_account_start(sl_container_of(msg, struct sl_sip_account, started));
}

static void on_close(struct sl_msg *msg)
{
    struct sl_sip_account *account = sl_container_of(msg, struct sl_sip_account, closing);
    struct sl_sip_call *call;

    /* What came and was not yet anybody's: the others were closed before. */
    sl_list_foreach(call, &account->sip->calls, struct sl_sip_call, link)
    {
        if (call->account == account && !call->close_wanted) {
            call->close_code = 480;
            close_on_thread(call);
        }
    }
    sl_sip_messages_drop(account->sip, account);
    sl_sip_account_leave(account);
}

struct sl_sip_account *sl_sip_account_create(struct sl_sip *sip,
                                             const struct sl_sip_account_config *config)
{
    struct sl_sip_account *account = sl_new(struct sl_sip_account);

    account->sip = sip;
    account->ops = config->ops;
    account->owner = config->owner;
    account->login = sl_strdup(config->login);
    account->auth_name = sl_strdup(config->auth_name);
    account->password = sl_strdup(config->password);
    account->visible_name = sl_strdup(config->visible_name);
    account->domain = sl_strdup(config->domain);
    account->contact_params = sl_strdup(config->contact_params);
    account->proxy_count =
        config->proxy_count < SL_SIP_PROXIES_MAX ? config->proxy_count : SL_SIP_PROXIES_MAX;
    memcpy(account->proxies, config->proxies, account->proxy_count * sizeof(*config->proxies));
    account->transport = config->transport;
    account->host = sl_strdup(config->host);
    account->trusted = config->trusted;
    if (account->trusted)
        (void)SSL_CTX_up_ref(account->trusted); /* always 1 */
    account->proxy_is_domain = config->proxy_is_domain;
    account->registers = config->registers;
    account->at_home = config->at_home;
    account->expires_s = config->expires_s;
    (void)sl_sip_uri_of_user(config->login, config->domain,
                             account->aor); /* cut is refused there */
    sl_random_token(account->id, SL_SIP_ID_LEN);
    sl_random_token(account->call_id, SL_SIP_ID_LEN);
    sl_random_token(account->tag, SL_SIP_ID_LEN);
    account->started.run = on_start;
    account->closing.run = on_close;
    sl_sip_order(sip, &account->started);
    return account;
}

struct account_order {
    struct sl_msg msg;
    struct sl_sip_account *account; /* its end is ordered later */
};

static void on_unregistered(struct sl_msg *msg)
{
    struct account_order *order = sl_container_of(msg, struct account_order, msg);

    sl_sip_account_lose(order->account);
    free(order);
}

void sl_sip_account_unregistered(struct sl_sip_account *account)
{
    struct account_order *order = sl_new(struct account_order);

    *order = (struct account_order){.msg = {.run = on_unregistered}, .account = account};
    sl_sip_order(account->sip, &order->msg);
}

void sl_sip_account_close(struct sl_sip_account *account)
{
    account->ops = NULL;
    sl_sip_order(account->sip, &account->closing);
}

const char *sl_sip_account_aor(const struct sl_sip_account *account)
{
    return account->aor;
}

const char *sl_sip_account_contact(const struct sl_sip_account *account)
{
    return account->id;
}
