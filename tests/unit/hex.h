/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes written as the RFCs print them. */
#ifndef SL_TESTS_WEBRTC_HEX_H
#define SL_TESTS_WEBRTC_HEX_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* "80 22 000b" to bytes; spaces anywhere between bytes. Returns their number. */
static inline size_t from_hex(const char *text, uint8_t *out, size_t room)
{
    size_t len = 0;
    unsigned byte;

    for (; *text; text++) {
        if (*text == ' ')
            continue;
        assert(len < room && sscanf(text, "%2x", &byte) == 1);
        out[len++] = (uint8_t)byte;
        text++;
    }
    return len;
}

#endif
