/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the demo plays: one second that repeats. Pure. */
#ifndef SL_ENGINE_DEMO_SOUND_H
#define SL_ENGINE_DEMO_SOUND_H

#include "engine/engine.h"

#include <stdint.h>

enum {
    DEMO_RATE_HZ = 48000,
    DEMO_CHANNELS = 2,
    DEMO_BEEP_HZ = 1000,
    DEMO_SIGNAL_MS = SL_ENGINE_DEMO_SIGNAL_MS,
};

/* Fills DEMO_RATE_HZ * DEMO_CHANNELS interleaved samples, from a full second to the next. */
void sl_demo_sound_make(int16_t *samples);

#endif
