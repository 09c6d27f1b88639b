/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A connection that moves between two loops while both sides send, and bytes that many share. */
#include "net/conn.h"

#include "base/blob.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/loop.h"
#include "net/tls.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    PEER_SENDS = 1 << 20, /* bytes */
    MOVE_EVERY = 60000,
    ANSWER_LEN = 200000, /* of each move: more than the socket takes at once */
    FLUSH_MS = 10000,
    PATTERN = 251, /* the bytes count up to this: no power of two, so that a lost piece shows */
};

static uint8_t pattern(size_t at)
{
    return (uint8_t)(at % PATTERN);
}

/* ---- The other end: blocking, in a thread ---- */

struct peer {
    pthread_t thread;
    int fd;
    SSL *ssl; /* NULL: plain */
    size_t got;
    bool right; /* what it got was the pattern */
};

static ssize_t peer_write(struct peer *peer, const uint8_t *bytes, size_t len)
{
    return peer->ssl ? SSL_write(peer->ssl, bytes, (int)len)
                     : send(peer->fd, bytes, len, MSG_NOSIGNAL);
}

static ssize_t peer_read(struct peer *peer, uint8_t *bytes, size_t len)
{
    return peer->ssl ? SSL_read(peer->ssl, bytes, (int)len) : recv(peer->fd, bytes, len, 0);
}

static void *peer_run(void *arg)
{
    struct peer *peer = arg;
    uint8_t bytes[7001];
    ssize_t n;

    peer->right = !peer->ssl || SSL_connect(peer->ssl) == 1;
    for (size_t sent = 0; peer->right && sent < PEER_SENDS; sent += (size_t)n) {
        size_t len = PEER_SENDS - sent < sizeof(bytes) ? PEER_SENDS - sent : sizeof(bytes);
        for (size_t i = 0; i < len; i++)
            bytes[i] = pattern(sent + i);
        n = peer_write(peer, bytes, len);
        if (n <= 0)
            break;
    }
    while ((n = peer_read(peer, bytes, sizeof(bytes))) > 0) {
        for (ssize_t i = 0; i < n; i++)
            peer->right = peer->right && bytes[i] == pattern(peer->got + (size_t)i);
        peer->got += (size_t)n;
    }
    return NULL;
}

/* ---- Our end ---- */

struct mover {
    struct sl_loop *loops[2];
    struct sl_conn_set *sets[2];
    int at; /* the loop it is on */
    struct sl_conn *conn;
    struct sl_conn_parcel *parcel; /* on its way */
    struct sl_msg msg;
    size_t got, sent, moves;
    bool right, ready;
    char why[64];
};

static void ignore(void *owner)
{
    (void)owner;
}

static void send_some(struct mover *mover)
{
    struct sl_chunk *chunk = sl_chunk_create(ANSWER_LEN);

    for (size_t i = 0; i < ANSWER_LEN; i++)
        chunk->data[i] = pattern(mover->sent + i);
    mover->sent += ANSWER_LEN;
    sl_conn_send(mover->conn, chunk);
}

static void adopt(struct sl_msg *msg);

static void move(struct mover *mover)
{
    mover->moves++;
    send_some(mover);
    mover->parcel = sl_conn_detach(mover->conn);
    mover->conn = NULL;
    assert_non_null(mover->parcel);
    mover->at = !mover->at;
    mover->msg.run = adopt;
    sl_loop_post(mover->loops[mover->at], &mover->msg);
}

static void on_ready(void *owner)
{
    struct mover *mover = owner;

    mover->right = !mover->ready; /* once */
    mover->ready = true;
}

/* Looks at the half of what is there when it is time to move, and leaves the rest to the next. */
static void on_data(void *owner, uint8_t *data, size_t len)
{
    struct mover *mover = owner;
    bool moves = mover->got + len > (mover->moves + 1) * MOVE_EVERY && len > 1;
    size_t take = moves ? len / 2 : len;

    for (size_t i = 0; i < take; i++)
        mover->right = mover->right && data[i] == pattern(mover->got + i);
    mover->got += take;
    if (moves) {
        sl_conn_unread(mover->conn, data + take, len - take);
        move(mover);
    } else if (mover->got == PEER_SENDS) {
        sl_conn_finish(mover->conn, FLUSH_MS, "all is there");
    }
}

static void on_gone(void *owner, const char *why)
{
    struct mover *mover = owner;

    (void)snprintf(mover->why, sizeof(mover->why), "%s", why);
    mover->conn = NULL;
    for (int i = 0; i < 2; i++)
        sl_loop_stop(mover->loops[i]);
}

static const struct sl_conn_ops ops = {
    .on_ready = on_ready,
    .on_data = on_data,
    .on_sent = ignore,
    .on_deadline = ignore,
    .on_gone = on_gone,
};

static void adopt(struct sl_msg *msg)
{
    struct mover *mover = sl_container_of(msg, struct mover, msg);
    struct sl_conn_parcel *parcel = mover->parcel;

    mover->parcel = NULL;
    if (sl_conn_adopt(mover->sets[mover->at], parcel, &ops, mover, &mover->conn) < 0)
        abort();
}

static void *run_loop(void *loop)
{
    sl_loop_run(loop);
    return NULL;
}

static void create_mover(struct mover *mover)
{
    *mover = (struct mover){.right = true};
    for (int i = 0; i < 2; i++) {
        mover->loops[i] = sl_loop_create(i ? "second" : "first");
        mover->sets[i] = sl_conn_set_create(mover->loops[i]);
    }
}

