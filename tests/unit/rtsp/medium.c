/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a client was told of a stream, and a source that does not keep to it. */
#include "rtsp/medium.h"
#include "../stream/frames.h"
#include "base/config.h"
#include "rtsp/internal.h"

struct hall {
    struct fixture *core;
    struct sl_rtsp rtsp;
    struct sl_config *config;
    struct sl_rtsp_seat seat;
    struct sl_medium *medium;
    bool seen, left, closed, failed;
    enum sl_reason why;
};

static void on_seen(void *owner)
{
    ((struct hall *)owner)->seen = true;
}

static void on_left(void *owner)
{
    ((struct hall *)owner)->left = true;
}

static void on_state(void *owner, enum sl_medium_state state, enum sl_reason reason)
{
    struct hall *hall = owner;

    hall->failed = state == SL_MEDIUM_FAILED;
    hall->why = reason;
}

static void on_closed(void *owner)
{
    ((struct hall *)owner)->closed = true;
}

struct opening {
    struct hall *hall;
    size_t worker;
};

/* The workers run already: on theirs. */
static void do_open_lane(void *arg)
{
    struct opening *opening = arg;

    opening->hall->rtsp.lanes[opening->worker] =
        sl_rtsp_lane_create(worker_at(opening->hall->core, opening->worker));
}

static int set_up_hall(void **state)
{
    static const struct sl_rtsp_seat_ops seat_ops = {.on_seen = on_seen, .on_left = on_left};
    struct hall *hall = sl_new(struct hall);
    void *core;

    (void)set_up(&core);
    hall->core = core;
    struct core *loops = &hall->core->core;
    hall->config = sl_config_create();
    hall->rtsp.config = (struct sl_rtsp_config){
        .config = hall->config, .loop = loops->control, .workers = loops->workers};
    for (size_t i = 0; i < 2; i++)
        on_worker(hall->core, i, do_open_lane, &(struct opening){hall, i});
    sl_rtsp_seat_init(&hall->seat, &hall->rtsp, &seat_ops, hall);
    *state = hall;
    return 0;
}

static bool has_left(void *arg)
{
    return ((struct hall *)arg)->left;
}

static int tear_down_hall(void **state)
{
    struct hall *hall = *state;
    struct fixture *f = hall->core;

    hall->seat.provider.close(hall->medium);
    core_wait(&f->core, has_left, hall);
    assert_true(hall->closed);
    sl_stream_release(f->stream);
    core_wait(&f->core, core_is_drained, &f->core);
    sl_workers_stop(f->core.workers);
    for (size_t i = 0; i < 2; i++)
        sl_rtsp_lane_destroy(hall->rtsp.lanes[i]);
    core_deinit(&f->core);
    sl_config_destroy(hall->config);
    free(f);
    free(hall);
    return 0;
}

static void play(struct hall *hall)
{
    static const struct sl_medium_ops ops = {.on_state = on_state, .on_closed = on_closed};
    const struct sl_provider *provider = &hall->seat.provider;
    struct sl_medium_request request = {.stream = hall->core->stream, .ops = &ops, .owner = hall};
    struct sl_medium_facts facts;

    assert_int_equal(provider->begin(provider->arg, &request, &facts, &hall->medium),
                     SL_REASON_NONE);
    assert_true(facts.flows[SL_VIDEO]);
    provider->start(hall->medium);
}

static bool has_seen(void *arg)
{
    return ((struct hall *)arg)->seen;
}

static bool has_failed(void *arg)
{
    return ((struct hall *)arg)->failed;
}

static void a_client_hears_when_it_was_told_of_another_codec(void **state)
{
    struct hall *hall = *state;
    struct fixture *f = hall->core;
    struct sl_track *track = publish(f, true, SL_CODEC_VP8, SL_CODEC_H264);

    sl_stream_set_live(f->stream);
    play(hall);
    (void)feed(f, track, SL_CODEC_VP8, TEXT(VP8_KEY), true, START, START);
    core_wait(&f->core, has_seen, hall);
    assert_int_equal(sl_rtsp_medium_tracks(hall->medium)[SL_VIDEO].codec, SL_CODEC_VP8);
    (void)feed(f, track, SL_CODEC_VP8, TEXT(VP8_KEY), true, START + 40000, START + 40000);
    assert_false(hall->failed);
    (void)feed(f, track, SL_CODEC_H264, TEXT(SETS IDR), true, START + 80000, START + 80000);
    core_wait(&f->core, has_failed, hall);
    assert_int_equal(hall->why, SL_REASON_NO_CODECS);
}

/* Nobody was told of the one that was expected. */
static void what_comes_first_is_what_is_told(void **state)
{
    struct hall *hall = *state;
    struct fixture *f = hall->core;
    struct sl_track *track = publish(f, true, SL_CODEC_VP8, SL_CODEC_H264);

    sl_stream_set_live(f->stream);
    play(hall);
    (void)feed(f, track, SL_CODEC_H264, TEXT(SETS IDR), true, START, START);
    core_wait(&f->core, has_seen, hall);
    assert_int_equal(sl_rtsp_medium_tracks(hall->medium)[SL_VIDEO].codec, SL_CODEC_H264);
    (void)feed(f, track, SL_CODEC_H264, TEXT(DELTA), false, START + 40000, START + 40000);
    assert_false(hall->failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_client_hears_when_it_was_told_of_another_codec,
                                        set_up_hall, tear_down_hall),
        cmocka_unit_test_setup_teardown(what_comes_first_is_what_is_told, set_up_hall,
                                        tear_down_hall),
    };

    return cmocka_run_group_tests_name("rtsp medium", tests, NULL, NULL);
}
