/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of parts, with parts that write down what is done to them. */
#include "server/parts.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "server/internal.h"

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char done[512];
static int refusal; /* of the second part */
static void (*told)(void *owner);
static void *slow, *late;
static int64_t now_us;

/* The executable is linked with --wrap=clock_gettime. */
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
    (void)clock;
    out->tv_sec = now_us / SL_US_PER_S;
    out->tv_nsec = now_us % SL_US_PER_S * 1000;
    return 0;
}

static void note(const char *what)
{
    size_t len = strlen(done);

    (void)snprintf(done + len, sizeof(done) - len, "%s ", what);
}

#define assert_done(expected)                                                                      \
    do {                                                                                           \
        assert_string_equal(done, expected);                                                       \
        done[0] = '\0';                                                                            \
    } while (0)

static int create_first(struct sl_server *server, struct sl_error *error)
{
    (void)server;
    (void)error;
    note("+first");
    return 0;
}

static int create_second(struct sl_server *server, struct sl_error *error)
{
    (void)server;
    (void)error;
    note("+second");
    return refusal;
}

static int create_third(struct sl_server *server, struct sl_error *error)
{
    (void)server;
    (void)error;
    note("+third");
    return 0;
}

static void destroy_first(struct sl_server *server)
{
    (void)server;
    note("-first");
}

static void destroy_second(struct sl_server *server)
{
    (void)server;
    note("-second");
}

static bool stop_slow(struct sl_server *server, void (*on_stopped)(void *owner), void *owner)
{
    (void)server;
    note("stop slow");
    told = on_stopped;
    slow = owner;
    return true;
}

static bool stop_late(struct sl_server *server, void (*on_stopped)(void *owner), void *owner)
{
    (void)server;
    (void)on_stopped;
    note("stop late");
    late = owner;
    return true;
}

static bool stop_absent(struct sl_server *server, void (*on_stopped)(void *owner), void *owner)
{
    (void)server;
    (void)on_stopped;
    (void)owner;
    note("stop absent");
    return false;
}

static void cut_slow(struct sl_server *server)
{
    (void)server;
    note("cut slow");
}

enum { GIVE_UP_MS = 2000 };

const struct sl_part *const sl_server_parts[] = {
    &(const struct sl_part){"first", .create = create_first, .destroy = destroy_first},
    &(const struct sl_part){"second", .create = create_second, .destroy = destroy_second},
    &(const struct sl_part){"late", .stop = stop_late, .after = {"slow", "absent"},
                            .give_up_ms = GIVE_UP_MS},
    &(const struct sl_part){"next", .stop = stop_absent, .after = {"absent"}},
    &(const struct sl_part){"third", .create = create_third},
    &(const struct sl_part){"slow", .stop = stop_slow, .cut = cut_slow},
    &(const struct sl_part){"absent", .stop = stop_absent},
    [7 ... SL_SERVER_PARTS - 1] =
        &(const struct sl_part){.name = "more"}, /* as many as the program has */
};

static int set_up(void **state)
{
    done[0] = '\0';
    refusal = 0;
    told = NULL;
    slow = late = NULL;
    now_us = 1000 * (int64_t)SL_US_PER_S;
    *state = sl_new(struct sl_server);
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void parts_are_made_in_order_and_destroyed_in_reverse(void **state)
{
    assert_int_equal(sl_parts_create(*state, NULL), 0);
    assert_done("+first +second +third ");
    sl_parts_destroy(*state);
    assert_done("-second -first ");
}

static void a_failure_leaves_the_rest_unmade_and_all_is_destroyed(void **state)
{
    refusal = -1;
    assert_int_equal(sl_parts_create(*state, NULL), -1);
    assert_done("+first +second ");
    sl_parts_destroy(*state);
    assert_done("-second -first ");
}

static void who_has_to_hear_of_an_end_stops_after_it(void **state)
{
    sl_parts_stop(*state);
    assert_done("stop slow stop absent stop absent "); /* the last is the one that waited for it */
    assert_false(sl_parts_stopped(*state));
    told(slow);
    assert_done("stop late ");
    assert_false(sl_parts_stopped(*state));
    told(late);
    assert_true(sl_parts_stopped(*state));
    assert_done("");
}

static void who_does_not_stop_is_cut_once_and_still_waited_for(void **state)
{
    sl_parts_stop(*state);
    done[0] = '\0';
    now_us += SL_PARTS_GRACE_MS * SL_US_PER_MS - 1;
    assert_false(sl_parts_stopped(*state));
    assert_done("");
    for (int i = 0; i < 3; i++) {
        now_us += 10 * SL_US_PER_S;
        assert_false(sl_parts_stopped(*state));
    }
    assert_done("cut slow ");
    told(slow);
    assert_done("stop late ");
}

static void who_stops_in_time_is_not_cut(void **state)
{
    sl_parts_stop(*state);
    told(slow);
    done[0] = '\0';
    now_us += SL_PARTS_GRACE_MS * SL_US_PER_MS;
    assert_false(sl_parts_stopped(*state));
    assert_done("");
}

static void one_that_may_be_given_up_is_given_its_time(void **state)
{
    sl_parts_stop(*state);
    now_us += 10 * SL_US_PER_S; /* its time begins when it is stopped */
    told(slow);
    now_us += GIVE_UP_MS * SL_US_PER_MS - 1;
    assert_false(sl_parts_stopped(*state));
    now_us++;
    assert_true(sl_parts_stopped(*state));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(parts_are_made_in_order_and_destroyed_in_reverse),
        TEST(a_failure_leaves_the_rest_unmade_and_all_is_destroyed),
        TEST(who_has_to_hear_of_an_end_stops_after_it),
        TEST(who_does_not_stop_is_cut_once_and_still_waited_for),
        TEST(who_stops_in_time_is_not_cut),
        TEST(one_that_may_be_given_up_is_given_its_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
