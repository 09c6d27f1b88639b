/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The core with real workers: names, fan-out on one and on two threads, key frame requests, ends,
 * frames, and all of it coming and going at once. */
#include "stream/stream.h"
#include "../core.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { POOL = 4096 /* packets */, FRAMES_FROM = 70000 };

struct fixture {
    struct core core;
};

static int set_up(void **state)
{
    struct fixture *f = sl_new(struct fixture);

    core_start(&f->core, (struct sl_workers_config){
                             .count = 2,
                             .packets_max = POOL,
                             .ring_packets = 256,
                             .keyframe_interval_us = 200 * SL_US_PER_MS,
                             .bounding = SL_BOUND_SOLE,
                         });
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    core_stop(&f->core);
    free(f);
    return 0;
}

/* ---- Doing things on a worker and waiting for it ---- */

/* ---- A source and a sink ---- */

struct source {
    _Atomic int keyframe_requests;
    _Atomic int sinks_calls, sinks_count; /* how often told, and what the last time */
    _Atomic uint64_t bound_bps;           /* as it was told last */
    _Atomic int losses;                   /* likewise */
    struct sl_stream *stream;
};

static void request_keyframe(void *owner, struct sl_track *track)
{
    struct source *source = owner;

    (void)track;
    atomic_fetch_add(&source->keyframe_requests, 1);
}

static void on_sinks(void *owner, struct sl_track *track, size_t count)
{
    struct source *source = owner;

    if (sl_track_kind(track) != SL_VIDEO)
        return;
    atomic_store(&source->sinks_count, (int)count);
    atomic_fetch_add(&source->sinks_calls, 1);
}

static void on_bound(void *owner, struct sl_track *track, uint64_t bitrate_bps)
{
    if (sl_track_kind(track) == SL_VIDEO)
        atomic_store(&((struct source *)owner)->bound_bps, bitrate_bps);
}

static void on_losses(void *owner, struct sl_track *track, uint8_t fraction)
{
    if (sl_track_kind(track) == SL_AUDIO)
        atomic_store(&((struct source *)owner)->losses, fraction);
}

static const struct sl_source_ops source_ops = {
    .protocol = "test",
    .request_keyframe = request_keyframe,
    .on_sinks = on_sinks,
    .on_bound = on_bound,
    .on_losses = on_losses,
};

static int create_stream(struct fixture *f, const char *name, size_t worker, struct source *source)
{
    struct sl_stream_config config = {
        .name = name,
        .worker = sl_workers_at(f->core.workers, worker),
        .ops = &source_ops,
        .owner = source,
        .tracks = {{.present = true, .codec_count = 1, .codecs = {{SL_CODEC_OPUS, ""}}},
                   {.present = true, .codec_count = 1, .codecs = {{SL_CODEC_VP8, ""}}}},
    };

    memset(source, 0, sizeof(*source));
    return sl_stream_create(f->core.streams, &config, &source->stream);
}

struct input {
    struct sl_track *track;
    struct sl_worker *worker;
    enum sl_codec codec;
    int64_t first, count;
};

/* Of the packet with this number: uneven, so that there is something to pad. */
static uint16_t frame_len(int64_t seq)
{
    return seq % 2 ? 5 : 4;
}

static void do_input(void *arg)
{
    const struct input *input = arg;

    for (int64_t i = 0; i < input->count; i++) {
        struct sl_rtp_packet *packet = sl_rtp_packet_create(input->worker);
        if (!packet)
            return;
        packet->seq = input->first + i;
        packet->arrival_us = sl_now_us();
        packet->timestamp = (uint32_t)(packet->seq * 960);
        packet->codec = input->codec;
        packet->marker = true;
        packet->payload_len = frame_len(packet->seq);
        memcpy(packet->payload, "tests", packet->payload_len);
        sl_track_input(input->track, packet);
    }
}

struct sink {
    struct sl_sink *sink;
    _Atomic int64_t packets, last_seq, disorder, padded, frames;
    int64_t first_us; /* of the first frame */
    _Atomic int ended;
};

