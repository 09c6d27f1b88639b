/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1), the
 * receiver's side: a ring of arrival times and the messages made of it.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |V=2|P|  FMT=15 |    PT=205     |           length              |
 * |                     SSRC of packet sender                     |
 * |                      SSRC of media source                     |
 * |      base sequence number     |      packet status count      |
 * |                 reference time                | fb pkt. count |
 * |          packet chunk         |         packet chunk          |
 * |  ... then the receive deltas, 1 or 2 bytes each, then padding |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
#include "base/bytes.h"
#include "base/mem.h"
#include "rtp/rtp.h"
#include "rtp/seq.h"

enum {
    RING_MIN = 64,
    RING_MAX = 2048, /* packets waiting to be reported; more than a message per 50 ms ever holds */
    CYCLE = 65536,
    TICK_US = 250,       /* unit of the deltas */
    TICKS_PER_REF = 256, /* the reference time counts 64 ms */
    HEADER_LEN = 20,
    INTERVAL_US = 50000,
    QUIET_INTERVAL_US = 100000,
    QUIET_PACKETS = 10, /* fewer than these in an interval: half as many messages will do */
    MANY_PACKETS = 128,
    VECTOR1_SYMBOLS = 14,
    VECTOR2_SYMBOLS = 7,
    CHUNKS_MAX = RING_MAX / VECTOR2_SYMBOLS + 1, /* each but the last holds 7 symbols at least */
};

enum symbol { NOT_RECEIVED, SMALL_DELTA, LARGE_DELTA };

struct sl_twcc {
    bool started;
    int64_t begin;   /* the first number not yet reported, widened */
    int64_t highest; /* of those that came; begin - 1 when all is reported */
    size_t pending;  /* that came since */
    uint8_t feedback_count;
    int64_t written_us; /* when a message was last written, or the first packet came */
    size_t size;        /* of the ring: a power of two that grows as packets come faster */
    uint32_t *arrival;  /* of number n at n % size: see tick_of(), 0 if it did not come */
};

struct sl_twcc *sl_twcc_create(void)
{
    struct sl_twcc *twcc = sl_new(struct sl_twcc);

    twcc->size = RING_MIN;
    twcc->arrival = sl_new_array(uint32_t, RING_MIN);
    return twcc;
}

void sl_twcc_destroy(struct sl_twcc *twcc)
{
    if (!twcc)
        return;
    free(twcc->arrival);
    free(twcc);
}

/* Wraps, as the reference time does, which has 24 bits of 256 ticks; from 1 on. */
static uint32_t tick_of(int64_t now_us)
{
    uint32_t tick = (uint32_t)(now_us / TICK_US + 1);

    return tick > 0 ? tick : 1;
}

static uint32_t *arrival_of(struct sl_twcc *twcc, int64_t seq)
{
    return &twcc->arrival[(size_t)seq & (twcc->size - 1)];
}

/* The ring has a place for this number, if any ring has. */
static void make_room(struct sl_twcc *twcc, int64_t seq)
{
    size_t size = twcc->size;

    while (size < RING_MAX && seq - twcc->begin >= (int64_t)size)
        size *= 2;
    if (size == twcc->size)
        return;
    uint32_t *arrival = sl_new_array(uint32_t, size);
    for (int64_t n = twcc->begin; n <= twcc->highest; n++)
        arrival[(size_t)n & (size - 1)] = *arrival_of(twcc, n);
    free(twcc->arrival);
    twcc->arrival = arrival;
    twcc->size = size;
}

/* Nothing before this number will be reported any more. */
static void forget_before(struct sl_twcc *twcc, int64_t begin)
{
    int64_t end = begin <= twcc->highest ? begin : twcc->highest + 1;

    for (int64_t seq = twcc->begin; seq < end; seq++) {
        if (*arrival_of(twcc, seq) != 0)
            twcc->pending--;
        *arrival_of(twcc, seq) = 0;
    }
    twcc->begin = begin;
    if (twcc->highest < begin - 1)
        twcc->highest = begin - 1;
}

