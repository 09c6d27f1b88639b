/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The source's clock against ours. */
#include "media/steady.h"

#include "base/clock.h"

#include <stdbool.h>

enum {
    /* Frames arrive near the time they are of; if they do not, the source's clock has jumped. */
    DEVIATION_MAX_US = 5000000,
    /* A track whose time has jumped back stands still (stream/frames.c): frames that are so much
     * apart as they come, and so little by their stamps. */
    STUCK_ARRIVAL_US = 5000,
    STUCK_DTS_US = 1000,
    LAG_WINDOW_US = 5000000,
};

static void note_lag(struct sl_steady *steady, int64_t lag_us, int64_t now_us)
{
    if (steady->lag.window_begin_us == 0 || now_us - steady->lag.window_begin_us > LAG_WINDOW_US) {
        steady->lag.previous_us =
            steady->lag.window_begin_us == 0 ? lag_us : steady->lag.current_us;
        steady->lag.current_us = lag_us;
        steady->lag.window_begin_us = now_us;
    } else if (lag_us < steady->lag.current_us) {
        steady->lag.current_us = lag_us;
    }
}

int64_t sl_steady_now(const struct sl_steady *steady, int64_t now_us)
{
    int64_t current_us = steady->lag.current_us, previous_us = steady->lag.previous_us;

    return now_us - (current_us < previous_us ? current_us : previous_us);
}

static bool is_stuck(struct sl_steady *steady, enum sl_media_kind kind, int64_t raw_us,
                     int64_t arrival_us)
{
    bool stuck = raw_us - steady->last_raw_us[kind] < STUCK_DTS_US &&
                 arrival_us - steady->last_arrival_us[kind] > STUCK_ARRIVAL_US;

    steady->last_raw_us[kind] = raw_us;
    steady->last_arrival_us[kind] = arrival_us;
    return stuck;
}

static bool is_apart(int64_t a_us, int64_t b_us)
{
    return a_us - b_us > DEVIATION_MAX_US || b_us - a_us > DEVIATION_MAX_US;
}

/* What was far off and is not any more needs no shift, which loses synchronism. */
int64_t sl_steady_dts(struct sl_steady *steady, enum sl_media_kind kind, int64_t raw_us,
                      int64_t arrival_us)
{
    int64_t expected_us = sl_steady_now(steady, arrival_us);

    if (!is_apart(raw_us, expected_us))
        steady->shift_us[kind] = 0;
    int64_t dts_us = raw_us + steady->shift_us[kind];
    if (is_stuck(steady, kind, raw_us, arrival_us)) {
        dts_us = expected_us;
    } else if (is_apart(dts_us, expected_us)) {
        dts_us = expected_us;
        steady->shift_us[kind] = dts_us - raw_us;
    } else {
        note_lag(steady, arrival_us - dts_us, arrival_us);
    }
    if (dts_us <= steady->last_dts_us[kind])
        dts_us = steady->last_dts_us[kind] + 1;
    steady->last_dts_us[kind] = dts_us;
    return dts_us;
}
