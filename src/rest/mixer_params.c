/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A mixer's parameters, in camelCase what the configuration has with '_'. */
#include "mixer/mixer.h"

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "rest/parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { RATE_HZ = 48000, TELEPHONE_RATE_HZ = 8000, PARAMS_TEXT_MAX = 256 };

struct row {
    const char *name;
    bool fixed; /* once it runs */
    /* False: a bad value. */
    bool (*set)(struct sl_mixer_settings *settings, json_t *value);
    json_t *(*get)(const struct sl_mixer_settings *settings); /* NULL: it is not told */
    const char *allowed;
};

/* ---- Values: booleans and numbers also as text ---- */

static bool read_bool(json_t *value, bool *out)
{
    const char *text = json_string_value(value);

    if (json_is_boolean(value))
        *out = json_is_true(value);
    else if (text && (!strcmp(text, "true") || !strcmp(text, "false")))
        *out = text[0] == 't';
    else
        return false;
    return true;
}

static bool read_number(json_t *value, long min, long max, long *out)
{
    const char *text = json_string_value(value);
    char *end = NULL;
    long number = 0;

    if (json_is_integer(value))
        number = (long)json_integer_value(value);
    else if (text && text[0])
        number = strtol(text, &end, 10);
    else
        return false;
    if ((end && *end) || number < min || number > max)
        return false;
    *out = number;
    return true;
}

/* ---- Rows ---- */

static bool set_width(struct sl_mixer_settings *settings, json_t *value)
{
    long number;

    if (!read_number(value, 160, 1920, &number) || number % 2 != 0)
        return false;
    settings->width = (uint16_t)number;
    return true;
}

static bool set_height(struct sl_mixer_settings *settings, json_t *value)
{
    long number;

    if (!read_number(value, 90, 1080, &number) || number % 2 != 0)
        return false;
    settings->height = (uint16_t)number;
    return true;
}

static bool set_fps(struct sl_mixer_settings *settings, json_t *value)
{
    long number;

    if (!read_number(value, 1, 60, &number))
        return false;
    settings->fps = (uint8_t)number;
    return true;
}

static bool set_bitrate(struct sl_mixer_settings *settings, json_t *value)
{
    long number;

    if (!read_number(value, 100, 10000, &number))
        return false;
    settings->bitrate_kbps = (uint32_t)number;
    return true;
}

static bool set_idle(struct sl_mixer_settings *settings, json_t *value)
{
    long number;

    if (!read_number(value, 0, 86400000, &number))
        return false;
    settings->idle_timeout_ms = (uint32_t)number;
    return true;
}

static bool set_mcu_audio(struct sl_mixer_settings *settings, json_t *value)
{
    return read_bool(value, &settings->mcu_audio);
}

static bool set_fullscreen(struct sl_mixer_settings *settings, json_t *value)
{
    return read_bool(value, &settings->desktop_fullscreen);
}

static bool set_no_padding(struct sl_mixer_settings *settings, json_t *value)
{
    bool no_padding;

    if (!read_bool(value, &no_padding))
        return false;
    settings->layout = no_padding ? SL_MIXER_GRID_NO_PADDING : SL_MIXER_GRID;
    return true;
}

static bool set_layout(struct sl_mixer_settings *settings, json_t *value)
{
    return json_is_string(value) &&
           sl_mixer_layout_find(json_string_value(value), &settings->layout);
}

static bool set_align(struct sl_mixer_settings *settings, json_t *value)
{
    return json_is_string(value) && sl_mixer_align_find(json_string_value(value), &settings->align);
}

static bool set_words(struct sl_mixer_settings *settings, json_t *value)
{
    size_t len = json_string_length(value);

    if (!json_is_string(value) || len >= SL_MIXER_WORDS_MAX)
        return false;
    memcpy(settings->desktop_words, json_string_value(value), len + 1);
    return true;
}

static bool set_codec(struct sl_mixer_settings *settings, json_t *value)
{
    if (!json_is_string(value) ||
        !sl_mixer_codec_find(json_string_value(value), &settings->audio_codec))
        return false;
    if (settings->audio_codec != SL_CODEC_OPUS)
        settings->channels = 1;
    return true;
}

/* The codec says it. */
static bool set_rate(struct sl_mixer_settings *settings, json_t *value)
{
    long number;

    (void)settings;
    return read_number(value, TELEPHONE_RATE_HZ, RATE_HZ, &number);
}

/* Of the original, and without effect here. */
static bool set_nothing(struct sl_mixer_settings *settings, json_t *value)
{
    bool ignored;

    (void)settings;
    return read_bool(value, &ignored);
}

static json_t *get_width(const struct sl_mixer_settings *settings)
{
    return json_integer(settings->width);
}

static json_t *get_height(const struct sl_mixer_settings *settings)
{
    return json_integer(settings->height);
}

static json_t *get_fps(const struct sl_mixer_settings *settings)
{
    return json_integer(settings->fps);
}

static json_t *get_bitrate(const struct sl_mixer_settings *settings)
{
    return json_integer(settings->bitrate_kbps);
}

static json_t *get_idle(const struct sl_mixer_settings *settings)
{
    return json_integer(settings->idle_timeout_ms);
}

static json_t *get_mcu_audio(const struct sl_mixer_settings *settings)
{
    return json_boolean(settings->mcu_audio);
}

