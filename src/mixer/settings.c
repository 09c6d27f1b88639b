/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a mixer mixes, as the configuration has it. */
#include "mixer/mixer.h"

#include "base/config.h"
#include "base/mem.h"

#include <string.h>
#include <strings.h>

static void join_words(const struct sl_string_list *words, char out[static SL_MIXER_WORDS_MAX])
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < words->count; i++) {
        size_t word_len = strlen(words->items[i]);
        if (len + word_len + 2 > SL_MIXER_WORDS_MAX)
            return; /* so many words nobody needs */
        if (len > 0)
            out[len++] = ',';
        memcpy(out + len, words->items[i], word_len + 1);
        len += word_len;
    }
}

void sl_mixer_settings_init(struct sl_mixer_settings *settings, const struct sl_config *config)
{
    *settings = (struct sl_mixer_settings){
        .has_audio = true,
        .has_video = true,
        .width = (uint16_t)(config->mixer_video_width & ~INT64_C(1)),
        .height = (uint16_t)(config->mixer_video_height & ~INT64_C(1)),
        .fps = (uint8_t)config->mixer_video_fps,
        .bitrate_kbps = (uint32_t)config->mixer_video_bitrate_kbps,
        .mcu_audio = config->mixer_mcu_audio,
        .audio_codec = SL_CODEC_OPUS,
        .channels = (uint8_t)config->audio_mixer_output_channels,
        .idle_timeout_ms = (uint32_t)config->mixer_idle_timeout,
        .desktop_fullscreen = config->mixer_video_desktop_fullscreen,
    };
    (void)sl_mixer_codec_find(config->audio_mixer_output_codec, &settings->audio_codec);
    if (settings->audio_codec != SL_CODEC_OPUS)
        settings->channels = 1;
    if (!sl_mixer_layout_find(config->mixer_layout_class, &settings->layout))
        settings->layout = SL_MIXER_GRID; /* of no such name: the configuration said so */
    if (config->mixer_use_center_no_padding_layout)
        settings->layout = SL_MIXER_GRID_NO_PADDING;
    if (!sl_mixer_align_find(config->mixer_desktop_align, &settings->align))
        settings->align = SL_MIXER_TOP;
    join_words(&config->mixer_video_layout_desktop_key_word, settings->desktop_words);
}

bool sl_mixer_codec_find(const char *word, enum sl_codec *out)
{
    static const struct {
        const char *word;
        enum sl_codec codec;
    } codecs[] = {{"opus", SL_CODEC_OPUS},
                  {"pcma", SL_CODEC_PCMA},
                  {"alaw", SL_CODEC_PCMA},
                  {"pcmu", SL_CODEC_PCMU},
                  {"ulaw", SL_CODEC_PCMU}};

    for (size_t i = 0; i < SL_ARRAY_LEN(codecs); i++) {
        if (strcasecmp(codecs[i].word, word) != 0)
            continue;
        *out = codecs[i].codec;
        return true;
    }
    return false;
}
