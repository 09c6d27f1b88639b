/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boxes, written and read. */
#include "mux/box.h"

size_t sl_box_begin(struct sl_buffer *out, const char *type)
{
    size_t box = out->len;

    sl_buffer_u32(out, 0);
    sl_buffer_append(out, type, 4);
    return box;
}

size_t sl_full_box_begin(struct sl_buffer *out, const char *type, uint8_t version, uint32_t flags)
{
    size_t box = sl_box_begin(out, type);

    sl_buffer_u8(out, version);
    sl_buffer_u24(out, flags);
    return box;
}

void sl_box_end(struct sl_buffer *out, size_t box)
{
    if (out->ok)
        sl_store_u32(out->data + box, (uint32_t)(out->len - box));
}

bool sl_box_next(struct sl_reader *r, struct sl_box *out)
{
    uint64_t len = sl_read_u32(r), head = SL_BOX_HEAD_LEN;
    struct sl_box box = {.type = sl_read_u32(r)};

    if (len == 1) {
        len = sl_read_u64(r);
        head = SL_BOX_LARGE_HEAD_LEN;
    }
    if (!r->ok || len < head || len - head > sl_reader_left(r)) {
        r->ok = false;
        return false;
    }
    size_t body_len = (size_t)(len - head);
    box.body = sl_reader_of(sl_reader_take(r, body_len), body_len);
    *out = box;
    return true;
}

struct sl_box sl_box_find(struct sl_reader body, uint32_t type)
{
    struct sl_box box;

    while (sl_box_next(&body, &box)) {
        if (box.type == type)
            return box;
    }
    return (struct sl_box){.body = {NULL, NULL, true}};
}

uint8_t sl_full_box_read(struct sl_reader *body, uint32_t *flags)
{
    uint8_t version = sl_read_u8(body);

    *flags = sl_read_u24(body);
    return version;
}

uint64_t sl_read_u64(struct sl_reader *r)
{
    uint64_t high = sl_read_u32(r);

    return high << 32 | sl_read_u32(r);
}

void sl_store_u64(uint8_t *p, uint64_t v)
{
    sl_store_u32(p, (uint32_t)(v >> 32));
    sl_store_u32(p + 4, (uint32_t)v);
}