static json_t *get_fullscreen(const struct sl_mixer_settings *settings)
{
    return json_boolean(settings->desktop_fullscreen);
}

static json_t *get_no_padding(const struct sl_mixer_settings *settings)
{
    return json_boolean(settings->layout == SL_MIXER_GRID_NO_PADDING);
}

static json_t *get_align(const struct sl_mixer_settings *settings)
{
    return json_string(sl_mixer_align_name(settings->align));
}

static json_t *get_words(const struct sl_mixer_settings *settings)
{
    return sl_json_text(settings->desktop_words);
}

static json_t *get_codec(const struct sl_mixer_settings *settings)
{
    switch (settings->audio_codec) {
    case SL_CODEC_PCMA:
        return json_string("pcma");
    case SL_CODEC_PCMU:
        return json_string("pcmu");
    default:
        return json_string("opus");
    }
}

static json_t *get_rate(const struct sl_mixer_settings *settings)
{
    return json_integer(settings->audio_codec == SL_CODEC_OPUS ? RATE_HZ : TELEPHONE_RATE_HZ);
}

static const struct row rows[] = {
    {"mixerVideoWidth", true, set_width, get_width, "an even number of 160 to 1920"},
    {"mixerVideoHeight", true, set_height, get_height, "an even number of 90 to 1080"},
    {"mixerVideoFps", true, set_fps, get_fps, "1 to 60"},
    {"mixerVideoBitrateKbps", true, set_bitrate, get_bitrate, "100 to 10000"},
    {"mixerIdleTimeout", false, set_idle, get_idle, "0 to 86400000 milliseconds"},
    {"mixerMcuAudio", true, set_mcu_audio, get_mcu_audio, "true or false"},
    {"mixerMcuVideo", true, set_nothing, NULL, "true or false"},
    {"mixerRealtime", true, set_nothing, NULL, "true or false"},
    {"mixerLayoutClass", false, set_layout, NULL, "a name that ends in GridLayout"},
    {"mixerUseCenterNoPaddingLayout", false, set_no_padding, get_no_padding, "true or false"},
    {"mixerVideoLayoutDesktopKeyWord", false, set_words, get_words, "words, separated by commas"},
    {"mixerVideoDesktopFullscreen", false, set_fullscreen, get_fullscreen, "true or false"},
    {"mixerDesktopAlign", false, set_align, get_align, "TOP, BOTTOM, LEFT, RIGHT or CENTER"},
    {"mixerDisplayStreamName", false, set_nothing, NULL, "true or false"},
    {"mixerVoiceActivity", false, set_nothing, NULL, "true or false"},
    {"audioMixerOutputCodec", true, set_codec, get_codec, "opus, pcma or pcmu"},
    {"audioMixerOutputSampleRate", true, set_rate, get_rate, "8000 to 48000"},
};

static const struct row *find(const char *name)
{
    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    }
    return NULL;
}

int sl_mixer_params_apply(json_t *params, enum sl_mixer_param_use use,
                          struct sl_mixer_settings *settings, struct sl_error *error)
{
    struct sl_mixer_settings changed = *settings;
    const char *name;
    json_t *value;

    json_object_foreach(params, name, value)
    {
        const struct row *row = find(name);
        if (json_is_null(value) || (!row && use == SL_MIXER_AT_START))
            continue;
        if (!row)
            return sl_error_set(error, -EINVAL, "%.64s: no parameter of a mixer", name);
        if (row->fixed && use == SL_MIXER_LATER)
            return sl_error_set(error, -EINVAL, "%s: it is fixed at startup", row->name);
        if (!row->set(&changed, value))
            return sl_error_set(error, -EINVAL, "%s: %s", row->name, row->allowed);
    }
    *settings = changed;
    return 0;
}

/* "a, b"; false: there are none. */
static bool list_idle(json_t *params, char out[static PARAMS_TEXT_MAX])
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < SL_ARRAY_LEN(rows) && len < PARAMS_TEXT_MAX; i++) {
        if (rows[i].set == set_nothing && json_object_get(params, rows[i].name))
            len += (size_t)snprintf(out + len, PARAMS_TEXT_MAX - len, "%s%s", len > 0 ? ", " : "",
                                    rows[i].name);
    }
    return len > 0;
}

void sl_mixer_params_note_idle(const char *mixer, json_t *params)
{
    char names[PARAMS_TEXT_MAX];

    if (list_idle(params, names))
        sl_log(SL_LOG_INFO, NULL, "mixer %s: without effect: %s", mixer, names);
}

const char *sl_mixer_params_name(json_t *params)
{
    static const size_t scheme_len = sizeof(SL_MIXER_SCHEME) - 1;
    const char *uri = sl_param_text(params, "uri");

    return strncmp(uri, SL_MIXER_SCHEME, scheme_len) == 0 ? uri + scheme_len : NULL;
}

bool sl_mixer_params_want(json_t *params, const char *name)
{
    json_t *value = json_object_get(params, name);

    return !value || json_is_true(value);
}

void sl_mixer_params_describe(const struct sl_mixer_settings *settings, json_t *item)
{
    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++) {
        if (rows[i].get)
            (void)json_object_set_new(item, rows[i].name, rows[i].get(settings));
    }
}
