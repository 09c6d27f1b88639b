/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Templates to names of files. */
#include "record/name.h"

#include "base/base64.h"
#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EXTENSION_MAX = 5,
    NUMBER_MAX = 10, /* "_999999999" */
    BASE_MAX =
        SL_RECORD_NAME_MAX - 1 - EXTENSION_MAX - NUMBER_MAX - (int)sizeof(SL_RECORD_PART) + 1,
    VALUE_MAX = 768,
    SESSION_ID_MAX = 60,
    LOGIN_MAX = 32,
    CODEC_MAX = 4,
    SECONDS_MAX = 86400,
    MEGABYTES_MAX = 100000,
};

/* ---- Containers ---- */

static const enum sl_container containers[] = {SL_MP4, SL_WEBM, SL_MATROSKA, SL_MPEGTS};

bool sl_record_container_of(const char *name, enum sl_container *out)
{
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && dot > name && i < SL_ARRAY_LEN(containers); i++) {
        if (strcmp(dot + 1, sl_container_extension(containers[i])) == 0) {
            *out = containers[i];
            return true;
        }
    }
    return false;
}

int sl_record_formats_parse(const char *text, struct sl_record_formats *out, struct sl_error *error)
{
    static const struct {
        const char *word;
        bool is_vp8;
        enum sl_container container;
    } words[] = {
        {"h264-mp4", false, SL_MP4},   {"h264-mkv", false, SL_MATROSKA},
        {"h264-ts", false, SL_MPEGTS}, {"h264-webm", false, SL_WEBM},
        {"vp8-webm", true, SL_WEBM},   {"vp8-mkv", true, SL_MATROSKA},
    };
    struct sl_record_formats formats = {SL_MP4, SL_WEBM};

    for (const char *at = text; *at; at += strspn(at, ", \t")) {
        size_t len = strcspn(at, ", \t"), i = 0;
        while (i < SL_ARRAY_LEN(words) &&
               (strlen(words[i].word) != len || memcmp(words[i].word, at, len) != 0))
            i++;
        if (i == SL_ARRAY_LEN(words))
            return sl_error_set(error, -EINVAL,
                                "'%.*s' is no format; there are h264-mp4, h264-mkv, "
                                "h264-ts, h264-webm, vp8-webm and vp8-mkv",
                                (int)len, at);
        *(words[i].is_vp8 ? &formats.vp8 : &formats.h264) = words[i].container;
        at += len;
    }
    *out = formats;
    return 0;
}

/* ---- Parts ---- */

int sl_record_rotation_parse(const char *text, struct sl_record_rotation *out,
                             struct sl_error *error)
{
    struct sl_record_rotation rotation = {0};
    size_t digits = strspn(text, "0123456789");
    bool is_size = strcmp(text + digits, "M") == 0;

    if (strcmp(text, "disabled") != 0) {
        long value = digits > 0 && digits < 8 ? strtol(text, NULL, 10) : 0;
        if (value < 1 || (!is_size && text[digits] != '\0') ||
            value > (is_size ? MEGABYTES_MAX : SECONDS_MAX))
            return sl_error_set(error, -EINVAL,
                                "'%.32s' is neither disabled, nor 1 to %d seconds, nor 1M to %dM",
                                text, SECONDS_MAX, MEGABYTES_MAX);
        if (is_size)
            rotation.bytes = (uint64_t)value << 20;
        else
            rotation.us = value * 1000000;
    }
    *out = rotation;
    return 0;
}

/* ---- Elements ---- */

void sl_record_facts_init(struct sl_record_facts *facts)
{
    *facts = (struct sl_record_facts){.start_ms = -1,
                                      .end_ms = -1,
                                      .start_wall_ms = -1,
                                      .end_wall_ms = -1,
                                      .duration_ms = -1,
                                      .has_duration = true};
}

enum element {
    STREAM_NAME,
    START_TIME,
    END_TIME,
    START_TIME_MILLIS,
    END_TIME_MILLIS,
    DURATION,
    SESSION_ID,
    MEDIA_SESSION_ID,
    LOGIN,
    AUDIO_CODEC,
    VIDEO_CODEC,
};

