/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames in the core: those that come in reach sinks of frames as they are and sinks of packets cut
 * up; sinks are told of each codec, and of a source that no frames can be made of. */
#include "frames.h"

static void sinks_of_frames_get_the_very_frame_on_every_worker(void **state)
{
    struct fixture *f = *state;
    struct sl_track *track = publish(f, true, SL_CODEC_H264, SL_CODEC_NONE);
    struct sink *sinks[2];
    /* I P B B: shown in another order. */
    static const int64_t shown_ms[] = {80, 200, 120, 160};
    const void *frames[4];

    for (size_t i = 0; i < 2; i++)
        sinks[i] = attach(f, track, i, &frame_ops);
    for (int64_t i = 0; i < 4; i++)
        frames[i] = i == 0
                        ? feed(f, track, SL_CODEC_H264, TEXT(SETS IDR), true, START + 80000, START)
                        : feed(f, track, SL_CODEC_H264, TEXT(DELTA), false,
                               START + shown_ms[i] * 1000, START + i * 40000);
    for (size_t i = 0; i < 2; i++) {
        wait_for(f, sinks[i], 4);
        for (size_t n = 0; n < 4; n++) {
            assert_ptr_equal(sinks[i]->seen[n].frame, frames[n]);
            assert_int_equal(sinks[i]->seen[n].pts_us, START + shown_ms[n] * 1000);
            assert_int_equal(sinks[i]->seen[n].dts_us, START + (int64_t)n * 40000);
        }
        assert_int_equal(atomic_load(&sinks[i]->codec_count), 1);
        assert_int_equal(sinks[i]->codecs[0].height, 720);
        detach(f, sinks[i]);
    }
}

/* A request may be lost, or come too soon after another to be heeded. */
static void a_key_frame_that_does_not_come_is_asked_for_again(void **state)
{
    struct fixture *f = *state;
    struct sl_track *track = publish(f, true, SL_CODEC_H264, SL_CODEC_NONE);
    int64_t begin_us = sl_now_us(), now_us = begin_us;

    atomic_store(&f->keyframe_requests, 0);
    struct sink *sink = attach(f, track, 1, &frame_ops); /* which asks for one */
    for (int64_t i = 0; atomic_load(&f->keyframe_requests) < 2; i++) {
        (void)feed(f, track, SL_CODEC_H264, TEXT(DELTA), false, START + i * 40000,
                   START + i * 40000);
        (void)uv_run(sl_loop_uv(f->core.control), UV_RUN_ONCE);
        now_us = sl_now_us();
        assert_true(now_us - begin_us < CORE_DEADLINE_US);
    }
    assert_true(now_us - begin_us > 900 * SL_US_PER_MS); /* not for each picture */
    assert_int_equal(atomic_load(&sink->count), 0);
    detach(f, sink);
}

static void times_that_make_no_sense_are_mended(void **state)
{
    struct fixture *f = *state;
    struct sl_track *track = publish(f, true, SL_CODEC_OPUS, SL_CODEC_NONE);
    struct sink *sink = attach(f, track, 0, &frame_ops);

    (void)feed(f, track, SL_CODEC_OPUS, TEXT("a"), false, START, START);
    (void)feed(f, track, SL_CODEC_OPUS, TEXT("b"), false, START - 5, START - 5);
    (void)feed(f, track, SL_CODEC_OPUS, TEXT("c"), false, START + 5, START + 10);
    wait_for(f, sink, 3);
    assert_true(sink->seen[0].keyframe); /* of sound, each is one */
    assert_int_equal(sink->seen[1].dts_us, START + 1);
    assert_int_equal(sink->seen[1].pts_us, START + 1);
    assert_int_equal(sink->seen[2].pts_us, START + 10);
    detach(f, sink);
}

