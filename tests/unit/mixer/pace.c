/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long inputs are held back, and how many pictures there are (MIX-13, 22). */
#include "mixer/pace.h"
#include "mixer/delay.h"
#include "mixer/orders.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FRAME_US = 20000, MAX_US = 200000 };

/* Frames of so many seconds, each late by offset and a part of jitter. */
static int64_t send(struct sl_mixer_delay *delay, int64_t *at_us, int seconds, int64_t offset_us,
                    int64_t jitter_us)
{
    int64_t shift_us = 0;

    for (int n = 0; n < seconds * 50; n++, *at_us += FRAME_US)
        shift_us = sl_mixer_delay_note(delay, *at_us,
                                       *at_us + offset_us +
                                           (n % 10 == 9 ? jitter_us : jitter_us * (n % 5) / 9));
    return shift_us;
}

static void a_calm_input_waits_the_least(void **state)
{
    struct sl_mixer_delay delay = {.max_us = MAX_US};
    int64_t at_us = SL_US_PER_S;

    (void)state;
    assert_int_equal(send(&delay, &at_us, 10, 3000, 0), 43000);
    /* A source whose clock is elsewhere is as calm. */
    at_us += 30 * SL_US_PER_S;
    assert_int_equal(send(&delay, &at_us, 10, -7 * SL_US_PER_S, 0), -7 * SL_US_PER_S + 40000);
}

static void one_that_jitters_waits_for_its_latest(void **state)
{
    struct sl_mixer_delay delay = {.max_us = MAX_US};
    int64_t at_us = SL_US_PER_S;

    (void)state;
    assert_int_equal(send(&delay, &at_us, 5, 1000, 100000), 1000 + 100000 + 5000);
    assert_int_equal(send(&delay, &at_us, 5, 1000, 500000), 1000 + MAX_US);
}

/* A source that begins with its last key frame and all since then. */
static void what_came_all_at_once_is_not_waited_for(void **state)
{
    struct sl_mixer_delay delay = {.max_us = MAX_US};
    int64_t now_us = 10 * SL_US_PER_S, at_us = now_us - 3 * SL_US_PER_S / 2;

    (void)state;
    for (; at_us < now_us; at_us += FRAME_US)
        (void)sl_mixer_delay_note(&delay, at_us, now_us);
    assert_true(send(&delay, &at_us, 1, 3000, 0) <= 3000 + MAX_US);
}

static void one_that_is_late_for_good_is_waited_for(void **state)
{
    struct sl_mixer_delay delay = {.max_us = MAX_US};
    int64_t at_us = SL_US_PER_S;

    (void)state;
    assert_int_equal(send(&delay, &at_us, 10, 3000, 0), 43000);
    assert_int_equal(send(&delay, &at_us, 2, 603000, 0), 643000);
}

static void it_comes_down_slowly(void **state)
{
    struct sl_mixer_delay delay = {.max_us = MAX_US};
    int64_t at_us = SL_US_PER_S;

    (void)state;
    int64_t before_us = send(&delay, &at_us, 5, 1000, 100000);
    int64_t after_us = send(&delay, &at_us, 30, 1000, 0);
    assert_in_range(before_us - after_us, 15000, 30000); /* a millisecond a second, then */
    assert_int_equal(send(&delay, &at_us, 120, 1000, 0), 41000);
}

static void tick(struct sl_mixer_pace *pace, int64_t *now_us, int ms, int missed_every)
{
    for (int n = 0; n < ms / 40; n++, *now_us += 40000)
        (void)sl_mixer_pace_note(pace, missed_every && n % missed_every == 0, *now_us);
}

static void pictures_are_halved_twice_and_come_back(void **state)
{
    struct sl_mixer_pace pace;
    int64_t now_us = SL_US_PER_S;

    (void)state;
    sl_mixer_pace_init(&pace, now_us);
    tick(&pace, &now_us, 800, 2);
    assert_int_equal(pace.divisor, 1);
    tick(&pace, &now_us, 400, 2);
    assert_int_equal(pace.divisor, 2);
    tick(&pace, &now_us, 5000, 2);
    assert_int_equal(pace.divisor, SL_MIXER_PACE_DIVISOR_MAX);
    tick(&pace, &now_us, 9000, 0);
    assert_int_equal(pace.divisor, 4);
    tick(&pace, &now_us, 2000, 0);
    assert_int_equal(pace.divisor, 2);
    tick(&pace, &now_us, 10500, 0);
    assert_int_equal(pace.divisor, 1);
}

static void one_missed_now_and_then_is_nothing(void **state)
{
    struct sl_mixer_pace pace;
    int64_t now_us = SL_US_PER_S;

    (void)state;
    sl_mixer_pace_init(&pace, now_us);
    tick(&pace, &now_us, 60000, 25); /* once a second */
    assert_int_equal(pace.divisor, 1);
}

static void what_was_not_given_in_time_is_given_up(void **state)
{
    struct sl_mixer_orders orders = {.count = 0};
    bool lost;

    (void)state;
    for (int n = 0; n < SL_MIXER_ORDERS_MAX; n++) {
        assert_true(sl_mixer_orders_has_room(&orders, n * FRAME_US, &lost));
        assert_false(lost);
        sl_mixer_orders_add(&orders, n, n * FRAME_US);
    }
    assert_false(sl_mixer_orders_has_room(&orders, SL_US_PER_S, &lost));
    assert_int_equal(sl_mixer_orders_answer(&orders, 7, SL_US_PER_S), -1);
    assert_int_equal(sl_mixer_orders_answer(&orders, 1, SL_US_PER_S), SL_US_PER_S - FRAME_US);
    assert_int_equal(sl_mixer_orders_answer(&orders, 0, SL_US_PER_S), -1); /* it was before that */
    assert_true(sl_mixer_orders_has_room(&orders, SL_US_PER_S, &lost));
    assert_false(lost);
    assert_true(sl_mixer_orders_has_room(&orders, 3 * SL_US_PER_S, &lost));
    assert_true(lost);
    assert_int_equal(sl_mixer_orders_answer(&orders, 2, 3 * SL_US_PER_S), -1);
}

static void key_frames_are_not_made_for_each_who_comes(void **state)
{
    struct sl_mixer_keyframes keyframes = {.every_us = 300000};
    int64_t now_us = SL_US_PER_S;
    int count = 0;

    (void)state;
    assert_false(sl_mixer_keyframes_take(&keyframes, now_us));
    for (int n = 0; n < 100; n++, now_us += FRAME_US) { /* two seconds */
        keyframes.wanted = true;
        count += sl_mixer_keyframes_take(&keyframes, now_us);
    }
    assert_int_equal(count, 7);
    assert_false(sl_mixer_keyframes_take(&keyframes, now_us));
    now_us += 300000;
    assert_true(sl_mixer_keyframes_take(&keyframes, now_us)); /* it was not forgotten */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_calm_input_waits_the_least),
        cmocka_unit_test(one_that_jitters_waits_for_its_latest),
        cmocka_unit_test(what_came_all_at_once_is_not_waited_for),
        cmocka_unit_test(one_that_is_late_for_good_is_waited_for),
        cmocka_unit_test(it_comes_down_slowly),
        cmocka_unit_test(pictures_are_halved_twice_and_come_back),
        cmocka_unit_test(one_missed_now_and_then_is_nothing),
        cmocka_unit_test(what_was_not_given_in_time_is_given_up),
        cmocka_unit_test(key_frames_are_not_made_for_each_who_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
