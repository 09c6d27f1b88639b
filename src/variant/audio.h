/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sound of a variant: what the source sends, decoded, put on a gapless row of samples and
 * encoded: G.711 stays G.711 (bit by bit, as the decoded samples encode to the same codes), the
 * rest becomes AAC-LC of 48 kHz. Threads: the variant's loop.
 */
#ifndef SL_VARIANT_AUDIO_H
#define SL_VARIANT_AUDIO_H

#include "codec/codec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a source's sound can be coded: SL_CODEC_NONE as source is one that has none. */
struct sl_conversion {
    enum sl_codec from, to;
    int rate_hz, channels;
};
/* NULL: it cannot. Pure. */
const struct sl_conversion *sl_conversion_find(enum sl_codec from, enum sl_codec to);

struct sl_variant_audio;
/* on_coded: one frame; pts may lie a little before the beginning (AAC's priming). -ENOSYS: this
 * build of FFmpeg cannot decode or encode it. */
int sl_variant_audio_create(const struct sl_conversion *conversion, sl_on_coded *on_coded,
                            void *owner, struct sl_variant_audio **out);
void sl_variant_audio_destroy(struct sl_variant_audio *audio); /* NULL is fine */

/* The time of the first sample. Nothing comes out before. Once. */
void sl_variant_audio_begin(struct sl_variant_audio *audio, int64_t begin_us);
/* One packet of the source. */
void sl_variant_audio_input(struct sl_variant_audio *audio, const uint8_t *data, size_t len,
                            int64_t pts_us);
/* Nothing that comes any more is older than this: fills up with silence. */
void sl_variant_audio_advance(struct sl_variant_audio *audio, int64_t until_us);

#endif
