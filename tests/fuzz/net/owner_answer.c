/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the kernel answers to the question whose a socket is. A user is told only by an answer that
 * holds a whole socket with this very name and an inode, wherever it lies in memory.
 */
#include "net/owner.h"

#include <assert.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uid_t untouched = 123456789;
    struct sl_addr remote, local;
    struct inet_diag_msg msg;
    uid_t uid = untouched;

    if (sl_addr_parse_ip("127.0.0.1", 50000, &remote) < 0 ||
        sl_addr_parse_ip("127.0.0.1", 8081, &local) < 0)
        abort();
    int err = sl_owner_parse_answer(data, size, &remote, &local, &uid);
    assert(err <= 0 && err >= -4095);
    if (err < 0) {
        assert(uid == untouched);
        return 0;
    }
    assert(size >= sizeof(struct nlmsghdr) + sizeof(msg));
    memcpy(&msg, data + sizeof(struct nlmsghdr), sizeof(msg));
    assert(msg.idiag_inode != 0 && msg.idiag_uid == uid);
    assert(ntohs(msg.id.idiag_sport) == remote.port && ntohs(msg.id.idiag_dport) == local.port);
    return 0;
}
