/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/percent.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int sl_percent_decode(const char *text, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 2 < len ? hex_value(text[i + 1]) : -1;
            int low = high >= 0 ? hex_value(text[i + 2]) : -1;
            if (low < 0)
                return -EBADMSG;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (c == '\0')
            return -EBADMSG;
        *out++ = c;
    }
    *out = '\0';
    return 0;
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~", c));
}

char *sl_percent_encode(char *to, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (; *text; text++) {
        if (is_unreserved(*text)) {
            *to++ = *text;
            continue;
        }
        *to++ = '%';
        *to++ = digits[(unsigned char)*text >> 4];
        *to++ = digits[(unsigned char)*text & 0xf];
    }
    *to = '\0';
    return to;
}
