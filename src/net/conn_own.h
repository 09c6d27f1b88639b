/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of connections share: conn.c has their life, conn_move.c takes them to another
 * loop. */
#ifndef SL_NET_CONN_OWN_H
#define SL_NET_CONN_OWN_H

#include "base/list.h"
#include "net/conn.h"
#include "net/wire.h"

#include <uv.h>

/* A whole TLS record: SSL_read() then never leaves bytes behind that poll would not show. */
enum { SL_CONN_READ_LEN = 16384 };

/*
 * A connection's life. sl_conn_set_state() is the only place that changes it.
 *
 *   CONNECTING -> HANDSHAKE   on_connecting: TCP is there, TLS wanted
 *   CONNECTING, HANDSHAKE -> OPEN     become_ready
 *   OPEN -> FLUSHING          sl_conn_finish
 *   FLUSHING -> DRAINING      flush: the queue is empty, our goodbye is sent
 *   any -> GONE               sl_conn_cut, reaped from the loop; sl_conn_detach
 */
enum sl_conn_state { CONNECTING, HANDSHAKE, OPEN, FLUSHING, DRAINING, GONE };

struct sl_conn_set {
    uv_timer_t tick;       /* runs while there are connections */
    uv_idle_t soon;        /* runs while somebody must be called back */
    uv_prepare_t turn;     /* before each poll */
    int64_t handshakes_us; /* spent on handshakes in this turn */
    struct sl_loop *loop;
    struct sl_list conns;     /* all that are not GONE */
    struct sl_list attention; /* on_sent, on_gone, or what was unread is due */
    unsigned open_handles;    /* tick, soon and turn: the set is freed after all have closed */
    uint8_t buffer[SL_CONN_READ_LEN + 1];
};

struct sl_conn {
    uv_poll_t poll;
    struct sl_conn_set *set;
    struct sl_list link;      /* in set->conns */
    struct sl_list attention; /* in set->attention */
    const struct sl_conn_ops *ops;
    void *owner;
    struct sl_wire wire;
    enum sl_conn_state state;
    int watched; /* what poll was last asked for */
    bool paused;
    bool peer_closed;     /* it sends no more, but may read on until the queue is empty */
    bool sent_due;        /* on_sent is owed */
    bool queue_blocked;   /* the kernel's buffer is full */
    bool tls_wants_write; /* before it can go on reading, or with the handshake */
    int64_t deadline_ms;  /* of the loop's clock; 0: none */
    struct sl_chunk_queue queue;
    uint8_t *rest; /* unread; NULL: nothing is */
    size_t rest_len;
    struct sl_addr remote, local;
    char why[SL_WIRE_WHY_MAX];
};

void sl_conn_set_state(struct sl_conn *conn, enum sl_conn_state state);
/* Makes it one of the set's. -errno: the loop cannot watch its socket. */
int sl_conn_join(struct sl_conn_set *set, struct sl_conn *conn);
/* Takes it off its loop, which knows its socket no more: the memory goes with the handle. */
void sl_conn_leave(struct sl_conn *conn);
/* Asks poll for what conn waits for now. */
void sl_conn_watch(struct sl_conn *conn);
/* It is owed a call from the loop. */
void sl_conn_call_soon(struct sl_conn *conn);

#endif
