/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where somebody's word may send us: one table of who says it and what kind of address it leads to
 * (hardening.md class 16). Whoever connects asks with each address a name has led to, at the time
 * of connecting. Pure, any thread.
 */
#ifndef SL_NET_REACH_H
#define SL_NET_REACH_H

#include "base/addr.h"
#include "base/config.h"

#include <stdbool.h>
#include <stddef.h>

/* Whose word it is. */
enum sl_reach_who {
    SL_REACH_OPERATOR, /* of this server: its configuration, a push asked for over REST */
    SL_REACH_HOOK,     /* a URL of an app: back ends live on this machine and in private networks */
    SL_REACH_PULL,     /* the uri of a pull, or one that another node of the cluster announces */
    SL_REACH_CLIENT,   /* anybody on the Internet */
    /* A server that we are connected to sends us elsewhere, with a push that an operator or a
     * client has asked for. It shall not reach by us what it could not reach itself. */
    SL_REACH_OPERATORS_REDIRECT,
    SL_REACH_CLIENTS_REDIRECT,
    SL_REACH_CANDIDATE, /* a server we pull from: where media is to go */
};

/* What kind of address it is, also inside an IPv6 form that translates to IPv4 (RFC 6052). */
enum sl_reach_class {
    SL_REACH_PUBLIC,   /* one that anybody on the Internet may be sent to */
    SL_REACH_PRIVATE,  /* private, shared, documentation or of special use (RFC 6890) */
    SL_REACH_LOOPBACK, /* this machine */
    /* Unspecified, link-local (where cloud machines keep their credentials), multicast, reserved.
     */
    SL_REACH_FORBIDDEN,
};

struct sl_reach {
    enum sl_reach_who who;
    const struct sl_string_list *allow; /* networks and host names besides; NULL: none */
    const char *host;                   /* the name that led to the address; NULL: none */
    const struct sl_addr *from;         /* where the server may be whose word it is */
    size_t from_count;
};

enum sl_reach_class sl_reach_class(const struct sl_addr *addr);
bool sl_reach_may(const struct sl_reach *reach, const struct sl_addr *to);
/* The first one that it may not go to; NULL: to all of them. */
const struct sl_addr *sl_reach_find_refused(const struct sl_reach *reach,
                                            const struct sl_addr *addrs, size_t count);

/* ---- Schemes of URLs that are connected to ---- */

enum sl_reach_scheme { SL_REACH_HTTP, SL_REACH_WS, SL_REACH_RTMP };

/* What follows "http://" or "https://" (of that kind of URL), in whatever letters, and whether it
 * was the latter. NULL: it begins otherwise. */
const char *sl_reach_after_scheme(enum sl_reach_scheme scheme, const char *url, bool *tls);

#endif
