/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a service of a domain is: SRV (RFC 2782), asked of the system's name servers, then the
 * addresses of its hosts by net/resolve.h, in the order to be tried. One question for SRV is under
 * way at a time, so that a name service that hangs keeps one thread of libuv's pool. Owner: the
 * loop's thread.
 */
#ifndef SL_NET_SERVICE_H
#define SL_NET_SERVICE_H

#include "net/resolve.h"

struct sl_service_lookup;
struct sl_services;

struct sl_services *sl_services_create(struct sl_loop *loop);
/* No look-up may be under way. Waits for what the system is asked. NULL is fine. */
void sl_services_destroy(struct sl_services *services);

/*
 * service: "_sip._udp"; NULL, or where there is no such record in time: host itself, at port.
 * on_done as that of sl_resolve(), each address with the port of its host.
 */
struct sl_service_lookup *sl_services_find(struct sl_services *services, const char *service,
                                           const char *host, uint16_t port, int64_t timeout_ms,
                                           sl_resolve_on_done *on_done, void *owner);
/* No callback after this. Not after on_done. NULL is fine. */
void sl_services_cancel(struct sl_service_lookup *lookup);

#endif
