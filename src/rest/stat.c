/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The statistics page as the SDK reads it (rest-api.md section 10): lines of dashes with a group's
 * name, lines key=value, nothing else, no empty line, so no newline at the end either.
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

#define STAT(key, field) key, NUMBER, offsetof(struct sl_figures, field)

static const struct {
    const char *key; /* or the whole header line */
    enum source source;
    size_t offset; /* of a NUMBER */
} rows[] = {
    {"-----Connection Stats-----", HEADER, 0},
    {STAT("connections", connections)},
    {STAT("connections_websocket", connections)},
    {"-----Stream Stats-----", HEADER, 0},
    {STAT("streams_webrtc_in", webrtc.in)},
    {STAT("streams_webrtc_out", webrtc.out)},
    {STAT("streams_websocket_out", websocket.out)},
    {STAT("streams_rtmp_in", rtmp.in)},
    {STAT("streams_rtmp_out", rtmp.out)},
    {"streams_rtmfp_in", ALWAYS_ZERO, 0},
    {"streams_rtmfp_out", ALWAYS_ZERO, 0},
    {STAT("streams_rtsp_in", rtsp.in)},
    {STAT("streams_rtsp_out", rtsp.out)},
    {STAT("streams_viewers", viewers)},
    {"-----Port Stats-----", HEADER, 0},
    {"ports_media_free", ALWAYS_ZERO, 0},
    {STAT("ports_media_busy", ports_busy)},
    {"ports_media_quarantine", ALWAYS_ZERO, 0},
    {"-----Core Stats-----", HEADER, 0},
    {"core_threads", THREADS, 0},
    {"-----System Stats-----", HEADER, 0},
    {"system_java_cpu_usage", CPU, 0}, /* the key's name is the original's */
    {"system_memory_total", MEMORY_TOTAL, 0},
    {"system_memory_free", MEMORY_FREE, 0},
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

static void write_row(FILE *page, size_t row, struct sl_stat *stat,
                      const struct sl_figures *figures, const struct sl_process *process)
{
    unsigned long long value = 0;

    fputs(rows[row].key, page);
    switch (rows[row].source) {
    case HEADER:
        return;
    case CPU:
        fprintf(page, "=%.1f", cpu_percent(stat, process->cpu_s));
        return;
    case NUMBER:
        value = number_at(figures, rows[row].offset);
        break;
    case ALWAYS_ZERO:
        break;
    case THREADS:
        value = process->threads;
        break;
    case MEMORY_TOTAL:
        value = process->memory_total;
        break;
    case MEMORY_FREE:
        value = process->memory_free;
        break;
    }
    fprintf(page, "=%llu", value);
}

void sl_stat_write(struct sl_stat *stat, FILE *page)
{
    struct sl_figures figures;
    struct sl_process process;

    sl_figures_take(stat->parts, &figures);
    sl_process_read(&process);
    for (size_t row = 0; row < SL_ARRAY_LEN(rows); row++) {
        if (row > 0)
            fputc('\n', page);
        write_row(page, row, stat, &figures, &process);
    }
}

static void answer_stat(struct sl_call *call, void *arg)
{
    char text[PAGE_MAX] = "";
    FILE *page = fmemopen(text, sizeof(text), "w");

    if (!page) {
        sl_reply_error(call, 500, "out of memory");
        return;
    }
    sl_stat_write(arg, page);
    (void)fclose(page); /* memory only */
    sl_reply_text(call, 200, SL_TYPE_TEXT, text, strlen(text));
}

static const struct sl_route routes[] = {
    {.methods = "GET",
     .path = "/",
     .action = "stat",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_stat,
     .about = "statistics as lines of key=value",
     .answer = "text/plain"},
};

void sl_stat_add(struct sl_stat *stat, struct sl_router *router)
{
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), stat);
}
