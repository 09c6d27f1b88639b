/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names in paths, parameters in queries. */
#include "hls/address.h"

#include "base/mem.h"
#include "base/percent.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

static const char extension[] = ".m3u8";

enum {
    EXTENSION_LEN = sizeof(extension) - 1,
    ENCODED_LEN = 3, /* %XX */
    NUMBER_DIGITS_MAX = 15,
};

/* ---- Paths ---- */

static bool take_name(const char *name, size_t len, struct sl_hls_address *out)
{
    if (len == 0 || len > SL_STREAM_NAME_MAX)
        return false;
    memcpy(out->name, name, len);
    out->name[len] = '\0';
    return strcmp(out->name, ".") != 0 && strcmp(out->name, "..") != 0 &&
           sl_stream_name_is_valid(out->name);
}

static bool is_list(const char *path, size_t len, struct sl_hls_address *out)
{
    if (len < EXTENSION_LEN + 4 || (len - EXTENSION_LEN) % 2 != 0 ||
        strcmp(path + len - EXTENSION_LEN, extension) != 0)
        return false;
    size_t half = (len - EXTENSION_LEN) / 2; /* a slash and the name */
    return path[half] == '/' && memcmp(path, path + half, half) == 0 &&
           take_name(path + 1, half - 1, out);
}

static bool is_file(const char *path, struct sl_hls_address *out)
{
    const char *slash = strrchr(path, '/');

    if (slash == path || slash[1] == '\0')
        return false;
    out->file = slash + 1;
    return take_name(path + 1, (size_t)(slash - path) - 1, out);
}

void sl_hls_address_parse(const char *path, struct sl_hls_address *out)
{
    size_t len = strlen(path);

    *out = (struct sl_hls_address){.kind = SL_HLS_NOTHING};
    if (path[0] != '/')
        return;
    if (is_list(path, len, out))
        out->kind = SL_HLS_LIST;
    else if (is_file(path, out))
        out->kind = SL_HLS_FILE;
}

/* ---- Queries ---- */

struct reading {
    struct sl_hls_query query;
    size_t count;
    char *end; /* of the suffix */
};

static int read_number(const char *text, int64_t *out)
{
    size_t len = strlen(text);

    if (len == 0 || len > NUMBER_DIGITS_MAX || strspn(text, "0123456789") != len)
        return -EBADMSG;
    *out = strtoll(text, NULL, 10);
    return 0;
}

static int take_param(struct reading *reading, const char *name, const char *value, bool has_value)
{
    struct sl_hls_query *query = &reading->query;

    if (strcmp(name, "_HLS_msn") == 0)
        return read_number(value, &query->msn);
    if (strcmp(name, "_HLS_part") == 0)
        return read_number(value, &query->part);
    if (strcmp(name, "_HLS_skip") == 0)
        return 0; /* no list here is long enough for deltas */
    if (++reading->count > SL_HLS_PARAMS_MAX)
        return -E2BIG;
    if (sl_text_has_controls(name) || sl_text_has_controls(value) ||
        json_object_set_new(query->params, name, json_string(value)) < 0)
        return -EBADMSG; /* what is not UTF-8 makes no string */
    *reading->end++ = reading->count == 1 ? '?' : '&';
    reading->end = sl_percent_encode(reading->end, name);
    if (has_value) {
        *reading->end++ = '=';
        reading->end = sl_percent_encode(reading->end, value);
    }
    return 0;
}

static int read_param(struct reading *reading, const char *text, size_t len)
{
    char name[SL_HLS_QUERY_MAX + 1], value[SL_HLS_QUERY_MAX + 1];
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals ? (size_t)(equals - text) : len;
    int err = sl_percent_decode(text, name_len, name);

    value[0] = '\0';
    if (err == 0 && equals)
        err = sl_percent_decode(equals + 1, len - name_len - 1, value);
    return err < 0 ? err : take_param(reading, name, value, equals != NULL);
}

int sl_hls_query_parse(const char *raw, struct sl_hls_query *out)
{
    size_t len = strlen(raw);
    int err = 0;

    if (len > SL_HLS_QUERY_MAX)
        return -E2BIG;
    struct reading reading = {
        .query = {.params = json_object(), .suffix = sl_alloc(ENCODED_LEN * len + 2)}};
    reading.query.msn = -1;
    reading.query.part = -1;
    reading.end = reading.query.suffix;
    while (*raw && err == 0) {
        size_t param_len = strcspn(raw, "&");
        if (param_len > 0)
            err = read_param(&reading, raw, param_len);
        raw += param_len;
        raw += *raw == '&';
    }
    if (err < 0) {
        sl_hls_query_deinit(&reading.query);
        return err;
    }
    *out = reading.query;
    return 0;
}

void sl_hls_query_deinit(struct sl_hls_query *query)
{
    json_decref(query->params);
    free(query->suffix);
    *query = (struct sl_hls_query){.params = NULL};
}

const char *sl_hls_query_text(const struct sl_hls_query *query, const char *name)
{
    return json_string_value(json_object_get(query->params, name));
}
