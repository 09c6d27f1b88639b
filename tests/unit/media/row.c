/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The row of samples on the clock, and the order of tags. */
#include "base/clock.h"
#include "base/mem.h"
#include "media/media.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MS = SL_US_PER_MS, RATE_HZ = 48000, PACKET = 960 /* samples of 20 ms */ };

/* ---- Timeline ---- */

static int64_t deviation_us(const struct sl_timeline *timeline, int64_t expected_us)
{
    int64_t late_us = sl_timeline_end_us(timeline) - expected_us;

    return late_us < 0 ? -late_us : late_us;
}

static void a_steady_source_passes_sample_by_sample(void **state)
{
    (void)state;
    struct sl_timeline timeline;

    sl_timeline_begin(&timeline, RATE_HZ, 5000);
    for (int i = 0; i < 1000; i++) {
        struct sl_placement placement = sl_timeline_place(&timeline, 5000 + i * 20 * MS, PACKET);
        assert_int_equal(placement.silence, 0);
        assert_int_equal(placement.skip, 0);
        assert_int_equal(placement.stretch, 0);
    }
    assert_int_equal(timeline.count, 1000 * PACKET);
}

static void gaps_become_silence_and_overlaps_are_cut(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int64_t late_us;
        size_t silence, skip;
    } cases[] = {
        {"a lost packet", 20 * MS, 960, 0},
        {"a pause of a second", 1000 * MS, 48000, 0},
        {"jitter", 7 * MS, 0, 0},
        {"jitter the other way", -7 * MS, 0, 0},
        {"a repeated packet", -20 * MS, 0, 960},
        {"an hour ago", -3600000LL * MS, 0, 960},
        {"half a packet too early", -16 * MS, 0, 768},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_timeline timeline;
        sl_timeline_begin(&timeline, RATE_HZ, 0);
        (void)sl_timeline_place(&timeline, 0, PACKET);
        int64_t pts_us = 20 * MS + cases[i].late_us;
        struct sl_placement placement = sl_timeline_place(&timeline, pts_us, PACKET);
        if (placement.silence != cases[i].silence || placement.skip != cases[i].skip)
            fail_msg("%s: silence %zu, skip %zu", cases[i].what, placement.silence, placement.skip);
        assert_int_equal(timeline.count,
                         (int64_t)(PACKET * 2 + placement.silence - placement.skip) +
                             placement.stretch);
    }
}

static void stays_within_20_ms_of_a_clock_that_runs_differently(void **state)
{
    (void)state;
    /* The source's samples are 500 ppm too many, too few; its stamps tell so and jitter. */
    for (int sign = -1; sign <= 1; sign += 2) {
        struct sl_timeline timeline;
        size_t hard = 0;
        sl_timeline_begin(&timeline, RATE_HZ, 0);
        for (int64_t i = 0; i < 50 * 600; i++) { /* ten minutes */
            int64_t true_us = i * 20 * MS + sign * i * 10;
            int64_t jitter_us = (i * 7919 % 5 - 2) * MS;
            struct sl_placement placement =
                sl_timeline_place(&timeline, true_us + jitter_us, PACKET);
            hard += placement.silence + placement.skip;
            assert_true(deviation_us(&timeline, true_us + 20 * MS) < 20 * MS);
        }
        assert_int_equal(hard, 0); /* a sample at a time, which nobody hears */
    }
}

static void a_source_that_sends_nothing_is_silent_in_real_time(void **state)
{
    (void)state;
    struct sl_timeline timeline;
    size_t count = 0;

    sl_timeline_begin(&timeline, 8000, 0);
    for (int64_t us = 0; us <= 2000 * MS; us += 7 * MS)
        count += sl_timeline_advance(&timeline, us);
    assert_in_range(count, 1990 * 8, 2000 * 8);
    assert_int_equal(sl_timeline_advance(&timeline, 100 * MS), 0); /* never back */
    /* What comes for the time that was filled is too late, what comes after it is not. */
    struct sl_placement placement = sl_timeline_place(&timeline, 500 * MS, 160);
    assert_int_equal(placement.skip, 160);
    placement = sl_timeline_place(&timeline, sl_timeline_end_us(&timeline), 160);
    assert_int_equal(placement.skip + placement.silence, 0);
}

