/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An output that goes over to another track: what is sent before and after it, on a path that is a
 * stream of octets. */
#include "../core.h"

#include "base/bytes.h"
#include "flow/flow.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
    PAYLOAD_TYPE = 96,
    RTX_PAYLOAD_TYPE = 97,
    SSRC = 0x01020304,
    RTX_SSRC = 0x05060708,
    TICKS = 3000, /* from picture to picture */
    PICTURE_US = 33334,
    SENT_MAX = 64,
    TRACK_A = 0,
    TRACK_B = 1,
};

struct sent {
    uint16_t seq, picture;
    uint32_t timestamp;
    uint8_t tl0, source, number; /* as the payload says */
    uint8_t octets[64];
    size_t len;
};

struct fixture {
    struct core core;
    struct sl_worker *worker;
    struct sl_udp_sender *sender;
    struct sl_stream *source[2];
    struct sl_flow_out *out;
    int64_t now_us;       /* when packets arrive */
    int asked[2];         /* for key frames */
    uint8_t payload_type; /* that is expected */
    bool rtx;             /* repairs have a format of their own ... */
    int repaired;         /* ... in which so many came */
    size_t sent_count;
    struct sent sent[SENT_MAX];
    uint32_t reported_timestamp;
    uint64_t reported_ntp;
};

/* On the worker, and waited for. */
static void run(struct fixture *f, void (*fn)(void *arg), void *arg)
{
    core_on_worker(&f->core, f->worker, fn, arg);
}

/* ---- The other side ---- */

static void note_report(struct fixture *f, const uint8_t *data, size_t len)
{
    struct sl_rtcp_view view;
    struct sl_sender_info info;
    size_t offset = 0;

    while (sl_rtcp_next(data, len, &offset, &view) == 1) {
        if (view.type != SL_RTCP_SR)
            continue;
        assert_int_equal(sl_rtcp_read_sr(&view, &info), 0);
        f->reported_timestamp = info.rtp_timestamp;
        f->reported_ntp = info.ntp;
    }
}

static void write_stream(void *stream, bool rtcp, const uint8_t *data, size_t len)
{
    struct fixture *f = stream;
    struct sl_rtp_view view;
    struct sl_vp8_ids ids;

    if (rtcp) {
        note_report(f, data, len);
        return;
    }
    assert_int_equal(sl_rtp_parse(data, len, &view), 0);
    if (view.ssrc == RTX_SSRC) {
        assert_int_equal(view.payload_type, RTX_PAYLOAD_TYPE);
        f->repaired++;
        return;
    }
    assert_int_equal(view.ssrc, SSRC);
    assert_int_equal(view.payload_type, f->payload_type);
    assert_int_equal(sl_vp8_ids_read(view.payload, view.payload_len, &ids), 0);
    assert_true(f->sent_count < SENT_MAX);
    f->sent[f->sent_count++] = (struct sent){
        .seq = view.seq,
        .timestamp = view.timestamp,
        .picture = ids.picture,
        .tl0 = ids.tl0,
        .source = view.payload[view.payload_len - 2],
        .number = view.payload[view.payload_len - 1],
        .len = len,
    };
    assert_true(len <= sizeof(f->sent->octets));
    memcpy(f->sent[f->sent_count - 1].octets, data, len);
}

static bool find_path(void *owner, size_t transport, struct sl_flow_path *out)
{
    struct fixture *f = owner;

    assert_int_equal(transport, 0);
    *out = (struct sl_flow_path){.sender = f->sender, .write = write_stream, .stream = f};
    return true;
}

static void on_started(void *owner)
{
    (void)owner;
}

static const struct sl_flow_ops flow_ops = {"test", find_path, on_started};

/* ---- Sources ---- */

static void request_keyframe(void *owner, struct sl_track *track)
{
    struct fixture *f = owner;

    f->asked[track == sl_stream_track(f->source[TRACK_B], SL_VIDEO)]++;
}

static const struct sl_source_ops source_ops = {.protocol = "test",
                                                .request_keyframe = request_keyframe};

/* Two sources whose counters have nothing in common; B's clock is half a second ahead of A's. */
static const struct {
    int64_t seq;
    uint32_t timestamp;
    uint16_t picture;
    uint8_t tl0;
} origin[2] = {{70000, UINT32_MAX - 2 * TICKS, 32766, 254}, {65600, 1000000, 11, 77}};

