/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sound of a program: how it is coded, and what silence looks like in it. Known without an
 * encoder. Pure. */
#ifndef SL_PROGRAM_SOUND_H
#define SL_PROGRAM_SOUND_H

#include "media/media.h"

#include <stddef.h>
#include <stdint.h>

enum {
    SL_PROGRAM_SOUND_MAX = 1536, /* of a frame: AAC's 6144 bits a channel (ISO 14496-3 4.5.1.1) */
    SL_PROGRAM_SILENCE_MAX = 160,
};

/* Immutable. */
struct sl_program_sound {
    enum sl_codec codec;
    int rate_hz, channels;
    int frame_samples;                 /* of each frame, per channel */
    int priming_frames;                /* that an encoder gives before the first sample */
    uint8_t config[SL_AAC_CONFIG_LEN]; /* AudioSpecificConfig; none for others */
    size_t config_len;
    /* A frame like all others, of silence: in place of any of them. */
    uint8_t silence[SL_PROGRAM_SILENCE_MAX];
    size_t silence_len;
};
/* How sound of the codec `from` (SL_CODEC_NONE: there is none) is coded in AAC, opus, PCMA or PCMU.
 * -ENOSYS: it cannot be. */
int sl_program_sound_init(enum sl_codec codec, enum sl_codec from, struct sl_program_sound *out);
/* How long so many frames are, not less than none. */
int64_t sl_program_sound_us(const struct sl_program_sound *sound, int64_t frames);

#endif
