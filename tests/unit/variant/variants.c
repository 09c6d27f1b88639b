/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Variants, made by codec processes of the program itself. */
#include "camera.h"

#include <dirent.h>

static const struct sl_variant_want small = {.codec = SL_CODEC_H264, .width = 160, .height = 120};

static struct sl_variant *take(struct camera *camera, const struct sl_variant_want *want)
{
    struct sl_variant *variant = NULL;

    assert_int_equal(sl_variant_take(camera->variants, camera->stream, want, &variant), 0);
    return variant;
}

static void who_wants_the_same_gets_the_same(void **state) /* TRC-8 */
{
    struct camera *camera = *state;
    struct sl_variant *first = take(camera, &small);
    struct sl_variant *odd = take(
        camera, &(struct sl_variant_want){.codec = SL_CODEC_H264, .width = 161, .height = 121});
    struct sl_variant *other = take(camera, &(struct sl_variant_want){.codec = SL_CODEC_VP8});
    struct viewer viewer, another;

    assert_ptr_equal(first, odd); /* halves of pixels do not exist */
    assert_ptr_not_equal(first, other);
    assert_int_equal(sl_variants_count(camera->variants), 2);
    viewer_open(&viewer, camera, first);
    viewer_open(&another, camera, other);
    viewer_sees(&viewer, 10);
    viewer_sees(&another, 10);
    assert_int_equal(viewer.codec, SL_CODEC_H264);
    assert_int_equal(viewer.width, 160);
    assert_int_equal(viewer.height, 120);
    assert_int_equal(another.codec, SL_CODEC_VP8);
    assert_int_equal(another.width, WIDTH);
    assert_string_equal(sl_variant_encoder(other), "libvpx");
    assert_string_equal(sl_stream_name(sl_variant_stream(first)), "camera");
    viewer_close(&viewer);
    viewer_close(&another);
    sl_variant_release(first);
    sl_variant_release(odd);
    sl_variant_release(other);
}

static void what_cannot_be_is_refused(void **state) /* TRC-15, TRC-20 */
{
    struct camera *camera = *state;
    struct sl_variant *variant = NULL;
    static const struct {
        struct sl_variant_want want;
        int err;
    } cases[] = {
        {{.codec = SL_CODEC_OPUS}, -ENOSYS}, /* it has no sound */
        {{.codec = SL_CODEC_VP9}, -ENOSYS},
        {{.codec = SL_CODEC_H264, .width = 5000}, -EINVAL},
        {{.codec = SL_CODEC_H264, .width = 4096, .height = 4096}, -EINVAL},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++)
        assert_int_equal(
            sl_variant_take(camera->variants, camera->stream, &cases[i].want, &variant),
            cases[i].err);
    camera->config->transcoders_max = 1;
    struct sl_variant *first = take(camera, &small);
    assert_int_equal(sl_variant_take(camera->variants, camera->stream,
                                     &(struct sl_variant_want){.codec = SL_CODEC_VP8}, &variant),
                     -EBUSY);
    sl_variant_release(take(camera, &small)); /* what is made already is for all */
    sl_variant_release(first);
}

static void request(void *arg)
{
    sl_sink_request_keyframe(((struct viewer *)arg)->sink);
}

static void key_frames_are_merged_and_not_the_sources(void **state) /* TRC-9, TRC-10 */
{
    struct camera *camera = *state;
    struct sl_variant *variant = take(camera, &small);
    struct viewer viewer;

    viewer_open(&viewer, camera, variant);
    viewer_sees(&viewer, 5);
    int asked = atomic_load(&camera->keyframe_requests), had = atomic_load(&viewer.keyframes);
    int64_t begin_us = sl_now_us();
    for (int i = 0; i < 100; i++) {
        core_on_worker(&camera->core, sl_workers_at(camera->core.workers, 0), request, &viewer);
        if (i % 10 == 0)
            viewer_sees(&viewer, 1);
    }
    viewer_sees(&viewer, 20);
    int64_t intervals = (sl_now_us() - begin_us) / (300 * SL_US_PER_MS);
    int came = atomic_load(&viewer.keyframes) - had;
    assert_true(came >= 1 && came <= intervals + 1);
    assert_int_equal(atomic_load(&camera->keyframe_requests), asked);
    viewer_close(&viewer);
    sl_variant_release(variant);
}

/* ---- What follows links that are narrow ---- */

struct narrow_taker {
    struct sl_sink *sink;
    uint64_t bound_bps;
};

static void take_packets(void *owner, struct sl_rtp_packet *const *packets, size_t count)
{
    (void)owner, (void)packets, (void)count;
}

static void start_taker(void *arg)
{
    struct narrow_taker *taker = arg;

    sl_sink_start(taker->sink);
    sl_sink_request_keyframe(taker->sink);
}

