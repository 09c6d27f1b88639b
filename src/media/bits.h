/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading an H.264 NAL unit bit by bit (H.264 7.2, 7.3.1, 9.1), private to this directory. */
#ifndef SL_MEDIA_BITS_H
#define SL_MEDIA_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Emulation prevention bytes (the 3 of 00 00 03) are left out while reading. Past the end, all
 * reads give 0 and ok is false from then on. */
struct sl_bits {
    const uint8_t *at, *end;
    unsigned zeros; /* zero bytes just before at */
    unsigned left;  /* bits of byte not read yet */
    uint8_t byte;
    bool ok;
};

struct sl_bits sl_bits_of(const uint8_t *nal, size_t len);
unsigned sl_bits_bit(struct sl_bits *bits);
uint32_t sl_bits_read(struct sl_bits *bits, unsigned count); /* at most 32 */
/* Exp-Golomb codes; longer than 63 bits: not ok. */
uint32_t sl_bits_ue(struct sl_bits *bits);
int32_t sl_bits_se(struct sl_bits *bits);

#endif
