/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The host's addresses of now, and a word when they change, from the kernel (rtnetlink(7)).
 *
 * Those that can be used: of links that are up and have a carrier (a bridge of containers without
 * any has none), not tentative, failed or deprecated, and of IPv6 not the temporary ones, which are
 * made for clients (RFC 8981) and go again.
 */
#ifndef SL_NET_HOST_ADDRS_H
#define SL_NET_HOST_ADDRS_H

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_error;
struct sl_loop;

enum { SL_HOST_ADDRS_MAX = 64 };

struct sl_host_addrs {
    size_t count; /* the first ones, in the kernel's order */
    struct {
        struct sl_addr addr; /* port 0 */
        uint32_t link;
        bool up;
    } items[SL_HOST_ADDRS_MAX];
};

/* Reads them; never waits. On failure *out is unchanged: -EAGAIN they changed meanwhile, or another
 * errno value. */
int sl_host_addrs_read(struct sl_host_addrs *out, struct sl_error *error);

/* One datagram of an answer to RTM_GETADDR or, after it, RTM_GETLINK; addresses are added, and
 * marked once their link is up. Returns 1 at the answer's end, 0 before; -EBADMSG malformed,
 * -EAGAIN it is not of one piece, or the errno value that it carries. Pure. */
int sl_host_addrs_take(struct sl_host_addrs *list, const uint8_t *data, size_t len);

/* Tells of changes, at once unless there are too many. Control loop. */
struct sl_host_watch;
int sl_host_watch_create(struct sl_loop *loop, void (*on_change)(void *owner), void *owner,
                         struct sl_host_watch **out, struct sl_error *error);
/* No callback after this. NULL is fine. */
void sl_host_watch_destroy(struct sl_host_watch *watch);

#endif
