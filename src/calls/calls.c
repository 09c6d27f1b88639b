/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All phones of the server. */
#include "calls/call.h"
#include "calls/internal.h"
#include "calls/lane.h"
#include "calls/published.h"
#include "sdp/sdp.h"
#include "stream/stream.h"
#include "transfer/transfer.h"

struct sl_calls *sl_calls_create(const struct sl_calls_config *config)
{
    struct sl_calls *calls = sl_new(struct sl_calls);

    calls->config = *config;
    calls->cert = sl_strdup_or_null(config->certificate.cert);
    calls->key = sl_strdup_or_null(config->certificate.key);
    calls->chain = sl_strdup_or_null(config->certificate.chain);
    calls->phones_interface = (struct sl_phones){.arg = calls,
                                                 .open = sl_phone_open,
                                                 .close = sl_phone_close,
                                                 .call = sl_call_begin,
                                                 .answer = sl_call_answer,
                                                 .order = sl_call_order,
                                                 .send_message = sl_messages_send,
                                                 .confirm = sl_messages_confirm,
                                                 .subscribe = sl_phone_subscribe,
                                                 .ask_xcap = sl_phone_ask_xcap};
    calls->call_ops = &sl_call_sip_ops;
    sl_calls_make_exchange(calls);
    sl_calls_make_keeper(calls);
    sl_calls_make_provider(calls);
    sl_list_init(&calls->streams);
    size_t count = sl_workers_count(config->workers);
    calls->lanes = sl_new_array(struct sl_call_lane *, count);
    for (size_t i = 0; i < count; i++)
        calls->lanes[i] = sl_call_lane_create(sl_workers_at(config->workers, i));
    calls->services = sl_services_create(config->loop);
    calls->description = sl_alloc(SL_SDP_TEXT_MAX);
    sl_list_init(&calls->phones);
    return calls;
}

void sl_calls_set_sessions(struct sl_calls *calls, struct sl_sessions *sessions)
{
    calls->sessions = sessions;
}

const struct sl_phones *sl_calls_phones(const struct sl_calls *calls)
{
    return &calls->phones_interface;
}

const struct sl_keeper *sl_calls_keeper(const struct sl_calls *calls)
{
    return &calls->keeper;
}

const struct sl_exchange *sl_calls_exchange(const struct sl_calls *calls)
{
    return &calls->exchange;
}

struct sl_tls_files sl_calls_shown_certificate(const struct sl_calls *calls)
{
    return calls->msrp_tls ? (struct sl_tls_files){calls->cert, calls->key, calls->chain}
                           : (struct sl_tls_files){.cert = NULL};
}

void sl_calls_show_certificate(struct sl_calls *calls, SSL_CTX *tls)
{
    SSL_CTX_free(calls->msrp_tls); /* sessions keep theirs */
    calls->msrp_tls = tls;
}

/* ---- The end ---- */

static void on_agent_stopped(void *owner)
{
    struct sl_calls *calls = owner;

    calls->agent_stopped = true;
    sl_calls_check_stopped(calls);
}

void sl_calls_stop(struct sl_calls *calls, void (*on_stopped)(void *owner), void *owner)
{
    calls->stopping = true;
    calls->on_stopped = on_stopped;
    calls->stopped_owner = owner;
    if (calls->sip)
        sl_sip_stop(calls->sip, on_agent_stopped, calls);
    else
        on_agent_stopped(calls);
}

void sl_calls_destroy(struct sl_calls *calls)
{
    if (!calls)
        return;
    sl_sip_destroy(calls->sip);
    sl_transfers_destroy(calls->transfers);
    for (size_t i = 0; i < sl_workers_count(calls->config.workers); i++)
        sl_call_lane_destroy(calls->lanes[i]);
    free(calls->lanes);
    sl_services_destroy(calls->services);
    sl_conn_set_destroy(calls->conns);
    SSL_CTX_free(calls->msrp_tls);
    free(calls->description);
    free(calls->cert);
    free(calls->key);
    free(calls->chain);
    free(calls);
}
