/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hls/address.h"

#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void both_halves_of_a_lists_path_are_its_name(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum sl_hls_kind kind;
        const char *name, *file;
    } cases[] = {
        {"/cam/cam.m3u8", SL_HLS_LIST, "cam", NULL},
        {"/a/b/a/b.m3u8", SL_HLS_LIST, "a/b", NULL},
        {"////.m3u8", SL_HLS_LIST, "/", NULL},
        {"/a.m3u8/a.m3u8.m3u8", SL_HLS_LIST, "a.m3u8", NULL},
        {"/cam/x.m3u8", SL_HLS_FILE, "cam", "x.m3u8"},
        {"/cam/1-2-3.ts", SL_HLS_FILE, "cam", "1-2-3.ts"},
        {"/a/b/1.ts", SL_HLS_FILE, "a/b", "1.ts"},
        {"/../...m3u8", SL_HLS_FILE, NULL, NULL},
        {"/././.m3u8", SL_HLS_FILE, "./.", ".m3u8"},
        {"", SL_HLS_NOTHING, NULL, NULL},
        {"*", SL_HLS_NOTHING, NULL, NULL},
        {"/", SL_HLS_NOTHING, NULL, NULL},
        {"/cam", SL_HLS_NOTHING, NULL, NULL},
        {"/cam/", SL_HLS_NOTHING, NULL, NULL},
        {"//", SL_HLS_NOTHING, NULL, NULL},
        {"//.m3u8", SL_HLS_NOTHING, NULL, NULL},
        {"cam/cam.m3u8", SL_HLS_NOTHING, NULL, NULL},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_hls_address out;
        sl_hls_address_parse(cases[i].path, &out);
        if (!cases[i].name) {
            if (out.kind != SL_HLS_NOTHING)
                fail_msg("%s: kind %d, name %s", cases[i].path, out.kind, out.name);
            continue;
        }
        if (out.kind != cases[i].kind || strcmp(out.name, cases[i].name) != 0)
            fail_msg("%s: kind %d, name %s", cases[i].path, out.kind, out.name);
        if (cases[i].file)
            assert_string_equal(out.file, cases[i].file);
    }
}

static void a_name_is_no_longer_than_a_stream_may_be_called(void **state)
{
    (void)state;
    char path[2 * SL_STREAM_NAME_MAX + 16], name[SL_STREAM_NAME_MAX + 2];
    struct sl_hls_address out;

    memset(name, 'x', sizeof(name));
    name[SL_STREAM_NAME_MAX + 1] = '\0';
    (void)snprintf(path, sizeof(path), "/%s/%s.m3u8", name, name);
    sl_hls_address_parse(path, &out);
    assert_int_equal(out.kind, SL_HLS_NOTHING);
    (void)snprintf(path, sizeof(path), "/%s/%s.m3u8", name + 1, name + 1);
    sl_hls_address_parse(path, &out);
    assert_int_equal(out.kind, SL_HLS_LIST);
}

static void queries_are_encoded_anew(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *suffix;
    } cases[] = {
        {"", ""},
        {"&&", ""},
        {"a=1&b=2", "?a=1&b=2"},
        {"a=b+c%20d", "?a=b%2Bc%20d"},
        {"a=%22%3c%27&flag&x=", "?a=%22%3C%27&flag&x="},
        {"k%3De%26y==", "?k%3De%26y=%3D"},
        {"%D1%8E=\xd1\x8e", "?%D1%8E=%D1%8E"},
        {"_HLS_msn=5&a=1&_HLS_part=2&_HLS_skip=YES", "?a=1"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_hls_query query;
        assert_int_equal(sl_hls_query_parse(cases[i].raw, &query), 0);
        assert_string_equal(query.suffix, cases[i].suffix);
        sl_hls_query_deinit(&query);
    }
}

static void what_a_player_of_low_latency_asks_for_is_a_number(void **state)
{
    (void)state;
    struct sl_hls_query query;

    assert_int_equal(sl_hls_query_parse("token=%2B&_HLS_msn=5&_HLS_part=0", &query), 0);
    assert_int_equal(query.msn, 5);
    assert_int_equal(query.part, 0);
    assert_string_equal(sl_hls_query_text(&query, "token"), "+");
    assert_null(sl_hls_query_text(&query, "_HLS_msn"));
    sl_hls_query_deinit(&query);
    assert_int_equal(sl_hls_query_parse("", &query), 0);
    assert_int_equal(query.msn, -1);
    sl_hls_query_deinit(&query);
    assert_int_equal(sl_hls_query_parse("_HLS_msn=-1", &query), -EBADMSG);
    assert_int_equal(sl_hls_query_parse("_HLS_msn=", &query), -EBADMSG);
    assert_int_equal(sl_hls_query_parse("_HLS_msn=99999999999999999999", &query), -EBADMSG);
}

static void odd_queries_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"a=%",      "a=%0",   "a=%zz",  "%00=1",      "a=%0d%0aX: y",
                                      "a=%c2%85", "a=\xff", "\xc3=1", "a=%ed%a0%80"};
    char many[SL_HLS_QUERY_MAX + 2] = "";
    struct sl_hls_query query;

    for (size_t i = 0; i < SL_ARRAY_LEN(bad); i++) {
        if (sl_hls_query_parse(bad[i], &query) != -EBADMSG)
            fail_msg("%s was taken", bad[i]);
    }
    for (int i = 0; i < SL_HLS_PARAMS_MAX + 1; i++)
        strcat(many, "a=1&");
    assert_int_equal(sl_hls_query_parse(many, &query), -E2BIG);
    memset(many, 'x', SL_HLS_QUERY_MAX + 1);
    assert_int_equal(sl_hls_query_parse(many, &query), -E2BIG);
    assert_int_equal(sl_hls_query_parse(many + 1, &query), 0);
    sl_hls_query_deinit(&query);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_halves_of_a_lists_path_are_its_name),
        cmocka_unit_test(a_name_is_no_longer_than_a_stream_may_be_called),
        cmocka_unit_test(queries_are_encoded_anew),
        cmocka_unit_test(what_a_player_of_low_latency_asks_for_is_a_number),
        cmocka_unit_test(odd_queries_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
