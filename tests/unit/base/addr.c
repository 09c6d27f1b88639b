/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Canonical addresses and networks: hardening class 14, one address under many spellings. */
#include "base/addr.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct sl_addr parsed(const char *text, uint16_t port)
{
    struct sl_addr addr;

    if (sl_addr_parse_ip(text, port, &addr) < 0)
        fail_msg("%s was refused", text);
    return addr;
}

static void spellings_of_one_address_are_equal(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"127.0.0.1", "::ffff:127.0.0.1"}, {"127.0.0.1", "::ffff:7f00:1"},
        {"10.1.2.3", "[::ffff:10.1.2.3]"}, {"::1", "[::1]"},
        {"::1", "0:0:0:0:0:0:0:1"},        {"fe80::A", "fe80::a"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_addr a = parsed(cases[i][0], 5), b = parsed(cases[i][1], 5);
        if (!sl_addr_equal(&a, &b))
            fail_msg("%s is not %s", cases[i][0], cases[i][1]);
        b.port = 6;
        assert_false(sl_addr_equal(&a, &b));
        assert_true(sl_addr_same_ip(&a, &b));
    }
}

static void refuses_what_is_no_plain_literal(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "localhost",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "0x7f.0.0.1",
        "017.0.0.1",
        "2130706433",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.4:5",
        "[1.2.3.4]",
        "[::1",
        "::1]",
        "[]",
        ":::",
        "1::2::3",
        "::1%lo",
        "fe80::1%1",
        "::ffff:1.2.3",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999",
        "0000000000000000000000000000000000000000000000000000000000000000000000:1",
    };
    struct sl_addr before, out;

    memset(&out, 0x5a, sizeof(out));
    before = out;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        if (sl_addr_parse_ip(cases[i], 1, &out) != -EINVAL)
            fail_msg("\"%s\" was taken", cases[i]);
        assert_memory_equal(&out, &before, sizeof(out));
    }
}

static void loopback_and_any_are_known_in_both_families(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool loopback, any, v4;
    } cases[] = {
        {"127.0.0.1", true, false, true},
        {"127.255.0.9", true, false, true},
        {"::ffff:127.0.0.1", true, false, true},
        {"::1", true, false, false},
        {"0.0.0.0", false, true, true},
        {"::ffff:0.0.0.0", false, true, true},
        {"::", false, true, false},
        {"126.0.0.1", false, false, true},
        {"::2", false, false, false},
        {"2001:db8::127.0.0.1", false, false, false},
        {"::127.0.0.1", false, false, false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_addr addr = parsed(cases[i].text, 0);
        if (sl_addr_is_loopback(&addr) != cases[i].loopback ||
            sl_addr_is_any(&addr) != cases[i].any || sl_addr_is_v4(&addr) != cases[i].v4)
            fail_msg("%s", cases[i].text);
    }
}

static void formats_as_candidates_and_logs_want_it(void **state)
{
    (void)state;
    static const struct {
        const char *text, *ip, *with_port;
    } cases[] = {
        {"::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7:65535"},
        {"2001:DB8:0::1", "2001:db8::1", "[2001:db8::1]:65535"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_addr addr = parsed(cases[i].text, 65535);
        char text[SL_ADDR_TEXT_MAX];
        assert_string_equal(sl_addr_format_ip(&addr, text), cases[i].ip);
        assert_string_equal(sl_addr_format(&addr, text), cases[i].with_port);
    }
}

static void socket_addresses_survive_both_ways(void **state)
{
    (void)state;
    static const char *const cases[] = {"192.0.2.7", "2001:db8::1"};
    struct sockaddr_storage sa;
    struct sl_addr back;

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_addr addr = parsed(cases[i], 4711);
        socklen_t len = sl_addr_to_sockaddr(&addr, &sa);
        assert_true(len == (i == 0 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)));
        assert_int_equal(sl_addr_from_sockaddr(&back, (struct sockaddr *)&sa), 0);
        assert_true(sl_addr_equal(&addr, &back));
    }
    sa.ss_family = AF_UNIX;
    assert_int_equal(sl_addr_from_sockaddr(&back, (struct sockaddr *)&sa), -EAFNOSUPPORT);
}

static void networks_contain_what_they_say(void **state)
{
    (void)state;
    static const struct {
        const char *cidr, *addr;
        bool contains;
    } cases[] = {
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "::ffff:10.1.2.3", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.9.9.9/8", "10.0.0.1", true}, /* host bits do not count */
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.128/25", "192.0.2.128", true},
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"0.0.0.0/0", "203.0.113.5", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::1/128", "::1", true},
        {"::1/128", "127.0.0.1", false},
        {"::ffff:10.0.0.0/104", "10.2.3.4", true},
        {"fe80::/10", "febf::1", true},
        {"fe80::/10", "fec0::1", false},
        {"::/0", "2001:db8::1", true},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_addr addr = parsed(cases[i].addr, 0);
        struct sl_cidr cidr;
        assert_int_equal(sl_cidr_parse(cases[i].cidr, &cidr), 0);
        if (sl_cidr_contains(&cidr, &addr) != cases[i].contains)
            fail_msg("%s and %s", cases[i].cidr, cases[i].addr);
    }
}

static void refuses_what_is_no_network(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "/",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/ 8",
        "10.0.0.0/8 ",
        "10.0.0.0/8/8",
        "::/129",
        "10/8",
        "host/8",
        "10.0.0.0/0x8",
        "10.0.0.0/99999999999999999999999",
        "0000000000000000000000000000000000000000000000000000000000000000000000/8",
    };
    struct sl_cidr cidr;

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        if (sl_cidr_parse(cases[i], &cidr) != -EINVAL)
            fail_msg("\"%s\" was taken", cases[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_of_one_address_are_equal),
        cmocka_unit_test(refuses_what_is_no_plain_literal),
        cmocka_unit_test(loopback_and_any_are_known_in_both_families),
        cmocka_unit_test(formats_as_candidates_and_logs_want_it),
        cmocka_unit_test(socket_addresses_survive_both_ways),
        cmocka_unit_test(networks_contain_what_they_say),
        cmocka_unit_test(refuses_what_is_no_network),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
