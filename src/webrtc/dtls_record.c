/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DTLS records as they lie in a datagram (RFC 6347 sections 4.1 and 4.2.2): seen before OpenSSL
 * sees them, so that forged plain text has fewer ways to end a handshake (hardening.md class 1).
 */
#include "base/bytes.h"
#include "webrtc/dtls_internal.h"

enum {
    RECORD_HEADER_LEN = 13,  /* type 1, version 2, epoch 2, sequence number 6, length 2 */
    MESSAGE_HEADER_LEN = 12, /* type 1, length 3, sequence 2, fragment offset 3, its length 3 */
    VERSION_MAJOR = 0xFE,    /* FEFF is DTLS 1.0, in first ClientHellos; FEFD is 1.2 */
    RECORD_MAX = 16384 + 2048,
};

bool sl_dtls_record_next(const uint8_t **datagram, size_t *len, struct sl_dtls_record *out)
{
    struct sl_reader r = sl_reader_of(*datagram, *len);
    uint8_t type = sl_read_u8(&r);
    uint8_t major = sl_read_u8(&r);

    (void)sl_read_u8(&r); /* minor version */
    uint16_t epoch = sl_read_u16(&r);
    (void)sl_reader_take(&r, 6); /* sequence number */
    size_t body_len = sl_read_u16(&r);
    (void)sl_reader_take(&r, body_len);
    if (!r.ok || major != VERSION_MAJOR || body_len > RECORD_MAX)
        return false;

    out->type = type;
    out->epoch = epoch;
    out->bytes = *datagram;
    out->len = RECORD_HEADER_LEN + body_len;
    *datagram += out->len;
    *len -= out->len;
    return true;
}

/* Every message in the record must be a fragment that lies inside its message and the record. */
static bool fragments_ok(const uint8_t *body, size_t len)
{
    struct sl_reader r = sl_reader_of(body, len);

    while (sl_reader_left(&r) > 0) {
        (void)sl_read_u8(&r); /* message type */
        size_t message_len = sl_read_u24(&r);
        (void)sl_read_u16(&r); /* message sequence */
        size_t offset = sl_read_u24(&r);
        size_t fragment_len = sl_read_u24(&r);
        (void)sl_reader_take(&r, fragment_len);
        if (!r.ok || message_len > SL_DTLS_MESSAGE_MAX || offset > message_len ||
            fragment_len > message_len - offset)
            return false;
        if (fragment_len == 0 && message_len > 0)
            return false; /* carries nothing */
    }
    return true;
}

bool sl_dtls_record_plain_ok(const struct sl_dtls_record *record)
{
    const uint8_t *body = record->bytes + RECORD_HEADER_LEN;
    size_t len = record->len - RECORD_HEADER_LEN;

    switch (record->type) {
    case SL_DTLS_HANDSHAKE_MESSAGE:
        return len >= MESSAGE_HEADER_LEN && fragments_ok(body, len);
    case SL_DTLS_CHANGE_CIPHER_SPEC:
        return len == 1 && body[0] == 1;
    default:
        /* Alerts: whoever can send a datagram in the peer's name could end the handshake with one.
         * A peer that really gives up is noticed by the handshake's time limit instead. */
        return false;
    }
}
