/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packets of a publisher that sends pictures in several sizes, as it names them or does not: the
 * stream's numbers never come twice, and no layer's packets come where nobody took them.
 *
 * Input: a byte, whose lowest bits say which layers are taken; then records of four bytes - layer
 * and name, ssrc and kind, step of the number (signed), length - and that many payload bytes.
 */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "flow/flow.h"
#include "net/net.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum {
    LAYERS = SL_MEDIA_LAYERS_MAX,
    STREAM = LAYERS, /* as a place for what comes there */
    PAYLOAD_TYPE = 96,
    RTX_PAYLOAD_TYPE = 97,
    H264_PAYLOAD_TYPE = 98,
    RID_EXT = 10,
    REPAIRED_EXT = 11,
    NUMBERS = 1 << 14, /* more than one input can make */
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
    struct sl_sink *sink; /* NULL: nobody takes it */
    int64_t numbers[NUMBERS];
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

static bool find_path(void *owner, size_t transport, struct sl_flow_path *out)
{
    (void)transport;
    *out = (struct sl_flow_path){.write = write_stream, .stream = owner};
    return true;
}

static void on_started(void *owner)
{
    (void)owner;
}

static const struct sl_flow_ops flow_ops = {"fuzz", find_path, on_started};

/* ---- What goes in ---- */

/* A name of one to four letters, or none: of a layer, of none, too long. */
static size_t write_rid(uint8_t *out, uint8_t name, bool repaired)
{
    static const char *const names[] = {"", "a", "b", "c", "d", "ab", "longer-than-any", "a"};
    const char *rid = names[name & 7];
    size_t len = strlen(rid), words = (1 + len + 3) / 4;

    if (len == 0)
        return 0;
    memset(out, 0, 4 + 4 * words);
    sl_store_u16(out, 0xbede);
    sl_store_u16(out + 2, (uint16_t)words);
    out[4] = (uint8_t)((repaired ? REPAIRED_EXT : RID_EXT) << 4 | (len - 1));
    memcpy(out + 5, rid, len);
    return 4 + 4 * words;
}

static void input_record(struct run *run, const uint8_t record[4], const uint8_t *payload,
                         size_t payload_len)
{
    size_t layer = record[0] % LAYERS;
    bool rtx = record[1] & RTX_BIT;
    uint8_t *packet = malloc(SL_RTP_HEADER_LEN + 64 + payload_len), *at;

    check(packet != NULL);
    run->seq[layer] = (uint16_t)(run->seq[layer] + (int8_t)record[2]);
    run->now_us += PACKET_US;
    sl_rtp_build_header(packet, record[1] & MARKER_BIT,
                        rtx                    ? RTX_PAYLOAD_TYPE
                        : record[1] & H264_BIT ? H264_PAYLOAD_TYPE
                                               : PAYLOAD_TYPE,
                        run->seq[layer], run->seq[layer] * 3000U, 1 + (record[1] & SSRC_BITS));
    at = packet + SL_RTP_HEADER_LEN;
    size_t ext_len = write_rid(at, (uint8_t)(record[0] >> 4), rtx);
    if (ext_len > 0)
        packet[0] |= 0x10;
    at += ext_len;
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
    while (run->end - run->at >= 4) {
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

static struct sl_flow_in *create_in(struct run *run)
{
    static const char *const rids[LAYERS] = {"a", "b", "c"};
    struct sl_negotiation *negotiation = calloc(1, sizeof(*negotiation));
    const struct sl_flow_in_config config = {
        .worker = run->worker, .negotiation = negotiation, .ops = &flow_ops, .owner = run};

    check(negotiation != NULL);
    negotiation->media_count = 1;
    negotiation->transport_count = 1;
    struct sl_media *media = &negotiation->media[0];
    *media =
        (struct sl_media){.accepted = true,
                          .direction = SL_SDP_RECVONLY,
                          .kind = SL_VIDEO,
                          .codec_count = 2,
                          .ext_id = {[SL_EXT_RID] = RID_EXT, [SL_EXT_REPAIRED_RID] = REPAIRED_EXT},
                          .layer_count = LAYERS};
    for (size_t i = 0; i < LAYERS; i++)
        memcpy(media->layers[i].id, rids[i], 2);
    media->codecs[0] = (struct sl_media_codec){.codec = SL_CODEC_VP8,
                                               .payload_type = PAYLOAD_TYPE,
                                               .rtx_payload_type = RTX_PAYLOAD_TYPE,
                                               .nack = true,
                                               .pli = true};
    media->codecs[1] = (struct sl_media_codec){
        .codec = SL_CODEC_H264, .payload_type = H264_PAYLOAD_TYPE, .rtx_payload_type = -1};
    struct sl_flow_in *in = sl_flow_in_create(&config);
    free(negotiation);
    return in;
}

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
    if (!streams)
        start();
    if (len == 0)
        return 0;
    struct run run = {.at = data + 1,
                      .end = data + len,
                      .worker = sl_workers_at(workers, 0),
                      .now_us = sl_now_us()};
    run.in = create_in(&run);
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