static void on_packets(void *owner, struct sl_rtp_packet *const *packets, size_t count)
{
    struct sink *sink = owner;

    for (size_t i = 0; i < count; i++) {
        if (packets[i]->padding > 0)
            atomic_fetch_add(&sink->padded, 1);
        if (packets[i]->seq <= atomic_load(&sink->last_seq))
            atomic_fetch_add(&sink->disorder, 1);
        atomic_store(&sink->last_seq, packets[i]->seq);
        atomic_fetch_add(&sink->packets, 1);
    }
}

/* No padding is seen here, though the packets have some. */
static void on_frame(void *owner, struct sl_frame *frame)
{
    struct sink *sink = owner;

    if (!sink->first_us)
        sink->first_us = frame->pts_us;
    int64_t seq = FRAMES_FROM + (frame->pts_us - sink->first_us) / (20 * SL_US_PER_MS);
    if (frame->len == frame_len(seq) && memcmp(frame->data, "tests", frame->len) == 0 &&
        frame->keyframe)
        atomic_fetch_add(&sink->frames, 1);
}

static void on_end(void *owner, int reason)
{
    struct sink *sink = owner;

    atomic_fetch_add(&sink->ended, reason == -EPIPE ? 1 : 1000);
}

static const struct sl_sink_ops packet_ops = {
    .protocol = "test", .on_packets = on_packets, .on_end = on_end};
static const struct sl_sink_ops frame_ops = {
    .protocol = "test", .on_frame = on_frame, .on_end = on_end};

static void do_start(void *arg)
{
    sl_sink_start(arg);
}

static void do_stop(void *arg)
{
    sl_sink_stop(arg);
}

static void do_request_keyframe(void *arg)
{
    for (int i = 0; i < 50; i++)
        sl_sink_request_keyframe(arg);
}

static void end_stream(struct fixture *f, struct source *source)
{
    sl_stream_release(source->stream);
    source->stream = NULL;
    core_wait(&f->core, core_is_drained, &f->core);
}

static void end_stream_with(struct fixture *f, struct source *source, struct sink *sinks,
                            size_t count)
{
    sl_stream_end(source->stream);
    for (size_t i = 0; i < count; i++) {
        core_on_worker(&f->core, sl_workers_at(f->core.workers, i % 2), do_stop, sinks[i].sink);
        sl_sink_destroy(sinks[i].sink);
    }
    end_stream(f, source);
}

/* ---- Tests ---- */

static void a_name_belongs_to_one_stream_until_its_end(void **state)
{
    struct fixture *f = *state;
    struct source first, second;

    assert_int_equal(create_stream(f, "cam", 0, &first), 0);
    assert_int_equal(create_stream(f, "cam", 1, &second), -EEXIST);
    assert_ptr_equal(sl_streams_find(f->core.streams, "cam"), first.stream);
    assert_false(sl_stream_is_live(first.stream));
    sl_stream_set_live(first.stream);
    assert_true(sl_stream_is_live(first.stream));
    sl_stream_end(first.stream);
    assert_null(sl_streams_find(f->core.streams, "cam"));
    assert_int_equal(create_stream(f, "cam", 1, &second), 0);
    sl_stream_release(first.stream);
    end_stream(f, &second);
}

static void refuses_what_is_not_a_name(void **state)
{
    struct fixture *f = *state;
    struct source source;
    char longest[SL_STREAM_NAME_MAX + 2];

    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    const char *const names[] = {"", "a\nb", "\x7f", longest};
    for (size_t i = 0; i < SL_ARRAY_LEN(names); i++)
        assert_int_equal(create_stream(f, names[i], 0, &source), -EINVAL);
}

struct listener {
    struct sl_stream_listener listener;
    int ends;
    uint16_t width, height;
};

static void note_end(struct sl_stream_listener *listener)
{
    sl_container_of(listener, struct listener, listener)->ends++;
}

static void note_size(struct sl_stream_listener *listener, uint16_t width, uint16_t height)
{
    struct listener *l = sl_container_of(listener, struct listener, listener);

    l->width = width;
    l->height = height;
}

static void do_size(void *arg)
{
    sl_track_set_size(arg, 1280, 720);
}

static bool has_size(void *arg)
{
    return ((struct listener *)arg)->width != 0;
}

