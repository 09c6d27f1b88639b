/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures that come in several sizes at once: whose a packet is, which size is the stream's, and
 * that nobody sees the seam. */
#include "../core.h"
#include "sizes.h"

#include "base/bytes.h"
#include "flow/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    TICKS = 3000,
    PICTURE_US = 33334,
    TAKEN_MAX = 256,
    SMALL = 0, /* named first: order says nothing */
    LARGE = 1,
    LAYERS = 2,
    STREAM = 2, /* as a place for what comes there */
    ASK_AGAIN_US = 350 * SL_US_PER_MS,
};

struct taken {
    int64_t seq;
    uint32_t timestamp;
    uint16_t picture;
    uint8_t tl0, layer, number; /* the last two as the payload says */
};

/* One sink, and what it got. */
struct place {
    struct sl_stream *stream;
    struct sl_sink *sink;
    size_t count;
    struct taken taken[TAKEN_MAX];
};

struct fixture {
    struct core core;
    struct sl_worker *worker;
    struct sl_flow_in *in;
    struct place places[LAYERS + 1];
    int64_t now_us;
    uint8_t number[LAYERS]; /* of the next picture */
    int plis[LAYERS];
    size_t nacks;
    int64_t local_us; /* of the stream's last packet, on its clock */
};

static const uint32_t ssrcs[LAYERS] = {0x1111, 0x2222};
static const uint32_t rtx_ssrcs[LAYERS] = {0x3333, 0x4444};
static const char *const rids[LAYERS] = {"lo", "hi"};
/* Counters that have nothing in common. */
static const struct {
    uint16_t seq, picture;
    uint32_t timestamp;
    uint8_t tl0, side;
} origin[LAYERS] = {{65530, 32766, UINT32_MAX - 2 * TICKS, 254, 80}, {100, 7, 500000, 90, 160}};

static void run(struct fixture *f, void (*fn)(void *arg), void *arg)
{
    core_on_worker(&f->core, f->worker, fn, arg);
}

/* ---- The way back ---- */

static void write_stream(void *stream, bool rtcp, const uint8_t *data, size_t len)
{
    struct fixture *f = stream;
    struct sl_rtcp_view view;
    uint32_t asked[4];
    size_t offset = 0;

    assert_true(rtcp);
    while (sl_rtcp_next(data, len, &offset, &view) == 1) {
        f->nacks += view.type == SL_RTCP_RTPFB && view.count == SL_RTPFB_NACK;
        if (view.type != SL_RTCP_PSFB || view.count != SL_PSFB_PLI)
            continue;
        assert_int_equal(sl_rtcp_read_keyframe_request(&view, asked, 4), 1);
        for (int i = 0; i < LAYERS; i++)
            f->plis[i] += asked[0] == ssrcs[i];
    }
}

/* ---- The core's side ---- */

static void request_keyframe(void *owner, struct sl_track *track)
{
    (void)track;
    (void)sl_flow_in_request_keyframe(((struct fixture *)owner)->in, SL_VIDEO);
}

static void request_layer_keyframe(void *owner, struct sl_track *track)
{
    sl_flow_in_request_layer_keyframe(((struct fixture *)owner)->in, track);
}

static void on_layer_sinks(void *owner, struct sl_track *track, size_t count)
{
    sl_flow_in_want_layer(((struct fixture *)owner)->in, track, count > 0);
}

static const struct sl_source_ops stream_ops = {.protocol = "test",
                                                .request_keyframe = request_keyframe};
static const struct sl_source_ops layer_ops = {
    .protocol = "test", .request_keyframe = request_layer_keyframe, .on_sinks = on_layer_sinks};

static void on_packets(void *owner, struct sl_rtp_packet *const *packets, size_t count)
{
    struct place *place = owner;
    struct sl_vp8_ids ids;

    for (size_t i = 0; i < count; i++) {
        const struct sl_rtp_packet *packet = packets[i];
        assert_true(place->count < TAKEN_MAX);
        assert_int_equal(sl_vp8_ids_read(packet->payload, packet->payload_len, &ids), 0);
        place->taken[place->count++] = (struct taken){packet->seq,
                                                      packet->timestamp,
                                                      ids.picture,
                                                      ids.tl0,
                                                      packet->payload[packet->payload_len - 2],
                                                      packet->payload[packet->payload_len - 1]};
    }
}

