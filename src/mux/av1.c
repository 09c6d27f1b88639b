/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Units of AV1 (OBUs), and what its sequence header says; sections are those of the AV1 Bitstream
 * and Decoding Process Specification. */
#include "mux/av1.h"

#include "base/bytes.h"

#include <errno.h>
#include <string.h>

enum { OBU_SEQUENCE_HEADER = 1, OBU_TEMPORAL_DELIMITER = 2 };

struct obu {
    uint8_t type;
    const uint8_t *whole;
    size_t whole_len;
    const uint8_t *body;
    size_t body_len;
};

/* leb128() (section 4.10.5); eight bytes at most. */
static uint64_t read_leb128(struct sl_reader *r)
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++) {
        uint8_t byte = sl_read_u8(r);
        v |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (!(byte & 0x80))
            return v;
    }
    r->ok = false;
    return 0;
}

/* Section 5.3.2. Without a size it goes on to the end. */
static bool next_obu(struct sl_reader *r, struct obu *out)
{
    enum { FORBIDDEN = 0x80, HAS_EXTENSION = 4, HAS_SIZE = 2 };
    const uint8_t *whole = r->at;

    if (sl_reader_left(r) == 0)
        return false;
    uint8_t head = sl_read_u8(r);
    if (head & HAS_EXTENSION)
        (void)sl_read_u8(r);
    uint64_t len = head & HAS_SIZE ? read_leb128(r) : sl_reader_left(r);
    if (!r->ok || head & FORBIDDEN || len > sl_reader_left(r))
        return false;
    out->type = head >> 3 & 0xf;
    out->body_len = (size_t)len;
    out->body = sl_reader_take(r, out->body_len);
    out->whole = whole;
    out->whole_len = (size_t)(r->at - whole);
    return true;
}

void sl_av1_append(struct sl_buffer *out, const uint8_t *unit, size_t len)
{
    struct sl_reader r = sl_reader_of(unit, len);
    struct obu obu;

    while (next_obu(&r, &obu)) {
        if (obu.type != OBU_TEMPORAL_DELIMITER)
            sl_buffer_append(out, obu.whole, obu.whole_len);
    }
}

/* ---- The sequence header ---- */

struct bits {
    const uint8_t *data;
    size_t count, at;
    bool ok;
};

static uint32_t bits(struct bits *b, unsigned count)
{
    uint32_t v = 0;

    if (count > b->count - b->at) {
        b->ok = false;
        b->at = b->count;
        return 0;
    }
    for (; count > 0; count--, b->at++)
        v = v << 1 | (b->data[b->at / 8] >> (7 - b->at % 8) & 1U);
    return v;
}

static bool flag(struct bits *b)
{
    return bits(b, 1) == 1;
}

struct sequence {
    uint8_t profile, level, tier;
    bool high_bitdepth, twelve_bit, monochrome, subsampling_x, subsampling_y;
    uint8_t chroma_sample_position;
};

/* uvlc() (section 4.10.3); its value is not needed. */
static void skip_uvlc(struct bits *b)
{
    unsigned zeros = 0;

    while (b->ok && zeros < 32 && !flag(b))
        zeros++;
    if (zeros < 32)
        (void)bits(b, zeros);
}

/* Returns buffer_delay_length_minus_1 plus 1; 0 without a model. Sections 5.5.3, 5.5.4. */
static unsigned read_timing(struct bits *b)
{
    if (!flag(b)) /* timing_info_present_flag */
        return 0;
    (void)bits(b, 32);
    (void)bits(b, 32);
    if (flag(b)) /* equal_picture_interval */
        skip_uvlc(b);
    if (!flag(b)) /* decoder_model_info_present_flag */
        return 0;
    unsigned len = bits(b, 5) + 1;
    (void)bits(b, 32);
    (void)bits(b, 10); /* two lengths */
    return len;
}