static void bound_taker(void *arg)
{
    struct narrow_taker *taker = arg;

    sl_sink_bound_bitrate(taker->sink, taker->bound_bps);
}

static void stop_taker(void *arg)
{
    sl_sink_stop(((struct narrow_taker *)arg)->sink);
}

struct rate {
    struct camera *camera;
    uint32_t at_least, at_most, bps;
};

static void note_rate(const struct sl_variant_stats *stats, void *arg)
{
    ((struct rate *)arg)->bps = stats->want.bitrate_bps;
}

static bool has_rate(void *arg)
{
    struct rate *rate = arg;

    sl_variants_each(rate->camera->variants, note_rate, rate);
    return rate->bps >= rate->at_least && rate->bps <= rate->at_most;
}

static void one_for_narrow_links_follows_the_narrowest(void **state)
{
    static const struct sl_sink_ops ops = {.protocol = "taker", .on_packets = take_packets};
    static const struct {
        size_t taker;
        uint64_t bound_bps;
        uint32_t expected_bps;
    } steps[] = {{0, 300000, 276000},
                 {1, 200000, 184000},
                 {1, 900000, 276000},
                 {0, 9000000, 828000},
                 {1, 9000000, 1000000}};
    struct camera *camera = *state;
    struct sl_worker *worker = sl_workers_at(camera->core.workers, 0);
    struct sl_variant_want want = {
        .codec = SL_CODEC_H264, .follows = true, .bitrate_bps = 400000, .bitrate_max_bps = 1000000};
    struct sl_variant *first = take(camera, &want);
    struct narrow_taker takers[2];

    want.bitrate_bps = 200000;
    struct sl_variant *second = take(camera, &want);
    assert_ptr_equal(first, second);
    struct sl_variant *other = take(camera, &(struct sl_variant_want){.codec = SL_CODEC_H264});
    assert_ptr_not_equal(first, other);
    sl_variant_release(other);
    for (size_t i = 0; i < 2; i++) {
        takers[i].sink = sl_sink_create(sl_variant_track(first), worker, &ops, &takers[i]);
        core_on_worker(&camera->core, worker, start_taker, &takers[i]);
    }
    for (size_t i = 0; i < SL_ARRAY_LEN(steps); i++) {
        struct rate rate = {camera, steps[i].expected_bps, steps[i].expected_bps, 0};
        takers[steps[i].taker].bound_bps = steps[i].bound_bps;
        core_on_worker(&camera->core, worker, bound_taker, &takers[steps[i].taker]);
        core_wait(&camera->core, has_rate, &rate);
    }
    for (size_t i = 0; i < 2; i++) {
        core_on_worker(&camera->core, worker, stop_taker, &takers[i]);
        sl_sink_destroy(takers[i].sink);
    }
    sl_variant_release(first);
    sl_variant_release(second);
}

static bool nothing_is_made(void *arg)
{
    return sl_variants_count(((struct camera *)arg)->variants) == 0;
}

static void it_outlives_its_last_taker_by_a_while(void **state)
{
    struct camera *camera = *state;

    camera->config->transcoder_idle_ms = 60000;
    struct sl_variant *variant = take(camera, &small);
    sl_variant_release(variant);
    assert_int_equal(sl_variants_count(camera->variants), 1);
    assert_ptr_equal(take(camera, &small), variant);
    camera->config->transcoder_idle_ms = 1;
    sl_variant_release(variant);
    core_wait(&camera->core, nothing_is_made, camera);
}

struct listener {
    struct sl_stream_listener listener;
    bool ended;
};

static void on_end(struct sl_stream_listener *listener)
{
    sl_container_of(listener, struct listener, listener)->ended = true;
}

static void it_ends_with_its_source(void **state)
{
    struct camera *camera = *state;
    struct sl_variant *variant = take(camera, &small);
    struct listener listener = {.listener = {.on_end = on_end}};
    struct viewer viewer;

    sl_stream_listen(sl_variant_stream(variant), &listener.listener);
    viewer_open(&viewer, camera, variant);
    viewer_sees(&viewer, 5);
    camera_close(camera);
    assert_true(listener.ended);
    assert_int_equal(sl_variant_why(variant), 0);
    viewer_close(&viewer);
    assert_true(viewer.ended);
    sl_variant_release(variant);
    core_wait(&camera->core, nothing_is_made, camera);
}

static size_t count_entries(const char *path)
{
    DIR *directory = opendir(path);
    size_t count = 0;

    assert_non_null(directory);
    while (readdir(directory))
        count++;
    (void)closedir(directory);
    return count;
}

static size_t process_count(struct camera *camera)
{
    struct sl_transcoder_stats stats;

    sl_transcoder_stats(camera->transcoder, &stats);
    return stats.process_count;
}