static void start(struct sl_twcc *twcc, uint16_t seq)
{
    if (twcc->started)
        forget_before(twcc, twcc->highest + 1);
    twcc->started = true;
    twcc->begin = CYCLE + seq;
    twcc->highest = twcc->begin - 1;
}

void sl_twcc_input(struct sl_twcc *twcc, uint16_t transport_seq, int64_t now_us)
{
    if (!twcc->started) {
        start(twcc, transport_seq);
        twcc->written_us = now_us;
    }

    int64_t seq = sl_seq_nearest(twcc->highest, transport_seq);

    if (seq < twcc->begin - RING_MAX) { /* no reordering goes so far: the sender began anew */
        start(twcc, transport_seq);
        seq = twcc->begin;
    }
    if (seq < twcc->begin)
        return; /* reported as lost; the sender takes no correction */
    make_room(twcc, seq);
    if (seq - twcc->begin >= RING_MAX)
        forget_before(twcc, seq - RING_MAX + 1);
    if (*arrival_of(twcc, seq) != 0)
        return; /* a duplicate: the first arrival counts */
    *arrival_of(twcc, seq) = tick_of(now_us);
    twcc->pending++;
    if (seq > twcc->highest)
        twcc->highest = seq;
}

bool sl_twcc_due(const struct sl_twcc *twcc, int64_t now_us)
{
    int64_t interval_us = twcc->pending < QUIET_PACKETS ? QUIET_INTERVAL_US : INTERVAL_US;

    return twcc->pending >= MANY_PACKETS ||
           (twcc->pending > 0 && now_us - twcc->written_us >= interval_us);
}

/* ---- One message ---- */

struct message {
    size_t status_count;
    size_t received;
    uint32_t reference; /* in 64 ms, 24 bits */
    uint8_t symbols[RING_MAX];
    size_t deltas_len;
    uint8_t deltas[RING_MAX * 2];
    size_t chunk_count;
    uint16_t chunks[CHUNKS_MAX];
};

/* Takes packets from begin on, received_max at most of those that came, up to the first whose delta
 * cannot be expressed (8.19 s after its predecessor): a further message starts there with a
 * reference time of its own. */
static void gather(struct sl_twcc *twcc, size_t received_max, struct message *m)
{
    uint32_t previous = 0;

    m->status_count = 0;
    m->received = 0;
    m->reference = 0;
    m->deltas_len = 0;
    for (int64_t seq = twcc->begin; seq <= twcc->highest && m->received < received_max; seq++) {
        size_t index = (size_t)(seq - twcc->begin);
        uint32_t tick = *arrival_of(twcc, seq);

        m->symbols[index] = NOT_RECEIVED;
        if (tick == 0)
            continue;
        tick--;
        if (m->received == 0) {
            m->reference = tick / TICKS_PER_REF;
            previous = m->reference * TICKS_PER_REF;
        }
        int32_t delta = (int32_t)(tick - previous);
        if (delta < INT16_MIN || delta > INT16_MAX)
            return;
        if (delta >= 0 && delta <= UINT8_MAX) {
            m->symbols[index] = SMALL_DELTA;
            m->deltas[m->deltas_len++] = (uint8_t)delta;
        } else {
            m->symbols[index] = LARGE_DELTA;
            sl_store_u16(m->deltas + m->deltas_len, (uint16_t)delta);
            m->deltas_len += 2;
        }
        previous = tick;
        m->received++;
        m->status_count = index + 1; /* so it ends with one that came */
    }
}

/* How many symbols a one-bit vector would hold: 14, or all that are left; 0 if one of them is
 * large, as a vector that ended before it would give statuses to the numbers after it. */
static size_t one_bit_fit(const uint8_t *symbols, size_t count)
{
    size_t fit = count < VECTOR1_SYMBOLS ? count : VECTOR1_SYMBOLS;

    return memchr(symbols, LARGE_DELTA, fit) ? 0 : fit;
}

