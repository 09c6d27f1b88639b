/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TCP and TLS connections on a loop. */
#include "net/conn_own.h"

#include "base/clock.h"
#include "base/mem.h"
#include "net/loop.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

enum {
    HANDSHAKES_US =
        4000, /* of TLS handshakes in one turn of the loop; the others wait for theirs */
    TICK_MS = 250,
    DRAIN_MS = 2000,
};

static void on_poll(uv_poll_t *poll, int status, int events);

/* ---- The set ---- */

static int64_t now_ms(const struct sl_conn_set *set)
{
    return (int64_t)uv_now(sl_loop_uv(set->loop));
}

static void dispose(struct sl_conn *conn);
static void deliver_rest(struct sl_conn *conn);

/* Calls back everybody who is owed a call. Their calls may add others: those have their turn now
 * too, on_sent ones in the next round. */
static void on_soon(uv_idle_t *soon)
{
    struct sl_conn_set *set = sl_container_of(soon, struct sl_conn_set, soon);
    struct sl_list due;
    struct sl_conn *conn;

    (void)uv_idle_stop(soon); /* always 0 */
    sl_list_init(&due);
    while ((conn = sl_list_first(&set->attention, struct sl_conn, attention))) {
        sl_list_remove(&conn->attention);
        sl_list_append(&due, &conn->attention);
    }
    while ((conn = sl_list_first(&due, struct sl_conn, attention))) {
        sl_list_remove(&conn->attention);
        if (conn->state == GONE) {
            conn->ops->on_gone(conn->owner, conn->why);
            dispose(conn);
            continue;
        }
        if (conn->sent_due && !conn->queue.first) {
            conn->sent_due = false;
            conn->ops->on_sent(conn->owner);
        }
        deliver_rest(conn);
    }
}

static void on_tick(uv_timer_t *tick)
{
    struct sl_conn_set *set = sl_container_of(tick, struct sl_conn_set, tick);
    int64_t now = now_ms(set);
    struct sl_conn *conn;

    if (sl_list_empty(&set->conns))
        (void)uv_timer_stop(tick); /* always 0 */
    sl_list_foreach(conn, &set->conns, struct sl_conn, link)
    {
        if (conn->deadline_ms == 0 || now < conn->deadline_ms)
            continue;
        conn->deadline_ms = 0;
        if (conn->state == FLUSHING || conn->state == DRAINING)
            sl_conn_cut(conn, conn->why);
        else
            conn->ops->on_deadline(conn->owner);
    }
}

static void on_turn(uv_prepare_t *turn)
{
    sl_container_of(turn, struct sl_conn_set, turn)->handshakes_us = 0;
}

struct sl_conn_set *sl_conn_set_create(struct sl_loop *loop)
{
    struct sl_conn_set *set = sl_new(struct sl_conn_set);

    set->loop = loop;
    sl_list_init(&set->conns);
    sl_list_init(&set->attention);
    (void)uv_timer_init(sl_loop_uv(loop), &set->tick); /* none of these can fail */
    (void)uv_idle_init(sl_loop_uv(loop), &set->soon);
    (void)uv_prepare_init(sl_loop_uv(loop), &set->turn);
    (void)uv_prepare_start(&set->turn, on_turn); /* always 0 */
    uv_unref((uv_handle_t *)&set->turn);         /* it keeps no loop running */
    set->open_handles = 3;
    return set;
}

static void on_turn_closed(uv_handle_t *handle)
{
    struct sl_conn_set *set = sl_container_of((uv_prepare_t *)handle, struct sl_conn_set, turn);

    if (--set->open_handles == 0)
        free(set);
}

static void on_tick_closed(uv_handle_t *handle)
{
    struct sl_conn_set *set = sl_container_of((uv_timer_t *)handle, struct sl_conn_set, tick);

    if (--set->open_handles == 0)
        free(set);
}

static void on_soon_closed(uv_handle_t *handle)
{
    struct sl_conn_set *set = sl_container_of((uv_idle_t *)handle, struct sl_conn_set, soon);

    if (--set->open_handles == 0)
        free(set);
}

void sl_conn_set_destroy(struct sl_conn_set *set)
{
    struct sl_conn *conn;

    if (!set)
        return;
    while ((conn = sl_list_first(&set->conns, struct sl_conn, link)))
        sl_conn_cut(conn, "shutting down");
    while (!sl_list_empty(&set->attention))
        on_soon(&set->soon);
    assert(sl_list_empty(&set->conns)); /* the owners open nothing new now */
    uv_close((uv_handle_t *)&set->tick, on_tick_closed);
    uv_close((uv_handle_t *)&set->soon, on_soon_closed);
    uv_close((uv_handle_t *)&set->turn, on_turn_closed);
}