static void a_thousand_come_and_go(void **state) /* TRC-17 */
{
    struct camera *camera = *state;
    struct viewer viewer;
    size_t descriptors = 0;

    for (int i = 0; i < 1000; i++) {
        struct sl_variant_want want = small;
        want.width = (uint16_t)(64 + 2 * (i % 40));
        struct sl_variant *variant = take(camera, &want);
        if (i % 50 == 0) { /* some are seen, too */
            viewer_open(&viewer, camera, variant);
            viewer_sees(&viewer, 1);
            viewer_close(&viewer);
        }
        if (i == 50)
            descriptors = count_entries("/proc/self/fd");
        sl_variant_release(variant);
        if (i % 10 == 0)
            core_wait(&camera->core, nothing_is_made, camera);
    }
    core_wait(&camera->core, nothing_is_made, camera);
    assert_true(count_entries("/proc/self/fd") <= descriptors);
    assert_in_range(process_count(camera), 1, 3); /* for pictures, spare, for sound */
}

/* ---- Snapshots ---- */

struct shot {
    int count, err;
    size_t len;
    uint8_t head[24];
};

static void on_snapshot(void *owner, int err, const uint8_t *png, size_t len)
{
    struct shot *shot = owner;

    shot->count++;
    shot->err = err;
    shot->len = len;
    if (len >= sizeof(shot->head))
        memcpy(shot->head, png, sizeof(shot->head));
}

static bool is_answered(void *arg)
{
    return ((struct shot *)arg)->count > 0;
}

static void assert_png(const struct shot *shot, int width, int height)
{
    assert_int_equal(shot->count, 1);
    assert_int_equal(shot->err, 0);
    assert_memory_equal(shot->head, "\x89PNG\r\n\x1a\n", 8);
    assert_int_equal(shot->head[18] << 8 | shot->head[19], width);
    assert_int_equal(shot->head[22] << 8 | shot->head[23], height);
}

static void one_picture_for_all_who_ask(void **state) /* SNAP-1, SNAP-5, SNAP-6 */
{
    struct camera *camera = *state;
    struct shot shots[20] = {{0}}, halved = {0};

    for (size_t i = 0; i < SL_ARRAY_LEN(shots); i++)
        assert_non_null(
            sl_snapshot_take(camera->variants, camera->stream, 0, on_snapshot, &shots[i]));
    assert_non_null(sl_snapshot_take(camera->variants, camera->stream, 300, on_snapshot, &halved));
    for (size_t i = 0; i < SL_ARRAY_LEN(shots); i++) {
        core_wait(&camera->core, is_answered, &shots[i]);
        assert_png(&shots[i], WIDTH, HEIGHT);
    }
    core_wait(&camera->core, is_answered, &halved);
    assert_int_equal(halved.err, 0);
    assert_true(halved.len <= 300);
}

static void a_snapshot_that_cannot_be_says_why_once(void **state) /* SNAP-7, SNAP-9 */
{
    struct camera *camera = *state;
    struct shot waits = {0}, ends = {0}, cancelled = {0};

    sl_timer_stop(camera->timer); /* no picture comes */
    camera->config->snapshot_taking_interval_ms = 20;
    assert_non_null(sl_snapshot_take(camera->variants, camera->stream, 0, on_snapshot, &waits));
    assert_int_equal(waits.count, 0);
    core_wait(&camera->core, is_answered, &waits);
    assert_int_equal(waits.err, -ETIMEDOUT);
    camera->config->snapshot_taking_interval_ms = 60000;
    camera->config->snapshots_max = 2;
    struct sl_snapshot *snapshot =
        sl_snapshot_take(camera->variants, camera->stream, 1000, on_snapshot, &cancelled);
    assert_non_null(snapshot);
    assert_non_null(sl_snapshot_take(camera->variants, camera->stream, 0, on_snapshot, &ends));
    assert_null(sl_snapshot_take(camera->variants, camera->stream, 2000, on_snapshot, &cancelled));
    sl_snapshot_cancel(snapshot);
    camera_close(camera);
    core_wait(&camera->core, is_answered, &ends);
    assert_int_equal(ends.err, -EPIPE);
    assert_int_equal(ends.count, 1);
    assert_int_equal(cancelled.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, camera_set_up, camera_tear_down)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(who_wants_the_same_gets_the_same),
        TEST(what_cannot_be_is_refused),
        TEST(key_frames_are_merged_and_not_the_sources),
        TEST(one_for_narrow_links_follows_the_narrowest),
        TEST(it_outlives_its_last_taker_by_a_while),
        TEST(it_ends_with_its_source),
        TEST(a_thousand_come_and_go),
        TEST(one_picture_for_all_who_ask),
        TEST(a_snapshot_that_cannot_be_says_why_once),
    };

    if (argc != 2)
        return 2;
    program_path = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
