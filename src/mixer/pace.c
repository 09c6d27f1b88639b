/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Halved after a second of missing, doubled after ten of ease. */
#include "mixer/pace.h"

#include "base/clock.h"

static const int64_t bad_us = SL_US_PER_S, good_us = INT64_C(10) * SL_US_PER_S;

/* So long without one missed is the end of missing. */
static const int64_t calm_us = SL_US_PER_S / 2;

void sl_mixer_pace_init(struct sl_mixer_pace *pace, int64_t now_us)
{
    *pace = (struct sl_mixer_pace){.divisor = 1, .good_since_us = now_us};
}

static void set(struct sl_mixer_pace *pace, int divisor, int64_t now_us)
{
    pace->divisor = divisor;
    pace->bad_since_us = 0;
    pace->good_since_us = now_us;
}

bool sl_mixer_pace_note(struct sl_mixer_pace *pace, bool missed, int64_t now_us)
{
    if (missed) {
        if (pace->bad_since_us == 0)
            pace->bad_since_us = now_us;
        pace->good_since_us = now_us;
    } else if (now_us - pace->good_since_us >= calm_us) {
        pace->bad_since_us = 0;
    }
    if (pace->bad_since_us != 0 && now_us - pace->bad_since_us >= bad_us &&
        pace->divisor < SL_MIXER_PACE_DIVISOR_MAX) {
        set(pace, pace->divisor * 2, now_us);
        return true;
    }
    if (pace->divisor > 1 && now_us - pace->good_since_us >= good_us) {
        set(pace, pace->divisor / 2, now_us);
        return true;
    }
    return false;
}

bool sl_mixer_keyframes_take(struct sl_mixer_keyframes *keyframes, int64_t now_us)
{
    bool is_due = keyframes->last_us == 0 || now_us - keyframes->last_us >= keyframes->every_us;

    if (!keyframes->wanted || !is_due)
        return false;
    keyframes->wanted = false;
    keyframes->last_us = now_us;
    return true;
}
