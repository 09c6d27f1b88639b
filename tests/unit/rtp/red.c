/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Redundant sound, byte by byte (RFC 2198 section 3). */
#include "base/bytes.h"
#include "rtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t data[2048];

static void puts_the_packets_before_in_front(void **state)
{
    (void)state;
    const struct sl_red_block blocks[] = {
        {(const uint8_t *)"one", 3, 0xffffff00},
        {(const uint8_t *)"two", 3, 0xffffff00 + 960},
        {(const uint8_t *)"three", 5, 0xffffff00 + 1920},
    };
    uint8_t out[64];

    /* 111, 1920 ticks, 3 octets: 1 1101111 | 00011110000000 0000000011 */
    static const char expected[] = "\xef\x1e\x00\x03\xef\x0f\x00\x03\x6fonetwothree";
    assert_int_equal(sl_red_write(111, blocks, 3, out, sizeof(out)), sizeof(expected) - 1);
    assert_memory_equal(out, expected, sizeof(expected) - 1);
    assert_int_equal(sl_red_write(111, blocks + 2, 1, out, sizeof(out)), 6);
    assert_memory_equal(out, "\x6fthree", 6);
}

static void leaves_out_what_cannot_be_told(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        struct sl_red_block blocks[3];
        size_t room, len;
    } cases[] = {
        {"all of it fits", {{data, 10, 0}, {data, 10, 960}, {data, 10, 1920}}, 39, 39},
        {"no room for the oldest", {{data, 10, 0}, {data, 10, 960}, {data, 10, 1920}}, 38, 25},
        {"room for the last only", {{data, 10, 0}, {data, 10, 960}, {data, 10, 1920}}, 24, 11},
        {"no room at all", {{data, 10, 0}, {data, 10, 960}, {data, 10, 1920}}, 10, 0},
        {"too long ago", {{data, 10, 0}, {data, 10, 960}, {data, 10, 16384}}, 99, 25},
        {"a gap that hides what is before",
         {{data, 10, 960}, {data, 10, 0}, {data, 10, 17000}},
         99,
         11},
        {"too long", {{data, 10, 0}, {data, 1024, 960}, {data, 10, 1920}}, 2000, 11},
        {"as long as may be", {{data, 10, 0}, {data, 1023, 960}, {data, 10, 1920}}, 2000, 1052},
        {"silence", {{data, 10, 0}, {data, 0, 960}, {data, 10, 1920}}, 99, 11},
        {"later than the packet", {{data, 10, 0}, {data, 10, 2000}, {data, 10, 1920}}, 99, 11},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint8_t out[2048];
        size_t len = sl_red_write(111, cases[i].blocks, 3, out, cases[i].room);
        if (len != cases[i].len)
            fail_msg("%s: %zu bytes, not %zu", cases[i].why, len, cases[i].len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_the_packets_before_in_front),
        cmocka_unit_test(leaves_out_what_cannot_be_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