/* ---- Life and death ---- */

void sl_conn_set_state(struct sl_conn *conn, enum sl_conn_state state)
{
    assert(conn->state != GONE && state > conn->state);
    conn->state = state;
}

void sl_conn_watch(struct sl_conn *conn)
{
    int events = conn->peer_closed ? 0 : UV_DISCONNECT;

    if (!conn->peer_closed && (!conn->paused || conn->state != OPEN))
        events |= UV_READABLE;
    if (conn->queue_blocked || conn->tls_wants_write || conn->state == CONNECTING)
        events |= UV_WRITABLE;
    if (events == conn->watched)
        return; /* each change costs two system calls */
    conn->watched = events;
    (void)uv_poll_start(&conn->poll, events, on_poll); /* fails on a closing handle only */
}

void sl_conn_call_soon(struct sl_conn *conn)
{
    sl_list_remove(&conn->attention);
    sl_list_append(&conn->set->attention, &conn->attention);
    (void)uv_idle_start(&conn->set->soon, on_soon); /* always 0 */
}

int sl_conn_join(struct sl_conn_set *set, struct sl_conn *conn)
{
    int err = uv_poll_init(sl_loop_uv(set->loop), &conn->poll, conn->wire.fd);

    if (err < 0)
        return err;
    conn->set = set;
    sl_list_append(&set->conns, &conn->link);
    if (!uv_is_active((uv_handle_t *)&set->tick))
        (void)uv_timer_start(&set->tick, on_tick, TICK_MS, TICK_MS); /* fails when closing only */
    return 0;
}

int sl_conn_create(struct sl_conn_set *set, int fd, SSL *ssl, bool connecting,
                   const struct sl_conn_ops *ops, void *owner, struct sl_conn **out)
{
    struct sl_conn *conn = sl_new(struct sl_conn);
    int on = 1;

    conn->wire = (struct sl_wire){fd, ssl};
    int err = ssl && SSL_set_fd(ssl, fd) != 1 ? -ENOMEM : 0;
    if (err == 0)
        err = sl_conn_join(set, conn);
    if (err < 0) {
        sl_wire_close(&conn->wire);
        free(conn);
        return err;
    }
    conn->ops = ops;
    conn->owner = owner;
    conn->state = connecting ? CONNECTING : ssl ? HANDSHAKE : OPEN;
    /* Messages are small and answered: waiting for more would only delay them. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (!connecting)
        sl_wire_addrs(&conn->wire, &conn->remote, &conn->local);
    sl_conn_watch(conn);
    *out = conn;
    return 0;
}

void sl_conn_set_owner(struct sl_conn *conn, const struct sl_conn_ops *ops, void *owner)
{
    conn->ops = ops;
    conn->owner = owner;
}

static void on_poll_closed(uv_handle_t *handle)
{
    free(sl_container_of((uv_poll_t *)handle, struct sl_conn, poll));
}

void sl_conn_leave(struct sl_conn *conn)
{
    sl_conn_set_state(conn, GONE);
    (void)uv_poll_stop(&conn->poll); /* always 0; from here on this loop does not know the socket */
    sl_list_remove(&conn->link);
    sl_list_remove(&conn->attention);
    uv_close((uv_handle_t *)&conn->poll, on_poll_closed);
}

static void dispose(struct sl_conn *conn)
{
    uv_close((uv_handle_t *)&conn->poll, on_poll_closed);
    sl_wire_close(&conn->wire);
    sl_chunk_queue_drop(&conn->queue, false);
    free(conn->rest);
    conn->rest = NULL;
}

void sl_conn_cut(struct sl_conn *conn, const char *why)
{
    if (conn->state == GONE)
        return;
    if (why != conn->why)
        (void)snprintf(conn->why, sizeof(conn->why), "%s", why); /* cut is fine */
    sl_conn_set_state(conn, GONE);
    (void)uv_poll_stop(&conn->poll); /* always 0 */
    sl_list_remove(&conn->link);
    sl_conn_call_soon(conn);
}

bool sl_conn_alive(const struct sl_conn *conn)
{
    return conn->state != GONE;
}

const struct sl_addr *sl_conn_remote(const struct sl_conn *conn)
{
    return &conn->remote;
}

const struct sl_addr *sl_conn_local(const struct sl_conn *conn)
{
    return &conn->local;
}

bool sl_conn_is_tls(const struct sl_conn *conn)
{
    return conn->wire.ssl != NULL;
}

