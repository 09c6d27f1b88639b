/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packets of a publisher that sends pictures in several sizes, as it names them or does not: no
 * number comes twice, neither in the stream nor in a size that is taken.
 *
 * Input: a byte, whose lowest bits say which layers are taken; then records of four bytes - layer
 * and name, ssrc and kind, step of the number (signed), length - and that many payload bytes.
 */
#include "../../unit/flow/sizes.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "net/net.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum {
    LAYERS = SL_MEDIA_LAYERS_MAX,
    STREAM = LAYERS, /* as a place for what comes there */
    NUMBERS = 2048,  /* the rest of an input is left */
    PACKET_US = 5000,
    /* Of a record's second byte. */
    SSRC_BITS = 7,
    RTX_BIT = 8,
    MARKER_BIT = 16,
    H264_BIT = 32,
    TICK_BIT = 64,
};

struct place {
    struct sl_stream *stream;
    struct sl_sink *sink;     /* NULL: nobody takes it */
    int64_t numbers[NUMBERS]; /* that came, count of them */
    size_t count;
};

static struct sl_loop *control;
static struct sl_workers *workers;
static struct sl_streams *streams;
static uv_timer_t poll;

struct run {
    const uint8_t *at, *end;
    struct sl_worker *worker;
    struct sl_flow_in *in;
    uint16_t seq[LAYERS];
    int64_t now_us;
    _Atomic bool done;
    struct sl_msg msg;
};

static struct place places[LAYERS + 1];

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* ---- Threads ---- */

static void on_poll(uv_timer_t *timer)
{
    (void)timer;
}

static void start(void)
{
    struct sl_workers_config config = {
        .count = 1, .packets_max = 8192, .ring_packets = 256, .metrics = sl_metrics_create()};

    control = sl_loop_create("control");
    workers = sl_workers_create(&config, control);
    streams = sl_streams_create(workers, control);
    check(uv_timer_init(sl_loop_uv(control), &poll) == 0);
    check(uv_timer_start(&poll, on_poll, 1, 1) == 0);
    check(sl_workers_start(workers) == 0);
}

static void on_worker(struct run *run, void (*fn)(struct sl_msg *msg))
{
    atomic_store(&run->done, false);
    run->msg.run = fn;
    sl_loop_post(sl_worker_loop(run->worker), &run->msg);
    while (!atomic_load(&run->done))
        (void)uv_run(sl_loop_uv(control), UV_RUN_ONCE);
}

/* ---- What comes out ---- */

static void on_packets(void *owner, struct sl_rtp_packet *const *packets, size_t count)
{
    struct place *place = owner;

    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < place->count; k++)
            check(place->numbers[k] != packets[i]->seq);
        check(place->count < NUMBERS);
        place->numbers[place->count++] = packets[i]->seq;
    }
}

static const struct sl_sink_ops sink_ops = {.protocol = "fuzz", .on_packets = on_packets};
static const struct sl_source_ops source_ops = {.protocol = "fuzz"};

static void write_stream(void *stream, bool rtcp, const uint8_t *data, size_t len)
{
    (void)stream;
    (void)data;
    check(rtcp && len > 0);
}

/* ---- What goes in ---- */

/* None, a size's, nobody's, and one that is too long for any. */
static const char *const names[] = {NULL, "a", "b", "c", "d", "ab", "longer-than-any", "a"};

