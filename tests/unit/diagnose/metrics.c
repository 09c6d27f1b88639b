/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What clients measure: columns, batches, and what they are told to measure (DIAG-14, 15). */
#include "diagnose/metrics.h"

#include "base/base64.h"
#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#define HEADERS "outbound-rtp.OT1.bytesSent,outbound-rtp.OT1.framesSent"

static void keep(void *arg, json_t *row)
{
    (void)json_array_append(arg, row);
}

static const char *cell(json_t *rows, size_t row, const char *column)
{
    return json_string_value(json_object_get(json_array_get(rows, row), column));
}

static char *gzip(const char *text, size_t len)
{
    z_stream stream = {.next_in = (uint8_t *)(uintptr_t)text, .avail_in = (uInt)len};
    uint8_t *out = sl_alloc(len + 64);

    stream.next_out = out;
    stream.avail_out = (uInt)(len + 64);
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    char *coded = sl_alloc(SL_BASE64_ROOM(stream.total_out));
    sl_base64_encode(out, stream.total_out, coded);
    assert_int_equal(deflateEnd(&stream), Z_OK);
    free(out);
    return coded;
}

static void rows_are_read_plain_and_gzipped(void **state)
{
    static const char batch[] = "[\"100;1\",\"200;\",\";3\"]";
    char *coded = gzip(batch, strlen(batch));

    (void)state;
    for (int gzipped = 0; gzipped < 2; gzipped++) {
        struct sl_client_metrics *metrics = sl_client_metrics_create();
        json_t *rows = json_array();
        assert_null(sl_client_metrics_last(metrics));
        assert_int_equal(sl_client_metrics_take(metrics, batch, NULL, NULL), -EBADMSG);
        assert_int_equal(sl_client_metrics_describe(metrics, HEADERS, gzipped ? "gzip" : "none"),
                         0);
        assert_int_equal(sl_client_metrics_take(metrics, gzipped ? coded : batch, keep, rows), 0);
        assert_int_equal(json_array_size(rows), 3);
        assert_string_equal(cell(rows, 0, "outbound-rtp.OT1.framesSent"), "1");
        assert_string_equal(cell(rows, 1, "outbound-rtp.OT1.framesSent"), "1"); /* as above */
        assert_string_equal(cell(rows, 2, "outbound-rtp.OT1.bytesSent"), "200");
        json_t *last = sl_client_metrics_last(metrics);
        assert_true(json_equal(last, json_array_get(rows, 2)));
        json_decref(last);
        json_decref(rows);
        sl_client_metrics_destroy(metrics);
    }
    free(coded);
}

static void what_is_no_batch_is_not_taken(void **state)
{
    static const char *const batches[] = {
        "",
        "x",
        "{}",
        "[]",
        "[1]",
        "[\"1\"]",
        "[\"1;2;3\"]",
        "[\"1;2\",\"3\"]",
        "[[\"1;2\"]]",
        "[\"1;2\"",
        "AAAA",
    };
    struct sl_client_metrics *metrics = sl_client_metrics_create();
    char *large = sl_alloc(SL_METRICS_WIRE_MAX + 2);

    (void)state;
    for (int gzipped = 0; gzipped < 2; gzipped++) {
        assert_int_equal(sl_client_metrics_describe(metrics, HEADERS, gzipped ? "gzip" : "none"),
                         0);
        for (size_t i = 0; i < SL_ARRAY_LEN(batches); i++)
            assert_int_equal(sl_client_metrics_take(metrics, batches[i], NULL, NULL), -EBADMSG);
    }
    memset(large, ' ', SL_METRICS_WIRE_MAX + 1);
    assert_int_equal(sl_client_metrics_take(metrics, large, NULL, NULL), -EBADMSG);
    assert_null(sl_client_metrics_last(metrics));
    free(large);
    sl_client_metrics_destroy(metrics);
}

static void a_gzip_bomb_is_not_read_to_its_end(void **state)
{
    struct sl_client_metrics *metrics = sl_client_metrics_create();
    size_t len = 16 << 20;
    char *text = sl_alloc(len);

    (void)state;
    memset(text, ' ', len);
    memcpy(text, "[\"1;2\"]", 7);
    char *coded = gzip(text, len);
    assert_true(strlen(coded) < SL_METRICS_WIRE_MAX);
    assert_int_equal(sl_client_metrics_describe(metrics, HEADERS, "gzip"), 0);
    assert_int_equal(sl_client_metrics_take(metrics, coded, NULL, NULL), -EBADMSG);
    free(coded);
    free(text);
    sl_client_metrics_destroy(metrics);
}

static void columns_have_bounds(void **state)
{
    struct sl_client_metrics *metrics = sl_client_metrics_create();
    char *headers = sl_alloc(SL_METRICS_HEADERS_LEN_MAX + 2);

    (void)state;
    assert_int_equal(sl_client_metrics_describe(metrics, "", "none"), -EBADMSG);
    assert_int_equal(sl_client_metrics_describe(metrics, "a", "zip"), -EBADMSG);
    assert_int_equal(sl_client_metrics_describe(metrics, "\xff", "none"), -EBADMSG);
    memset(headers, ',', SL_METRICS_COLUMNS_MAX - 1);
    assert_int_equal(sl_client_metrics_describe(metrics, headers, "none"), 0);
    headers[SL_METRICS_COLUMNS_MAX - 1] = ',';
    assert_int_equal(sl_client_metrics_describe(metrics, headers, "none"), -EBADMSG);
    memset(headers, 'a', SL_METRICS_HEADERS_LEN_MAX + 1);
    assert_int_equal(sl_client_metrics_describe(metrics, headers, "none"), -EBADMSG);
    free(headers);
    sl_client_metrics_destroy(metrics);
}

static void what_is_the_servers_alone_stays_here(void **state)
{
    static const char file[] =
        "{\"collect\":\"on\",\"sampling\":500,\"ingestPoint\":\"https://x/y\",\"keyStore\":\"/k\","
        "\"keyStorePassword\":\"p\",\"path\":\"/var/lib\"}";
    bool needs_key;

    (void)state;
    json_t *told = sl_metrics_description_read(file, strlen(file), &needs_key);
    assert_non_null(told);
    assert_true(needs_key);
    assert_int_equal(json_integer_value(json_object_get(told, "sampling")), 500);
    assert_int_equal(json_integer_value(json_object_get(told, "batchSize")), 30);
    assert_string_equal(json_string_value(json_object_get(told, "compression")), "none,gzip");
    assert_null(json_object_get(told, "keyStore"));
    assert_null(json_object_get(told, "keyStorePassword"));
    assert_null(json_object_get(told, "path"));
    json_decref(told);
    assert_null(sl_metrics_description_read("[]", 2, &needs_key));
    assert_null(sl_metrics_description_read("{\"sampling\":0}", 14, &needs_key));
    told = sl_metrics_description_usual();
    assert_string_equal(json_string_value(json_object_get(told, "collect")), "off");
    json_decref(told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read_plain_and_gzipped),
        cmocka_unit_test(what_is_no_batch_is_not_taken),
        cmocka_unit_test(a_gzip_bomb_is_not_read_to_its_end),
        cmocka_unit_test(columns_have_bounds),
        cmocka_unit_test(what_is_the_servers_alone_stays_here),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
