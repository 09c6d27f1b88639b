/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the demo plays: one second that repeats. Pure; private to this directory (and its tests). */
#ifndef SL_DEMO_SOUND_H
#define SL_DEMO_SOUND_H

#include <stdint.h>

enum {
    DEMO_RATE_HZ = 48000,
    DEMO_CHANNELS = 2,
    DEMO_BEEP_HZ = 1000,
    DEMO_SIGNAL_MS = 80, /* the beep and the flash, from the full second on */
};

/* Fills DEMO_RATE_HZ * DEMO_CHANNELS interleaved samples, from a full second to the next. */
void sl_demo_sound_make(int16_t *samples);

#endif
