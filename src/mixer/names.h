/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names: which join a mixer, and what streams are called (rooms-mixers-diagnostics.md 2.1). Pure;
 * private to this directory (and its tests). */
#ifndef SL_MIXER_NAMES_H
#define SL_MIXER_NAMES_H

#include "stream/stream.h"

enum { SL_MIXER_NAME_MAX = 64 };

/* The mixer's name in that of a publication; NULL: it has no '#'. -EINVAL: it is none that could
 * join one. */
int sl_mixer_name_split(const char *publication, const char **mixer);
/* The stream of the output without this input: -EINVAL, it would be too long. */
int sl_mixer_name_alone(const char *output, const char *input,
                        char out[static SL_STREAM_NAME_MAX + 1]);
/* It has one of the words (separated by commas) in it. */
bool sl_mixer_name_has(const char *name, const char *words);

#endif
