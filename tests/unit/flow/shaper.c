/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shaping under a limit that the test sets: what leaves, when, under which numbers, and what is
 * asked of the track. The estimator, the track, the timer and the way out are made up here. */
#include "flow/shaper.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "flow/layering.h"
#include "flow/out.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PACKET = 1000, SENT_MAX = 4096, FPS = 25, BASE = 5000, FIRST_SEQ = 70000 };

#define MS ((int64_t)SL_US_PER_MS)

/* ---- What a shaper lives among ---- */

static struct {
    int64_t now_us;
    uint64_t limit_bps, offered_bps;
    int64_t cut_us, queue_us;
    int lost_percent;
    void (*on_timer)(void *owner);
    void *timer_owner;
    int64_t wish_us;
    uint64_t bound_bps;
    int keyframes_asked;
    int refs;
    struct sent {
        int64_t seq, at_us;
        uint64_t index;
        uint32_t timestamp;
        uint16_t picture; /* its number, as the player has it */
        uint8_t tid, sid;
        bool ends;    /* with the last of its layer */
        uint8_t told; /* the highest layer of its picture, by the output */
    } sent[SENT_MAX];
    size_t sent_count;
    int64_t next_seq;
    uint32_t next_timestamp;
    int layers;            /* of the pictures: 0: none, else as many */
    int spatial;           /* the same; then they are of VP9 */
    bool av1;              /* otherwise of this, or of VP8 */
    uint16_t next_picture; /* the number of such a one */
} world;

static struct sl_flow_out flow;
static struct output *output;
static struct sl_flow_shaper *shaper;

int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
    (void)clock;
    out->tv_sec = world.now_us / SL_US_PER_S;
    out->tv_nsec = world.now_us % SL_US_PER_S * 1000;
    return 0;
}

struct sl_estimator *sl_estimator_create(void)
{
    return (struct sl_estimator *)&world;
}

void sl_estimator_destroy(struct sl_estimator *e)
{
    (void)e;
}

uint16_t sl_estimator_sent(struct sl_estimator *e, size_t bytes, int64_t now_us)
{
    (void)e, (void)bytes, (void)now_us;
    return 0;
}

void sl_estimator_offered(struct sl_estimator *e, size_t bytes, int64_t now_us)
{
    (void)e, (void)bytes, (void)now_us;
}

uint64_t sl_estimator_offered_bps(const struct sl_estimator *e)
{
    (void)e;
    return world.offered_bps;
}

void sl_estimator_want(struct sl_estimator *e, uint64_t bitrate_bps)
{
    (void)e, (void)bitrate_bps;
}

void sl_estimator_losses(struct sl_estimator *e, int percent, int64_t now_us)
{
    (void)e, (void)percent, (void)now_us;
}

int sl_estimator_feedback(struct sl_estimator *e, const struct sl_rtcp_view *view, int64_t now_us)
{
    (void)e, (void)view, (void)now_us;
    return 0;
}

uint64_t sl_estimator_limit_bps(const struct sl_estimator *e)
{
    (void)e;
    return world.limit_bps;
}

int64_t sl_estimator_queue_us(const struct sl_estimator *e)
{
    (void)e;
    return world.queue_us;
}

int sl_estimator_lost_percent(const struct sl_estimator *e, int64_t now_us)
{
    (void)e, (void)now_us;
    return world.lost_percent;
}

int64_t sl_estimator_cut_us(const struct sl_estimator *e)
{
    (void)e;
    return world.cut_us;
}

size_t sl_estimator_probe(struct sl_estimator *e, int64_t now_us)
{
    (void)e, (void)now_us;
    return 0;
}

struct sl_loop *sl_worker_loop(struct sl_worker *worker)
{
    (void)worker;
    return NULL;
}

struct sl_timer *sl_timer_create(struct sl_loop *loop, void (*on_timer)(void *owner), void *owner)
{
    (void)loop;
    world.on_timer = on_timer;
    world.timer_owner = owner;
    return (struct sl_timer *)&world;
}

void sl_timer_start(struct sl_timer *timer, uint64_t after_ms, uint64_t repeat_ms)
{
    (void)timer, (void)after_ms, (void)repeat_ms;
}

void sl_timer_destroy(struct sl_timer *timer)
{
    (void)timer;
    world.on_timer = NULL;
}

void sl_sink_wish_keyframes(struct sl_sink *sink, int64_t every_us)
{
    (void)sink;
    world.wish_us = every_us;
}

