/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ports out of a range, for media that no common port serves. What is taken the kernel knows, so
 * there is nothing to give back but the sockets. A search begins somewhere in the range: who had
 * a port just now may still send to it. Threads: any.
 */
#ifndef SL_NET_PORTS_H
#define SL_NET_PORTS_H

#include "base/addr.h"

#include <stdint.h>

struct sl_error;

/* As sl_udp_open() at one of the ports from..to of bind's address; from 0: the kernel picks.
 * *port, unless NULL, is the one. -EADDRINUSE: all are taken. */
int sl_udp_open_in(const struct sl_addr *bind, uint16_t from, uint16_t to, uint16_t *port,
                   struct sl_error *error);

/* RTP at an even port and RTCP at the next (RFC 3550 section 11). The caller closes both. */
struct sl_udp_pair {
    int rtp, rtcp; /* descriptors */
    uint16_t port; /* of RTP */
};
/* Both in from..to. Returns 0; -EADDRINUSE: there is no such pair free, or none in the range;
 * others as sl_udp_open(), with words. *out changes on success only. */
int sl_udp_open_pair(const struct sl_addr *bind, uint16_t from, uint16_t to,
                     struct sl_udp_pair *out, struct sl_error *error);

/* A socket of TCP that listens at one of the ports from..to of bind's address. A descriptor;
 * -EADDRINUSE: all are taken; others as sl_acceptor_listen(), with words. *port changes on success
 * only. */
int sl_tcp_listen_in(const struct sl_addr *bind, uint16_t from, uint16_t to, int backlog,
                     uint16_t *port, struct sl_error *error);

#endif
