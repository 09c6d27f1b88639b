/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A socket of datagrams that is read on a loop. Threads: the loop's. */
#ifndef SL_NET_INLET_H
#define SL_NET_INLET_H

struct sl_loop;
struct sl_udp_inlet;

/* NULL: the loop cannot watch it; it may be sent from all the same. */
struct sl_udp_inlet *sl_udp_inlet_create(struct sl_loop *loop, int fd,
                                         void (*on_readable)(void *owner, int fd), void *owner);
/* No callback after this; fd is closed. NULL is fine, fd is closed then, too. */
void sl_udp_inlet_destroy(struct sl_udp_inlet *inlet, int fd);

#endif
