/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "calls/tone.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { TICK_US = 10 * SL_US_PER_MS, PACKETS_MAX = 100 };

struct sent {
    int64_t at_us;
    bool begins, ends;
    uint8_t event, volume;
    unsigned duration;
};

/* What is sent of it within so long, looked at every tick. */
static size_t run(struct sl_tone *tone, int64_t for_us, struct sent out[static PACKETS_MAX])
{
    uint8_t payload[SL_TONE_PAYLOAD_LEN];
    size_t count = 0;
    bool begins;

    for (int64_t now_us = SL_US_PER_S; now_us < SL_US_PER_S + for_us; now_us += TICK_US) {
        while (sl_tone_next(tone, now_us, payload, &begins)) {
            assert_true(count < PACKETS_MAX);
            out[count++] = (struct sent){
                .at_us = now_us,
                .begins = begins,
                .ends = payload[1] & 0x80,
                .event = payload[0],
                .volume = payload[1] & 0x3f,
                .duration = (unsigned)payload[2] << 8 | payload[3],
            };
        }
    }
    return count;
}

static void a_digit_is_eight_packets_and_three_ends(void **state)
{
    (void)state;
    struct sl_tone tone = {.clock_hz = 8000};
    struct sent sent[PACKETS_MAX];

    assert_true(sl_tone_add(&tone, '5'));
    assert_int_equal(run(&tone, SL_US_PER_S, sent), 11);
    for (size_t i = 0; i < 11; i++) {
        assert_int_equal(sent[i].event, 5);
        assert_int_equal(sent[i].volume, 10);
        assert_int_equal(sent[i].begins, i == 0);
        assert_int_equal(sent[i].ends, i >= 8);
        assert_int_equal(sent[i].duration, i < 8 ? 160 * (i + 1) : 1280);
        assert_int_equal(sent[i].at_us - sent[0].at_us,
                         (int64_t)(i < 8 ? i : 8) * 20 * SL_US_PER_MS);
    }
    assert_false(sl_tone_sounds(&tone));
}

static void digits_follow_one_another_with_a_gap(void **state)
{
    (void)state;
    static const struct {
        char digit;
        uint8_t event;
    } cases[] = {{'0', 0}, {'9', 9}, {'*', 10}, {'#', 11}, {'A', 12}, {'D', 15}, {'!', 16}};
    struct sl_tone tone = {.clock_hz = 48000};
    struct sent sent[PACKETS_MAX];

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_true(sl_tone_add(&tone, cases[i].digit));
    assert_int_equal(run(&tone, 3 * SL_US_PER_S, sent), 77);
    for (size_t i = 0; i < 77; i++)
        assert_int_equal(sent[i].event, cases[i / 11].event);
    assert_int_equal(sent[7].duration, 7680);
    for (size_t i = 11; i < 77; i += 11) {
        assert_true(sent[i].begins);
        assert_int_equal(sent[i].at_us - sent[i - 1].at_us, 50 * SL_US_PER_MS);
    }
}

static void what_is_no_digit_or_too_much_is_left_out(void **state)
{
    (void)state;
    struct sl_tone tone = {.clock_hz = 8000};

    for (const char *c = ",xE \x80"; *c; c++)
        assert_false(sl_tone_add(&tone, *c));
    assert_false(sl_tone_add(&tone, '\0'));
    for (size_t i = 0; i < SL_DTMF_MAX - 1; i++)
        assert_true(sl_tone_add(&tone, '1'));
    assert_false(sl_tone_add(&tone, '1'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_digit_is_eight_packets_and_three_ends),
        cmocka_unit_test(digits_follow_one_another_with_a_gap),
        cmocka_unit_test(what_is_no_digit_or_too_much_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
