/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bytes that grow at the end, up to a limit. What does not fit, or finds no memory, is left out and
 * makes `ok` false until sl_buffer_clear(): whoever writes looks once, at the end. Numbers are in
 * network byte order. Threads: one at a time.
 */
#ifndef SL_BASE_BUFFER_H
#define SL_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_buffer {
    uint8_t *data; /* NULL while there is nothing; moves as it grows */
    size_t len;
    size_t capacity, limit;
    bool ok;
};

/* Empty, without memory. */
void sl_buffer_init(struct sl_buffer *buffer, size_t limit);
void sl_buffer_deinit(struct sl_buffer *buffer);
/* Empty and ok again; the memory stays. */
void sl_buffer_clear(struct sl_buffer *buffer);
/* Its first len bytes only, and ok again: what was written since it was so long is taken back. */
void sl_buffer_rewind(struct sl_buffer *buffer, size_t len);
/* Room for len bytes at the end, to be filled; NULL (and !ok) if there is none. Valid until the
 * next call. */
uint8_t *sl_buffer_extend(struct sl_buffer *buffer, size_t len);
void sl_buffer_append(struct sl_buffer *buffer, const void *bytes, size_t len);
void sl_buffer_fill(struct sl_buffer *buffer, uint8_t byte, size_t count);
void sl_buffer_u8(struct sl_buffer *buffer, uint8_t v);
void sl_buffer_u16(struct sl_buffer *buffer, uint16_t v);
void sl_buffer_u24(struct sl_buffer *buffer, uint32_t v);
void sl_buffer_u32(struct sl_buffer *buffer, uint32_t v);
void sl_buffer_u64(struct sl_buffer *buffer, uint64_t v);

#endif
