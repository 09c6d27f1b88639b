/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A bounded writer of JSON for people. */
#include "hooks/show.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    STRING_SHOWN = 80,
    RAW_READ = 4096, /* of a text that is passed on: more of it would only cost time */
};

struct text {
    char *at, *end; /* end: where the dots go when it is full */
    bool full;
};

static void append(struct text *text, const char *piece)
{
    size_t len = strlen(piece);

    if (text->full || len > (size_t)(text->end - text->at)) {
        text->full = true;
        return;
    }
    memcpy(text->at, piece, len);
    text->at += len;
}

static void append_string(struct text *text, const char *string)
{
    char quoted[STRING_SHOWN + 3], cut[STRING_SHOWN + 1];

    (void)snprintf(cut, sizeof(cut), "%s", string); /* cut is fine */
    append(text, sl_log_quote(quoted, sizeof(quoted), cut));
    if (strlen(string) > STRING_SHOWN)
        append(text, "...");
}

/* A URL may have a password in front of its host, and tokens in its query. */
static void append_url(struct text *text, const char *url)
{
    const char *host = strstr(url, "://") + strlen("://");
    size_t scheme_len = (size_t)(host - url), authority_len = strcspn(host, "/?");
    const char *at = memrchr(host, '@', authority_len);
    size_t path_len;
    char shown[STRING_SHOWN + 1];

    if (at)
        host = at + 1;
    path_len = strcspn(host, "?");
    (void)snprintf(shown, sizeof(shown), "%.*s%s%.*s%s", (int)scheme_len, url, at ? "***@" : "",
                   (int)path_len, host, host[path_len] ? "?***" : ""); /* cut is fine */
    append_string(text, shown);
}

static bool is_secret(const char *key)
{
    static const char *const words[] = {"password", "passwd",        "pwd",        "secret",
                                        "token",    "authorization", "credential", "apikey",
                                        "api_key",  "rtmpurl",       "rtspurl",    "aclauth"};

    for (size_t i = 0; i < SL_ARRAY_LEN(words); i++) {
        if (strcasestr(key, words[i]))
            return true;
    }
    return false;
}

static void append_value(struct text *text, json_t *value);

static void append_object(struct text *text, json_t *object)
{
    const char *key, *comma = "{";
    json_t *item;

    json_object_foreach(object, key, item)
    {
        if (text->full)
            return;
        append(text, comma);
        append_string(text, key);
        append(text, ":");
        if (is_secret(key))
            append(text, "\"***\"");
        else
            append_value(text, item);
        comma = ",";
    }
    append(text, *comma == '{' ? "{}" : "}");
}

static void append_array(struct text *text, json_t *array)
{
    size_t i;
    json_t *item;

    append(text, "[");
    json_array_foreach(array, i, item)
    {
        if (text->full)
            return;
        append(text, i > 0 ? "," : "");
        append_value(text, item);
    }
    append(text, "]");
}

/* Read, so that what is secret in it stays so. */
static void append_raw(struct text *text, struct sl_json_span raw)
{
    char size[40];
    json_t *value = raw.len <= RAW_READ
                        ? json_loadb(raw.text, raw.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL)
                        : NULL;

    if (value && !sl_json_raw_text(value).text) {
        append_value(text, value);
    } else {
        (void)snprintf(size, sizeof(size), "(%zu bytes)", raw.len); /* fits */
        append(text, size);
    }
    json_decref(value);
}

static void append_value(struct text *text, json_t *value)
{
    char number[40];
    struct sl_json_span raw = sl_json_raw_text(value);

    if (raw.text) {
        append_raw(text, raw);
        return;
    }

    switch (json_typeof(value)) {
    case JSON_OBJECT:
        append_object(text, value);
        break;
    case JSON_ARRAY:
        append_array(text, value);
        break;
    case JSON_STRING:
        if (strstr(json_string_value(value), "://"))
            append_url(text, json_string_value(value));
        else
            append_string(text, json_string_value(value));
        break;
    case JSON_INTEGER:
        (void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        append(text, number);
        break;
    case JSON_REAL:
        (void)snprintf(number, sizeof(number), "%.17g", json_real_value(value));
        append(text, number);
        break;
    case JSON_TRUE:
        append(text, "true");
        break;
    case JSON_FALSE:
        append(text, "false");
        break;
    case JSON_NULL:
        append(text, "null");
        break;
    }
}

char *sl_hook_show(char *out, size_t out_len, json_t *value)
{
    static const char dots[] = "...";

    assert(out_len >= 2 * sizeof(dots));
    struct text text = {.at = out, .end = out + out_len - sizeof(dots)};
    if (value)
        append_value(&text, value);
    (void)snprintf(text.at, sizeof(dots), "%s", text.full ? dots : ""); /* fits */
    return out;
}
