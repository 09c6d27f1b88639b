/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ICE-TCP, passive (RFC 6544): connections that carry datagrams, each behind its length in two
 * bytes (RFC 4571). A connection belongs to nobody until a check on it was authentic. */
#include "webrtc/internal.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "webrtc/framing.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
    BACKLOG = 64,
    UNBOUND_MAX_US = 10 * SL_US_PER_S, /* as long as a check may take to come */
    UNBOUND_PER_ADDRESS = 64,          /* a NAT may hide many browsers; a flood has thousands */
    WRITE_QUEUE_MAX = 256 * 1024,      /* a second of video; beyond that the client is too slow */
};

struct tcp_server {
    struct rtc_worker *rtc_worker;
    size_t acceptor_count;
    struct sl_acceptor *acceptors[PORTS_PER_WORKER * SL_RTC_ADDRESSES_MAX];
    struct sl_list connections;
    size_t connection_count;
};

struct sl_tcp_conn {
    struct sl_list entry;
    struct tcp_server *server;
    uv_tcp_t handle;
    struct link *link; /* NULL: no authentic check yet */
    int64_t accepted_us;
    struct sl_path path;
    size_t queued; /* bytes libuv holds */
    struct sl_framing framing;
};

struct write {
    uv_write_t request;
    struct sl_tcp_conn *conn;
    size_t len;
    uint8_t data[];
};

static void on_conn_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void forget_link(struct sl_tcp_conn *conn)
{
    if (!conn->link)
        return;
    sl_transport_tcp_gone(conn->link->transport, conn);
    conn->link = NULL;
}

static void close_conn(struct sl_tcp_conn *conn)
{
    if (uv_is_closing((uv_handle_t *)&conn->handle))
        return;
    sl_list_remove(&conn->entry);
    conn->server->connection_count--;
    forget_link(conn);
    uv_close((uv_handle_t *)&conn->handle, on_conn_closed);
}

void sl_tcp_bind(struct sl_tcp_conn *conn, struct link *link)
{
    if (conn->link && conn->link != link) /* the client uses it for another peer of its own now */
        sl_transport_tcp_gone(conn->link->transport, conn);
    conn->link = link;
    atomic_store(&link->peer->uses_tcp, true);
}

void sl_tcp_close(struct sl_tcp_conn *conn)
{
    close_conn(conn);
}

void sl_tcp_drop_link(struct tcp_server *server, const struct link *link)
{
    struct sl_tcp_conn *conn;

    sl_list_foreach(conn, &server->connections, struct sl_tcp_conn, entry)
    {
        if (conn->link != link)
            continue;
        conn->link = NULL;
        close_conn(conn);
    }
}

/* ---- Writing ---- */

static void on_written(uv_write_t *request, int status)
{
    struct write *write = sl_container_of(request, struct write, request);

    write->conn->queued -= write->len;
    if (status < 0)
        close_conn(write->conn);
    free(write);
}

/* What the socket did not take at once; the order must hold, so nothing overtakes it. */
static void queue_write(struct sl_tcp_conn *conn, const uint8_t *data, size_t len)
{
    struct write *write = malloc(sizeof(*write) + len);

    if (!write) {
        close_conn(conn); /* half a frame was sent: the stream cannot go on */
        return;
    }
    write->conn = conn;
    write->len = len;
    memcpy(write->data, data, len);
    uv_buf_t buf = uv_buf_init((char *)write->data, (unsigned)len);
    conn->queued += len;
    if (uv_write(&write->request, (uv_stream_t *)&conn->handle, &buf, 1, on_written) < 0) {
        conn->queued -= len;
        free(write);
        close_conn(conn);
    }
}

void sl_tcp_send(struct sl_tcp_conn *conn, const uint8_t *data, size_t len)
{
    uint8_t frame[SL_FRAME_HEAD + SL_FRAME_MAX];
    int written = 0;

    if (len > SL_FRAME_MAX || uv_is_closing((uv_handle_t *)&conn->handle))
        return;
    if (conn->queued + len > WRITE_QUEUE_MAX) {
        sl_count(conn->server->rtc_worker->counters, SL_COUNTER_PACKETS_DROPPED_SOCKET, 1);
        return;
    }
    sl_framing_build_head(frame, len);
    memcpy(frame + SL_FRAME_HEAD, data, len);
    if (conn->queued == 0) {
        uv_buf_t buf = uv_buf_init((char *)frame, (unsigned)(SL_FRAME_HEAD + len));
        written = uv_try_write((uv_stream_t *)&conn->handle, &buf, 1);
        if (written == UV_EAGAIN)
            written = 0;
        if (written < 0) {
            close_conn(conn);
            return;
        }
    }
    if ((size_t)written < SL_FRAME_HEAD + len)
        queue_write(conn, frame + written, SL_FRAME_HEAD + len - (size_t)written);
}

