/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tokens that grow with time: so many a second, in bursts of so many. Pure. */
#ifndef SL_BASE_BUCKET_H
#define SL_BASE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed is full. */
struct sl_bucket {
    int64_t level_us, at_us;
    bool started;
};

/* True if one more of at most per_s a second, in bursts of `burst`, may pass now. */
bool sl_bucket_take(struct sl_bucket *bucket, int64_t per_s, int64_t burst, int64_t now_us);

#endif