static void destroy_mover(struct mover *mover)
{
    for (int i = 0; i < 2; i++) {
        sl_conn_set_destroy(mover->sets[i]);
        sl_loop_destroy(mover->loops[i]);
    }
}

static void run_move(SSL *server_ssl, SSL *client_ssl)
{
    struct mover mover;
    struct peer peer = {.ssl = client_ssl};
    pthread_t second;
    int fds[2];

    create_mover(&mover);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    peer.fd = fds[1];
    if (client_ssl)
        assert_int_equal(SSL_set_fd(client_ssl, fds[1]), 1);
    assert_int_equal(
        sl_conn_create(mover.sets[0], fds[0], server_ssl, false, &ops, &mover, &mover.conn), 0);
    assert_int_equal(pthread_create(&peer.thread, NULL, peer_run, &peer), 0);
    assert_int_equal(pthread_create(&second, NULL, run_loop, mover.loops[1]), 0);
    sl_loop_run(mover.loops[0]);
    assert_int_equal(pthread_join(second, NULL), 0);
    assert_int_equal(pthread_join(peer.thread, NULL), 0);
    assert_true(mover.right);
    assert_int_equal(mover.got, PEER_SENDS);
    assert_in_range(mover.moves, 10, PEER_SENDS / MOVE_EVERY);
    assert_true(peer.right);
    assert_int_equal(peer.got, mover.sent);
    destroy_mover(&mover);
    SSL_free(client_ssl);
    (void)close(fds[1]);
}

static void no_byte_is_lost_when_a_connection_moves(void **state)
{
    (void)state;
    run_move(NULL, NULL);
}

static void its_tls_moves_with_it(void **state)
{
    char directory[] = "sluice-conn-XXXXXX", cert[64], key[64];
    struct sl_tls_clients *clients = sl_tls_clients_create();
    struct sl_error error;
    SSL_CTX *context;

    (void)state;
    assert_non_null(mkdtemp(directory));
    (void)snprintf(cert, sizeof(cert), "%s/cert", directory);
    (void)snprintf(key, sizeof(key), "%s/key", directory);
    assert_int_equal(sl_tls_self_signed(cert, key, NULL, 0, &error), 0);
    assert_int_equal(
        sl_tls_server_context(&(struct sl_tls_files){cert, key, NULL}, &context, &error), 0);
    run_move(sl_tls_accept(context),
             sl_tls_connect(sl_tls_clients_get(clients, SL_TLS_WS_UNVERIFIED), "localhost"));
    SSL_CTX_free(context);
    sl_tls_clients_destroy(clients);
    (void)unlink(cert);
    (void)unlink(key);
    (void)rmdir(directory);
}

static void one_that_is_not_open_cannot_move_and_one_nobody_adopts_is_closed(void **state)
{
    struct mover mover;
    int fds[2];
    char byte;

    (void)state;
    create_mover(&mover);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_int_equal(sl_conn_create(mover.sets[0], fds[0], NULL, false, &ops, &mover, &mover.conn),
                     0);
    struct sl_conn_parcel *parcel = sl_conn_detach(mover.conn);
    assert_non_null(parcel);
    assert_null(sl_conn_detach(mover.conn)); /* until the loop runs its memory is there */
    sl_conn_parcel_destroy(parcel);
    sl_conn_parcel_destroy(NULL);
    assert_int_equal(recv(fds[1], &byte, 1, 0), 0);
    destroy_mover(&mover);
    (void)close(fds[1]);
}

/* ---- Shared bytes ---- */

static void many_send_the_same_bytes_and_the_last_frees_them(void **state)
{
    enum { COUNT = 20, LEN = 100000 };
    struct mover mover;
    struct sl_blob *blob = sl_blob_create(LEN);
    int fds[COUNT][2];
    uint8_t *got = sl_alloc(LEN + 5);

    (void)state;
    create_mover(&mover);
    for (size_t i = 0; i < LEN; i++)
        blob->data[i] = pattern(i);
    for (int i = 0; i < COUNT; i++) {
        struct sl_chunk *head = sl_chunk_create(5);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds[i]), 0);
        assert_int_equal(
            sl_conn_create(mover.sets[0], fds[i][0], NULL, false, &ops, &mover, &mover.conn), 0);
        memcpy(head->data, "head:", 5);
        head->next = sl_chunk_of(blob);
        sl_conn_send(mover.conn, head);
        if (i == 0)
            assert_in_range(atomic_load(&blob->refs), 1, 2); /* sent, or queued; not copied */
    }
    for (int i = 0; i < COUNT; i++) {
        for (size_t len = 0; len < LEN + 5;) {
            ssize_t n = recv(fds[i][1], got + len, LEN + 5 - len, MSG_DONTWAIT);
            if (n > 0)
                len += (size_t)n;
            (void)uv_run(sl_loop_uv(mover.loops[0]), UV_RUN_NOWAIT);
        }
        assert_memory_equal(got, "head:", 5);
        assert_memory_equal(got + 5, blob->data, LEN);
    }
    assert_int_equal(atomic_load(&blob->refs), 1);
    sl_blob_unref(blob);
    destroy_mover(&mover);
    for (int i = 0; i < COUNT; i++)
        (void)close(fds[i][1]);
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_byte_is_lost_when_a_connection_moves),
        cmocka_unit_test(its_tls_moves_with_it),
        cmocka_unit_test(one_that_is_not_open_cannot_move_and_one_nobody_adopts_is_closed),
        cmocka_unit_test(many_send_the_same_bytes_and_the_last_frees_them),
    };

    return cmocka_run_group_tests_name("net conn", tests, NULL, NULL);
}
