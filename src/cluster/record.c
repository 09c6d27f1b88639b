/* SPDX-License-Identifier: GPL-3.0-or-later */
/* {"uri":"wss://a.example:8443","started":1700000000000,"streams":3,"players":40,"cpu":12.5} */
#include "cluster/record.h"

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/net.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

enum { NESTING_MAX = 16, VALUES_MAX = 1024 };

#define CPU_PERCENT_MAX 1e6
#define STARTED_MS_MAX  ((json_int_t)1 << 53) /* every reader's numbers go so far */

bool sl_cluster_id_is_valid(const char *id, size_t len)
{
    if (len == 0 || len > SL_CLUSTER_ID_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = id[i];
        if ((c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z'))
            return false;
    }
    return true;
}

bool sl_cluster_uri_is_valid(const char *uri)
{
    bool tls;
    const char *host = sl_reach_after_scheme(SL_REACH_WS, uri, &tls);

    if (!host || strcspn(host, "/?#") == 0 || strlen(uri) > SL_CLUSTER_URI_MAX)
        return false;
    for (; *uri; uri++) {
        if ((unsigned char)*uri <= 0x20 || (unsigned char)*uri >= 0x7f)
            return false;
    }
    return true;
}

/* ---- Building ---- */

static double within(double value, double max)
{
    return value >= 0 ? (value <= max ? value : max) : 0; /* NaN gives 0 */
}

char *sl_cluster_record_build(const struct sl_cluster_node *node)
{
    int64_t started_ms = node->started_ms < 0                ? 0
                         : node->started_ms > STARTED_MS_MAX ? STARTED_MS_MAX
                                                             : node->started_ms;
    json_t *record = json_pack("{s:s, s:I, s:I, s:I, s:f}", "uri", node->uri, "started",
                               (json_int_t)started_ms, "streams", (json_int_t)node->load.streams,
                               "players", (json_int_t)node->load.players, "cpu",
                               within(node->load.cpu_percent, CPU_PERCENT_MAX));
    char *text = record ? json_dumps(record, JSON_COMPACT) : NULL;

    if (!text) {
        sl_log(SL_LOG_ERROR, NULL, "out of memory");
        abort(); /* as sl_alloc(): small and of our own making */
    }
    json_decref(record);
    return text;
}

/* ---- Parsing ---- */

static int take_integer(const json_t *record, const char *key, json_int_t max, json_int_t *out,
                        struct sl_error *error)
{
    const json_t *value = json_object_get(record, key);

    if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > max)
        return sl_error_set(error, -EBADMSG, "%s: must be a whole number from 0 on", key);
    *out = json_integer_value(value);
    return 0;
}

static int take_uri(const json_t *record, struct sl_cluster_node *out, struct sl_error *error)
{
    const char *uri = json_string_value(json_object_get(record, "uri"));

    if (!uri || !sl_cluster_uri_is_valid(uri))
        return sl_error_set(error, -EBADMSG, "uri: must be a ws:// or wss:// URL");
    memcpy(out->uri, uri, strlen(uri) + 1);
    return 0;
}

static int take_cpu(const json_t *record, struct sl_cluster_node *out, struct sl_error *error)
{
    const json_t *value = json_object_get(record, "cpu");
    double cpu = json_number_value(value);

    if (!json_is_number(value) || !(cpu >= 0 && cpu <= CPU_PERCENT_MAX))
        return sl_error_set(error, -EBADMSG, "cpu: must be a number from 0 on");
    out->load.cpu_percent = cpu;
    return 0;
}

static int take_fields(const json_t *record, struct sl_cluster_node *out, struct sl_error *error)
{
    json_int_t started_ms = 0, streams = 0, players = 0;
    int err = take_uri(record, out, error);

    if (err == 0)
        err = take_integer(record, "started", STARTED_MS_MAX, &started_ms, error);
    if (err == 0)
        err = take_integer(record, "streams", UINT32_MAX, &streams, error);
    if (err == 0)
        err = take_integer(record, "players", UINT32_MAX, &players, error);
    if (err == 0)
        err = take_cpu(record, out, error);
    out->started_ms = started_ms;
    out->load.streams = (uint32_t)streams;
    out->load.players = (uint32_t)players;
    return err;
}

int sl_cluster_record_parse(const char *id, size_t id_len, const char *text, size_t len,
                            struct sl_cluster_node *out, struct sl_error *error)
{
    struct sl_cluster_node node = {.self = false};

    if (!sl_cluster_id_is_valid(id, id_len))
        return sl_error_set(error, -EBADMSG, "the id is none");
    memcpy(node.id, id, id_len);
    if (len > SL_CLUSTER_RECORD_MAX ||
        sl_json_check(text, len, NESTING_MAX, VALUES_MAX) != SL_JSON_GOOD)
        return sl_error_set(error, -EBADMSG, "too long, too deep, or no JSON");
    json_t *record = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    int err = json_is_object(record) ? take_fields(record, &node, error)
                                     : sl_error_set(error, -EBADMSG, "no JSON object");
    json_decref(record);
    if (err == 0)
        *out = node;
    return err;
}
