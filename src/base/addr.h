/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Network addresses in one canonical form: 16 bytes, IPv4 as ::ffff:a.b.c.d, so that comparing and
 * range checks cannot be fooled by another spelling (hardening.md class 14). Pure, any thread.
 */
#ifndef SL_BASE_ADDR_H
#define SL_BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct sl_addr {
    uint8_t ip[16]; /* network order, IPv4 mapped */
    uint16_t port;  /* host order */
};

enum { SL_ADDR_TEXT_MAX = 56 }; /* "[<39>]:65535" and NUL */

struct sl_cidr {
    uint8_t ip[16];
    unsigned bits; /* of the 128 */
};

bool sl_addr_is_v4(const struct sl_addr *addr);
bool sl_addr_is_loopback(const struct sl_addr *addr);
/* 169.254.0.0/16, fe80::/10: means something on one link only. */
bool sl_addr_is_link_local(const struct sl_addr *addr);
bool sl_addr_is_any(const struct sl_addr *addr);
bool sl_addr_equal(const struct sl_addr *a, const struct sl_addr *b);
bool sl_addr_same_ip(const struct sl_addr *a, const struct sl_addr *b);
/* Whoever may choose the one may choose the other: the same IPv4 address, or /64 of IPv6. */
bool sl_addr_same_site(const struct sl_addr *a, const struct sl_addr *b);

/* -EAFNOSUPPORT for anything but AF_INET and AF_INET6. */
int sl_addr_from_sockaddr(struct sl_addr *out, const struct sockaddr *sa);
/* Fills *sa for a socket of this family (AF_INET6 takes IPv4 too, mapped); returns its length. */
socklen_t sl_addr_to_sockaddr(const struct sl_addr *addr, struct sockaddr_storage *sa);

/* A literal address, "1.2.3.4", "::1" or "[::1]": no names, no octal, no short forms. -EINVAL. */
int sl_addr_parse_ip(const char *text, uint16_t port, struct sl_addr *out);
/* "1.2.3.4" or "::1": as SDP, candidates and logs want it. Returns out. */
char *sl_addr_format_ip(const struct sl_addr *addr, char out[static SL_ADDR_TEXT_MAX]);
/* "1.2.3.4:5" or "[::1]:5". Returns out. */
char *sl_addr_format(const struct sl_addr *addr, char out[static SL_ADDR_TEXT_MAX]);

/* "10.0.0.0/8", "::1/128" or a bare address. -EINVAL. */
int sl_cidr_parse(const char *text, struct sl_cidr *out);
bool sl_cidr_contains(const struct sl_cidr *cidr, const struct sl_addr *addr);

#endif