static const struct {
    const char *name;
    bool is_time;
} elements[] = {
    [STREAM_NAME] = {"streamName", false},
    [START_TIME] = {"startTime", true},
    [END_TIME] = {"endTime", true},
    [START_TIME_MILLIS] = {"startTimeMillis", true},
    [END_TIME_MILLIS] = {"endTimeMillis", true},
    [DURATION] = {"duration", false},
    [SESSION_ID] = {"sessionId", false},
    [MEDIA_SESSION_ID] = {"mediaSessionId", false},
    [LOGIN] = {"login", false},
    [AUDIO_CODEC] = {"audioCodec", false},
    [VIDEO_CODEC] = {"videoCodec", false},
};

/* The element at this brace and the length of the whole; 0: there is none of this name. */
static size_t find_element(const char *at, enum element *out)
{
    size_t len = strcspn(at + 1, "{}");

    if (at[len + 1] != '}')
        return 0;
    for (size_t i = 0; i < SL_ARRAY_LEN(elements); i++) {
        if (strlen(elements[i].name) == len && memcmp(elements[i].name, at + 1, len) == 0) {
            *out = (enum element)i;
            return len + 2;
        }
    }
    return 0;
}

static bool copy_text(const char *text, size_t max, char out[static VALUE_MAX])
{
    if (!text)
        return false;
    (void)snprintf(out, max < VALUE_MAX ? max + 1 : VALUE_MAX, "%s", text);
    return true;
}

static bool copy_number(int64_t number, char out[static VALUE_MAX])
{
    if (number < 0)
        return false;
    (void)snprintf(out, VALUE_MAX, "%lld", (long long)number);
    return true;
}

/* Base64 in the alphabet of URLs: no slash, whose ~2F would be three. */
static bool copy_session_id(const char *id, char out[static VALUE_MAX])
{
    char text[SL_BASE64_ROOM(VALUE_MAX / 2)];
    size_t len = id ? strlen(id) : 0;

    if (!id)
        return false;
    sl_base64_encode(id, len < VALUE_MAX / 2 ? len : VALUE_MAX / 2, text);
    text[strcspn(text, "=")] = '\0';
    for (char *at = text; *at; at++)
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
    return copy_text(text, SESSION_ID_MAX, out);
}

static bool copy_duration(const struct sl_record_facts *facts, char out[static VALUE_MAX])
{
    out[0] = '\0';
    return !facts->has_duration || copy_number(facts->duration_ms, out);
}

/* False: it is not known yet. */
static bool value_of(enum element element, const struct sl_record_facts *facts,
                     char out[static VALUE_MAX])
{
    switch (element) {
    case STREAM_NAME:
        return copy_text(facts->stream_name, VALUE_MAX, out);
    case START_TIME:
        return copy_number(facts->start_ms, out);
    case END_TIME:
        return copy_number(facts->end_ms, out);
    case START_TIME_MILLIS:
        return copy_number(facts->start_wall_ms, out);
    case END_TIME_MILLIS:
        return copy_number(facts->end_wall_ms, out);
    case DURATION:
        return copy_duration(facts, out);
    case SESSION_ID:
        return copy_session_id(facts->session_id, out);
    case MEDIA_SESSION_ID:
        return copy_text(facts->media_session_id, VALUE_MAX, out);
    case LOGIN:
        return copy_text(facts->login, LOGIN_MAX, out);
    case AUDIO_CODEC:
        return copy_text(facts->audio_codec, CODEC_MAX, out);
    case VIDEO_CODEC:
        return copy_text(facts->video_codec, CODEC_MAX, out);
    }
    return false;
}

int sl_record_template_check(const char *template, struct sl_error *error)
{
    enum element element;

    if (template[0] == '\0' || strlen(template) > SL_RECORD_TEMPLATE_MAX)
        return sl_error_set(error, -EINVAL, "a template has 1 to %d bytes", SL_RECORD_TEMPLATE_MAX);
    if (strchr(template, '/'))
        return sl_error_set(error, -EINVAL, "a template has no directories");
    for (const char *at = template; *at;) {
        size_t len = *at == '{' ? find_element(at, &element) : *at != '}';
        if (len == 0)
            return sl_error_set(error, -EINVAL, "there is no element '%.32s'", at);
        at += len;
    }
    return 0;
}

