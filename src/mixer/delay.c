/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The spread of lateness over the last seconds; up at once, down so slowly that nobody hears it. */
#include "mixer/delay.h"

#include "base/clock.h"

enum {
    WINDOW_US = 5 * SL_US_PER_S,
    MARGIN_US = 5 * SL_US_PER_MS, /* between being there and being due */
    JUMP_US = 2 * SL_US_PER_S,    /* the source's clock was set, or time stood still */
    FALL_PER_S_US = SL_US_PER_MS, /* a sample in a thousand: what the engine can stretch away */
    LATE_US = SL_US_PER_S, /* when all come too late for so long, the way has become longer */
};

static void begin(struct sl_mixer_delay *delay, int64_t late_us, int64_t now_us)
{
    delay->begun = true;
    delay->window_begin_us = now_us;
    delay->current.least_us = delay->current.most_us = late_us;
    delay->previous = delay->current;
    delay->shift_us = late_us + SL_MIXER_DELAY_MIN_US;
    delay->fallen_us = delay->in_time_us = now_us;
}

static void turn_window(struct sl_mixer_delay *delay, int64_t late_us, int64_t now_us)
{
    if (now_us - delay->window_begin_us < WINDOW_US)
        return;
    delay->previous = delay->current;
    delay->current.least_us = delay->current.most_us = late_us;
    delay->window_begin_us = now_us;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t least_of(const struct sl_mixer_delay *delay)
{
    return smaller(delay->current.least_us, delay->previous.least_us);
}

/* Above the least late one by the jitter, within its bounds. */
static int64_t target_of(const struct sl_mixer_delay *delay)
{
    int64_t least_us = least_of(delay);
    int64_t most_us = -smaller(-delay->current.most_us, -delay->previous.most_us);
    int64_t jitter_us = smaller(most_us - least_us + MARGIN_US, delay->max_us);

    return least_us + (jitter_us < SL_MIXER_DELAY_MIN_US ? SL_MIXER_DELAY_MIN_US : jitter_us);
}

int64_t sl_mixer_delay_note(struct sl_mixer_delay *delay, int64_t pts_us, int64_t now_us)
{
    int64_t late_us = now_us - pts_us, off_us = late_us - delay->shift_us;

    if (delay->begun && off_us <= 0)
        delay->in_time_us = now_us;
    if (!delay->begun || off_us > JUMP_US || off_us < -JUMP_US ||
        now_us - delay->in_time_us > LATE_US)
        begin(delay, late_us, now_us);
    turn_window(delay, late_us, now_us);
    delay->current.least_us = smaller(delay->current.least_us, late_us);
    delay->current.most_us = -smaller(-delay->current.most_us, -late_us);
    int64_t target_us = target_of(delay);
    int64_t fall_us = (now_us - delay->fallen_us) * FALL_PER_S_US / SL_US_PER_S;
    /* It began with old ones, which came all at once: what is live does not wait as long. */
    delay->shift_us = smaller(delay->shift_us, least_of(delay) + delay->max_us);
    if (target_us >= delay->shift_us) {
        delay->shift_us = target_us;
        delay->fallen_us = now_us;
    } else if (fall_us > 0) {
        delay->shift_us -= smaller(fall_us, delay->shift_us - target_us);
        delay->fallen_us = now_us;
    }
    return delay->shift_us;
}
