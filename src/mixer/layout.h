/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is shown where (rooms-mixers-diagnostics.md 2.4). Pure; private to this directory (and its
 * tests). */
#ifndef SL_MIXER_LAYOUT_H
#define SL_MIXER_LAYOUT_H

#include "mixer/mixer.h"
#include "transcoder/transcoder.h"

/* One that is to be shown, in the order of joining. */
struct sl_mixer_seat {
    const char *name;
    struct sl_engine_cell cell; /* out */
};

/*
 * Gives each a cell of even numbers. Where one's name has a word of desktop_words it leads; of
 * several, the one called `leader` if it is among them, otherwise the first by alphabet.
 *
 * leader   who led before; NULL: nobody
 * Returns  the index of the one that leads; -1: all are equal
 */
int sl_mixer_layout(const struct sl_mixer_settings *settings, const char *leader,
                    struct sl_mixer_seat *seats, size_t count);

#endif
