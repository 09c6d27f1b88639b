/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of descriptions and headers that clients give. */
#include "calls/extras.h"

#include "base/buffer.h"
#include "base/mem.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum {
    LINES_MAX = 32,
    ONE_LINE_MAX = 512,
    TEXT_MAX = 32768,
};

static void add(struct sl_buffer *out, const char *text, size_t len)
{
    sl_buffer_append(out, text, len);
}

static char *finish(struct sl_buffer *out)
{
    sl_buffer_u8(out, 0);
    char *text = sl_strdup(out->ok ? (const char *)out->data : "");
    sl_buffer_deinit(out);
    return text;
}

/* ---- Descriptions ---- */

static bool is_line(const json_t *value)
{
    const char *text = json_string_value(value);

    return text && json_string_length(value) == strlen(text) && strlen(text) > 2 &&
           strlen(text) <= ONE_LINE_MAX && !sl_text_has_controls(text) &&
           (text[0] == 'a' || text[0] == 'b') && text[1] == '=';
}

static void add_of_kind(struct sl_buffer *out, const json_t *lines, char kind)
{
    size_t count = json_array_size(lines) < LINES_MAX ? json_array_size(lines) : LINES_MAX;

    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(lines, i);
        if (!is_line(value) || json_string_value(value)[0] != kind)
            continue;
        add(out, json_string_value(value), json_string_length(value));
        add(out, "\r\n", 2);
    }
}

static bool lacks_some(const json_t *lines)
{
    if (json_array_size(lines) > LINES_MAX)
        return true;
    for (size_t i = 0; i < json_array_size(lines); i++) {
        if (!is_line(json_array_get(lines, i)))
            return true;
    }
    return false;
}

/* Where the session's part ends. */
static const char *find_media(const char *text)
{
    const char *media = strncmp(text, "m=", 2) == 0 ? text - 1 : strstr(text, "\nm=");

    return media ? media + 1 : text + strlen(text);
}

/* Behind the session's c=; without one, behind its t= (RFC 8866 section 9 has b= between them). */
static const char *find_bandwidth(const char *text, const char *media)
{
    const char *c = strstr(text, "\nc="), *t = strstr(text, "\nt=");
    const char *at = c && c < media ? c + 1 : t && t < media ? t + 1 : NULL;
    const char *end = !at || at[0] == 't' ? at : strchr(at, '\n');

    if (!end)
        return media;
    return at[0] == 't' ? at : end + 1;
}

char *sl_call_add_lines(const char *text, const json_t *lines, bool *left_out)
{
    const char *media = find_media(text), *bandwidth = find_bandwidth(text, media);
    struct sl_buffer out;

    *left_out = lacks_some(lines);
    sl_buffer_init(&out, TEXT_MAX + strlen(text));
    add(&out, text, (size_t)(bandwidth - text));
    add_of_kind(&out, lines, 'b');
    add(&out, bandwidth, (size_t)(media - bandwidth));
    add_of_kind(&out, lines, 'a');
    add(&out, media, strlen(media));
    return finish(&out);
}

/* ---- Headers ---- */

static bool is_allowed(const char *name, size_t len)
{
    static const char *const names[] = {"User-to-User", "Alert-Info", "Call-Info", "Subject",
                                        "Diversion"};

    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)name[i]) && name[i] != '-')
            return false;
    }
    if (len > 2 && (strncasecmp(name, "X-", 2) == 0 || strncasecmp(name, "P-", 2) == 0))
        return true;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (strlen(names[i]) == len && strncasecmp(name, names[i], len) == 0)
            return true;
    }
    return false;
}

static bool add_header(struct sl_buffer *out, const char *name, size_t len, const json_t *value,
                       const char *text)
{
    if (!text ||
        strlen(text) != json_string_length(value) - (size_t)(text - json_string_value(value)) ||
        !is_allowed(name, len) || len > ONE_LINE_MAX || strlen(text) > ONE_LINE_MAX ||
        sl_text_has_controls(text))
        return false;
    add(out, name, len);
    add(out, ": ", 2);
    add(out, text, strlen(text));
    add(out, "\r\n", 2);
    return true;
}

/* `Name: value` */
static bool add_line(struct sl_buffer *out, const json_t *value)
{
    const char *line = json_string_value(value), *colon = line ? strchr(line, ':') : NULL;

    if (!colon)
        return false;
    const char *text = colon + 1;
    while (*text == ' ')
        text++;
    return add_header(out, line, (size_t)(colon - line), value, text);
}

char *sl_call_header_lines(json_t *headers, bool *left_out)
{
    struct sl_buffer out;
    const char *name;
    json_t *value;
    size_t i, count = 0;

    *left_out = false;
    sl_buffer_init(&out, TEXT_MAX);
    json_object_foreach(headers, name, value)
    {
        if (++count > LINES_MAX ||
            !add_header(&out, name, strlen(name), value, json_string_value(value)))
            *left_out = true;
    }
    json_array_foreach(headers, i, value)
    {
        if (i >= LINES_MAX || !add_line(&out, value))
            *left_out = true;
    }
    return finish(&out);
}
