/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Order, turns and bounds of waiting hooks. */
#include "hooks/queue.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { ITEMS = 600 };

static struct sl_hook_queue *queue;
static struct sl_hook_item items[ITEMS];

static const struct sl_hook_limits wide = {1000, 1000, 1000, 1000};

static int set_up(void **state)
{
    (void)state;
    memset(items, 0, sizeof(items));
    queue = sl_hook_queue_create();
    sl_hook_queue_set_limits(queue, &wide);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sl_hook_queue_destroy(queue);
    return 0;
}

static int push(int i, const char *app, const char *session, const char *media)
{
    const struct sl_hook_place place = {
        .app_key = app, .session_id = session, .media_session_id = media, .size = 10};

    return sl_hook_queue_push(queue, &place, &items[i]);
}

/* The number of the next item, -1: there is none. */
static int next(void)
{
    struct sl_hook_item *item = sl_hook_queue_next(queue);

    return item ? (int)(item - items) : -1;
}

static void found(int i)
{
    sl_hook_queue_found(&items[i]);
}

static void done(int i)
{
    sl_hook_queue_remove(&items[i]);
}

/* ---- Order ---- */

static void sends_hooks_of_a_media_session_one_after_the_other(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(push(i, "a", "s", "m"), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(next(), i);
        assert_int_equal(next(), -1);
        done(i);
    }
    assert_int_equal(sl_hook_queue_count(queue), 0);
}

static void does_not_let_media_sessions_and_sessions_wait_for_each_other_HOOK_38(void **state)
{
    (void)state;
    (void)push(0, "a", "s", "m");
    (void)push(1, "a", "s", "n");
    (void)push(2, "a", "s", NULL);
    (void)push(3, "a", "t", "m");
    (void)push(4, "b", "s", "m");
    unsigned seen = 0;
    for (int i = 0; i < 5; i++)
        seen |= 1u << next();
    assert_int_equal(seen, 0x1f);
}

static void sends_the_disconnect_after_all_that_was_before_it_HOOK_37(void **state)
{
    const struct sl_hook_place last = {
        .app_key = "a", .session_id = "s", .after_all = true, .size = 10};

    (void)state;
    (void)push(0, "a", "s", "m");
    (void)push(1, "a", "s", "n");
    (void)push(2, "a", "s", "n");
    (void)push(3, "a", "other", NULL);
    assert_int_equal(sl_hook_queue_push(queue, &last, &items[4]), 0);
    (void)push(5, "a", "s", "m");  /* of a later connection from the same address */
    (void)push(6, "a", "s", NULL); /* the same, its connect */
    unsigned seen = 0;
    for (int i = 0; i < 3; i++)
        seen |= 1u << next();
    assert_int_equal(seen, 1 << 0 | 1 << 1 | 1 << 3);
    assert_int_equal(next(), -1);
    done(1);
    assert_int_equal(next(), 2);
    done(0);
    assert_int_equal(next(), 5);
    done(2);
    assert_int_equal(next(), 4);
    assert_int_equal(next(), -1);
    done(4);
    assert_int_equal(next(), 6);
}

static void keeps_the_turn_of_a_paused_hook_but_not_its_place(void **state)
{
    static const struct sl_hook_limits one = {1, 1, 10, 10};

    (void)state;
    sl_hook_queue_set_limits(queue, &one);
    (void)push(0, "a", "s", "m");
    (void)push(1, "a", "s", "m");
    (void)push(2, "a", "t", "m");
    assert_int_equal(next(), 0);
    assert_int_equal(next(), -1);
    sl_hook_queue_pause(&items[0]);
    assert_int_equal(next(), 2);
    sl_hook_queue_resume(&items[0]);
    assert_int_equal(next(), -1);
    done(2);
    assert_int_equal(next(), 0);
    done(0);
    assert_int_equal(next(), 1);
}

static void forgets_a_hook_that_is_taken_out_in_any_state(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        (void)push(i, "a", "s", "m");
    assert_int_equal(next(), 0);
    done(2); /* waiting */
    sl_hook_queue_pause(&items[0]);
    done(0); /* paused */
    assert_int_equal(next(), 1);
    done(1); /* under way */
    assert_int_equal(next(), 3);
    done(3);
    assert_int_equal(sl_hook_queue_count(queue), 0);
    assert_int_equal(next(), -1);
}

/* ---- Turns ---- */

static void serves_applications_and_their_sessions_in_turn(void **state)
{
    static const struct sl_hook_limits one = {1, 1, 1000, 1000};
    static const int order[] = {0, 6, 4, 7, 1, 8, 5, 2, 3};
    char media[8];

    (void)state;
    sl_hook_queue_set_limits(queue, &one);
    for (int i = 0; i < 9; i++) {
        (void)snprintf(media, sizeof(media), "m%d", i);
        /* a: four of s, two of t; b: three */
        (void)push(i, i < 6 ? "a" : "b", i < 4 ? "s" : i < 6 ? "t" : "u", media);
    }
    for (size_t i = 0; i < SL_ARRAY_LEN(order); i++) {
        assert_int_equal(next(), order[i]);
        done(order[i]);
    }
}

