/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What passes a connection, and from one loop to another. */
#include "rtsp/wire.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
    FIRST_REQUEST_MS = 10000, /* media-outputs.md 5.1 */
    FLUSH_MS = 2000,
    WHY_MAX = 120,
    UNSENT_MAX = 131072, /* what the kernel takes beyond what is on its way */
};

struct sl_rtsp_wire {
    /* [control] */
    struct sl_loop *control, *loop; /* loop: where the connection is */
    const struct sl_rtsp_wire_ops *ops;
    void *owner;
    struct sl_addr remote, local;
    bool closing;
    /* [loop] */
    struct sl_conn *conn; /* NULL: gone */
    int64_t silence_ms;
    bool waits;     /* a request is under way, or none is read any more */
    uint8_t *bytes; /* that make no whole message yet; NULL: none */
    size_t len;
    struct sl_rtsp_wire_tap tap;
    /* Posted by whoever has it. */
    struct sl_msg gone, close, closed;
    char why[WHY_MAX];
};

/* ---- To the control loop ---- */

struct arrival {
    struct sl_msg msg;
    struct sl_rtsp_wire *wire;
    struct sl_rtsp_message *request; /* NULL: err */
    int err;
};

static void on_arrival(struct sl_msg *msg) /* on the control loop */
{
    struct arrival arrival = *sl_container_of(msg, struct arrival, msg);
    const struct sl_rtsp_wire *wire = arrival.wire;

    free(sl_container_of(msg, struct arrival, msg));
    if (wire->closing)
        sl_rtsp_message_free(arrival.request);
    else
        wire->ops->on_request(wire->owner, arrival.request, arrival.err);
}

static void tell_request(struct sl_rtsp_wire *wire, struct sl_rtsp_message *request, int err)
{
    struct arrival *arrival = sl_new(struct arrival);

    *arrival =
        (struct arrival){.msg = {.run = on_arrival}, .wire = wire, .request = request, .err = err};
    sl_loop_post(wire->control, &arrival->msg);
}

static void on_told_gone(struct sl_msg *msg) /* on the control loop */
{
    const struct sl_rtsp_wire *wire = sl_container_of(msg, struct sl_rtsp_wire, gone);

    if (!wire->closing)
        wire->ops->on_gone(wire->owner, wire->why);
}

static void tell_gone(struct sl_rtsp_wire *wire, const char *why)
{
    (void)snprintf(wire->why, sizeof(wire->why), "%s", why);
    sl_loop_post(wire->control, &wire->gone);
}

/* ---- What comes ---- */

/* The first message or packet of what is there. 0: it was taken, used bytes. */
static int take_one(struct sl_rtsp_wire *wire, const uint8_t *data, size_t len, size_t *used)
{
    struct sl_rtsp_message *message;
    struct sl_rtsp_frame frame;
    int err;

    if (sl_rtsp_is_frame(data)) {
        err = sl_rtsp_frame_parse(data, len, &frame, used);
        if (err == 0 && wire->tap.on_frame)
            wire->tap.on_frame(wire->tap.owner, &frame);
        return err;
    }
    err = sl_rtsp_message_parse(data, len, &message, used);
    if (err < 0)
        return err;
    sl_rtsp_wire_touch(wire);
    if (message->method) {
        wire->waits = true;
        sl_conn_pause(wire->conn);
        tell_request(wire, message, 0);
    } else {
        sl_rtsp_message_free(message); /* we have asked for nothing */
    }
    return 0;
}

static void keep(struct sl_rtsp_wire *wire, size_t used)
{
    wire->len -= used;
    if (wire->len > 0) {
        memmove(wire->bytes, wire->bytes + used, wire->len);
        return;
    }
    free(wire->bytes);
    wire->bytes = NULL;
}

static void take_all(struct sl_rtsp_wire *wire)
{
    size_t used = 0, part;
    int err = 0;

    while (err == 0 && !wire->waits && wire->conn && used < wire->len) {
        err = take_one(wire, wire->bytes + used, wire->len - used, &part);
        if (err == 0)
            used += part;
    }
    if (err < 0 && err != -EAGAIN) {
        wire->waits = true;
        sl_conn_pause(wire->conn);
        tell_request(wire, NULL, err);
        used = wire->len;
    }
    if (wire->bytes)
        keep(wire, used);
}

