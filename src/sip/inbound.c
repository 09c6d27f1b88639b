/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests from outside: whose they are (sip.md 5, 17). */
#include "sip/internal.h"

#include <string.h>

/* ---- Whose? ---- */

static bool is_from(const struct sl_sip_account *account, const struct sip_msg *msg)
{
    struct sl_addr from;

    /* What is to come by TLS comes by nothing less. */
    if ((account->transport == SL_SIP_TLS && msg->tp != SIP_TRANSP_TLS) ||
        sl_addr_from_sockaddr(&from, &msg->src.u.sa) < 0)
        return false;
    for (size_t i = 0; i < account->proxy_count; i++) {
        if (sl_addr_same_ip(&from, &account->proxies[i]))
            return true;
    }
    return false;
}

static bool is_open(const struct sl_sip_account *account)
{
    return account->state != ACCOUNT_LEAVING && account->state != ACCOUNT_GONE;
}

static bool is_user(const struct sl_sip_account *account, const struct sip_msg *msg)
{
    char user[SL_SIP_NAME_MAX];

    return strcmp(sl_sip_uri_user(msg->ruri.p, msg->ruri.l, user), account->login) == 0;
}

/* By the id in our Contact, else by the user. *known: there is such a proxy. */
static struct sl_sip_account *find_account(struct sl_sip *sip, const struct sip_msg *msg,
                                           bool *known)
{
    struct sl_sip_account *account, *found = NULL;
    struct pl id;
    bool has_id = msg_param_decode(&msg->uri.params, "id", &id) == 0;

    *known = false;
    sl_list_foreach(account, &sip->accounts, struct sl_sip_account, link)
    {
        if (!is_from(account, msg))
            continue;
        *known = true;
        if (account->state != ACCOUNT_REGISTERED && !(account->at_home && is_open(account)))
            continue;
        if (has_id && pl_strcmp(&id, account->id) == 0)
            return account;
        if (!found && !has_id && is_user(account, msg))
            found = account;
    }
    return found;
}

/* ---- The rest ---- */

static void answer_options(struct sl_sip *sip, const struct sip_msg *msg)
{
    (void)sip_treplyf(NULL, NULL, sip->stack, msg, false, 200, "OK",
                      "Allow: " SL_SIP_ALLOW "\r\nAccept: application/sdp\r\n"
                      "Content-Length: 0\r\n\r\n");
}

static void take_invite(struct sl_sip *sip, struct sl_sip_account *account,
                        const struct sip_msg *msg)
{
    if (!account)
        (void)sip_treply(NULL, sip->stack, msg, 404, sl_sip_reason(404));
    else
        sl_sip_callee_take(account, msg);
}

static void take_message(struct sl_sip *sip, struct sl_sip_account *account,
                         const struct sip_msg *msg)
{
    if (account)
        sl_sip_received_take(account, msg);
    else
        (void)sip_treply(NULL, sip->stack, msg, 404, sl_sip_reason(404));
}

/* From outside a dialog, by the address of a proxy. */
static void on_first_request(struct sl_sip *sip, struct sl_sip_account *account,
                             const struct sip_msg *msg)
{
    static const char *const refused[] = {"REGISTER", "SUBSCRIBE", "PUBLISH", "PRACK"};

    if (sl_sip_has_strange_scheme(msg)) {
        (void)sip_reply(sip->stack, msg, 416, sl_sip_reason(416));
        return;
    }
    if (sl_sip_refuses_extension(sip, msg))
        return;
    if (pl_strcmp(&msg->met, "OPTIONS") == 0) {
        answer_options(sip, msg);
        return;
    }
    if (pl_strcmp(&msg->met, "REFER") == 0) { /* within calls only (sip.md 8.2) */
        (void)sip_reply(sip->stack, msg, 403, sl_sip_reason(403));
        return;
    }
    for (size_t i = 0; i < SL_ARRAY_LEN(refused); i++) {
        if (pl_strcmp(&msg->met, refused[i]) == 0) {
            (void)sip_reply(sip->stack, msg, 405, sl_sip_reason(405));
            return;
        }
    }
    if (pl_strcmp(&msg->met, "INVITE") == 0)
        take_invite(sip, account, msg);
    else if (pl_strcmp(&msg->met, "MESSAGE") == 0)
        take_message(sip, account, msg);
    else if (pl_strcmp(&msg->met, "NOTIFY") == 0) /* RFC 6665 section 4.1.3: nobody has asked */
        (void)sip_reply(sip->stack, msg, 481, sl_sip_reason(481));
    else
        (void)sip_reply(sip->stack, msg, 501, sl_sip_reason(501));
}

/* Stateless where it is refused: a stranger costs us no memory. */
static void on_strange_request(struct sl_sip *sip, const struct sip_msg *msg, const char *fault)
{
    bool known;
    struct sl_sip_account *account = find_account(sip, msg, &known);

    if (!sl_sip_may_answer(sip, msg, known))
        return;
    if (fault)
        (void)sip_reply(sip->stack, msg, 400, fault);
    else if (pl_isset(&msg->to.tag)) /* of a call that is over, or never was */
        (void)sip_reply(sip->stack, msg, 481, sl_sip_reason(481));
    else if (!known)
        (void)sip_reply(sip->stack, msg, 403, sl_sip_reason(403));
    else
        on_first_request(sip, account, msg);
}

static bool on_request(const struct sip_msg *msg, void *arg)
{
    struct sl_sip *sip = arg;
    const char *fault = sl_sip_fault(msg);
    struct sl_sip_call *call = fault ? NULL : sl_sip_call_of(sip, msg);

    if (call && sl_sip_dialog_request(call, msg))
        return true;
    if (pl_strcmp(&msg->met, "ACK") == 0)
        return true; /* nobody's: it has no answer */
    if (!fault && sl_sip_subscription_takes(sip, msg))
        return true;
    if (!call)
        on_strange_request(sip, msg, fault);
    else if (pl_strcmp(&msg->met, "OPTIONS") == 0)
        answer_options(sip, msg);
    else if (pl_strcmp(&msg->met, "MESSAGE") == 0)
        take_message(sip, call->account, msg);
    else
        (void)sip_reply(sip->stack, msg, 405, sl_sip_reason(405));
    return true;
}

/* What no transaction has: a 2xx to INVITE that came again, or by another (RFC 3261 section
 * 13.2.2.4). */
static bool on_response(const struct sip_msg *msg, void *arg)
{
    struct sl_sip *sip = arg;

    if (msg->scode < 200 || msg->scode > 299 || pl_strcmp(&msg->cseq.met, "INVITE") != 0)
        return false;
    struct sl_sip_call *call = sl_sip_call_of(sip, msg);
    if (call && msg->cseq.num == call->invite_cseq)
        (void)sl_sip_caller_ack(call); /* lost, it comes once more */
    else if (!call && (call = sl_sip_call_of_fork(sip, msg)))
        sl_sip_caller_refuse_fork(call, msg);
    return call != NULL;
}

int sl_sip_inbound_listen(struct sl_sip *sip)
{
    int err = sip_listen(&sip->requests, sip->stack, true, on_request, sip);

    if (err == 0)
        err = sip_listen(&sip->responses, sip->stack, false, on_response, sip);
    return -err;
}
