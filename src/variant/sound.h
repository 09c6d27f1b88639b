/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sound of a variant: how it is coded, what silence looks like in it, and sounds that take the
 * place of the source's for one taker, frame by frame. Threads: an object belongs to one.
 */
#ifndef SL_VARIANT_SOUND_H
#define SL_VARIANT_SOUND_H

#include "codec/codec.h"
#include "media/media.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_VARIANT_CONFIG_MAX = 64, SL_VARIANT_SILENCE_MAX = 512 };

/* Immutable. */
struct sl_variant_sound {
    enum sl_codec codec;
    int rate_hz, channels;
    uint8_t config[SL_VARIANT_CONFIG_MAX]; /* AudioSpecificConfig; none for G.711 */
    size_t config_len;
    /* A frame like all others, of silence: in place of any of them. */
    uint8_t silence[SL_VARIANT_SILENCE_MAX];
    size_t silence_len;
};
/* How sound is coded in AAC, PCMA or PCMU. -ENOSYS, -ENOMEM. */
int sl_variant_sound_init(enum sl_codec codec, enum sl_codec from, struct sl_variant_sound *out);

/* ---- A sound to be played: samples, immutable and shared ---- */

struct sl_sound {
    _Atomic uint32_t refs;
    struct sl_wav wav;
};
struct sl_sound *sl_sound_ref(struct sl_sound *sound); /* NULL gives NULL */
void sl_sound_unref(struct sl_sound *sound);           /* Threads: any. NULL is fine. */

/* Plays one in frames of a variant's form. */
struct sl_player;
/* NULL: no memory, or a build of FFmpeg without the codec. form outlives it. */
struct sl_player *sl_player_create(const struct sl_variant_sound *form, struct sl_sound *sound,
                                   bool loop);
void sl_player_destroy(struct sl_player *player); /* NULL is fine */
/* The frame in place of the next one of the variant. Valid until the next call. False: it was
 * played to its end. */
bool sl_player_next(struct sl_player *player, const uint8_t **data, size_t *len);

#endif
