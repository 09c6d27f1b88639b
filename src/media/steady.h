/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Times of decoding that a muxer can work with, whatever a source's clock does: near the time the
 * frames arrived, and in each track rising. Of one stream, whose two tracks share a clock. Pure:
 * time is an argument.
 */
#ifndef SL_MEDIA_STEADY_H
#define SL_MEDIA_STEADY_H

#include "media/codec.h"

#include <stdint.h>

struct sl_steady { /* zeroed: nothing has come */
    /* How far behind the local clock the newest frames are: the least of the last seconds. */
    struct {
        int64_t window_begin_us, current_us, previous_us;
    } lag;
    int64_t shift_us[2]; /* added to the source's time stamps, where those are far off */
    int64_t last_raw_us[2], last_arrival_us[2], last_dts_us[2];
};

/* For a frame that the source says is of dts_us. */
int64_t sl_steady_dts(struct sl_steady *steady, enum sl_media_kind kind, int64_t dts_us,
                      int64_t arrival_us);
/* The time of the source's clock that arrives now. */
int64_t sl_steady_now(const struct sl_steady *steady, int64_t now_us);

#endif
