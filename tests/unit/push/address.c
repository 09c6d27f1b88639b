/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which addresses a client may have its stream pushed to (hardening.md class 14 and 16). */
#include "push/address.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum verdict { ALWAYS, IF_LISTED, NEVER };

static void each_address_has_its_verdict(void **state)
{
    (void)state;
    static const struct {
        const char *ip;
        enum verdict verdict;
    } cases[] = {
        {"8.8.8.8", ALWAYS},
        {"1.0.0.1", ALWAYS},
        {"11.0.0.1", ALWAYS},
        {"100.63.255.255", ALWAYS},
        {"100.128.0.0", ALWAYS},
        {"172.15.255.255", ALWAYS},
        {"172.32.0.1", ALWAYS},
        {"192.167.255.255", ALWAYS},
        {"223.255.255.255", ALWAYS},
        {"2606:4700::1111", ALWAYS},
        {"2001:4860:4860::8888", ALWAYS},
        {"64:ff9b::808:808", ALWAYS},
        {"::ffff:8.8.8.8", ALWAYS},
        {"127.0.0.1", IF_LISTED},
        {"127.255.255.254", IF_LISTED},
        {"10.0.0.1", IF_LISTED},
        {"10.255.255.255", IF_LISTED},
        {"100.64.0.1", IF_LISTED},
        {"172.16.0.1", IF_LISTED},
        {"172.31.255.255", IF_LISTED},
        {"192.168.1.1", IF_LISTED},
        {"192.0.0.8", IF_LISTED},
        {"192.0.2.1", IF_LISTED},
        {"192.88.99.1", IF_LISTED},
        {"198.18.0.1", IF_LISTED},
        {"198.51.100.1", IF_LISTED},
        {"203.0.113.1", IF_LISTED},
        {"::1", IF_LISTED},
        {"::7f00:1", IF_LISTED},
        {"::ffff:127.0.0.1", IF_LISTED},
        {"::ffff:10.1.2.3", IF_LISTED},
        {"64:ff9b::7f00:1", IF_LISTED},
        {"64:ff9b::a00:1", IF_LISTED},
        {"64:ff9b:1::808:808", IF_LISTED},
        {"100::1", IF_LISTED},
        {"2001::1", IF_LISTED},
        {"2001:db8::1", IF_LISTED},
        {"2002:7f00:1::", IF_LISTED},
        {"fc00::1", IF_LISTED},
        {"fdff::1", IF_LISTED},
        {"fec0::1", IF_LISTED},
        {"0.0.0.0", NEVER},
        {"0.1.2.3", NEVER},
        {"169.254.169.254", NEVER},
        {"169.254.0.1", NEVER},
        {"224.0.0.1", NEVER},
        {"255.255.255.255", NEVER},
        {"::", NEVER},
        {"::ffff:0.0.0.0", NEVER},
        {"::ffff:169.254.169.254", NEVER},
        {"64:ff9b::a9fe:a9fe", NEVER},
        {"fe80::1", NEVER},
        {"ff02::1", NEVER},
        {"fd00:ec2::254", NEVER},
    };
    char everything_v4[] = "0.0.0.0/0", everything_v6[] = "::/0";
    char *items[] = {everything_v4, everything_v6};
    struct sl_string_list nobody = {NULL, 0}, everybody = {items, 2};

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_addr addr;
        assert_int_equal(sl_addr_parse_ip(cases[i].ip, 1935, &addr), 0);
        bool public = address_is_public(&addr);
        bool unlisted = address_is_allowed(&nobody, "h", &addr);
        bool listed = address_is_allowed(&everybody, "h", &addr);
        if (public != (cases[i].verdict == ALWAYS) || unlisted != public ||
            listed != (cases[i].verdict != NEVER))
            fail_msg("%s: public %d, listed %d", cases[i].ip, public, listed);
    }
}

