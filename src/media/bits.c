/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bits of an H.264 NAL unit. */
#include "media/bits.h"

struct sl_bits sl_bits_of(const uint8_t *nal, size_t len)
{
    return (struct sl_bits){.at = nal, .end = nal + len, .ok = true};
}

static bool next_byte(struct sl_bits *bits)
{
    if (bits->zeros >= 2 && bits->at < bits->end && *bits->at == 3) {
        bits->at++;
        bits->zeros = 0;
    }
    if (bits->at == bits->end) {
        bits->ok = false;
        return false;
    }
    bits->byte = *bits->at++;
    bits->zeros = bits->byte == 0 ? bits->zeros + 1 : 0;
    bits->left = 8;
    return true;
}

unsigned sl_bits_bit(struct sl_bits *bits)
{
    if (bits->left == 0 && !next_byte(bits))
        return 0;
    bits->left--;
    return bits->byte >> bits->left & 1U;
}

uint32_t sl_bits_read(struct sl_bits *bits, unsigned count)
{
    uint32_t value = 0;

    while (count-- > 0)
        value = value << 1 | sl_bits_bit(bits);
    return bits->ok ? value : 0;
}

uint32_t sl_bits_ue(struct sl_bits *bits)
{
    unsigned zeros = 0;

    while (bits->ok && sl_bits_bit(bits) == 0)
        zeros++;
    if (zeros > 31)
        bits->ok = false;
    if (!bits->ok)
        return 0;
    uint32_t rest = sl_bits_read(bits, zeros);
    return bits->ok ? (UINT32_C(1) << zeros) - 1 + rest : 0;
}

int32_t sl_bits_se(struct sl_bits *bits)
{
    uint32_t code = sl_bits_ue(bits); /* 0, 1, 2, 3, 4 mean 0, 1, -1, 2, -2 */
    int32_t half = (int32_t)(code / 2);

    return code % 2 ? half + 1 : -half;
}
