/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where somebody's word may send us. */
#include "net/reach.h"

#include "base/mem.h"

#include <string.h>
#include <strings.h>

/* ---- What kind of address ---- */

/* The first that fits; what is in none is public. */
static const struct {
    const char *first; /* a literal */
    unsigned bits;     /* of the 128 */
    enum sl_reach_class class;
} ranges[] = {
    /* RFC 1122 section 3.2.1.3: "this host"; reaches loopback on Linux */
    {"0.0.0.0", 96 + 8, SL_REACH_FORBIDDEN},
    /* RFC 3927; 169.254.169.254 tells a cloud machine's credentials */
    {"169.254.0.0", 96 + 16, SL_REACH_FORBIDDEN},
    {"224.0.0.0", 96 + 3, SL_REACH_FORBIDDEN}, /* multicast, reserved, broadcast */
    {"::", 128, SL_REACH_FORBIDDEN},           /* unspecified */
    {"fe80::", 10, SL_REACH_FORBIDDEN},        /* RFC 4291 link-local */
    {"ff00::", 8, SL_REACH_FORBIDDEN},         /* multicast */
    {"fd00:ec2::", 32, SL_REACH_FORBIDDEN},    /* a cloud's metadata over IPv6 */
    {"127.0.0.0", 96 + 8, SL_REACH_LOOPBACK},
    {"::1", 128, SL_REACH_LOOPBACK},
    {"10.0.0.0", 96 + 8, SL_REACH_PRIVATE},      /* RFC 1918 */
    {"100.64.0.0", 96 + 10, SL_REACH_PRIVATE},   /* RFC 6598 shared */
    {"172.16.0.0", 96 + 12, SL_REACH_PRIVATE},   /* RFC 1918 */
    {"192.0.0.0", 96 + 24, SL_REACH_PRIVATE},    /* RFC 6890 protocol assignments */
    {"192.0.2.0", 96 + 24, SL_REACH_PRIVATE},    /* RFC 5737 documentation */
    {"192.88.99.0", 96 + 24, SL_REACH_PRIVATE},  /* RFC 7526 6to4 relays */
    {"192.168.0.0", 96 + 16, SL_REACH_PRIVATE},  /* RFC 1918 */
    {"198.18.0.0", 96 + 15, SL_REACH_PRIVATE},   /* RFC 2544 benchmarks */
    {"198.51.100.0", 96 + 24, SL_REACH_PRIVATE}, /* RFC 5737 */
    {"203.0.113.0", 96 + 24, SL_REACH_PRIVATE},  /* RFC 5737 */
    {"::", 96, SL_REACH_PRIVATE},                /* IPv4-compatible (RFC 4291 section 2.5.5.1) */
    {"64:ff9b:1::", 48, SL_REACH_PRIVATE},       /* RFC 8215 local translation */
    {"100::", 64, SL_REACH_PRIVATE},             /* RFC 6666 discard */
    {"2001::", 23, SL_REACH_PRIVATE},            /* RFC 2928: Teredo and others */
    {"2001:db8::", 32, SL_REACH_PRIVATE},        /* RFC 3849 documentation */
    {"2002::", 16, SL_REACH_PRIVATE},            /* RFC 3056 6to4: leads to any IPv4 address */
    {"3fff::", 20, SL_REACH_PRIVATE},            /* RFC 9637 documentation */
    {"5f00::", 16, SL_REACH_PRIVATE},            /* RFC 9602 segment routing */
    {"fc00::", 7, SL_REACH_PRIVATE},             /* RFC 4193 unique local */
    {"fec0::", 10, SL_REACH_PRIVATE},            /* RFC 3879 site-local, of old */
};

/* RFC 6052 section 2.1: 64:ff9b::/96 leads to the IPv4 address in its last 32 bits. */
static struct sl_addr untranslated(const struct sl_addr *addr)
{
    static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b}, mapped[12] = {[10] = 0xff, 0xff};
    struct sl_addr result = *addr;

    if (memcmp(addr->ip, nat64, sizeof(nat64)) == 0)
        memcpy(result.ip, mapped, sizeof(mapped));
    return result;
}

enum sl_reach_class sl_reach_class(const struct sl_addr *addr)
{
    struct sl_addr real = untranslated(addr);

