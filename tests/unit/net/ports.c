/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ports out of a range: pairs, what is taken, where it ends. */
#include "net/net.h"

#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* An address of loopback that nothing else in this machine uses. */
static struct sl_addr quiet_address(void)
{
    struct sl_addr addr;

    assert_int_equal(sl_addr_parse_ip("127.93.4.7", 0, &addr), 0);
    return addr;
}

static int open_port(uint16_t port)
{
    struct sl_addr addr = quiet_address();

    addr.port = port;
    int fd = sl_udp_open(&addr, NULL);
    assert_true(fd >= 0);
    return fd;
}

static void close_pair(const struct sl_udp_pair *pair)
{
    (void)close(pair->rtp);
    (void)close(pair->rtcp);
}

static void pairs_are_even_and_the_next_until_none_is_left(void **state)
{
    (void)state;
    static const struct {
        uint16_t from, to;
        size_t pairs;
    } cases[] = {
        {20000, 20005, 3}, {20001, 20005, 2}, {20000, 20006, 3}, {20001, 20002, 0},
        {20000, 20000, 0}, {20004, 20000, 0}, {65534, 65535, 1},
    };
    struct sl_addr bind = quiet_address();

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_udp_pair pairs[4] = {{-1, -1, 0}};
        struct sl_error error = {""};
        size_t count = 0;
        int err;
        while ((err = sl_udp_open_pair(&bind, cases[i].from, cases[i].to, &pairs[count], &error)) ==
               0) {
            assert_true(count < cases[i].pairs);
            assert_int_equal(pairs[count].port % 2, 0);
            assert_in_range(pairs[count].port, cases[i].from, cases[i].to - 1);
            count++;
        }
        assert_int_equal(err, -EADDRINUSE);
        assert_non_null(strstr(error.text, "no free port left"));
        assert_int_equal(count, cases[i].pairs);
        for (size_t k = 0; k < count; k++)
            close_pair(&pairs[k]);
    }
}

static void half_a_pair_is_none(void **state)
{
    (void)state;
    struct sl_addr bind = quiet_address();
    int taken[] = {open_port(20000), open_port(20003)};
    struct sl_udp_pair pair;

    assert_int_equal(sl_udp_open_pair(&bind, 20000, 20003, &pair, NULL), -EADDRINUSE);
    assert_int_equal(sl_udp_open_pair(&bind, 20000, 20005, &pair, NULL), 0);
    assert_int_equal(pair.port, 20004);
    close_pair(&pair);
    /* What was opened of the others is closed again. */
    (void)close(open_port(20001));
    (void)close(open_port(20002));
    for (size_t i = 0; i < 2; i++)
        (void)close(taken[i]);
}

static void an_address_of_others_is_no_matter_of_ports(void **state)
{
    (void)state;
    struct sl_addr bind;
    struct sl_udp_pair pair;

    assert_int_equal(sl_addr_parse_ip("192.0.2.1", 0, &bind), 0);
    assert_int_equal(sl_udp_open_pair(&bind, 20000, 20999, &pair, NULL), -EADDRNOTAVAIL);
    assert_int_equal(sl_udp_open_in(&bind, 20000, 20999, NULL, NULL), -EADDRNOTAVAIL);
}

static void single_ports_fill_the_range(void **state)
{
    (void)state;
    struct sl_addr bind = quiet_address();
    bool seen[3] = {false};
    int fds[3];

    for (size_t i = 0; i < 3; i++) {
        uint16_t port;
        fds[i] = sl_udp_open_in(&bind, 20001, 20003, &port, NULL);
        assert_true(fds[i] >= 0);
        assert_in_range(port, 20001, 20003);
        assert_false(seen[port - 20001]);
        seen[port - 20001] = true;
    }
    assert_int_equal(sl_udp_open_in(&bind, 20001, 20003, NULL, NULL), -EADDRINUSE);
    int any = sl_udp_open_in(&bind, 0, 0, NULL, NULL);
    assert_true(any >= 0);
    (void)close(any);
    for (size_t i = 0; i < 3; i++)
        (void)close(fds[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_even_and_the_next_until_none_is_left),
        cmocka_unit_test(half_a_pair_is_none),
        cmocka_unit_test(an_address_of_others_is_no_matter_of_ports),
        cmocka_unit_test(single_ports_fill_the_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