/* ---- Reading ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct sl_tcp_conn *conn = handle->data;
    size_t len;
    uint8_t *room = sl_framing_room(&conn->framing, &len);

    (void)suggested;
    *buf = uv_buf_init((char *)room, (unsigned)len);
}

struct arrival {
    struct sl_tcp_conn *conn;
    int64_t now_us;
};

static int on_frame(void *owner, uint8_t *data, size_t len)
{
    struct arrival *arrival = owner;
    struct sl_tcp_conn *conn = arrival->conn;

    sl_rtc_input(conn->server->rtc_worker, &conn->path, conn->link, data, len, arrival->now_us);
    if (!uv_is_closing((uv_handle_t *)&conn->handle))
        return 0;
    forget_link(conn); /* the answer could not be written, and then the check was noted */
    return -EPIPE;
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    struct sl_tcp_conn *conn = stream->data;
    struct arrival arrival = {conn, sl_now_us()};

    (void)buf;
    if (got < 0) {
        close_conn(conn);
        return;
    }
    if (sl_framing_input(&conn->framing, (size_t)got, on_frame, &arrival) < 0)
        close_conn(conn);
}

/* Connections of one address that have not shown a valid check. */
static size_t count_unbound(const struct tcp_server *server, const struct sl_addr *remote)
{
    const struct sl_tcp_conn *conn;
    size_t count = 0;

    sl_list_foreach(conn, &server->connections, const struct sl_tcp_conn, entry) count +=
        !conn->link && sl_addr_same_ip(&conn->path.remote, remote);
    return count;
}

static bool has_room(const struct tcp_server *server, const struct sl_addr *remote)
{
    return server->connection_count < server->rtc_worker->rtc->config.tcp_connections_max &&
           count_unbound(server, remote) < UNBOUND_PER_ADDRESS;
}

static void on_accept(void *owner, int fd, const struct sl_addr *remote)
{
    struct tcp_server *server = owner;

    if (!has_room(server, remote)) {
        (void)close(fd); /* nothing was sent */
        return;
    }
    struct sl_tcp_conn *conn = sl_new(struct sl_tcp_conn);
    conn->server = server;
    conn->accepted_us = sl_now_us();
    (void)uv_tcp_init(sl_loop_uv(sl_worker_loop(server->rtc_worker->worker)), &conn->handle);
    conn->handle.data = conn;
    conn->path.tcp = conn;
    conn->path.dest.fd = -1;
    conn->path.remote = *remote;
    if (uv_tcp_open(&conn->handle, fd) < 0) {
        (void)close(fd); /* nothing was sent */
        uv_close((uv_handle_t *)&conn->handle, on_conn_closed);
        return;
    }
    sl_list_append(&server->connections, &conn->entry);
    server->connection_count++;
    sl_count(server->rtc_worker->counters, SL_COUNTER_TCP_CONNECTIONS, 1);
    (void)uv_tcp_nodelay(&conn->handle, 1); /* without it the delay grows, nothing breaks */
    if (uv_read_start((uv_stream_t *)&conn->handle, on_alloc, on_read) < 0)
        close_conn(conn);
}

/* The client has other ways to connect, and tries this one again. */
static const struct sl_acceptor_ops acceptor_ops = {.on_accept = on_accept};

void sl_tcp_tick(struct tcp_server *server, int64_t now_us)
{
    struct sl_tcp_conn *conn;

    sl_list_foreach(conn, &server->connections, struct sl_tcp_conn, entry)
    {
        if (!conn->link && now_us - conn->accepted_us > UNBOUND_MAX_US)
            close_conn(conn);
    }
}

/* ---- Set-up ---- */

static int listen_on(struct tcp_server *server, const struct sl_addr *bind, uint16_t port)
{
    struct sl_addr addr = *bind;

    addr.port = port;
    int fd = sl_acceptor_listen(&addr, false, BACKLOG);
    if (fd < 0)
        return fd;
    int err = sl_acceptor_create(sl_worker_loop(server->rtc_worker->worker), fd, &acceptor_ops,
                                 server, &server->acceptors[server->acceptor_count]);
    if (err == 0)
        server->acceptor_count++;
    return err;
}

int sl_tcp_server_create(struct rtc_worker *rtc_worker, const struct sl_addr *binds,
                         size_t bind_count, const uint16_t *ports, size_t port_count,
                         struct tcp_server **out, struct sl_error *error)
{
    struct tcp_server *server = sl_new(struct tcp_server);

    server->rtc_worker = rtc_worker;
    sl_list_init(&server->connections);
    for (size_t p = 0; p < port_count; p++) {
        for (size_t i = 0; i < bind_count; i++) {
            int err = listen_on(server, &binds[i], ports[p]);
            if (err < 0) {
                sl_tcp_server_destroy(server);
                return sl_error_set(error, err, "media TCP port %u: %s", ports[p],
                                    uv_strerror(err));
            }
        }
    }
    *out = server;
    return 0;
}

void sl_tcp_server_destroy(struct tcp_server *server)
{
    struct sl_tcp_conn *conn;

    if (!server)
        return;
    sl_list_foreach(conn, &server->connections, struct sl_tcp_conn, entry) close_conn(conn);
    for (size_t i = 0; i < server->acceptor_count; i++)
        sl_acceptor_destroy(server->acceptors[i]);
    free(server);
}
