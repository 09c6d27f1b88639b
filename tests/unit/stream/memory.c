/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tracks hold: packets only where somebody may ask for them again, and little for sound. */
#include "frames.h"

#include <malloc.h>

enum { STREAMS = 20, PACKETS = 100, BURST = 4, AUDIO_TRACK_MAX = 20 * 1000 };

static void do_input_burst(void *arg)
{
    struct input *input = arg;

    for (int i = 0; i < BURST; i++) {
        do_input_packet(input);
        input->seq++;
        sl_worker_flush(sl_workers_at(input->f->core.workers, 0));
    }
}

/* Packets of a track, each a batch of its own, but no more than a few on their way. */
static void feed_many(struct fixture *f, struct sl_track *track, enum sl_codec codec)
{
    static const char payload[200];
    struct input input = {
        .f = f, .track = track, .codec = codec, .bytes = payload, .len = sizeof(payload), .seq = 1};

    for (int i = 0; i < PACKETS; i += BURST) {
        on_worker(f, 0, do_input_burst, &input);
        on_worker(f, 1, do_nothing, NULL);
    }
}

struct lookup {
    struct sink *sink;
    int64_t first, newest; /* of those kept; the newest of all */
    size_t count;
};

static void do_lookup(void *arg)
{
    struct lookup *lookup = arg;
    struct sl_rtp_packet *newest = sl_sink_newest_packet(lookup->sink->sink);

    lookup->newest = newest ? newest->seq : 0;
    for (int64_t seq = PACKETS; seq > 0; seq--) {
        if (!sl_sink_find_packet(lookup->sink->sink, seq))
            continue;
        lookup->first = seq;
        lookup->count++;
    }
}

static struct sink *attach_keeping(struct fixture *f, struct sl_track *track, size_t worker)
{
    struct sink *sink = sl_new(struct sink);

    sink->worker = worker;
    sink->sink = sl_sink_create(track, worker_at(f, worker), &quiet_ops, sink);
    sl_sink_keep_packets(sink->sink);
    on_worker(f, worker, do_start, sink->sink);
    return sink;
}

static void packets_are_kept_while_somebody_may_ask_for_them_again(void **state)
{
    static const struct {
        enum sl_codec codec;
        size_t kept;
    } cases[] = {{SL_CODEC_VP8, 64}, {SL_CODEC_OPUS, 8}};

    for (size_t i = 0; i < SL_ARRAY_LEN(cases) * 2; i++) {
        assert_int_equal(set_up(state), 0);
        struct fixture *f = *state;
        enum sl_codec codec = cases[i / 2].codec;
        struct sl_track *track = publish(f, false, codec, SL_CODEC_NONE);
        struct sink *plain = attach(f, track, i % 2, &quiet_ops);
        struct lookup lookup = {.sink = plain};
        feed_many(f, track, codec);
        on_worker(f, i % 2, do_lookup, &lookup);
        assert_int_equal(lookup.count, 0);
        assert_int_equal(lookup.newest, PACKETS);

        struct sink *keeping = attach_keeping(f, track, i % 2);
        feed_many(f, track, codec); /* the same numbers once more */
        lookup = (struct lookup){.sink = plain};
        on_worker(f, i % 2, do_lookup, &lookup);
        assert_int_equal(lookup.count, cases[i / 2].kept);
        assert_int_equal(lookup.first, PACKETS + 1 - (int64_t)cases[i / 2].kept);
        detach(f, keeping);
        lookup = (struct lookup){.sink = plain};
        on_worker(f, i % 2, do_lookup, &lookup);
        assert_int_equal(lookup.count, 0);
        detach(f, plain);
        tear_down(state);
    }
}

static void a_track_of_sound_holds_little(void **state)
{
    struct fixture *f = *state;
    struct sl_stream *streams[STREAMS];
    struct sink *sinks[STREAMS][2];
    struct mallinfo2 before = mallinfo2();

    for (size_t i = 0; i < STREAMS; i++) {
        struct sl_stream_config config = {
            .worker = worker_at(f, 0),
            .ops = &source_ops,
            .owner = f,
            .tracks = {{.present = true, .codec_count = 1, .codecs = {{SL_CODEC_OPUS, ""}}}},
        };
        assert_int_equal(sl_stream_create(f->core.streams, &config, &streams[i]), 0);
        struct sl_track *track = sl_stream_track(streams[i], SL_AUDIO);
        for (size_t worker = 0; worker < 2; worker++)
            sinks[i][worker] = attach(f, track, worker, &quiet_ops);
        feed_many(f, track, SL_CODEC_OPUS);
    }
    struct mallinfo2 after = mallinfo2();
    if (before.uordblks > 0) { /* sanitizers have a heap of their own */
        size_t each = (after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) / STREAMS -
                      2 * sizeof(struct sink);
        print_message("a track of sound with players on two workers holds %zu bytes\n", each);
        assert_in_range(each, 1, AUDIO_TRACK_MAX);
    }
    for (size_t i = 0; i < STREAMS; i++) {
        for (size_t worker = 0; worker < 2; worker++)
            detach(f, sinks[i][worker]);
        sl_stream_release(streams[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_are_kept_while_somebody_may_ask_for_them_again),
        cmocka_unit_test_setup_teardown(a_track_of_sound_holds_little, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("stream memory", tests, NULL, NULL);
}
