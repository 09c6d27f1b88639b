/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a client, an operator, a back end and a server may send us (hardening.md class 14, 16). */
#include "net/reach.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum verdict { ALWAYS, IF_LISTED, NEVER };

static struct sl_addr parsed(const char *ip)
{
    struct sl_addr addr;

    if (sl_addr_parse_ip(ip, 1935, &addr) < 0)
        fail_msg("%s is no address", ip);
    return addr;
}

static bool client_may(const struct sl_string_list *allow, const char *host,
                       const struct sl_addr *addr)
{
    struct sl_reach reach = {.who = SL_REACH_CLIENT, .allow = allow, .host = host};

    return sl_reach_may(&reach, addr);
}

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
        struct sl_addr addr = parsed(cases[i].ip);
        bool public = sl_reach_class(&addr) == SL_REACH_PUBLIC;
        bool unlisted = client_may(&nobody, "h", &addr);
        bool listed = client_may(&everybody, "h", &addr);
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
        struct sl_addr addr = parsed(cases[i].ip);
        if (client_may(&list, cases[i].host, &addr) != cases[i].allowed)
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
        struct sl_addr from[2] = {parsed(cases[i].from)}, to = parsed(cases[i].to);
        if (cases[i].from_too)
            from[1] = parsed(cases[i].from_too);
        struct sl_reach redirect = {SL_REACH_OPERATORS_REDIRECT, &allow, "elsewhere", from,
                                    cases[i].from_too ? 2 : 1};
        if (sl_reach_may(&redirect, &to) != cases[i].by_operator)
            fail_msg("an operator's: %s to %s", cases[i].from, cases[i].to);
        redirect.who = SL_REACH_CLIENTS_REDIRECT;
        if (sl_reach_may(&redirect, &to) != cases[i].by_client)
            fail_msg("a client's: %s to %s", cases[i].from, cases[i].to);
    }
}

static void media_goes_to_this_machine_only_from_a_server_on_it(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        bool may;
    } cases[] = {
        {"127.0.0.1", "127.0.0.1", true},
        {"::1", "127.0.0.2", true},
        {"10.0.0.1", "127.0.0.1", false},
        {"8.8.8.8", "::1", false},
        {"8.8.8.8", "64:ff9b::7f00:1", false},
        {"8.8.8.8", "10.0.0.1", true}, /* a server behind a relay, or with several addresses */
        {"8.8.8.8", "8.8.4.4", true},
        {"127.0.0.1", "169.254.169.254", false},
        {"8.8.8.8", "0.0.0.0", false},
        {"8.8.8.8", "ff02::1", false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_addr from = parsed(cases[i].from), to = parsed(cases[i].to);
        struct sl_reach reach = {.who = SL_REACH_CANDIDATE, .from = &from, .from_count = 1};
        if (sl_reach_may(&reach, &to) != cases[i].may)
            fail_msg("%s to %s", cases[i].from, cases[i].to);
    }
}

static void the_operator_may_go_anywhere(void **state)
{
    (void)state;
    static const char *const ips[] = {"8.8.8.8", "10.0.0.1", "127.0.0.1", "169.254.1.1", "fe80::1"};

    for (size_t i = 0; i < SL_ARRAY_LEN(ips); i++) {
        struct sl_addr addr = parsed(ips[i]);
        assert_true(sl_reach_may(&(struct sl_reach){.who = SL_REACH_OPERATOR}, &addr));
    }
}

static void one_refused_address_among_many_is_found(void **state)
{
    (void)state;
    struct sl_reach client = {.who = SL_REACH_CLIENT};
    struct sl_addr addrs[] = {parsed("8.8.8.8"), parsed("10.0.0.1"), parsed("127.0.0.1")};

    assert_ptr_equal(sl_reach_find_refused(&client, addrs, 3), &addrs[1]);
    assert_null(sl_reach_find_refused(&client, addrs, 1));
    assert_null(sl_reach_find_refused(&client, addrs, 0));
}

