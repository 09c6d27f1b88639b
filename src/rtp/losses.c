/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a receiver's reports say of its losses, over a time in which there is something to say. */
#include "base/clock.h"
#include "rtp/rtp.h"

enum {
    INTERVAL_US = 500 * SL_US_PER_MS,
    OVERTAKEN = 3000, /* packets back at most that a report may have been (RFC 3550 appendix A.1) */
};

bool sl_losses_take(struct sl_losses *losses, const struct sl_report_block *block, int64_t now_us,
                    uint8_t *fraction_lost)
{
    /* Both wrap, or are anything: a stranger says so. */
    int32_t expected = (int32_t)(block->highest_seq - losses->highest_seq);
    int64_t lost = (int64_t)block->lost - losses->lost;
    bool first = !losses->begun, anew = expected < -OVERTAKEN;

    if (!first && !anew && (expected < 0 || now_us - losses->since_us < INTERVAL_US))
        return false;
    losses->begun = true;
    losses->highest_seq = block->highest_seq;
    losses->lost = block->lost;
    losses->since_us = now_us;
    if (first) /* since its beginning */
        *fraction_lost = block->fraction_lost;
    else if (expected <= 0 || lost <= 0) /* nothing was sent, or late ones came */
        *fraction_lost = 0;
    else
        *fraction_lost = (uint8_t)(lost >= expected ? UINT8_MAX : lost * 256 / expected);
    return !anew;
}
