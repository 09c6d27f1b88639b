/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PNG files of any kind, with rows that are stored and not compressed. */
#ifndef SL_TESTS_UNIT_PNG_H
#define SL_TESTS_UNIT_PNG_H

#include "base/bytes.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

enum { PNG_LEN_MAX = 400 << 10, PNG_STORED_MAX = 65535 };
enum png_colour { PNG_GREY = 0, PNG_RGB = 2, PNG_PALETTE = 3, PNG_GREY_ALPHA = 4, PNG_RGBA = 6 };

struct png {
    uint32_t width, height;
    uint8_t depth; /* bits */
    enum png_colour colour;
    const uint8_t *pixel; /* the same all over; of 8 or 16 bits a sample */
    size_t pixel_len;
    const uint8_t *palette, *transparency; /* chunks of their own, if they have a length */
    size_t palette_len, transparency_len;
};

static inline uint32_t png_crc(const uint8_t *data, size_t len)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static inline void png_chunk(struct sl_writer *w, const char *type, const uint8_t *data, size_t len)
{
    sl_write_u32(w, (uint32_t)len);
    const uint8_t *start = w->at;
    sl_write_bytes(w, type, 4);
    sl_write_bytes(w, data, len);
    sl_write_u32(w, png_crc(start, (size_t)(w->at - start)));
}

/* The zlib stream of all rows (RFC 1950, RFC 1951 section 3.2.4). */
static inline size_t png_rows(const struct png *png, uint8_t *out, size_t room)
{
    static uint8_t rows[PNG_LEN_MAX];
    struct sl_writer raw = sl_writer_of(rows, sizeof(rows)), w = sl_writer_of(out, room);
    uint32_t a = 1, b = 0;

    for (uint32_t y = 0; y < png->height; y++) {
        sl_write_u8(&raw, 0); /* no filter */
        for (uint32_t x = 0; x < png->width; x++)
            sl_write_bytes(&raw, png->pixel, png->pixel_len);
    }
    assert(raw.ok);
    size_t len = (size_t)(raw.at - rows);
    sl_write_u16(&w, 0x7801);
    for (size_t at = 0; at < len; at += PNG_STORED_MAX) {
        size_t part = len - at < PNG_STORED_MAX ? len - at : PNG_STORED_MAX;
        sl_write_u8(&w, at + part == len);
        const uint8_t lens[] = {(uint8_t)part, (uint8_t)(part >> 8), (uint8_t)~part,
                                (uint8_t)(~part >> 8)};
        sl_write_bytes(&w, lens, sizeof(lens));
        sl_write_bytes(&w, rows + at, part);
    }
    for (size_t i = 0; i < len; i++) {
        a = (a + rows[i]) % 65521;
        b = (b + a) % 65521;
    }
    sl_write_u32(&w, b << 16 | a);
    assert(w.ok);
    return (size_t)(w.at - out);
}

/* Returns its length. */
static inline size_t png_build(const struct png *png, uint8_t out[static PNG_LEN_MAX])
{
    static const uint8_t signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    static uint8_t rows[PNG_LEN_MAX];
    struct sl_writer w = sl_writer_of(out, PNG_LEN_MAX);
    uint8_t head[13] = {0};

    sl_store_u32(head, png->width);
    sl_store_u32(head + 4, png->height);
    head[8] = png->depth;
    head[9] = (uint8_t)png->colour;
    sl_write_bytes(&w, signature, sizeof(signature));
    png_chunk(&w, "IHDR", head, sizeof(head));
    if (png->palette_len > 0)
        png_chunk(&w, "PLTE", png->palette, png->palette_len);
    if (png->transparency_len > 0)
        png_chunk(&w, "tRNS", png->transparency, png->transparency_len);
    png_chunk(&w, "IDAT", rows, png_rows(png, rows, sizeof(rows)));
    png_chunk(&w, "IEND", NULL, 0);
    assert(w.ok);
    return (size_t)(w.at - out);
}

#endif
