/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FLV: parameter sets, access units. */
#include "mux/mux.h"

#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SPS "\x67\x42\xc0\x1f\xda\x01\x40\x16\xe8"
#define PPS "\x68\xce\x3c\x80"
#define IDR "\x65\x88\x84"

static void finds_parameter_sets_whatever_the_start_codes(void **state)
{
    (void)state;
    static const struct {
        const char *why, *au;
        size_t len;
        int err;
    } cases[] = {
#define AU(text) text, sizeof(text) - 1
        {"start codes of 4", AU("\0\0\0\1" SPS "\0\0\0\1" PPS "\0\0\0\1" IDR), 0},
        {"start codes of 3", AU("\0\0\1" SPS "\0\0\1" PPS "\0\0\1" IDR), 0},
        {"a delimiter and zeros", AU("\0\0\0\1\x09\xf0\0\0\0\1" SPS "\0\0\0\0\1" PPS "\0\0"), 0},
        {"no PPS", AU("\0\0\0\1" SPS "\0\0\0\1" IDR), -ENOENT},
        {"no SPS", AU("\0\0\0\1" PPS "\0\0\0\1" IDR), -ENOENT},
        {"an SPS cut off", AU("\0\0\0\1\x67\x42\0\0\0\1" PPS), -ENOENT},
        {"no start code", AU(SPS PPS), -ENOENT},
        {"empty", AU(""), -ENOENT},
        {"start codes only", AU("\0\0\1\0\0\1\0\0\1"), -ENOENT},
    };
    static const char expected[] = "\1\x42\xc0\x1f\xff\xe1\0\x09" SPS "\1\0\4" PPS;

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_flv_avc_config config = {0};
        int err = sl_flv_avc_config_find((const uint8_t *)cases[i].au, cases[i].len, &config);
        if (err != cases[i].err)
            fail_msg("%s: %d", cases[i].why, err);
        if (err < 0)
            continue;
        /* The PPS's last byte is no zero that could be trailing. */
        assert_int_equal(config.len, sizeof(expected) - 1);
        assert_memory_equal(config.bytes, expected, config.len);
    }
}

static void access_units_get_lengths_for_start_codes_and_lose_their_parameter_sets(void **state)
{
    (void)state;
    static const char au[] =
        "\0\0\0\1\x09\xf0\0\0\0\1" SPS "\0\0\1" PPS "\0\0\1" IDR "\0\0\0\1\x65\x01\0\0\1";
    uint8_t out[128];

    size_t len = sl_flv_avc_convert((const uint8_t *)au, sizeof(au) - 1, out);
    assert_int_equal(len, 7 + 6);
    assert_memory_equal(out, "\0\0\0\3" IDR "\0\0\0\2\x65\1", len);
    assert_int_equal(sl_flv_avc_convert((const uint8_t *)"\0\0\1" PPS, 7, out), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_parameter_sets_whatever_the_start_codes),
        cmocka_unit_test(access_units_get_lengths_for_start_codes_and_lose_their_parameter_sets),
    };

    return cmocka_run_group_tests_name("mux flv", tests, NULL, NULL);
}