SSL *sl_conn_tls(const struct sl_conn *conn)
{
    return conn->wire.ssl;
}

void sl_conn_set_deadline(struct sl_conn *conn, int64_t after_ms)
{
    if (after_ms <= 0) {
        conn->deadline_ms = 0;
        return;
    }
    /* From now, not from when libuv last looked at the clock; see sl_timer_start(). A tick early
     * rather than late: "within 2 s" is meant. */
    int64_t from_ms = (int64_t)(uv_hrtime() / 1000000);
    conn->deadline_ms = from_ms + (after_ms > TICK_MS ? after_ms - TICK_MS : 1);
}

void sl_conn_pause(struct sl_conn *conn)
{
    if (conn->paused || conn->state == GONE)
        return;
    conn->paused = true;
    sl_conn_watch(conn);
}

void sl_conn_resume(struct sl_conn *conn)
{
    if (!conn->paused || conn->state == GONE)
        return;
    conn->paused = false;
    sl_conn_watch(conn);
    if (conn->rest)
        sl_conn_call_soon(conn);
}

bool sl_conn_is_paused(const struct sl_conn *conn)
{
    return conn->paused;
}

void sl_conn_unread(struct sl_conn *conn, const uint8_t *data, size_t len)
{
    assert(!conn->rest);
    if (len == 0 || conn->state != OPEN)
        return;
    conn->rest = sl_alloc(len + 1); /* at most what was read */
    memcpy(conn->rest, data, len);
    conn->rest_len = len;
    if (!conn->paused)
        sl_conn_call_soon(conn);
}

static void deliver_rest(struct sl_conn *conn)
{
    uint8_t *rest = conn->rest;

    if (!rest || conn->paused || conn->state != OPEN)
        return;
    conn->rest = NULL;
    conn->ops->on_data(conn->owner, rest, conn->rest_len);
    free(rest);
}

/* ---- Becoming ready ---- */

static void become_ready(struct sl_conn *conn)
{
    sl_conn_set_state(conn, OPEN);
    conn->tls_wants_write = false;
    sl_conn_watch(conn);
    conn->ops->on_ready(conn->owner);
}

/* Who has to wait for the arithmetic of others is told of by the next poll. */
static void handshake(struct sl_conn *conn)
{
    char why[SL_WIRE_WHY_MAX];

    if (conn->set->handshakes_us >= HANDSHAKES_US)
        return;
    int64_t start_us = sl_now_us();
    enum sl_wire_step step = sl_wire_handshake(&conn->wire, why);
    conn->set->handshakes_us += sl_now_us() - start_us;
    conn->tls_wants_write = step == SL_WIRE_WAITS_WRITE;
    if (step == SL_WIRE_DONE)
        become_ready(conn);
    else if (step == SL_WIRE_FAILED)
        sl_conn_cut(conn, why);
    else
        sl_conn_watch(conn);
}

static void on_connecting(struct sl_conn *conn)
{
    int err = sl_wire_error(&conn->wire);

    if (err < 0) {
        sl_conn_cut(conn, uv_strerror(err));
        return;
    }
    sl_wire_addrs(&conn->wire, &conn->remote, &conn->local);
    if (!conn->wire.ssl) {
        become_ready(conn);
        return;
    }
    sl_conn_set_state(conn, HANDSHAKE);
    handshake(conn);
}

/* ---- Sending ---- */

/* True: some of the queue has left. False: the socket, or TLS, is waited for, or it was cut. */
static bool write_some(struct sl_conn *conn)
{
    char why[SL_WIRE_WHY_MAX];
    enum sl_wire_step step = sl_wire_write(&conn->wire, &conn->queue, why);

    conn->queue_blocked = step == SL_WIRE_WAITS_WRITE;
    if (step == SL_WIRE_FAILED)
        sl_conn_cut(conn, why);
    return step == SL_WIRE_DONE;
}

static void say_goodbye(struct sl_conn *conn)
{
    sl_wire_say_goodbye(&conn->wire);
    sl_conn_set_state(conn, DRAINING);
    sl_conn_set_deadline(conn, DRAIN_MS);
    sl_conn_watch(conn);
}

static void flush(struct sl_conn *conn)
{
    bool had = conn->queue.first != NULL;

    conn->queue_blocked = false;
    while (conn->queue.first && write_some(conn))
        continue;
    if (conn->state == GONE)
        return;
    sl_conn_watch(conn);
    if (conn->queue.first)
        return;
    if (conn->peer_closed) {
        sl_conn_cut(conn, conn->why[0] ? conn->why : "closed by the peer");
    } else if (conn->state == FLUSHING) {
        say_goodbye(conn);
    } else if (had) {
        conn->sent_due = true;
        sl_conn_call_soon(conn);
    }
}

