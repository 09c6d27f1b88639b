/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a slow client loses, and what it goes on with. */
#include "mse/queue.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct sl_mse_queue_limits limits = {1000, 2 * SL_US_PER_S};

static struct sl_mse_unit unit(enum sl_media_kind kind, bool keyframe, int64_t time_us)
{
    return (struct sl_mse_unit){.kind = kind, .keyframe = keyframe, .time_us = time_us};
}

static bool takes(struct sl_mse_queue *queue, enum sl_media_kind kind, bool keyframe,
                  int64_t time_us)
{
    const struct sl_mse_unit one = unit(kind, keyframe, time_us);

    return sl_mse_queue_takes(queue, &one);
}

static void begins_with_a_key_frame_and_the_sound_from_then_on(void **state)
{
    (void)state;
    struct sl_mse_queue queue = {.has_pictures = true};

    assert_false(takes(&queue, SL_AUDIO, false, 10));
    assert_false(takes(&queue, SL_VIDEO, false, 20));
    assert_true(takes(&queue, SL_VIDEO, true, 30));
    assert_false(takes(&queue, SL_AUDIO, false, 29)); /* it comes later than its picture */
    assert_true(takes(&queue, SL_AUDIO, false, 30));
    assert_true(takes(&queue, SL_VIDEO, false, 40));
    sl_mse_queue_drop(&queue, 0, 0);
    assert_false(takes(&queue, SL_AUDIO, false, 50));
    assert_false(takes(&queue, SL_VIDEO, false, 60));
    assert_true(takes(&queue, SL_VIDEO, true, 70));
}

static void sound_alone_waits_for_nothing(void **state)
{
    (void)state;
    struct sl_mse_queue queue = {.has_pictures = false};

    assert_true(takes(&queue, SL_AUDIO, false, 10));
    sl_mse_queue_drop(&queue, 0, 0);
    assert_true(takes(&queue, SL_AUDIO, false, 20));
}

static void is_bounded_in_bytes(void **state)
{
    (void)state;
    struct sl_mse_queue queue = {.runs = true};

    assert_true(sl_mse_queue_is_over(&queue, &limits, 1001, 0));
    sl_mse_queue_add(&queue, 600, 0);
    sl_mse_queue_update(&queue, 600, 0);
    assert_false(sl_mse_queue_is_over(&queue, &limits, 400, 0));
    assert_true(sl_mse_queue_is_over(&queue, &limits, 401, 0));
    sl_mse_queue_update(&queue, 100, 0);
    assert_false(sl_mse_queue_is_over(&queue, &limits, 900, 0));
}

static void is_bounded_in_time_by_the_oldest_that_waits(void **state)
{
    (void)state;
    struct sl_mse_queue queue = {.runs = true};

    sl_mse_queue_add(&queue, 10, 0);
    sl_mse_queue_add(&queue, 10, SL_US_PER_S);
    sl_mse_queue_update(&queue, 11, 2 * SL_US_PER_S);
    assert_false(sl_mse_queue_is_over(&queue, &limits, 1, 2 * SL_US_PER_S));
    assert_true(sl_mse_queue_is_over(&queue, &limits, 1, 2 * SL_US_PER_S + 1));
    sl_mse_queue_update(&queue, 10, 2 * SL_US_PER_S + 1);
    assert_false(sl_mse_queue_is_over(&queue, &limits, 1, 2 * SL_US_PER_S + 1));
    assert_true(sl_mse_queue_is_over(&queue, &limits, 1, 3 * SL_US_PER_S + 1));
}

static void more_marks_than_there_is_room_for_count_as_older(void **state)
{
    (void)state;
    struct sl_mse_queue queue = {.runs = true};
    const int64_t step_us = 10 * SL_US_PER_MS;

    for (int i = 0; i < 2 * SL_MSE_MARKS; i++)
        sl_mse_queue_add(&queue, 1, i * step_us);
    sl_mse_queue_update(&queue, 1, 2 * SL_MSE_MARKS * step_us);
    assert_false(sl_mse_queue_is_over(&queue, &limits, 1, 2 * SL_MSE_MARKS * step_us));
    assert_true(sl_mse_queue_is_over(&queue, &limits, 1, 4 * SL_US_PER_S));
    sl_mse_queue_update(&queue, 0, 4 * SL_US_PER_S);
    assert_false(sl_mse_queue_is_over(&queue, &limits, 1, 9 * SL_US_PER_S));
}

static void nothing_is_sent_before_what_had_begun_to_leave_has_left(void **state)
{
    (void)state;
    struct sl_mse_queue queue = {.has_pictures = true, .runs = true};

    sl_mse_queue_add(&queue, 500, 0);
    sl_mse_queue_update(&queue, 400, 3 * SL_US_PER_S);
    sl_mse_queue_drop(&queue, 50, 3 * SL_US_PER_S);
    sl_mse_queue_update(&queue, 40, 4 * SL_US_PER_S);
    assert_false(takes(&queue, SL_VIDEO, true, 10));
    sl_mse_queue_update(&queue, 0, 5 * SL_US_PER_S);
    assert_false(takes(&queue, SL_VIDEO, false, 20));
    assert_true(takes(&queue, SL_VIDEO, true, 30));
    assert_false(sl_mse_queue_is_over(&queue, &limits, 1000, 5 * SL_US_PER_S));
}

static void a_stall_goes_on_whatever_is_dropped(void **state)
{
    (void)state;
    struct sl_mse_queue queue = {.runs = true};

    sl_mse_queue_update(&queue, 0, SL_US_PER_S);
    assert_int_equal(sl_mse_queue_stalled_us(&queue, 9 * SL_US_PER_S), 0); /* nothing waits */
    sl_mse_queue_update(&queue, 0, 9 * SL_US_PER_S);
    sl_mse_queue_add(&queue, 500, 9 * SL_US_PER_S);
    sl_mse_queue_update(&queue, 500, 11 * SL_US_PER_S);
    sl_mse_queue_drop(&queue, 2, 11 * SL_US_PER_S); /* the ping in its place */
    sl_mse_queue_update(&queue, 2, 13 * SL_US_PER_S);
    assert_int_equal(sl_mse_queue_stalled_us(&queue, 13 * SL_US_PER_S), 4 * SL_US_PER_S);
    sl_mse_queue_update(&queue, 1, 14 * SL_US_PER_S);
    assert_int_equal(sl_mse_queue_stalled_us(&queue, 15 * SL_US_PER_S), SL_US_PER_S);
    sl_mse_queue_update(&queue, 0, 16 * SL_US_PER_S);
    assert_int_equal(sl_mse_queue_stalled_us(&queue, 17 * SL_US_PER_S), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_with_a_key_frame_and_the_sound_from_then_on),
        cmocka_unit_test(sound_alone_waits_for_nothing),
        cmocka_unit_test(is_bounded_in_bytes),
        cmocka_unit_test(is_bounded_in_time_by_the_oldest_that_waits),
        cmocka_unit_test(more_marks_than_there_is_room_for_count_as_older),
        cmocka_unit_test(nothing_is_sent_before_what_had_begun_to_leave_has_left),
        cmocka_unit_test(a_stall_goes_on_whatever_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
