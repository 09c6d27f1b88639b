/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "calls/dtmf.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

int sl_dtmf_parse(const char *text, char out[static SL_DTMF_MAX])
{
    static const char events[] = "*#ABCD!"; /* 10 to 16 (RFC 4733 section 3.2) */
    size_t len = strlen(text);

    if (len == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '6') {
        out[0] = events[text[1] - '0'];
        out[1] = '\0';
        return 0;
    }
    if (len == 0)
        return -EINVAL;
    if (len >= SL_DTMF_MAX)
        return -ENOBUFS;
    for (size_t i = 0; i < len; i++) {
        char c = (char)toupper((unsigned char)text[i]);
        if (c == '\0' || !strchr("0123456789*#ABCD,", c))
            return -EINVAL;
        out[i] = c;
    }
    out[len] = '\0';
    return 0;
}
