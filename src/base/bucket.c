/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A level in microseconds: what one token costs is the time it takes to grow. */
#include "base/bucket.h"

#include "base/clock.h"

bool sl_bucket_take(struct sl_bucket *bucket, int64_t per_s, int64_t burst, int64_t now_us)
{
    if (per_s <= 0)
        return false;
    int64_t cost_us = SL_US_PER_S / per_s, full_us = burst * cost_us;
    bucket->level_us = bucket->started ? bucket->level_us + now_us - bucket->at_us : full_us;
    bucket->started = true;
    bucket->at_us = now_us;
    if (bucket->level_us > full_us)
        bucket->level_us = full_us;
    if (bucket->level_us < cost_us)
        return false;
    bucket->level_us -= cost_us;
    return true;
}
