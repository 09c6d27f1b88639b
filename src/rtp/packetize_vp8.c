/* SPDX-License-Identifier: GPL-3.0-or-later */
/* VP8 pictures into payloads (RFC 7741). */
#include "rtp/rtp.h"

#include <assert.h>
#include <string.h>

enum {
    DESCRIPTOR_LEN = 4, /* with a picture id of 15 bits */
    EXTENDED = 0x80,
    STARTS = 0x10, /* of a partition; there is only one, of index 0: the whole frame */
    HAS_PICTURE_ID = 0x80,
    LONG_PICTURE_ID = 0x80,
};

void sl_packetize_vp8(const uint8_t *frame, size_t len, uint16_t picture_id, size_t max_payload,
                      void (*on_payload)(void *arg, const uint8_t *payload, size_t len,
                                         bool marker),
                      void *arg)
{
    assert(max_payload >= SL_RTP_PAYLOAD_MIN && max_payload <= SL_RTP_PAYLOAD_MAX);
    uint8_t payload[SL_RTP_PAYLOAD_MAX] = {
        EXTENDED | STARTS,
        HAS_PICTURE_ID,
        (uint8_t)(LONG_PICTURE_ID | (picture_id >> 8 & 0x7f)),
        (uint8_t)picture_id,
    };
    size_t room = max_payload - DESCRIPTOR_LEN, pieces = (len + room - 1) / room;

    /* Of one length, but for an octet: they leave as one message. */
    for (; pieces > 0; pieces--) {
        size_t piece = (len + pieces - 1) / pieces;
        memcpy(payload + DESCRIPTOR_LEN, frame, piece);
        on_payload(arg, payload, DESCRIPTOR_LEN + piece, pieces == 1);
        frame += piece;
        len -= piece;
        payload[0] = EXTENDED;
    }
}