static const struct sl_sink_ops sink_ops = {.protocol = "test", .on_packets = on_packets};

/* ---- The sender ---- */

struct sending {
    struct fixture *f;
    int layer; /* whose picture it is, and whose numbers */
    uint8_t number;
    bool keyframe;
    const char *rid; /* NULL: it says none */
    uint32_t ssrc;
    bool rtx;
    bool b_picture; /* of H264 */
};

static size_t write_payload(const struct sending *s, uint8_t *out)
{
    uint16_t id = (uint16_t)((origin[s->layer].picture + s->number) & 0x7fff);
    uint8_t side = origin[s->layer].side;
    const uint8_t payload[] = {0x90, 0xc0, (uint8_t)(0x80 | id >> 8), (uint8_t)id,
                               (uint8_t)(origin[s->layer].tl0 + s->number),
                               /* the frame's head, RFC 6386 section 9.1 */
                               s->keyframe ? 0x10 : 0x11, 0, 0, 0x9d, 0x01, 0x2a, side, 0, side, 0,
                               (uint8_t)s->layer, s->number};

    if (s->b_picture) {
        static const uint8_t slice[] = {0x01, 0xa0}; /* RFC 6184, ITU-T H.264 section 7.3.3 */
        memcpy(out, slice, sizeof(slice));
        return sizeof(slice);
    }
    memcpy(out, payload, sizeof(payload));
    return sizeof(payload);
}

static void do_send(void *arg)
{
    const struct sending *s = arg;
    uint8_t packet[128] = {0}, *at = packet + SL_RTP_HEADER_LEN;
    uint16_t seq = (uint16_t)(origin[s->layer].seq + s->number);

    sl_rtp_build_header(packet, true,
                        s->rtx         ? SIZES_RTX
                        : s->b_picture ? SIZES_H264
                                       : SIZES_VP8,
                        seq, origin[s->layer].timestamp + s->number * TICKS, s->ssrc);
    if (s->rid)
        at = sizes_write_rid(packet, s->rid, s->rtx);
    if (s->rtx) {
        sl_store_u16(at, seq);
        at += 2;
    }
    at += write_payload(s, at);
    sl_flow_in_rtp(s->f->in, packet, (size_t)(at - packet), s->f->now_us);
    sl_worker_flush(s->f->worker);
}

static void send_as(struct fixture *f, int layer, bool keyframe, const char *rid, uint32_t ssrc)
{
    struct sending sending = {.f = f,
                              .layer = layer,
                              .number = f->number[layer]++,
                              .keyframe = keyframe,
                              .rid = rid,
                              .ssrc = ssrc};

    run(f, do_send, &sending);
}

/* The next picture of a layer, by its name. */
static void send_picture(struct fixture *f, int layer, bool keyframe)
{
    send_as(f, layer, keyframe, rids[layer], ssrcs[layer]);
}

static void do_tick(void *arg)
{
    struct fixture *f = arg;

    sl_flow_in_tick(f->in, f->now_us);
}

/* A picture's time passes, in which both layers have one, or only one of them. */
static void go_on(struct fixture *f, int count, bool small, bool large)
{
    for (int i = 0; i < count; i++) {
        f->now_us += PICTURE_US;
        if (small)
            send_picture(f, SMALL, false);
        else
            f->number[SMALL]++;
        if (large)
            send_picture(f, LARGE, false);
        else
            f->number[LARGE]++;
        run(f, do_tick, f);
    }
}

/* ---- Set-up ---- */

static void do_start_sinks(void *arg)
{
    struct fixture *f = arg;

    for (size_t i = 0; i < LAYERS + 1; i++) {
        if (f->places[i].sink)
            sl_sink_start(f->places[i].sink);
    }
}

/* Who takes the stream takes it from now on, and so who takes a layer. */
static void take(struct fixture *f, bool small, bool large)
{
    const bool takes[] = {small, large, true};

    for (size_t i = 0; i < LAYERS + 1; i++) {
        struct place *place = &f->places[i];
        if (takes[i])
            place->sink = sl_sink_create(sl_stream_track(place->stream, SL_VIDEO), f->worker,
                                         &sink_ops, place);
    }
    run(f, do_start_sinks, f);
}