static void input_record(struct run *run, const uint8_t record[4], const uint8_t *payload,
                         size_t payload_len)
{
    size_t layer = record[0] % LAYERS;
    bool rtx = record[1] & RTX_BIT;
    const char *name = names[record[0] >> 4 & 7];
    uint8_t *packet = malloc(SL_RTP_HEADER_LEN + 64 + payload_len), *at;

    check(packet != NULL);
    run->seq[layer] = (uint16_t)(run->seq[layer] + (int8_t)record[2]);
    run->now_us += PACKET_US;
    sl_rtp_build_header(packet, record[1] & MARKER_BIT,
                        rtx                    ? SIZES_RTX
                        : record[1] & H264_BIT ? SIZES_H264
                                               : SIZES_VP8,
                        run->seq[layer], run->seq[layer] * 3000U, 1 + (record[1] & SSRC_BITS));
    at = packet + SL_RTP_HEADER_LEN;
    if (name)
        at = sizes_write_rid(packet, name, rtx);
    memcpy(at, payload, payload_len);
    sl_flow_in_rtp(run->in, packet, (size_t)(at - packet) + payload_len, run->now_us);
    sl_worker_flush(run->worker);
    if (record[1] & TICK_BIT)
        sl_flow_in_tick(run->in, run->now_us);
    free(packet);
}

static void do_input(struct sl_msg *msg)
{
    struct run *run = sl_container_of(msg, struct run, msg);

    for (size_t i = 0; i < LAYERS + 1; i++) {
        if (places[i].sink)
            sl_sink_start(places[i].sink);
    }
    for (int i = 0; i < NUMBERS && run->end - run->at >= 4; i++) {
        const uint8_t *record = run->at;
        size_t room = (size_t)(run->end - record - 4);
        size_t payload_len = record[3] < room ? record[3] : room;
        input_record(run, record, record + 4, payload_len);
        run->at = record + 4 + payload_len;
    }
    for (size_t i = 0; i < LAYERS + 1; i++) {
        if (places[i].sink)
            sl_sink_stop(places[i].sink);
    }
    atomic_store(&run->done, true);
}

static void do_destroy(struct sl_msg *msg)
{
    struct run *run = sl_container_of(msg, struct run, msg);

    sl_flow_in_destroy(run->in);
    atomic_store(&run->done, true);
}

/* ---- Set-up ---- */

static void create_places(const struct run *run, uint8_t taken)
{
    for (size_t i = LAYERS + 1; i-- > 0;) { /* the stream first */
        struct place *place = &places[i];
        const struct sl_stream_config config = {
            .name = i == STREAM ? "s" : NULL,
            .of = i == STREAM ? NULL : places[STREAM].stream,
            .is_layer = i != STREAM,
            .worker = run->worker,
            .ops = &source_ops,
            .owner = place,
            .tracks = {[SL_VIDEO] = {.present = true,
                                     .codec_count = 1,
                                     .codecs = {{SL_CODEC_VP8, ""}}}},
        };
        place->count = 0;
        check(sl_stream_create(streams, &config, &place->stream) == 0);
        if (i == STREAM || taken & 1U << i)
            place->sink = sl_sink_create(sl_stream_track(place->stream, SL_VIDEO), run->worker,
                                         &sink_ops, place);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const rids[LAYERS] = {"a", "b", "c"};

    if (!streams)
        start();
    if (len == 0)
        return 0;
    struct run run = {.at = data + 1,
                      .end = data + len,
                      .worker = sl_workers_at(workers, 0),
                      .now_us = sl_now_us()};
    run.in = sizes_create_in(run.worker, rids, LAYERS, &run);
    create_places(&run, data[0]);
    sl_flow_in_set_tracks(run.in, NULL, sl_stream_track(places[STREAM].stream, SL_VIDEO));
    for (size_t i = 0; i < LAYERS; i++)
        sl_flow_in_set_layer(run.in, i, sl_stream_track(places[i].stream, SL_VIDEO));
    on_worker(&run, do_input);
    for (size_t i = 0; i < LAYERS + 1; i++) {
        if (places[i].sink)
            sl_sink_destroy(places[i].sink);
        places[i].sink = NULL;
    }
    sl_stream_end(places[STREAM].stream);
    on_worker(&run, do_destroy);
    for (size_t i = 0; i < LAYERS + 1; i++)
        sl_stream_release(places[i].stream);
    while (!sl_streams_drained(streams))
        (void)uv_run(sl_loop_uv(control), UV_RUN_ONCE);
    return 0;
}
