/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets of 188 bytes (ISO 13818-1 section 2.4.3). */
#include "mux/ts.h"

#include "base/bytes.h"

#include <string.h>

enum {
    SYNC = 0x47,
    HEAD_LEN = 4,
    PAYLOAD_LEN = SL_TS_PACKET_LEN - HEAD_LEN,
    HAS_PAYLOAD = 0x10,
    HAS_ADAPTATION = 0x20,
    RANDOM_ACCESS = 0x40,
    HAS_PCR = 0x10,
    PCR_LEN = 6,
    STUFFING = 0xff,
    PES_HEAD_MAX = 9 + 10,
    STREAM_H264 = 0x1b,
    STREAM_AAC = 0x0f, /* in ADTS */
    PAT_ID = 0,
    PMT_ID = 2,
    PROGRAMME = 1,
};

static uint8_t *counter_of(struct sl_ts *ts, uint16_t pid)
{
    switch (pid) {
    case SL_TS_PMT_PID:
        return &ts->counters.pmt;
    case SL_TS_VIDEO_PID:
        return &ts->counters.video;
    case SL_TS_AUDIO_PID:
        return &ts->counters.audio;
    default:
        return &ts->counters.pat;
    }
}

static void write_head(struct sl_writer *w, uint16_t pid, bool begins, uint8_t flags,
                       uint8_t counter)
{
    sl_write_u8(w, SYNC);
    sl_write_u16(w, (uint16_t)((begins ? 0x4000 : 0) | pid));
    sl_write_u8(w, flags | (counter & 0xf));
}

/* ---- Tables (section 2.4.4) ---- */

/* Annex A: no reflection, all ones at first. */
static uint32_t crc32(const uint8_t *data, size_t len)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < len; i++) {
        crc ^= (uint32_t)data[i] << 24;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 0x80000000 ? crc << 1 ^ 0x04c11db7 : crc << 1;
    }
    return crc;
}

/* What both tables have in front of their entries, and the check behind. */
static void write_table(struct sl_ts *ts, uint16_t pid, uint8_t table_id, uint16_t number,
                        const uint8_t *body, size_t len)
{
    enum { AFTER_LENGTH = 5, CRC_LEN = 4 };
    uint8_t *room = sl_buffer_extend(&ts->packets, SL_TS_PACKET_LEN);

    if (!room)
        return;
    memset(room, STUFFING, SL_TS_PACKET_LEN);
    struct sl_writer w = sl_writer_of(room, SL_TS_PACKET_LEN);
    write_head(&w, pid, true, HAS_PAYLOAD, (*counter_of(ts, pid))++);
    sl_write_u8(&w, 0); /* the section begins at once */
    const uint8_t *section = w.at;
    sl_write_u8(&w, table_id);
    sl_write_u16(&w, (uint16_t)(0xb000 | (AFTER_LENGTH + len + CRC_LEN)));
    sl_write_u16(&w, number);
    sl_write_u8(&w, 0xc1); /* version 0, in force */
    sl_write_u16(&w, 0);   /* section 0 of 0 */
    sl_write_bytes(&w, body, len);
    sl_write_u32(&w, crc32(section, (size_t)(w.at - section)));
}

static void write_stream(struct sl_writer *w, uint8_t type, uint16_t pid)
{
    sl_write_u8(w, type);
    sl_write_u16(w, 0xe000 | pid);
    sl_write_u16(w, 0xf000); /* no descriptors */
}

void sl_ts_write_tables(struct sl_ts *ts, bool has_video, bool has_audio)
{
    uint8_t body[32];
    struct sl_writer w = sl_writer_of(body, sizeof(body));

    sl_write_u16(&w, PROGRAMME);
    sl_write_u16(&w, 0xe000 | SL_TS_PMT_PID);
    write_table(ts, 0, PAT_ID, 1, body, sl_writer_len(&w));
    w = sl_writer_of(body, sizeof(body));
    sl_write_u16(&w, 0xe000 | (has_video ? SL_TS_VIDEO_PID : SL_TS_AUDIO_PID)); /* PCR_PID */
    sl_write_u16(&w, 0xf000);
    if (has_video)
        write_stream(&w, STREAM_H264, SL_TS_VIDEO_PID);
    if (has_audio)
        write_stream(&w, STREAM_AAC, SL_TS_AUDIO_PID);
    write_table(ts, SL_TS_PMT_PID, PMT_ID, PROGRAMME, body, sl_writer_len(&w));
}

/* ---- Adaptation field (section 2.4.3.4) ---- */

/* 33 bits of 90 kHz, 6 reserved, and 9 of 27 MHz, which we do not have. */
static void write_pcr(struct sl_writer *w, int64_t pcr)
{
    uint64_t base = (uint64_t)pcr & 0x1ffffffff;

    sl_write_u32(w, (uint32_t)(base >> 1));
    sl_write_u16(w, (uint16_t)((base & 1) << 15 | 0x7e00));
}

