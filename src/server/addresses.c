/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses for media. */
#include "server/addresses.h"

#include "base/addr.h"
#include "base/config.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/net.h"
#include "webrtc/webrtc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse_list(const struct sl_string_list *list, const char *key,
                      struct sl_addr out[static SL_RTC_ADDRESSES_MAX], size_t *count,
                      struct sl_error *error)
{
    if (list->count > SL_RTC_ADDRESSES_MAX)
        return sl_error_set(error, -EINVAL, "%s: at most %d addresses", key, SL_RTC_ADDRESSES_MAX);
    for (size_t i = 0; i < list->count; i++) {
        if (sl_addr_parse_ip(list->items[i], 0, &out[i]) < 0)
            return sl_error_set(error, -EINVAL, "%s: not an address: %s", key, list->items[i]);
    }
    *count = list->count;
    return 0;
}

static void add_own(const struct sl_host_addrs *host, bool loopback, struct sl_rtc_config *out)
{
    for (size_t i = 0; i < host->count && out->announce_count < SL_RTC_ADDRESSES_MAX; i++) {
        const struct sl_addr *addr = &host->items[i].addr;
        if (sl_addr_is_loopback(addr) == loopback && !sl_addr_is_link_local(addr) &&
            sl_rtc_receives(out, addr))
            out->announce[out->announce_count++] = *addr;
    }
}

void sl_addresses_own(const struct sl_host_addrs *host, struct sl_rtc_config *out)
{
    out->announce_own = true;
    out->announce_count = 0;
    add_own(host, false, out);
    if (out->announce_count == 0)
        add_own(host, true, out);
}

static int announce_own(struct sl_rtc_config *config, struct sl_error *error)
{
    struct sl_host_addrs host;
    struct sl_error why;

    if (sl_host_addrs_read(&host, &why) < 0)
        return sl_error_set(error, -EINVAL, "ip: %s; set it", why.text);
    sl_addresses_own(&host, config);
    return 0;
}

int sl_addresses_choose(const struct sl_config *config, struct sl_rtc_config *out,
                        struct sl_error *error)
{
    int err = parse_list(&config->ip_local, "ip_local", out->bind, &out->bind_count, error);
    if (err < 0)
        return err;
    if (out->bind_count == 0)
        return sl_error_set(error, -EINVAL, "ip_local: no address");
    if (config->ice_candidate_override[0]) {
        const char *text = config->ice_candidate_override;
        const char *colon = strrchr(text, ':');
        char ip[SL_ADDR_TEXT_MAX];
        if (!colon || (size_t)(colon - text) >= sizeof(ip))
            return sl_error_set(error, -EINVAL, "ice_candidate_override: not ADDRESS:PORT");
        memcpy(ip, text, (size_t)(colon - text));
        ip[colon - text] = '\0';
        unsigned long port = strtoul(colon + 1, NULL, 10);
        if (port == 0 || port > 65535 ||
            sl_addr_parse_ip(ip, (uint16_t)port, &out->announce[0]) < 0)
            return sl_error_set(error, -EINVAL, "ice_candidate_override: not ADDRESS:PORT");
        out->announce_count = 1;
        return 0;
    }
    err = parse_list(&config->ip, "ip", out->announce, &out->announce_count, error);
    if (err < 0 || out->announce_count > 0)
        return err;
    return announce_own(out, error);
}

/* ---- Changes ---- */

struct sl_addresses {
    struct sl_rtc_config config; /* what is announced now */
    struct sl_rtc_config told;   /* and what the log says is */
    struct sl_timer *tell_timer;
    struct sl_rtc *rtc;
    struct sl_host_watch *watch;
    struct sl_timer *again; /* they could not be read */
};

enum {
    READ_AGAIN_MS = 1000,
    TELL_MS = 300, /* an address that becomes another one goes first and comes then: one line */
};

static void tell(const struct sl_rtc_config *config)
{
    char list[SL_RTC_ADDRESSES_MAX * SL_ADDR_TEXT_MAX] = "";
    size_t len = 0;

    for (size_t i = 0; i < config->announce_count; i++) {
        char text[SL_ADDR_TEXT_MAX];
        len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i > 0 ? ", " : "",
                                sl_addr_format_ip(&config->announce[i], text));
    }
    if (config->announce_count == 0)
        sl_log(SL_LOG_WARN, NULL,
               "webrtc: this machine has no address of the families in ip_local: "
               "no client can connect until one comes");
    else if (sl_addr_is_loopback(&config->announce[0]))
        sl_log(SL_LOG_WARN, NULL,
               "webrtc: this machine has no address but %s: clients elsewhere cannot connect until "
               "one comes, or is set as ip",
               list);
    else
        sl_log(SL_LOG_INFO, NULL, "webrtc: announcing %s", list);
}

static bool same(const struct sl_rtc_config *a, const struct sl_rtc_config *b)
{
    if (a->announce_count != b->announce_count)
        return false;
    for (size_t i = 0; i < a->announce_count; i++)
        if (!sl_addr_same_ip(&a->announce[i], &b->announce[i]))
            return false;
    return true;
}

static void on_tell(void *owner)
{
    struct sl_addresses *addresses = owner;

    if (same(&addresses->config, &addresses->told))
        return;
    addresses->told = addresses->config;
    tell(&addresses->told);
}

static void on_change(void *owner)
{
    struct sl_addresses *addresses = owner;
    struct sl_rtc_config fresh = addresses->config;
    struct sl_host_addrs host;
    struct sl_error error;

    int err = sl_host_addrs_read(&host, &error);
    if (err < 0) {
        if (err != -EAGAIN) /* they change right now */
            sl_log(SL_LOG_WARN, NULL, "webrtc: %s; trying again", error.text);
        sl_timer_start(addresses->again, READ_AGAIN_MS, 0);
        return;
    }
    sl_addresses_own(&host, &fresh);
    if (same(&addresses->config, &fresh))
        return;
    addresses->config = fresh;
    sl_rtc_announce(addresses->rtc, fresh.announce, fresh.announce_count);
    sl_timer_start(addresses->tell_timer, TELL_MS, 0);
}

struct sl_addresses *sl_addresses_watch(const struct sl_rtc_config *config, struct sl_rtc *rtc,
                                        struct sl_loop *loop)
{
    struct sl_error error;

    if (!config->announce_own)
        return NULL;
    struct sl_addresses *addresses = sl_new(struct sl_addresses);
    addresses->config = addresses->told = *config;
    addresses->rtc = rtc;
    addresses->tell_timer = sl_timer_create(loop, on_tell, addresses);
    addresses->again = sl_timer_create(loop, on_change, addresses);
    if (sl_host_watch_create(loop, on_change, addresses, &addresses->watch, &error) < 0)
        sl_log(SL_LOG_WARN, NULL, "webrtc: %s: those of now stay announced", error.text);
    tell(config);
    on_change(addresses); /* what came between the first look and the watch */
    return addresses;
}

void sl_addresses_destroy(struct sl_addresses *addresses)
{
    if (!addresses)
        return;
    sl_host_watch_destroy(addresses->watch);
    sl_timer_destroy(addresses->again);
    sl_timer_destroy(addresses->tell_timer);
    free(addresses);
}
