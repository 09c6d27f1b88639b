/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TCP to a host that may have several addresses: they are tried one after the other, and whoever
 * dials may call a connection that was made of no use, and gets the next one. Each address has its
 * share of the time that is left. No name is looked up here, and no address judged: the caller has
 * done both. Threads: the loop's.
 */
#ifndef SL_NET_DIAL_H
#define SL_NET_DIAL_H

#include "base/addr.h"

#include <stddef.h>
#include <stdint.h>

struct sl_loop;
struct sl_dial;

enum { SL_DIAL_ADDRESSES_MAX = 8 }; /* further ones are left out */

/* None is called from within a function of this header; each may destroy the dial. */
struct sl_dial_ops {
    /* fd is the owner's: connected, non-blocking, close-on-exec. */
    void (*on_connected)(void *owner, int fd);
    /* No address is left. err: -errno of the last one; words: what each died of, "no address" if
     * there was none. */
    void (*on_failed)(void *owner, int err, const char *words);
};

struct sl_dial_config {
    struct sl_loop *loop;
    const struct sl_addr *addrs; /* in the order to be tried; copied */
    size_t addr_count;
    int64_t timeout_ms; /* for all together */
    const struct sl_dial_ops *ops;
    void *owner;
};

struct sl_dial *sl_dial_create(const struct sl_dial_config *config);
/* After on_connected: that connection was of no use (words: why), the rest is tried. */
void sl_dial_next(struct sl_dial *dial, int err, const char *words);
/* What is left of this address's share, at least 1: for what the owner does with the connection. */
int64_t sl_dial_left_ms(const struct sl_dial *dial);
/* No callback after this; an attempt that runs is given up. NULL is fine. */
void sl_dial_destroy(struct sl_dial *dial);

#endif
