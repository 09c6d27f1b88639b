/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What others may include of net/: loops, jobs, datagrams in batches, HTTP and WebSocket. */
#ifndef SL_NET_NET_H
#define SL_NET_NET_H

#include "net/http.h"
#include "net/jobs.h"
#include "net/loop.h"
#include "net/udp.h"

#endif