bool sl_record_template_has_time(const char *template)
{
    enum element element;

    for (const char *at = strchr(template, '{'); at; at = strchr(at + 1, '{')) {
        if (find_element(at, &element) > 0 && elements[element].is_time)
            return true;
    }
    return false;
}

/* ---- Names ---- */

struct base {
    char text[SL_RECORD_NAME_MAX];
    size_t len;
    bool full; /* nothing more, not even what would fit */
};

static void add_unit(struct base *base, const char *unit, size_t len)
{
    if (base->full || len > BASE_MAX - base->len) {
        base->full = true;
        return;
    }
    memcpy(base->text + base->len, unit, len);
    base->len += len;
    base->text[base->len] = '\0';
}

static bool is_plain(unsigned char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' || byte == '-';
}

/* Bytes of the character here, as far as they are there. */
static size_t char_len(const char *at)
{
    unsigned char first = (unsigned char)*at;
    size_t expected = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4, len = 1;

    while (len < expected && ((unsigned char)at[len] & 0xc0) == 0x80)
        len++;
    return len;
}

/* keep_escapes: the text was written by us before, "~" and all. */
static void add_text(struct base *base, const char *text, size_t len, bool keep_escapes)
{
    for (const char *at = text; at < text + len;) {
        char unit[16];
        size_t bytes = char_len(at), used = 0;
        for (size_t i = 0; i < bytes; i++) {
            unsigned char byte = (unsigned char)at[i];
            bool leading = base->len == 0 && used == 0 && (byte == '.' || byte == '-');
            if ((is_plain(byte) && !leading) || (keep_escapes && byte == '~'))
                unit[used++] = (char)byte;
            else
                used += (size_t)snprintf(unit + used, sizeof(unit) - used, "~%02X", byte);
        }
        add_unit(base, unit, used);
        at += bytes;
    }
}

static void expand(const char *template, const struct sl_record_facts *facts, bool keep_escapes,
                   char out[static SL_RECORD_NAME_MAX])
{
    struct base base = {.len = 0};
    char value[VALUE_MAX];
    enum element element;

    for (const char *at = template; *at;) {
        size_t len = *at == '{' ? find_element(at, &element) : 0;
        if (len == 0) {
            len = 1 + strcspn(at + 1, "{");
            add_text(&base, at, len, keep_escapes);
        } else if (value_of(element, facts, value)) {
            add_text(&base, value, strlen(value), false);
        } else {
            add_unit(&base, at, len);
        }
        at += len;
    }
    if (base.len == 0) /* all of its elements are empty */
        add_unit(&base, "recording", strlen("recording"));
    memcpy(out, base.text, sizeof(base.text));
}

void sl_record_name_build(const char *template, const struct sl_record_facts *facts,
                          char out[static SL_RECORD_NAME_MAX])
{
    expand(template, facts, false, out);
}

void sl_record_name_resolve(const char *name, const struct sl_record_facts *facts,
                            char out[static SL_RECORD_NAME_MAX])
{
    expand(name, facts, true, out);
}

void sl_record_name_finish(const char *base, unsigned number, enum sl_container container,
                           char out[static SL_RECORD_NAME_MAX])
{
    char suffix[NUMBER_MAX + 2] = "";

    if (number > 0)
        (void)snprintf(suffix, sizeof(suffix), "_%u", number);
    (void)snprintf(out, SL_RECORD_NAME_MAX, "%.*s%s.%s", BASE_MAX, base, suffix,
                   sl_container_extension(container));
}

bool sl_record_name_is_served(const char *name)
{
    enum sl_container container;
    size_t len = strlen(name);

    return len < SL_RECORD_NAME_MAX && name[0] != '.' && name[0] != '-' && !strchr(name, '/') &&
           sl_record_container_of(name, &container);
}
