/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bounded readers and writers. */
#include "base/bytes.h"

const uint8_t *sl_reader_take(struct sl_reader *r, size_t len)
{
    const uint8_t *p = r->at;

    if (!r->ok || len > sl_reader_left(r)) {
        r->ok = false;
        r->at = r->end;
        return NULL;
    }
    r->at += len;
    return p;
}

uint8_t *sl_writer_take(struct sl_writer *w, size_t len)
{
    uint8_t *p = w->at;

    if (!w->ok || len > (size_t)(w->end - w->at)) {
        w->ok = false;
        return NULL;
    }
    w->at += len;
    return p;
}

void sl_write_u8(struct sl_writer *w, uint8_t v)
{
    uint8_t *p = sl_writer_take(w, 1);
    if (p)
        *p = v;
}

void sl_write_u16(struct sl_writer *w, uint16_t v)
{
    uint8_t *p = sl_writer_take(w, 2);
    if (p)
        sl_store_u16(p, v);
}

void sl_write_u24(struct sl_writer *w, uint32_t v)
{
    uint8_t *p = sl_writer_take(w, 3);
    if (p)
        sl_store_u24(p, v);
}

void sl_write_u32(struct sl_writer *w, uint32_t v)
{
    uint8_t *p = sl_writer_take(w, 4);
    if (p)
        sl_store_u32(p, v);
}

void sl_write_bytes(struct sl_writer *w, const void *bytes, size_t len)
{
    uint8_t *p = sl_writer_take(w, len);
    if (p && len > 0)
        memcpy(p, bytes, len);
}
