/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The queue between threads; run under TSan as well. */
#include "base/queue.h"
#include "base/mem.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>

#include <cmocka.h>

static void is_taken_whole_and_in_order(void **state)
{
    (void)state;
    struct sl_queue queue;
    struct sl_msg a, b;

    sl_queue_init(&queue);
    assert_null(sl_queue_take(&queue));
    assert_true(sl_queue_post(&queue, &a));  /* wake the owner */
    assert_false(sl_queue_post(&queue, &b)); /* woken already */
    assert_ptr_equal(sl_queue_take(&queue), &a);
    assert_ptr_equal(a.next, &b);
    assert_null(b.next);
    assert_null(sl_queue_take(&queue));
    assert_true(sl_queue_post(&queue, &b));
    assert_ptr_equal(sl_queue_take(&queue), &b);
    sl_queue_deinit(&queue);
}

enum { POSTERS = 4, POSTS = 5000 };

struct numbered {
    struct sl_msg msg;
    int poster, number;
};

struct poster {
    struct sl_queue *queue;
    _Atomic int *wakes;
    int index;
};

static void *post_all(void *arg)
{
    struct poster *poster = arg;

    for (int i = 0; i < POSTS; i++) {
        struct numbered *m = sl_new(struct numbered);
        m->poster = poster->index;
        m->number = i;
        if (sl_queue_post(poster->queue, &m->msg))
            atomic_fetch_add(poster->wakes, 1);
    }
    return NULL;
}

static void many_posters_lose_nothing_and_keep_their_order(void **state)
{
    (void)state;
    struct sl_queue queue;
    _Atomic int wakes = 0;
    pthread_t threads[POSTERS];
    struct poster posters[POSTERS];
    int next[POSTERS] = {0}, got = 0, batches = 0;

    sl_queue_init(&queue);
    for (int i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){&queue, &wakes, i};
        assert_int_equal(pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
    }
    while (got < POSTERS * POSTS) {
        struct sl_msg *msg = sl_queue_take(&queue);
        if (!msg) {
            (void)sched_yield();
            continue;
        }
        batches++;
        while (msg) {
            struct numbered *m = sl_container_of(msg, struct numbered, msg);
            msg = msg->next;
            assert_int_equal(m->number, next[m->poster]++);
            got++;
            free(m);
        }
    }
    for (int i = 0; i < POSTERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&wakes), batches); /* one wake-up per batch */
    sl_queue_deinit(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_taken_whole_and_in_order),
        cmocka_unit_test(many_posters_lose_nothing_and_keep_their_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
