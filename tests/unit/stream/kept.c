/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Key frames for sinks: kept pictures where the source cannot be asked for one, up to a bound, and
 * requests as often as the most impatient sink wishes where it can. */
#include "frames.h"

/* It cannot be asked. */
static const struct sl_source_ops deaf_ops = {.protocol = "deaf"};

enum { PICTURE_US = 40000 };

/* Pictures n .. n + count - 1; the first may be a key frame. */
static void feed_run(struct fixture *f, struct sl_track *track, int64_t n, int64_t count,
                     bool keyframe)
{
    for (int64_t i = n; i < n + count; i++)
        (void)feed(f, track, SL_CODEC_VP8, TEXT(VP8_KEY), keyframe && i == n,
                   START + i * PICTURE_US, START + i * PICTURE_US);
}

static void assert_run(const struct sink *sink, int64_t n)
{
    for (size_t i = 0; i < atomic_load(&sink->count); i++)
        assert_int_equal(sink->seen[i].pts_us, START + (n + (int64_t)i) * PICTURE_US);
}

static void newcomers_begin_with_the_pictures_since_the_last_key_frame(void **state)
{
    struct fixture *f = *state;
    struct sl_track *track = publish_with(f, &deaf_ops, true, SL_CODEC_VP8, SL_CODEC_NONE);
    struct sink *sinks[4];

    feed_run(f, track, 0, 5, true);
    feed_run(f, track, 5, 7, true);
    for (size_t i = 0; i < 2; i++) {
        sinks[i] = attach(f, track, i, &frame_ops);
        wait_for(f, sinks[i], 7);
        assert_true(sinks[i]->seen[0].keyframe);
        assert_int_equal(atomic_load(&sinks[i]->codec_count), 1);
    }
    feed_run(f, track, 12, 3, false);
    for (size_t i = 2; i < 4; i++) {
        sinks[i] = attach(f, track, i % 2, &frame_ops);
        wait_for(f, sinks[i], 10);
    }
    feed_run(f, track, 15, 2, false);
    for (size_t i = 0; i < 4; i++) { /* each picture once, in order, to those there before, too */
        wait_for(f, sinks[i], 12);
        assert_run(sinks[i], 5);
        detach(f, sinks[i]);
    }
}

static void on_only_frame(void *owner, struct sl_frame *frame)
{
    on_frame(owner, frame);
    sl_sink_stop(((struct sink *)owner)->sink);
}

static const struct sl_sink_ops once_ops = {
    .protocol = "test", .on_frame = on_only_frame, .on_codec = on_codec};

static void who_stops_with_a_kept_picture_gets_no_other(void **state)
{
    struct fixture *f = *state;
    struct sl_track *track = publish_with(f, &deaf_ops, true, SL_CODEC_VP8, SL_CODEC_NONE);

    feed_run(f, track, 0, 5, true);
    for (size_t i = 0; i < 2; i++) {
        struct sink *sink = attach(f, track, i, &once_ops);
        wait_for(f, sink, 1);
        on_worker(f, i, do_nothing, NULL); /* what gave it the first has ended */
        assert_int_equal(atomic_load(&sink->count), 1);
        detach(f, sink);
    }
}