/* The chunk that holds most of the symbols; returns how many. What is over in the last vector stays
 * 0: the status count says where the symbols end. */
static size_t pack_chunk(const uint8_t *symbols, size_t count, uint16_t *chunk)
{
    size_t run = 1, one_bit = one_bit_fit(symbols, count);
    size_t two_bit = count < VECTOR2_SYMBOLS ? count : VECTOR2_SYMBOLS;

    while (run < count && symbols[run] == symbols[0])
        run++;
    if (run >= one_bit && run >= two_bit) { /* 0, symbol in 2 bits, length in 13 */
        *chunk = (uint16_t)(symbols[0] << 13 | run);
        return run;
    }
    if (one_bit > two_bit) { /* 1, 0, 14 bits */
        *chunk = 0x8000;
        for (size_t i = 0; i < one_bit; i++)
            *chunk |= (uint16_t)(symbols[i] << (VECTOR1_SYMBOLS - 1 - i));
        return one_bit;
    }
    *chunk = 0xc000; /* 1, 1, 7 times 2 bits */
    for (size_t i = 0; i < two_bit; i++)
        *chunk |= (uint16_t)(symbols[i] << 2 * (VECTOR2_SYMBOLS - 1 - i));
    return two_bit;
}

/* Returns the message's length without padding. */
static size_t encode(struct sl_twcc *twcc, size_t received_max, struct message *m)
{
    gather(twcc, received_max, m);
    m->chunk_count = 0;
    for (size_t i = 0; i < m->status_count;)
        i += pack_chunk(m->symbols + i, m->status_count - i, &m->chunks[m->chunk_count++]);
    return HEADER_LEN + 2 * m->chunk_count + m->deltas_len;
}

static void write_message(struct sl_twcc *twcc, struct sl_writer *w, const struct message *m,
                          uint32_t ssrc, uint32_t media_ssrc)
{
    size_t len = HEADER_LEN + 2 * m->chunk_count + m->deltas_len;
    size_t padding = (4 - len % 4) % 4;

    sl_write_u8(w, (uint8_t)(0x80 | (padding > 0 ? 0x20 : 0) | SL_RTPFB_TWCC));
    sl_write_u8(w, SL_RTCP_RTPFB);
    sl_write_u16(w, (uint16_t)((len + padding) / 4 - 1));
    sl_write_u32(w, ssrc);
    sl_write_u32(w, media_ssrc);
    sl_write_u16(w, (uint16_t)twcc->begin);
    sl_write_u16(w, (uint16_t)m->status_count);
    sl_write_u24(w, m->reference);
    sl_write_u8(w, twcc->feedback_count++);
    for (size_t i = 0; i < m->chunk_count; i++)
        sl_write_u16(w, m->chunks[i]);
    sl_write_bytes(w, m->deltas, m->deltas_len);
    for (size_t i = padding; i > 0; i--)
        sl_write_u8(w, i == 1 ? (uint8_t)padding : 0);
}

void sl_twcc_write(struct sl_twcc *twcc, struct sl_writer *w, uint32_t ssrc, uint32_t media_ssrc,
                   int64_t now_us)
{
    struct message m;
    bool written = false;

    while (twcc->pending > 0 && w->ok) {
        size_t room = (size_t)(w->end - w->at) & ~(size_t)3; /* padding included */
        size_t received_max = RING_MAX;

        while (encode(twcc, received_max, &m) > room && m.received > 1)
            received_max = m.received / 2;
        if (HEADER_LEN + 2 * m.chunk_count + m.deltas_len > room) {
            if (!written) /* else the rest goes out with the next call */
                w->ok = false;
            return;
        }
        write_message(twcc, w, &m, ssrc, media_ssrc);
        forget_before(twcc, twcc->begin + (int64_t)m.status_count);
        twcc->written_us = now_us;
        written = true;
    }
}