struct picture {
    struct fixture *f;
    int source;
    uint8_t number;
    bool keyframe;
};

static void do_send(void *arg)
{
    const struct picture *picture = arg;
    struct fixture *f = picture->f;
    int source = picture->source;
    uint16_t id = (uint16_t)((origin[source].picture + picture->number) & 0x7fff);
    const uint8_t payload[] = {0x90,
                               0xc0,
                               (uint8_t)(0x80 | id >> 8),
                               (uint8_t)id,
                               (uint8_t)(origin[source].tl0 + picture->number),
                               !picture->keyframe,
                               (uint8_t)source,
                               picture->number};
    struct sl_rtp_packet *packet = sl_rtp_packet_create(f->worker);

    packet->seq = origin[source].seq + picture->number;
    packet->timestamp = origin[source].timestamp + picture->number * TICKS;
    packet->arrival_us = f->now_us;
    packet->codec = SL_CODEC_VP8;
    packet->marker = true;
    packet->keyframe_start = picture->keyframe;
    packet->payload_len = sizeof(payload);
    memcpy(packet->payload, payload, sizeof(payload));
    sl_track_input(sl_stream_track(f->source[source], SL_VIDEO), packet);
    sl_worker_flush(f->worker);
}

/* Picture by picture, from number on. */
static void send_pictures(struct fixture *f, int source, uint8_t number, uint8_t count,
                          bool keyframe)
{
    for (uint8_t i = 0; i < count; i++) {
        struct picture picture = {f, source, (uint8_t)(number + i), keyframe && i == 0};
        run(f, do_send, &picture);
    }
}

/* ---- Set-up ---- */

static void do_start(void *arg)
{
    sl_flow_out_start(((struct fixture *)arg)->out, sl_now_us());
}

static void do_tick(void *arg)
{
    struct fixture *f = arg;

    sl_flow_out_tick(f->out, sl_now_us());
}

static void do_stop(void *arg)
{
    sl_flow_out_stop(((struct fixture *)arg)->out);
}

static void create_out(struct fixture *f)
{
    struct sl_negotiation *negotiation = sl_new(struct sl_negotiation);
    struct sl_flow_out_config config = {.worker = f->worker,
                                        .negotiation = negotiation,
                                        .control = f->core.control,
                                        .cname = "test",
                                        .ops = &flow_ops,
                                        .owner = f};

    negotiation->media_count = 1;
    negotiation->transport_count = 1;
    negotiation->media[0] = (struct sl_media){.accepted = true,
                                              .direction = SL_SDP_SENDONLY,
                                              .kind = SL_VIDEO,
                                              .codec_count = 1,
                                              .ext_id = {[SL_EXT_TRANSPORT_CC] = 3},
                                              .local_ssrc = SSRC,
                                              .local_rtx_ssrc = RTX_SSRC};
    negotiation->media[0].codecs[0] =
        (struct sl_media_codec){.codec = SL_CODEC_VP8,
                                .payload_type = PAYLOAD_TYPE,
                                .rtx_payload_type = f->rtx ? RTX_PAYLOAD_TYPE : -1,
                                .nack = true,
                                .transport_cc = true};
    config.tracks[SL_VIDEO] = sl_stream_track(f->source[TRACK_A], SL_VIDEO);
    f->out = sl_flow_out_create(&config);
    free(negotiation);
}

static int set_up_with(void **state, bool rtx)
{
    struct fixture *f = sl_new(struct fixture);

    f->rtx = rtx;
    f->payload_type = PAYLOAD_TYPE;
    core_start(&f->core,
               (struct sl_workers_config){.count = 1, .packets_max = 4096, .ring_packets = 256});
    f->worker = sl_workers_at(f->core.workers, 0);
    f->sender = sl_udp_sender_create(NULL, NULL);
    f->now_us = sl_now_us();
    for (size_t i = 0; i < 2; i++) {
        struct sl_stream_config stream = {
            .name = i == TRACK_A ? "a" : "b",
            .worker = f->worker,
            .ops = &source_ops,
            .owner = f,
            .tracks = {[SL_VIDEO] = {.present = true,
                                     .codec_count = 1,
                                     .codecs = {{SL_CODEC_VP8, ""}}}},
        };
        assert_int_equal(sl_stream_create(f->core.streams, &stream, &f->source[i]), 0);
    }
    create_out(f);
    run(f, do_start, f);
    *state = f;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, false);
}

