/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Growing bytes. */
#include "base/buffer.h"

#include "base/bytes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY_MIN = 256 };

void sl_buffer_init(struct sl_buffer *buffer, size_t limit)
{
    *buffer = (struct sl_buffer){.limit = limit, .ok = true};
}

void sl_buffer_deinit(struct sl_buffer *buffer)
{
    free(buffer->data);
    sl_buffer_init(buffer, buffer->limit);
}

void sl_buffer_clear(struct sl_buffer *buffer)
{
    buffer->len = 0;
    buffer->ok = true;
}

void sl_buffer_rewind(struct sl_buffer *buffer, size_t len)
{
    assert(len <= buffer->len);
    buffer->len = len;
    buffer->ok = true;
}

/* Doubles, so that many small pieces cost few copies. */
static bool grow(struct sl_buffer *buffer, size_t len)
{
    size_t capacity = buffer->capacity > CAPACITY_MIN ? buffer->capacity : CAPACITY_MIN;

    while (capacity < len)
        capacity = capacity > buffer->limit / 2 ? buffer->limit : capacity * 2;
    uint8_t *data = realloc(buffer->data, capacity);
    if (!data)
        return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

uint8_t *sl_buffer_extend(struct sl_buffer *buffer, size_t len)
{
    if (!buffer->ok || len > buffer->limit - buffer->len ||
        ((!buffer->data || len > buffer->capacity - buffer->len) &&
         !grow(buffer, buffer->len + len))) {
        buffer->ok = false;
        return NULL;
    }
    uint8_t *room = buffer->data + buffer->len;
    buffer->len += len;
    return room;
}

void sl_buffer_append(struct sl_buffer *buffer, const void *bytes, size_t len)
{
    uint8_t *room = len > 0 ? sl_buffer_extend(buffer, len) : NULL;

    if (room)
        memcpy(room, bytes, len);
}

void sl_buffer_fill(struct sl_buffer *buffer, uint8_t byte, size_t count)
{
    uint8_t *room = count > 0 ? sl_buffer_extend(buffer, count) : NULL;

    if (room)
        memset(room, byte, count);
}

void sl_buffer_u8(struct sl_buffer *buffer, uint8_t v)
{
    sl_buffer_append(buffer, &v, 1);
}

void sl_buffer_u16(struct sl_buffer *buffer, uint16_t v)
{
    uint8_t *room = sl_buffer_extend(buffer, 2);
    if (room)
        sl_store_u16(room, v);
}

void sl_buffer_u24(struct sl_buffer *buffer, uint32_t v)
{
    uint8_t *room = sl_buffer_extend(buffer, 3);
    if (room)
        sl_store_u24(room, v);
}

void sl_buffer_u32(struct sl_buffer *buffer, uint32_t v)
{
    uint8_t *room = sl_buffer_extend(buffer, 4);
    if (room)
        sl_store_u32(room, v);
}

void sl_buffer_u64(struct sl_buffer *buffer, uint64_t v)
{
    sl_buffer_u32(buffer, (uint32_t)(v >> 32));
    sl_buffer_u32(buffer, (uint32_t)v);
}
