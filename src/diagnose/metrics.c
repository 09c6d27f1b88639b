/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows are kept as lists of texts until they are told: an empty cell is that of the row above. */
#include "diagnose/metrics.h"

#include "base/base64.h"
#include "base/json.h"
#include "base/mem.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

struct sl_client_metrics {
    bool gzip;
    size_t count;
    char *names;                                 /* NUL between them */
    const char *columns[SL_METRICS_COLUMNS_MAX]; /* in names */
    json_t *last;                                /* an object; NULL */
};

struct sl_client_metrics *sl_client_metrics_create(void)
{
    return sl_new(struct sl_client_metrics);
}

void sl_client_metrics_destroy(struct sl_client_metrics *metrics)
{
    if (!metrics)
        return;
    json_decref(metrics->last);
    free(metrics->names);
    free(metrics);
}

/* ---- Columns ---- */

static bool is_utf8(const char *text)
{
    json_t *value = json_string(text);

    json_decref(value);
    return value != NULL;
}

/* How many there are; 0: too many. Each gets a NUL behind it. */
static size_t split(char *names, const char *columns[static SL_METRICS_COLUMNS_MAX])
{
    size_t count = 0;

    for (char *at = names, *next; at; at = next) {
        next = strchr(at, ',');
        if (next)
            *next++ = '\0';
        if (count == SL_METRICS_COLUMNS_MAX)
            return 0;
        columns[count++] = at;
    }
    return count;
}

int sl_client_metrics_describe(struct sl_client_metrics *metrics, const char *headers,
                               const char *compression)
{
    const char *columns[SL_METRICS_COLUMNS_MAX];
    bool gzip = strcmp(compression, "gzip") == 0;

    if ((!gzip && strcmp(compression, "none") != 0) || !headers[0] || !is_utf8(headers) ||
        strlen(headers) > SL_METRICS_HEADERS_LEN_MAX)
        return -EBADMSG;
    char *names = sl_strdup(headers);
    size_t count = split(names, columns);
    if (count == 0) {
        free(names);
        return -EBADMSG;
    }
    free(metrics->names);
    metrics->names = names;
    memcpy(metrics->columns, columns, count * sizeof(*columns));
    metrics->count = count;
    metrics->gzip = gzip;
    return 0;
}

/* ---- Batches ---- */

enum { CELL_BESIDE = 6 }; /* of JSON: "name":"cell", */

/* As much as may be; what would be more is an error, and not read any further. */
static int inflate_all(const uint8_t *data, size_t len, char *out, size_t *out_len)
{
    enum { GZIP_ONLY = 16 + MAX_WBITS };
    z_stream stream = {.next_in = (uint8_t *)(uintptr_t)data,
                       .avail_in = (uInt)len,
                       .next_out = (uint8_t *)out,
                       .avail_out = SL_METRICS_TEXT_MAX};

    if (inflateInit2(&stream, GZIP_ONLY) != Z_OK)
        return -ENOMEM;
    int result = inflate(&stream, Z_FINISH);
    *out_len = stream.total_out;
    (void)inflateEnd(&stream); /* it has no more to say */
    return result == Z_STREAM_END ? 0 : -EBADMSG;
}

/* The rows' JSON; NULL: it is none. */
static json_t *parse(const char *text, size_t len)
{
    json_t *rows = NULL;

    if (sl_json_check(text, len, 2, SL_METRICS_BATCH_ROWS_MAX + 1) == SL_JSON_GOOD)
        rows = json_loadb(text, len, 0, NULL);
    if (json_is_array(rows) && json_array_size(rows) > 0)
        return rows;
    json_decref(rows);
    return NULL;
}

static json_t *unpack(const char *batch, size_t len)
{
    uint8_t *gzipped = sl_alloc(len);
    int gzipped_len = sl_base64_decode(batch, len, gzipped, len);
    char *text = gzipped_len > 0 ? sl_alloc(SL_METRICS_TEXT_MAX) : NULL;
    size_t text_len;
    json_t *rows = NULL;

    if (text && inflate_all(gzipped, (size_t)gzipped_len, text, &text_len) == 0)
        rows = parse(text, text_len);
    free(gzipped);
    free(text);
    return rows;
}

/* A cell as it will be told, with its column's name. False: that is too much. */
static bool takes_room(const char *name, size_t len, size_t *room)
{
    size_t needed = strlen(name) + len + CELL_BESIDE;

    if (needed > *room)
        return false;
    *room -= needed;
    return true;
}

