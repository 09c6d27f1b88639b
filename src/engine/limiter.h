/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sums of sound that are too loud for 16 bits, made softer before they are, a block at a time and
 * without a step. Pure; private to this directory (and its tests). */
#ifndef SL_ENGINE_LIMITER_H
#define SL_ENGINE_LIMITER_H

#include <stddef.h>
#include <stdint.h>

enum { SL_LIMITER_BLOCK_MAX = 480 }; /* values: samples by channels */

struct sl_limiter { /* sl_limiter_init() */
    size_t count;   /* values of a block */
    size_t channels;
    float gain; /* at the end of the last block given out */
    int32_t held[SL_LIMITER_BLOCK_MAX];
};

/* At first it holds a block of silence. */
void sl_limiter_init(struct sl_limiter *limiter, size_t samples, size_t channels);
/* Takes the next block and gives out the one before it, which is as loud as both allow at its end;
 * nothing is cut off. */
void sl_limiter_step(struct sl_limiter *limiter, const int32_t *next, int16_t *out);

#endif