static int set_up(void **state)
{
    struct fixture *f = sl_new(struct fixture);

    core_start(&f->core,
               (struct sl_workers_config){.count = 1, .packets_max = 4096, .ring_packets = 256});
    f->worker = sl_workers_at(f->core.workers, 0);
    f->now_us = sl_now_us();
    f->in = sizes_create_in(f->worker, rids, LAYERS, f);
    for (int i = LAYERS; i >= 0; i--) { /* the stream first */
        struct sl_stream_config stream = {
            .name = i == STREAM ? "s" : NULL,
            .of = f->places[STREAM].stream,
            .is_layer = i != STREAM,
            .worker = f->worker,
            .ops = i == STREAM ? &stream_ops : &layer_ops,
            .owner = f,
            .tracks = {[SL_VIDEO] = {.present = true,
                                     .codec_count = 1,
                                     .codecs = {{SL_CODEC_VP8, ""}}}},
        };
        assert_int_equal(sl_stream_create(f->core.streams, &stream, &f->places[i].stream), 0);
    }
    sl_flow_in_set_tracks(f->in, NULL, sl_stream_track(f->places[STREAM].stream, SL_VIDEO));
    for (size_t i = 0; i < LAYERS; i++)
        sl_flow_in_set_layer(f->in, i, sl_stream_track(f->places[i].stream, SL_VIDEO));
    *state = f;
    return 0;
}

static void do_stop(void *arg)
{
    struct fixture *f = arg;

    for (size_t i = 0; i < LAYERS + 1; i++) {
        if (f->places[i].sink)
            sl_sink_stop(f->places[i].sink);
    }
}

static void do_destroy(void *arg)
{
    sl_flow_in_destroy(((struct fixture *)arg)->in);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    run(f, do_stop, f);
    for (size_t i = 0; i < LAYERS + 1; i++)
        sl_sink_destroy(f->places[i].sink);
    sl_stream_end(f->places[STREAM].stream);
    run(f, do_destroy, f);
    for (size_t i = 0; i < LAYERS + 1; i++)
        sl_stream_release(f->places[i].stream);
    core_stop(&f->core);
    free(f);
    return 0;
}

/* ---- The tests ---- */

/* Everything in the stream is one picture after the other, whatever it was. */
static void check_seamless(const struct place *place)
{
    for (size_t i = 1; i < place->count; i++) {
        const struct taken *before = &place->taken[i - 1], *now = &place->taken[i];
        assert_int_equal(now->seq, before->seq + 1);
        assert_int_equal(now->picture & 0x7fff, (before->picture + 1) & 0x7fff);
        assert_int_equal(now->tl0, (uint8_t)(before->tl0 + 1));
        int32_t later = (int32_t)(now->timestamp - before->timestamp);
        assert_in_range(later, 1, 60 * TICKS);
    }
}

static size_t count_of(const struct place *place, int layer)
{
    size_t count = 0;

    for (size_t i = 0; i < place->count; i++)
        count += place->taken[i].layer == layer;
    return count;
}

static bool is_reordered(void *arg)
{
    return sl_stream_is_reordered(((struct fixture *)arg)->places[STREAM].stream);
}

static void b_pictures_of_a_layer_are_the_streams(void **state)
{
    struct fixture *f = *state;
    struct sending sending = {.f = f,
                              .layer = SMALL,
                              .number = f->number[SMALL]++,
                              .rid = rids[SMALL],
                              .ssrc = ssrcs[SMALL],
                              .b_picture = true};

    take(f, false, false);
    assert_false(is_reordered(f));
    run(f, do_send, &sending);
    core_wait(&f->core, is_reordered, f);
}

static void packets_are_of_the_layer_that_they_name(void **state)
{
    struct fixture *f = *state;

    take(f, true, true);
    send_picture(f, SMALL, true);
    send_picture(f, LARGE, true);
    send_as(f, SMALL, false, NULL, ssrcs[SMALL]); /* its ssrc is known by now */
    send_as(f, SMALL, false, "hi", ssrcs[SMALL]); /* and its name no more looked at */
    assert_int_equal(f->places[SMALL].count, 3);
    assert_int_equal(f->places[LARGE].count, 1);
    send_as(f, LARGE, true, "no", 0x5555);
    send_as(f, LARGE, true, NULL, 0x5555);
    send_as(f, LARGE, true, "hi-and-more", 0x5555);
    send_as(f, LARGE, true, "hi", 0x5555); /* not while the first one lives */
    assert_int_equal(f->places[LARGE].count, 1);
    assert_int_equal(f->places[SMALL].count, 3);
    f->now_us += 3 * SL_US_PER_S;
    send_as(f, LARGE, true, "hi", 0x5555);
    assert_int_equal(f->places[LARGE].count, 2);
}

