/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Host, Origin, query, path and list headers, as outsiders write them. */
#include "http/url.h"

#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void takes_the_host_out_of_a_host_header(void **state)
{
    (void)state;
    static const struct {
        const char *header, *host; /* NULL: refused */
    } cases[] = {
        {"localhost", "localhost"},
        {"LOCALHOST:8081", "localhost"},
        {"localhost.", "localhost"},
        {"media.example.com:8444", "media.example.com"},
        {"127.0.0.1:8081", "127.0.0.1"},
        {"[::1]:8081", "::1"},
        {"[::FFFF:127.0.0.1]", "::ffff:127.0.0.1"},
        {"a:65535", "a"},
        {"", NULL},
        {".", NULL},
        {":80", NULL},
        {"a:", NULL},
        {"a:65536", NULL},
        {"a:99999999999999999999", NULL},
        {"a:8x", NULL},
        {"a..b", NULL},
        {"a..", NULL},
        {".a", NULL},
        {"localhost@evil.example", NULL},
        {"user:pw@localhost", NULL},
        {"localhost evil", NULL},
        {"localhost,evil", NULL},
        {"localhost/evil", NULL},
        {"localhost\tevil", NULL},
        {"::1", NULL},
        {"[::1", NULL},
        {"[::1]x", NULL},
        {"[127.0.0.1]", NULL},
        {"[]", NULL},
        {"[::1%25lo]", NULL},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        char host[SL_HOST_MAX] = "unchanged";
        int err = sl_host_parse(cases[i].header, host);
        if (err != (cases[i].host ? 0 : -EBADMSG))
            fail_msg("%s: got %d", cases[i].header, err);
        if (strcmp(host, cases[i].host ? cases[i].host : "unchanged") != 0)
            fail_msg("%s: got %s", cases[i].header, host);
    }
}

static void refuses_a_host_longer_than_dns_allows(void **state)
{
    (void)state;
    char header[SL_HOST_MAX + 10], host[SL_HOST_MAX];

    memset(header, 'a', sizeof(header) - 1);
    header[sizeof(header) - 1] = '\0';
    assert_int_equal(sl_host_parse(header, host), -EBADMSG);
}

