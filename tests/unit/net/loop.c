/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loops, their messages and timers. */
#include "net/loop.h"

#include "base/clock.h"
#include "base/mem.h"

#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

enum { POSTERS = 4, MESSAGES = 20000 };

struct counter {
    struct sl_loop *loop;
    size_t seen[POSTERS]; /* the loop's thread only */
    size_t total;
    bool in_order;
};

struct numbered {
    struct sl_msg msg;
    struct counter *counter;
    size_t poster, number;
};

static void on_numbered(struct sl_msg *msg)
{
    struct numbered *m = sl_container_of(msg, struct numbered, msg);
    struct counter *counter = m->counter;

    if (m->number != counter->seen[m->poster] || !sl_loop_is_current(counter->loop))
        counter->in_order = false;
    counter->seen[m->poster]++;
    if (++counter->total == (size_t)POSTERS * MESSAGES)
        sl_loop_stop(counter->loop);
    free(m);
}

struct poster {
    struct counter *counter;
    size_t index;
};

static void *post_all(void *arg)
{
    const struct poster *poster = arg;

    for (size_t i = 0; i < MESSAGES; i++) {
        struct numbered *m = sl_new(struct numbered);
        *m = (struct numbered){{.run = on_numbered}, poster->counter, poster->index, i};
        sl_loop_post(poster->counter->loop, &m->msg);
    }
    return NULL;
}

static void runs_every_message_once_and_in_each_posters_order(void **state)
{
    struct counter counter = {.loop = sl_loop_create("a loop with a long name"), .in_order = true};
    struct poster posters[POSTERS];
    pthread_t threads[POSTERS];

    (void)state;
    for (size_t i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){&counter, i};
        assert_int_equal(pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
    }
    sl_loop_run(counter.loop);
    for (size_t i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
    assert_true(counter.in_order);
    assert_int_equal(counter.total, (size_t)POSTERS * MESSAGES);
    sl_loop_destroy(counter.loop);
}

static void on_posted_late(struct sl_msg *msg)
{
    struct numbered *m = sl_container_of(msg, struct numbered, msg);

    m->counter->total++;
    free(m);
}

static void destroy_runs_what_is_still_queued(void **state)
{
    struct counter counter = {.loop = sl_loop_create("late")};
    struct numbered *m = sl_new(struct numbered);

    (void)state;
    *m = (struct numbered){.msg = {.run = on_posted_late}, .counter = &counter};
    sl_loop_post(counter.loop, &m->msg);
    sl_loop_destroy(counter.loop);
    assert_int_equal(counter.total, 1);
    sl_loop_destroy(NULL);
}

static void stop_before_run_is_not_lost(void **state)
{
    struct sl_loop *loop = sl_loop_create("stopped");

    (void)state;
    sl_loop_stop(loop);
    sl_loop_run(loop); /* hangs if it is */
    sl_loop_destroy(loop);
}

static void *other_thread(void *arg)
{
    return sl_loop_is_current(arg) ? arg : NULL;
}

static void ask_another_thread(struct sl_msg *msg)
{
    struct numbered *m = sl_container_of(msg, struct numbered, msg);
    pthread_t thread;
    void *result;

    assert_int_equal(pthread_create(&thread, NULL, other_thread, m->counter->loop), 0);
    pthread_join(thread, &result);
    m->counter->in_order = result == NULL && sl_loop_is_current(m->counter->loop);
    sl_loop_stop(m->counter->loop);
}

static void knows_its_thread_while_it_runs(void **state)
{
    struct counter counter = {.loop = sl_loop_create("current")};
    struct numbered m = {.msg = {.run = ask_another_thread}, .counter = &counter};

    (void)state;
    assert_true(sl_loop_is_current(counter.loop)); /* nobody runs it */
    sl_loop_post(counter.loop, &m.msg);
    sl_loop_run(counter.loop);
    assert_true(counter.in_order);
    sl_loop_destroy(counter.loop);
}

/* ---- Timers ---- */

struct ticks {
    struct sl_loop *loop;
    struct sl_timer *timer, *other;
    int64_t first_us;
    int count, other_count;
};

static void on_tick(void *owner)
{
    struct ticks *ticks = owner;

    if (ticks->count++ == 0)
        ticks->first_us = sl_now_us();
    if (ticks->count == 3) {
        sl_timer_destroy(ticks->timer); /* from within its own callback */
        sl_timer_destroy(ticks->other);
        sl_loop_stop(ticks->loop);
    }
}

static void on_other(void *owner)
{
    struct ticks *ticks = owner;

    ticks->other_count++;
}

static void timers_repeat_stop_and_may_be_destroyed_in_their_callback(void **state)
{
    struct ticks ticks = {.loop = sl_loop_create("timers")};

    (void)state;
    ticks.timer = sl_timer_create(ticks.loop, on_tick, &ticks);
    ticks.other = sl_timer_create(ticks.loop, on_other, &ticks);
    sl_timer_start(ticks.other, 0, 0);
    sl_timer_stop(ticks.other);
    sl_timer_start(ticks.timer, 5000, 0); /* moved by the next line */
    int64_t start = sl_now_us();
    sl_timer_start(ticks.timer, 20, 1);
    sl_loop_run(ticks.loop);
    assert_in_range(ticks.first_us - start, 19000, 2000000);
    assert_int_equal(ticks.count, 3);
    assert_int_equal(ticks.other_count, 0);
    sl_loop_destroy(ticks.loop);
    sl_timer_destroy(NULL);
}

struct asker {
    struct sl_later later;
    struct sl_loop *loop;
    struct asker *next;      /* asked for from within this one's run */
    struct asker *cancelled; /* by this one's run */
    char name, *log;
};

static void on_later(struct sl_later *later)
{
    struct asker *asker = sl_container_of(later, struct asker, later);

    strncat(asker->log, &asker->name, 1);
    if (asker->next)
        sl_loop_later(asker->loop, &asker->next->later);
    if (asker->cancelled)
        sl_later_cancel(&asker->cancelled->later);
}

struct marker {
    struct sl_msg msg;
    char *log;
};

static void on_marker(struct sl_msg *msg)
{
    strcat(sl_container_of(msg, struct marker, msg)->log, "|");
}

static void what_is_to_be_done_later_waits_for_its_turn_in_order(void **state)
{
    struct sl_loop *loop = sl_loop_create("later");
    char log[32] = "";
    struct asker a = {{.run = on_later}, loop, .name = 'a', .log = log};
    struct asker b = a, c = a, d = a;
    struct marker marker = {{.run = on_marker}, log};

    (void)state;
    b.name = 'b';
    c.name = 'c';
    d.name = 'd';
    a.next = &d;      /* one that comes while they run */
    b.cancelled = &c; /* and one that is taken back while it is due */
    sl_loop_later(loop, &a.later);
    sl_loop_later(loop, &b.later);
    sl_loop_later(loop, &c.later);
    sl_loop_later(loop, &a.later); /* waits already */
    sl_loop_post(loop, &marker.msg);
    assert_string_equal(log, ""); /* never from within */
    sl_loop_run_posted(loop);
    assert_string_equal(log, "ab|");
    sl_loop_run_posted(loop);
    assert_string_equal(log, "ab|d");

    a.next = NULL;
    sl_loop_later(loop, &a.later);
    sl_later_cancel(&a.later);
    sl_later_cancel(&a.later); /* of one that does not wait: nothing */
    sl_loop_later(loop, &b.later);
    sl_loop_destroy(loop); /* what waits is done first */
    assert_string_equal(log, "ab|db");
}

static size_t count_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t count = 0;

    assert_non_null(dir);
    while (readdir(dir))
        count++;
    assert_int_equal(closedir(dir), 0);
    return count;
}

