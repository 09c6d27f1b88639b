/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Base64 into bytes. */
#include "base/base64.h"

#include <errno.h>
#include <stdint.h>

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

int sl_base64_decode(const char *text, size_t len, void *out, size_t out_len)
{
    size_t used = 0, padding = 0;
    uint8_t *bytes = out;

    if (len == 0 || len % 4 != 0 || len / 4 * 3 > out_len)
        return -EBADMSG;
    while (padding < 2 && text[len - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < len; i += 4) {
        unsigned bits = 0;
        for (size_t k = 0; k < 4; k++) {
            int value = i + k >= len - padding ? 0 : value_of(text[i + k]);
            if (value < 0)
                return -EBADMSG;
            bits = bits << 6 | (unsigned)value;
        }
        bytes[used++] = (uint8_t)(bits >> 16 & 0xff);
        bytes[used++] = (uint8_t)(bits >> 8 & 0xff);
        bytes[used++] = (uint8_t)(bits & 0xff);
    }
    return (int)(used - padding);
}

void sl_base64_encode(const void *bytes, size_t len, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *in = bytes;

    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t group = (uint32_t)in[i] << 16;
        if (left > 1)
            group |= (uint32_t)in[i + 1] << 8;
        if (left > 2)
            group |= in[i + 2];
        *out++ = digits[group >> 18];
        *out++ = digits[group >> 12 & 63];
        *out++ = left > 1 ? digits[group >> 6 & 63] : '=';
        *out++ = left > 2 ? digits[group & 63] : '=';
    }
    *out = '\0';
}