    for (size_t i = 0; i < SL_ARRAY_LEN(ranges); i++) {
        struct sl_cidr range = {.bits = ranges[i].bits};
        struct sl_addr first;
        if (sl_addr_parse_ip(ranges[i].first, 0, &first) < 0)
            continue; /* all are good: the unit tests look up each */
        memcpy(range.ip, first.ip, sizeof(range.ip));
        if (sl_cidr_contains(&range, &real))
            return ranges[i].class;
    }
    return SL_REACH_PUBLIC;
}

/* ---- Who may go where ---- */

enum verdict {
    NO,
    YES,
    LISTED, /* if sl_reach.allow names it */
    INSIDE, /* or if nowhere the server may be is public: it could go there itself */
    SAME,   /* if the server is on that machine, too */
};

static const enum verdict verdicts[][4] = {
    /* clang-format off */
    /*                                public  private  loopback  forbidden */
    [SL_REACH_OPERATOR]           = { YES,    YES,     YES,      YES },
    [SL_REACH_HOOK]               = { YES,    YES,     YES,      NO },
    [SL_REACH_PULL]               = { YES,    YES,     YES,      NO },
    [SL_REACH_CLIENT]             = { YES,    LISTED,  LISTED,   NO },
    [SL_REACH_OPERATORS_REDIRECT] = { YES,    INSIDE,  LISTED,   NO },
    [SL_REACH_CLIENTS_REDIRECT]   = { YES,    LISTED,  LISTED,   NO },
    [SL_REACH_CANDIDATE]          = { YES,    YES,     SAME,     NO },
    /* clang-format on */
};

static bool is_listed(const struct sl_reach *reach, const struct sl_addr *addr)
{
    struct sl_addr real = untranslated(addr);

    for (size_t i = 0; reach->allow && i < reach->allow->count; i++) {
        struct sl_cidr cidr;
        const char *item = reach->allow->items[i];
        if (reach->host && strcasecmp(item, reach->host) == 0)
            return true;
        if (sl_cidr_parse(item, &cidr) == 0 && sl_cidr_contains(&cidr, &real))
            return true;
    }
    return false;
}

static bool is_from(const struct sl_reach *reach, enum sl_reach_class class)
{
    for (size_t i = 0; i < reach->from_count; i++) {
        if (sl_reach_class(&reach->from[i]) == class)
            return true;
    }
    return false;
}

/* A server may send us to its own address, on another port, whatever that is. */
static bool is_its_own(const struct sl_reach *reach, const struct sl_addr *to)
{
    if (reach->who != SL_REACH_OPERATORS_REDIRECT && reach->who != SL_REACH_CLIENTS_REDIRECT)
        return false;
    for (size_t i = 0; i < reach->from_count; i++) {
        if (sl_addr_same_ip(&reach->from[i], to))
            return true;
    }
    return false;
}

bool sl_reach_may(const struct sl_reach *reach, const struct sl_addr *to)
{
    if (is_its_own(reach, to))
        return true;
    switch (verdicts[reach->who][sl_reach_class(to)]) {
    case NO:
        return false;
    case YES:
        return true;
    case LISTED:
        return is_listed(reach, to);
    case INSIDE:
        return (reach->from_count > 0 && !is_from(reach, SL_REACH_PUBLIC)) || is_listed(reach, to);
    case SAME:
        return is_from(reach, SL_REACH_LOOPBACK);
    }
    return false;
}

const struct sl_addr *sl_reach_find_refused(const struct sl_reach *reach,
                                            const struct sl_addr *addrs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!sl_reach_may(reach, &addrs[i]))
            return &addrs[i];
    }
    return NULL;
}

/* ---- Schemes ---- */

const char *sl_reach_after_scheme(enum sl_reach_scheme scheme, const char *url, bool *tls)
{
    static const char *const names[][2] = {
        [SL_REACH_HTTP] = {"http://", "https://"},
        [SL_REACH_WS] = {"ws://", "wss://"},
        [SL_REACH_RTMP] = {"rtmp://", "rtmps://"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(names[scheme]); i++) {
        size_t len = strlen(names[scheme][i]);
        if (strncasecmp(url, names[scheme][i], len) == 0) {
            *tls = i == 1;
            return url + len;
        }
    }
    return NULL;
}
