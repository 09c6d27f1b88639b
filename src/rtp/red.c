/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Redundant sound (RFC 2198): a packet's payload with those before it.
 *
 *  0                   1                    2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3  4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |1|   block PT  |  timestamp offset         |   block length    |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ... for each but the last, which is the packet's own: |0|   block PT  |
 * ... then the blocks, in this order
 */
#include "base/bytes.h"
#include "rtp/rtp.h"

enum { HEADER_LEN = 4, LAST_HEADER_LEN = 1, OFFSET_MAX = 0x3fff, LEN_MAX = 0x3ff };

static bool may_be_told(const struct sl_red_block *block, const struct sl_red_block *last)
{
    return last->timestamp - block->timestamp <= OFFSET_MAX && block->len > 0 &&
           block->len <= LEN_MAX;
}

size_t sl_red_write(uint8_t payload_type, const struct sl_red_block *blocks, size_t count,
                    uint8_t *out, size_t room)
{
    const struct sl_red_block *last = &blocks[count - 1];
    size_t first = count - 1, len = LAST_HEADER_LEN + last->len;

    /* The newest are worth most. */
    while (first > 0 && may_be_told(&blocks[first - 1], last) &&
           len + HEADER_LEN + blocks[first - 1].len <= room)
        len += HEADER_LEN + blocks[--first].len;
    if (len > room)
        return 0;
    struct sl_writer w = sl_writer_of(out, room);
    for (size_t i = first; i + 1 < count; i++) {
        uint32_t offset = last->timestamp - blocks[i].timestamp;
        sl_write_u8(&w, 0x80 | payload_type);
        sl_write_u24(&w, offset << 10 | (uint32_t)blocks[i].len);
    }
    sl_write_u8(&w, payload_type);
    for (size_t i = first; i < count; i++)
        sl_write_bytes(&w, blocks[i].data, blocks[i].len);
    return sl_writer_len(&w);
}
