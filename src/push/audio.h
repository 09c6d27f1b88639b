/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sound of a push: what the source sends, decoded, put on a gapless row of samples, silenced or
 * replaced if so asked, and encoded: G.711 stays G.711 (bit by bit, as the decoded samples encode
 * to the same codes), the rest becomes AAC-LC of 48 kHz. Threads: the job's.
 */
#ifndef SL_PUSH_AUDIO_H
#define SL_PUSH_AUDIO_H

#include "codec/codec.h"
#include "push/sound.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct audio_ops {
    sl_on_coded
        *on_coded; /* one frame; pts may lie a little before the beginning (AAC's priming) */
    void (*on_sound_end)(void *owner); /* a sound without loop was played to its end */
};

struct audio;
/* codec: the source's; SL_CODEC_NONE: it has no sound, but one may be played. -ENOSYS: it cannot be
 * decoded or encoded by this build of FFmpeg. */
int audio_create(enum sl_codec codec, const struct audio_ops *ops, void *owner, struct audio **out);
void audio_destroy(struct audio *audio); /* NULL is fine */

/* True for codecs that a push can make something of. */
bool audio_can_take(enum sl_codec codec);
enum sl_codec audio_encoding(const struct audio *audio);
int audio_rate_hz(const struct audio *audio);
int audio_channels(const struct audio *audio);
/* AudioSpecificConfig; length 0 for G.711. */
const uint8_t *audio_config(const struct audio *audio, size_t *len);

/* The time of the first sample. Nothing comes out before. */
void audio_begin(struct audio *audio, int64_t begin_us);
/* One packet of the source. */
void audio_input(struct audio *audio, const uint8_t *data, size_t len, int64_t pts_us);
/* Nothing that comes any more is older than this: fills up with silence. */
void audio_advance(struct audio *audio, int64_t until_us);

void audio_set_muted(struct audio *audio, bool muted);
/* Plays it from its beginning; NULL: back to the source. Takes a reference of its own. */
void audio_set_sound(struct audio *audio, struct sound *sound, bool loop);

#endif
