/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "msrp/uri.h"

#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct sl_text_part part(const char *text)
{
    return (struct sl_text_part){text, strlen(text)};
}

static void is(struct sl_text_part found, const char *text)
{
    assert_int_equal(found.len, strlen(text));
    assert_memory_equal(found.at, text, found.len);
}

static void reads_each_part(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host, *session;
        uint16_t port;
        bool secure;
    } cases[] = {
        {"msrp://atlanta.example.com:7654/jshA7weztas;tcp", "atlanta.example.com", "jshA7weztas",
         7654, false},
        {"MSRPS://10.1.2.3/a=b+c/d;TCP;x=y", "10.1.2.3", "a=b+c/d", 2855, true},
        {"msrp://alice%40x@[2001:db8::1]:9/s;tcp", "2001:db8::1", "s", 9, false},
        {"msrp://relay.test;tcp", "relay.test", "", 2855, false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_msrp_uri uri;
        if (sl_msrp_uri_parse(part(cases[i].text), &uri) != 0)
            fail_msg("%s", cases[i].text);
        is(uri.host, cases[i].host);
        is(uri.session, cases[i].session);
        assert_int_equal(uri.port, cases[i].port);
        assert_int_equal(uri.secure, cases[i].secure);
    }
}

static void refuses_what_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int err;
    } cases[] = {
        {"", -EBADMSG},
        {"sip://a/b;tcp", -EBADMSG},
        {"msrp://a/b", -EBADMSG},
        {"msrp://a/b;", -EBADMSG},
        {"msrp://a/b;udp", -ENOTSUP},
        {"msrp:///b;tcp", -EBADMSG},
        {"msrp://a:0/b;tcp", -EBADMSG},
        {"msrp://a:65536/b;tcp", -EBADMSG},
        {"msrp://a:/b;tcp", -EBADMSG},
        {"msrp://a:1x/b;tcp", -EBADMSG},
        {"msrp://[::1/b;tcp", -EBADMSG},
        {"msrp://[x]/b;tcp", -EBADMSG},
        {"msrp://a b/c;tcp", -EBADMSG},
        {"msrp://a/b\"c;tcp", -EBADMSG},
        {"msrp://a_b/c;tcp", -EBADMSG},
        {"msrp://a/b;tcp;x=\x01", -EBADMSG},
    };
    char lengthy[400] = "msrp://a/";
    struct sl_msrp_uri uri;

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        int err = sl_msrp_uri_parse(part(cases[i].text), &uri);
        if (err != cases[i].err)
            fail_msg("\"%s\": got %d", cases[i].text, err);
    }
    memset(lengthy + 9, 'x', 300);
    memcpy(lengthy + 309, ";tcp", 5);
    assert_int_equal(sl_msrp_uri_parse(part(lengthy), &uri), -EBADMSG);
}

/* RFC 4975 section 6.1. */
static void compares_as_the_rfc_has_it(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"msrp://host:8000/x;tcp", "MSRP://HOST:8000/x;TCP", true},
        {"msrp://host/x;tcp", "msrp://host:2855/x;tcp", true},
        {"msrp://host/x;tcp", "msrp://other@host/x;tcp;more", true},
        {"msrp://host/x;tcp", "msrp://host/X;tcp", false},
        {"msrp://host/x;tcp", "msrps://host/x;tcp", false},
        {"msrp://host/x;tcp", "msrp://host:2856/x;tcp", false},
        {"msrp://host/x;tcp", "msrp://hose/x;tcp", false},
        {"msrp://host/x;tcp", "msrp://host/xy;tcp", false},
        {"nothing", "nothing", false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        if (sl_msrp_uri_same(part(cases[i].a), part(cases[i].b)) != cases[i].same)
            fail_msg("%s %s", cases[i].a, cases[i].b);
    }
}

static void a_path_has_a_first_and_a_last(void **state)
{
    (void)state;
    is(sl_msrp_path_first(part("a b c")), "a");
    is(sl_msrp_path_last(part("a b c")), "c");
    is(sl_msrp_path_first(part("a")), "a");
    is(sl_msrp_path_last(part("a")), "a");
    is(sl_msrp_path_last(part("")), "");
}

static void a_path_leads_where_its_first_does(void **state)
{
    (void)state;
    char host[SL_MSRP_URI_MAX];
    uint16_t port;

    assert_int_equal(
        sl_msrp_path_host(part("msrps://relay.test:9/x;tcp msrps://a/y;tcp"), host, &port), 0);
    assert_string_equal(host, "relay.test");
    assert_int_equal(port, 9);
    assert_int_equal(sl_msrp_path_host(part("msrp://[2001:db8::1]/x;tcp"), host, &port), 0);
    assert_string_equal(host, "2001:db8::1");
    assert_int_equal(port, SL_MSRP_PORT);
    assert_int_equal(sl_msrp_path_host(part(""), host, &port), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_part),
        cmocka_unit_test(refuses_what_is_none),
        cmocka_unit_test(compares_as_the_rfc_has_it),
        cmocka_unit_test(a_path_has_a_first_and_a_last),
        cmocka_unit_test(a_path_leads_where_its_first_does),
    };

    return cmocka_run_group_tests_name("msrp uri", tests, NULL, NULL);
}
