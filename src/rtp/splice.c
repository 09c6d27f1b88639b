/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Going on with another source's packets: the arithmetic of the seam that nobody is to see. */
#include "base/bytes.h"
#include "rtp/rtp.h"

#include <errno.h>

int sl_vp8_ids_read(const uint8_t *payload, size_t len, struct sl_vp8_ids *out)
{
    struct sl_reader r = sl_reader_of(payload, len);
    struct sl_vp8_ids ids = {.picture_bits = 0};
    uint8_t fields = sl_read_u8(&r) & 0x80 ? sl_read_u8(&r) : 0;

    if (fields & 0x80) { /* I */
        ids.picture_at = (uint8_t)(r.at - payload);
        ids.picture_bits = 7;
        ids.picture = sl_read_u8(&r);
        if (ids.picture & 0x80) { /* M */
            ids.picture_bits = 15;
            ids.picture = (uint16_t)((ids.picture & 0x7f) << 8 | sl_read_u8(&r));
        }
    }
    if (fields & 0x40) { /* L */
        ids.tl0_at = (uint8_t)(r.at - payload);
        ids.has_tl0 = true;
        ids.tl0 = sl_read_u8(&r);
    }
    if (fields & 0x20) { /* T */
        uint8_t layer = sl_read_u8(&r);
        ids.has_tid = true;
        ids.tid = layer >> 6;
        ids.layer_sync = layer & 0x20;
    }
    if (!r.ok)
        return -EBADMSG;
    *out = ids;
    return 0;
}

void sl_splice_move(struct sl_splice *splice, const struct sl_splice_end *end, int64_t seq,
                    uint32_t timestamp, const struct sl_vp8_ids *ids, int64_t later)
{
    uint32_t step = later < 1 ? 1 : (uint32_t)later;

    splice->first_seq = seq;
    splice->base = end->index + 1;
    splice->timestamp_offset = end->timestamp + step - timestamp;
    splice->picture_offset = 0;
    splice->tl0_offset = 0;
    if (ids && ids->picture_bits > 0 && end->ids.picture_bits > 0)
        splice->picture_offset = (uint16_t)(end->ids.picture + 1 - ids->picture);
    if (ids && ids->has_tl0 && end->ids.has_tl0)
        splice->tl0_offset = (uint8_t)(end->ids.tl0 + 1 - ids->tl0);
}

void sl_splice_rewrite(const struct sl_splice *splice, const struct sl_vp8_ids *ids,
                       uint8_t *payload)
{
    uint16_t picture = (uint16_t)(ids->picture + splice->picture_offset);

    if (ids->picture_bits == 15)
        sl_store_u16(payload + ids->picture_at, picture | 0x8000);
    else if (ids->picture_bits == 7)
        payload[ids->picture_at] = picture & 0x7f;
    if (ids->has_tl0)
        payload[ids->tl0_at] = (uint8_t)(ids->tl0 + splice->tl0_offset);
}
