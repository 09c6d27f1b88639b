/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading and writing network byte order inside a bounded buffer. A reader that would pass the end
 * fails once and for all: later reads give 0 and `ok` stays false, so a parser checks at the end of
 * each structure (hardening.md class 9). Pure, any thread.
 */
#ifndef SL_BASE_BYTES_H
#define SL_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct sl_reader {
    const uint8_t *at, *end;
    bool ok;
};

struct sl_writer {
    uint8_t *at, *start, *end;
    bool ok;
};

static inline struct sl_reader sl_reader_of(const void *buf, size_t len)
{
    const uint8_t *at = buf;
    return (struct sl_reader){at, at + len, true};
}

static inline size_t sl_reader_left(const struct sl_reader *r)
{
    return (size_t)(r->end - r->at);
}

/* Pointer to len bytes and moves on; NULL (and !ok) if there are not so many. */
const uint8_t *sl_reader_take(struct sl_reader *r, size_t len);

static inline uint8_t sl_read_u8(struct sl_reader *r)
{
    const uint8_t *p = sl_reader_take(r, 1);
    return p ? p[0] : 0;
}

static inline uint16_t sl_load_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t sl_load_u24(const uint8_t *p)
{
    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static inline uint32_t sl_load_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint16_t sl_read_u16(struct sl_reader *r)
{
    const uint8_t *p = sl_reader_take(r, 2);
    return p ? sl_load_u16(p) : 0;
}

static inline uint32_t sl_read_u24(struct sl_reader *r)
{
    const uint8_t *p = sl_reader_take(r, 3);
    return p ? sl_load_u24(p) : 0;
}

static inline uint32_t sl_read_u32(struct sl_reader *r)
{
    const uint8_t *p = sl_reader_take(r, 4);
    return p ? sl_load_u32(p) : 0;
}

static inline void sl_store_u16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void sl_store_u24(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 16);
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)v;
}

static inline void sl_store_u32(uint8_t *p, uint32_t v)
{
    sl_store_u16(p, (uint16_t)(v >> 16));
    sl_store_u16(p + 2, (uint16_t)v);
}

static inline struct sl_writer sl_writer_of(void *buf, size_t len)
{
    uint8_t *at = buf;
    return (struct sl_writer){at, at, at + len, true};
}

static inline size_t sl_writer_len(const struct sl_writer *w)
{
    return (size_t)(w->at - w->start);
}

/* Room for len bytes and moves on; NULL (and !ok) if it does not fit. */
uint8_t *sl_writer_take(struct sl_writer *w, size_t len);

void sl_write_u8(struct sl_writer *w, uint8_t v);
void sl_write_u16(struct sl_writer *w, uint16_t v);
void sl_write_u24(struct sl_writer *w, uint32_t v);
void sl_write_u32(struct sl_writer *w, uint32_t v);
void sl_write_bytes(struct sl_writer *w, const void *bytes, size_t len);

#endif
