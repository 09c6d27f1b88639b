/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The statistics page as the SDK reads it (rest-api.md section 10): lines of dashes with a group's
 * name, lines key=value, nothing else, no empty line, so no newline at the end either. And the same
 * as JSON, by group.
 */
#include "rest/parts.h"

#include "base/clock.h"
#include "base/mem.h"
#include "rest/process.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
    PAGE_MAX = 4096,
    CPU_SAMPLE_US = SL_US_PER_S, /* shorter spans say more of this page than of the load */
};

enum source { NUMBER, HEADER, ALWAYS_ZERO, THREADS, CPU, MEMORY_TOTAL, MEMORY_FREE };

#define STAT(key, field)  key, NUMBER, offsetof(struct sl_figures, field), NULL
#define GROUP(line, json) line, HEADER, 0, json

static const struct {
    const char *key; /* or the whole header line */
    enum source source;
    size_t offset;    /* of a NUMBER */
    const char *json; /* of a HEADER: the group's name there */
} rows[] = {
    {GROUP("-----Connection Stats-----", "connections_stats")},
    {STAT("connections", connections)},
    {STAT("connections_websocket", connections)},
    {GROUP("-----Stream Stats-----", "streams_stats")},
    {STAT("streams_webrtc_in", webrtc.in)},
    {STAT("streams_webrtc_out", webrtc.out)},
    {STAT("streams_websocket_out", websocket.out)},
    {STAT("streams_rtmp_in", rtmp.in)},
    {STAT("streams_rtmp_out", rtmp.out)},
    {"streams_rtmfp_in", ALWAYS_ZERO, 0, NULL},
    {"streams_rtmfp_out", ALWAYS_ZERO, 0, NULL},
    {STAT("streams_rtsp_in", rtsp.in)},
    {STAT("streams_rtsp_out", rtsp.out)},
    {STAT("streams_viewers", viewers)},
    {GROUP("-----Call Stats-----", "call_stats")},
    {STAT("calls_sip_in", calls.incoming)},
    {STAT("calls_sip_out", calls.outgoing)},
    {STAT("calls_sip_established", calls.established)},
    {STAT("calls_sip_registered", calls.registered)},
    {STAT("calls_sip_unregistered", calls.unregistered)},
    {GROUP("-----Port Stats-----", "port_stats")},
    {"ports_media_free", ALWAYS_ZERO, 0, NULL},
    {STAT("ports_media_busy", ports_busy)},
    {"ports_media_quarantine", ALWAYS_ZERO, 0, NULL},
    {GROUP("-----Transcoding Stats-----", "transcoding_stats")},
    {STAT("transcoding_variants", variants)},
    {STAT("transcoding_processes", codec_processes)},
    {GROUP("-----Core Stats-----", "core_stats")},
    {"core_threads", THREADS, 0, NULL},
    {GROUP("-----System Stats-----", "system_stats")},
    {"system_java_cpu_usage", CPU, 0, NULL}, /* the key's name is the original's */
    {"system_memory_total", MEMORY_TOTAL, 0, NULL},
    {"system_memory_free", MEMORY_FREE, 0, NULL},
};

/* Percent of one core since the last sample; the first one covers the whole life. */
static double cpu_percent(struct sl_stat *stat, double cpu_s)
{
    int64_t now_us = sl_now_us(), span_us = now_us - stat->sampled_us;

    if (span_us >= CPU_SAMPLE_US) {
        stat->cpu_percent = (cpu_s - stat->cpu_s) * 100 * SL_US_PER_S / (double)span_us;
        stat->cpu_s = cpu_s;
        stat->sampled_us = now_us;
    }
    return stat->cpu_percent;
}

static uint64_t number_at(const struct sl_figures *figures, size_t offset)
{
    uint64_t value;

    memcpy(&value, (const char *)figures + offset, sizeof(value));
    return value;
}

/* What the rows tell of one moment. */
struct sample {
    struct sl_figures figures;
    struct sl_process process;
    double cpu_percent;
};

static void take_sample(struct sl_stat *stat, struct sample *out)
{
    sl_figures_take(stat->parts, &out->figures);
    sl_process_read(&out->process);
    out->cpu_percent = cpu_percent(stat, out->process.cpu_s);
}

