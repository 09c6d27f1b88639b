/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Counters and histograms: rows of metrics.def. Each thread has a block of its own that only it
 * writes (plain loads and stores, no locked instruction); whoever wants the sums reads all blocks.
 */
#ifndef SL_BASE_METRICS_H
#define SL_BASE_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum sl_counter {
#define SL_METRIC_COUNTER(ident, name, labels, help) SL_COUNTER_##ident,
#include "base/metrics.def"
    SL_COUNTER_COUNT
};

enum sl_histogram {
#define SL_METRIC_HISTOGRAM(ident, name, help) SL_HISTOGRAM_##ident,
#include "base/metrics.def"
    SL_HISTOGRAM_COUNT
};

enum sl_gauge {
#define SL_METRIC_GAUGE(ident, name, help) SL_GAUGE_##ident,
#include "base/metrics.def"
    SL_GAUGE_COUNT
};

/* Upper bounds of the histograms' buckets: 1 ms to 10 s, in steps of 1, 2.5, 5. */
enum { SL_HISTOGRAM_BOUNDS = 13 };
extern const int64_t sl_histogram_bounds_us[SL_HISTOGRAM_BOUNDS];

/* One thread's block. Written by its owner only, read by anyone. Zeroed is empty. Its cache lines
 * are its own, so threads do not slow one another; on the heap it therefore comes from
 * sl_metrics_register() only (malloc does not align that far). */
struct sl_counters {
    _Alignas(64) _Atomic uint64_t values[SL_COUNTER_COUNT];
    struct {
        _Atomic uint64_t buckets[SL_HISTOGRAM_BOUNDS + 1]; /* not cumulative; the last: above all */
        _Atomic uint64_t sum_us;
    } histograms[SL_HISTOGRAM_COUNT];
};

/* Threads: the block's owner. */
static inline void sl_metric_add(_Atomic uint64_t *value, uint64_t n)
{
    atomic_store_explicit(value, atomic_load_explicit(value, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

/* Threads: the block's owner. */
static inline void sl_count(struct sl_counters *counters, enum sl_counter counter, uint64_t n)
{
    sl_metric_add(&counters->values[counter], n);
}

/* A duration in microseconds; negative counts as 0. Threads: the block's owner. */
void sl_observe(struct sl_counters *counters, enum sl_histogram histogram, int64_t us);

/* The blocks of one process. */
struct sl_metrics;
struct sl_metrics *sl_metrics_create(void);
/* Frees the blocks too: their threads have ended. NULL is fine. */
void sl_metrics_destroy(struct sl_metrics *metrics);
/* A new block for one thread; it belongs to *metrics and stays until sl_metrics_destroy(), so what
 * an ended thread counted is kept. Threads: any. */
struct sl_counters *sl_metrics_register(struct sl_metrics *metrics);

/* Sum over all blocks. Threads: any. */
uint64_t sl_metrics_sum(struct sl_metrics *metrics, enum sl_counter counter);

struct sl_gauge_value {
    enum sl_gauge gauge;
    const char *labels; /* `direction="in",codec="vp8"`, "" for none: our own words, not clients' */
    double value;
};

/*
 * The metrics page: Prometheus text exposition 0.0.4 of all counters and histograms, and of the
 * gauges given (any order; a gauge that is not given is left out).
 *
 * Returns  the page, NUL-terminated, *len bytes; free() it.
 * Threads  any.
 */
char *sl_metrics_page(struct sl_metrics *metrics, const struct sl_gauge_value *gauges,
                      size_t gauge_count, size_t *len);

#endif
