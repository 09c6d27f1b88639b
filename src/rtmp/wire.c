/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Handshake, then messages, and the answers to those about the connection. */
#include "rtmp/wire.h"

#include "base/bytes.h"

#include <errno.h>

enum { PING_REQUEST = 6, PING_RESPONSE = 7 }; /* section 7.1.7 */

void sl_rtmp_wire_open(struct sl_rtmp_wire *wire, struct sl_outbox *out, size_t read_len_max)
{
    sl_rtmp_wire_deinit(wire);
    wire->out = out;
    wire->reader = sl_rtmp_reader_create(read_len_max);
    wire->chunk_size = SL_RTMP_CHUNK_SIZE_DEFAULT;
    wire->window = 0;
    wire->received = 0;
    wire->acknowledged = 0;
    sl_rtmp_handshake_begin(&wire->handshake, out);
}

void sl_rtmp_wire_deinit(struct sl_rtmp_wire *wire)
{
    sl_rtmp_reader_destroy(wire->reader);
    wire->reader = NULL;
}

bool sl_rtmp_wire_is_greeted(const struct sl_rtmp_wire *wire)
{
    return wire->reader && wire->handshake.state == SL_RTMP_GREETED;
}

/* ---- Out ---- */

void sl_rtmp_wire_send(struct sl_rtmp_wire *wire, unsigned chunk_stream,
                       const struct sl_rtmp_message *message, const uint8_t *tail, size_t tail_len)
{
    sl_rtmp_chunk_write(wire->out, chunk_stream, wire->chunk_size, message, tail, tail_len);
}

static void send_control(struct sl_rtmp_wire *wire, uint8_t type, const uint8_t *body, size_t len)
{
    struct sl_rtmp_message message = {.type = type, .body = body, .len = len};

    sl_rtmp_wire_send(wire, SL_RTMP_CONTROL_STREAM, &message, NULL, 0);
}

static void send_number(struct sl_rtmp_wire *wire, uint8_t type, uint32_t value)
{
    uint8_t body[4];

    sl_store_u32(body, value);
    send_control(wire, type, body, sizeof(body));
}

void sl_rtmp_wire_set_chunk_size(struct sl_rtmp_wire *wire, uint32_t size)
{
    send_number(wire, SL_RTMP_SET_SIZE, size);
    wire->chunk_size = size;
}

/* ---- In ---- */

static void on_user_control(struct sl_rtmp_wire *wire, struct sl_reader r)
{
    uint8_t body[6];
    uint16_t event = sl_read_u16(&r);
    uint32_t time = sl_read_u32(&r);

    if (!r.ok || event != PING_REQUEST)
        return;
    sl_store_u16(body, PING_RESPONSE);
    sl_store_u32(body + 2, time);
    send_control(wire, SL_RTMP_USER_CONTROL, body, sizeof(body));
}

static int on_message(void *arg, const struct sl_rtmp_message *message)
{
    struct sl_rtmp_wire *wire = arg;
    struct sl_reader r = sl_reader_of(message->body, message->len);

    switch (message->type) {
    case SL_RTMP_WINDOW_SIZE:
        wire->window = sl_read_u32(&r);
        return 0;
    case SL_RTMP_PEER_BANDWIDTH:
        send_number(wire, SL_RTMP_WINDOW_SIZE, sl_read_u32(&r));
        return 0;
    case SL_RTMP_USER_CONTROL:
        on_user_control(wire, r);
        return 0;
    case SL_RTMP_ACKNOWLEDGE:
        return 0; /* TCP tells as much, and sooner */
    default:
        return wire->ops->on_message(wire->owner, message);
    }
}

static int take_handshake(struct sl_rtmp_wire *wire, const uint8_t *bytes, size_t len)
{
    int taken = sl_rtmp_handshake_input(&wire->handshake, bytes, len, wire->out);

    if (taken >= 0 && wire->handshake.state == SL_RTMP_GREETED) {
        int err = wire->ops->on_greeted(wire->owner);
        if (err < 0)
            return err;
    }
    return taken;
}

static void acknowledge(struct sl_rtmp_wire *wire)
{
    if (wire->window == 0 || wire->received - wire->acknowledged < wire->window)
        return;
    wire->acknowledged = wire->received;
    send_number(wire, SL_RTMP_ACKNOWLEDGE, (uint32_t)wire->received); /* wraps (section 5.4.3) */
}

int sl_rtmp_wire_input(struct sl_rtmp_wire *wire, const uint8_t *bytes, size_t len)
{
    wire->received += len;
    while (len > 0 && wire->handshake.state != SL_RTMP_GREETED) {
        int taken = take_handshake(wire, bytes, len);
        if (taken < 0)
            return taken;
        bytes += taken;
        len -= (size_t)taken;
    }
    int err = sl_rtmp_reader_input(wire->reader, bytes, len, on_message, wire);
    acknowledge(wire);
    return err;
}
