/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/srv.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEADER(answers) "\0\1\x85\x80\0\1\0" answers "\0\0\0\0"
#define QUESTION "\4_sip\4_udp\1x\0\0\x21\0\1"
#define RECORD(length) "\xc0\x0c\0\x21\0\1\0\0\0\0\0" length
#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static void reads_targets(void **state)
{
    (void)state;
    struct sl_srv_target found[SL_SRV_TARGETS_MAX];

    assert_int_equal(sl_srv_parse(BYTES(HEADER("\2") QUESTION RECORD("\x0b")
                                        "\0\x0a\0\5\x13\xc4\1a\xc0\x16" /* a.x */
                                        "\0"),
                                  found),
                     -EBADMSG); /* the second is not there */
    assert_int_equal(sl_srv_parse(BYTES(HEADER("\2") QUESTION RECORD("\x0a")
                                        "\0\x0a\0\5\x13\xc4\1a\xc0\x16" RECORD("\7")
                                            "\0\1\0\0\0\1\0"),
                                  found),
                     1); /* the second says that there is no such service */
    assert_string_equal(found[0].host, "a.x");
    assert_int_equal(found[0].port, 5060);
    assert_int_equal(found[0].priority, 10);
    assert_int_equal(found[0].weight, 5);
}

static void refuses_what_is_no_answer(void **state)
{
    (void)state;
    struct sl_srv_target found[SL_SRV_TARGETS_MAX];

    assert_int_equal(sl_srv_parse(BYTES("short"), found), -EBADMSG);
    assert_int_equal(sl_srv_parse(BYTES(HEADER("\0") QUESTION), found), 0);
    assert_int_equal(sl_srv_parse(BYTES(HEADER("\1") QUESTION RECORD("\x7f") "\0\0"), found),
                     -EBADMSG);
    /* a name that leads to itself, port 0 */
    assert_int_equal(
        sl_srv_parse(BYTES(HEADER("\1") QUESTION RECORD("\x8") "\0\1\0\1\0\1\xc0\x2f"), found), 0);
    assert_int_equal(
        sl_srv_parse(BYTES(HEADER("\1") QUESTION RECORD("\x8") "\0\1\0\1\0\0\1a"), found), 0);
}

static uint32_t drawn;

static uint32_t draw(void)
{
    return drawn;
}

static void orders_by_priority_and_weight(void **state)
{
    (void)state;
    static const struct sl_srv_target given[] = {
        {"late", 1, 20, 100}, {"light", 1, 10, 0}, {"heavy", 1, 10, 9}};
    struct sl_srv_target targets[3];

    for (drawn = 0; drawn < 11; drawn++) {
        memcpy(targets, given, sizeof(given));
        sl_srv_order(targets, 3, draw);
        assert_string_equal(targets[0].host, drawn == 0 ? "light" : "heavy");
        assert_string_equal(targets[2].host, "late");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_targets),
        cmocka_unit_test(refuses_what_is_no_answer),
        cmocka_unit_test(orders_by_priority_and_weight),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