static void packets_are_cut_only_for_sinks_of_packets_and_from_a_key_frame_on(void **state)
{
    struct fixture *f = *state;
    static char picture[8000] = SETS IDR;
    struct sl_track *track = publish(f, true, SL_CODEC_H264, SL_CODEC_NONE);
    struct sink *frames = attach(f, track, 0, &frame_ops), *packets[2];

    memset(picture + sizeof(SETS IDR) - 1, 0x77, sizeof(picture) - sizeof(SETS IDR) + 1);
    (void)feed(f, track, SL_CODEC_H264, picture, sizeof(picture), true, START, START);
    for (size_t i = 0; i < 2; i++)
        packets[i] = attach(f, track, i, &packet_ops);
    atomic_store(&f->keyframe_requests, 0);
    (void)feed(f, track, SL_CODEC_H264, TEXT(DELTA), false, START + 40000, START + 40000);
    int64_t deadline_us = sl_now_us() + CORE_DEADLINE_US;
    while (atomic_load(&f->keyframe_requests) == 0 && sl_now_us() < deadline_us)
        (void)uv_run(sl_loop_uv(f->core.control), UV_RUN_ONCE);
    assert_true(atomic_load(&f->keyframe_requests) > 0);
    assert_false(atomic_load(&f->answering)); /* never from within its own call */
    (void)feed(f, track, SL_CODEC_H264, picture, sizeof(picture), true, START + 80000,
               START + 80000);
    (void)feed(f, track, SL_CODEC_H264, TEXT(DELTA), false, START + 119999, START + 119999);
    wait_for(f, frames, 4);
    for (size_t i = 0; i < 2; i++) {
        wait_for(f, packets[i], 9); /* sets, seven pieces, the delta picture */
        assert_int_equal(packets[i]->seen[0].seq, 1 << 16);
        assert_true(packets[i]->seen[0].keyframe && !packets[i]->seen[0].marker);
        for (size_t n = 0; n < 9; n++) {
            assert_int_equal(packets[i]->seen[n].seq, (1 << 16) + n);
            assert_int_equal(packets[i]->seen[n].marker, n >= 7);
        }
        /* To the nearest tick: 39 999 us are 3600. */
        assert_int_equal(packets[i]->seen[8].timestamp - packets[i]->seen[0].timestamp, 3600);
        detach(f, packets[i]);
    }
    detach(f, frames);
}

