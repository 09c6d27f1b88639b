/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When pictures are decoded that are shown in another order: of all that encoders do, decoding
 * rises, is never after showing, and is no earlier than it must be. */
#include "../random.h"
#include "base/mem.h"
#include "media/media.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TICKS = 3600 };

/* Groups of pictures in the order of decoding, by the place at which they are shown. */
static const struct group {
    const char *why;
    int depth; /* of reordering */
    int len;
    int shown[16];
} groups[] = {
    {"in order", 0, 1, {0}},
    {"one B", 1, 2, {1, 0}},
    {"two B", 1, 3, {2, 0, 1}},
    {"three B in two layers", 2, 4, {3, 1, 0, 2}},
    {"seven B in three layers", 3, 8, {7, 3, 1, 0, 2, 5, 4, 6}},
    {"fifteen B, each before the last",
     15,
     16,
     {15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}},
};

/* The n-th picture's time of showing: a key frame, then groups; open: the first B pictures of a
 * group are shown before its key frame. */
static int64_t shown_at(const struct group *group, int n, int gop, bool open)
{
    int at = n % gop, begin = n - at;

    if (open)
        return n == 0 ? 0
                      : 1 + (n - 1) / group->len * group->len + group->shown[(n - 1) % group->len];
    return at == 0 ? begin
                   : begin + 1 + (at - 1) / group->len * group->len +
                         group->shown[(at - 1) % group->len];
}

/* Feeds pictures, from the first-th on; returns how many were not decoded after the one before. */
static size_t feed(struct sl_reorder *reorder, const struct group *group, int told, bool open,
                   int first, int count, int64_t *longest)
{
    int gop = 1 + 8 * group->len;
    int64_t last = INT64_MIN;
    size_t disorder = 0;

    *longest = 0;
    for (int n = first; n < first + count; n++) {
        int64_t at = shown_at(group, n, gop, open) * TICKS;
        int64_t delay = sl_reorder_delay(reorder, told, (uint32_t)at + 0xfffe0000U);
        if (delay < 0)
            fail_msg("%s: decoded %lld ticks after it is shown", group->why, (long long)-delay);
        disorder += at - delay <= last;
        last = at - delay;
        if (delay > *longest)
            *longest = delay;
    }
    return disorder;
}

static void decoding_rises_and_is_not_after_showing(void **state)
{
    (void)state;

    for (size_t i = 0; i < SL_ARRAY_LEN(groups); i++) {
        for (int open = 0; open < 2; open++) {
            struct sl_reorder reorder = {0};
            int64_t longest;
            if (feed(&reorder, &groups[i], groups[i].depth, open, 0, 400, &longest) > 0)
                fail_msg("%s, open %d: not in order", groups[i].why, open);
            assert_int_equal(reorder.extra, 0);
            (void)feed(&reorder, &groups[i], groups[i].depth, open, 400, 400, &longest);
            /* A picture's way, and the depth it is decoded before. */
            assert_in_range(longest, 0, (groups[i].depth + groups[i].len) * TICKS);
        }
    }
}

static void pictures_in_order_are_decoded_when_they_are_shown(void **state)
{
    (void)state;
    struct sl_reorder reorder = {0};
    uint32_t random = 3, timestamp = 12345;

    for (int i = 0; i < 1000; i++) {
        assert_int_equal(sl_reorder_delay(&reorder, 0, timestamp), 0);
        timestamp += 1 + random_below(&random, 900000);
    }
}

/* "-1": not said; less than there is: said wrongly. */
static void a_depth_that_was_not_told_is_learnt(void **state)
{
    (void)state;

    for (size_t i = 0; i < SL_ARRAY_LEN(groups); i++) {
        for (int told = -1; told < groups[i].depth; told++) {
            struct sl_reorder reorder = {0};
            int64_t longest;
            size_t disorder = feed(&reorder, &groups[i], told, false, 0, 200, &longest);
            assert_in_range(disorder, 0, 40); /* while it is learnt */
            if (feed(&reorder, &groups[i], told, false, 200, 400, &longest) > 0)
                fail_msg("%s, told %d: not in order", groups[i].why, told);
            assert_true(reorder.depth <= SL_REORDER_MAX);
            if (told < 0 && groups[i].depth <= 2)
                assert_int_equal(disorder, 0); /* the guess is enough */
        }
    }
}

static void a_gap_or_a_new_depth_begins_again(void **state)
{
    (void)state;
    struct sl_reorder reorder = {0};
    uint32_t timestamp = 0;

    for (int i = 0; i < 10; i++)
        (void)sl_reorder_delay(&reorder, 2, timestamp += TICKS);
    assert_int_equal(sl_reorder_delay(&reorder, 2, timestamp += TICKS), 2 * TICKS);
    assert_in_range(sl_reorder_delay(&reorder, 2, timestamp += 90000 * 20), 1, 9000);
    assert_in_range(sl_reorder_delay(&reorder, 2, timestamp -= 90000 * 40), 1, 9000);
    assert_int_equal(sl_reorder_delay(&reorder, 0, timestamp += TICKS), 0);
    assert_in_range(sl_reorder_delay(&reorder, 1, timestamp += TICKS), 1, 4500);
    assert_int_equal(reorder.extra, 0);
}

/* hardening.md class 9: any stamps at all */
static void no_stamps_break_it(void **state)
{
    (void)state;
    struct sl_reorder reorder = {0};
    uint32_t random = 9;

    for (int i = 0; i < 100000; i++) {
        int told = (int)random_below(&random, SL_REORDER_MAX + 2) - 1;
        uint32_t timestamp = random_chance(&random, 50) ? random_below(&random, 100000)
                                                        : random_below(&random, UINT32_MAX);
        assert_true(sl_reorder_delay(&reorder, random_chance(&random, 2) ? told : 3, timestamp) >=
                    0);
        assert_true(reorder.depth <= SL_REORDER_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoding_rises_and_is_not_after_showing),
        cmocka_unit_test(pictures_in_order_are_decoded_when_they_are_shown),
        cmocka_unit_test(a_depth_that_was_not_told_is_learnt),
        cmocka_unit_test(a_gap_or_a_new_depth_begins_again),
        cmocka_unit_test(no_stamps_break_it),
    };

    return cmocka_run_group_tests_name("reorder", tests, NULL, NULL);
}
