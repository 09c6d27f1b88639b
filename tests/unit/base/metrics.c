/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counters, histograms and the metrics page. */
#include "base/metrics.h"
#include "base/mem.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

static bool has_line(const char *page, const char *line)
{
    size_t len = strlen(line);

    for (const char *at = strstr(page, line); at; at = strstr(at + 1, line)) {
        if ((at == page || at[-1] == '\n') && at[len] == '\n')
            return true;
    }
    return false;
}

static void expect_line(const char *page, const char *line)
{
    if (!has_line(page, line))
        fail_msg("no line %s", line);
}

static void sums_over_the_blocks_of_all_threads(void **state)
{
    (void)state;
    struct sl_metrics *metrics = sl_metrics_create();
    struct sl_counters *a = sl_metrics_register(metrics), *b = sl_metrics_register(metrics);

    assert_int_equal((uintptr_t)a % 64, 0);
    assert_int_equal((uintptr_t)b % 64, 0);
    sl_count(a, SL_COUNTER_RTP_PACKETS_IN, 5);
    sl_count(b, SL_COUNTER_RTP_PACKETS_IN, 7);
    sl_count(b, SL_COUNTER_RTP_BYTES_IN, (uint64_t)1 << 40);
    assert_int_equal(sl_metrics_sum(metrics, SL_COUNTER_RTP_PACKETS_IN), 12);
    assert_true(sl_metrics_sum(metrics, SL_COUNTER_RTP_BYTES_IN) == (uint64_t)1 << 40);
    assert_int_equal(sl_metrics_sum(metrics, SL_COUNTER_RTP_PACKETS_OUT), 0);
    sl_metrics_destroy(metrics);
    sl_metrics_destroy(NULL);
}

static void the_page_holds_counters_with_labels(void **state)
{
    (void)state;
    struct sl_metrics *metrics = sl_metrics_create();
    struct sl_counters *counters = sl_metrics_register(metrics);
    size_t len;

    sl_count(counters, SL_COUNTER_RTP_PACKETS_OUT, 3);
    sl_count(counters, SL_COUNTER_DTLS_FAILED, 1);
    char *page = sl_metrics_page(metrics, NULL, 0, &len);
    assert_int_equal(len, strlen(page));
    expect_line(page, "# TYPE sluice_rtp_packets_total counter");
    expect_line(page, "sluice_rtp_packets_total{dir=\"in\"} 0");
    expect_line(page, "sluice_rtp_packets_total{dir=\"out\"} 3");
    expect_line(page, "sluice_dtls_handshakes_total{result=\"failed\"} 1");
    expect_line(page, "sluice_rtp_malformed_total 0");
    free(page);
    sl_metrics_destroy(metrics);
}

static void buckets_are_cumulative_and_bounds_inclusive(void **state)
{
    (void)state;
    struct sl_metrics *metrics = sl_metrics_create();
    struct sl_counters *a = sl_metrics_register(metrics), *b = sl_metrics_register(metrics);
    size_t len;

    sl_observe(a, SL_HISTOGRAM_JOIN, 1000);     /* on the bound: belongs below */
    sl_observe(b, SL_HISTOGRAM_JOIN, 1001);     /* above it */
    sl_observe(a, SL_HISTOGRAM_JOIN, -5);       /* a clock of another thread: 0 */
    sl_observe(b, SL_HISTOGRAM_JOIN, 20000000); /* above all */
    char *page = sl_metrics_page(metrics, NULL, 0, &len);
    expect_line(page, "# TYPE sluice_join_seconds histogram");
    expect_line(page, "sluice_join_seconds_bucket{le=\"0.001\"} 2");
    expect_line(page, "sluice_join_seconds_bucket{le=\"0.0025\"} 3");
    expect_line(page, "sluice_join_seconds_bucket{le=\"10\"} 3");
    expect_line(page, "sluice_join_seconds_bucket{le=\"+Inf\"} 4");
    expect_line(page, "sluice_join_seconds_sum 20.002001");
    expect_line(page, "sluice_join_seconds_count 4");
    expect_line(page, "sluice_hook_duration_seconds_sum 0");
    free(page);
    sl_metrics_destroy(metrics);
}