static void listeners_hear_of_size_and_end_once(void **state)
{
    struct fixture *f = *state;
    struct source source;
    struct listener a = {{.on_size = note_size, .on_end = note_end}, 0, 0, 0}, b = a;
    uint16_t width, height;

    assert_int_equal(create_stream(f, "cam", 0, &source), 0);
    sl_stream_listen(source.stream, &a.listener);
    sl_stream_listen(source.stream, &b.listener);
    core_on_worker(&f->core, sl_workers_at(f->core.workers, 0), do_size,
                   sl_stream_track(source.stream, SL_VIDEO));
    core_wait(&f->core, has_size, &a);
    assert_int_equal(a.width, 1280);
    assert_int_equal(a.height, 720);
    sl_stream_size(source.stream, &width, &height);
    assert_int_equal(width, 1280);
    sl_stream_unlisten(&b.listener);
    sl_stream_end(source.stream);
    sl_stream_end(source.stream);
    assert_int_equal(a.ends, 1);
    assert_int_equal(b.ends, 0);
    end_stream(f, &source);
}

static bool has_all(void *arg)
{
    return atomic_load(&((struct sink *)arg)->packets) >= 300;
}

static void packets_reach_sinks_on_every_worker_in_order(void **state)
{
    struct fixture *f = *state;
    struct source source;
    struct sink sinks[4];

    memset(sinks, 0, sizeof(sinks));
    assert_int_equal(create_stream(f, "cam", 0, &source), 0);
    struct sl_track *track = sl_stream_track(source.stream, SL_AUDIO);
    for (size_t i = 0; i < 4; i++) {
        struct sl_worker *worker = sl_workers_at(f->core.workers, i % 2);
        sinks[i].sink = sl_sink_create(track, worker, &packet_ops, &sinks[i]);
        core_on_worker(&f->core, worker, do_start, sinks[i].sink);
    }
    for (int64_t first = 70000; first < 70300; first += 30) {
        struct input input = {track, sl_workers_at(f->core.workers, 0), SL_CODEC_OPUS, first, 30};
        core_on_worker(&f->core, input.worker, do_input, &input);
    }
    for (size_t i = 0; i < 4; i++) {
        core_wait(&f->core, has_all, &sinks[i]);
        assert_int_equal(atomic_load(&sinks[i].disorder), 0);
        assert_int_equal(atomic_load(&sinks[i].last_seq), 70299);
        core_on_worker(&f->core, sl_workers_at(f->core.workers, i % 2), do_stop, sinks[i].sink);
        sl_sink_destroy(sinks[i].sink);
    }
    end_stream(f, &source);
}

struct lookup {
    struct sl_sink *sink;
    bool has_old, has_recent, has_future;
    int64_t newest;
};

static void do_lookup(void *arg)
{
    struct lookup *lookup = arg;
    struct sl_rtp_packet *newest = sl_sink_newest_packet(lookup->sink);

    lookup->has_old = sl_sink_find_packet(lookup->sink, 70001) != NULL;
    lookup->has_recent = sl_sink_find_packet(lookup->sink, 70290) != NULL;
    lookup->has_future = sl_sink_find_packet(lookup->sink, 70300) != NULL;
    lookup->newest = newest ? newest->seq : 0;
}

static void recent_packets_are_kept_for_retransmission_and_old_ones_are_not(void **state)
{
    struct fixture *f = *state;
    struct source source;
    struct sink sink;
    struct sl_worker *other = sl_workers_at(f->core.workers, 1);

    memset(&sink, 0, sizeof(sink));
    assert_int_equal(create_stream(f, "cam", 0, &source), 0);
    struct sl_track *track = sl_stream_track(source.stream, SL_VIDEO);
    sink.sink = sl_sink_create(track, other, &packet_ops, &sink);
    sl_sink_keep_packets(sink.sink);
    core_on_worker(&f->core, other, do_start, sink.sink);
    for (int64_t first = 70000; first < 70300; first += 30) {
        struct input input = {track, sl_workers_at(f->core.workers, 0), SL_CODEC_VP8, first, 30};
        core_on_worker(&f->core, input.worker, do_input, &input);
    }
    core_wait(&f->core, has_all, &sink);
    struct lookup lookup = {.sink = sink.sink};
    core_on_worker(&f->core, other, do_lookup, &lookup);
    assert_false(lookup.has_old); /* the ring holds 256 */
    assert_true(lookup.has_recent);
    assert_false(lookup.has_future);
    assert_int_equal(lookup.newest, 70299);
    core_on_worker(&f->core, other, do_stop, sink.sink);
    sl_sink_destroy(sink.sink);
    end_stream(f, &source);
}

