/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random bytes from getrandom(2). */
#include "base/random.h"

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

void sl_random_bytes(void *out, size_t len)
{
    uint8_t *at = out;

    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            sl_log(SL_LOG_ERROR, NULL, "getrandom failed: no randomness, no security");
            abort();
        }
        at += got;
        len -= (size_t)got;
    }
}

uint32_t sl_random_u32(void)
{
    uint32_t value;

    sl_random_bytes(&value, sizeof(value));
    return value;
}

void sl_random_token(char *out, size_t len)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    size_t done = 0;

    while (done < len) {
        uint8_t bytes[32];
        sl_random_bytes(bytes, sizeof(bytes));
        for (size_t i = 0; i < sizeof(bytes) && done < len; i++) {
            if (bytes[i] < 252) /* 7 * 36: no digit is likelier than another */
                out[done++] = digits[bytes[i] % 36];
        }
    }
    out[len] = '\0';
}
