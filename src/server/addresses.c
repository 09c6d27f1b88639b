/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses for media. */
#include "server/addresses.h"

#include "base/addr.h"
#include "base/config.h"
#include "base/error.h"
#include "webrtc/webrtc.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
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

static bool is_link_local(const struct sl_addr *addr)
{
    return sl_addr_is_v4(addr) ? addr->ip[12] == 169 && addr->ip[13] == 254
                               : addr->ip[0] == 0xfe && (addr->ip[1] & 0xc0) == 0x80;
}

/* True if a socket bound as configured receives what is sent to addr. */
static bool is_bound(const struct sl_rtc_config *config, const struct sl_addr *addr)
{
    for (size_t i = 0; i < config->bind_count; i++) {
        const struct sl_addr *bind = &config->bind[i];
        if (sl_addr_same_ip(bind, addr) ||
            (sl_addr_is_any(bind) && sl_addr_is_v4(bind) == sl_addr_is_v4(addr)))
            return true;
    }
    return false;
}

/* The first address of each family that others can reach, or else loopback. */
static void add_own(struct sl_rtc_config *config, const struct ifaddrs *interfaces, bool v4,
                    bool loopback)
{
    for (const struct ifaddrs *at = interfaces; at; at = at->ifa_next) {
        struct sl_addr addr;
        if (!at->ifa_addr || !(at->ifa_flags & IFF_UP) ||
            sl_addr_from_sockaddr(&addr, at->ifa_addr) < 0)
            continue;
        addr.port = 0;
        if (sl_addr_is_v4(&addr) != v4 || sl_addr_is_loopback(&addr) != loopback ||
            is_link_local(&addr) || !is_bound(config, &addr))
            continue;
        config->announce[config->announce_count++] = addr;
        return;
    }
}

static int announce_own(struct sl_rtc_config *config, struct sl_error *error)
{
    struct ifaddrs *interfaces;

    if (getifaddrs(&interfaces) < 0)
        return sl_error_set(error, -errno, "ip: cannot list the machine's addresses: %s",
                            strerror(errno));
    add_own(config, interfaces, true, false);
    add_own(config, interfaces, false, false);
    if (config->announce_count == 0) {
        add_own(config, interfaces, true, true);
        add_own(config, interfaces, false, true);
    }
    freeifaddrs(interfaces);
    if (config->announce_count == 0)
        return sl_error_set(error, -EINVAL, "ip: no address found; set it");
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
