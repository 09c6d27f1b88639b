/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a telephone gets that wants its packets longer or shorter: numbers and times are those of
 * one source, whatever is lost, left out, put in between, or goes over to another track. */
#include "../core.h"

#include "flow/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { PCMA = 8, OPUS = 111, EVENT = 101, SENT_MAX = 64, PACKET_LEN = 160, PACKET_US = 20000 };

struct sent {
    uint8_t payload_type;
    uint16_t seq;
    uint32_t timestamp;
    size_t len;
    uint8_t first; /* octet of the payload */
};

struct fixture {
    struct core core;
    struct sl_worker *worker;
    struct sl_udp_sender *sender;
    struct sl_stream *source[2];
    struct sl_flow_out *out;
    struct sl_negotiation *negotiation;
    int64_t now_us; /* when packets arrive */
    size_t count;
    struct sent sent[SENT_MAX];
};

static void run(struct fixture *f, void (*fn)(void *arg), void *arg)
{
    core_on_worker(&f->core, f->worker, fn, arg);
}

/* ---- The telephone ---- */

static void write_stream(void *stream, bool rtcp, const uint8_t *data, size_t len)
{
    struct fixture *f = stream;
    struct sl_rtp_view view;

    if (rtcp)
        return;
    assert_int_equal(sl_rtp_parse(data, len, &view), 0);
    assert_true(f->count < SENT_MAX && view.payload_len > 0);
    f->sent[f->count++] = (struct sent){view.payload_type, view.seq, view.timestamp,
                                        view.payload_len, view.payload[0]};
}

static bool find_path(void *owner, size_t transport, struct sl_flow_path *out)
{
    struct fixture *f = owner;

    (void)transport;
    *out = (struct sl_flow_path){.sender = f->sender, .write = write_stream, .stream = f};
    return true;
}

static void on_started(void *owner)
{
    (void)owner;
}

static const struct sl_flow_ops flow_ops = {"test", find_path, on_started};

/* The packet after this one: how much further its number and its time are, and its length. */
static void expect(const struct fixture *f, size_t at, int seq, int ticks, size_t len)
{
    const struct sent *before = &f->sent[at], *now = &f->sent[at + 1];

    assert_true(at + 1 < f->count);
    if ((uint16_t)(now->seq - before->seq) != seq ||
        (int32_t)(now->timestamp - before->timestamp) != ticks || now->len != len)
        fail_msg("packet %zu: number %+d, time %+d, %zu octets", at + 1,
                 (int16_t)(now->seq - before->seq), (int)(now->timestamp - before->timestamp),
                 now->len);
}

/* ---- Its source ---- */

static void request_keyframe(void *owner, struct sl_track *track)
{
    (void)owner, (void)track;
}

static const struct sl_source_ops source_ops = {.protocol = "test",
                                                .request_keyframe = request_keyframe};

struct packet {
    struct fixture *f;
    int source;
    int64_t seq;
    uint32_t timestamp;
    enum sl_codec codec;
    size_t len;
};

static void do_send(void *arg)
{
    const struct packet *p = arg;
    struct sl_rtp_packet *packet = sl_rtp_packet_create(p->f->worker);

    packet->seq = p->seq;
    packet->timestamp = p->timestamp;
    packet->arrival_us = p->f->now_us;
    packet->codec = p->codec;
    packet->marker = false;
    packet->payload_len = (uint16_t)p->len;
    memset(packet->payload, (int)p->seq, p->len);
    sl_track_input(sl_stream_track(p->f->source[p->source], SL_AUDIO), packet);
    sl_worker_flush(p->f->worker);
}

static void give(struct fixture *f, struct packet packet)
{
    packet.f = f;
    run(f, do_send, &packet);
    f->now_us += PACKET_US;
}

/* The nth packet of 20 ms. */
static void speak(struct fixture *f, int n)
{
    give(f, (struct packet){.seq = 100 + n,
                            .timestamp = (uint32_t)(5000 + n * PACKET_LEN),
                            .codec = SL_CODEC_PCMA,
                            .len = PACKET_LEN});
}

static void do_start(void *arg)
{
    sl_flow_out_start(((struct fixture *)arg)->out, sl_now_us());
}

static void do_stop(void *arg)
{
    sl_flow_out_stop(((struct fixture *)arg)->out);
}

static struct fixture *open_telephone(uint16_t ptime_ms)
{
    struct fixture *f = sl_new(struct fixture);