static bool has_second_request(void *arg)
{
    return atomic_load(&((struct source *)arg)->keyframe_requests) >= 2;
}

static void keyframe_requests_are_merged_limited_and_not_lost(void **state)
{
    struct fixture *f = *state;
    struct source source;
    struct sink sinks[2];

    memset(sinks, 0, sizeof(sinks));
    assert_int_equal(create_stream(f, "cam", 0, &source), 0);
    struct sl_track *track = sl_stream_track(source.stream, SL_VIDEO);
    int64_t start_us = sl_now_us();
    for (size_t i = 0; i < 2; i++) {
        struct sl_worker *worker = sl_workers_at(f->core.workers, i);
        sinks[i].sink = sl_sink_create(track, worker, &packet_ops, &sinks[i]);
        core_on_worker(&f->core, worker, do_start, sinks[i].sink);
        core_on_worker(&f->core, worker, do_request_keyframe, sinks[i].sink);
    }
    /* A hundred wishes: one request at once, one more when the interval has passed. */
    core_wait(&f->core, has_second_request, &source);
    assert_true(sl_now_us() - start_us >= 200 * SL_US_PER_MS);
    assert_int_equal(atomic_load(&source.keyframe_requests), 2);
    for (size_t i = 0; i < 2; i++) {
        core_on_worker(&f->core, sl_workers_at(f->core.workers, i), do_stop, sinks[i].sink);
        sl_sink_destroy(sinks[i].sink);
    }
    end_stream(f, &source);
}

static bool is_watched(void *arg)
{
    return atomic_load(&((struct source *)arg)->sinks_count) > 0;
}

static bool is_not_watched(void *arg)
{
    return !is_watched(arg);
}

static void do_nothing(void *arg)
{
    (void)arg;
}

static void the_source_hears_of_its_first_sink_and_of_its_last(void **state)
{
    struct fixture *f = *state;
    struct source source;
    struct sink sinks[4];

    memset(sinks, 0, sizeof(sinks));
    assert_int_equal(create_stream(f, "cam", 0, &source), 0);
    struct sl_track *track = sl_stream_track(source.stream, SL_VIDEO);
    for (size_t i = 0; i < 4; i++) /* of packets and of frames, at home and elsewhere */
        sinks[i].sink = sl_sink_create(track, sl_workers_at(f->core.workers, i % 2),
                                       i < 2 ? &packet_ops : &frame_ops, &sinks[i]);
    for (int round = 1; round <= 3; round++) {
        for (size_t i = 0; i < 4; i++) {
            core_on_worker(&f->core, sl_workers_at(f->core.workers, (i + (size_t)round) % 2),
                           do_start, sinks[(i + (size_t)round) % 4].sink);
            core_wait(&f->core, is_watched, &source);
        }
        core_on_worker(&f->core, sl_workers_at(f->core.workers, 0), do_nothing, NULL);
        assert_int_equal(atomic_load(&source.sinks_calls), 2 * round - 1);
        for (size_t i = 0; i < 4; i++) {
            assert_true(is_watched(&source));
            core_on_worker(&f->core, sl_workers_at(f->core.workers, i % 2), do_stop, sinks[i].sink);
        }
        core_wait(&f->core, is_not_watched, &source);
        assert_int_equal(atomic_load(&source.sinks_calls), 2 * round);
    }
    core_on_worker(&f->core, sl_workers_at(f->core.workers, 1), do_start, sinks[1].sink);
    core_wait(&f->core, is_watched, &source);
    end_stream_with(f, &source, sinks, 4);
    assert_int_equal(atomic_load(&source.sinks_calls), 7); /* the end is no news to the source */
}

