/* SPDX-License-Identifier: GPL-3.0-or-later */
/* WebSocket frames, handshake key and UTF-8 (RFC 6455). Private to net/. No I/O, no allocation. */
#ifndef SL_HTTP_WS_FRAME_H
#define SL_HTTP_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sl_ws_opcode { /* RFC 6455 section 11.8 */
                    SL_WS_CONTINUATION = 0x0,
                    SL_WS_TEXT = 0x1,
                    SL_WS_BINARY = 0x2,
                    SL_WS_CLOSE = 0x8,
                    SL_WS_PING = 0x9,
                    SL_WS_PONG = 0xa,
};

enum { /* RFC 6455 section 7.4.1 */
       SL_WS_CODE_NORMAL = 1000,
       SL_WS_CODE_GOING_AWAY = 1001,
       SL_WS_CODE_PROTOCOL = 1002,
       SL_WS_CODE_NONE = 1005, /* never on the wire: the peer gave no code */
       SL_WS_CODE_BAD_DATA = 1007,
       SL_WS_CODE_POLICY = 1008,
       SL_WS_CODE_TOO_BIG = 1009,
       SL_WS_CODE_TRY_LATER = 1013,
};

enum {
    SL_WS_HEADER_MAX = 14,
    SL_WS_CONTROL_MAX = 125,
    SL_WS_ACCEPT_LEN = 28, /* of the text, without the NUL */
};

/*
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-------+-+-------------+-------------------------------+
 *  |F|R|R|R| opcode|M| Payload len |    Extended payload length    |
 *  |I|S|S|S|  (4)  |A|     (7)     |            (16/64)            |
 *  |N|V|V|V|       |S|             |  (if payload len == 126/127)  |
 *  | |1|2|3|       |K|             |                               |
 *  +-+-+-+-+-------+-+-------------+-------------------------------+
 */
struct sl_ws_header {
    bool fin, masked;
    uint8_t opcode;
    uint8_t mask[4];
    uint64_t len; /* of the payload */
};

/*
 * Parse one frame header (section 5.2).
 *
 * Returns  its length in bytes; 0 if buf does not hold all of it yet; -EBADMSG if no frame can look
 *          so: reserved bits (we negotiate no extension), unknown opcode, a control frame that is
 *          fragmented or longer than 125 bytes, a length not in its shortest form.
 */
int sl_ws_parse_header(const uint8_t *buf, size_t len, struct sl_ws_header *out);

/* Writes the header of an unfragmented frame; mask NULL: none. Returns its length. */
size_t sl_ws_build_header(uint8_t out[static SL_WS_HEADER_MAX], enum sl_ws_opcode opcode,
                          size_t payload_len, const uint8_t *mask);

/* Masks or unmasks in place a piece that starts offset bytes into the payload (section 5.3). */
void sl_ws_mask(uint8_t *data, size_t len, const uint8_t mask[static 4], uint64_t offset);

/* May this code stand in a close frame (section 7.4)? */
bool sl_ws_close_code_valid(unsigned code);

/* The text of Sec-WebSocket-Accept for a Sec-WebSocket-Key (section 4.2.2); NUL-terminated. */
void sl_ws_accept(const char *key, char out[static SL_WS_ACCEPT_LEN + 1]);

/* UTF-8 checked piece by piece (RFC 3629): start with a zeroed state. */
struct sl_utf8 {
    uint8_t need;      /* bytes of this character still to come */
    uint8_t low, high; /* bounds of the next one */
};
/* False as soon as the text cannot be UTF-8 any more. At the end `need` must be 0. */
bool sl_utf8_feed(struct sl_utf8 *state, const uint8_t *data, size_t len);
bool sl_utf8_valid(const void *data, size_t len);

#endif
