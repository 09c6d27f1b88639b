/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which addresses a push may go to. Pure. */
#ifndef SL_PUSH_ADDRESS_H
#define SL_PUSH_ADDRESS_H

#include "base/addr.h"
#include "base/config.h"

#include <stdbool.h>
#include <stddef.h>

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

#endif
