/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which addresses a push may go to, and the lookup of a host's. */
#ifndef SL_PUSH_ADDRESS_H
#define SL_PUSH_ADDRESS_H

#include "base/addr.h"
#include "base/config.h"
#include "base/list.h"

#include <stdbool.h>
#include <stddef.h>

struct sl_loop;

/* ---- Rules. Pure. ---- */

/* One that anybody on the Internet may be sent to: not private, loopback, link-local, shared,
 * multicast, documentation or reserved (RFC 6890 and its successors), nor one of these inside an
 * IPv6 form that translates to IPv4. */
bool address_is_public(const struct sl_addr *addr);

/* A URL of a client may name this host with this address: public ones, those in the list (networks,
 * or the host's name), but never link-local ones, where cloud machines keep their credentials. */
bool address_is_allowed(const struct sl_string_list *allow, const char *host,
                        const struct sl_addr *addr);

/* Who sends us elsewhere: a server, whose word is not that of whoever asked for the push. */
struct address_redirect {
    const struct sl_string_list *allow; /* client_push_allow */
    bool by_client;
    const struct sl_addr *from; /* where the server may be */
    size_t from_count;
    const char *host; /* where it sends us */
};
/* To its own address, and to those that a client's URL may name. An operator's push may besides go
 * from a server that is not public to another one, but not to this machine: a server on the
 * Internet shall not reach by us what it could not reach itself. */
bool address_may_follow(const struct address_redirect *redirect, const struct sl_addr *to);

/* ---- Lookup [control] ---- */

enum { LOOKUP_ADDRESSES_MAX = 8, LOOKUPS_RUNNING_MAX = 128, LOOKUP_TIMEOUT_MS = 5000 };

struct lookups {
    struct sl_loop *loop;
    struct sl_list list; /* those that run, wanted or not */
    size_t count;
};
void lookups_init(struct lookups *lookups, struct sl_loop *loop);
/* No callback after this; what still runs frees itself. */
void lookups_deinit(struct lookups *lookups);

struct lookup;
/* Asks the system for the host's addresses. on_done exactly once and never from within: 0 and the
 * addresses, or -ENOENT: there are none, or none were told in time. A lookup given up goes on
 * without us (getaddrinfo cannot be stopped), which is why running ones are counted.
 * Returns -ENOBUFS: too many run; -EINVAL: no host name. */
int lookup_start(struct lookups *lookups, const char *host, uint16_t port,
                 void (*on_done)(void *owner, int err, const struct sl_addr *addrs, size_t count),
                 void *owner, struct lookup **out);
/* No callback after this. Not after on_done. NULL is fine. */
void lookup_cancel(struct lookup *lookup);

#endif
