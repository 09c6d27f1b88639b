/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Session timers (RFC 4028): a call that is refreshed in time, and ends where it is not. We never
 * ask for one; whoever is asked by the other side, or told by an answer, to refresh does so at half
 * of the interval (refresh.c). What they say of it, what we say, and the time.
 */
#include "sip/internal.h"

#include <string.h>

enum {
    MARGIN_MAX_S = 32, /* before the end, for BYE: RFC 4028 section 10 */
};

/* ---- What they say ---- */

/* 0: there is none, or no number. */
static unsigned read_seconds(const struct sip_msg *msg, enum sip_hdrid id)
{
    const struct sip_hdr *header = sip_msg_hdr(msg, id);

    return header ? sl_sip_read_seconds(&header->val) : 0;
}

static bool says_refresher(const struct sip_msg *msg, const char *who)
{
    const struct sip_hdr *header = sip_msg_hdr(msg, SIP_HDR_SESSION_EXPIRES);
    struct pl value;

    return msg_param_decode(&header->val, "refresher", &value) == 0 &&
           pl_strcasecmp(&value, who) == 0;
}

static void note_methods(struct sl_sip_call *call, const struct sip_msg *msg)
{
    if (sip_msg_hdr(msg, SIP_HDR_ALLOW))
        call->session.has_update = sip_msg_hdr_has_value(msg, SIP_HDR_ALLOW, "UPDATE");
}

bool sl_sip_session_is_too_brief(const struct sip_msg *msg)
{
    unsigned interval_s = read_seconds(msg, SIP_HDR_SESSION_EXPIRES);

    return sip_msg_hdr(msg, SIP_HDR_SESSION_EXPIRES) && interval_s < SL_SIP_SESSION_LEAST_S &&
           sip_msg_hdr_has_value(msg, SIP_HDR_SUPPORTED, "timer");
}

/* ---- Time ---- */

static void on_timer(void *arg);

static void be_quiet(struct sl_sip_call *call)
{
    tmr_cancel(&call->session.timer);
    call->session.interval_s = 0;
}

/* From now on, as both sides have said. */
static void begin(struct sl_sip_call *call, unsigned interval_s, bool ours)
{
    if (interval_s < SL_SIP_SESSION_LEAST_S)
        interval_s = SL_SIP_SESSION_LEAST_S;
    unsigned margin_s = interval_s / 3 < MARGIN_MAX_S ? interval_s / 3 : MARGIN_MAX_S;
    call->session.interval_s = interval_s;
    call->session.ours = ours;
    tmr_start(&call->session.timer, 1000ULL * (ours ? interval_s / 2 : interval_s - margin_s),
              on_timer, call);
}

static void on_timer(void *arg)
{
    struct sl_sip_call *call = arg;

    if (!call->session.ours) {
        be_quiet(call);
        call->session.on_over(call);
        return;
    }
    /* What is left of the interval is for an answer: without one it is over. */
    call->session.ours = false;
    tmr_start(&call->session.timer, 1000ULL * (call->session.interval_s / 2), on_timer, call);
    call->session.on_due(call);
}

/* ---- For those who send and take messages ---- */

void sl_sip_session_stop(struct sl_sip_call *call)
{
    be_quiet(call);
}

bool sl_sip_session_heeds(struct sl_sip_call *call, const struct sip_msg *msg)
{
    if (msg->scode != 422 || call->session.least_s > 0)
        return false;
    call->session.least_s = read_seconds(msg, SIP_HDR_MIN_SE);
    return call->session.least_s >= SL_SIP_SESSION_LEAST_S;
}

/* In a request whoever sends it is its client (RFC 4028 section 7.4). */
void sl_sip_session_add_request(const struct sl_sip_call *call, struct sl_buffer *out)
{
    const struct session_timer *session = &call->session;

    sl_sip_add(out, "Supported: timer\r\n");
    if (session->least_s > 0)
        sl_sip_add(out, "Min-SE: %u\r\n", session->least_s);
    if (session->interval_s > 0)
        sl_sip_add(out, "Session-Expires: %u;refresher=%s\r\n", session->interval_s,
                   session->refreshes ? "uac" : "uas");
    else if (session->least_s > 0)
        sl_sip_add(out, "Session-Expires: %u\r\n", session->least_s);
}

void sl_sip_session_take_answer(struct sl_sip_call *call, const struct sip_msg *msg)
{
    unsigned interval_s = read_seconds(msg, SIP_HDR_SESSION_EXPIRES);

    note_methods(call, msg);
    if (interval_s == 0) {
        be_quiet(call);
        return;
    }
    call->session.refreshes = !says_refresher(msg, "uas");
    begin(call, interval_s, call->session.refreshes);
}

void sl_sip_session_answer(struct sl_sip_call *call, char out[static SL_SIP_SESSION_MAX])
{
    const struct sip_msg *msg = call->request;
    unsigned interval_s = read_seconds(msg, SIP_HDR_SESSION_EXPIRES);
    bool has_timer = sip_msg_hdr_has_value(msg, SIP_HDR_SUPPORTED, "timer");

    note_methods(call, msg);
    out[0] = '\0';
    if (interval_s == 0) {
        be_quiet(call);
        return;
    }
    /* Who does not know of timers cannot refresh: a proxy has asked (RFC 4028 section 9). */
    call->session.refreshes = !has_timer || says_refresher(msg, "uas");
    begin(call, interval_s, call->session.refreshes);
    (void)snprintf(out, SL_SIP_SESSION_MAX, "%sSession-Expires: %u;refresher=%s\r\n",
                   call->session.refreshes ? "" : "Require: timer\r\n", call->session.interval_s,
                   call->session.refreshes ? "uas" : "uac");
}
