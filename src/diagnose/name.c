/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What files are called: when they were made, and something that nobody guesses. */
#include "diagnose/internal.h"

#include "base/clock.h"
#include "base/random.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { HEX_BYTES_MAX = 16 };

void sl_diagnose_draw_name(char name[static SL_DIAGNOSE_NAME_MAX], const char *begin,
                           size_t hex_len, const char *end)
{
    uint8_t bytes[HEX_BYTES_MAX];
    char hex[2 * HEX_BYTES_MAX + 1], date[32];
    time_t now = (time_t)(sl_wall_ms() / 1000);
    struct tm utc;

    assert(hex_len <= 2 * sizeof(bytes));
    sl_random_bytes(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    (void)gmtime_r(&now, &utc);
    (void)strftime(date, sizeof(date), "%Y%m%d-%H%M%S", &utc);
    (void)snprintf(name, SL_DIAGNOSE_NAME_MAX, "%s%s-%.*s%s", begin, date, (int)hex_len, hex, end);
}

bool sl_debug_name_valid(const char *name)
{
    static const char form[] =
        SL_DEBUG_NAME_BEGIN "dddddddd-dddddd-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" SL_DEBUG_NAME_END;
    size_t begin = strlen(SL_DEBUG_NAME_BEGIN), end = strlen(form) - strlen(SL_DEBUG_NAME_END);

    if (strlen(name) != strlen(form))
        return false;
    for (size_t i = 0; form[i]; i++) {
        bool is_digit = name[i] >= '0' && name[i] <= '9';
        bool fits = i < begin || i >= end || form[i] == '-' ? name[i] == form[i]
                    : form[i] == 'd'                        ? is_digit
                                     : is_digit || (name[i] >= 'a' && name[i] <= 'f');
        if (!fits)
            return false;
    }
    return true;
}
