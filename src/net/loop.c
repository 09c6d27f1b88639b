/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The event loop of one thread, its message queue, and timers. */
#include "net/loop.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    THREAD_NAME_MAX = 16, /* with the NUL; pthread_setname_np(3) refuses longer ones */
    DRAIN_MS = 1000,      /* how long sl_loop_destroy() waits for handles to close */
    DRAIN_POLL_MS = 10,
};

struct sl_loop {
    uv_loop_t uv;
    uv_async_t wake;
    struct sl_queue queue;
    struct sl_list laters; /* struct sl_later */
    struct sl_msg laters_msg;
    bool laters_posted;
    struct sl_loop_names names;
    atomic_bool stop_asked;
    atomic_bool running; /* thread is valid while this is set */
    pthread_t thread;
    char name[THREAD_NAME_MAX];
};

static void run_messages(struct sl_loop *loop)
{
    struct sl_msg *msg = sl_queue_take(&loop->queue);

    while (msg) {
        struct sl_msg *next = msg->next; /* run() frees or posts it again */
        msg->run(msg);
        msg = next;
    }
}

static void on_wake(uv_async_t *wake)
{
    struct sl_loop *loop = sl_container_of(wake, struct sl_loop, wake);

    run_messages(loop);
    if (atomic_exchange(&loop->stop_asked, false))
        uv_stop(&loop->uv);
}

/* Those that come meanwhile find the list empty and wait for the next turn. */
static void on_laters(struct sl_msg *msg)
{
    struct sl_loop *loop = sl_container_of(msg, struct sl_loop, laters_msg);
    struct sl_list now;

    loop->laters_posted = false;
    sl_list_init(&now);
    while (!sl_list_empty(&loop->laters)) {
        struct sl_list *link = loop->laters.next;
        sl_list_remove(link);
        sl_list_append(&now, link);
    }
    while (!sl_list_empty(&now)) {
        struct sl_later *later = sl_list_first(&now, struct sl_later, link);
        sl_list_remove(&later->link);
        later->run(later);
    }
}

struct sl_loop *sl_loop_create(const char *name)
{
    struct sl_loop *loop = sl_new(struct sl_loop);

    (void)snprintf(loop->name, sizeof(loop->name), "%s", name); /* cut is fine */
    if (uv_loop_init(&loop->uv) < 0) {
        /* libuv (1.44) forgets its first descriptor when there is none for the second; where
         * it closes one, it says so with -1. */
        if (loop->uv.backend_fd >= 0)
            (void)close(loop->uv.backend_fd); /* never used */
        free(loop);
        return NULL;
    }
    /* The loop has its descriptor for this already. */
    (void)uv_async_init(&loop->uv, &loop->wake, on_wake);
    sl_queue_init(&loop->queue);
    sl_list_init(&loop->laters);
    loop->laters_msg.run = on_laters;
    sl_list_init(&loop->names.questions);
    return loop;
}

/* ---- The pool ---- */

enum { POOL_DEFAULT = 4, POOL_MAX = 1024 }; /* libuv's own, and its bound */

/* As libuv reads it. */
static size_t pool_size(void)
{
    const char *text = getenv("UV_THREADPOOL_SIZE"); /* NOLINT(concurrency-mt-unsafe): at start */
    int size = text ? (int)strtol(text, NULL, 10) : POOL_DEFAULT;

    if (size <= 0)
        return 1;
    return size > POOL_MAX ? POOL_MAX : (size_t)size;
}

static void wait_for_word(void *arg)
{
    uv_sem_wait(arg);
}

/* As many threads at once as the pool will have. */
static int try_threads(size_t wanted)
{
    uv_thread_t *threads = sl_new_array(uv_thread_t, wanted);
    size_t count = 0;
    uv_sem_t word;

    (void)uv_sem_init(&word, 0); /* cannot fail with these arguments */
    while (count < wanted && uv_thread_create(&threads[count], wait_for_word, &word) == 0)
        count++;
    for (size_t i = 0; i < count; i++)
        uv_sem_post(&word);
    for (size_t i = 0; i < count; i++)
        (void)uv_thread_join(&threads[i]); /* fails for a thread not ours only */
    uv_sem_destroy(&word);
    free(threads);
    return count < wanted ? -EAGAIN : 0;
}

static void nothing(uv_work_t *work)
{
    (void)work;
}

static void on_nothing(uv_work_t *work, int status)
{
    (void)status;
    free(work);
}

int sl_loop_start_pool(struct sl_loop *loop)
{
    int err = try_threads(pool_size());

    if (err < 0)
        return err;
    /* fails only without a function */
    (void)uv_queue_work(&loop->uv, sl_new(uv_work_t), nothing, on_nothing);
    return 0;
}