static void do_bound(void *arg)
{
    sl_sink_bound_bitrate(arg, 700000);
}

static void do_bound_hard(void *arg)
{
    sl_sink_bound_bitrate(arg, 1000);
}

static bool is_bounded(void *arg)
{
    return atomic_load(&((struct source *)arg)->bound_bps) == 700000;
}

static bool is_bounded_hard(void *arg)
{
    return atomic_load(&((struct source *)arg)->bound_bps) == 150000; /* and no less */
}

static bool is_unbounded(void *arg)
{
    return atomic_load(&((struct source *)arg)->bound_bps) == 0;
}

static void the_source_is_asked_for_less_for_a_sink_that_is_alone(void **state)
{
    struct fixture *f = *state;
    struct source source;
    struct sink sinks[3];

    memset(sinks, 0, sizeof(sinks));
    assert_int_equal(create_stream(f, "cam", 0, &source), 0);
    struct sl_track *track = sl_stream_track(source.stream, SL_VIDEO);
    for (size_t i = 0; i < 3; i++) /* beside the narrow one, and elsewhere */
        sinks[i].sink =
            sl_sink_create(track, sl_workers_at(f->core.workers, i / 2), &packet_ops, &sinks[i]);
    struct sl_worker *home = sl_workers_at(f->core.workers, 0);
    core_on_worker(&f->core, home, do_start, sinks[0].sink);
    core_on_worker(&f->core, home, do_bound, sinks[0].sink);
    core_wait(&f->core, is_bounded, &source);
    for (size_t i = 1; i < 3; i++) {
        struct sl_worker *worker = sl_workers_at(f->core.workers, i / 2);
        core_on_worker(&f->core, worker, do_start, sinks[i].sink);
        core_wait(&f->core, is_unbounded, &source);
        core_on_worker(&f->core, worker, do_stop, sinks[i].sink);
        core_wait(&f->core, is_bounded, &source);
    }
    core_on_worker(&f->core, home, do_bound_hard, sinks[0].sink);
    core_wait(&f->core, is_bounded_hard, &source);
    core_on_worker(&f->core, home, do_stop, sinks[0].sink);
    core_wait(&f->core, is_unbounded, &source);
    end_stream_with(f, &source, sinks, 3);
}

struct telling {
    struct sl_sink *sink;
    uint8_t fraction;
};

static void do_tell_losses(void *arg)
{
    const struct telling *telling = arg;

    sl_sink_tell_losses(telling->sink, telling->fraction);
}

struct expected_losses {
    struct source *source;
    int fraction;
};

static bool knows_losses(void *arg)
{
    const struct expected_losses *expected = arg;

    return atomic_load(&expected->source->losses) == expected->fraction;
}

static void the_source_hears_of_the_worst_ways_losses(void **state)
{
    static const struct {
        size_t sink;
        uint8_t fraction;
        int heard;
    } steps[] = {{0, 20, 20}, {1, 50, 50}, {0, 30, 50}, {1, 0, 30}, {1, 40, 40}};
    struct fixture *f = *state;
    struct source source;
    struct sink sinks[2];

    memset(sinks, 0, sizeof(sinks));
    assert_int_equal(create_stream(f, "cam", 0, &source), 0);
    struct sl_track *track = sl_stream_track(source.stream, SL_AUDIO);
    for (size_t i = 0; i < 2; i++) {
        struct sl_worker *worker = sl_workers_at(f->core.workers, i);
        sinks[i].sink = sl_sink_create(track, worker, &packet_ops, &sinks[i]);
        core_on_worker(&f->core, worker, do_start, sinks[i].sink);
    }
    for (size_t i = 0; i < SL_ARRAY_LEN(steps); i++) {
        struct telling telling = {sinks[steps[i].sink].sink, steps[i].fraction};
        struct expected_losses expected = {&source, steps[i].heard};
        core_on_worker(&f->core, sl_workers_at(f->core.workers, steps[i].sink), do_tell_losses,
                       &telling);
        core_wait(&f->core, knows_losses, &expected);
    }
    struct expected_losses without = {&source, 30}; /* with the worst one gone */
    core_on_worker(&f->core, sl_workers_at(f->core.workers, 1), do_stop, sinks[1].sink);
    core_wait(&f->core, knows_losses, &without);
    end_stream_with(f, &source, sinks, 2);
}

