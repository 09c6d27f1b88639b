/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AAC into payloads, mode AAC-hbr, one access unit at a time (RFC 3640 sections 3.2, 3.3.6). */
#include "base/bytes.h"
#include "rtp/rtp.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum {
    HEADERS_LEN = 4, /* AU-headers-length in bits, one AU-header */
    HEADER_BITS = 16,
    INDEX_BITS = 3,
};

int sl_packetize_aac(const uint8_t *au, size_t len, size_t max_payload,
                     void (*on_payload)(void *arg, const uint8_t *payload, size_t len, bool marker),
                     void *arg)
{
    assert(max_payload >= SL_RTP_PAYLOAD_MIN && max_payload <= SL_RTP_PAYLOAD_MAX);
    uint8_t payload[SL_RTP_PAYLOAD_MAX];
    size_t room = max_payload - HEADERS_LEN;

    if (len > SL_AAC_LEN_MAX)
        return -EMSGSIZE;
    sl_store_u16(payload, HEADER_BITS);
    /* Each fragment tells the length of the whole. */
    sl_store_u16(payload + 2, (uint16_t)(len << INDEX_BITS));
    while (len > 0) {
        size_t piece = len < room ? len : room;
        memcpy(payload + HEADERS_LEN, au, piece);
        on_payload(arg, payload, HEADERS_LEN + piece, piece == len);
        au += piece;
        len -= piece;
    }
    return 0;
}