static int set_up_rtx(void **state)
{
    return set_up_with(state, true);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    run(f, do_stop, f);
    (void)uv_run(sl_loop_uv(f->core.control), UV_RUN_NOWAIT);
    sl_flow_out_destroy(f->out);
    for (size_t i = 0; i < 2; i++) {
        sl_stream_end(f->source[i]);
        sl_stream_release(f->source[i]);
    }
    core_stop(&f->core);
    sl_udp_sender_destroy(f->sender);
    free(f);
    return 0;
}

static void move_to(struct fixture *f, int source)
{
    struct sl_track *track = sl_stream_track(f->source[source], SL_VIDEO);

    assert_int_equal(sl_flow_out_move(f->out, SL_VIDEO, track), 0);
}

/* Everything sent is one picture after the other, wherever it came from. */
static void check_seamless(const struct fixture *f)
{
    for (size_t i = 1; i < f->sent_count; i++) {
        const struct sent *before = &f->sent[i - 1], *now = &f->sent[i];
        assert_int_equal(now->seq, (uint16_t)(before->seq + 1));
        assert_int_equal(now->picture, (before->picture + 1) & 0x7fff);
        assert_int_equal(now->tl0, (uint8_t)(before->tl0 + 1));
        assert_int_equal(now->timestamp, before->timestamp + TICKS);
    }
}

/* ---- The tests ---- */

static void the_old_track_is_sent_until_the_new_ones_key_frame(void **state)
{
    struct fixture *f = *state;

    send_pictures(f, TRACK_A, 0, 3, true);
    move_to(f, TRACK_B);
    send_pictures(f, TRACK_B, 0, 2, false);
    assert_true(f->asked[TRACK_B] > 0);
    send_pictures(f, TRACK_A, 3, 2, false);
    assert_int_equal(f->sent_count, 5);
    f->now_us += PICTURE_US; /* one picture later */
    send_pictures(f, TRACK_B, 2, 3, true);
    send_pictures(f, TRACK_A, 5, 2, true); /* left */
    run(f, do_tick, f);
    send_pictures(f, TRACK_B, 5, 1, false);
    assert_int_equal(f->sent_count, 9);
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(f->sent[i].source, i < 5 ? TRACK_A : TRACK_B);
        assert_int_equal(f->sent[i].number, i < 5 ? i : i - 3);
    }
    check_seamless(f);
}

static void moves_follow_one_another_there_and_back(void **state)
{
    struct fixture *f = *state;

    send_pictures(f, TRACK_A, 0, 3, true);
    for (uint8_t turn = 0; turn < 6; turn++) {
        int to = turn % 2 ? TRACK_A : TRACK_B;
        move_to(f, to);
        move_to(f, to); /* in place of the first */
        f->now_us += PICTURE_US;
        send_pictures(f, to, (uint8_t)(10 * turn + 10), 3, true);
        if (turn % 3 == 0)
            run(f, do_tick, f);
    }
    assert_int_equal(f->sent_count, 21);
    check_seamless(f);
}

static void a_move_to_what_ends_first_is_none(void **state)
{
    struct fixture *f = *state;

    send_pictures(f, TRACK_A, 0, 2, true);
    move_to(f, TRACK_B);
    send_pictures(f, TRACK_B, 0, 1, false);
    sl_stream_end(f->source[TRACK_B]);
    send_pictures(f, TRACK_A, 2, 2, false);
    run(f, do_tick, f);
    send_pictures(f, TRACK_A, 4, 1, false);
    assert_int_equal(f->sent_count, 5);
    check_seamless(f);
}

static void what_has_ended_is_followed_by_what_comes(void **state)
{
    struct fixture *f = *state;

    send_pictures(f, TRACK_A, 0, 3, true);
    sl_stream_end(f->source[TRACK_A]);
    move_to(f, TRACK_B);
    f->now_us += PICTURE_US;
    send_pictures(f, TRACK_B, 0, 3, true);
    assert_int_equal(f->sent_count, 6);
    assert_int_equal(f->sent[3].source, TRACK_B);
    check_seamless(f);
}

struct clocks {
    struct fixture *f;
    int64_t now_us;
};

static void do_set_clocks(void *arg)
{
    const struct clocks *clocks = arg;

    for (int i = 0; i < 2; i++) {
        struct sl_track_clock clock = {.valid = true,
                                       .ntp = UINT64_C(1000) << 32,
                                       .rtp_timestamp = origin[i].timestamp,
                                       .local_us = clocks->now_us + (i == TRACK_B ? 500000 : 0)};
        sl_track_set_clock(sl_stream_track(clocks->f->source[i], SL_VIDEO), &clock);
    }
}