static bool has_ended(void *arg)
{
    return atomic_load(&((struct sink *)arg)->ended) > 0;
}

static void the_end_reaches_running_and_late_sinks_once(void **state)
{
    struct fixture *f = *state;
    struct source source;
    struct sink sinks[4];

    memset(sinks, 0, sizeof(sinks));
    assert_int_equal(create_stream(f, "cam", 0, &source), 0);
    struct sl_track *track = sl_stream_track(source.stream, SL_AUDIO);
    for (size_t i = 0; i < 2; i++) {
        struct sl_worker *worker = sl_workers_at(f->core.workers, i);
        sinks[i].sink = sl_sink_create(track, worker, &packet_ops, &sinks[i]);
        sinks[i + 2].sink = sl_sink_create(track, worker, &packet_ops, &sinks[i + 2]);
        core_on_worker(&f->core, worker, do_start, sinks[i].sink);
    }
    sl_stream_end(source.stream);
    for (size_t i = 0; i < 2; i++)
        core_wait(&f->core, has_ended, &sinks[i]);
    for (size_t i = 2; i < 4; i++) /* connected only after the stream was over */
        core_on_worker(&f->core, sl_workers_at(f->core.workers, i - 2), do_start, sinks[i].sink);
    sl_stream_release(source.stream);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(atomic_load(&sinks[i].ended), 1);
        core_on_worker(&f->core, sl_workers_at(f->core.workers, i % 2), do_stop, sinks[i].sink);
        sl_sink_destroy(sinks[i].sink);
    }
    core_wait(&f->core, core_is_drained, &f->core);
}

static bool has_frames(void *arg)
{
    return atomic_load(&((struct sink *)arg)->frames) >= 10;
}

static void frame_sinks_share_assembled_frames(void **state)
{
    struct fixture *f = *state;
    struct source source;
    struct sink sinks[3]; /* the last of packets */
    struct sl_worker *home = sl_workers_at(f->core.workers, 0);

    memset(sinks, 0, sizeof(sinks));
    assert_int_equal(create_stream(f, "cam", 0, &source), 0);
    struct sl_track *track = sl_stream_track(source.stream, SL_AUDIO);
    for (size_t i = 0; i < 3; i++) {
        sinks[i].sink = sl_sink_create(track, home, i < 2 ? &frame_ops : &packet_ops, &sinks[i]);
        core_on_worker(&f->core, home, do_start, sinks[i].sink);
    }
    struct input input = {track, home, SL_CODEC_OPUS, FRAMES_FROM, 10};
    core_on_worker(&f->core, home, do_input, &input);
    for (size_t i = 0; i < 3; i++) {
        if (i < 2)
            core_wait(&f->core, has_frames, &sinks[i]);
        else
            assert_true(atomic_load(&sinks[i].padded) > 0);
        core_on_worker(&f->core, home, do_stop, sinks[i].sink);
        sl_sink_destroy(sinks[i].sink);
    }
    end_stream(f, &source);
}

/* What the sinks of one worker were given, in order: "Va" is a picture's packets for the first
 * viewer, then the sound for it. */
struct log {
    char text[64];
    _Atomic size_t len;
};

struct viewer {
    struct log *log;
    char letter; /* of the second one: b */
    bool video;
    struct sl_sink *sink;
};

static void on_viewer_packets(void *owner, struct sl_rtp_packet *const *packets, size_t count)
{
    struct viewer *viewer = owner;
    size_t len = atomic_load(&viewer->log->len);

    (void)packets;
    if (count != (viewer->video ? 3U : 1U) || len + 1 == sizeof(viewer->log->text))
        viewer->log->text[0] = '?';
    viewer->log->text[len] = (char)(viewer->letter + (viewer->video ? 'A' - 'a' : 0));
    atomic_store(&viewer->log->len, len + 1);
}

static const struct sl_sink_ops viewer_ops = {.protocol = "test", .on_packets = on_viewer_packets};

