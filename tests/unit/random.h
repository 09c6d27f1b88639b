/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers that look random and are the same in every run. */
#ifndef SL_TEST_RANDOM_H
#define SL_TEST_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* xorshift32 (Marsaglia 2003); *state must not be 0. */
static inline uint32_t random_next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static inline uint32_t random_below(uint32_t *state, uint32_t bound)
{
    return (uint32_t)((uint64_t)random_next(state) * bound >> 32);
}

static inline bool random_chance(uint32_t *state, unsigned percent)
{
    return random_below(state, 100) < percent;
}

#endif