void sl_sink_bound_bitrate(struct sl_sink *sink, uint64_t bitrate_bps)
{
    (void)sink;
    world.bound_bps = bitrate_bps;
}

void sl_sink_request_keyframe(struct sl_sink *sink)
{
    (void)sink;
    world.keyframes_asked++;
}

struct sl_rtp_packet *sl_rtp_packet_ref(struct sl_rtp_packet *packet)
{
    packet->refs++;
    world.refs++;
    return packet;
}

void sl_rtp_packet_unref(struct sl_rtp_packet *packet)
{
    world.refs--;
    if (--packet->refs == 0)
        free(packet);
}

size_t sl_flow_repeat(struct output *out, const struct sl_flow_path *path, uint64_t index)
{
    (void)out, (void)path, (void)index;
    return 0;
}

void sl_flow_out_send(struct output *out, const struct sl_flow_path *path,
                      struct sl_rtp_packet *const *packets, size_t count)
{
    (void)path;
    for (size_t i = 0; i < count; i++) {
        assert_true(packets[i]->seq >= out->splice.first_seq);
        uint64_t index = out->splice.base + (uint64_t)(packets[i]->seq - out->splice.first_seq);
        assert_true(world.sent_count < SENT_MAX);
        struct sl_vp8_ids ids = {.picture = 0};
        struct sl_layer layer;
        (void)sl_layer_read(packets[i]->codec, packets[i]->payload, packets[i]->payload_len,
                            &layer);
        if (packets[i]->codec == SL_CODEC_VP9)
            ids.picture = (uint16_t)((packets[i]->payload[1] & 0x7f) << 8 | packets[i]->payload[2]);
        else if (packets[i]->codec == SL_CODEC_VP8 && packets[i]->payload[0] & 0x80)
            assert_int_equal(sl_vp8_ids_read(packets[i]->payload, packets[i]->payload_len, &ids),
                             0);
        world.sent[world.sent_count++] =
            (struct sent){packets[i]->seq,
                          world.now_us,
                          index,
                          packets[i]->timestamp,
                          (uint16_t)((ids.picture + out->splice.picture_offset) & 0x7fff),
                          layer.temporal,
                          layer.spatial,
                          layer.ends,
                          out->spatial};
        if (index > out->end.index) {
            out->end.index = index;
            out->end.timestamp = packets[i]->timestamp;
        }
    }
}

static bool find_path(void *owner, size_t transport, struct sl_flow_path *out)
{
    (void)owner, (void)transport, (void)out;
    return true;
}

/* ---- Pictures ---- */

static int setup(void **state)
{
    static const struct sl_flow_ops ops = {.find_path = find_path};
    static struct sl_metrics *metrics;

    (void)state;
    metrics = metrics ? metrics : sl_metrics_create();
    memset(&world, 0, sizeof(world));
    memset(&flow, 0, sizeof(flow));
    world.now_us = 100 * (int64_t)SL_US_PER_S;
    world.next_seq = FIRST_SEQ;
    flow.ops = &ops;
    flow.started = true;
    flow.counters = sl_metrics_register(metrics);
    output = &flow.outputs[SL_VIDEO];
    output->flow = &flow;
    output->kind = SL_VIDEO;
    output->current = &output->first;
    output->started = true;
    output->splice.base = BASE;
    output->splice.first_seq = FIRST_SEQ;
    output->end.index = BASE - 1;
    shaper = output->shaper = sl_flow_shaper_create(output);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sl_flow_shaper_stop(shaper);
    sl_flow_shaper_destroy(shaper);
    assert_int_equal(world.refs, 0);
    return 0;
}

static void pass(int64_t ms)
{
    struct sl_rtcp_view view = {0};

    for (int64_t i = 0; i < ms; i += 5) {
        world.now_us += 5 * MS;
        if (world.on_timer)
            world.on_timer(world.timer_owner);
        if (i % 50 == 0)
            sl_flow_shaper_feedback(shaper, &view, world.now_us);
        if (i % 100 == 0)
            sl_flow_shaper_tick(shaper, world.now_us);
    }
}

/* Chromium's order of three layers, or of two: each leans on what is below. */
static uint8_t layer_of(uint16_t picture)
{
    if (world.layers < 2)
        return 0;
    static const uint8_t three[] = {0, 2, 1, 2}, two[] = {0, 1};

    return world.layers == 3 ? three[picture % 4] : two[picture % 2];
}