static void the_largest_is_the_streams_without_a_seam(void **state)
{
    struct fixture *f = *state;

    take(f, true, false);
    send_picture(f, SMALL, true);
    go_on(f, 5, true, false);
    assert_int_equal(count_of(&f->places[STREAM], SMALL), 6);
    f->now_us += PICTURE_US;
    send_picture(f, SMALL, false);
    send_picture(f, LARGE, true);
    go_on(f, 5, true, true);
    assert_int_equal(count_of(&f->places[STREAM], SMALL), 7);
    assert_int_equal(count_of(&f->places[STREAM], LARGE), 6);
    send_picture(f, SMALL, true); /* a smaller one changes nothing */
    assert_int_equal(count_of(&f->places[STREAM], SMALL), 7);
    check_seamless(&f->places[STREAM]);
    check_seamless(&f->places[SMALL]);
    assert_int_equal(count_of(&f->places[SMALL], SMALL), 13);
    assert_int_equal(f->places[LARGE].count, 0);
}

static void a_layer_that_stops_is_followed_by_one_that_goes_on(void **state)
{
    struct fixture *f = *state;

    take(f, false, false);
    send_picture(f, SMALL, true);
    send_picture(f, LARGE, true);
    go_on(f, 10, true, true);
    assert_int_equal(f->plis[SMALL] + f->plis[LARGE], 0);
    go_on(f, 10, true, false); /* a third of a second: nobody knows yet */
    assert_int_equal(f->plis[SMALL], 0);
    go_on(f, 10, true, false);
    assert_int_equal(f->plis[SMALL], 1);
    assert_int_equal(count_of(&f->places[STREAM], SMALL), 1);
    send_picture(f, SMALL, true);
    go_on(f, 3, true, false);
    assert_int_equal(count_of(&f->places[STREAM], SMALL), 5);
    send_picture(f, LARGE, true);
    go_on(f, 3, true, true);
    assert_int_equal(count_of(&f->places[STREAM], LARGE), 15);
    assert_int_equal(count_of(&f->places[STREAM], SMALL), 5);
    check_seamless(&f->places[STREAM]);
    f->now_us += 5 * SL_US_PER_S; /* a source that stands still takes all along */
    run(f, do_tick, f);
    assert_int_equal(f->plis[SMALL], 1);
}

static void do_read_clock(void *arg)
{
    struct fixture *f = arg;
    const struct place *place = &f->places[STREAM];
    const struct sl_track_clock *clock = sl_sink_clock(place->sink);

    assert_true(clock->valid && place->count > 0);
    int32_t ticks = (int32_t)(place->taken[place->count - 1].timestamp - clock->rtp_timestamp);
    f->local_us = clock->local_us + (int64_t)ticks * SL_US_PER_S / 90000;
}

static void another_ssrc_of_the_largest_has_a_time_of_its_own(void **state)
{
    struct fixture *f = *state;

    take(f, false, false);
    send_picture(f, LARGE, true);
    go_on(f, 5, false, true);
    f->now_us += 3 * SL_US_PER_S; /* its stamps know nothing of that */
    send_as(f, LARGE, true, "hi", 0x5555);
    run(f, do_read_clock, f);
    assert_in_range(f->local_us, f->now_us - SL_US_PER_MS, f->now_us + SL_US_PER_MS);
}