static void pictures_put_together_from_packets_are_kept_as_well(void **state)
{
    struct fixture *f = *state;
    struct sl_track *track = publish_with(f, &deaf_ops, false, SL_CODEC_VP8, SL_CODEC_VP9);
    struct sink *sinks[2];

    feed_packet(f, track, SL_CODEC_VP8, TEXT("\x10\x11\x02\x00\x01"),
                0); /* nothing to begin with */
    feed_packet(f, track, SL_CODEC_VP8, TEXT("\x10" VP8_KEY), 1);
    feed_packet(f, track, SL_CODEC_VP8, TEXT("\x10\x11\x02\x00\x01"), 2);
    for (size_t i = 0; i < 2; i++) {
        sinks[i] = attach(f, track, i, &frame_ops);
        wait_for(f, sinks[i], 2);
        assert_true(sinks[i]->seen[0].keyframe && !sinks[i]->seen[1].keyframe);
    }
    feed_packet(f, track, SL_CODEC_VP8, TEXT("\x10\x11\x02\x00\x01"), 3);
    for (size_t i = 0; i < 2; i++)
        wait_for(f, sinks[i], 3);
    assert_ptr_equal(sinks[0]->seen[2].frame, sinks[1]->seen[2].frame); /* made once for all */
    feed_packet(f, track, SL_CODEC_VP9, TEXT("\x0c\x01\x02\x03"), 4);
    for (size_t i = 0; i < 2; i++) {
        core_wait(&f->core, has_ended, sinks[i]);
        assert_int_equal(atomic_load(&sinks[i]->ended), -ENOSYS);
        detach(f, sinks[i]);
    }
}

static void too_much_is_not_kept_and_newcomers_wait_for_the_next_key_frame(void **state)
{
    static char large[1 << 20] = VP8_KEY;
    static const struct {
        const char *why;
        int64_t apart_us;
        size_t len;
        int count; /* beyond the bound */
    } cases[] = {
        {"more than 4 MiB", PICTURE_US, sizeof(large), 5},
        {"more than 12 seconds", 3100 * SL_US_PER_MS, 10, 5},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        assert_int_equal(set_up(state), 0);
        struct fixture *f = *state;
        struct sl_track *track = publish_with(f, &deaf_ops, true, SL_CODEC_VP8, SL_CODEC_NONE);
        int64_t at_us = START;
        for (int n = 0; n < cases[i].count - 2; n++, at_us += cases[i].apart_us)
            (void)feed(f, track, SL_CODEC_VP8, large, cases[i].len, n == 0, at_us, at_us);
        struct sink *before = attach(f, track, 0, &frame_ops);
        wait_for(f, before, (size_t)cases[i].count - 2);
        for (int n = 0; n < 2; n++, at_us += cases[i].apart_us)
            (void)feed(f, track, SL_CODEC_VP8, large, cases[i].len, false, at_us, at_us);
        struct sink *after = attach(f, track, 0, &frame_ops);
        (void)feed(f, track, SL_CODEC_VP8, TEXT(VP8_KEY), false, at_us, at_us);
        wait_for(f, before, (size_t)cases[i].count + 1); /* who is there misses nothing */
        if (atomic_load(&after->count) > 0)
            fail_msg("%s: kept all the same", cases[i].why);
        (void)feed(f, track, SL_CODEC_VP8, TEXT(VP8_KEY), true, at_us + 1000, at_us + 1000);
        wait_for(f, after, 1);
        detach(f, before);
        detach(f, after);
        tear_down(state);
    }
}

static void all_tracks_together_keep_64_mib(void **state)
{
    struct fixture *f = *state;
    static char large[(4 << 20) - 1024] = VP8_KEY;
    struct sl_stream *variants[20];
    struct sl_track *tracks[20];
    size_t kept = 0;

    (void)publish_with(f, &deaf_ops, true, SL_CODEC_VP8, SL_CODEC_NONE);
    for (size_t i = 0; i < 20; i++) {
        struct sl_stream_config config = {
            .of = f->stream,
            .worker = worker_at(f, 0),
            .ops = &deaf_ops,
            .tracks = {[SL_VIDEO] = {.present = true,
                                     .codec_count = 1,
                                     .codecs = {{SL_CODEC_VP8, ""}},
                                     .frames = true}},
        };
        assert_int_equal(sl_stream_create(f->core.streams, &config, &variants[i]), 0);
        tracks[i] = sl_stream_track(variants[i], SL_VIDEO);
        (void)feed(f, tracks[i], SL_CODEC_VP8, large, sizeof(large), true, START, START);
    }
    for (size_t i = 0; i < 20; i++) {
        struct sink *sink = attach(f, tracks[i], 0, &frame_ops);
        kept += atomic_load(&sink->count);
        detach(f, sink);
    }
    assert_int_equal(kept, 16);
    for (size_t i = 0; i < 20; i++)
        sl_stream_release(variants[i]);
}