static void leaves_places_for_other_applications_HOOK_38(void **state)
{
    static const struct sl_hook_limits limits = {16, 16, 1000, 1000};
    static const char *const apps[] = {"a", "b", "c"};
    static const int share[] = {8, 4, 2}; /* as long as more than it has are free */
    char session[8];
    int i = 0;

    (void)state;
    sl_hook_queue_set_limits(queue, &limits);
    for (size_t app = 0; app < SL_ARRAY_LEN(apps); app++) {
        for (int n = 0; n < 20; n++, i++) {
            (void)snprintf(session, sizeof(session), "%d", i);
            (void)push(i, apps[app], session, NULL);
        }
        int got = 0;
        for (int n; (n = next()) >= 0; got++)
            found(n);
        assert_int_equal(got, share[app]);
    }
    /* An application that has none under way gets one as long as there is any place. */
    (void)push(i, "d", "x", NULL);
    assert_int_equal(next(), i);
}

static void bounds_the_places_of_one_application(void **state)
{
    static const struct sl_hook_limits limits = {100, 3, 1000, 1000};
    char session[8];

    (void)state;
    sl_hook_queue_set_limits(queue, &limits);
    for (int i = 0; i < 5; i++) {
        (void)snprintf(session, sizeof(session), "%d", i);
        (void)push(i, "a", session, NULL);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(next(), i);
    assert_int_equal(next(), -1);
    done(1);
    assert_int_equal(next(), 3);
}

static void lets_few_look_up_a_name_until_it_is_known(void **state)
{
    char session[8];
    int under_way = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        (void)snprintf(session, sizeof(session), "%d", i);
        (void)push(i, "a", session, NULL);
    }
    while (next() >= 0)
        under_way++;
    assert_int_equal(under_way, SL_HOOK_LOOKUPS_MAX);
    found(0);
    found(0); /* told twice: counts once */
    assert_int_equal(next(), SL_HOOK_LOOKUPS_MAX);
    assert_int_equal(next(), -1);
    done(1); /* one that gave up before it knew */
    assert_int_equal(next(), SL_HOOK_LOOKUPS_MAX + 1);
    sl_hook_queue_pause(&items[2]);
    assert_int_equal(next(), SL_HOOK_LOOKUPS_MAX + 2);
    assert_int_equal(next(), -1);
}

/* ---- Bounds ---- */

static void bounds_what_waits_of_a_session_and_in_all(void **state)
{
    static const struct sl_hook_limits limits = {1, 1, 5, 3};

    (void)state;
    sl_hook_queue_set_limits(queue, &limits);
    assert_int_equal(push(0, "a", "s", "m"), 0);
    assert_int_equal(next(), 0); /* does not wait any more */
    for (int i = 1; i < 4; i++)
        assert_int_equal(push(i, "a", "s", "m"), 0);
    assert_int_equal(push(4, "a", "s", "m"), -ENOBUFS);
    assert_int_equal(push(4, "a", "s", "other"), -ENOBUFS);
    assert_int_equal(push(4, "a", "t", "m"), 0);
    assert_int_equal(push(5, "a", "t", "m"), 0);
    assert_int_equal(push(6, "a", "t", "m"), -ENOBUFS);
    assert_int_equal(push(6, "b", "u", "m"), -ENOBUFS);
    done(1);
    assert_int_equal(push(6, "a", "s", "m"), 0);
    sl_hook_queue_pause(&items[0]); /* it waits again, and counts */
    done(2);
    assert_int_equal(push(7, "a", "s", "m"), -ENOBUFS);
}

static void keeps_half_of_the_room_for_what_tells_states(void **state)
{
    static const struct sl_hook_limits limits = {1, 1, 100, 4};
    const struct sl_hook_place chatter = {
        .app_key = "a", .session_id = "s", .chatter = true, .size = 10};

    (void)state;
    sl_hook_queue_set_limits(queue, &limits);
    for (int i = 0; i < 2; i++)
        assert_int_equal(sl_hook_queue_push(queue, &chatter, &items[i]), 0);
    assert_int_equal(sl_hook_queue_push(queue, &chatter, &items[2]), -ENOBUFS);
    assert_int_equal(push(2, "a", "s", NULL), 0);
    assert_int_equal(push(3, "a", "s", NULL), 0);
    assert_int_equal(push(4, "a", "s", NULL), -ENOBUFS);
}

