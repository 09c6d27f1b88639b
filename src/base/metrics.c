/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blocks of counters, their sums, and the metrics page. */
#include "base/metrics.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/memstream.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const int64_t sl_histogram_bounds_us[SL_HISTOGRAM_BOUNDS] = {
    1000,   2500,   5000,    10000,   25000,   50000,   100000,
    250000, 500000, 1000000, 2500000, 5000000, 10000000};

struct row {
    const char *name, *labels, *help;
};

static const struct row counter_rows[] = {
#define SL_METRIC_COUNTER(ident, name, labels, help) {name, labels, help},
#include "base/metrics.def"
};

static const struct row histogram_rows[] = {
#define SL_METRIC_HISTOGRAM(ident, name, help) {name, "", help},
#include "base/metrics.def"
};

static const struct row gauge_rows[] = {
#define SL_METRIC_GAUGE(ident, name, help) {name, "", help},
#include "base/metrics.def"
};

struct block {
    struct sl_counters counters; /* first: its alignment is the block's */
    struct block *next;
};

struct sl_metrics {
    pthread_mutex_t lock; /* of the list alone; the numbers need none */
    struct block *blocks;
};

static void die_of_memory(void) __attribute__((noreturn));
static void die_of_memory(void)
{
    sl_log(SL_LOG_ERROR, NULL, "out of memory");
    abort();
}

void sl_observe(struct sl_counters *counters, enum sl_histogram histogram, int64_t us)
{
    size_t bucket = 0;

    if (us < 0)
        us = 0;
    while (bucket < SL_HISTOGRAM_BOUNDS && us > sl_histogram_bounds_us[bucket])
        bucket++;
    sl_metric_add(&counters->histograms[histogram].buckets[bucket], 1);
    sl_metric_add(&counters->histograms[histogram].sum_us, (uint64_t)us);
}

struct sl_metrics *sl_metrics_create(void)
{
    struct sl_metrics *metrics = sl_new(struct sl_metrics);

    (void)pthread_mutex_init(&metrics->lock, NULL); /* cannot fail on Linux without attributes */
    return metrics;
}

void sl_metrics_destroy(struct sl_metrics *metrics)
{
    if (!metrics)
        return;
    for (struct block *block = metrics->blocks; block;) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    (void)pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

struct sl_counters *sl_metrics_register(struct sl_metrics *metrics)
{
    struct block *block = aligned_alloc(_Alignof(struct block), sizeof(*block));

    if (!block)
        die_of_memory();
    memset(block, 0, sizeof(*block));
    (void)pthread_mutex_lock(&metrics->lock);
    block->next = metrics->blocks;
    metrics->blocks = block;
    (void)pthread_mutex_unlock(&metrics->lock);
    return &block->counters;
}

/* Blocks are never taken out and new ones come first, so the caller goes on without the lock. */
static struct block *first_block(struct sl_metrics *metrics)
{
    (void)pthread_mutex_lock(&metrics->lock);
    struct block *first = metrics->blocks;
    (void)pthread_mutex_unlock(&metrics->lock);
    return first;
}

static uint64_t load(const _Atomic uint64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

uint64_t sl_metrics_sum(struct sl_metrics *metrics, enum sl_counter counter)
{
    uint64_t sum = 0;

    for (const struct block *block = first_block(metrics); block; block = block->next)
        sum += load(&block->counters.values[counter]);
    return sum;
}

/* ---- The page ---- */

/* HELP and TYPE stand once, before the first row of a name. */
static void print_head(FILE *out, const struct row *row, const struct row *previous,
                       const char *type)
{
    if (previous && !strcmp(previous->name, row->name))
        return;
    (void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name, type);
}

static void print_counter(FILE *out, const struct row *row, uint64_t value)
{
    bool labels = *row->labels;

    (void)fprintf(out, "%s%s%s%s %" PRIu64 "\n", row->name, labels ? "{" : "", row->labels,
                  labels ? "}" : "", value);
}

/* Microseconds as seconds, exactly: Prometheus compares the text of bucket bounds. */
static void print_seconds(FILE *out, uint64_t us)
{
    char digits[32];
    int len =
        snprintf(digits, sizeof(digits), "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);

    while (digits[len - 1] == '0')
        len--;
    if (digits[len - 1] == '.')
        len--;
    (void)fprintf(out, "%.*s", len, digits);
}

static void print_histogram(FILE *out, const char *name, enum sl_histogram histogram,
                            const struct block *blocks)
{
    uint64_t cumulative = 0, sum_us = 0;

    for (size_t i = 0; i <= SL_HISTOGRAM_BOUNDS; i++) {
        for (const struct block *block = blocks; block; block = block->next)
            cumulative += load(&block->counters.histograms[histogram].buckets[i]);
        (void)fprintf(out, "%s_bucket{le=\"", name);
        if (i < SL_HISTOGRAM_BOUNDS)
            print_seconds(out, (uint64_t)sl_histogram_bounds_us[i]);
        else
            (void)fputs("+Inf", out);
        (void)fprintf(out, "\"} %" PRIu64 "\n", cumulative);
    }
    for (const struct block *block = blocks; block; block = block->next)
        sum_us += load(&block->counters.histograms[histogram].sum_us);
    (void)fprintf(out, "%s_sum ", name);
    print_seconds(out, sum_us);
    (void)fprintf(out, "\n%s_count %" PRIu64 "\n", name, cumulative);
}

/* All values of one gauge stand together, in whatever order they were given. */
static void print_gauge(FILE *out, enum sl_gauge gauge, const struct sl_gauge_value *values,
                        size_t count)
{
    const struct row *row = &gauge_rows[gauge];
    bool begun = false;

    for (size_t i = 0; i < count; i++) {
        const char *labels = values[i].labels ? values[i].labels : "";
        if (values[i].gauge != gauge)
            continue;
        if (!begun)
            print_head(out, row, NULL, "gauge");
        begun = true;
        (void)fprintf(out, "%s%s%s%s %.15g\n", row->name, *labels ? "{" : "", labels,
                      *labels ? "}" : "", values[i].value);
    }
}

char *sl_metrics_page(struct sl_metrics *metrics, const struct sl_gauge_value *gauges,
                      size_t gauge_count, size_t *len)
{
    struct sl_memstream page;

    if (!sl_memstream_open(&page))
        die_of_memory();
    FILE *out = page.file;
    for (size_t i = 0; i < SL_COUNTER_COUNT; i++) {
        print_head(out, &counter_rows[i], i > 0 ? &counter_rows[i - 1] : NULL, "counter");
        print_counter(out, &counter_rows[i], sl_metrics_sum(metrics, (enum sl_counter)i));
    }
    for (size_t i = 0; i < SL_HISTOGRAM_COUNT; i++) {
        print_head(out, &histogram_rows[i], NULL, "histogram");
        print_histogram(out, histogram_rows[i].name, (enum sl_histogram)i, first_block(metrics));
    }
    for (size_t i = 0; i < SL_GAUGE_COUNT; i++)
        print_gauge(out, (enum sl_gauge)i, gauges, gauge_count);
    if (!sl_memstream_close(&page))
        die_of_memory();
    *len = page.len;
    return page.text;
}
