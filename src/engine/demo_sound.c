/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A soft chord all the time and a beep on the second, all of whole periods a second. */
#include "engine/demo_sound.h"

#include "base/mem.h"

#include <math.h>

enum {
    BEEP_SAMPLES = DEMO_RATE_HZ * DEMO_SIGNAL_MS / 1000,
    RAMP_SAMPLES = DEMO_RATE_HZ * 2 / 1000, /* a beep cut off sharply clicks */
};

static const struct partial {
    int hz;
    double amplitude;
} chord[] = {{220, 0.02}, {330, 0.015}, {440, 0.01}}; /* together about -30 dBFS */

static const double beep_amplitude = 0.2;

static double wave(int hz, int sample)
{
    return sin(2 * M_PI * hz * sample / DEMO_RATE_HZ);
}

static double beep(int sample)
{
    int to_edge = sample < BEEP_SAMPLES / 2 ? sample : BEEP_SAMPLES - sample;

    if (to_edge < 0)
        return 0;
    double level = to_edge < RAMP_SAMPLES ? (double)to_edge / RAMP_SAMPLES : 1;
    return level * beep_amplitude * wave(DEMO_BEEP_HZ, sample);
}

void sl_demo_sound_make(int16_t *samples)
{
    for (int i = 0; i < DEMO_RATE_HZ; i++) {
        double sum = beep(i);
        for (size_t k = 0; k < SL_ARRAY_LEN(chord); k++)
            sum += chord[k].amplitude * wave(chord[k].hz, i);
        for (int channel = 0; channel < DEMO_CHANNELS; channel++)
            samples[i * DEMO_CHANNELS + channel] = (int16_t)lrint(sum * INT16_MAX);
    }
}