static void each_codec_is_cut_as_its_payload_format_says(void **state)
{
    static char sound[4000], vp8[3000] = VP8_KEY;
    static const struct {
        const char *why;
        enum sl_codec codec;
        const char *bytes;
        size_t len, packets;
        uint32_t clock_hz;
        uint32_t step; /* of RTP time from one packet of a frame to the next */
        bool marker;
    } cases[] = {
        {"opus", SL_CODEC_OPUS, sound, 400, 1, 48000, 0, false},
        {"opus that fits no packet", SL_CODEC_OPUS, sound, 1461, 0, 48000, 0, false},
        {"G.711 of half a second", SL_CODEC_PCMA, sound, 4000, 4, 8000, 1200, false},
        {"G.722", SL_CODEC_G722, sound, 160, 1, 8000, 0, false},
        {"AAC at the track's rate", SL_CODEC_AAC, sound, 300, 1, 44100, 0, true},
        {"AAC in pieces", SL_CODEC_AAC, sound, 3000, 3, 44100, 0, true},
        {"VP8", SL_CODEC_VP8, vp8, 3000, 3, 90000, 0, true},
        {"VP9, which has no packets here", SL_CODEC_VP9, vp8, 3000, 0, 90000, 0, false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        assert_int_equal(set_up(state), 0);
        struct fixture *f = *state;
        struct sl_track *track = publish(f, true, cases[i].codec, SL_CODEC_NONE);
        struct sink *packets = attach(f, track, 0, &packet_ops);
        struct sink *frames = attach(f, track, 0, &frame_ops);
        for (int64_t n = 0; n < 2; n++)
            (void)feed(f, track, cases[i].codec, cases[i].bytes, cases[i].len, true,
                       START + n * SL_US_PER_S, START + n * SL_US_PER_S);
        wait_for(f, frames, 2);
        size_t per_frame = cases[i].packets;
        if (atomic_load(&packets->count) != 2 * per_frame)
            fail_msg("%s: %zu packets", cases[i].why, atomic_load(&packets->count));
        for (size_t n = 0; n < 2 * per_frame; n++) {
            uint32_t expected =
                (uint32_t)(n / per_frame * cases[i].clock_hz + n % per_frame * cases[i].step);
            assert_int_equal(packets->seen[n].timestamp - packets->seen[0].timestamp, expected);
            assert_int_equal(packets->seen[n].marker,
                             cases[i].marker && n % per_frame == per_frame - 1);
        }
        detach(f, packets);
        detach(f, frames);
        tear_down(state);
    }
}

static void sinks_are_told_of_each_codec_and_configuration_before_its_first_frame(void **state)
{
    struct fixture *f = *state;
    struct sl_track *track = publish(f, true, SL_CODEC_H264, SL_CODEC_VP8);
    struct sink *sink = attach(f, track, 1, &frame_ops);
    int64_t at_us = START;

    (void)feed(f, track, SL_CODEC_H264, TEXT(SETS IDR), true, at_us, at_us);
    at_us += 40000;
    (void)feed(f, track, SL_CODEC_H264, TEXT(SETS IDR), true, at_us, at_us); /* no news */
    at_us += 40000;
    (void)feed(f, track, SL_CODEC_H264, TEXT(OTHER_SETS IDR), true, at_us, at_us);
    at_us += 40000;
    (void)feed(f, track, SL_CODEC_VP8, TEXT(VP8_KEY), true, at_us, at_us);
    wait_for(f, sink, 4);
    assert_int_equal(atomic_load(&sink->codec_count), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(sink->codecs[i].codec, i < 2 ? SL_CODEC_H264 : SL_CODEC_VP8);
        assert_int_equal(sink->codecs[i].has_config, i < 2);
        assert_int_equal(sink->codecs[i].before, i == 0 ? 0 : i + 1);
    }
    detach(f, sink);
}

static void frames_follow_a_source_of_packets_into_another_codec(void **state)
{
    struct fixture *f = *state;
    struct sl_track *track = publish(f, false, SL_CODEC_VP8, SL_CODEC_H264);

    for (size_t worker = 0; worker < 2; worker++) {
        struct sink *sink = attach(f, track, worker, &frame_ops);
        int64_t seq = 1000 * (int64_t)(worker + 1);
        feed_packet(f, track, SL_CODEC_VP8, TEXT("\x10" VP8_KEY), seq);
        feed_packet(f, track, SL_CODEC_H264,
                    TEXT("\x67\x42\xc0\x1f\xda\x01\x40\x16\xec\x04\x40\0"
                         "\0\x03\0\x40\0\0\x0c\x83\xc6\x0c\xa8"),
                    seq + 1);
        feed_packet(f, track, SL_CODEC_H264, TEXT("\x68\xce\x3c\x80"), seq + 2);
        feed_packet(f, track, SL_CODEC_H264, TEXT("\x65\x88\x80\x40"), seq + 3);
        feed_packet(f, track, SL_CODEC_VP8, TEXT("\x10" VP8_KEY), seq + 4);
        wait_for(f, sink, 3);
        assert_int_equal(atomic_load(&sink->codec_count), 3);
        assert_int_equal(sink->codecs[1].codec, SL_CODEC_H264);
        assert_int_equal(sink->codecs[1].height, 720);
        assert_int_equal(sink->codecs[2].codec, SL_CODEC_VP8);
        for (size_t i = 1; i < 3; i++)
            assert_true(sink->seen[i].dts_us > sink->seen[i - 1].dts_us);
        detach(f, sink);
    }
}

struct codec_listener {
    struct sl_stream_listener listener;
    struct sl_stream *stream;
    enum sl_codec told; /* by the last call */
    int calls;
};

static void note_codec(struct sl_stream_listener *listener, enum sl_media_kind kind)
{
    struct codec_listener *l = sl_container_of(listener, struct codec_listener, listener);

    l->told = sl_stream_codec(l->stream, kind);
    l->calls++;
}

static void leave_at_once(struct sl_stream_listener *listener, enum sl_media_kind kind)
{
    note_codec(listener, kind);
    sl_stream_unlisten(listener);
}

static bool is_h264(void *arg)
{
    return ((struct codec_listener *)arg)->told == SL_CODEC_H264;
}

static void a_track_has_the_codec_of_what_comes(void **state)
{
    struct fixture *f = *state;
    struct codec_listener first = {.listener.on_codec = leave_at_once},
                          last = {.listener.on_codec = note_codec};

    for (int frames = 0; frames < 2; frames++) {
        struct sl_track *track = publish(f, frames, SL_CODEC_VP8, SL_CODEC_H264);
        first.stream = last.stream = f->stream;
        first.told = last.told = SL_CODEC_NONE;
        first.calls = last.calls = 0;
        sl_stream_listen(f->stream, &first.listener);
        sl_stream_listen(f->stream, &last.listener);
        assert_int_equal(sl_track_codec(track), SL_CODEC_VP8); /* expected */
        assert_int_equal(sl_stream_codec(f->stream, SL_AUDIO), SL_CODEC_NONE);
        if (frames)
            (void)feed(f, track, SL_CODEC_H264, TEXT(SETS IDR), true, START, START);
        else
            feed_packet(f, track, SL_CODEC_H264, TEXT("\x67\x42\xc0\x1f"), 1000);
        assert_int_equal(sl_track_codec(track), SL_CODEC_H264);
        core_wait(&f->core, is_h264, &last);
        assert_int_equal(first.calls, 1);
        /* What refers to other pictures begins nothing. */
        if (frames)
            (void)feed(f, track, SL_CODEC_VP8, TEXT("\x11"), false, START + 1, START + 1);
        else
            feed_packet(f, track, SL_CODEC_VP8, TEXT("\x10\x11\0\0"), 1001);
        assert_int_equal(sl_track_codec(track), SL_CODEC_H264);
        sl_stream_unlisten(&last.listener);
        assert_int_equal(last.calls, 1);
        sl_stream_release(f->stream);
        f->stream = NULL;
        core_wait(&f->core, core_is_drained, &f->core);
    }
}

static void digits_are_no_codec_of_a_track(void **state)
{
    struct fixture *f = *state;
    struct sl_track *track = publish(f, false, SL_CODEC_OPUS, SL_CODEC_PCMA);

    feed_packet(f, track, SL_CODEC_TELEPHONE_EVENT, TEXT("\1\2\3\4"), 1000);
    assert_int_equal(sl_track_codec(track), SL_CODEC_OPUS);
    feed_packet(f, track, SL_CODEC_PCMA, TEXT("\1\2\3\4"), 1001);
    assert_int_equal(sl_track_codec(track), SL_CODEC_PCMA);
}

static void a_source_that_no_frames_can_be_made_of_ends_sinks_of_frames(void **state)
{
    struct fixture *f = *state;
    struct sl_track *track = publish(f, false, SL_CODEC_VP9, SL_CODEC_AV1);

    for (size_t worker = 0; worker < 2; worker++) {
        struct sink *frames = attach(f, track, worker, &frame_ops);
        struct sink *packets = attach(f, track, worker, &packet_ops);
        assert_int_equal(atomic_load(&frames->ended), -ENOSYS); /* at once */
        feed_packet(f, track, SL_CODEC_VP9, TEXT("\x0c\x01\x02\x03"), 2000 + (int64_t)worker);
        wait_for(f, packets, 1); /* sinks of packets have no part in it */
        assert_int_equal(atomic_load(&packets->ended), 0);
        detach(f, frames);
        detach(f, packets);
    }
}

static void a_source_that_changes_to_such_a_codec_ends_them_then(void **state)
{
    struct fixture *f = *state;
    struct sl_track *track = publish(f, false, SL_CODEC_VP8, SL_CODEC_VP9);

    for (size_t worker = 0; worker < 2; worker++) {
        struct sink *sinks[] = {attach(f, track, worker, &frame_ops),
                                attach(f, track, worker, &frame_ops)};
        int64_t seq = 1000 * (int64_t)(worker + 1);
        feed_packet(f, track, SL_CODEC_VP8, TEXT("\x10" VP8_KEY), seq);
        for (size_t i = 0; i < 2; i++) {
            wait_for(f, sinks[i], 1);
            assert_int_equal(atomic_load(&sinks[i]->ended), 0);
        }
        feed_packet(f, track, SL_CODEC_VP9, TEXT("\x0c\x01\x02\x03"), seq + 1);
        feed_packet(f, track, SL_CODEC_VP8, TEXT("\x10" VP8_KEY), seq + 2);
        for (size_t i = 0; i < 2; i++) {
            core_wait(&f->core, has_ended, sinks[i]);
            assert_int_equal(atomic_load(&sinks[i]->ended), -ENOSYS);
            assert_int_equal(atomic_load(&sinks[i]->count), 1);
            detach(f, sinks[i]);
        }
    }
}

static void digits_between_sound_change_nothing(void **state)
{
    struct fixture *f = *state;
    struct sl_track *track = publish(f, false, SL_CODEC_OPUS, SL_CODEC_TELEPHONE_EVENT);
    struct sink *sink = attach(f, track, 0, &frame_ops);

    feed_packet(f, track, SL_CODEC_TELEPHONE_EVENT, TEXT("\x05\x0a\0\xa0"), 9);
    feed_packet(f, track, SL_CODEC_OPUS, TEXT("one"), 10);
    feed_packet(f, track, SL_CODEC_TELEPHONE_EVENT, TEXT("\x05\x0a\0\xa0"), 11);
    feed_packet(f, track, SL_CODEC_OPUS, TEXT("two"), 12);
    wait_for(f, sink, 2); /* the second without a wait for what the digits stand in for */
    assert_int_equal(atomic_load(&sink->codec_count), 1);
    assert_int_equal(atomic_load(&sink->ended), 0);
    detach(f, sink);
}

/* Keeps a worker from its messages. */
struct block {
    _Atomic bool blocked, go_on;
};

static void do_block(void *arg)
{
    struct block *block = arg;

    atomic_store(&block->blocked, true);
    while (!atomic_load(&block->go_on))
        (void)sched_yield();
}

static bool is_blocked(void *arg)
{
    return atomic_load(&((struct block *)arg)->blocked);
}

static void a_worker_that_falls_behind_gets_no_pictures_up_to_a_key_frame(void **state)
{
    struct fixture *f = *state;
    struct sl_track *track = publish(f, true, SL_CODEC_VP8, SL_CODEC_NONE);
    struct sink *sinks[] = {attach(f, track, 0, &frame_ops), attach(f, track, 1, &frame_ops)};
    struct block block = {false, false};
    struct job job;
    int64_t at_us = START;

    job_post(&job, sl_worker_loop(worker_at(f, 1)), do_block, &block);
    core_wait(&f->core, is_blocked, &block);
    for (int i = 0; i < 40; i++, at_us += 40000)
        (void)feed(f, track, SL_CODEC_VP8, TEXT(VP8_KEY), i == 0, at_us, at_us);
    atomic_store(&block.go_on, true);
    core_wait(&f->core, job_is_done, &job);
    wait_for(f, sinks[0], 40); /* nobody else waits for it */
    uint64_t dropped = sl_metrics_sum(f->core.metrics, SL_COUNTER_PACKETS_DROPPED_QUEUE);
    assert_in_range(dropped, 10, 39);
    wait_for(f, sinks[1], 40 - dropped);
    assert_true(atomic_load(&f->keyframe_requests) > 0);
    (void)feed(f, track, SL_CODEC_VP8, TEXT(VP8_KEY), false, at_us, at_us);
    (void)feed(f, track, SL_CODEC_VP8, TEXT(VP8_KEY), true, at_us + 40000, at_us + 40000);
    wait_for(f, sinks[1], 41 - dropped);
    assert_true(sinks[1]->seen[40 - dropped].keyframe);
    for (size_t i = 0; i < 2; i++)
        detach(f, sinks[i]);
}

static void do_set_clock(void *arg)
{
    /* 5.5 s of NTP time are START. */
    struct sl_track_clock clock = {true, (UINT64_C(5) << 32) + (UINT64_C(1) << 31), 7, START};

    sl_track_set_clock(arg, &clock);
}

static void a_variant_keeps_the_ntp_time_of_its_stream(void **state)
{
    struct fixture *f = *state;
    struct sl_track *track = publish(f, false, SL_CODEC_OPUS, SL_CODEC_NONE);
    struct sl_stream_config config = {
        .of = f->stream,
        .worker = worker_at(f, 0),
        .ops = &source_ops,
        .owner = f,
        .tracks = {{.present = true,
                    .codec_count = 1,
                    .codecs = {{SL_CODEC_AAC, ""}},
                    .frames = true,
                    .clock_hz = 48000}},
    };
    struct sl_stream *variant;

    assert_int_equal(sl_stream_create(f->core.streams, &config, &variant), 0);
    on_worker(f, 0, do_set_clock, track);
    struct sl_track *sound = sl_stream_track(variant, SL_AUDIO);
    struct sink *sink = attach(f, sound, 0, &frame_ops);
    (void)feed(f, sound, SL_CODEC_AAC, TEXT("aac"), true, START + SL_US_PER_S, START + SL_US_PER_S);
    wait_for(f, sink, 1);
    assert_true(sink->seen[0].ntp == (UINT64_C(6) << 32) + (UINT64_C(1) << 31));
    detach(f, sink);
    sl_stream_release(variant);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sinks_of_frames_get_the_very_frame_on_every_worker, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_key_frame_that_does_not_come_is_asked_for_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(times_that_make_no_sense_are_mended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            packets_are_cut_only_for_sinks_of_packets_and_from_a_key_frame_on, set_up, tear_down),
        cmocka_unit_test(each_codec_is_cut_as_its_payload_format_says),
        cmocka_unit_test_setup_teardown(
            sinks_are_told_of_each_codec_and_configuration_before_its_first_frame, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(frames_follow_a_source_of_packets_into_another_codec,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_track_has_the_codec_of_what_comes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(digits_are_no_codec_of_a_track, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_source_that_no_frames_can_be_made_of_ends_sinks_of_frames,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_source_that_changes_to_such_a_codec_ends_them_then,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_variant_keeps_the_ntp_time_of_its_stream, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(digits_between_sound_change_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_worker_that_falls_behind_gets_no_pictures_up_to_a_key_frame, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("stream frames", tests, NULL, NULL);
}
