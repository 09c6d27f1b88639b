/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many pictures a second a mixer makes: as asked for, or fewer where the machine cannot keep up
 * (rooms-mixers-diagnostics.md 2.6), and how many of them may be key frames. Pure; private to this
 * directory (and its tests). */
#ifndef SL_MIXER_PACE_H
#define SL_MIXER_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum { SL_MIXER_PACE_DIVISOR_MAX = 4 };

struct sl_mixer_pace {
    int divisor; /* 1, 2 or 4: of the pictures a second; sl_mixer_pace_init() */
    int64_t bad_since_us, good_since_us;
};

void sl_mixer_pace_init(struct sl_mixer_pace *pace, int64_t now_us);
/* A picture was due: it was ordered, or had to be left out. True: the divisor is another one. */
bool sl_mixer_pace_note(struct sl_mixer_pace *pace, bool missed, int64_t now_us);

/* Whoever comes and goes wants one each time, and all others would pay for it. */
struct sl_mixer_keyframes {
    int64_t every_us; /* constant */
    bool wanted;
    int64_t last_us; /* 0: never */
};
/* True: the next picture is one, which is noted. */
bool sl_mixer_keyframes_take(struct sl_mixer_keyframes *keyframes, int64_t now_us);

#endif
