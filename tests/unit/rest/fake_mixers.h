/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mixers that mix nothing, and remember what they were told. */
#ifndef SL_TESTS_UNIT_REST_FAKE_MIXERS_H
#define SL_TESTS_UNIT_REST_FAKE_MIXERS_H

#include "mixer/mixer.h"

struct fake_mixers {
    int refusal; /* of the next start or add; 0: none */
    size_t count;
    char name[65], output[65]; /* of the one that there is */
    struct sl_mixer_settings settings;
    struct sl_blob *background, *watermark; /* of the one that there is; not referenced */
    struct sl_mixer_use use;                /* of the last input that was added */
    char inputs[2][65];
    int level, muted;
};
/* The one that there is, reset. */
struct fake_mixers *fake_mixers_reset(void);
struct sl_mixers *fake_mixers(void);

#endif
