/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The bytes of one connected TCP socket, in clear or by TLS: what goes at once goes, and what does
 * not says what it waits for. No loop, no queue, no state but OpenSSL's. Threads: one at a time.
 */
#ifndef SL_NET_WIRE_H
#define SL_NET_WIRE_H

#include "net/chunk.h"

#include <openssl/ssl.h>
#include <stddef.h>
#include <stdint.h>

struct sl_addr;

enum { SL_WIRE_WHY_MAX = 120 };

/* Embedded. Owns both. */
struct sl_wire {
    int fd;
    SSL *ssl; /* made ready as server or client; NULL: plain TCP */
};

/* How a step went. Of a step that failed why has words for the log, cut to SL_WIRE_WHY_MAX. */
enum sl_wire_step {
    SL_WIRE_DONE,
    SL_WIRE_WAITS_READ,  /* again when something has come */
    SL_WIRE_WAITS_WRITE, /* again when the socket can be written */
    SL_WIRE_ENDED,       /* plain TCP only: the peer sends no more, and may read on */
    SL_WIRE_FAILED,
};

/* -errno of a connection that was under way, or that has failed; 0: it is there. */
int sl_wire_error(const struct sl_wire *wire);
/* Both ends' addresses; that of a peer that is gone already stays what it is. */
void sl_wire_addrs(const struct sl_wire *wire, struct sl_addr *remote, struct sl_addr *local);
/* Part of the TLS handshake: some hundred microseconds of arithmetic. */
enum sl_wire_step sl_wire_handshake(const struct sl_wire *wire, char why[SL_WIRE_WHY_MAX]);
/* Some of what is queued, which must be something, leaves the queue. Done: maybe not all. */
enum sl_wire_step sl_wire_write(const struct sl_wire *wire, struct sl_chunk_queue *queue,
                                char why[SL_WIRE_WHY_MAX]);
/* Done: *got bytes, at least one. A TLS record is at most 16 KiB: with less room some of it may
 * stay where poll(2) does not show it. */
enum sl_wire_step sl_wire_read(const struct sl_wire *wire, uint8_t *buf, size_t size, size_t *got,
                               char why[SL_WIRE_WHY_MAX]);
/* Nothing more is sent. */
void sl_wire_say_goodbye(const struct sl_wire *wire);
void sl_wire_close(struct sl_wire *wire);

#endif
