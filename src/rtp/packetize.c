/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * H264 access units into RTP payloads (RFC 6184, packetization mode 1): parameter sets and what
 * else stands small before the slices together (STAP-A), NAL units that fit alone, larger ones in
 * pieces (FU-A). In mode 0 each NAL unit goes alone.
 */
#include "rtp/payload.h"
#include "rtp/rtp.h"

#include <assert.h>
#include <string.h>

enum {
    STAP_HEADER_LEN = 1,
    STAP_SIZE_LEN = 2, /* before each NAL unit: its length, big endian */
    NRI_MASK = 0x60,
    FORBIDDEN_MASK = 0x80,
};

struct packetizer {
    const uint8_t *at, *end; /* what is not yet looked at */
    struct sl_nal next;      /* looked at, not yet sent; data is NULL: there is none */
    size_t max_payload;
    bool single_nal;
    void (*on_payload)(void *arg, const uint8_t *payload, size_t len, bool marker);
    void *arg;
    uint8_t buffer[SL_RTP_PAYLOAD_MAX];
};

/* Looks for the next NAL unit that RTP may carry; those of types it uses itself are left out. */
static void look_ahead(struct packetizer *p)
{
    while (sl_annexb_next(&p->at, p->end, &p->next)) {
        if (sl_nal_is_single(sl_nal_type(&p->next)))
            return;
    }
    p->next = (struct sl_nal){NULL, 0};
}

/* ---- Payloads ---- */

static void emit(struct packetizer *p, const uint8_t *payload, size_t len, bool last_of_nal)
{
    p->on_payload(p->arg, payload, len, last_of_nal && !p->next.data);
}

/* Delimiter, parameter sets, SEI: small, and of no use without the slice behind them. */
static bool is_preface(const struct sl_nal *nal)
{
    uint8_t type = sl_nal_type(nal);

    return type == SL_NAL_SPS || type == SL_NAL_PPS || type == SL_NAL_SEI || type == SL_NAL_AUD;
}

static void append_to_stap(struct packetizer *p, size_t *len, const struct sl_nal *nal)
{
    uint8_t *header = p->buffer;
    uint8_t nri = nal->data[0] & NRI_MASK;

    /* RFC 6184 section 5.7.1: forbidden bit if any has it, the highest NRI of all. */
    header[0] |= nal->data[0] & FORBIDDEN_MASK;
    if (nri > (header[0] & NRI_MASK))
        header[0] = (uint8_t)((header[0] & ~NRI_MASK) | nri);
    p->buffer[*len] = (uint8_t)(nal->len >> 8);
    p->buffer[*len + 1] = (uint8_t)nal->len;
    memcpy(p->buffer + *len + STAP_SIZE_LEN, nal->data, nal->len);
    *len += STAP_SIZE_LEN + nal->len;
}

static bool next_joins(const struct packetizer *p, size_t len)
{
    return !p->single_nal && p->next.data && is_preface(&p->next) &&
           len + STAP_SIZE_LEN < p->max_payload &&
           p->next.len <= p->max_payload - len - STAP_SIZE_LEN;
}

/* Sends nal and those of its kind behind it that fit in. */
static void send_preface(struct packetizer *p, const struct sl_nal *nal)
{
    size_t len = STAP_HEADER_LEN;

    if (!next_joins(p, STAP_HEADER_LEN + STAP_SIZE_LEN + nal->len)) {
        emit(p, nal->data, nal->len, true);
        return;
    }
    p->buffer[0] = SL_NAL_STAP_A;
    append_to_stap(p, &len, nal);
    while (next_joins(p, len)) {
        append_to_stap(p, &len, &p->next);
        look_ahead(p);
    }
    emit(p, p->buffer, len, true);
}

static void send_fragments(struct packetizer *p, const struct sl_nal *nal)
{
    const uint8_t *at = nal->data + 1;
    size_t left = nal->len - 1, room = p->max_payload - SL_FU_HEADER_LEN;
    uint8_t flags = SL_FU_START;

    p->buffer[0] = (uint8_t)((nal->data[0] & ~SL_NAL_TYPE_MASK) | SL_NAL_FU_A);
    while (left > 0) {
        size_t piece = left < room ? left : room;
        if (piece == left)
            flags |= SL_FU_END;
        p->buffer[1] = (uint8_t)(flags | (nal->data[0] & SL_NAL_TYPE_MASK));
        memcpy(p->buffer + SL_FU_HEADER_LEN, at, piece);
        emit(p, p->buffer, SL_FU_HEADER_LEN + piece, piece == left);
        at += piece;
        left -= piece;
        flags = 0;
    }
}

void sl_packetize_h264(const uint8_t *au, size_t len, size_t max_payload, bool single_nal,
                       void (*on_payload)(void *arg, const uint8_t *payload, size_t len,
                                          bool marker),
                       void *arg)
{
    assert(max_payload >= SL_RTP_PAYLOAD_MIN && max_payload <= SL_RTP_PAYLOAD_MAX);
    struct packetizer p = {.max_payload = max_payload,
                           .single_nal = single_nal,
                           .on_payload = on_payload,
                           .arg = arg,
                           .at = au,
                           .end = au + len};

    for (look_ahead(&p); p.next.data;) {
        struct sl_nal nal = p.next;
        look_ahead(&p);
        if (nal.len > max_payload)
            send_fragments(&p, &nal);
        else if (is_preface(&nal))
            send_preface(&p, &nal);
        else
            emit(&p, nal.data, nal.len, true);
    }
}