void sl_conn_send(struct sl_conn *conn, struct sl_chunk *chunk)
{
    bool idle = !conn->queue.first;

    if (conn->state != OPEN) {
        sl_chunk_destroy(chunk);
        return;
    }
    sl_chunk_queue_add(&conn->queue, chunk);
    if (idle && conn->queue.first)
        flush(conn);
}

size_t sl_conn_queued(const struct sl_conn *conn)
{
    return conn->queue.queued;
}

void sl_conn_drop_queue(struct sl_conn *conn)
{
    const struct sl_chunk *first = conn->queue.first;

    /* TLS may have made a record of the first chunk although none of it counts as sent. */
    sl_chunk_queue_drop(&conn->queue, first && (first->sent > 0 || conn->wire.ssl));
}

void sl_conn_set_unsent_max(struct sl_conn *conn, size_t len)
{
    int value = len < INT_MAX ? (int)len : INT_MAX;

    /* Without it more waits than need be: nothing is wrong. */
    (void)setsockopt(conn->wire.fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &value, sizeof(value));
}

void sl_conn_finish(struct sl_conn *conn, int64_t flush_ms, const char *why)
{
    if (conn->state > OPEN)
        return;
    if (conn->state < OPEN) {
        sl_conn_cut(conn, why);
        return;
    }
    (void)snprintf(conn->why, sizeof(conn->why), "%s", why); /* cut is fine */
    sl_conn_set_state(conn, FLUSHING);
    sl_conn_set_deadline(conn, flush_ms);
    sl_conn_watch(conn); /* reads again, to see the peer's end */
    flush(conn);
}

/* ---- Receiving ---- */

/* The peer sends no more. What is queued it may still want: some clients end their side after the
 * request. It is gone if it wants nothing, or is still to be asked for more. */
static void on_peer_closed(struct sl_conn *conn)
{
    bool answering = conn->paused || conn->state == FLUSHING;

    if (answering && conn->queue.first) {
        conn->peer_closed = true;
        sl_conn_watch(conn);
    } else {
        sl_conn_cut(conn, conn->why[0] ? conn->why : "closed by the peer");
    }
}

/* Bytes read into the set's buffer; 0: nothing now, or cut. What is only drained is not decrypted:
 * nobody wants it. */
static size_t read_some(struct sl_conn *conn)
{
    struct sl_wire wire = {conn->wire.fd, conn->state == OPEN ? conn->wire.ssl : NULL};
    char why[SL_WIRE_WHY_MAX];
    size_t got = 0;
    enum sl_wire_step step = sl_wire_read(&wire, conn->set->buffer, SL_CONN_READ_LEN, &got, why);

    if (step == SL_WIRE_DONE)
        return got;
    if (wire.ssl)
        conn->tls_wants_write = step == SL_WIRE_WAITS_WRITE;
    if (step == SL_WIRE_ENDED)
        on_peer_closed(conn);
    else if (step == SL_WIRE_FAILED)
        sl_conn_cut(conn, why);
    else
        sl_conn_watch(conn);
    return 0;
}

/* Once a turn, so that nobody who sends a lot has more of the loop than others. */
static void read_once(struct sl_conn *conn)
{
    if ((conn->paused || conn->rest) && conn->state == OPEN)
        return;
    size_t got = read_some(conn);
    if (got > 0 && conn->state == OPEN) /* else it is only drained */
        conn->ops->on_data(conn->owner, conn->set->buffer, got);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct sl_conn *conn = sl_container_of(poll, struct sl_conn, poll);

    if (conn->state == CONNECTING) {
        on_connecting(conn);
        return;
    }
    if (status < 0) { /* libuv's word for POLLERR; the socket has the true one */
        int err = sl_wire_error(&conn->wire);
        sl_conn_cut(conn, uv_strerror(err < 0 ? err : -ECONNRESET));
        return;
    }
    if (conn->state == HANDSHAKE) {
        handshake(conn);
        return;
    }
    /* While the queue is blocked TLS may as well wait for something to read. */
    if ((events & UV_WRITABLE) || (conn->wire.ssl && conn->queue.first))
        flush(conn);
    if (conn->state == GONE)
        return;
    if ((events & UV_DISCONNECT) && conn->paused && conn->state == OPEN)
        on_peer_closed(conn); /* nobody reads: this tells it */
    else if ((events & (UV_READABLE | UV_DISCONNECT)) || conn->tls_wants_write)
        read_once(conn);
}
