/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pool of job loops, and frames on their way to one of them. */
#include "../streams.h"

#include <errno.h>

/* ---- The pool ---- */

static void who_weighs_most_is_alone(void **state)
{
    (void)state;
    struct sl_loop *control = sl_loop_create("control");
    struct sl_job_pool *pool = sl_job_pool_create(control, 3);

    assert_int_equal(sl_job_pool_count(pool), 3);
    struct sl_job_loop *heavy = sl_job_pool_pick(pool, 10);
    for (int i = 0; i < 20; i++)
        assert_ptr_not_equal(sl_job_pool_pick(pool, 1), heavy);
    sl_job_loop_drop(heavy, 10);
    assert_ptr_equal(sl_job_pool_pick(pool, 1), heavy);
    sl_job_pool_destroy(pool);
    sl_loop_destroy(control);
}

struct ticker {
    struct sl_job_tick tick;
    struct sl_job_loop *loop;
    _Atomic int count;
};

static void on_tick(struct sl_job_tick *tick, int64_t now_us)
{
    struct ticker *ticker = sl_container_of(tick, struct ticker, tick);

    assert_true(now_us > 0);
    if (atomic_fetch_add(&ticker->count, 1) == 2)
        sl_job_tick_stop(tick);
}

static void start_ticker(void *arg)
{
    struct ticker *ticker = arg;

    ticker->tick.on_tick = on_tick;
    sl_job_tick_start(ticker->loop, &ticker->tick, SL_JOB_FAST);
}

static bool has_ticked(void *arg)
{
    return atomic_load(&((struct ticker *)arg)->count) >= 3;
}

static void a_tick_comes_until_it_is_stopped_and_may_stop_itself(void **state)
{
    (void)state;
    struct streams *s = streams_create();
    struct ticker tickers[2] = {{.loop = sl_job_pool_at(s->jobs, 0)},
                                {.loop = sl_job_pool_at(s->jobs, 0)}};
    struct job jobs[2];

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 2; i++) {
            atomic_store(&tickers[i].count, 0);
            job_post(&jobs[i], sl_job_loop_loop(tickers[i].loop), start_ticker, &tickers[i]);
        }
        for (int i = 0; i < 2; i++)
            streams_wait(s, has_ticked, &tickers[i]);
    }
    streams_destroy(s);
    assert_int_equal(atomic_load(&tickers[0].count), 3);
    assert_int_equal(atomic_load(&tickers[1].count), 3);
}

/* ---- Feeds ---- */

struct taker {
    struct sl_job_loop *loop;
    struct sl_feed *feed;
    _Atomic int frames, batches;
    _Atomic bool closed, held;
    int last; /* the loop's: of the frame before */
};

static void on_frame(void *owner, struct sl_frame *frame, int64_t arrival_us)
{
    struct taker *taker = owner;

    assert_true(sl_loop_is_current(sl_job_loop_loop(taker->loop)));
    assert_true(arrival_us > 0 && !atomic_load(&taker->closed));
    assert_int_equal(frame->codec, SL_CODEC_PCMU);
    assert_true(taker->last < 0 || frame->data[0] == ((taker->last + 1) & 0xff));
    taker->last = frame->data[0];
    atomic_fetch_add(&taker->frames, 1);
}

static void on_batch(void *owner)
{
    atomic_fetch_add(&((struct taker *)owner)->batches, 1);
}

static void on_closed(void *owner)
{
    atomic_store(&((struct taker *)owner)->closed, true);
}

static bool is_closed(void *arg)
{
    return atomic_load(&((struct taker *)arg)->closed);
}

static const struct sl_feed_ops feed_ops = {on_frame, on_batch};

static void open_feed(struct streams *s, struct taker *taker)
{
    struct sl_feed_config config = {
        .stream = s->stream,
        .tracks = {true, true},
        .protocol = "test",
        .control = s->core.control,
        .ops = &feed_ops,
        .owner = taker,
    };

    taker->loop = sl_job_pool_at(s->jobs, 1);
    taker->last = -1;
    config.job_loop = sl_job_loop_loop(taker->loop);
    taker->feed = sl_feed_create(&config);
    sl_feed_start(taker->feed);
}

static void close_feed(struct streams *s, struct taker *taker)
{
    sl_feed_close(taker->feed, on_closed, taker);
    streams_wait(s, is_closed, taker);
    sl_feed_destroy(taker->feed);
}

static bool has_frame(void *arg)
{
    return atomic_load(&((struct taker *)arg)->frames) > 0;
}

static void frames_come_in_order_until_the_feed_is_closed(void **state)
{
    (void)state;
    struct streams *s = streams_create();
    struct taker taker = {0};

    open_feed(s, &taker);
    for (int i = 0; i < 200; i++)
        streams_send(s);
    streams_wait(s, has_frame, &taker);
    close_feed(s, &taker); /* while frames are under way */
    int frames = atomic_load(&taker.frames);
    for (int i = 0; i < 10; i++)
        streams_send(s);
    assert_int_equal(atomic_load(&taker.frames), frames);
    assert_true(atomic_load(&taker.batches) <= frames);
    streams_destroy(s);
}

/* Keeps a loop busy until it is let go. */
static void hold(void *arg)
{
    struct taker *taker = arg;

    while (atomic_load(&taker->held))
        uv_sleep(1);
}

static void a_loop_that_computes_is_woken_once_and_gets_no_more_than_a_bound(void **state)
{
    (void)state;
    struct streams *s = streams_create();
    struct taker taker = {0};
    struct job job;
    enum { BOUND = 2048, MORE = 50 };

    open_feed(s, &taker);
    streams_send(s);
    streams_wait(s, has_frame, &taker);
    atomic_store(&taker.held, true);
    job_post(&job, sl_job_loop_loop(taker.loop), hold, &taker);
    int frames = atomic_load(&taker.frames), batches = atomic_load(&taker.batches);
    for (int i = 0; i < BOUND + MORE; i++)
        streams_send(s);
    uint64_t dropped = sl_feed_dropped(taker.feed);
    assert_in_range(dropped, 1, MORE);
    atomic_store(&taker.held, false);
    streams_wait(s, job_is_done, &job);
    close_feed(s, &taker);
    assert_in_range(atomic_load(&taker.frames) - frames, BOUND, BOUND + 2);
    assert_in_range(atomic_load(&taker.batches) - batches, 1, 3);
    streams_destroy(s);
}

static void the_stream_may_end_first(void **state)
{
    (void)state;
    struct streams *s = streams_create();
    struct taker taker = {0};

    open_feed(s, &taker);
    streams_send(s);
    sl_stream_end(s->stream);
    close_feed(s, &taker);
    streams_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_weighs_most_is_alone),
        cmocka_unit_test(a_tick_comes_until_it_is_stopped_and_may_stop_itself),
        cmocka_unit_test(frames_come_in_order_until_the_feed_is_closed),
        cmocka_unit_test(a_loop_that_computes_is_woken_once_and_gets_no_more_than_a_bound),
        cmocka_unit_test(the_stream_may_end_first),
    };

    return cmocka_run_group_tests_name("jobs", tests, NULL, NULL);
}