static void schemes_are_of_one_kind_and_know_of_tls(void **state)
{
    (void)state;
    static const struct {
        enum sl_reach_scheme scheme;
        const char *url, *after;
        bool tls;
    } cases[] = {
        {SL_REACH_HTTP, "http://a", "a", false},     {SL_REACH_HTTP, "HttpS://b/", "b/", true},
        {SL_REACH_WS, "ws://", "", false},           {SL_REACH_WS, "WSS://c", "c", true},
        {SL_REACH_RTMP, "rtmp://d", "d", false},     {SL_REACH_RTMP, "rtmps://e", "e", true},
        {SL_REACH_RTMP, "rtmpt://f", NULL, false},   {SL_REACH_HTTP, "ws://g", NULL, false},
        {SL_REACH_HTTP, "http:/h", NULL, false},     {SL_REACH_HTTP, " http://i", NULL, false},
        {SL_REACH_HTTP, "file:///etc", NULL, false}, {SL_REACH_WS, "", NULL, false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        bool tls = false;
        const char *after = sl_reach_after_scheme(cases[i].scheme, cases[i].url, &tls);
        if (!after != !cases[i].after || tls != cases[i].tls ||
            (after && strcmp(after, cases[i].after) != 0))
            fail_msg("%s: %s", cases[i].url, after ? after : "(none)");
    }
}

static void a_back_end_and_a_pulled_server_may_be_at_any_address_of_a_host(void **state)
{
    (void)state;
    static const struct {
        const char *ip;
        bool forbidden;
    } cases[] = {
        {"0.0.0.0", true},
        {"0.255.255.255", true},
        {"169.254.0.0", true},
        {"169.254.169.254", true},
        {"169.254.255.255", true},
        {"224.0.0.1", true},
        {"239.255.255.255", true},
        {"240.0.0.1", true},
        {"255.255.255.255", true},
        {"::", true},
        {"fe80::1", true},
        {"febf:ffff::1", true},
        {"ff02::1", true},
        {"fd00:ec2::254", true},
        {"fd00:ec2:ffff::1", true},
        {"::ffff:0.0.0.0", true},
        {"::ffff:169.254.169.254", true},
        {"64:ff9b::a9fe:a9fe", true},
        {"64:ff9b::0.1.2.3", true},
        {"64:ff9b::e000:1", true},
        {"1.0.0.0", false},
        {"10.0.0.1", false},
        {"127.0.0.1", false},
        {"169.253.255.255", false},
        {"169.255.0.0", false},
        {"192.168.1.1", false},
        {"223.255.255.255", false},
        {"::1", false},
        {"fd00:ec3::1", false},
        {"fd01:ec2::254", false},
        {"fec0::1", false},
        {"feff::1", false},
        {"2001:4860:4860::8888", false},
        {"64:ff9b::808:808", false},
        {"64:ff9b:1::a9fe:a9fe", false}, /* of a network of one's own (RFC 8215) */
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_addr addr = parsed(cases[i].ip);
        struct sl_reach hook = {.who = SL_REACH_HOOK}, pull = {.who = SL_REACH_PULL};
        if ((sl_reach_class(&addr) == SL_REACH_FORBIDDEN) != cases[i].forbidden ||
            sl_reach_may(&hook, &addr) == cases[i].forbidden ||
            sl_reach_may(&pull, &addr) == cases[i].forbidden)
            fail_msg("%s", cases[i].ip);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_address_has_its_verdict),
        cmocka_unit_test(the_list_opens_what_it_names_and_no_more),
        cmocka_unit_test(a_server_sends_nobody_where_it_could_not_go_itself),
        cmocka_unit_test(media_goes_to_this_machine_only_from_a_server_on_it),
        cmocka_unit_test(the_operator_may_go_anywhere),
        cmocka_unit_test(one_refused_address_among_many_is_found),
        cmocka_unit_test(schemes_are_of_one_kind_and_know_of_tls),
        cmocka_unit_test(a_back_end_and_a_pulled_server_may_be_at_any_address_of_a_host),
    };

    return cmocka_run_group_tests_name("net reach", tests, NULL, NULL);
}
