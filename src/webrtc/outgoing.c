/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sockets of a transport whose offer was ours. Each such transport has its own: two of them
 * that shared a port could not be told apart by the other server, which knows us by our address,
 * and one server's media port serves all of its clients.
 */
#include "webrtc/internal.h"

#include "base/clock.h"
#include "webrtc/stun.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { SOCKETS_MAX = 4 };

/* libuv needs the memory until its close callback. */
struct outgoing_socket {
    uv_poll_t poll;
    struct link *link; /* NULL once closing */
    int fd;
    bool v4;
};

struct outgoing {
    size_t count;
    struct outgoing_socket *sockets[SOCKETS_MAX];
};

/* ---- Datagrams ---- */

/* Whatever comes here is meant for this link or for nobody. */
static void input(struct link *link, const struct sl_path *path, uint8_t *data, size_t len,
                  int64_t now_us)
{
    if (sl_stun_is(data, len))
        (void)sl_transport_stun(link->transport, path, data, len, now_us); /* counted there */
    else
        sl_rtc_input(link->peer->rtc_worker, path, link, data, len, now_us);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct outgoing_socket *socket = poll->data;
    struct rtc_worker *rtc_worker = socket->link->peer->rtc_worker;
    const struct sl_udp_datagram *datagrams;

    (void)status;
    (void)events;
    size_t count = sl_udp_receive(rtc_worker->receiver, socket->fd, &datagrams);
    int64_t now_us = sl_now_us();
    for (size_t i = 0; i < count; i++) {
        struct sl_path path = {.remote = datagrams[i].from}; /* its source is the kernel's choice */
        path.dest.fd = socket->fd;
        path.dest.sa_len = sl_addr_to_sockaddr(&datagrams[i].from, &path.dest.sa);
        input(socket->link, &path, datagrams[i].data, datagrams[i].len, now_us);
    }
}

/* ---- Sockets ---- */

static int add_socket(struct outgoing *outgoing, struct link *link, const struct sl_addr *bind)
{
    struct rtc_worker *rtc_worker = link->peer->rtc_worker;
    const struct sl_rtc_config *config = &rtc_worker->rtc->config;
    int fd = sl_udp_open_in(bind, config->client_port_from, config->client_port_to, NULL, NULL);

    if (fd < 0)
        return fd;
    struct outgoing_socket *socket = sl_new(struct outgoing_socket);
    int err = uv_poll_init(sl_loop_uv(sl_worker_loop(rtc_worker->worker)), &socket->poll, fd);
    if (err < 0) {
        (void)close(fd); /* nothing was sent */
        free(socket);
        return err;
    }
    socket->fd = fd;
    socket->v4 = sl_addr_is_v4(bind);
    socket->link = link;
    socket->poll.data = socket;
    outgoing->sockets[outgoing->count++] = socket;
    return uv_poll_start(&socket->poll, UV_READABLE, on_readable);
}

static bool has_family(const struct sl_addr *candidates, size_t count, bool v4)
{
    for (size_t i = 0; i < count; i++) {
        if (sl_addr_is_v4(&candidates[i]) == v4)
            return true;
    }
    return false;
}

int sl_outgoing_create(struct link *link, const struct sl_addr *candidates, size_t count,
                       struct outgoing **out)
{
    const struct sl_rtc_config *config = &link->peer->rtc_worker->rtc->config;
    struct outgoing *outgoing = sl_new(struct outgoing);
    int err = 0;

    for (size_t i = 0; i < config->bind_count && outgoing->count < SOCKETS_MAX && err == 0; i++) {
        if (has_family(candidates, count, sl_addr_is_v4(&config->bind[i])))
            err = add_socket(outgoing, link, &config->bind[i]);
    }
    if (err == 0 && outgoing->count == 0)
        err = -EAFNOSUPPORT;
    if (err < 0) {
        sl_outgoing_destroy(outgoing);
        return err;
    }
    *out = outgoing;
    return 0;
}

void sl_outgoing_add_candidates(struct outgoing *outgoing, struct sl_transport *transport,
                                const struct sl_addr *candidates, size_t count, int64_t now_us)
{
    /* A transport takes so many only: the best of them from every socket. */
    for (size_t i = 0; i < count; i++) {
        for (size_t s = 0; s < outgoing->count; s++) {
            const struct outgoing_socket *socket = outgoing->sockets[s];
            struct sl_path path = {.remote = candidates[i]};
            if (sl_addr_is_v4(&candidates[i]) != socket->v4)
                continue;
            path.dest.fd = socket->fd;
            path.dest.sa_len = sl_addr_to_sockaddr(&candidates[i], &path.dest.sa);
            sl_transport_add_candidate(transport, &path, now_us);
        }
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct outgoing_socket *socket = handle->data;

    (void)close(socket->fd); /* datagrams only: nothing to lose */
    free(socket);
}

void sl_outgoing_destroy(struct outgoing *outgoing)
{
    if (!outgoing)
        return;
    for (size_t i = 0; i < outgoing->count; i++) {
        struct outgoing_socket *socket = outgoing->sockets[i];
        socket->link = NULL;
        (void)uv_poll_stop(&socket->poll);
        uv_close((uv_handle_t *)&socket->poll, on_closed);
    }
    free(outgoing);
}