static void bounds_the_bytes_that_wait(void **state)
{
    const struct sl_hook_place big = {
        .app_key = "a", .session_id = "s", .size = SL_HOOK_SESSION_BYTES_MAX / 2};
    struct sl_hook_place huge = {.app_key = "a", .session_id = "t", .size = 100 << 20};

    (void)state;
    assert_int_equal(sl_hook_queue_push(queue, &big, &items[0]), 0);
    assert_int_equal(sl_hook_queue_push(queue, &huge, &items[1]), -ENOBUFS);
    done(0);
    /* Alone it is always let in: what one hook may hold is bounded where it is made. */
    assert_int_equal(sl_hook_queue_push(queue, &huge, &items[1]), 0);
    done(1);
    static const struct sl_hook_limits many = {1, 1, 100000, 1000};
    sl_hook_queue_set_limits(queue, &many);
    assert_int_equal(sl_hook_queue_push(queue, &big, &items[0]), 0);
    assert_int_equal(sl_hook_queue_push(queue, &big, &items[1]), 0);
    assert_int_equal(push(2, "a", "s", "m"), -ENOBUFS);
    assert_int_equal(push(2, "a", "t", "m"), 0);
}

/* ---- At random ---- */

struct model {
    int session, media; /* media 0: the session's own */
    bool after_all, waiting, under_way, paused;
};

static unsigned draw(unsigned *seed, unsigned below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

/* What next() gave must be what order allows. */
static void check_order(const struct model *models, int at, int count)
{
    for (int i = 0; i < at && i < count; i++) {
        bool there = models[i].waiting || models[i].under_way || models[i].paused;
        bool same_session = there && models[i].session == models[at].session;
        if (same_session && (models[i].media == models[at].media || models[at].after_all))
            fail_msg("%d went before %d", at, i);
    }
}

static void keeps_every_order_in_10000_random_steps(void **state)
{
    static struct model models[ITEMS];
    static const struct sl_hook_limits limits = {20, 12, 1000, 1000};
    unsigned seed = 7;

    (void)state;
    for (int round = 0; round < 20; round++) {
        int count = 0;
        memset(models, 0, sizeof(models));
        sl_hook_queue_set_limits(queue, &limits);
        for (int step = 0; step < 500 || sl_hook_queue_count(queue) > 0; step++) {
            int i = count > 0 ? (int)draw(&seed, (unsigned)count) : 0;
            unsigned what = draw(&seed, 6);
            if (what < 2 && count < ITEMS && step < 500) {
                struct model *m = &models[count];
                char app[4], session[8], media[8];
                *m = (struct model){(int)draw(&seed, 8), (int)draw(&seed, 3), false, true, 0, 0};
                m->after_all = m->media == 0 && draw(&seed, 4) == 0;
                (void)snprintf(app, sizeof(app), "%d", m->session % 3);
                (void)snprintf(session, sizeof(session), "s%d", m->session);
                (void)snprintf(media, sizeof(media), "m%d", m->media);
                const struct sl_hook_place place = {.app_key = app,
                                                    .session_id = session,
                                                    .media_session_id = m->media ? media : NULL,
                                                    .after_all = m->after_all,
                                                    .size = 1};
                assert_int_equal(sl_hook_queue_push(queue, &place, &items[count++]), 0);
            } else if (what == 2) {
                int got = next();
                if (got >= 0) {
                    check_order(models, got, count);
                    models[got].waiting = false;
                    models[got].under_way = true;
                    if (draw(&seed, 2))
                        found(got);
                }
            } else if (models[i].under_way && what == 3) {
                sl_hook_queue_pause(&items[i]);
                models[i].under_way = false;
                models[i].paused = true;
            } else if (models[i].paused && what == 4) {
                sl_hook_queue_resume(&items[i]);
                models[i].paused = false;
                models[i].waiting = true;
            } else if ((models[i].under_way || draw(&seed, 20) == 0) &&
                       (models[i].waiting || models[i].under_way || models[i].paused)) {
                done(i);
                models[i] = (struct model){.session = models[i].session};
            }
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(sends_hooks_of_a_media_session_one_after_the_other),
        TEST(does_not_let_media_sessions_and_sessions_wait_for_each_other_HOOK_38),
        TEST(sends_the_disconnect_after_all_that_was_before_it_HOOK_37),
        TEST(keeps_the_turn_of_a_paused_hook_but_not_its_place),
        TEST(forgets_a_hook_that_is_taken_out_in_any_state),
        TEST(serves_applications_and_their_sessions_in_turn),
        TEST(leaves_places_for_other_applications_HOOK_38),
        TEST(bounds_the_places_of_one_application),
        TEST(lets_few_look_up_a_name_until_it_is_known),
        TEST(bounds_what_waits_of_a_session_and_in_all),
        TEST(keeps_half_of_the_room_for_what_tells_states),
        TEST(bounds_the_bytes_that_wait),
        TEST(keeps_every_order_in_10000_random_steps),
    };

    return cmocka_run_group_tests_name("hooks queue", tests, NULL, NULL);
}
