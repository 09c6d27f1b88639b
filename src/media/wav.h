/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RIFF WAVE files in memory (rest-api.md 5.3): PCM of 16 bits, A-law and mu-law. Pure; fuzzed. */
#ifndef SL_MEDIA_WAV_H
#define SL_MEDIA_WAV_H

#include <stddef.h>
#include <stdint.h>

struct sl_error;

/* Whole and decoded: at most so many bytes of samples. */
enum { SL_WAV_LEN_MAX = 64 << 20 };
struct sl_wav {
    int rate_hz, channels; /* one of the listed rates, 8000 to 48000; 1 or 2 */
    size_t count;          /* samples per channel, at least one */
    int16_t *samples;      /* interleaved */
};
/* -EBADMSG, -ENOMEM with words. */
int sl_wav_parse(const uint8_t *data, size_t len, struct sl_wav *out, struct sl_error *error);
void sl_wav_deinit(struct sl_wav *wav);

#endif
