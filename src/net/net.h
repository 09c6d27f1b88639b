/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What others may include of net/: loops, jobs, names, where one may connect, dialling and
 * listening, datagrams in batches, TCP connections, TLS. */
#ifndef SL_NET_NET_H
#define SL_NET_NET_H

#include "net/acceptor.h"
#include "net/conn.h"
#include "net/dial.h"
#include "net/host_addrs.h"
#include "net/jobs.h"
#include "net/lane.h"
#include "net/loop.h"
#include "net/owner.h"
#include "net/ports.h"
#include "net/reach.h"
#include "net/resolve.h"
#include "net/tls.h"
#include "net/udp.h"

#endif
