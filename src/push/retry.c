/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "push/retry.h"

#include "base/clock.h"

enum {
    SOON_MS = 3000,
    LATE_MS = 30000,
    GONE_US = 600 * SL_US_PER_S, /* nobody waits for it any more */
    JITTER_PART = 4,
};

int64_t sl_retry_wait_ms(int64_t interval_ms, unsigned failures, int64_t away_us, uint32_t random)
{
    int64_t max_ms = away_us >= GONE_US ? LATE_MS : SOON_MS, wait_ms = interval_ms;

    if (max_ms < interval_ms)
        max_ms = interval_ms;
    for (unsigned i = 0; i < failures && wait_ms < max_ms; i++)
        wait_ms *= 2;
    if (wait_ms > max_ms)
        wait_ms = max_ms;
    int64_t part_ms = wait_ms / JITTER_PART;
    return wait_ms - (int64_t)(((uint64_t)part_ms * random) >> 32);
}
