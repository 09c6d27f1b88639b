/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AudioSpecificConfig, by the tables of ISO 14496-3. What silence sounds like to a decoder is in
 * ../codec/silence.c. */
#include "media/aac.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void the_configuration_says_rate_and_channels(void **state)
{
    (void)state;
    static const struct {
        int rate_hz, channels;
        const char *bytes;
    } cases[] = {
        {48000, 2, "\x11\x90"}, {48000, 1, "\x11\x88"}, {44100, 2, "\x12\x10"},
        {96000, 2, "\x10\x10"}, {8000, 1, "\x15\x88"},  {7350, 1, "\x16\x08"},
    };
    uint8_t config[SL_AAC_CONFIG_LEN];

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(sl_aac_write_config(cases[i].rate_hz, cases[i].channels, config), 0);
        assert_memory_equal(config, cases[i].bytes, sizeof(config));
    }
}

static void what_has_no_number_is_refused(void **state)
{
    (void)state;
    uint8_t config[SL_AAC_CONFIG_LEN] = {1, 2};

    assert_int_equal(sl_aac_write_config(47999, 2, config), -EINVAL);
    assert_int_equal(sl_aac_write_config(0, 2, config), -EINVAL);
    assert_int_equal(sl_aac_write_config(48000, 0, config), -EINVAL);
    assert_int_equal(sl_aac_write_config(48000, 3, config), -EINVAL);
    assert_memory_equal(config, "\1\2", sizeof(config));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_configuration_says_rate_and_channels),
        cmocka_unit_test(what_has_no_number_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