/* Where each layer of a picture begins and ends; picture id of 15 bits, no references told. */
static void describe_vp9(struct sl_rtp_packet *packet, uint8_t sid, bool begins, bool ends)
{
    uint8_t tid = layer_of(world.next_picture);
    const uint8_t descriptor[] = {
        (uint8_t)(0xa0 | (packet->keyframe_start ? 0 : 0x40) | begins << 3 | ends << 2),
        (uint8_t)(0x80 | world.next_picture >> 8), (uint8_t)world.next_picture,
        (uint8_t)(tid << 5 | (tid == 0) << 4 | sid << 1), (uint8_t)(world.next_picture / 4)};

    packet->codec = SL_CODEC_VP9;
    memcpy(packet->payload, descriptor, sizeof(descriptor));
}

/* One OBU, which only in the first packet has its header. */
static void describe_av1(struct sl_rtp_packet *packet, bool first)
{
    const uint8_t descriptor[] = {first ? 0x10 : 0x90, 0x34,
                                  (uint8_t)(layer_of(world.next_picture) << 5)};

    packet->codec = SL_CODEC_AV1;
    memcpy(packet->payload, descriptor, sizeof(descriptor));
}

static void describe_layer(struct sl_rtp_packet *packet)
{
    uint8_t tid = layer_of(world.next_picture);
    const uint8_t descriptor[] = {0x90,
                                  0xe0,
                                  (uint8_t)(0x80 | world.next_picture >> 8),
                                  (uint8_t)world.next_picture,
                                  (uint8_t)(world.next_picture / 4),
                                  (uint8_t)(tid << 6 | (world.next_picture % 8 < 4 ? 0x20 : 0))};

    memcpy(packet->payload, descriptor, sizeof(descriptor));
}

/* A picture of so many packets; the shaper takes it, or it is sent at once. */
static void picture(size_t packets, bool keyframe)
{
    struct sl_rtp_packet *batch[256];

    world.next_timestamp += 90000 / FPS;
    for (size_t i = 0; i < packets; i++) {
        struct sl_rtp_packet *packet = calloc(1, sizeof(*packet));
        assert_non_null(packet);
        packet->seq = world.next_seq++;
        packet->timestamp = world.next_timestamp;
        packet->codec = SL_CODEC_VP8;
        packet->payload_len = PACKET;
        packet->keyframe_start = keyframe && i == 0;
        packet->marker = i + 1 == packets;
        packet->arrival_us = world.now_us;
        size_t spatial = (size_t)world.spatial, sid = i * spatial / packets;
        if (spatial)
            describe_vp9(packet, (uint8_t)sid, i == 0 || (i - 1) * spatial / packets != sid,
                         (i + 1) * spatial / packets != sid);
        else if (world.av1)
            describe_av1(packet, i == 0);
        else if (world.layers)
            describe_layer(packet);
        batch[i] = sl_rtp_packet_ref(packet);
    }
    if (!sl_flow_shaper_take(shaper, batch, packets))
        sl_flow_out_send(output, NULL, batch, packets);
    for (size_t i = 0; i < packets; i++)
        sl_rtp_packet_unref(batch[i]);
    world.next_picture++;
}

static void stream(int64_t ms, size_t packets)
{
    for (; ms > 0; ms -= 1000 / FPS) {
        picture(packets, false);
        pass(1000 / FPS);
    }
}

static void set_limit(uint64_t limit_bps, uint64_t offered_bps)
{
    world.limit_bps = limit_bps;
    world.offered_bps = offered_bps;
    world.cut_us = world.now_us;
}

static void check_numbers(void)
{
    for (size_t i = 0; i < world.sent_count; i++)
        assert_int_equal(world.sent[i].index, BASE + i);
}

static void without_a_limit_all_leaves_at_once(void **state)
{
    (void)state;
    stream(2000, 10);
    assert_int_equal(world.sent_count, 500);
    assert_null(world.on_timer);
    assert_int_equal(world.bound_bps, 0);
    check_numbers();
}

static void what_fits_is_paced_and_none_is_left_out(void **state)
{
    (void)state;
    stream(400, 5);
    set_limit(1200000, 1000000);
    pass(50);
    size_t before = world.sent_count;
    picture(60, true); /* 480 kbit: 350 ms at 1.38 Mbit/s */
    pass(40);
    assert_true(world.sent_count - before < 12);
    stream(3000, 5); /* 1 Mbit/s */
    pass(500);
    assert_int_equal(world.sent_count, (size_t)(world.next_seq - FIRST_SEQ));
    assert_int_equal(world.bound_bps, 1140000);
    assert_int_equal(world.wish_us, 0);
    check_numbers();
}

