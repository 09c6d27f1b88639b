/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A listening TCP socket on a loop. Where descriptors or memory are short, newcomers are turned
 * away or wait, and the loop goes on: libuv's own listener would call back about it for ever.
 */
#ifndef SL_NET_ACCEPTOR_H
#define SL_NET_ACCEPTOR_H

#include "base/addr.h"

#include <stdbool.h>
#include <stdint.h>

struct sl_acceptor;
struct sl_loop;

struct sl_acceptor_ops {
    /* fd: connected, does not block, close-on-exec; the callee's now. */
    void (*on_accept)(void *owner, int fd, const struct sl_addr *remote);
    /* Somebody was turned away for lack of descriptors. May come often; NULL is fine. */
    void (*on_refuse)(void *owner);
};

/* A socket that listens there; port 0: any. dual: of [::], IPv4 as well. A descriptor or a negative
 * errno value. Threads: any. */
int sl_acceptor_listen(const struct sl_addr *addr, bool dual, int backlog);
/* Takes fd, from sl_acceptor_listen(), also on failure. Threads: the loop's, as of all below. */
int sl_acceptor_create(struct sl_loop *loop, int fd, const struct sl_acceptor_ops *ops, void *owner,
                       struct sl_acceptor **out);
/* The port is free at once; no callback after this. NULL is fine. */
void sl_acceptor_destroy(struct sl_acceptor *acceptor);
uint16_t sl_acceptor_port(const struct sl_acceptor *acceptor);

#endif