/* ---- The end ---- */

static void on_leaked(uv_handle_t *handle, void *arg)
{
    const struct sl_loop *loop = arg;

    sl_log(SL_LOG_ERROR, NULL, "event loop %s: a %s handle was not closed", loop->name,
           uv_handle_type_name(handle->type));
}

void sl_loop_destroy(struct sl_loop *loop)
{
    if (!loop)
        return;
    do
        run_messages(loop);
    while (!sl_list_empty(&loop->laters)); /* their answers ask for more */
    uv_close((uv_handle_t *)&loop->wake, NULL);
    int64_t deadline = sl_now_us() + (int64_t)DRAIN_MS * SL_US_PER_MS;
    while (uv_run(&loop->uv, UV_RUN_NOWAIT) != 0 && sl_now_us() < deadline) {
        struct pollfd backend = {.fd = uv_backend_fd(&loop->uv), .events = POLLIN};
        (void)poll(&backend, 1, DRAIN_POLL_MS); /* woken early or not, the loop runs again */
    }
    sl_queue_deinit(&loop->queue);
    if (uv_loop_close(&loop->uv) < 0) {
        /* libuv still holds pointers into it: leaking is the harmless way. */
        uv_walk(&loop->uv, on_leaked, loop);
        return;
    }
    free(loop);
}

void sl_loop_run(struct sl_loop *loop)
{
    loop->thread = pthread_self();
    atomic_store(&loop->running, true);
    (void)pthread_setname_np(loop->thread, loop->name); /* for top(1) only */
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    atomic_store(&loop->running, false);
}

void sl_loop_stop(struct sl_loop *loop)
{
    atomic_store(&loop->stop_asked, true);
    (void)uv_async_send(&loop->wake); /* fails only on a closing handle */
}

void sl_loop_post(struct sl_loop *loop, struct sl_msg *msg)
{
    if (sl_queue_post(&loop->queue, msg))
        (void)uv_async_send(&loop->wake); /* fails only on a closing handle */
}

void sl_loop_later(struct sl_loop *loop, struct sl_later *later)
{
    assert(sl_loop_is_current(loop));
    if (sl_list_linked(&later->link))
        return;
    sl_list_append(&loop->laters, &later->link);
    if (loop->laters_posted)
        return;
    loop->laters_posted = true;
    sl_loop_post(loop, &loop->laters_msg);
}

void sl_loop_run_posted(struct sl_loop *loop)
{
    run_messages(loop);
}

struct sl_loop_names *sl_loop_names(struct sl_loop *loop)
{
    return &loop->names;
}

uv_loop_t *sl_loop_uv(struct sl_loop *loop)
{
    return &loop->uv;
}

bool sl_loop_is_current(const struct sl_loop *loop)
{
    return !atomic_load(&loop->running) || pthread_equal(loop->thread, pthread_self());
}

/* ---- Timers ---- */

struct sl_timer {
    uv_timer_t uv;
    void (*on_timer)(void *owner);
    void *owner;
};

static void on_timer(uv_timer_t *uv)
{
    struct sl_timer *timer = sl_container_of(uv, struct sl_timer, uv);

    timer->on_timer(timer->owner);
}

struct sl_timer *sl_timer_create(struct sl_loop *loop, void (*on_expiry)(void *owner), void *owner)
{
    struct sl_timer *timer = sl_new(struct sl_timer);

    assert(sl_loop_is_current(loop));
    timer->on_timer = on_expiry;
    timer->owner = owner;
    (void)uv_timer_init(&loop->uv, &timer->uv); /* cannot fail */
    return timer;
}

void sl_timer_start(struct sl_timer *timer, uint64_t after_ms, uint64_t repeat_ms)
{
    /* libuv counts from the time it last looked at the clock: before a long callback, perhaps. The
     * difference is added here; uv_update_time() would make more timers due, and those that start
     * one another would run on and on before the loop looks at its sockets. */
    uint64_t now_ms = uv_hrtime() / 1000000, seen_ms = uv_now(timer->uv.loop);
    uint64_t behind_ms = now_ms > seen_ms ? now_ms - seen_ms : 0;

    (void)uv_timer_start(&timer->uv, on_timer, after_ms + behind_ms,
                         repeat_ms); /* fails when closing only */
}

void sl_timer_stop(struct sl_timer *timer)
{
    (void)uv_timer_stop(&timer->uv); /* always 0 */
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(sl_container_of((uv_timer_t *)handle, struct sl_timer, uv));
}

void sl_timer_destroy(struct sl_timer *timer)
{
    if (!timer)
        return;
    uv_close((uv_handle_t *)&timer->uv, on_timer_closed);
}