static void do_input_both(void *arg)
{
    struct input *both = arg;

    do_input(&both[0]);
    do_input(&both[1]);
}

static bool has_five(void *arg)
{
    return atomic_load(&((struct log *)arg)->len) >= 5;
}

/* Two viewers on each worker, one that only listens, and how they were served. */
static void check_riding(struct fixture *f, bool sound_first)
{
    struct source source;
    struct log logs[2] = {{{0}, 0}, {{0}, 0}};
    struct viewer viewers[2][5];
    struct sl_worker *home = sl_workers_at(f->core.workers, 0);

    assert_int_equal(create_stream(f, "cam", 0, &source), 0);
    struct sl_track *audio = sl_stream_track(source.stream, SL_AUDIO);
    struct sl_track *video = sl_stream_track(source.stream, SL_VIDEO);
    for (size_t w = 0; w < 2; w++) {
        for (size_t i = 0; i < 5; i++) { /* picture and sound of a, of b, sound of c */
            struct viewer *viewer = &viewers[w][i];
            *viewer = (struct viewer){&logs[w], (char)('a' + i / 2), i == 0 || i == 2, NULL};
            viewer->sink = sl_sink_create(viewer->video ? video : audio,
                                          sl_workers_at(f->core.workers, w), &viewer_ops, viewer);
        }
        sl_sink_ride(viewers[w][1].sink, viewers[w][0].sink);
        sl_sink_ride(viewers[w][3].sink, viewers[w][2].sink);
        for (size_t i = 0; i < 5; i++)
            core_on_worker(&f->core, sl_workers_at(f->core.workers, w), do_start,
                           viewers[w][i].sink);
    }
    struct input inputs[2] = {{video, home, SL_CODEC_VP8, 1, 3},
                              {audio, home, SL_CODEC_OPUS, 1, 1}};
    struct input turned[2] = {inputs[1], inputs[0]};
    core_on_worker(&f->core, home, do_input_both, sound_first ? turned : inputs);
    for (size_t w = 0; w < 2; w++) {
        core_wait(&f->core, has_five, &logs[w]);
        assert_string_equal(logs[w].text, "AaBbc");
    }
    for (size_t w = 0; w < 2; w++) {
        for (size_t i = 0; i < 5; i++) {
            core_on_worker(&f->core, sl_workers_at(f->core.workers, w), do_stop,
                           viewers[w][i].sink);
            sl_sink_destroy(viewers[w][i].sink);
        }
    }
    end_stream(f, &source);
}

static void sound_comes_to_each_viewer_right_behind_the_picture(void **state)
{
    check_riding(*state, false);
    check_riding(*state, true);
}

static void do_overflow(void *arg)
{
    struct input *input = arg;

    for (int i = 0; i < 100; i++) {
        do_input(input);
        sl_worker_flush(input->worker);
        input->first += input->count;
    }
}

static void packets_go_back_to_the_pool_and_serve_again(void **state)
{
    struct fixture *f = *state;
    struct source source;
    struct sink sink;
    struct sl_worker *home = sl_workers_at(f->core.workers, 0);

    memset(&sink, 0, sizeof(sink));
    assert_int_equal(create_stream(f, "cam", 0, &source), 0);
    struct sl_track *track = sl_stream_track(source.stream, SL_AUDIO);
    sink.sink = sl_sink_create(track, home, &packet_ops, &sink);
    core_on_worker(&f->core, home, do_start, sink.sink);
    struct input input = {track, home, SL_CODEC_OPUS, 70000, 60};
    core_on_worker(&f->core, home, do_overflow, &input); /* 6000 packets through a pool of 4096 */
    assert_int_equal(atomic_load(&sink.packets), 6000);  /* all came back in time */
    assert_int_equal(sl_metrics_sum(f->core.metrics, SL_COUNTER_PACKETS_DROPPED_POOL), 0);
    core_on_worker(&f->core, home, do_stop, sink.sink);
    sl_sink_destroy(sink.sink);
    end_stream(f, &source);
}

