/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The boxes that MP4 is made of (ISO 14496-12 section 4.2). Private to this directory. */
#ifndef SL_MUX_BOX_H
#define SL_MUX_BOX_H

#include "base/buffer.h"
#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A type in the order it stands in the file: SL_BOX('m', 'o', 'o', 'v'). */
#define SL_BOX(a, b, c, d)                                                                         \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

enum { SL_BOX_HEAD_LEN = 8, SL_BOX_LARGE_HEAD_LEN = 16, SL_FULL_BOX_LEN = 4 };

/* type: four characters. Returns what is to be given to sl_box_end() when its contents are there.
 */
size_t sl_box_begin(struct sl_buffer *out, const char *type);
size_t sl_full_box_begin(struct sl_buffer *out, const char *type, uint8_t version, uint32_t flags);
void sl_box_end(struct sl_buffer *out, size_t box);

/* One box in somebody's buffer, which goes on until the box's end. */
struct sl_box {
    uint32_t type;
    struct sl_reader body;
};
/* False: none is left, or the rest is none. */
bool sl_box_next(struct sl_reader *r, struct sl_box *out);
/* The first of a type in a body; one without type and bytes if there is none. */
struct sl_box sl_box_find(struct sl_reader body, uint32_t type);
/* The version of a full box; its flags. */
uint8_t sl_full_box_read(struct sl_reader *body, uint32_t *flags);

uint64_t sl_read_u64(struct sl_reader *r);
void sl_store_u64(uint8_t *p, uint64_t v);

#endif
