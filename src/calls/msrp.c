/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls that are MSRP sessions (sip.md 13): texts and no media. */
#include "msrp/msrp.h"
#include "base/error.h"
#include "base/metrics.h"
#include "calls/call.h"
#include "calls/messages.h"

#include <errno.h>
#include <string.h>

/* ---- What the session says ---- */

/* Both the telephone's side and the connection are there. */
static void check_established(struct sl_call *call)
{
    if (!call->msrp_open || !call->msrp_answered || call->status == SL_CALL_ESTABLISHED)
        return;
    sl_count(call->phone->calls->config.counters, SL_COUNTER_CALLS_ESTABLISHED, 1);
    sl_call_set_status(call, SL_CALL_ESTABLISHED, NULL, call->msrp_raw);
}

static void on_open(void *owner)
{
    struct sl_call *call = owner;

    call->msrp_open = true;
    check_established(call);
}

static void on_text(void *owner, const struct sl_msrp_text *text)
{
    struct sl_call *call = owner;

    sl_messages_take_in_call(call->phone, call->id, sl_call_other_side(call), text);
}

static void on_failed(void *owner, const char *words)
{
    sl_call_fail(owner, words);
}

static const struct sl_msrp_ops session_ops = {on_open, on_text, on_failed};

/* ---- Descriptions ---- */

/* Read at first use; when it is to be read again the server says. */
static int load_certificate(struct sl_calls *calls, struct sl_error *error)
{
    const struct sl_tls_files files = {calls->cert, calls->key, calls->chain};
    struct sl_error words = {.text = "none is configured"};
    int err = -ENOENT;

    if (calls->msrp_tls)
        return 0;
    if (files.cert)
        err = sl_tls_peer_context(&files, &calls->msrp_tls, &words);
    if (err == 0)
        return 0;
    sl_log(SL_LOG_ERROR, NULL, "MSRP over TLS: %s", words.text);
    return sl_error_set(error, err, "MSRP over TLS: the server has no certificate");
}

static int create(struct sl_call *call, bool secure, struct sl_error *error)
{
    struct sl_phone *phone = call->phone;
    struct sl_calls *calls = phone->calls;
    const struct sl_config *config = calls->config.config;
    struct sl_msrp_config session = {
        .loop = calls->config.loop,
        .allow = &config->client_sip_allow,
        .bind = phone->local,
        .shown = phone->local,
        .at_home = phone->at_home,
        .authorities = calls->config.tls,
        .port_from = (uint16_t)config->media_port_from,
        .port_to = (uint16_t)config->media_port_to,
        .log = &call->log,
        .ops = &session_ops,
        .owner = call,
    };

    int err = secure ? load_certificate(calls, error) : 0;
    if (err < 0)
        return err;
    if (secure)
        session.tls = calls->msrp_tls;
    if (config->ip.count > 0 && !phone->at_home) /* as others see us */
        (void)sl_addr_parse_ip(config->ip.items[0], 0, &session.shown);
    if (!calls->conns)
        calls->conns = sl_conn_set_create(calls->config.loop);
    session.conns = calls->conns;
    return sl_msrp_session_create(&session, &call->msrp, error);
}

/* In clear it would be less than the account has. */
int sl_call_msrp_offer(struct sl_call *call, struct sl_error *error)
{
    int err = create(call, call->phone->proxy.transport == SL_SIP_TLS, error);

    if (err == 0)
        sl_msrp_session_offer(call->msrp);
    return err;
}

int sl_call_msrp_take(struct sl_call *call, const char *offer, struct sl_error *error)
{
    int err = create(call, sl_msrp_is_secure(offer), error);

    return err < 0 ? err : sl_msrp_session_take_offer(call->msrp, offer, error);
}

/* ---- What the telephone's side says ---- */

static void on_answered(struct sl_call *call, const struct sl_sip_event *event)
{
    struct sl_error error = {.text = "488 Not Acceptable Here"};

    if (call->msrp_answered)
        return; /* an ACK to what was said again */
    call->msrp_answered = true;
    call->sip_status = event->code;
    call->msrp_raw = sl_strdup_or_null(event->raw);
    if (!call->incoming) {
        int err = event->sdp ? sl_msrp_session_settle(call->msrp, event->sdp, &error) : -EBADMSG;
        if (err < 0) {
            sl_call_fail(call, error.text);
            return;
        }
        sl_msrp_session_connect(call->msrp);
    }
    check_established(call);
}

static void on_offered(struct sl_call *call, const struct sl_sip_event *event)
{
    struct sl_error error = {.text = ""};

    if (sl_msrp_session_take_again(call->msrp, event->sdp, &error) == 0) {
        sl_sip_call_answer(call->sip, sl_msrp_session_description(call->msrp));
        return;
    }
    sl_log(SL_LOG_INFO, &call->log, "what is offered is refused: %s", error.text);
    sl_sip_call_refuse(call->sip, 488);
}

bool sl_call_msrp_on_event(struct sl_call *call, const struct sl_sip_event *event)
{
    switch (event->kind) {
    case SL_SIP_ANSWERED:
        on_answered(call, event);
        return true;
    case SL_SIP_OFFERED:
        on_offered(call, event);
        return true;
    case SL_SIP_REFER:
        sl_sip_call_answer_refer(call->sip, 603);
        return true;
    case SL_SIP_CHANGED:
    case SL_SIP_INFO:
    case SL_SIP_INFORMED:
    case SL_SIP_REFERRED:
    case SL_SIP_TRANSFER_NOTIFIED:
        return true; /* there are no such wishes, and no sound that one could be about */
    case SL_SIP_PROGRESS:
    case SL_SIP_ENDED:
        return false;
    }
    return false;
}
