/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How long what an input sends is held back, so that what comes late is there in time: by its
 * jitter, sound and pictures alike, which keeps lips in sync (rooms-mixers-diagnostics.md 2.5).
 * Pure: time is an argument. Private to this directory (and its tests).
 */
#ifndef SL_MIXER_DELAY_H
#define SL_MIXER_DELAY_H

#include <stdbool.h>
#include <stdint.h>

enum { SL_MIXER_DELAY_MIN_US = 40000 };

struct sl_mixer_delay {
    int64_t max_us; /* constant: of the jitter that is waited for */
    /* Zeroed at first. */
    bool begun;
    int64_t window_begin_us;
    struct {
        int64_t least_us, most_us;
    } current, previous; /* how late frames came, in two windows */
    int64_t shift_us, fallen_us;
    int64_t in_time_us; /* when one came last that was not too late */
};

/* One came now whose time stamp says pts_us, local time. Returns what to add to its time stamps to
 * get the time at which it is due. */
int64_t sl_mixer_delay_note(struct sl_mixer_delay *delay, int64_t pts_us, int64_t now_us);

#endif