static void read_operating_points(struct bits *b, struct sequence *s)
{
    unsigned delay_len = read_timing(b);
    bool has_display_delay = flag(b);
    unsigned points = bits(b, 5) + 1;

    for (unsigned i = 0; i < points && b->ok; i++) {
        (void)bits(b, 12); /* operating_point_idc */
        uint8_t level = (uint8_t)bits(b, 5);
        uint8_t tier = level > 7 ? (uint8_t)bits(b, 1) : 0;
        if (delay_len > 0 && flag(b)) {
            (void)bits(b, delay_len);
            (void)bits(b, delay_len);
            (void)bits(b, 1);
        }
        if (has_display_delay && flag(b))
            (void)bits(b, 4);
        if (i == 0) {
            s->level = level;
            s->tier = tier;
        }
    }
}

static void skip_size(struct bits *b)
{
    unsigned width_bits = bits(b, 4) + 1, height_bits = bits(b, 4) + 1;

    (void)bits(b, width_bits);
    (void)bits(b, height_bits);
}

/* The tools that a header of more than one picture names. */
static void skip_tools(struct bits *b)
{
    (void)bits(b, 4); /* interintra_compound to dual_filter */
    bool has_order_hint = flag(b);
    if (has_order_hint)
        (void)bits(b, 2); /* jnt_comp, ref_frame_mvs */
    bool choose = flag(b);
    bool may_force = choose || flag(b); /* seq_force_screen_content_tools above 0 */
    if (may_force && !flag(b))          /* seq_choose_integer_mv */
        (void)bits(b, 1);
    if (has_order_hint)
        (void)bits(b, 3);
}

/* Section 5.5.2. */
static void read_color(struct bits *b, struct sequence *s)
{
    enum { SRGB = 1 << 16 | 13 << 8 };
    uint32_t description = 0;

    s->high_bitdepth = flag(b);
    s->twelve_bit = s->profile == 2 && s->high_bitdepth && flag(b);
    s->monochrome = s->profile != 1 && flag(b);
    if (flag(b))
        description = bits(b, 24); /* primaries, transfer, matrix */
    s->subsampling_x = s->subsampling_y = s->monochrome || s->profile == 0;
    if (s->monochrome || description == SRGB)
        return;    /* 4:4:4 in the latter */
    (void)flag(b); /* color_range */
    if (s->profile == 2) {
        s->subsampling_x = s->twelve_bit ? flag(b) : true;
        s->subsampling_y = s->twelve_bit && s->subsampling_x && flag(b);
    }
    if (s->subsampling_x && s->subsampling_y)
        s->chroma_sample_position = (uint8_t)bits(b, 2);
}

/* Section 5.5.1. */
static bool parse_sequence(const uint8_t *data, size_t len, struct sequence *s)
{
    struct bits b = {data, len * 8, 0, true};

    *s = (struct sequence){.profile = (uint8_t)bits(&b, 3)};
    (void)flag(&b); /* still_picture */
    bool is_reduced = flag(&b);
    if (is_reduced)
        s->level = (uint8_t)bits(&b, 5);
    else
        read_operating_points(&b, s);
    skip_size(&b);
    if (!is_reduced && flag(&b)) /* frame_id_numbers_present_flag */
        (void)bits(&b, 7);
    (void)bits(&b, 3); /* superblocks of 128, filter_intra, intra_edge_filter */
    if (!is_reduced)
        skip_tools(&b);
    (void)bits(&b, 3); /* superres, cdef, restoration */
    read_color(&b, s);
    return b.ok;
}

int sl_av1_write_config(struct sl_buffer *out, const uint8_t *unit, size_t len)
{
    struct sl_reader r = sl_reader_of(unit, len);
    struct obu obu = {0};
    struct sequence s;

    while (next_obu(&r, &obu) && obu.type != OBU_SEQUENCE_HEADER)
        ;
    if (obu.type != OBU_SEQUENCE_HEADER || !parse_sequence(obu.body, obu.body_len, &s))
        return -EINVAL;
    sl_buffer_u8(out, 0x81); /* marker, version 1 */
    sl_buffer_u8(out, (uint8_t)(s.profile << 5 | s.level));
    sl_buffer_u8(out, (uint8_t)(s.tier << 7 | s.high_bitdepth << 6 | s.twelve_bit << 5 |
                                s.monochrome << 4 | s.subsampling_x << 3 | s.subsampling_y << 2 |
                                s.chroma_sample_position));
    sl_buffer_u8(out, 0); /* no delay of showing is told */
    sl_buffer_append(out, obu.whole, obu.whole_len);
    return out->ok ? 0 : -EINVAL;
}
