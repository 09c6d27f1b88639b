/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One connection of a client: requests in, answers out, packets between them. It begins on the
 * control loop and moves to a worker before media flow; whoever has the conversation stays on the
 * control loop and notices nothing of it.
 *
 * Requests come one by one: the next is read when the one before has been answered. Threads:
 * [control], or [loop], where the connection is.
 */
#ifndef SL_RTSP_WIRE_H
#define SL_RTSP_WIRE_H

#include "net/net.h"
#include "rtsp/message.h"

struct sl_conn_set;

struct sl_rtsp_wire;

struct sl_rtsp_wire_ops {
    /* [control] A request, which is the callee's, to be answered once; or NULL, and err tells why
     * what came is none (sl_rtsp_message_parse()): the answer is the last then. */
    void (*on_request)(void *owner, struct sl_rtsp_message *request, int err);
    /* [control] The connection is no more; why is words for the log. Once. */
    void (*on_gone)(void *owner, const char *why);
    /* [control] The last call, after sl_rtsp_wire_close(). */
    void (*on_closed)(void *owner);
};

/* The packets of one connection. [loop] */
struct sl_rtsp_wire_tap {
    void (*on_frame)(void *owner, const struct sl_rtsp_frame *frame);
    void *owner;
};

/* Of a connection just accepted: fd is taken, also on failure. silence_s: that much may pass
 * between two signs of life. -errno: the loop cannot watch it. [control] */
int sl_rtsp_wire_create(struct sl_loop *control, struct sl_conn_set *set, int fd, int silence_s,
                        const struct sl_rtsp_wire_ops *ops, void *owner, struct sl_rtsp_wire **out);
/* To another loop's connections. True also if it is there already; false: it is about to end.
 * [control] */
bool sl_rtsp_wire_move(struct sl_rtsp_wire *wire, struct sl_loop *loop, struct sl_conn_set *set);
/* text of len bytes is taken. last: the connection ends when it has left. [control] */
void sl_rtsp_wire_answer(struct sl_rtsp_wire *wire, char *text, size_t len, bool last);
/* What is queued leaves, within a bound, then it ends; on_gone follows. [control] */
void sl_rtsp_wire_finish(struct sl_rtsp_wire *wire, const char *why);
/* Ends it at once, without on_gone; on_closed is the last call. Never from within. [control] */
void sl_rtsp_wire_close(struct sl_rtsp_wire *wire);
const struct sl_addr *sl_rtsp_wire_remote(const struct sl_rtsp_wire *wire);
const struct sl_addr *sl_rtsp_wire_local(const struct sl_rtsp_wire *wire);

/* NULL: interleaved packets are dropped, as at first. [loop] */
void sl_rtsp_wire_set_tap(struct sl_rtsp_wire *wire, const struct sl_rtsp_wire_tap *tap);
/* A sign of life that came by another way. [loop] */
void sl_rtsp_wire_touch(struct sl_rtsp_wire *wire);
/* Bytes between answers; nothing happens where the connection is gone. [loop] */
void sl_rtsp_wire_write(struct sl_rtsp_wire *wire, const uint8_t *data, size_t len);
/* Bytes that have not left. [loop] */
size_t sl_rtsp_wire_queued(const struct sl_rtsp_wire *wire);
/* Ends it at once; on_gone follows. [loop] */
void sl_rtsp_wire_cut(struct sl_rtsp_wire *wire, const char *why);

#endif
