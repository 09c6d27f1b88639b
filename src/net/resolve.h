/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A host's addresses, for all of a loop who ask: the system is asked on libuv's pool, which is
 * shared with other work (see main.c), so no more than a bound of questions is under way and those
 * who ask for the same name share one. The system's question cannot be stopped: whoever waits for
 * it has a deadline, and its end is nobody's then. A literal address never goes through the pool.
 * Nobody is judged here: see net/reach.h. Threads: the loop's.
 */
#ifndef SL_NET_RESOLVE_H
#define SL_NET_RESOLVE_H

#include "base/addr.h"

#include <stddef.h>
#include <stdint.h>

struct sl_loop;
struct sl_lookup;

enum {
    SL_RESOLVE_ADDRESSES_MAX = 8,  /* of one name; further ones are left out */
    SL_RESOLVE_NAMES_MAX = 128,    /* asked for at once */
    SL_RESOLVE_WAITERS_MAX = 4096, /* for all names together */
    SL_RESOLVE_TIMEOUT_MS = 5000,  /* for who has none of their own */
};

/*
 * Exactly once, from the loop, never from within; the look-up is over then. addrs (in the system's
 * order) carry the port asked for and are good for this call only. err: 0; -ENOENT: the name has no
 * address; -ETIMEDOUT: not in time; -ENOBUFS: too much is asked for already. words: of err.
 */
typedef void sl_resolve_on_done(void *owner, int err, const char *words,
                                const struct sl_addr *addrs, size_t count);

/* host: a name or a literal address. timeout_ms: at least 1. */
struct sl_lookup *sl_resolve(struct sl_loop *loop, const char *host, uint16_t port,
                             int64_t timeout_ms, sl_resolve_on_done *on_done, void *owner);
/* No callback after this. Not after on_done. NULL is fine. */
void sl_resolve_cancel(struct sl_lookup *lookup);

#endif
