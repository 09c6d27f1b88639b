/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A connection goes from one loop to another. */
#include "net/conn_own.h"

#include "base/mem.h"

struct sl_conn_parcel {
    struct sl_wire wire;
    bool paused, peer_closed, sent_due, tls_wants_write;
    struct sl_chunk_queue queue;
    uint8_t *rest;
    size_t rest_len;
    struct sl_addr remote, local;
};

struct sl_conn_parcel *sl_conn_detach(struct sl_conn *conn)
{
    if (conn->state != OPEN)
        return NULL;
    struct sl_conn_parcel *parcel = sl_new(struct sl_conn_parcel);

    *parcel = (struct sl_conn_parcel){
        .wire = conn->wire,
        .paused = conn->paused,
        .peer_closed = conn->peer_closed,
        .sent_due = conn->sent_due,
        .tls_wants_write = conn->tls_wants_write,
        .queue = conn->queue,
        .rest = conn->rest,
        .rest_len = conn->rest_len,
        .remote = conn->remote,
        .local = conn->local,
    };
    conn->queue = (struct sl_chunk_queue){0};
    conn->rest = NULL;
    sl_conn_leave(conn);
    return parcel;
}

void sl_conn_parcel_destroy(struct sl_conn_parcel *parcel)
{
    if (!parcel)
        return;
    sl_wire_close(&parcel->wire);
    sl_chunk_queue_drop(&parcel->queue, false);
    free(parcel->rest);
    free(parcel);
}

static void unpack(struct sl_conn *conn, struct sl_conn_parcel *parcel)
{
    conn->paused = parcel->paused;
    conn->peer_closed = parcel->peer_closed;
    conn->sent_due = parcel->sent_due;
    conn->tls_wants_write = parcel->tls_wants_write;
    conn->queue = parcel->queue;
    conn->queue_blocked = conn->queue.first != NULL; /* tried when the socket says so */
    conn->rest = parcel->rest;
    conn->rest_len = parcel->rest_len;
    conn->remote = parcel->remote;
    conn->local = parcel->local;
}

int sl_conn_adopt(struct sl_conn_set *set, struct sl_conn_parcel *parcel,
                  const struct sl_conn_ops *ops, void *owner, struct sl_conn **out)
{
    struct sl_conn *conn = sl_new(struct sl_conn);

    conn->wire = parcel->wire;
    int err = sl_conn_join(set, conn);
    if (err < 0) {
        free(conn);
        sl_conn_parcel_destroy(parcel);
        return err;
    }
    conn->ops = ops;
    conn->owner = owner;
    conn->state = OPEN;
    unpack(conn, parcel);
    free(parcel);
    sl_conn_watch(conn);
    if (conn->rest || conn->sent_due)
        sl_conn_call_soon(conn);
    *out = conn;
    return 0;
}