static void gauges_come_from_the_caller_in_any_order(void **state)
{
    (void)state;
    static const struct sl_gauge_value gauges[] = {
        {SL_GAUGE_STREAMS, "direction=\"in\"", 2},
        {SL_GAUGE_CONNECTIONS, "", 1234567},
        {SL_GAUGE_STREAMS, "direction=\"out\"", 70},
        {SL_GAUGE_LOOP_LAG, NULL, 0.25},
    };
    static const char expected[] = "# TYPE sluice_streams gauge\n"
                                   "sluice_streams{direction=\"in\"} 2\n"
                                   "sluice_streams{direction=\"out\"} 70\n";
    struct sl_metrics *metrics = sl_metrics_create();
    size_t len;
    char *page = sl_metrics_page(metrics, gauges, SL_ARRAY_LEN(gauges), &len);
    char *streams = strstr(page, "# TYPE sluice_streams gauge\n");

    assert_non_null(streams);
    assert_memory_equal(streams, expected, sizeof(expected) - 1);
    expect_line(page, "sluice_connections 1234567");
    expect_line(page, "sluice_loop_lag_seconds 0.25");
    assert_null(strstr(page, "sluice_workers")); /* not given, not shown */
    free(page);
    sl_metrics_destroy(metrics);
}

/* What a scraper relies on: HELP and TYPE once per name, names with our prefix, each line whole. */
static void the_page_is_well_formed(void **state)
{
    (void)state;
    struct sl_metrics *metrics = sl_metrics_create();
    char seen[128][64];
    size_t len, count = 0;
    char *page = sl_metrics_page(metrics, NULL, 0, &len);

    for (char *line = page, *next; *line; line = next) {
        char *end = strchr(line, '\n');
        assert_non_null(end);
        *end = '\0';
        next = end + 1;
        if (!strncmp(line, "# TYPE ", 7)) {
            char *name = line + 7;
            *strchr(name, ' ') = '\0';
            for (size_t i = 0; i < count; i++)
                assert_string_not_equal(seen[i], name);
            assert_true(count < SL_ARRAY_LEN(seen) && strlen(name) < sizeof(seen[0]));
            memcpy(seen[count++], name, strlen(name) + 1);
        } else if (*line != '#') {
            assert_memory_equal(line, "sluice_", 7);
            assert_non_null(strrchr(line, ' '));
        }
    }
    assert_true(count > 10);
    free(page);
    sl_metrics_destroy(metrics);
}

enum { ADDS = 20000 };

static void *count_many(void *arg)
{
    struct sl_metrics *metrics = arg;
    struct sl_counters *counters = sl_metrics_register(metrics);

    for (int i = 0; i < ADDS; i++) {
        sl_count(counters, SL_COUNTER_RTCP_IN, 1);
        sl_observe(counters, SL_HISTOGRAM_JOIN, i);
    }
    return NULL;
}

static void threads_count_while_others_read_and_nothing_is_lost(void **state)
{
    (void)state;
    struct sl_metrics *metrics = sl_metrics_create();
    pthread_t threads[3];
    uint64_t last = 0;

    for (size_t i = 0; i < SL_ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_many, metrics), 0);
    for (int i = 0; i < 20; i++) {
        size_t len;
        free(sl_metrics_page(metrics, NULL, 0, &len));
        uint64_t now = sl_metrics_sum(metrics, SL_COUNTER_RTCP_IN);
        assert_true(now >= last); /* counters never fall */
        last = now;
    }
    for (size_t i = 0; i < SL_ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(sl_metrics_sum(metrics, SL_COUNTER_RTCP_IN), SL_ARRAY_LEN(threads) * ADDS);
    sl_metrics_destroy(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_over_the_blocks_of_all_threads),
        cmocka_unit_test(the_page_holds_counters_with_labels),
        cmocka_unit_test(buckets_are_cumulative_and_bounds_inclusive),
        cmocka_unit_test(gauges_come_from_the_caller_in_any_order),
        cmocka_unit_test(the_page_is_well_formed),
        cmocka_unit_test(threads_count_while_others_read_and_nothing_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