static void is_not_made_without_descriptors_and_keeps_none(void **state)
{
    struct sl_loop *loop = NULL;
    struct rlimit old, low;
    size_t refused = 0;

    (void)state;
    sl_loop_destroy(sl_loop_create("first")); /* what libuv makes once for all */
    size_t before = count_descriptors();
    int probe = dup(0);
    (void)close(probe);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    for (low = old, low.rlim_cur = (rlim_t)probe; !loop; low.rlim_cur++) {
        assert_true(low.rlim_cur < (rlim_t)probe + 16);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        loop = sl_loop_create("starved");
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
        if (loop)
            break;
        refused++;
        assert_int_equal(count_descriptors(), before);
    }
    assert_true(refused > 1); /* at its first descriptor and at a later one */
    sl_loop_destroy(loop);
    assert_int_equal(count_descriptors(), before);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_every_message_once_and_in_each_posters_order),
        cmocka_unit_test(destroy_runs_what_is_still_queued),
        cmocka_unit_test(stop_before_run_is_not_lost),
        cmocka_unit_test(knows_its_thread_while_it_runs),
        cmocka_unit_test(what_is_to_be_done_later_waits_for_its_turn_in_order),
        cmocka_unit_test(is_not_made_without_descriptors_and_keeps_none),
        cmocka_unit_test(timers_repeat_stop_and_may_be_destroyed_in_their_callback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
