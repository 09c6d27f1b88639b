/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines to rows, rows to levels. */
#include "hls/profiles.h"

#include "base/error.h"
#include "base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILE_MAX = 64 * 1024,
    DEPTH = 4, /* profiles, a name, video, a value */
    SIDE_MIN = 16,
    SIDE_MAX = 4096,
    BITRATE_MIN_KBPS = 32,
    BITRATE_MAX_KBPS = 20000,
    FPS_MAX = 120,
    GOP_MAX = 6000,
    VALUE_DIGITS_MAX = 9,
};

/* ---- Lines ---- */

struct line {
    size_t number, indent;
    const char *key, *value; /* value_len 0: it opens a level */
    size_t key_len, value_len;
};

static size_t trimmed(const char *text, size_t len)
{
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        len--;
    return len;
}

/* `key: value`, `key:` or nothing, with a comment behind it. False: it is neither. */
static bool read_line(const char *text, size_t len, struct line *out)
{
    const char *comment = memchr(text, '#', len);

    if (comment)
        len = (size_t)(comment - text);
    len = trimmed(text, len);
    out->indent = 0;
    while (out->indent < len && text[out->indent] == ' ')
        out->indent++;
    text += out->indent;
    len -= out->indent;
    out->key_len = 0;
    if (len == 0 || (len == 3 && memcmp(text, "---", 3) == 0))
        return true;
    const char *colon = memchr(text, ':', len);
    if (!colon || colon == text)
        return false;
    out->key = text;
    out->key_len = trimmed(text, (size_t)(colon - text));
    out->value = colon + 1;
    out->value_len = len - (size_t)(colon + 1 - text);
    while (out->value_len > 0 && *out->value == ' ') {
        out->value++;
        out->value_len--;
    }
    return out->key_len > 0;
}

static bool is_key(const struct line *line, const char *key)
{
    return line->key_len == strlen(key) && memcmp(line->key, key, line->key_len) == 0;
}

/* ---- Rows ---- */

struct reading {
    struct sl_hls_profiles *out;
    struct sl_hls_profile *profile; /* the last that was named; NULL */
    size_t indents[DEPTH];          /* of the keys that are open */
    size_t depth;                   /* how many of them there are */
    bool in_profiles, in_video;     /* of the first and the third */
    struct sl_error *error;
};

static int refuse(const struct reading *reading, const struct line *line, const char *why)
{
    return sl_error_set(reading->error, -EBADMSG, "line %zu: %s", line->number, why);
}

static int begin_profile(struct reading *reading, const struct line *line)
{
    const char *name = line->key;
    size_t len = line->key_len;

    if (*name == '-') {
        name++;
        len--;
    }
    while (len > 0 && *name == ' ') {
        name++;
        len--;
    }
    if (len == 0 || len > SL_HLS_PROFILE_NAME_MAX)
        return refuse(reading, line, "a profile's name has 1 to 32 characters");
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
            return refuse(reading, line, "a profile's name is of letters, digits, '.', '_', '-'");
    }
    if (reading->out->count == SL_HLS_PROFILES_MAX)
        return refuse(reading, line, "at most 8 profiles");
    for (size_t i = 0; i < reading->out->count; i++) {
        const char *other = reading->out->rows[i].name;
        if (strlen(other) == len && memcmp(other, name, len) == 0)
            return refuse(reading, line, "this profile is there already");
    }
    reading->profile = &reading->out->rows[reading->out->count++];
    *reading->profile = (struct sl_hls_profile){.width = 0};
    memcpy(reading->profile->name, name, len);
    return 0;
}

/* -1: it is no number in these bounds. */
static int64_t number_of(const struct line *line, int64_t min, int64_t max)
{
    int64_t value = 0;

    if (line->value_len == 0 || line->value_len > VALUE_DIGITS_MAX)
        return -1;
    for (size_t i = 0; i < line->value_len; i++) {
        if (!isdigit((unsigned char)line->value[i]))
            return -1;
        value = value * 10 + (line->value[i] - '0');
    }
    return value < min || value > max ? -1 : value;
}

static int take_value(struct reading *reading, const struct line *line)
{
    struct sl_hls_profile *profile = reading->profile;
    static const struct {
        const char *key;
        int64_t min, max;
    } rows[] = {{"width", SIDE_MIN, SIDE_MAX},
                {"height", SIDE_MIN, SIDE_MAX},
                {"bitrate", BITRATE_MIN_KBPS, BITRATE_MAX_KBPS},
                {"fps", 1, FPS_MAX},
                {"gop", 1, GOP_MAX}};

    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++) {
        if (!is_key(line, rows[i].key))
            continue;
        int64_t value = number_of(line, rows[i].min, rows[i].max);
        if (value < 0)
            return sl_error_set(reading->error, -EBADMSG, "line %zu: %s is %lld to %lld",
                                line->number, rows[i].key, (long long)rows[i].min,
                                (long long)rows[i].max);
        switch (i) {
        case 0:
            profile->width = (uint16_t)value;
            break;
        case 1:
            profile->height = (uint16_t)value;
            break;
        case 2:
            profile->bitrate_kbps = (uint32_t)value;
            break;
        case 3:
            profile->fps = (uint8_t)value;
            break;
        case 4:
            profile->gop = (uint16_t)value;
            break;
        }
        return 0;
    }
    return 0; /* one that is not asked for here */
}

