/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NAL units between start codes (H.264 annex B). */
#include "media/h264.h"

#include <string.h>

enum { START_CODE_LEN = 3 }; /* the zero of the longer one belongs to what is before it */

/* The first 00 00 01 at or after `at`; end if there is none. */
static const uint8_t *find_start_code(const uint8_t *at, const uint8_t *end)
{
    while (end - at >= START_CODE_LEN) {
        const uint8_t *one = memchr(at + 2, 1, (size_t)(end - at - 2));
        if (!one)
            break;
        if (one[-1] == 0 && one[-2] == 0)
            return one - 2;
        at = one - 1;
    }
    return end;
}

bool sl_annexb_next(const uint8_t **at, const uint8_t *end, struct sl_nal *out)
{
    while (*at < end) {
        const uint8_t *start = find_start_code(*at, end);
        if (start == end) {
            *at = end;
            return false;
        }
        start += START_CODE_LEN;
        const uint8_t *stop = find_start_code(start, end);
        *at = stop;
        /* trailing_zero_8bits and the longer start code's zero: a NAL unit never ends in 0. */
        while (stop > start && stop[-1] == 0)
            stop--;
        if (stop > start) {
            *out = (struct sl_nal){start, (size_t)(stop - start)};
            return true;
        }
    }
    return false;
}
