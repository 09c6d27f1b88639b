/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A poll whose memory libuv keeps until its close callback. */
#include "net/inlet.h"

#include "base/mem.h"
#include "net/loop.h"

#include <sys/socket.h>
#include <unistd.h>

enum { ERRORS_MAX = 1000 }; /* in a row: something is wrong with the socket itself */

struct sl_udp_inlet {
    uv_poll_t poll;
    int fd;
    void (*on_readable)(void *owner, int fd); /* NULL: closing */
    void *owner;
    unsigned errors; /* since something could be read */
};

static void on_poll(uv_poll_t *poll, int status, int events);

/* libuv watches a socket no more that had an error (an ICMP message, say); whoever is not heard is
 * dropped by its owner, as one that is silent. */
static void watch_again(struct sl_udp_inlet *inlet)
{
    socklen_t len = sizeof(int);
    int error = 0;

    if (getsockopt(inlet->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 &&
        ++inlet->errors <= ERRORS_MAX)
        (void)uv_poll_start(&inlet->poll, UV_READABLE, on_poll); /* it is not closing */
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct sl_udp_inlet *inlet = sl_container_of(poll, struct sl_udp_inlet, poll);

    (void)events;
    if (!inlet->on_readable)
        return;
    if (status < 0) {
        watch_again(inlet);
        return;
    }
    inlet->errors = 0;
    inlet->on_readable(inlet->owner, inlet->fd);
}

struct sl_udp_inlet *sl_udp_inlet_create(struct sl_loop *loop, int fd,
                                         void (*on_readable)(void *owner, int fd), void *owner)
{
    struct sl_udp_inlet *inlet = sl_new(struct sl_udp_inlet);

    inlet->fd = fd;
    inlet->on_readable = on_readable;
    inlet->owner = owner;
    if (uv_poll_init(sl_loop_uv(loop), &inlet->poll, fd) < 0) {
        free(inlet);
        return NULL;
    }
    (void)uv_poll_start(&inlet->poll, UV_READABLE, on_poll); /* it is not closing */
    return inlet;
}

static void on_closed(uv_handle_t *handle)
{
    struct sl_udp_inlet *inlet = sl_container_of((uv_poll_t *)handle, struct sl_udp_inlet, poll);

    (void)close(inlet->fd); /* datagrams only: nothing to lose */
    free(inlet);
}

void sl_udp_inlet_destroy(struct sl_udp_inlet *inlet, int fd)
{
    if (!inlet) {
        (void)close(fd); /* datagrams only */
        return;
    }
    inlet->on_readable = NULL;
    (void)uv_poll_stop(&inlet->poll);
    uv_close((uv_handle_t *)&inlet->poll, on_closed);
}
