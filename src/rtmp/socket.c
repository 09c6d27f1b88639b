/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A dial, then a connection of the loop's set. */
#include "rtmp/socket.h"

#include "base/error.h"
#include "base/mem.h"
#include "jobs/jobs.h"
#include "net/net.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

enum {
    USER_TIMEOUT_MS = 15000, /* unacknowledged bytes: the path is gone */
    UNSENT_MAX = 256 << 10,  /* bytes the kernel takes beyond what is in flight */
    FINISH_MS = 1000,
};

/*
 * CONNECTING --on_connected()--> SECURING (TLS) --> OPEN, or OPEN at once
 * SECURING   --on_gone(), on_deadline()--> CONNECTING: to the next address
 * OPEN       --sl_rtmp_socket_finish()--> FINISHING
 */
enum state { CONNECTING, SECURING, OPEN, FINISHING };

struct sl_rtmp_socket {
    struct sl_rtmp_socket_config config;
    enum state state;
    struct sl_dial *dial;
    struct sl_conn *conn; /* all but CONNECTING */
    uint64_t given;       /* bytes to the connection */
};

static const struct sl_conn_ops conn_ops;

/* ---- Nobody's any more ---- */

static void nobody(void *owner)
{
    (void)owner;
}

static void nobody_data(void *owner, uint8_t *data, size_t len)
{
    (void)owner;
    (void)data;
    (void)len;
}

static void nobody_gone(void *owner, const char *why)
{
    (void)owner;
    (void)why;
}

static const struct sl_conn_ops nobodys_ops = {nobody, nobody_data, nobody, nobody, nobody_gone};

static void drop_conn(struct sl_rtmp_socket *socket)
{
    struct sl_conn *conn = socket->conn;

    socket->conn = NULL;
    if (!conn)
        return;
    sl_conn_set_owner(conn, &nobodys_ops, NULL);
    sl_conn_cut(conn, "given up");
}

/* ---- Connecting ---- */

static void set_options(int fd)
{
    int one = 1, timeout_ms = USER_TIMEOUT_MS, unsent = UNSENT_MAX;

    /* All improve matters and none is needed. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
}

/* What listens there does not do: another address of the same name may. */
static void give_up_address(struct sl_rtmp_socket *socket, int err, const char *words)
{
    socket->state = CONNECTING;
    sl_dial_next(socket->dial, err, words);
}

static void become_open(struct sl_rtmp_socket *socket)
{
    socket->state = OPEN;
    sl_conn_set_deadline(socket->conn, 0);
    socket->config.ops->on_open(socket->config.owner);
}

static void on_connected(void *owner, int fd)
{
    struct sl_rtmp_socket *socket = owner;
    SSL *ssl = NULL;

    set_options(fd);
    if (socket->config.tls) {
        ssl = sl_tls_connect(socket->config.tls, socket->config.host);
        if (!ssl) {
            (void)close(fd); /* nothing was sent */
            give_up_address(socket, -ENOMEM, "TLS cannot be set up");
            return;
        }
    }
    int err = sl_conn_create(sl_job_loop_conns(socket->config.loop), fd, ssl, ssl != NULL,
                             &conn_ops, socket, &socket->conn);
    if (err < 0) {
        give_up_address(socket, err, uv_strerror(err));
        return;
    }
    if (!ssl) {
        become_open(socket);
        return;
    }
    socket->state = SECURING;
    sl_conn_set_deadline(socket->conn, sl_dial_left_ms(socket->dial));
}

static void on_dial_failed(void *owner, int err, const char *words)
{
    struct sl_rtmp_socket *socket = owner;
    struct sl_error error;

    (void)sl_error_set(&error, 0, "cannot connect: %s", words);
    socket->config.ops->on_error(socket->config.owner, err, error.text);
}

static const struct sl_dial_ops dial_ops = {on_connected, on_dial_failed};

/* ---- The connection ---- */

static void on_ready(void *owner)
{
    become_open(owner);
}

static void on_data(void *owner, uint8_t *data, size_t len)
{
    struct sl_rtmp_socket *socket = owner;

    if (socket->state == OPEN)
        socket->config.ops->on_bytes(socket->config.owner, data, len);
}

static void on_sent(void *owner)
{
    struct sl_rtmp_socket *socket = owner;

    if (socket->state == OPEN)
        socket->config.ops->on_drained(socket->config.owner);
}

static void on_deadline(void *owner)
{
    struct sl_rtmp_socket *socket = owner;

    if (socket->state != SECURING)
        return;
    drop_conn(socket);
    give_up_address(socket, -ETIMEDOUT, "TLS handshake: no answer in time");
}

static void on_gone(void *owner, const char *why)
{
    struct sl_rtmp_socket *socket = owner;
    struct sl_error error;

    socket->conn = NULL; /* freed behind this */
    if (socket->state == SECURING) {
        give_up_address(socket, -EPIPE, why);
        return;
    }
    (void)sl_error_set(&error, 0, "connection lost: %s", why);
    socket->config.ops->on_error(socket->config.owner, -EPIPE, error.text);
}

static const struct sl_conn_ops conn_ops = {on_ready, on_data, on_sent, on_deadline, on_gone};

/* ---- Life ---- */

struct sl_rtmp_socket *sl_rtmp_socket_create(const struct sl_rtmp_socket_config *config)
{
    struct sl_rtmp_socket *socket = sl_new(struct sl_rtmp_socket);
    struct sl_dial_config dial = {
        .loop = sl_job_loop_loop(config->loop),
        .addrs = config->addrs,
        .addr_count = config->addr_count,
        .timeout_ms = config->timeout_ms,
        .ops = &dial_ops,
        .owner = socket,
    };

    socket->config = *config;
    socket->config.addrs = NULL; /* the dial has its own copy */
    socket->dial = sl_dial_create(&dial);
    return socket;
}

void sl_rtmp_socket_destroy(struct sl_rtmp_socket *socket)
{
    if (!socket)
        return;
    sl_dial_destroy(socket->dial);
    drop_conn(socket);
    free(socket);
}

void sl_rtmp_socket_send(struct sl_rtmp_socket *socket, struct sl_outbox *outbox)
{
    size_t len = sl_outbox_len(outbox);

    if (socket->state != OPEN || !socket->conn || len == 0)
        return;
    struct sl_chunk *chunk = sl_chunk_create(len);
    memcpy(chunk->data, sl_outbox_peek(outbox), len);
    sl_outbox_clear(outbox);
    socket->given += len;
    sl_conn_send(socket->conn, chunk);
}

void sl_rtmp_socket_finish(struct sl_rtmp_socket *socket)
{
    if (socket->state != OPEN || !socket->conn)
        return;
    socket->state = FINISHING;
    sl_conn_finish(socket->conn, FINISH_MS, "the publication has ended");
}

size_t sl_rtmp_socket_unsent(const struct sl_rtmp_socket *socket)
{
    return socket->conn ? sl_conn_queued(socket->conn) : 0;
}

uint64_t sl_rtmp_socket_sent(const struct sl_rtmp_socket *socket)
{
    return socket->given - sl_rtmp_socket_unsent(socket);
}