/* A row's cells by the names of their columns; NULL: they are not as many, or too long for the
 * room. above: NULL, or the row above it. */
static json_t *read_row(const struct sl_client_metrics *metrics, const char *text, json_t *above,
                        size_t *room)
{
    json_t *row = json_object();
    const char *at = text;

    for (size_t i = 0; i < metrics->count; i++) {
        size_t len = strcspn(at, ";");
        bool is_last = i + 1 == metrics->count;
        json_t *same = len == 0 ? json_object_get(above, metrics->columns[i]) : NULL;
        if (is_last != (at[len] == '\0') ||
            !takes_room(metrics->columns[i], same ? json_string_length(same) : len, room)) {
            json_decref(row);
            return NULL;
        }
        (void)json_object_set_new(row, metrics->columns[i],
                                  same ? json_incref(same) : json_stringn(at, len));
        at += len + !is_last;
    }
    return row;
}

/* All of them, or none. */
static json_t *read_rows(const struct sl_client_metrics *metrics, json_t *texts)
{
    json_t *rows = json_array(), *text, *above = NULL;
    size_t i, room = SL_METRICS_TOLD_MAX;

    json_array_foreach(texts, i, text)
    {
        json_t *row =
            json_is_string(text) ? read_row(metrics, json_string_value(text), above, &room) : NULL;
        if (!row) {
            json_decref(rows);
            return NULL;
        }
        (void)json_array_append_new(rows, row);
        above = row;
    }
    return rows;
}

int sl_client_metrics_take(struct sl_client_metrics *metrics, const char *batch,
                           void (*fn)(void *arg, json_t *row), void *arg)
{
    size_t len = strlen(batch), i;

    if (metrics->count == 0 || len == 0 || len > SL_METRICS_WIRE_MAX)
        return -EBADMSG;
    json_t *texts = metrics->gzip ? unpack(batch, len) : parse(batch, len);
    json_t *rows = read_rows(metrics, texts), *row;
    json_decref(texts);
    if (json_array_size(rows) == 0) {
        json_decref(rows);
        return -EBADMSG;
    }
    json_array_foreach(rows, i, row)
    {
        if (fn)
            fn(arg, row);
    }
    json_decref(metrics->last);
    metrics->last = json_incref(json_array_get(rows, json_array_size(rows) - 1));
    json_decref(rows);
    return 0;
}

json_t *sl_client_metrics_last(const struct sl_client_metrics *metrics)
{
    return json_incref(metrics->last);
}

/* ---- What is to be measured ---- */

json_t *sl_metrics_description_usual(void)
{
    static const char sent[] = "bytesSent,packetsSent,framesSent,nackCount,pliCount",
                      received[] = "bytesReceived,packetsReceived,packetsLost,jitter";

    return json_pack("{s:{s:{s:s}, s:{s:s}}, s:i, s:i, s:s, s:s}", "types", "outbound-rtp",
                     "metrics", sent, "inbound-rtp", "metrics", received, "sampling", 1000,
                     "batchSize", 30, "compression", "none,gzip", "collect", "off");
}

static bool is_usable(const json_t *description)
{
    return json_is_object(json_object_get(description, "types")) &&
           json_integer_value(json_object_get(description, "sampling")) > 0 &&
           json_integer_value(json_object_get(description, "batchSize")) > 0;
}

/* Only what the SDK reads goes out: paths, key stores and their passwords do not. */
json_t *sl_metrics_description_read(const char *text, size_t len, bool *needs_key)
{
    static const char *const told[] = {"types",   "sampling",    "batchSize",    "compression",
                                       "collect", "ingestPoint", "authorization"};
    json_t *file = sl_json_check(text, len, SL_JSON_DEPTH_MAX, SL_JSON_VALUES_MAX) == SL_JSON_GOOD
                       ? json_loadb(text, len, 0, NULL)
                       : NULL;
    json_t *out = json_is_object(file) ? sl_metrics_description_usual() : NULL;

    for (size_t i = 0; out && i < SL_ARRAY_LEN(told); i++) {
        json_t *value = json_object_get(file, told[i]);
        if (value)
            (void)json_object_set(out, told[i], value);
    }
    *needs_key = json_object_get(file, "keyStore") != NULL;
    json_decref(file);
    if (out && is_usable(out))
        return out;
    json_decref(out);
    return NULL;
}