    core_start(&f->core,
               (struct sl_workers_config){.count = 1, .packets_max = 4096, .ring_packets = 256});
    f->worker = sl_workers_at(f->core.workers, 0);
    f->sender = sl_udp_sender_create(NULL, NULL);
    f->now_us = sl_now_us();
    for (size_t i = 0; i < 2; i++) {
        struct sl_stream_config stream = {
            .name = i ? "b" : "a",
            .worker = f->worker,
            .ops = &source_ops,
            .owner = f,
            .tracks = {[SL_AUDIO] = {.present = true,
                                     .codec_count = 2,
                                     .codecs = {{SL_CODEC_PCMA, ""}, {SL_CODEC_OPUS, ""}}}},
        };
        assert_int_equal(sl_stream_create(f->core.streams, &stream, &f->source[i]), 0);
    }
    f->negotiation = sl_new(struct sl_negotiation);
    f->negotiation->media_count = f->negotiation->transport_count = 1;
    f->negotiation->media[0] = (struct sl_media){
        .accepted = true,
        .direction = SL_SDP_SENDRECV,
        .kind = SL_AUDIO,
        .codec_count = 2,
        .codecs = {{.codec = SL_CODEC_PCMA, .payload_type = PCMA, .rtx_payload_type = -1},
                   {.codec = SL_CODEC_OPUS, .payload_type = OPUS, .rtx_payload_type = -1}},
        .local_ssrc = 1,
        .ptime_ms = ptime_ms,
    };
    struct sl_flow_out_config config = {
        .worker = f->worker,
        .negotiation = f->negotiation,
        .control = f->core.control,
        .tracks = {[SL_AUDIO] = sl_stream_track(f->source[0], SL_AUDIO)},
        .cname = "test",
        .ops = &flow_ops,
        .owner = f,
    };
    f->out = sl_flow_out_create(&config);
    run(f, do_start, f);
    return f;
}

static void hang_up(struct fixture *f)
{
    run(f, do_stop, f);
    (void)uv_run(sl_loop_uv(f->core.control), UV_RUN_NOWAIT); /* what is given back */
    sl_flow_out_destroy(f->out);
    for (size_t i = 0; i < 2; i++) {
        sl_stream_end(f->source[i]);
        sl_stream_release(f->source[i]);
    }
    core_stop(&f->core);
    sl_udp_sender_destroy(f->sender);
    free(f->negotiation);
    free(f);
}

/* ---- */

static void packets_are_as_long_as_is_asked_for(void **state)
{
    (void)state;
    static const uint16_t lens_ms[] = {10, 30, 40, 60, 100};

    for (size_t i = 0; i < SL_ARRAY_LEN(lens_ms); i++) {
        struct fixture *f = open_telephone(lens_ms[i]);
        size_t len = (size_t)lens_ms[i] * 8;
        for (int n = 0; n < 30; n++)
            speak(f, n);
        assert_int_equal(f->count, 30 * PACKET_LEN / len);
        assert_int_equal(f->sent[0].len, len);
        for (size_t at = 0; at + 1 < f->count; at++)
            expect(f, at, 1, (int)len, len);
        hang_up(f);
    }
}

static void a_loss_is_seen_as_one(void **state)
{
    (void)state;
    struct fixture *f = open_telephone(30);

    for (int n = 0; n < 9; n++) {
        if (n != 4)
            speak(f, n);
    }
    /* 0 to 3 are two whole ones and 160 octets, which do not wait for what is behind the gap */
    expect(f, 0, 1, 240, 240);
    expect(f, 1, 1, 240, PACKET_LEN);
    expect(f, 2, 2, 2 * PACKET_LEN, 240);
    expect(f, 3, 1, 240, 240);
    assert_int_equal(f->count, 5);
    hang_up(f);
}

static void what_comes_too_late_is_left_out(void **state)
{
    (void)state;
    struct fixture *f = open_telephone(40);

    for (int n = 0; n < 8; n++) {
        if (n != 3)
            speak(f, n);
        if (n == 5)
            speak(f, 3);
    }
    for (size_t at = 0; at + 1 < f->count; at++) /* time goes on */
        assert_true((int32_t)(f->sent[at + 1].timestamp - f->sent[at].timestamp) > 0);
    hang_up(f);
}

/* Packets without octets are what digits and comfort noise leave in a track. */
static void a_pause_is_no_loss(void **state)
{
    (void)state;
    struct fixture *f = open_telephone(30);

    for (int n = 0; n < 3; n++)
        speak(f, n);
    give(f, (struct packet){.seq = 103, .timestamp = 5480, .codec = SL_CODEC_PCMA});
    for (int n = 29; n < 32; n++)
        give(f, (struct packet){.seq = 75 + n,
                                .timestamp = (uint32_t)(5000 + n * PACKET_LEN),
                                .codec = SL_CODEC_PCMA,
                                .len = PACKET_LEN});
    assert_int_equal(f->count, 4);
    expect(f, 0, 1, 240, 240);
    expect(f, 1, 1, 29 * PACKET_LEN - 240, 240);
    expect(f, 2, 1, 240, 240);
    hang_up(f);
}