static void knows_loopback_only_by_its_plain_spellings(void **state) /* hardening class 14 */
{
    (void)state;
    static const struct {
        const char *host;
        bool loopback;
    } cases[] = {
        {"localhost", true},
        {"127.0.0.1", true},
        {"127.255.0.9", true},
        {"::1", true},
        {"::ffff:127.0.0.1", true},
        {"0.0.0.0", false},
        {"::", false},
        {"2130706433", false},
        {"0177.0.0.1", false},
        {"127.1", false},
        {"0x7f.0.0.1", false},
        {"localhost.evil.example", false},
        {"127.0.0.1.nip.io", false},
        {"192.0.2.1", false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        if (sl_host_is_loopback(cases[i].host) != cases[i].loopback)
            fail_msg("%s", cases[i].host);
    }
}

static void takes_the_host_out_of_an_origin(void **state)
{
    (void)state;
    char host[SL_HOST_MAX];

    assert_int_equal(sl_origin_parse("http://localhost:3000", host), 0);
    assert_string_equal(host, "localhost");
    assert_int_equal(sl_origin_parse("https://[::1]", host), 0);
    assert_string_equal(host, "::1");
    assert_int_equal(sl_origin_parse("null", host), -EBADMSG);
    assert_int_equal(sl_origin_parse("file://", host), -EBADMSG);
    assert_int_equal(sl_origin_parse("chrome-extension://abc", host), -EBADMSG);
    assert_int_equal(sl_origin_parse("http://a/b", host), -EBADMSG);
}

static void finds_and_decodes_query_values(void **state)
{
    (void)state;
    static const struct {
        const char *query, *name, *value;
        int err;
    } cases[] = {
        {"action=stat", "action", "stat", 0},
        {"action=stat&preventCache=Fri%20Nov", "action", "stat", 0},
        {"a=1&action=stat", "action", "stat", 0},
        {"action=%73tat", "action", "stat", 0},
        {"name=a+b%2Bc", "name", "a b+c", 0},
        {"action", "action", "", 0},
        {"action=&b=1", "action", "", 0},
        {"", "action", NULL, -ENOENT},
        {"actions=stat", "action", NULL, -ENOENT},
        {"action=%", "action", NULL, -EBADMSG},
        {"action=%4", "action", NULL, -EBADMSG},
        {"action=%zz", "action", NULL, -EBADMSG},
        {"action=%00", "action", NULL, -EBADMSG},
        {"action=a%0d%0ab", "action", NULL, -EBADMSG},
        {"&&&=&", "action", NULL, -ENOENT},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        char value[SL_QUERY_VALUE_MAX] = "unchanged";
        int err = sl_query_get(cases[i].query, cases[i].name, value);
        if (err != cases[i].err)
            fail_msg("%s: got %d", cases[i].query, err);
        if (strcmp(value, cases[i].value ? cases[i].value : "unchanged") != 0)
            fail_msg("%s: got %s", cases[i].query, value);
    }
}

static void keeps_paths_below_the_root(void **state) /* hardening class 15 */
{
    (void)state;
    static const struct {
        const char *path, *below;
    } cases[] = {
        {"/", ""},
        {"/player", "player"},
        {"/player/", "player"},
        {"/js/app.js", "js/app.js"},
        {"/a b/\xc3\xa4", "a b/\xc3\xa4"},
        {"", NULL},
        {"player", NULL},
        {"//", NULL},
        {"//etc/passwd", NULL},
        {"/a//b", NULL},
        {"/a//", NULL},
        {"/..", NULL},
        {"/../etc/passwd", NULL},
        {"/a/../../b", NULL},
        {"/a/..", NULL},
        {"/.", NULL},
        {"/.git/config", NULL},
        {"/js/.hidden", NULL},
        {"/a\\..\\b", NULL},
        {"/a\nb", NULL},
        {"/a\x7f", NULL},
        {"*", NULL},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        char below[SL_PATH_MAX] = "unchanged";
        int err = sl_path_below_root(cases[i].path, below);
        if (err != (cases[i].below ? 0 : -EBADMSG))
            fail_msg("%s: got %d", cases[i].path, err);
        if (strcmp(below, cases[i].below ? cases[i].below : "unchanged") != 0)
            fail_msg("%s: got %s", cases[i].path, below);
    }
}

static void compares_entity_tags_weakly_and_one_by_one(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool matches;
    } cases[] = {
        {"\"a-1\"", true},
        {"W/\"a-1\"", true},
        {"\"x\", \"a-1\"", true},
        {" \"a-1\" ,\"x\"", true},
        {"*", true},
        {"", false},
        {"\"a-1", false},
        {"a-1", false},
        {"\"a-1\"x", false},
        {"W/", false},
        {",,,", false},
        {"\"A-1\"", false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        if (sl_etag_matches(cases[i].header, "\"a-1\"") != cases[i].matches)
            fail_msg("%s", cases[i].header);
    }
}

static void reads_which_codings_a_client_accepts(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool accepted;
    } cases[] = {
        {"gzip", true},
        {"deflate, gzip;q=1.0", true},
        {"GZIP", true},
        {"gzip;q=0", false},
        {"gzip; q=0.000", false},
        {"gzip;q=0.5", true},
        {"x-gzip", false},
        {"gzipped", false},
        {"", false},
        {"br", false},
        {"gzip ;q=0", false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        if (sl_accepts_coding(cases[i].header, "gzip") != cases[i].accepted)
            fail_msg("%s", cases[i].header);
    }
}

static void reads_one_range_of_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int err;
        uint64_t first, last;
    } cases[] = {
        {"bytes=0-0", 0, 0, 0},
        {"bytes=0-", 0, 0, 999},
        {"Bytes=10-19", 0, 10, 19},
        {"bytes=990-2000", 0, 990, 999},
        {"bytes=-1", 0, 999, 999},
        {"bytes=-5000", 0, 0, 999},
        {"bytes=0-99999999999999999999999", 0, 0, 999},
        {"bytes=1000-", -ERANGE, 0, 0},
        {"bytes=99999999999999999999999-", -ERANGE, 0, 0},
        {"bytes=-0", -ERANGE, 0, 0},
        {"bytes=5-4", -ENOENT, 0, 0},
        {"bytes=0-1,3-4", -ENOENT, 0, 0},
        {"bytes=", -ENOENT, 0, 0},
        {"bytes=-", -ENOENT, 0, 0},
        {"bytes=a-b", -ENOENT, 0, 0},
        {"bytes=1", -ENOENT, 0, 0},
        {"lines=1-2", -ENOENT, 0, 0},
        {NULL, -ENOENT, 0, 0},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        uint64_t first = 0, last = 0;
        int err = sl_range_parse(cases[i].header, 1000, &first, &last);
        if (err != cases[i].err || first != cases[i].first || last != cases[i].last)
            fail_msg("%s", cases[i].header ? cases[i].header : "none");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_host_out_of_a_host_header),
        cmocka_unit_test(refuses_a_host_longer_than_dns_allows),
        cmocka_unit_test(knows_loopback_only_by_its_plain_spellings),
        cmocka_unit_test(takes_the_host_out_of_an_origin),
        cmocka_unit_test(finds_and_decodes_query_values),
        cmocka_unit_test(keeps_paths_below_the_root),
        cmocka_unit_test(compares_entity_tags_weakly_and_one_by_one),
        cmocka_unit_test(reads_which_codings_a_client_accepts),
        cmocka_unit_test(reads_one_range_of_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
