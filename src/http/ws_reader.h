/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * WebSocket bytes in, whole messages out (RFC 6455 sections 5.4 and 5.5): joins fragments, undoes
 * the mask, checks UTF-8. Private to net/. No I/O. Memory is held only while a message is in
 * pieces, and grows with what has come, not with what was announced.
 */
#ifndef SL_HTTP_WS_READER_H
#define SL_HTTP_WS_READER_H

#include "http/ws_frame.h"

/* Embedded. */
struct sl_ws_reader {
    bool expect_masked; /* a server must refuse frames that are not, a client those that are */
    size_t message_max;
    bool in_payload;
    uint8_t header[SL_WS_HEADER_MAX];
    uint8_t header_len;
    uint8_t control_len;
    uint8_t control[SL_WS_CONTROL_MAX + 1];
    struct sl_ws_header frame; /* while in_payload */
    uint64_t frame_got;
    uint8_t opcode; /* of the message in progress, 0: none */
    struct sl_utf8 utf8;
    uint8_t *message;
    size_t message_len, message_room;
};

/* One message (SL_WS_TEXT, SL_WS_BINARY) or control frame. payload[len] is a NUL; valid during the
 * call only. False ends the reading: the rest of the input is not looked at, and may be fed later.
 */
typedef bool sl_ws_on_message(void *owner, enum sl_ws_opcode opcode, const uint8_t *payload,
                              size_t len);

void sl_ws_reader_init(struct sl_ws_reader *reader, bool expect_masked, size_t message_max);
void sl_ws_reader_deinit(struct sl_ws_reader *reader);

/* As of the next frame; more than a message in progress has already is no fault. */
void sl_ws_reader_set_message_max(struct sl_ws_reader *reader, size_t message_max);

/*
 * data   changed in place as far as it is used; data[len] may be written, too
 * used   how much that was: all, unless on_message ended the reading
 * Returns 0, or the close code the peer has earned, with words: no feed may follow then.
 */
int sl_ws_reader_feed(struct sl_ws_reader *reader, uint8_t *data, size_t len,
                      sl_ws_on_message *on_message, void *owner, size_t *used, const char **why);

#endif