/* Keys stand below the last one that is less indented. */
static int take_line(struct reading *reading, const struct line *line)
{
    while (reading->depth > 0 && line->indent <= reading->indents[reading->depth - 1])
        reading->depth--;
    if (reading->depth == DEPTH)
        return refuse(reading, line, "nested too deeply");
    size_t depth = reading->depth;
    reading->indents[reading->depth++] = line->indent;
    switch (depth) {
    case 0:
        reading->in_profiles = is_key(line, "profiles");
        return reading->in_profiles ? 0 : refuse(reading, line, "expected profiles:");
    case 1:
        return begin_profile(reading, line);
    case 2:
        reading->in_video = is_key(line, "video");
        return 0;
    default:
        return reading->in_video ? take_value(reading, line) : 0;
    }
}

static int check_rows(const struct reading *reading)
{
    const struct sl_hls_profiles *out = reading->out;

    if (out->count == 0)
        return sl_error_set(reading->error, -EBADMSG, "there are no profiles");
    for (size_t i = 0; i < out->count; i++) {
        if (out->rows[i].height == 0)
            return sl_error_set(reading->error, -EBADMSG, "profile %s has no height",
                                out->rows[i].name);
    }
    return 0;
}

int sl_hls_profiles_parse(const char *text, size_t len, struct sl_hls_profiles *out,
                          struct sl_error *error)
{
    struct sl_hls_profiles found = {.count = 0};
    struct reading reading = {.out = &found, .error = error};
    struct line line = {.number = 0};

    while (len > 0) {
        const char *newline = memchr(text, '\n', len);
        size_t line_len = newline ? (size_t)(newline - text) : len;
        line.number++;
        if (memchr(text, '\t', line_len) || memchr(text, '\0', line_len))
            return refuse(&reading, &line, "lines are indented with blanks");
        if (!read_line(text, line_len, &line))
            return refuse(&reading, &line, "expected KEY: or KEY: VALUE");
        int err = line.key_len > 0 ? take_line(&reading, &line) : 0;
        if (err < 0)
            return err;
        line_len += newline != NULL;
        text += line_len;
        len -= line_len;
    }
    int err = check_rows(&reading);
    if (err == 0)
        *out = found;
    return err;
}

int sl_hls_profiles_load(const char *path, struct sl_hls_profiles *out, struct sl_error *error)
{
    char *text = sl_alloc(FILE_MAX);
    struct sl_error words = {""};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t len = fd < 0 ? -1 : read(fd, text, FILE_MAX);
    int err;

    if (len < 0)
        err = sl_error_set(error, -errno, "hls_abr_profiles: %.200s: %s", path, strerror(errno));
    else if (len == FILE_MAX)
        err = sl_error_set(error, -EBADMSG, "hls_abr_profiles: %.200s is too long", path);
    else if ((err = sl_hls_profiles_parse(text, (size_t)len, out, &words)) < 0)
        err = sl_error_set(error, err, "hls_abr_profiles: %.200s: %.200s", path, words.text);
    if (fd >= 0)
        (void)close(fd); /* read only: nothing to lose */
    free(text);
    return err;
}

/* ---- Levels ---- */

bool sl_hls_profiles_suits(const struct sl_hls_profiles *profiles, size_t index, uint16_t height)
{
    if (profiles->rows[index].height <= height)
        return true;
    for (size_t i = 0; i < profiles->count; i++) {
        uint16_t other = profiles->rows[i].height, own = profiles->rows[index].height;
        if (other < own || (other == own && i < index))
            return false;
    }
    return true;
}

bool sl_hls_level_name(const char *source, const struct sl_hls_profile *profile,
                       char out[static SL_STREAM_NAME_MAX + 1])
{
    int len = snprintf(out, SL_STREAM_NAME_MAX + 1, "%s-%s", source, profile->name);

    return len <= SL_STREAM_NAME_MAX;
}

const struct sl_hls_profile *sl_hls_level_of(const struct sl_hls_profiles *profiles,
                                             const char *name,
                                             char source[static SL_STREAM_NAME_MAX + 1])
{
    size_t len = strlen(name);

    for (size_t i = 0; i < profiles->count; i++) {
        const struct sl_hls_profile *profile = &profiles->rows[i];
        size_t end_len = strlen(profile->name) + 1; /* the dash */
        if (len <= end_len || len > SL_STREAM_NAME_MAX || name[len - end_len] != '-' ||
            strcmp(name + len - end_len + 1, profile->name) != 0)
            continue;
        memcpy(source, name, len - end_len);
        source[len - end_len] = '\0';
        return profile;
    }
    return NULL;
}