static void what_does_not_fit_is_left_out_up_to_a_key_frame(void **state)
{
    (void)state;
    stream(400, 10);
    set_limit(500000, 2000000);
    world.lost_percent = 60;
    pass(50);
    assert_int_equal(world.wish_us, 4 * SL_US_PER_S);
    assert_true(sl_flow_shaper_awaits_keyframe(shaper));
    size_t before = world.sent_count;
    stream(1000, 10);
    assert_int_equal(world.sent_count, before);
    int64_t begin = world.next_seq;
    world.lost_percent = 0;
    picture(20, true);
    assert_int_equal(world.wish_us, 0);
    pass(40);
    stream(2000, 10);
    pass(2000);
    assert_true(world.sent_count > before + 20);
    assert_int_equal(world.sent[before].seq, begin);
    /* Whole pictures: the last one is not cut, and none is missing before it. */
    assert_int_equal((world.sent_count - before - 20) % 10, 0);
    for (size_t i = before; i < world.sent_count; i++)
        assert_int_equal(world.sent[i].seq, begin + (int64_t)(i - before));
    check_numbers();
    assert_int_equal(world.keyframes_asked, 0); /* it does not fit: that is what the wish is for */
}

static void the_numbers_before_a_gap_stay_known(void **state)
{
    (void)state;
    stream(400, 10);
    set_limit(500000, 2000000);
    world.lost_percent = 60;
    pass(50);
    stream(1000, 10);
    int64_t begin = world.next_seq;
    picture(5, true);
    pass(500);
    assert_int_equal(output->splice.first_seq, begin);
    const struct seam *seam = &output->seams[output->seam];
    assert_int_equal(seam->base, BASE);
    assert_int_equal(seam->first_seq, FIRST_SEQ);
    assert_int_equal(seam->end, output->splice.base);
}

static void a_source_that_has_become_slower_is_asked_for_a_key_frame(void **state)
{
    (void)state;
    stream(400, 10);
    set_limit(500000, 2000000);
    world.lost_percent = 60;
    pass(50);
    world.offered_bps = 450000;
    stream(1200, 2);
    assert_true(world.keyframes_asked >= 1 && world.keyframes_asked <= 2);
}

static void repairs_get_a_fifth_and_no_old_packet(void **state)
{
    (void)state;
    struct sl_rtp_packet packet = {.payload_len = PACKET};
    int repaired = 0;

    packet.arrival_us = world.now_us;
    assert_true(sl_flow_shaper_may_repair(shaper, &packet, world.now_us));
    stream(400, 10);
    set_limit(1000000, 900000);
    pass(50);
    for (int i = 0; i < 1000; i++) {
        world.now_us += 2 * MS;
        packet.arrival_us = world.now_us - 500 * MS;
        repaired += sl_flow_shaper_may_repair(shaper, &packet, world.now_us);
    }
    assert_in_range(repaired * (PACKET + 20) * 8 / 2, 180000, 220000); /* bits a second */
    packet.arrival_us = world.now_us - 1100 * MS;
    packet.seq = world.next_seq - 1;
    world.now_us += 500 * MS;
    assert_false(sl_flow_shaper_may_repair(shaper, &packet, world.now_us));
    /* What leans on it is of no use. */
    assert_true(sl_flow_shaper_awaits_keyframe(shaper));
}

/* A receiver asks for what it gave up long ago, or lies: that ends none of the newer pictures. */
static void an_old_repair_before_a_key_frame_costs_no_picture(void **state)
{
    (void)state;
    struct sl_rtp_packet packet = {.payload_len = PACKET};

    stream(400, 5);
    set_limit(1200000, 1000000);
    pass(50);
    packet.seq = world.next_seq - 1;
    packet.arrival_us = world.now_us;
    picture(8, true);
    stream(1500, 5);
    assert_false(sl_flow_shaper_may_repair(shaper, &packet, world.now_us));
    assert_false(sl_flow_shaper_awaits_keyframe(shaper));
    stream(400, 5);
    pass(500);
    assert_int_equal(world.sent_count, (size_t)(world.next_seq - FIRST_SEQ));
    check_numbers();
}

