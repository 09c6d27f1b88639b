/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any file: what is taken for a WAV has the samples it claims, and not more than the file could
 * hold. */
#include "media/wav.h"

#include <stdbool.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_wav wav;
    volatile int16_t sum = 0;

    if (sl_wav_parse(data, len, &wav, NULL) < 0)
        return 0;
    check(wav.channels == 1 || wav.channels == 2);
    check(wav.rate_hz >= 8000 && wav.rate_hz <= 48000);
    size_t total = wav.count * (size_t)wav.channels;
    check(wav.count > 0 && total <= len && total * sizeof(int16_t) <= SL_WAV_LEN_MAX);
    for (size_t i = 0; i < total; i++)
        sum = (int16_t)(sum + wav.samples[i]); /* the sanitizer looks at every sample */
    sl_wav_deinit(&wav);
    return 0;
}
