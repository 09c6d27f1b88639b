/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which addresses a client's URL may lead to (hardening.md class 16). Pure. */
#include "push/address.h"

#include "base/mem.h"

#include <string.h>
#include <strings.h>

/* Not for everybody. */
static const struct sl_addr_range special[] = {
    {"10.0.0.0", 96 + 8},     /* RFC 1918 */
    {"100.64.0.0", 96 + 10},  /* RFC 6598 shared */
    {"127.0.0.0", 96 + 8},    /* loopback */
    {"172.16.0.0", 96 + 12},  /* RFC 1918 */
    {"192.0.0.0", 96 + 24},   /* RFC 6890 protocol assignments */
    {"192.0.2.0", 96 + 24},   /* RFC 5737 documentation */
    {"192.88.99.0", 96 + 24}, /* RFC 7526 6to4 relays */
    {"192.168.0.0", 96 + 16}, /* RFC 1918 */
    {"198.18.0.0", 96 + 15},  /* RFC 2544 benchmarks */
    {"198.51.100.0", 96 + 24},
    {"203.0.113.0", 96 + 24},
    {"::", 96},          /* loopback, and IPv4-compatible (RFC 4291 section 2.5.5.1) */
    {"64:ff9b:1::", 48}, /* RFC 8215 local translation */
    {"100::", 64},       /* RFC 6666 discard */
    {"2001::", 23},      /* RFC 2928: Teredo and others */
    {"2001:db8::", 32},  /* RFC 3849 documentation */
    {"2002::", 16},      /* RFC 3056 6to4: leads to any IPv4 address */
    {"3fff::", 20},      /* RFC 9637 documentation */
    {"5f00::", 16},      /* RFC 9602 segment routing */
    {"fc00::", 7},       /* RFC 4193 unique local */
    {"fec0::", 10},      /* RFC 3879 site-local, of old */
};

bool address_is_public(const struct sl_addr *addr)
{
    struct sl_addr real = sl_addr_untranslated(addr);

    return !sl_addr_is_forbidden(&real) && !sl_addr_is_in(&real, special, SL_ARRAY_LEN(special));
}

static bool is_listed(const struct sl_string_list *allow, const char *host,
                      const struct sl_addr *addr)
{
    for (size_t i = 0; i < allow->count; i++) {
        struct sl_cidr cidr;
        if (strcasecmp(allow->items[i], host) == 0)
            return true;
        if (sl_cidr_parse(allow->items[i], &cidr) == 0 && sl_cidr_contains(&cidr, addr))
            return true;
    }
    return false;
}

bool address_is_allowed(const struct sl_string_list *allow, const char *host,
                        const struct sl_addr *addr)
{
    struct sl_addr real = sl_addr_untranslated(addr);

    if (sl_addr_is_forbidden(&real))
        return false;
    return address_is_public(&real) || is_listed(allow, host, &real);
}

bool address_may_follow(const struct address_redirect *redirect, const struct sl_addr *to)
{
    struct sl_addr real = sl_addr_untranslated(to);
    bool within = !redirect->by_client && redirect->from_count > 0 && !sl_addr_is_loopback(&real) &&
                  !sl_addr_is_forbidden(&real);

    for (size_t i = 0; i < redirect->from_count; i++) {
        if (sl_addr_same_ip(&redirect->from[i], to))
            return true;
        within = within && !address_is_public(&redirect->from[i]);
    }
    return within || address_is_allowed(redirect->allow, redirect->host, to);
}