/* Pictures sent from here on; those of VP8 have numbers in a row. */
static size_t count_pictures(size_t from)
{
    bool in_a_row = world.spatial == 0 && !world.av1;
    size_t count = 0;

    for (size_t i = from; i < world.sent_count; i++) {
        if (i > from && world.sent[i].timestamp == world.sent[i - 1].timestamp)
            continue;
        if (i > from && in_a_row)
            assert_int_equal(world.sent[i].picture, (world.sent[i - 1].picture + 1) & 0x7fff);
        count++;
    }
    return count;
}

/* The link becomes so narrow; returns where four seconds begin in which all has settled. */
static size_t narrow(uint64_t limit_bps, uint64_t offered_bps)
{
    stream(400, 10);
    set_limit(limit_bps, offered_bps);
    pass(50);
    stream(3000, 10);
    size_t before = world.sent_count;
    stream(4000, 10);
    return before;
}

static void upper_layers_are_left_out_first(void **state)
{
    static const struct {
        int layers;
        uint64_t limit_bps; /* of 2 Mbit/s, in equal pictures */
        uint8_t top;
        size_t pictures; /* in four seconds, of a hundred */
    } cases[] = {
        {2, 1300000, 0, 50}, {3, 1300000, 1, 50}, {3, 700000, 0, 25}, {3, 2400000, 2, 100}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup(state), 0);
        world.layers = cases[i].layers;
        world.next_picture = 0x7f80;
        size_t before = narrow(cases[i].limit_bps, 2000000);
        assert_in_range(count_pictures(before), cases[i].pictures - 2, cases[i].pictures + 2);
        for (size_t j = before; j < world.sent_count; j++)
            assert_true(world.sent[j].tid <= cases[i].top);
        assert_false(sl_flow_shaper_awaits_keyframe(shaper));
        assert_int_equal(world.keyframes_asked, 0);
        assert_int_equal(world.wish_us, 0);
        check_numbers();
        assert_true(atomic_load(&flow.stats.layered));
        /* Wide again: they come back one after the other, without a key frame. */
        world.limit_bps = 0;
        pass(100);
        stream(2000, 10);
        before = world.sent_count;
        stream(2000, 10);
        assert_in_range(count_pictures(before), 49, 51);
        assert_null(world.on_timer);
    }
}

/* Repairs of what was sent before layers were left out, and meanwhile, have the numbers of then. */
static void the_numbers_of_pictures_before_a_gap_stay_known(void **state)
{
    uint16_t left = 0;

    (void)state;
    world.layers = 2;
    stream(400, 10);
    set_limit(1300000, 2000000);
    pass(50);
    stream(2000, 10);
    for (size_t i = 0; i < SL_FLOW_SEAMS && left < 20; i++) {
        const struct seam *seam =
            &output->seams[(output->seam + SL_FLOW_SEAMS - i) % SL_FLOW_SEAMS];
        if (seam->end == 0)
            break;
        left++;
        assert_int_equal((uint16_t)(output->splice.picture_offset + left), seam->picture_offset);
    }
    assert_true(left > 10);
    assert_true(output->moved);
}

/* What a player of VP9 gets of equal pictures of 2 Mbit/s. */
static void layers_of_vp9_are_left_out_from_above(void **state)
{
    static const struct {
        int layers, spatial;
        uint64_t limit_bps;
        uint8_t tid, sid; /* the highest that are sent */
        size_t pictures;  /* in four seconds, of a hundred */
    } cases[] = {
        {1, 2, 1300000, 0, 0, 100}, {2, 2, 1300000, 1, 0, 100}, {2, 2, 800000, 0, 0, 50},
        {2, 1, 1300000, 0, 0, 50},  {1, 3, 1600000, 0, 1, 100}, {3, 3, 1600000, 2, 1, 100},
        {1, 3, 2400000, 0, 2, 100}, {2, 1, 2400000, 1, 0, 100},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup(state), 0);
        world.layers = cases[i].layers;
        world.spatial = cases[i].spatial;
        world.next_picture = 0x7f80;
        size_t before = narrow(cases[i].limit_bps, 2000000);
        assert_in_range(count_pictures(before), cases[i].pictures - 2, cases[i].pictures + 2);
        for (size_t j = before; j < world.sent_count; j++) {
            const struct sent *sent = &world.sent[j];
            assert_in_range(sent->tid, 0, cases[i].tid);
            assert_in_range(sent->sid, 0, cases[i].sid);
            /* The last of a picture is told by its layer, or is the source's own last. */
            bool last = j + 1 < world.sent_count && sent[1].timestamp != sent->timestamp;
            assert_true(!last || (sent->ends &&
                                  (sent->told == sent->sid || sent->sid + 1 == cases[i].spatial)));
            /* Numbers tell what leans on what. */
            assert_int_equal(sent->picture,
                             (0x7f80 + sent->timestamp / (90000 / FPS) - 1) & 0x7fff);
        }
        check_numbers();
        /* Wide again: spatial layers come back with the key frame that is asked for. */
        world.limit_bps = 0;
        pass(100);
        stream(2000, 10);
        bool cut = cases[i].sid + 1 < cases[i].spatial;
        assert_int_equal(world.wish_us, cut ? 4 * (int64_t)SL_US_PER_S : 0);
        picture(10, cut);
        pass(1000 / FPS);
        assert_int_equal(world.wish_us, 0);
        before = world.sent_count;
        stream(1000, 10);
        assert_int_equal(world.sent_count, before + 250);
        assert_null(world.on_timer);
        check_numbers();
    }
}

