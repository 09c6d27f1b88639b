/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Canonical network addresses. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool ip_is_v4(const uint8_t ip[16])
{
    return memcmp(ip, v4_prefix, sizeof(v4_prefix)) == 0;
}

bool sl_addr_is_v4(const struct sl_addr *addr)
{
    return ip_is_v4(addr->ip);
}

bool sl_addr_is_loopback(const struct sl_addr *addr)
{
    static const uint8_t v6_loopback[16] = {[15] = 1};

    return ip_is_v4(addr->ip) ? addr->ip[12] == 127 : memcmp(addr->ip, v6_loopback, 16) == 0;
}

bool sl_addr_is_link_local(const struct sl_addr *addr)
{
    return ip_is_v4(addr->ip) ? addr->ip[12] == 169 && addr->ip[13] == 254
                              : addr->ip[0] == 0xfe && (addr->ip[1] & 0xc0) == 0x80;
}

bool sl_addr_is_any(const struct sl_addr *addr)
{
    static const uint8_t zero[16];

    return memcmp(addr->ip, zero, 16) == 0 ||
           (ip_is_v4(addr->ip) && memcmp(addr->ip + 12, zero, 4) == 0);
}

bool sl_addr_same_ip(const struct sl_addr *a, const struct sl_addr *b)
{
    return memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

bool sl_addr_same_site(const struct sl_addr *a, const struct sl_addr *b)
{
    enum { SITE_LEN = 8 };

    return sl_addr_is_v4(a) ? sl_addr_same_ip(a, b) : memcmp(a->ip, b->ip, SITE_LEN) == 0;
}

bool sl_addr_equal(const struct sl_addr *a, const struct sl_addr *b)
{
    return a->port == b->port && sl_addr_same_ip(a, b);
}

static void set_v4(uint8_t ip[16], const void *four)
{
    memcpy(ip, v4_prefix, sizeof(v4_prefix));
    memcpy(ip + 12, four, 4);
}

int sl_addr_from_sockaddr(struct sl_addr *out, const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof(in));
        set_v4(out->ip, &in.sin_addr);
        out->port = ntohs(in.sin_port);
        return 0;
    }
    if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof(in6));
        memcpy(out->ip, &in6.sin6_addr, 16);
        out->port = ntohs(in6.sin6_port);
        return 0;
    }
    return -EAFNOSUPPORT;
}

socklen_t sl_addr_to_sockaddr(const struct sl_addr *addr, struct sockaddr_storage *sa)
{
    memset(sa, 0, sizeof(*sa));
    if (sl_addr_is_v4(addr)) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(addr->port)};
        memcpy(&in.sin_addr, addr->ip + 12, 4);
        memcpy(sa, &in, sizeof(in));
        return sizeof(in);
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(addr->port)};
    memcpy(&in6.sin6_addr, addr->ip, 16);
    memcpy(sa, &in6, sizeof(in6));
    return sizeof(in6);
}

static int parse_ip(const char *text, uint8_t ip[16])
{
    char plain[INET6_ADDRSTRLEN];
    size_t len = strlen(text);
    struct in_addr in;

    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
        if (!memchr(text, ':', len))
            return -EINVAL;
    }
    if (len == 0 || len >= sizeof(plain))
        return -EINVAL;
    memcpy(plain, text, len);
    plain[len] = '\0';
    if (inet_pton(AF_INET, plain, &in) == 1) {
        set_v4(ip, &in);
        return 0;
    }
    return inet_pton(AF_INET6, plain, ip) == 1 ? 0 : -EINVAL;
}

int sl_addr_parse_ip(const char *text, uint16_t port, struct sl_addr *out)
{
    struct sl_addr parsed;
    int err = parse_ip(text, parsed.ip);

    if (err < 0)
        return err;
    parsed.port = port;
    *out = parsed;
    return 0;
}

char *sl_addr_format_ip(const struct sl_addr *addr, char out[static SL_ADDR_TEXT_MAX])
{
    const char *text = sl_addr_is_v4(addr)
                           ? inet_ntop(AF_INET, addr->ip + 12, out, SL_ADDR_TEXT_MAX)
                           : inet_ntop(AF_INET6, addr->ip, out, SL_ADDR_TEXT_MAX);
    if (!text)
        out[0] = '\0'; /* cannot happen: the buffer holds the longest form */
    return out;
}

char *sl_addr_format(const struct sl_addr *addr, char out[static SL_ADDR_TEXT_MAX])
{
    char ip[SL_ADDR_TEXT_MAX];

    sl_addr_format_ip(addr, ip);
    (void)snprintf(out, SL_ADDR_TEXT_MAX, sl_addr_is_v4(addr) ? "%.45s:%u" : "[%.45s]:%u", ip,
                   (unsigned)addr->port);
    return out;
}

int sl_cidr_parse(const char *text, struct sl_cidr *out)
{
    char ip_text[64];
    struct sl_cidr parsed;
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);

    if (len >= sizeof(ip_text))
        return -EINVAL;
    memcpy(ip_text, text, len);
    ip_text[len] = '\0';
    int err = parse_ip(ip_text, parsed.ip);
    if (err < 0)
        return err;
    unsigned long width = strchr(ip_text, ':') ? 128 : 32;
    unsigned long bits = width;
    if (slash) {
        char *end;
        if (slash[1] < '0' || slash[1] > '9')
            return -EINVAL;
        bits = strtoul(slash + 1, &end, 10);
        if (*end != '\0' || bits > width)
            return -EINVAL;
    }
    parsed.bits = (unsigned)(bits + 128 - width);
    *out = parsed;
    return 0;
}

bool sl_cidr_contains(const struct sl_cidr *cidr, const struct sl_addr *addr)
{
    unsigned whole = cidr->bits / 8, rest = cidr->bits % 8;

    if (memcmp(cidr->ip, addr->ip, whole) != 0)
        return false;
    if (rest == 0)
        return true;
    unsigned mask = 0xffU << (8 - rest);
    return ((cidr->ip[whole] ^ addr->ip[whole]) & mask) == 0;
}