static void another_codec_goes_as_it_is(void **state)
{
    (void)state;
    struct fixture *f = open_telephone(30);

    speak(f, 0);
    for (int n = 1; n < 4; n++)
        give(f, (struct packet){.seq = 100 + n,
                                .timestamp = (uint32_t)(5000 + n * 960),
                                .codec = SL_CODEC_OPUS,
                                .len = 300});
    assert_int_equal(f->count, 4);
    assert_int_equal(f->sent[0].payload_type, PCMA);
    assert_int_equal(f->sent[0].len, PACKET_LEN);
    for (size_t at = 1; at < 4; at++) {
        assert_int_equal(f->sent[at].payload_type, OPUS);
        assert_int_equal(f->sent[at].first, 100 + at);
        expect(f, at - 1, 1, 960, 300);
    }
    hang_up(f);
}

static void do_interject(void *arg)
{
    struct fixture *f = arg;
    static const uint8_t digit[4] = {5, 10, 0, 160};
    const struct sl_flow_interjection packet = {.payload_type = EVENT,
                                                .timestamp = 5000 + 3 * PACKET_LEN,
                                                .payload = digit,
                                                .len = sizeof(digit)};

    sl_flow_out_pause(f->out, SL_AUDIO, true);
    assert_int_equal(sl_flow_out_interject(f->out, &packet), 0);
    sl_flow_out_pause(f->out, SL_AUDIO, false);
}

static void a_digit_comes_behind_all_that_was_said(void **state)
{
    (void)state;
    struct fixture *f = open_telephone(40);

    for (int n = 0; n < 3; n++)
        speak(f, n);
    assert_int_equal(f->count, 1);
    run(f, do_interject, f);
    for (int n = 3; n < 5; n++)
        speak(f, n);
    assert_int_equal(f->count, 4);
    expect(f, 0, 1, 320, PACKET_LEN);
    expect(f, 1, 1, PACKET_LEN, 4);
    assert_int_equal(f->sent[2].payload_type, EVENT);
    expect(f, 2, 1, 0, 320);
    hang_up(f);
}

/* The new track's first packet arrives 3 ms after the last one of the old. */
static void time_goes_on_in_another_track(void **state)
{
    (void)state;
    for (uint16_t ptime_ms = 10; ptime_ms <= 30; ptime_ms += 20) {
        struct fixture *f = open_telephone(ptime_ms);
        for (int n = 0; n < 3; n++)
            speak(f, n);
        f->now_us -= PACKET_US - 3000;
        assert_int_equal(
            sl_flow_out_move(f->out, SL_AUDIO, sl_stream_track(f->source[1], SL_AUDIO)), 0);
        for (int n = 0; n < 3; n++)
            give(f, (struct packet){.source = 1,
                                    .seq = 50 + n,
                                    .timestamp = (uint32_t)(77000 + n * PACKET_LEN),
                                    .codec = SL_CODEC_PCMA,
                                    .len = PACKET_LEN});
        assert_int_equal(f->count, ptime_ms == 10 ? 12 : 4);
        for (size_t at = 0; at + 1 < f->count; at++) {
            assert_int_equal((uint16_t)(f->sent[at + 1].seq - f->sent[at].seq), 1);
            assert_true((int32_t)(f->sent[at + 1].timestamp - f->sent[at].timestamp) > 0);
        }
        hang_up(f);
    }
}

static void do_agree(void *arg)
{
    struct fixture *f = arg;

    sl_flow_out_agree(f->out, f->negotiation);
}

static void another_length_may_be_agreed_upon(void **state)
{
    (void)state;
    struct fixture *f = open_telephone(30);

    for (int n = 0; n < 2; n++)
        speak(f, n);
    f->negotiation->media[0].ptime_ms = 0;
    run(f, do_agree, f);
    for (int n = 2; n < 4; n++)
        speak(f, n);
    f->negotiation->media[0].ptime_ms = 10;
    run(f, do_agree, f);
    speak(f, 4);
    assert_int_equal(f->count, 6);
    expect(f, 0, 1, 240, 80);
    expect(f, 1, 1, 80, PACKET_LEN);
    expect(f, 2, 1, PACKET_LEN, PACKET_LEN);
    expect(f, 3, 1, PACKET_LEN, 80);
    expect(f, 4, 1, 80, 80);
    hang_up(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_are_as_long_as_is_asked_for),
        cmocka_unit_test(a_loss_is_seen_as_one),
        cmocka_unit_test(what_comes_too_late_is_left_out),
        cmocka_unit_test(a_pause_is_no_loss),
        cmocka_unit_test(another_codec_goes_as_it_is),
        cmocka_unit_test(a_digit_comes_behind_all_that_was_said),
        cmocka_unit_test(time_goes_on_in_another_track),
        cmocka_unit_test(another_length_may_be_agreed_upon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