static void do_exhaust(void *arg)
{
    struct sl_worker *worker = arg;
    struct sl_rtp_packet **held = sl_new_array(struct sl_rtp_packet *, POOL);

    for (size_t i = 0; i < POOL; i++) {
        held[i] = sl_rtp_packet_create(worker);
        assert_non_null(held[i]);
    }
    assert_null(sl_rtp_packet_create(worker));
    sl_rtp_packet_unref(held[0]);
    held[0] = sl_rtp_packet_create(worker);
    assert_non_null(held[0]);
    for (size_t i = 0; i < POOL; i++)
        sl_rtp_packet_unref(held[i]);
    free(held);
}

static void the_packet_pool_has_a_bound_and_counts_what_it_refuses(void **state)
{
    struct fixture *f = *state;

    core_on_worker(&f->core, sl_workers_at(f->core.workers, 0), do_exhaust,
                   sl_workers_at(f->core.workers, 0));
    assert_int_equal(sl_metrics_sum(f->core.metrics, SL_COUNTER_PACKETS_DROPPED_POOL), 1);
}

static void many_streams_share_the_memory_for_retransmission(void **state)
{
    struct fixture *f = *state;
    struct source sources[64];
    char name[16];
    size_t count = 0;
    int err = 0;

    for (; count < SL_ARRAY_LEN(sources) && err == 0; count++) {
        (void)snprintf(name, sizeof(name), "cam%zu", count);
        err = create_stream(f, name, 0, &sources[count]);
    }
    assert_int_equal(err, -ENOBUFS); /* a bound there is ... */
    count--;
    assert_in_range(count, 16, 40); /* ... but far beyond the 6 that full rings would leave */
    for (size_t i = 0; i < count; i++)
        sl_stream_release(sources[i].stream);
    core_wait(&f->core, core_is_drained, &f->core);
    assert_int_equal(create_stream(f, "cam", 0, &sources[0]), 0);
    end_stream(f, &sources[0]);
}

static void streams_and_sinks_come_and_go_while_packets_flow(void **state)
{
    struct fixture *f = *state;

    for (int round = 0; round < 60; round++) {
        struct source source;
        struct sink sinks[6];

        memset(sinks, 0, sizeof(sinks));
        assert_int_equal(create_stream(f, "cam", (size_t)round % 2, &source), 0);
        struct sl_worker *home = sl_workers_at(f->core.workers, (size_t)round % 2);
        struct sl_track *track = sl_stream_track(source.stream, SL_AUDIO);
        for (size_t i = 0; i < 6; i++) {
            struct sl_worker *worker = sl_workers_at(f->core.workers, i % 2);
            sinks[i].sink =
                sl_sink_create(track, worker, i < 4 ? &packet_ops : &frame_ops, &sinks[i]);
            if (i != 3)
                core_on_worker(&f->core, worker, do_start, sinks[i].sink);
        }
        struct input input = {track, home, SL_CODEC_OPUS, 70000, 40};
        core_on_worker(&f->core, home, do_input, &input);
        if (round % 3 == 0)
            sl_stream_end(source.stream);
        for (size_t i = 0; i < 6; i++) {
            core_on_worker(&f->core, sl_workers_at(f->core.workers, i % 2), do_stop, sinks[i].sink);
            sl_sink_destroy(sinks[i].sink);
        }
        sl_stream_release(source.stream);
        core_wait(&f->core, core_is_drained, &f->core);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_name_belongs_to_one_stream_until_its_end, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_is_not_a_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(listeners_hear_of_size_and_end_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(packets_reach_sinks_on_every_worker_in_order, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            recent_packets_are_kept_for_retransmission_and_old_ones_are_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keyframe_requests_are_merged_limited_and_not_lost, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_source_hears_of_its_first_sink_and_of_its_last, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_source_is_asked_for_less_for_a_sink_that_is_alone,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_source_hears_of_the_worst_ways_losses, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_end_reaches_running_and_late_sinks_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(frame_sinks_share_assembled_frames, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sound_comes_to_each_viewer_right_behind_the_picture, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(packets_go_back_to_the_pool_and_serve_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_packet_pool_has_a_bound_and_counts_what_it_refuses,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_streams_share_the_memory_for_retransmission, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(streams_and_sinks_come_and_go_while_packets_flow, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
