/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A frame of a program that waits for its turn in a taker's one order of time. */
#ifndef SL_PROGRAM_ITEM_H
#define SL_PROGRAM_ITEM_H

#include "media/media.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_program_frame;

/* Belongs to whoever has it; free() ends it. */
struct sl_program_item {
    struct sl_interleaved order; /* its kind and its time of decoding */
    bool keyframe;
    uint16_t width, height; /* of pictures; 0: not known */
    int64_t pts_us;
    size_t len;
    uint8_t data[];
};
/* A copy; NULL: no memory. */
struct sl_program_item *sl_program_item_create(const struct sl_program_frame *frame);

#endif