/* Of all but HEADER and CPU. */
static uint64_t value_of(size_t row, const struct sample *sample)
{
    switch (rows[row].source) {
    case NUMBER:
        return number_at(&sample->figures, rows[row].offset);
    case THREADS:
        return sample->process.threads;
    case MEMORY_TOTAL:
        return sample->process.memory_total;
    case MEMORY_FREE:
        return sample->process.memory_free;
    case HEADER:
    case CPU:
    case ALWAYS_ZERO:
        break;
    }
    return 0;
}

/* ---- As lines ---- */

static void write_row(FILE *page, size_t row, const struct sample *sample)
{
    fputs(rows[row].key, page);
    if (rows[row].source == CPU)
        fprintf(page, "=%.1f", sample->cpu_percent);
    else if (rows[row].source != HEADER)
        fprintf(page, "=%llu", (unsigned long long)value_of(row, sample));
}

void sl_stat_write(struct sl_stat *stat, FILE *page)
{
    struct sample sample;

    take_sample(stat, &sample);
    for (size_t row = 0; row < SL_ARRAY_LEN(rows); row++) {
        if (row > 0)
            fputc('\n', page);
        write_row(page, row, &sample);
    }
}

static void answer_lines(struct sl_call *call, struct sl_stat *stat)
{
    char text[PAGE_MAX] = "";
    FILE *page = fmemopen(text, sizeof(text), "w");

    if (!page) {
        sl_reply_error(call, 500, "out of memory");
        return;
    }
    sl_stat_write(stat, page);
    (void)fclose(page); /* memory only */
    sl_reply_text(call, 200, SL_TYPE_TEXT, text, strlen(text));
}

/* ---- As JSON ---- */

/* Is this group one of the comma list? "": all are. */
static bool is_wanted(const char *groups, const char *name)
{
    size_t len = strlen(name);

    if (!groups[0])
        return true;
    for (const char *at = groups; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, len) == 0 && (at[len] == ',' || at[len] == '\0'))
            return true;
    }
    return false;
}

static json_t *build_groups(struct sl_stat *stat, const char *groups)
{
    json_t *out = json_object(), *group = NULL;
    struct sample sample;

    take_sample(stat, &sample);
    for (size_t row = 0; row < SL_ARRAY_LEN(rows); row++) {
        if (rows[row].source == HEADER) {
            group = is_wanted(groups, rows[row].json) ? json_object() : NULL;
            if (group)
                (void)json_object_set_new(out, rows[row].json, group);
        } else if (group) {
            (void)json_object_set_new(group, rows[row].key,
                                      rows[row].source == CPU
                                          ? json_real(sample.cpu_percent)
                                          : json_integer((json_int_t)value_of(row, &sample)));
        }
    }
    return out;
}

static void answer_json(struct sl_call *call, struct sl_stat *stat)
{
    const char *query = sl_http_query(sl_call_request(call));
    char groups[SL_QUERY_VALUE_MAX];

    if (sl_query_get(query, "groups", groups) < 0)
        groups[0] = '\0';
    json_t *out = build_groups(stat, groups);
    json_t *transcoding = json_object_get(out, "transcoding_stats");
    if (transcoding) {
        json_t *distributors = sl_distributors_take(stat->parts);
        (void)json_object_update(transcoding, distributors);
        json_decref(distributors);
    }
    sl_reply_json(call, 200, out);
}

static void answer_stat(struct sl_call *call, void *arg)
{
    char format[SL_QUERY_VALUE_MAX];

    if (sl_query_get(sl_http_query(sl_call_request(call)), "format", format) == 0 &&
        strcmp(format, "json") == 0)
        answer_json(call, arg);
    else
        answer_lines(call, arg);
}

static const struct sl_route routes[] = {
    {.methods = "GET",
     .path = "/",
     .action = "stat",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_stat,
     .about = "statistics as lines of key=value; with format=json by group, all or those of "
              "groups=a,b",
     .answer = "text/plain"},
};

void sl_stat_add(struct sl_stat *stat, struct sl_router *router)
{
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), stat);
}