static void what_is_lost_comes_again_by_the_name_of_what_it_repairs(void **state)
{
    struct fixture *f = *state;
    struct sending lost;

    take(f, true, false);
    send_picture(f, SMALL, true);
    send_picture(f, LARGE, true);
    lost = (struct sending){.f = f,
                            .layer = SMALL,
                            .number = f->number[SMALL]++,
                            .rid = "lo",
                            .ssrc = rtx_ssrcs[SMALL],
                            .rtx = true};
    send_picture(f, SMALL, false);
    f->number[LARGE]++;
    send_picture(f, LARGE, false);
    f->now_us += 200 * SL_US_PER_MS;
    run(f, do_tick, f);
    assert_int_equal(f->nacks, 2); /* both are taken */
    run(f, do_send, &lost);
    assert_int_equal(f->places[SMALL].count, 3);
    assert_int_equal(f->places[SMALL].taken[2].number, lost.number);
    lost.number = 99;
    lost.rid = "no";
    lost.ssrc = 0x6666;
    run(f, do_send, &lost);
    assert_int_equal(f->places[SMALL].count, 3);
}

static void a_layer_that_nobody_takes_costs_no_repairs(void **state)
{
    struct fixture *f = *state;

    take(f, false, false);
    send_picture(f, SMALL, true);
    send_picture(f, LARGE, true);
    f->number[SMALL]++;
    send_picture(f, SMALL, false);
    f->now_us += 200 * SL_US_PER_MS;
    run(f, do_tick, f);
    assert_int_equal(f->nacks, 0);
    assert_int_equal(f->places[STREAM].count, 2);
}

static void do_ask(void *arg)
{
    struct fixture *f = arg;

    sl_sink_request_keyframe(f->places[SMALL].sink);
    sl_sink_request_keyframe(f->places[STREAM].sink);
}

static void a_key_frame_that_has_come_is_not_asked_for_again(void **state)
{
    struct fixture *f = *state;

    take(f, true, false);
    send_picture(f, SMALL, true);
    run(f, do_ask, f); /* of the same layer twice: the second waits */
    assert_int_equal(f->plis[SMALL], 1);
    send_picture(f, SMALL, true);
    (void)usleep(ASK_AGAIN_US); /* the time in which it could */
    run(f, do_tick, f);
    assert_int_equal(f->plis[SMALL], 1);
}

static void a_key_frame_is_asked_of_the_layer_that_is_wanted(void **state)
{
    struct fixture *f = *state;

    take(f, true, false);
    send_picture(f, SMALL, true);
    send_picture(f, LARGE, true);
    run(f, do_ask, f);
    assert_int_equal(f->plis[SMALL], 1);
    assert_int_equal(f->plis[LARGE], 1);
}

static void layers_are_told_by_their_bit_rates(void **state)
{
    struct fixture *f = *state;
    struct sl_stream_layer layers[SL_STREAM_LAYERS_MAX];
    uint16_t width, height;

    take(f, false, false);
    assert_int_equal(sl_stream_layers(f->places[STREAM].stream, layers), 0);
    send_picture(f, SMALL, true);
    send_picture(f, LARGE, true);
    for (int i = 0; i < 40; i++) {
        go_on(f, 1, true, true);
        send_picture(f, LARGE, false); /* twice as much */
    }
    assert_int_equal(sl_stream_layers(f->places[STREAM].stream, layers), 2);
    assert_ptr_equal(layers[0].stream, f->places[SMALL].stream);
    assert_in_range(layers[0].bitrate_bps, 17 * 8 * 25, 17 * 8 * 35);
    assert_in_range(layers[1].bitrate_bps, 17 * 8 * 50, 17 * 8 * 70);
    sl_stream_size(layers[1].stream, &width, &height);
    assert_int_equal(width, origin[LARGE].side);
    sl_stream_size(f->places[STREAM].stream, &width, &height);
    assert_int_equal(width, origin[LARGE].side);
    go_on(f, 40, true, false);
    assert_int_equal(sl_stream_layers(f->places[STREAM].stream, layers), 1);
    assert_ptr_equal(layers[0].stream, f->places[SMALL].stream);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(b_pictures_of_a_layer_are_the_streams),
        TEST(packets_are_of_the_layer_that_they_name),
        TEST(the_largest_is_the_streams_without_a_seam),
        TEST(a_layer_that_stops_is_followed_by_one_that_goes_on),
        TEST(another_ssrc_of_the_largest_has_a_time_of_its_own),
        TEST(what_is_lost_comes_again_by_the_name_of_what_it_repairs),
        TEST(a_layer_that_nobody_takes_costs_no_repairs),
        TEST(a_key_frame_is_asked_of_the_layer_that_is_wanted),
        TEST(a_key_frame_that_has_come_is_not_asked_for_again),
        TEST(layers_are_told_by_their_bit_rates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
