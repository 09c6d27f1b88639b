/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which user holds the other end of a TCP connection within this machine: the kernel knows
 * (sock_diag(7)). An address says only that the last hop was short; a reverse proxy, a tunnel and a
 * port forwarder connect from loopback for the whole Internet. Private to net/.
 */
#ifndef SL_NET_OWNER_H
#define SL_NET_OWNER_H

#include "base/addr.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { SL_OWNER_QUESTION_LEN = 72 }; /* nlmsghdr and inet_diag_req_v2 */

/* A socket to ask by, which the caller closes; a negative errno value. Kept, so that operators are
 * known as such also when there are no descriptors left. */
int sl_owner_open(void);

/*
 * Ask the kernel; it answers within the call, which takes some microseconds.
 *
 * fd        of sl_owner_open(); negative: the kernel cannot be asked
 * remote    the far end's own address, local: what it is connected to, as our end has them
 * uid       its user, as this process's user namespace calls it: see user_namespaces(7) for those
 *           that it does not know
 * Returns   0; -ENOENT: nobody holds that end any more, whatever its user was; other negative errno
 *           values: the kernel cannot be asked
 * Threads   one at a time for each socket
 */
int sl_owner_ask(int fd, const struct sl_addr *remote, const struct sl_addr *local, uid_t *uid);

/* ---- The two messages; pure ---- */

void sl_owner_build_question(const struct sl_addr *remote, const struct sl_addr *local,
                             uint8_t out[static SL_OWNER_QUESTION_LEN]);
/* One datagram from the kernel. As sl_owner_ask(), and -EBADMSG: it is no answer to this question.
 * buf need not be aligned. */
int sl_owner_parse_answer(const uint8_t *buf, size_t len, const struct sl_addr *remote,
                          const struct sl_addr *local, uid_t *uid);

#endif