/* len: of the whole field; a byte is its own length and no more. */
static void write_adaptation(struct sl_writer *w, size_t len, uint8_t flags, int64_t pcr)
{
    const uint8_t *end = w->at + len;

    sl_write_u8(w, (uint8_t)(len - 1));
    if (len == 1)
        return;
    sl_write_u8(w, flags);
    if (flags & HAS_PCR)
        write_pcr(w, pcr);
    size_t rest = (size_t)(end - w->at);
    uint8_t *stuffing = sl_writer_take(w, rest);
    if (stuffing)
        memset(stuffing, STUFFING, rest);
}

void sl_ts_write_clock(struct sl_ts *ts, uint16_t pid, int64_t pcr)
{
    uint8_t *room = sl_buffer_extend(&ts->packets, SL_TS_PACKET_LEN);

    if (!room)
        return;
    struct sl_writer w = sl_writer_of(room, SL_TS_PACKET_LEN);
    /* Without payload nothing is counted: the number is that of the packet before. */
    write_head(&w, pid, false, HAS_ADAPTATION, (uint8_t)(*counter_of(ts, pid) - 1));
    write_adaptation(&w, PAYLOAD_LEN, HAS_PCR, pcr);
}

/* ---- PES packets (section 2.4.3.6) ---- */

static void write_stamp(struct sl_writer *w, uint8_t prefix, int64_t stamp)
{
    uint64_t v = (uint64_t)stamp & 0x1ffffffff;

    sl_write_u8(w, (uint8_t)(prefix << 4 | v >> 29 | 1));
    sl_write_u16(w, (uint16_t)(v >> 14 | 1));
    sl_write_u16(w, (uint16_t)(v << 1 | 1));
}

static void write_pes_head(struct sl_writer *w, const struct sl_ts_pes *pes)
{
    enum { ALIGNED = 0x84, PTS = 0x80, PTS_AND_DTS = 0xc0, STAMP_LEN = 5, AFTER_LENGTH = 3 };
    bool has_dts = pes->dts != pes->pts;
    uint8_t stamps_len = has_dts ? 2 * STAMP_LEN : STAMP_LEN;
    size_t len = AFTER_LENGTH + stamps_len + pes->len;

    sl_write_u24(w, 1);
    sl_write_u8(w, pes->stream_id);
    /* Of pictures that are longer: not told. */
    sl_write_u16(w, len <= UINT16_MAX ? (uint16_t)len : 0);
    sl_write_u8(w, ALIGNED);
    sl_write_u8(w, has_dts ? PTS_AND_DTS : PTS);
    sl_write_u8(w, stamps_len);
    write_stamp(w, has_dts ? 3 : 2, pes->pts);
    if (has_dts)
        write_stamp(w, 1, pes->dts);
}

/* Writes as much as fits into one packet; what is left of a last one becomes adaptation. */
static void write_packet(struct sl_ts *ts, const struct sl_ts_pes *pes, struct sl_reader *head,
                         struct sl_reader *data)
{
    bool begins = sl_reader_left(head) > 0;
    uint8_t flags = begins && pes->keyframe ? RANDOM_ACCESS : 0;
    uint8_t *room = sl_buffer_extend(&ts->packets, SL_TS_PACKET_LEN);
    size_t adaptation = 0, head_len = sl_reader_left(head), data_len = sl_reader_left(data);

    if (!room)
        return;
    if (begins && pes->pcr != SL_TS_NO_PCR)
        flags |= HAS_PCR;
    if (flags)
        adaptation = 2 + (flags & HAS_PCR ? PCR_LEN : 0);
    if (head_len + data_len < PAYLOAD_LEN - adaptation)
        adaptation = PAYLOAD_LEN - head_len - data_len;
    else
        data_len = PAYLOAD_LEN - adaptation - head_len;
    struct sl_writer w = sl_writer_of(room, SL_TS_PACKET_LEN);
    write_head(&w, pes->pid, begins, adaptation > 0 ? HAS_PAYLOAD | HAS_ADAPTATION : HAS_PAYLOAD,
               (*counter_of(ts, pes->pid))++);
    if (adaptation > 0)
        write_adaptation(&w, adaptation, flags, pes->pcr);
    sl_write_bytes(&w, sl_reader_take(head, head_len), head_len);
    sl_write_bytes(&w, sl_reader_take(data, data_len), data_len);
}

void sl_ts_write_pes(struct sl_ts *ts, const struct sl_ts_pes *pes)
{
    uint8_t bytes[PES_HEAD_MAX];
    struct sl_writer w = sl_writer_of(bytes, sizeof(bytes));

    write_pes_head(&w, pes);
    struct sl_reader head = sl_reader_of(bytes, sl_writer_len(&w));
    struct sl_reader data = sl_reader_of(pes->data, pes->len);
    while (ts->packets.ok && (sl_reader_left(&head) > 0 || sl_reader_left(&data) > 0))
        write_packet(ts, pes, &head, &data);
}
