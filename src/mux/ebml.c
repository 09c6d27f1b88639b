/* SPDX-License-Identifier: GPL-3.0-or-later */
/* EBML elements, written and read. */
#include "mux/ebml.h"

#include <string.h>

enum { SIZE_BYTES = 4 }; /* of an element with others inside */

static int bytes_of(uint64_t v)
{
    int bytes = 1;

    while (bytes < 8 && v >> (8 * bytes))
        bytes++;
    return bytes;
}

static void put(struct sl_buffer *out, uint64_t v, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        sl_buffer_u8(out, (uint8_t)(v >> (8 * i)));
}

void sl_ebml_id(struct sl_buffer *out, uint32_t id)
{
    put(out, id, bytes_of(id));
}

void sl_ebml_size(struct sl_buffer *out, uint64_t size, int bytes)
{
    put(out, size | (uint64_t)1 << (7 * bytes), bytes);
}

void sl_ebml_number(struct sl_buffer *out, uint32_t id, uint64_t v)
{
    int bytes = bytes_of(v);

    sl_ebml_id(out, id);
    sl_ebml_size(out, (uint64_t)bytes, 1);
    put(out, v, bytes);
}

void sl_ebml_fixed(struct sl_buffer *out, uint32_t id, uint64_t v)
{
    sl_ebml_id(out, id);
    sl_ebml_size(out, 8, 1);
    sl_buffer_u64(out, v);
}

void sl_ebml_float(struct sl_buffer *out, uint32_t id, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof(bits));
    sl_ebml_fixed(out, id, bits);
}

void sl_ebml_bytes(struct sl_buffer *out, uint32_t id, const void *bytes, size_t len)
{
    sl_ebml_id(out, id);
    sl_ebml_size(out, len, SIZE_BYTES);
    sl_buffer_append(out, bytes, len);
}

void sl_ebml_text(struct sl_buffer *out, uint32_t id, const char *text)
{
    sl_ebml_bytes(out, id, text, strlen(text));
}

void sl_ebml_void(struct sl_buffer *out, size_t len)
{
    sl_ebml_id(out, SL_EBML_VOID);
    sl_ebml_size(out, len - 2, 1);
    sl_buffer_fill(out, 0, len - 2);
}

size_t sl_ebml_begin(struct sl_buffer *out, uint32_t id)
{
    sl_ebml_id(out, id);
    sl_ebml_size(out, 0, SIZE_BYTES);
    return out->len;
}

void sl_ebml_end(struct sl_buffer *out, size_t element)
{
    if (out->ok)
        sl_store_u32(out->data + element - SIZE_BYTES,
                     (uint32_t)(out->len - element) | 1U << (7 * SIZE_BYTES));
}

/* ---- Reading ---- */

/* A number whose first bit that is set tells how many bytes it has, 1 to max. */
static uint64_t read_vint(struct sl_reader *r, int max, bool keeps_marker, bool *is_unknown)
{
    uint8_t first = sl_read_u8(r);
    int bytes = 1;

    while (bytes <= max && !(first & 0x80 >> (bytes - 1)))
        bytes++;
    if (bytes > max) {
        r->ok = false;
        return 0;
    }
    uint64_t v = keeps_marker ? first : first & (0x7f >> (bytes - 1));
    for (int i = 1; i < bytes; i++)
        v = v << 8 | sl_read_u8(r);
    *is_unknown = !keeps_marker && v == ((uint64_t)1 << (7 * bytes)) - 1;
    return v;
}

void sl_ebml_read_head(struct sl_reader *r, struct sl_ebml_head *out)
{
    bool is_unknown = false;

    out->id = (uint32_t)read_vint(r, 4, true, &is_unknown);
    out->size = read_vint(r, 8, false, &is_unknown);
    if (is_unknown)
        out->size = SL_EBML_UNKNOWN_SIZE;
}

bool sl_ebml_next(struct sl_reader *r, uint32_t *id, struct sl_reader *body)
{
    struct sl_ebml_head head;

    sl_ebml_read_head(r, &head);
    if (!r->ok || head.size > sl_reader_left(r)) {
        r->ok = false;
        return false;
    }
    *id = head.id;
    *body = sl_reader_of(sl_reader_take(r, (size_t)head.size), (size_t)head.size);
    return true;
}

uint64_t sl_ebml_read_number(struct sl_reader *body)
{
    uint64_t v = 0;

    if (sl_reader_left(body) > 8)
        body->ok = false;
    while (body->ok && sl_reader_left(body) > 0)
        v = v << 8 | sl_read_u8(body);
    return v;
}
