/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One connection to a server, plain or TLS, to addresses that were resolved and checked before: no
 * name is looked up here. An address that cannot be connected to, or fails the handshake of TLS, is
 * followed by the next. TLS asks for the host's name, and checks the certificate against it and
 * the system's authorities. Threads: the loop's.
 */
#ifndef SL_PUSH_LINK_H
#define SL_PUSH_LINK_H

#include "base/addr.h"
#include "rtmp/rtmp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_loop;

/* None is called from within a function of this header. After on_error no more. on_bytes and
 * on_error may destroy the link. */
struct link_ops {
    void (*on_open)(void *owner);
    void (*on_bytes)(void *owner, const uint8_t *bytes, size_t len);
    void (*on_drained)(void *owner); /* the outbox got empty */
    void (*on_error)(void *owner, int err, const char *words);
};

struct link_config {
    struct sl_loop *loop;
    const struct sl_addr *addrs; /* tried in this order; copied */
    size_t addr_count;
    int64_t timeout_ms;       /* for TCP and TLS, of all addresses together */
    const char *tls_host;     /* NULL: no TLS; copied */
    struct sl_outbox *outbox; /* what is to be sent; outlives the link */
    const struct link_ops *ops;
    void *owner;
};

struct link;
struct link *link_create(const struct link_config *config);
/* Closes; what is in the outbox is not sent any more. NULL is fine. */
void link_destroy(struct link *link);
/* Something was put into the outbox. */
void link_flush(struct link *link);
/* Nothing more is to be sent: the server sees the end once it has read all; its own end comes as
 * on_error. */
void link_shutdown(struct link *link);
/* When bytes last went out, or the outbox was seen empty: for deadlines. */
int64_t link_progress_us(struct link *link);
uint64_t link_bytes_sent(const struct link *link);

#endif
