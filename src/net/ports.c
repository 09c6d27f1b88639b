/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ports out of a range: one, or an even one with the next. */
#include "net/ports.h"

#include "base/error.h"
#include "base/random.h"
#include "net/acceptor.h"
#include "net/udp.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int none_left(struct sl_error *error, uint16_t from, uint16_t to)
{
    return sl_error_set(error, -EADDRINUSE, "no free port left in %u-%u", from, to);
}

int sl_udp_open_in(const struct sl_addr *bind, uint16_t from, uint16_t to, uint16_t *port,
                   struct sl_error *error)
{
    struct sl_addr addr = *bind;
    unsigned count = to >= from ? to - from + 1U : 0;
    unsigned first = count > 0 ? sl_random_u32() % count : 0;

    if (from == 0) {
        addr.port = 0;
        count = 1;
    }
    for (unsigned i = 0; i < count; i++) {
        if (from > 0)
            addr.port = (uint16_t)(from + (first + i) % count);
        int fd = sl_udp_open(&addr, error);
        if (fd == -EADDRINUSE && from > 0)
            continue;
        if (fd >= 0 && port)
            *port = addr.port;
        return fd;
    }
    return none_left(error, from, to);
}

static int open_at(const struct sl_addr *bind, uint16_t port, struct sl_udp_pair *out,
                   struct sl_error *error)
{
    struct sl_addr addr = *bind;

    addr.port = port;
    int rtp = sl_udp_open(&addr, error);
    if (rtp < 0)
        return rtp;
    addr.port = (uint16_t)(port + 1);
    int rtcp = sl_udp_open(&addr, error);
    if (rtcp < 0) {
        (void)close(rtp); /* nobody knows of it yet */
        return rtcp;
    }
    *out = (struct sl_udp_pair){rtp, rtcp, port};
    return 0;
}

int sl_udp_open_pair(const struct sl_addr *bind, uint16_t from, uint16_t to,
                     struct sl_udp_pair *out, struct sl_error *error)
{
    unsigned even = from + (from & 1U);
    unsigned count = to > even ? (to - even + 1U) / 2 : 0;
    unsigned first = count > 0 ? sl_random_u32() % count : 0;

    for (unsigned i = 0; i < count; i++) {
        int err = open_at(bind, (uint16_t)(even + (first + i) % count * 2), out, error);
        if (err != -EADDRINUSE)
            return err;
    }
    return none_left(error, from, to);
}

int sl_tcp_listen_in(const struct sl_addr *bind, uint16_t from, uint16_t to, int backlog,
                     uint16_t *port, struct sl_error *error)
{
    struct sl_addr addr = *bind;
    unsigned count = to >= from ? to - from + 1U : 0;
    unsigned first = count > 0 ? sl_random_u32() % count : 0;
    char text[SL_ADDR_TEXT_MAX];

    for (unsigned i = 0; i < count; i++) {
        addr.port = (uint16_t)(from + (first + i) % count);
        int fd = sl_acceptor_listen(&addr, false, backlog);
        if (fd == -EADDRINUSE)
            continue;
        if (fd < 0)
            return sl_error_set(error, fd, "%s: %s", sl_addr_format(&addr, text), strerror(-fd));
        *port = addr.port;
        return fd;
    }
    return none_left(error, from, to);
}