static void on_data(void *owner, uint8_t *data, size_t len)
{
    struct sl_rtsp_wire *wire = owner;
    uint8_t *bytes = sl_alloc(wire->len + len); /* a message's bound, and what comes at once */

    if (wire->bytes)
        memcpy(bytes, wire->bytes, wire->len);
    memcpy(bytes + wire->len, data, len);
    free(wire->bytes);
    wire->bytes = bytes;
    wire->len += len;
    take_all(wire);
}

static void on_deadline(void *owner)
{
    struct sl_rtsp_wire *wire = owner;

    sl_conn_cut(wire->conn, "silent for too long");
}

static void on_gone(void *owner, const char *why)
{
    struct sl_rtsp_wire *wire = owner;

    wire->conn = NULL;
    tell_gone(wire, why);
}

static void nothing(void *owner)
{
    (void)owner;
}

static const struct sl_conn_ops conn_ops = {
    .on_ready = nothing,
    .on_data = on_data,
    .on_sent = nothing,
    .on_deadline = on_deadline,
    .on_gone = on_gone,
};

/* ---- Where the connection is ---- */

void sl_rtsp_wire_set_tap(struct sl_rtsp_wire *wire, const struct sl_rtsp_wire_tap *tap)
{
    wire->tap = tap ? *tap : (struct sl_rtsp_wire_tap){.on_frame = NULL};
}

void sl_rtsp_wire_touch(struct sl_rtsp_wire *wire)
{
    if (wire->conn)
        sl_conn_set_deadline(wire->conn, wire->silence_ms);
}

static struct sl_chunk *chunk_of(const void *data, size_t len)
{
    struct sl_chunk *chunk = sl_chunk_create(len);

    memcpy(chunk->data, data, len);
    return chunk;
}

void sl_rtsp_wire_write(struct sl_rtsp_wire *wire, const uint8_t *data, size_t len)
{
    if (wire->conn)
        sl_conn_send(wire->conn, chunk_of(data, len));
}

size_t sl_rtsp_wire_queued(const struct sl_rtsp_wire *wire)
{
    return wire->conn ? sl_conn_queued(wire->conn) : 0;
}

void sl_rtsp_wire_cut(struct sl_rtsp_wire *wire, const char *why)
{
    if (wire->conn)
        sl_conn_cut(wire->conn, why);
}

/* ---- From the control loop ---- */

struct order {
    struct sl_msg msg;
    struct sl_rtsp_wire *wire;
    char *text; /* NULL: no answer */
    size_t len;
    bool last;
    const char *why; /* static */
};

static void on_order(struct sl_msg *msg) /* where the connection is */
{
    struct order *order = sl_container_of(msg, struct order, msg);
    struct sl_rtsp_wire *wire = order->wire;

    if (wire->conn && order->text)
        sl_conn_send(wire->conn, chunk_of(order->text, order->len));
    if (wire->conn && order->last) {
        wire->waits = true;
        sl_conn_finish(wire->conn, FLUSH_MS, order->why);
    } else if (wire->conn && order->text) {
        wire->waits = false;
        sl_conn_resume(wire->conn);
        take_all(wire);
    }
    free(order->text);
    free(order);
}

static void post_order(struct sl_rtsp_wire *wire, char *text, size_t len, bool last,
                       const char *why)
{
    struct order *order = sl_new(struct order);

    *order = (struct order){
        .msg = {.run = on_order}, .wire = wire, .text = text, .len = len, .last = last, .why = why};
    sl_loop_post(wire->loop, &order->msg);
}

void sl_rtsp_wire_answer(struct sl_rtsp_wire *wire, char *text, size_t len, bool last)
{
    post_order(wire, text, len, last, "ended by an answer");
}

void sl_rtsp_wire_finish(struct sl_rtsp_wire *wire, const char *why)
{
    post_order(wire, NULL, 0, true, why);
}

/* ---- Moving ---- */

