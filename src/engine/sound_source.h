/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets of one source into samples: the decoder that fits, and what it makes up for a packet or
 * two that were lost. Private to this directory. */
#ifndef SL_ENGINE_SOUND_SOURCE_H
#define SL_ENGINE_SOUND_SOURCE_H

#include "codec/codec.h"
#include "engine/message.h"

enum { SL_SOUND_CONFIG_MAX = 256 };

struct sl_sound_source {
    /* Its owner's, constant. */
    void (*on_pcm)(void *owner, const struct sl_pcm *pcm); /* from within sl_sound_source_input() */
    void *owner;
    struct sl_engine_sound form; /* of L16 */

    /* Zeroed at first. */
    struct sl_audio_decoder *decoder;
    enum sl_codec codec; /* of the decoder */
    enum sl_codec config_codec;
    uint8_t config[SL_SOUND_CONFIG_MAX];
    size_t config_len;
    bool refused; /* no decoder takes the configuration that there is */
    bool begun;
    int64_t end_us; /* of what was decoded last */
};

void sl_sound_source_deinit(struct sl_sound_source *source);
/* For the packets that follow. */
void sl_sound_source_config(struct sl_sound_source *source, const struct sl_engine_message *order);
/* -ENOSYS: this codec is not decoded. Otherwise 0, also where nothing could be decoded: a gap. */
int sl_sound_source_input(struct sl_sound_source *source, const struct sl_engine_message *input);

#endif