/* ---- Order ---- */

static void add(struct sl_interleave *interleave, enum sl_media_kind kind, int64_t dts_ms,
                int64_t now_ms)
{
    struct sl_interleaved *item = sl_new(struct sl_interleaved);

    *item = (struct sl_interleaved){.kind = kind, .dts_us = dts_ms * MS};
    sl_interleave_add(interleave, item, now_ms * MS);
}

/* Millisecond of the next piece, negative for audio; 0: none. */
static int64_t next(struct sl_interleave *interleave, int64_t now_ms)
{
    struct sl_interleaved *item = sl_interleave_next(interleave, now_ms * MS);
    int64_t ms = item ? item->dts_us / MS : 0;

    if (item && item->kind == SL_AUDIO)
        ms = -ms;
    free(item);
    return ms;
}

/* What nobody took any more. */
static size_t take_rest(struct sl_interleave *interleave)
{
    struct sl_interleaved *item;
    size_t count = 0;

    for (; (item = sl_interleave_take(interleave)); count++)
        free(item);
    return count;
}

static void tags_leave_in_the_order_of_their_time(void **state)
{
    (void)state;
    struct sl_interleave interleave;

    sl_interleave_init(&interleave);
    sl_interleave_expect(&interleave, SL_AUDIO, 0);
    sl_interleave_expect(&interleave, SL_VIDEO, 0);
    add(&interleave, SL_VIDEO, 40, 40);
    assert_int_equal(next(&interleave, 40), 0); /* an older one may still come */
    add(&interleave, SL_AUDIO, 20, 45);
    assert_int_equal(next(&interleave, 45), -20);
    assert_int_equal(next(&interleave, 45), 0);
    add(&interleave, SL_AUDIO, 40, 60);
    assert_int_equal(next(&interleave, 60), 40); /* of the same time, the picture */
    add(&interleave, SL_VIDEO, 80, 80);
    assert_int_equal(next(&interleave, 80), -40);
    assert_int_equal(next(&interleave, 80), 0);
    assert_int_equal(take_rest(&interleave), 1);
}

static void nobody_waits_too_long_nor_for_what_does_not_come(void **state)
{
    (void)state;
    struct sl_interleave interleave;

    sl_interleave_init(&interleave);
    sl_interleave_expect(&interleave, SL_VIDEO, 0);
    add(&interleave, SL_VIDEO, 40, 40);
    assert_int_equal(next(&interleave, 40), 40); /* there is no sound */
    sl_interleave_expect(&interleave, SL_AUDIO, 100 * MS);
    add(&interleave, SL_VIDEO, 140, 140);
    assert_int_equal(next(&interleave, 1039), 0);
    assert_int_equal(next(&interleave, 1040), 140);
    add(&interleave, SL_VIDEO, 2090, 2090);
    assert_int_equal(next(&interleave, 2099), 0);
    assert_int_equal(next(&interleave, 2100), 2090); /* it has been silent for 2 s */
    add(&interleave, SL_AUDIO, 2100, 2110);
    add(&interleave, SL_VIDEO, 2130, 2130);
    assert_int_equal(next(&interleave, 2130), -2100);
    assert_int_equal(next(&interleave, 2130), 0);
    assert_int_equal(take_rest(&interleave), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_steady_source_passes_sample_by_sample),
        cmocka_unit_test(gaps_become_silence_and_overlaps_are_cut),
        cmocka_unit_test(stays_within_20_ms_of_a_clock_that_runs_differently),
        cmocka_unit_test(a_source_that_sends_nothing_is_silent_in_real_time),
        cmocka_unit_test(tags_leave_in_the_order_of_their_time),
        cmocka_unit_test(nobody_waits_too_long_nor_for_what_does_not_come),
    };

    return cmocka_run_group_tests_name("media row", tests, NULL, NULL);
}
