/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Accepts, and what becomes of those there is no descriptor for. */
#include "net/acceptor.h"

#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ACCEPTS_PER_EVENT = 32, /* then the connections that are there get their turn */
    PAUSE_MS = 100,         /* a newcomer hardly notices, and ten tries a second cost nothing */
};

struct sl_acceptor {
    uv_poll_t poll;
    struct sl_timer *pause;
    int fd;
    int reserve_fd; /* given up for a moment to accept and close when there is no other; -1: lost */
    bool waits;     /* nobody could be let in or turned away lately */
    uint16_t port;
    const struct sl_acceptor_ops *ops;
    void *owner;
};

static void on_acceptable(uv_poll_t *poll, int status, int events);

static int open_reserve(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* ---- When there is nothing left ---- */

/* The kernel would tell of those who wait again and again. They stay in its queue meanwhile. */
static void pause_accepting(struct sl_acceptor *acceptor)
{
    (void)uv_poll_stop(&acceptor->poll); /* always 0 */
    sl_timer_start(acceptor->pause, PAUSE_MS, 0);
    if (!acceptor->waits)
        sl_log(SL_LOG_WARN, NULL, "port %u: no descriptors or memory left: newcomers wait",
               acceptor->port);
    acceptor->waits = true;
}

static void on_pause_end(void *owner)
{
    struct sl_acceptor *acceptor = owner;

    if (acceptor->reserve_fd < 0)
        acceptor->reserve_fd = open_reserve();
    (void)uv_poll_start(&acceptor->poll, UV_READABLE, on_acceptable); /* it is not closing */
}

/* No descriptor is left: a newcomer is taken with the reserve and closed. -EAGAIN: nobody is there,
 * which accept4() does not look for without a descriptor. -EMFILE: another thread has taken what
 * the reserve gave, or the limit is below it by now. */
static int turn_away_one(struct sl_acceptor *acceptor)
{
    if (acceptor->reserve_fd < 0)
        return -EMFILE;
    (void)close(acceptor->reserve_fd); /* read only */
    int fd = accept4(acceptor->fd, NULL, NULL, SOCK_CLOEXEC);
    int err = fd < 0 ? -errno : 0;
    if (fd >= 0)
        (void)close(fd); /* nothing was sent */
    acceptor->reserve_fd = open_reserve();
    if (err == 0 && acceptor->ops->on_refuse)
        acceptor->ops->on_refuse(acceptor->owner);
    return err;
}

/* ---- Letting in ---- */

static void admit(struct sl_acceptor *acceptor, int fd, const struct sockaddr_storage *sa)
{
    struct sl_addr remote;

    if (sl_addr_from_sockaddr(&remote, (const struct sockaddr *)sa) < 0)
        (void)close(fd); /* cannot happen on an IP socket */
    else
        acceptor->ops->on_accept(acceptor->owner, fd, &remote);
}

static bool is_shortage(int err)
{
    return err == -EMFILE || err == -ENFILE || err == -ENOBUFS || err == -ENOMEM;
}

/* False: nobody there, or not now. */
static bool accept_one(struct sl_acceptor *acceptor)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof(sa);
    int fd = accept4(acceptor->fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0) {
        if (acceptor->waits)
            sl_log(SL_LOG_INFO, NULL, "port %u: newcomers are let in again", acceptor->port);
        acceptor->waits = false;
        admit(acceptor, fd, &sa);
        return true;
    }
    int err = -errno;
    if (is_shortage(err))
        err = turn_away_one(acceptor);
    if (is_shortage(err))
        pause_accepting(acceptor);
    /* Others: this client has gone before we came to it. */
    return err != -EAGAIN && err != -EWOULDBLOCK && !is_shortage(err);
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
    struct sl_acceptor *acceptor = sl_container_of(poll, struct sl_acceptor, poll);
    bool more = true;

    (void)status; /* accept4() tells the error itself */
    (void)events;
    for (int i = 0; more && i < ACCEPTS_PER_EVENT; i++)
        more = accept_one(acceptor);
}

/* ---- Life ---- */

int sl_acceptor_listen(const struct sl_addr *addr, bool dual, int backlog)
{
    sa_family_t family = sl_addr_is_v4(addr) ? AF_INET : AF_INET6;
    struct sockaddr_storage sa = {.ss_family = family};
    socklen_t len = sl_addr_to_sockaddr(addr, &sa);
    int on = 1, off = 0;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    /* A restart must not wait for the old connections' TIME_WAIT. */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, dual ? &off : &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&sa, len) < 0 || listen(fd, backlog) < 0) {
        int err = -errno;
        (void)close(fd); /* never used */
        return err;
    }
    return fd;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof(sa);
    struct sl_addr addr = {0};

    if (getsockname(fd, (struct sockaddr *)&sa, &len) == 0)
        (void)sl_addr_from_sockaddr(&addr, (struct sockaddr *)&sa); /* it is an IP socket */
    return addr.port;
}

int sl_acceptor_create(struct sl_loop *loop, int fd, const struct sl_acceptor_ops *ops, void *owner,
                       struct sl_acceptor **out)
{
    struct sl_acceptor *acceptor = sl_new(struct sl_acceptor);
    int err = uv_poll_init(sl_loop_uv(loop), &acceptor->poll, fd);

    if (err < 0) {
        (void)close(fd); /* a listening socket has nothing to lose */
        free(acceptor);
        return err;
    }
    acceptor->fd = fd;
    acceptor->port = port_of(fd);
    acceptor->ops = ops;
    acceptor->owner = owner;
    acceptor->pause = sl_timer_create(loop, on_pause_end, acceptor);
    acceptor->reserve_fd = open_reserve(); /* if there is none, the first pause tries again */
    (void)uv_poll_start(&acceptor->poll, UV_READABLE, on_acceptable); /* it is not closing */
    *out = acceptor;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    free(sl_container_of((uv_poll_t *)handle, struct sl_acceptor, poll));
}

void sl_acceptor_destroy(struct sl_acceptor *acceptor)
{
    if (!acceptor)
        return;
    sl_timer_destroy(acceptor->pause);
    uv_close((uv_handle_t *)&acceptor->poll, on_closed);
    (void)close(acceptor->fd); /* a listening socket has nothing to lose */
    if (acceptor->reserve_fd >= 0)
        (void)close(acceptor->reserve_fd); /* read only */
}

uint16_t sl_acceptor_port(const struct sl_acceptor *acceptor)
{
    return acceptor->port;
}