static void sound_is_not_kept(void **state)
{
    struct fixture *f = *state;
    struct sl_track *track = publish_with(f, &deaf_ops, true, SL_CODEC_OPUS, SL_CODEC_NONE);

    (void)feed(f, track, SL_CODEC_OPUS, TEXT("a"), true, START, START);
    struct sink *sink = attach(f, track, 0, &frame_ops);
    (void)feed(f, track, SL_CODEC_OPUS, TEXT("b"), true, START + 20000, START + 20000);
    wait_for(f, sink, 1);
    detach(f, sink);
}

struct asked {
    struct fixture *f;
    int count;
};

static bool is_asked(void *arg)
{
    struct asked *asked = arg;

    return atomic_load(&asked->f->keyframe_requests) >= asked->count;
}

static void key_frames_are_asked_for_as_often_as_the_most_impatient_sink_wants(void **state)
{
    struct fixture *f = *state;

    for (int frames = 0; frames < 2; frames++) {
        struct sl_track *track = publish(f, frames, SL_CODEC_VP8, SL_CODEC_NONE);
        struct asked asked = {f, 3};
        struct sink *calm = attach(f, track, 0, &frame_ops);
        struct sink *patient = attach_wanting(f, track, 0, &packet_ops, 3600 * INT64_C(1000000));
        struct sink *impatient = attach_wanting(f, track, 1, &frame_ops, 50 * SL_US_PER_MS);

        int64_t began_us = sl_now_us();
        core_wait(&f->core, is_asked, &asked); /* nothing comes: once more after each interval */
        assert_true(sl_now_us() - began_us >= 50 * SL_US_PER_MS);
        assert_true(!atomic_load(&f->answering));
        detach(f, impatient);
        for (int i = 0; i < 3; i++) /* what it has asked for last may still go out */
            on_worker(f, 0, do_sleep, NULL);
        atomic_store(&f->keyframe_requests, 0);
        for (int i = 0; i < 10; i++)
            on_worker(f, 0, do_sleep, NULL);
        assert_int_equal(atomic_load(&f->keyframe_requests), 0); /* an hour is not over */
        detach(f, patient);
        detach(f, calm);
        sl_stream_release(f->stream);
        f->stream = NULL;
    }
}

static void a_key_frame_that_came_is_not_asked_for(void **state)
{
    struct fixture *f = *state;
    struct sl_track *track = publish(f, true, SL_CODEC_VP8, SL_CODEC_NONE);
    struct sink *sink = attach_wanting(f, track, 0, &frame_ops, 500 * SL_US_PER_MS);
    int64_t until_us = sl_now_us() + 700 * SL_US_PER_MS, n = 0;

    for (; sl_now_us() < until_us; n++) {
        feed_run(f, track, n, 1, true);
        on_worker(f, 0, do_sleep, NULL);
    }
    assert_int_equal(atomic_load(&f->keyframe_requests), 0);
    detach(f, sink);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(newcomers_begin_with_the_pictures_since_the_last_key_frame,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_stops_with_a_kept_picture_gets_no_other, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(pictures_put_together_from_packets_are_kept_as_well, set_up,
                                        tear_down),
        cmocka_unit_test(too_much_is_not_kept_and_newcomers_wait_for_the_next_key_frame),
        cmocka_unit_test_setup_teardown(all_tracks_together_keep_64_mib, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sound_is_not_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            key_frames_are_asked_for_as_often_as_the_most_impatient_sink_wants, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_frame_that_came_is_not_asked_for, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("stream kept", tests, NULL, NULL);
}
