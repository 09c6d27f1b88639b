/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Widening of sequence numbers. */
#include "rtp/seq.h"

#include "rtp/rtp.h"

/* One cycle: no packet older than the first can come out below zero. */
#define FIRST_CYCLE 65536

int64_t sl_seq_unwrap(struct sl_seq_unwrap *state, uint16_t seq)
{
    int64_t wide = state->highest == 0 ? FIRST_CYCLE + seq : sl_seq_nearest(state->highest, seq);

    if (wide > state->highest)
        state->highest = wide;
    return wide;
}
