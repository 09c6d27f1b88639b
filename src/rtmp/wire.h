/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the two ends of an RTMP connection do alike: the handshake, messages in chunks, and what is
 * said about the connection itself: chunk sizes, acknowledgements, pings. Threads: its owner's.
 */
#ifndef SL_RTMP_WIRE_H
#define SL_RTMP_WIRE_H

#include "rtmp/chunk.h"
#include "rtmp/handshake.h"
#include "rtmp/outbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first negative result ends sl_rtmp_wire_input(), which returns it. */
struct sl_rtmp_wire_ops {
    /* The handshake is over. */
    int (*on_greeted)(void *owner);
    /* A message that is not about the connection itself. */
    int (*on_message)(void *owner, const struct sl_rtmp_message *message);
};

struct sl_rtmp_wire {
    const struct sl_rtmp_wire_ops *ops;
    void *owner;
    struct sl_outbox *out;
    struct sl_rtmp_handshake handshake;
    struct sl_rtmp_reader *reader;
    size_t chunk_size; /* of what we send */
    uint32_t window;   /* bytes after which the other wants an acknowledgement; 0: never */
    uint64_t received, acknowledged;
};

/* A connection was made: begins anew, says hello. out: what is to be sent; outlives the wire.
 * read_len_max: of a message of the other side. */
void sl_rtmp_wire_open(struct sl_rtmp_wire *wire, struct sl_outbox *out, size_t read_len_max);
void sl_rtmp_wire_deinit(struct sl_rtmp_wire *wire);
/* -EBADMSG: that is not RTMP, or beyond a bound; or what ops returned. */
int sl_rtmp_wire_input(struct sl_rtmp_wire *wire, const uint8_t *bytes, size_t len);
bool sl_rtmp_wire_is_greeted(const struct sl_rtmp_wire *wire);

/* As sl_rtmp_chunk_write(). */
void sl_rtmp_wire_send(struct sl_rtmp_wire *wire, unsigned chunk_stream,
                       const struct sl_rtmp_message *message, const uint8_t *tail, size_t tail_len);
/* Tells the other end, and cuts what follows so. */
void sl_rtmp_wire_set_chunk_size(struct sl_rtmp_wire *wire, uint32_t size);

#endif