struct move {
    struct sl_msg msg;
    struct sl_rtsp_wire *wire;
    struct sl_conn_parcel *parcel;
    struct sl_conn_set *set;
};

static void on_move(struct sl_msg *msg) /* on the new loop */
{
    struct move *move = sl_container_of(msg, struct move, msg);
    struct sl_rtsp_wire *wire = move->wire;
    int err = sl_conn_adopt(move->set, move->parcel, &conn_ops, wire, &wire->conn);

    free(move);
    if (err < 0) {
        wire->conn = NULL;
        tell_gone(wire, strerror(-err));
    } else {
        sl_rtsp_wire_touch(wire);
    }
}

bool sl_rtsp_wire_move(struct sl_rtsp_wire *wire, struct sl_loop *loop, struct sl_conn_set *set)
{
    if (wire->loop == loop)
        return true;
    assert(wire->loop == wire->control); /* whose thread this is */
    struct sl_conn_parcel *parcel = wire->conn ? sl_conn_detach(wire->conn) : NULL;
    if (!parcel)
        return false;
    struct move *move = sl_new(struct move);
    *move = (struct move){.msg = {.run = on_move}, .wire = wire, .parcel = parcel, .set = set};
    wire->conn = NULL;
    wire->loop = loop;
    sl_loop_post(loop, &move->msg);
    return true;
}

/* ---- Life ---- */

static void on_closed(struct sl_msg *msg) /* on the control loop */
{
    struct sl_rtsp_wire *wire = sl_container_of(msg, struct sl_rtsp_wire, closed);
    const struct sl_rtsp_wire_ops *ops = wire->ops;
    void *owner = wire->owner;

    free(wire->bytes);
    free(wire);
    ops->on_closed(owner);
}

static void leave(struct sl_rtsp_wire *wire)
{
    sl_loop_post(wire->control, &wire->closed);
}

static void on_gone_at_last(void *owner, const char *why)
{
    (void)why;
    leave(owner);
}

static void on_close(struct sl_msg *msg) /* where the connection is */
{
    static const struct sl_conn_ops last_ops = {.on_gone = on_gone_at_last};
    struct sl_rtsp_wire *wire = sl_container_of(msg, struct sl_rtsp_wire, close);

    wire->tap.on_frame = NULL;
    if (!wire->conn) {
        leave(wire);
        return;
    }
    sl_conn_set_owner(wire->conn, &last_ops, wire);
    sl_conn_cut(wire->conn, "closed");
}

void sl_rtsp_wire_close(struct sl_rtsp_wire *wire)
{
    wire->closing = true;
    sl_loop_post(wire->loop, &wire->close);
}

const struct sl_addr *sl_rtsp_wire_remote(const struct sl_rtsp_wire *wire)
{
    return &wire->remote;
}

const struct sl_addr *sl_rtsp_wire_local(const struct sl_rtsp_wire *wire)
{
    return &wire->local;
}

int sl_rtsp_wire_create(struct sl_loop *control, struct sl_conn_set *set, int fd, int silence_s,
                        const struct sl_rtsp_wire_ops *ops, void *owner, struct sl_rtsp_wire **out)
{
    struct sl_rtsp_wire *wire = sl_new(struct sl_rtsp_wire);
    int unsent_max = UNSENT_MAX;

    /* How far a client is behind shows in our queue, which drops, and not in the kernel's, which
     * may grow to megabytes. Without it that is all: it works. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_max, sizeof(unsent_max));
    int err = sl_conn_create(set, fd, NULL, false, &conn_ops, wire, &wire->conn);

    if (err < 0) {
        free(wire);
        return err;
    }
    wire->control = control;
    wire->loop = control;
    wire->ops = ops;
    wire->owner = owner;
    wire->silence_ms = silence_s * 1000LL;
    wire->remote = *sl_conn_remote(wire->conn);
    wire->local = *sl_conn_local(wire->conn);
    wire->gone.run = on_told_gone;
    wire->close.run = on_close;
    wire->closed.run = on_closed;
    sl_conn_set_deadline(wire->conn, FIRST_REQUEST_MS);
    *out = wire;
    return 0;
}