/* Time stamps follow when things were shown, not when packets came; reports say the same. */
static void on_known_clocks_time_goes_on_as_it_was(void **state)
{
    struct fixture *f = *state;
    struct clocks clocks = {f, f->now_us};

    run(f, do_set_clocks, &clocks);
    send_pictures(f, TRACK_A, 0, 2, true);
    move_to(f, TRACK_B);
    send_pictures(f, TRACK_B, 3, 1, true); /* at 500 ms and three pictures; A was at one picture */
    assert_int_equal(f->sent_count, 3);
    assert_int_equal(f->sent[2].timestamp, f->sent[1].timestamp + 45000 + 2 * TICKS);
}

static void do_ask_again(void *arg)
{
    struct fixture *f = arg;
    uint8_t buf[64];
    struct sl_writer w = sl_writer_of(buf, sizeof(buf));

    sl_rtcp_write_nack(&w, 1, SSRC, &f->sent[1].seq, 1);
    assert_true(w.ok);
    sl_flow_out_rtcp(f->out, buf, sl_writer_len(&w), sl_now_us());
}

/* A key and a number encrypt one text only: where there is no format for repairs, packets have no
 * number of the transport, though one was agreed on. */
static void what_is_repaired_as_it_was_is_the_same_octets(void **state)
{
    struct fixture *f = *state;

    send_pictures(f, TRACK_A, 0, 3, true);
    run(f, do_ask_again, f);
    assert_int_equal(f->sent_count, 4);
    assert_int_equal(f->sent[3].len, f->sent[1].len);
    assert_memory_equal(f->sent[3].octets, f->sent[1].octets, f->sent[1].len);
}

/* Each try that is lost costs the player a round trip more. */
static void who_asks_again_gets_two(void **state)
{
    struct fixture *f = *state;

    send_pictures(f, TRACK_A, 0, 3, true);
    run(f, do_ask_again, f);
    assert_int_equal(f->repaired, 1);
    run(f, do_ask_again, f);
    assert_int_equal(f->repaired, 3);
    assert_int_equal(f->sent_count, 3);
}

static void only_what_flows_can_move(void **state)
{
    struct fixture *f = *state;
    struct sl_track *video = sl_stream_track(f->source[TRACK_B], SL_VIDEO);

    assert_int_equal(sl_flow_out_move(f->out, SL_AUDIO, video), -EINVAL);
}

static void do_agree(void *arg)
{
    struct fixture *f = arg;
    struct sl_negotiation *negotiation = sl_new(struct sl_negotiation);
    struct sl_media *media = &negotiation->media[0];

    negotiation->media_count = 1;
    media->accepted = true;
    media->kind = SL_VIDEO;
    media->codec_count = 1;
    media->codecs[0] = (struct sl_media_codec){
        .codec = f->payload_type == PAYLOAD_TYPE ? SL_CODEC_H264 : SL_CODEC_VP8,
        .payload_type = f->payload_type,
        .rtx_payload_type = -1};
    sl_flow_out_agree(f->out, negotiation);
    free(negotiation);
}

static void what_is_agreed_upon_anew_is_sent_under_its_number(void **state)
{
    struct fixture *f = *state;

    send_pictures(f, TRACK_A, 0, 2, true);
    f->payload_type = PAYLOAD_TYPE + 5;
    run(f, do_agree, f);
    send_pictures(f, TRACK_A, 2, 2, false);
    assert_int_equal(f->sent_count, 4);
    check_seamless(f);
    f->payload_type = PAYLOAD_TYPE; /* another codec alone: this one is not sent any more */
    run(f, do_agree, f);
    send_pictures(f, TRACK_A, 4, 2, false);
    assert_int_equal(f->sent_count, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_old_track_is_sent_until_the_new_ones_key_frame, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(moves_follow_one_another_there_and_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_move_to_what_ends_first_is_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_has_ended_is_followed_by_what_comes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(on_known_clocks_time_goes_on_as_it_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_repaired_as_it_was_is_the_same_octets, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(who_asks_again_gets_two, set_up_rtx, tear_down),
        cmocka_unit_test_setup_teardown(only_what_flows_can_move, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_agreed_upon_anew_is_sent_under_its_number, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