static void a_picture_is_not_left_in_its_middle(void **state)
{
    static const struct sl_layer base = {.temporal = 0}, upper = {.temporal = 1},
                                 spatial = {.spatial = 1};
    struct sl_layering layering;

    (void)state;
    sl_layering_begin(&layering, 0);
    sl_layering_count(&layering, &base, 20000, 400000, 0);
    sl_layering_count(&layering, &upper, 20000, 400000, 100 * MS);
    sl_layering_count(&layering, &spatial, 20000, 400000, 200 * MS);
    sl_layering_picture(&layering, &upper, false);
    sl_layering_count(&layering, &upper, 1000, 400000, 500 * MS); /* too much, it turns out */
    assert_int_equal(layering.top, 0);
    assert_true(sl_layering_takes(&layering, &upper));
    assert_true(sl_layering_takes(&layering, &spatial));
    assert_int_equal(sl_layering_spatial(&layering), SL_LAYERING_ALL_SPATIAL);
    sl_layering_picture(&layering, &upper, false);
    assert_false(sl_layering_takes(&layering, &upper));
    assert_false(sl_layering_takes(&layering, &spatial));
    assert_true(sl_layering_takes(&layering, &base));
    assert_int_equal(sl_layering_spatial(&layering), 0);
}

static void upper_layers_of_av1_come_back_with_a_key_frame(void **state)
{
    (void)state;
    world.layers = 2;
    world.av1 = true;
    size_t before = narrow(1300000, 2000000);
    assert_in_range(count_pictures(before), 48, 52);
    world.limit_bps = 0;
    pass(100);
    stream(1000, 10);
    assert_int_equal(world.wish_us, 4 * (int64_t)SL_US_PER_S);
    picture(10, true);
    pass(1000 / FPS);
    before = world.sent_count;
    stream(1000, 10);
    assert_int_equal(world.sent_count, before + 250);
    assert_int_equal(world.wish_us, 0);
    check_numbers();
}

static void a_limit_that_goes_leaves_nothing_behind(void **state)
{
    (void)state;
    stream(400, 5);
    set_limit(600000, 1000000);
    pass(50);
    stream(600, 5);
    world.limit_bps = 0;
    pass(100);
    stream(400, 5);
    picture(5, true);
    pass(200);
    assert_null(world.on_timer);
    assert_int_equal(world.bound_bps, 0);
    size_t before = world.sent_count;
    picture(9, false);
    assert_int_equal(world.sent_count, before + 9);
    check_numbers();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_a_limit_all_leaves_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(what_fits_is_paced_and_none_is_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_left_out_up_to_a_key_frame, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_numbers_before_a_gap_stay_known, setup, teardown),
        cmocka_unit_test_setup_teardown(a_source_that_has_become_slower_is_asked_for_a_key_frame,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(repairs_get_a_fifth_and_no_old_packet, setup, teardown),
        cmocka_unit_test_setup_teardown(upper_layers_are_left_out_first, setup, teardown),
        cmocka_unit_test_setup_teardown(layers_of_vp9_are_left_out_from_above, setup, teardown),
        cmocka_unit_test(a_picture_is_not_left_in_its_middle),
        cmocka_unit_test_setup_teardown(upper_layers_of_av1_come_back_with_a_key_frame, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_numbers_of_pictures_before_a_gap_stay_known, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_old_repair_before_a_key_frame_costs_no_picture, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_limit_that_goes_leaves_nothing_behind, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
