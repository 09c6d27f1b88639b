/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rates out of totals: per second whatever the distance of two looks, each byte told once. */
#include "base/clock.h"
#include "flow/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void are_per_second_whatever_passed(void **state)
{
    struct sl_flow_stats stats = {.audio_bytes = 500, .video_bytes = 5000, .video_packets = 5};
    struct sl_flow_rates rates = {.at_us = 10 * SL_US_PER_S};

    (void)state;
    stats.video_frames = 3;
    assert_true(sl_flow_rates_update(&rates, &stats, 10 * SL_US_PER_S + SL_US_PER_S / 4));
    assert_int_equal(rates.audio_bps, 16000);
    assert_int_equal(rates.video_bps, 160000);
    assert_int_equal(rates.video_fps, 12);
    assert_true(rates.video_flows);
    /* Two seconds later; sound alone came. */
    stats.audio_bytes += 1000;
    assert_true(sl_flow_rates_update(&rates, &stats, rates.at_us + 2 * SL_US_PER_S));
    assert_int_equal(rates.audio_bps, 4000);
    assert_int_equal(rates.video_bps, 0);
    assert_int_equal(rates.video_fps, 0);
    assert_false(rates.video_flows);
}

static void are_rounded_to_the_nearest(void **state)
{
    struct sl_flow_stats stats = {.video_frames = 30};
    struct sl_flow_rates rates = {0};

    (void)state;
    assert_true(sl_flow_rates_update(&rates, &stats, SL_US_PER_S + 3000));
    assert_int_equal(rates.video_fps, 30); /* 29.91 */
}

static void stay_when_no_time_has_passed(void **state)
{
    struct sl_flow_stats stats = {.audio_bytes = 100};
    struct sl_flow_rates rates = {0};

    (void)state;
    assert_true(sl_flow_rates_update(&rates, &stats, SL_US_PER_S));
    stats.audio_bytes = 300;
    assert_false(sl_flow_rates_update(&rates, &stats, SL_US_PER_S));
    assert_false(sl_flow_rates_update(&rates, &stats, SL_US_PER_S - 1));
    assert_int_equal(rates.audio_bps, 800);
    /* and nothing is lost by that */
    assert_true(sl_flow_rates_update(&rates, &stats, 2 * SL_US_PER_S));
    assert_int_equal(rates.audio_bps, 1600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_per_second_whatever_passed),
        cmocka_unit_test(are_rounded_to_the_nearest),
        cmocka_unit_test(stay_when_no_time_has_passed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
