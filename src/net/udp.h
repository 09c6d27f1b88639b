/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Datagrams in batches: recvmmsg in, sendmmsg with UDP_SEGMENT out. No loop, no allocation on the
 * path. An object belongs to one thread.
 */
#ifndef SL_NET_UDP_H
#define SL_NET_UDP_H

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct sl_error;

enum {
    SL_UDP_BATCH = 64,         /* datagrams per receive call */
    SL_UDP_DATAGRAM_MAX = 2048 /* longer ones are cut and dropped: no browser sends them */
};

/* A non-blocking socket bound to addr, buffers of 4 MiB asked for, never fragmenting (no IP ids
 * to draw) and deaf to ICMP's word on the path MTU, which anyone can forge. IPv6 sockets take IPv6
 * only. One bound to all addresses tells which of them each datagram was sent to. Returns the
 * descriptor (the caller closes it), or a negative errno value with words. */
int sl_udp_open(const struct sl_addr *addr, struct sl_error *error);

/* ---- Receiving ---- */

struct sl_udp_receiver;
struct sl_udp_datagram {
    uint8_t *data; /* may be changed in place until the next receive */
    size_t len;
    struct sl_addr from;
    struct sl_addr to; /* without port; :: where the socket has one address */
};
struct sl_udp_receiver *sl_udp_receiver_create(void);
void sl_udp_receiver_destroy(struct sl_udp_receiver *receiver);
/* Takes what is there, at most SL_UDP_BATCH; returns how many *out holds, 0 if nothing (errors of
 * the socket, such as ICMP answers to what we sent, count as nothing). */
size_t sl_udp_receive(struct sl_udp_receiver *receiver, int fd, const struct sl_udp_datagram **out);

/* ---- Sending ---- */

/* Collects datagrams built in its own memory and sends them together. */
struct sl_udp_sender;
struct sl_udp_dest {
    struct sockaddr_storage sa;
    socklen_t sa_len;
    int fd;
    struct sl_addr source; /* it leaves by this address; ::, the kernel chooses */
};
/* before_send is called before anything leaves (crypto in flight is finished there); may be NULL.
 */
struct sl_udp_sender *sl_udp_sender_create(void (*before_send)(void *owner), void *owner);
void sl_udp_sender_destroy(struct sl_udp_sender *sender);
/* Room for one datagram of up to room bytes (at most SL_UDP_DATAGRAM_MAX); flushes first when full.
 * Valid until the matching sl_udp_commit(). Never NULL. */
uint8_t *sl_udp_reserve(struct sl_udp_sender *sender, size_t room);
/* Queues the reserved datagram, len bytes (their content may be finished as late as before_send).
 * dest is borrowed: it must stay as it is until the flush; neighbours with the same dest pointer
 * and equal length leave as one GSO message. */
void sl_udp_commit(struct sl_udp_sender *sender, const struct sl_udp_dest *dest, size_t len);
/* One datagram, now. A negative errno value if the kernel does not take it. */
int sl_udp_send(const struct sl_udp_dest *dest, const uint8_t *data, size_t len);
/* Sends everything. What the kernel will not take now (full buffer) is dropped and counted: RTP
 * repairs itself, a queue would only add delay. */
void sl_udp_flush(struct sl_udp_sender *sender);
bool sl_udp_sender_empty(const struct sl_udp_sender *sender);

struct sl_udp_sender_stats {
    uint64_t datagrams, bytes, messages, dropped;
};
const struct sl_udp_sender_stats *sl_udp_sender_stats(const struct sl_udp_sender *sender);

#endif
