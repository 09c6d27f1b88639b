/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What others may include of net/.
 *
 *   loop.h        an event loop, the queue by which other threads reach it, timers
 *   jobs.h lane.h what may block, on libuv's pool; a lane is one at a time, with a deadline
 *   resolve.h service.h reach.h dial.h
 *                 a name's addresses, those of a domain's service (SRV), where somebody's word may
 *                 send us, a connection there
 *   acceptor.h    who comes, and what becomes of them where descriptors are short
 *   conn.h tls.h  bytes of a TCP connection, in clear or by TLS, on one loop or moved to another
 *   fingerprint.h
 *                 what a description says of a certificate
 *   udp.h inlet.h ports.h
 *                 datagrams in batches, or one socket of them; ports out of a range
 *   capture.h     what datagrams came and went, for a while
 *   host_addrs.h owner.h
 *                 the machine's addresses; whose process is at the other end of a socket
 *
 * Everything on a loop belongs to its thread; nothing here waits. Handles of libuv are freed in
 * their close callback, so whoever destroys something on a loop runs that loop once more.
 */
#ifndef SL_NET_NET_H
#define SL_NET_NET_H

#include "net/acceptor.h"
#include "net/capture.h"
#include "net/conn.h"
#include "net/dial.h"
#include "net/fingerprint.h"
#include "net/host_addrs.h"
#include "net/inlet.h"
#include "net/jobs.h"
#include "net/lane.h"
#include "net/loop.h"
#include "net/owner.h"
#include "net/ports.h"
#include "net/reach.h"
#include "net/resolve.h"
#include "net/service.h"
#include "net/tls.h"
#include "net/udp.h"

#endif
