/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1), the
 * sender's side: what a receiver says of our packets. twcc.c draws the message.
 *
 * The work is bounded by the message's length and not by what it claims: a run of packets that
 * never came is one call, however long, and each that came has brought its octet.
 */
#include "base/bytes.h"
#include "rtp/rtp.h"

#include <errno.h>

enum {
    TICK_US = 250,
    TICKS_PER_REF = 256,
    RUN_MAX = 0x1fff,
    VECTOR1_SYMBOLS = 14,
    VECTOR2_SYMBOLS = 7,
};

enum symbol { NOT_RECEIVED, SMALL_DELTA, LARGE_DELTA, RESERVED };

/* Some neighbouring packets: all alike, or a symbol for each. */
struct chunk {
    size_t count;
    bool alike;
    uint8_t symbols[VECTOR1_SYMBOLS]; /* alike: the first is for all */
};

/* At most left of them: the status count says where the symbols end. */
static void parse_chunk(uint16_t bits, size_t left, struct chunk *out)
{
    bool vector = bits & 0x8000, two_bits = bits & 0x4000;
    size_t count = !vector ? bits & RUN_MAX : two_bits ? VECTOR2_SYMBOLS : VECTOR1_SYMBOLS;

    out->alike = !vector;
    out->count = count < left ? count : left;
    out->symbols[0] = bits >> 13 & 3;
    for (size_t i = 0; vector && i < out->count; i++)
        out->symbols[i] = two_bits ? bits >> (12 - 2 * i) & 3 : bits >> (13 - i) & 1;
}

static size_t delta_len(uint8_t symbol)
{
    return symbol == SMALL_DELTA ? 1 : symbol == LARGE_DELTA ? 2 : 0;
}

/* Steps over the chunks; true if all are there and so are the deltas that they announce. */
static bool is_whole(struct sl_reader *r, size_t status_count)
{
    size_t deltas_len = 0;

    for (size_t left = status_count; left > 0;) {
        struct chunk chunk;
        parse_chunk(sl_read_u16(r), left, &chunk);
        if (!r->ok || chunk.count == 0)
            return false;
        for (size_t i = 0; i < (chunk.alike ? 1 : chunk.count); i++) {
            if (chunk.symbols[i] == RESERVED)
                return false;
            deltas_len += delta_len(chunk.symbols[i]) * (chunk.alike ? chunk.count : 1);
        }
        left -= chunk.count;
    }
    return deltas_len <= sl_reader_left(r);
}

static int32_t read_delta(struct sl_reader *r, uint8_t symbol)
{
    return symbol == SMALL_DELTA ? sl_read_u8(r) : (int16_t)sl_read_u16(r);
}

int sl_rtcp_read_twcc(const struct sl_rtcp_view *view, const struct sl_twcc_ops *ops, void *owner)
{
    struct sl_reader r = sl_reader_of(view->body, view->body_len);

    if (view->type != SL_RTCP_RTPFB || view->count != SL_RTPFB_TWCC)
        return -EBADMSG;
    (void)sl_read_u32(&r); /* media ssrc: the numbers are the transport's */
    uint16_t seq = sl_read_u16(&r);
    size_t left = sl_read_u16(&r);
    uint32_t reference = sl_read_u24(&r);
    (void)sl_read_u8(&r); /* feedback count: a message that is lost is not asked for */
    struct sl_reader deltas = r;
    if (!r.ok || left == 0 || !is_whole(&deltas, left))
        return -EBADMSG;
    int64_t tick = (int64_t)reference * TICKS_PER_REF;
    while (left > 0) {
        struct chunk chunk;
        parse_chunk(sl_read_u16(&r), left, &chunk);
        left -= chunk.count;
        if (chunk.alike && chunk.symbols[0] == NOT_RECEIVED) {
            ops->on_missing(owner, seq, chunk.count);
            seq = (uint16_t)(seq + chunk.count);
            continue;
        }
        for (size_t i = 0; i < chunk.count; i++, seq++) {
            uint8_t symbol = chunk.symbols[chunk.alike ? 0 : i];
            if (symbol == NOT_RECEIVED) {
                ops->on_missing(owner, seq, 1);
                continue;
            }
            tick += read_delta(&deltas, symbol);
            ops->on_arrival(owner, seq, tick * TICK_US);
        }
    }
    return 0;
}
