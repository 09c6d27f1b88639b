/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The user agent of all phones, made when the first account needs it, and when all is over. */
#include "calls/internal.h"

#include "base/error.h"

#include <errno.h>

static void add_address(struct sl_sip_config *sip, const struct sl_addr *addr, uint16_t port)
{
    if (sip->bind_count == SL_ARRAY_LEN(sip->bind))
        return;
    sip->bind[sip->bind_count] = *addr;
    sip->bind[sip->bind_count++].port = port;
}

/* libre wants to know each address it is reached at: of "all", those of now. */
static int choose_addresses(const struct sl_config *config, struct sl_sip_config *sip,
                            struct sl_error *error)
{
    struct sl_host_addrs host = {.count = 0};
    uint16_t port = (uint16_t)config->port_from;
    struct sl_addr addr;

    for (size_t i = 0; i < config->ip_local.count; i++) {
        if (sl_addr_parse_ip(config->ip_local.items[i], port, &addr) < 0)
            continue; /* the configuration was checked */
        if (!sl_addr_is_any(&addr)) {
            add_address(sip, &addr, port);
            continue;
        }
        int err = sl_host_addrs_read(&host, error);
        if (err < 0)
            return err;
        for (size_t j = 0; j < host.count; j++) {
            if (sl_addr_is_v4(&host.items[j].addr) == sl_addr_is_v4(&addr) &&
                !sl_addr_is_link_local(&host.items[j].addr))
                add_address(sip, &host.items[j].addr, port);
        }
    }
    return sip->bind_count > 0
               ? 0
               : sl_error_set(error, -EADDRNOTAVAIL, "SIP: no address to listen at");
}

int sl_calls_own_address(struct sl_calls *calls, struct sl_addr *out, struct sl_error *error)
{
    struct sl_sip_config sip = {.bind_count = 0};
    int err = choose_addresses(calls->config.config, &sip, error);

    if (err == 0)
        *out = sip.bind[0];
    return err;
}

struct sl_sip *sl_calls_agent(struct sl_calls *calls, struct sl_error *error)
{
    const struct sl_config *config = calls->config.config;
    struct sl_sip_config sip = {
        .control = calls->config.loop,
        .announce = config->ip.count > 0 ? config->ip.items[0] : "",
        .user_agent = config->user_agent,
        .allow = &config->client_sip_allow,
        .certificate = {calls->cert, calls->key, calls->chain},
    };

    if (calls->sip || calls->stopping)
        return calls->sip;
    if (choose_addresses(config, &sip, error) < 0 || sl_sip_create(&sip, &calls->sip, error) < 0)
        return NULL;
    sl_log(SL_LOG_INFO, NULL, "SIP: listening at port %lld, UDP and TCP, and %lld, TLS",
           (long long)config->port_from, (long long)config->port_from + 1);
    return calls->sip;
}

/* ---- The end ---- */

static void on_stopped_later(struct sl_later *later)
{
    struct sl_calls *calls = sl_container_of(later, struct sl_calls, stopped);

    calls->on_stopped(calls->stopped_owner);
}

void sl_calls_check_stopped(struct sl_calls *calls)
{
    if (!calls->stopping || !calls->agent_stopped || calls->media_count > 0)
        return;
    calls->stopped.run = on_stopped_later;
    sl_loop_later(calls->config.loop, &calls->stopped);
}
