/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What names may not hold. Pure, any thread. */
#ifndef SL_BASE_TEXT_H
#define SL_BASE_TEXT_H

#include <stdbool.h>

/* C0, DEL or C1 (as UTF-8 has it): what ends a line, or moves a terminal's cursor. */
static inline bool sl_text_has_controls(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0))
            return true;
    }
    return false;
}

#endif