static void the_list_opens_what_it_names_and_no_more(void **state)
{
    (void)state;
    char network[] = "10.1.0.0/16", name[] = "Media.Example", one[] = "::1";
    char *items[] = {network, name, one};
    struct sl_string_list list = {items, 3};
    static const struct {
        const char *host, *ip;
        bool allowed;
    } cases[] = {
        {"h", "10.1.255.1", true},
        {"h", "::ffff:10.1.255.1", true},
        {"h", "64:ff9b::a01:ff01", true},
        {"h", "10.2.0.1", false},
        {"media.example", "10.2.0.1", true},
        {"media.example", "169.254.169.254", false},
        {"xmedia.example", "10.2.0.1", false},
        {"h", "::1", true},
        {"h", "127.0.0.1", false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_addr addr;
        assert_int_equal(sl_addr_parse_ip(cases[i].ip, 0, &addr), 0);
        if (address_is_allowed(&list, cases[i].host, &addr) != cases[i].allowed)
            fail_msg("%s at %s", cases[i].host, cases[i].ip);
    }
}

static void a_server_sends_nobody_where_it_could_not_go_itself(void **state)
{
    (void)state;
    static const struct {
        const char *from, *from_too, *to;
        bool by_operator, by_client;
    } cases[] = {
        {"8.8.8.8", NULL, "1.1.1.1", true, true},
        {"10.0.0.1", NULL, "1.1.1.1", true, true},
        {"127.0.0.1", NULL, "127.0.0.1", true, true}, /* its own, on another port */
        {"10.0.0.1", "10.0.0.2", "10.0.0.2", true, true},
        {"10.0.0.1", NULL, "10.0.0.9", true, false}, /* within a network */
        {"127.0.0.1", NULL, "10.0.0.9", true, false},
        {"fc00::1", NULL, "10.0.0.9", true, false},
        {"8.8.8.8", NULL, "10.0.0.9", false, false}, /* from outside into it */
        {"10.0.0.1", "8.8.8.8", "10.0.0.9", false, false},
        {"10.0.0.1", NULL, "127.0.0.1", false, false}, /* to ourselves */
        {"10.0.0.1", NULL, "::1", false, false},
        {"10.0.0.1", NULL, "64:ff9b::7f00:1", false, false},
        {"10.0.0.1", NULL, "169.254.169.254", false, false}, /* where clouds keep their keys */
        {"10.0.0.1", NULL, "64:ff9b::a9fe:a9fe", false, false},
        {"10.0.0.1", NULL, "0.0.0.0", false, false},
        {"8.8.8.8", NULL, "172.20.0.1", true, true}, /* listed below */
    };
    char *items[] = {(char[]){"172.20.0.0/16"}};
    struct sl_string_list allow = {.items = items, .count = 1};

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_addr from[2], to;
        size_t count = cases[i].from_too ? 2 : 1;
        assert_int_equal(sl_addr_parse_ip(cases[i].from, 1935, &from[0]), 0);
        if (cases[i].from_too)
            assert_int_equal(sl_addr_parse_ip(cases[i].from_too, 1935, &from[1]), 0);
        assert_int_equal(sl_addr_parse_ip(cases[i].to, 80, &to), 0);
        struct address_redirect redirect = {&allow, false, from, count, "elsewhere"};
        if (address_may_follow(&redirect, &to) != cases[i].by_operator)
            fail_msg("an operator's: %s to %s", cases[i].from, cases[i].to);
        redirect.by_client = true;
        if (address_may_follow(&redirect, &to) != cases[i].by_client)
            fail_msg("a client's: %s to %s", cases[i].from, cases[i].to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_address_has_its_verdict),
        cmocka_unit_test(the_list_opens_what_it_names_and_no_more),
        cmocka_unit_test(a_server_sends_nobody_where_it_could_not_go_itself),
    };

    return cmocka_run_group_tests_name("push address", tests, NULL, NULL);
}
