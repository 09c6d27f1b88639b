/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arithmetic of wrapping sequence numbers, private to this directory. */
#ifndef SL_RTP_SEQ_H
#define SL_RTP_SEQ_H

#include <stdint.h>

/* The number that ends in these 16 bits and lies nearest to reference. */
static inline int64_t sl_seq_nearest(int64_t reference, uint16_t seq)
{
    return reference + (int16_t)(uint16_t)(seq - (uint16_t)reference);
}

#endif
