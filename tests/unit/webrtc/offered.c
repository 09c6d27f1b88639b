/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two engines on loopback: one has made the offer and is a client of the other, as a pull (it
 * receives) and as a push (it sends). Each has a worker of its own; both are controlled from here.
 */
#include "../job.h"
#include "base/addr.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/random.h"
#include "net/net.h"
#include "webrtc/webrtc.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    DEADLINE_US = 20 * SL_US_PER_S,
    ICE_TIMEOUT_US = SL_US_PER_S,
    VP8 = 96,
    RTX = 97,
    SSRC = 0x0a0b0c0d,
    RTX_SSRC = 0x0a0b0c0e,
    PAYLOAD_LEN = 100,
    PORTS = 2, /* of the client's range */
    RANGES_FROM = 42000,
    RANGES_TO = 48000,
};

struct engine {
    struct sl_metrics *metrics;
    struct sl_workers *workers;
    struct sl_streams *streams;
    struct sl_rtc *rtc;
};

struct fixture {
    struct sl_loop *control;
    struct engine client, server;
    uint16_t client_port_from;
};

/* One peer of the two that talk to each other. */
struct end {
    struct engine *engine;
    struct sl_peer *peer;
    struct sl_stream *stream; /* brought by the peer, or taken from a source of the test's */
    bool receives, closed;
    int connected, started, failed; /* how often it was told */
    enum sl_peer_failure failure;
    char ufrag[9], pwd[27];
};

struct pair {
    struct fixture *f;
    struct end client, server;
    int64_t next_seq;
};

/* ---- Waiting ---- */

static void turn(struct fixture *f)
{
    (void)uv_run(sl_loop_uv(f->control), UV_RUN_NOWAIT);
    (void)poll(NULL, 0, 1);
}

#define wait_until(f, condition)                                                                   \
    for (int64_t deadline_us = sl_now_us() + DEADLINE_US; !(condition);) {                         \
        turn(f);                                                                                   \
        if (sl_now_us() > deadline_us)                                                             \
            fail_msg("line %d: waited in vain for %s", __LINE__, #condition);                      \
    }

static struct sl_worker *worker_of(struct engine *engine)
{
    return sl_workers_at(engine->workers, 0);
}

static void on_worker(struct fixture *f, struct engine *engine, void (*fn)(void *arg), void *arg)
{
    struct job job;

    job_post(&job, sl_worker_loop(worker_of(engine)), fn, arg);
    wait_until(f, job_is_done(&job));
}

/* ---- What stays open ---- */

struct count {
    struct engine *engine;
    size_t handles;
};

static void count_handle(uv_handle_t *handle, void *arg)
{
    (void)handle;
    ((struct count *)arg)->handles++;
}

static void count_handles(void *arg)
{
    struct count *count = arg;

    count->handles = 0;
    uv_walk(sl_loop_uv(sl_worker_loop(worker_of(count->engine))), count_handle, count);
}

static size_t handles_of(struct fixture *f, struct engine *engine)
{
    struct count count = {.engine = engine};

    on_worker(f, engine, count_handles, &count);
    return count.handles;
}

static struct sl_addr loopback(uint16_t port)
{
    struct sl_addr addr;

    assert_int_equal(sl_addr_parse_ip("127.0.0.1", port, &addr), 0);
    return addr;
}

static bool is_busy(uint16_t port)
{
    struct sl_addr addr = loopback(port);
    int fd = sl_udp_open(&addr, NULL);

    if (fd >= 0)
        (void)close(fd);
    return fd == -EADDRINUSE;
}

/* Ports of the client's range that are in use. */
static size_t busy_ports(const struct fixture *f)
{
    size_t count = 0;

    for (uint16_t i = 0; i < PORTS; i++)
        count += is_busy((uint16_t)(f->client_port_from + i));
    return count;
}

/* ---- Peers ---- */

static void on_state(void *owner, enum sl_peer_state state, enum sl_peer_failure failure)
{
    struct end *end = owner;

    assert_false(end->closed);
    switch (state) {
    case SL_PEER_CONNECTING:
    case SL_PEER_CLOSED:
        fail_msg("state %d is never told", (int)state);
        break;
    case SL_PEER_CONNECTED:
        end->connected++;
        break;
    case SL_PEER_STARTED:
        assert_int_equal(end->connected, 1);
        end->started++;
        break;
    case SL_PEER_FAILED:
        end->failed++;
        end->failure = failure;
        break;
    }
}

static void on_closed(void *owner)
{
    struct end *end = owner;

    assert_false(end->closed);
    end->closed = true;
    end->peer = NULL;
}

static const struct sl_peer_ops peer_ops = {on_state, on_closed};

static void negotiate(const struct end *end, const struct end *other, struct sl_negotiation *out)
{
    struct sl_media_transport *transport = &out->transports[0];

    out->media_count = 1;
    out->transport_count = 1;
    out->media[0] = (struct sl_media){
        .accepted = true,
        .direction = end->receives ? SL_SDP_RECVONLY : SL_SDP_SENDONLY,
        .kind = SL_VIDEO,
        .codec_count = 1,
        .remote_ssrc = end->receives ? SSRC : 0,
        .remote_rtx_ssrc = end->receives ? RTX_SSRC : 0,
        .local_ssrc = end->receives ? 0 : SSRC,
        .local_rtx_ssrc = end->receives ? 0 : RTX_SSRC,
    };
    out->media[0].codecs[0] = (struct sl_media_codec){.codec = SL_CODEC_VP8,
                                                      .payload_type = VP8,
                                                      .rtx_payload_type = RTX,
                                                      .nack = true,
                                                      .pli = true};
    (void)snprintf(transport->remote_ufrag, sizeof(transport->remote_ufrag), "%s", other->ufrag);
    (void)snprintf(transport->remote_pwd, sizeof(transport->remote_pwd), "%s", other->pwd);
    (void)snprintf(transport->fingerprint_hash, sizeof(transport->fingerprint_hash), "sha-256");
    (void)snprintf(transport->fingerprint, sizeof(transport->fingerprint), "%s",
                   sl_rtc_fingerprint(other->engine->rtc));
}

static void request_keyframe(void *owner, struct sl_track *track)
{
    (void)owner;
    (void)track;
}

static const struct sl_source_ops test_ops = {.protocol = "test",
                                              .request_keyframe = request_keyframe};

static void create_stream(struct end *end, const char *name, const struct sl_source_ops *ops)
{
    struct sl_stream_config config = {
        .name = name,
        .worker = worker_of(end->engine),
        .ops = ops,
        .owner = end->peer,
        .tracks = {[SL_VIDEO] = {.present = true,
                                 .codec_count = 1,
                                 .codecs = {{SL_CODEC_VP8, ""}}}},
    };

    assert_int_equal(sl_stream_create(end->engine->streams, &config, &end->stream), 0);
}

/* offered NULL: the server's. */
static void make_peer(struct end *end, const struct end *other,
                      const struct sl_peer_offered *offered, const char *name)
{
    struct sl_negotiation *negotiation = sl_new(struct sl_negotiation);
    struct sl_peer_config config = {
        .rtc = end->engine->rtc,
        .worker = worker_of(end->engine),
        .direction = end->receives ? SL_SDP_RECVONLY : SL_SDP_SENDONLY,
        .offered = offered,
        .negotiation = negotiation,
        .cname = "test",
        .ops = &peer_ops,
        .owner = end,
    };

    negotiate(end, other, negotiation);
    negotiation->transports[0].remote_setup = offered ? SL_SDP_PASSIVE : SL_SDP_ACTIVE;
    memcpy(config.local[0].ufrag, end->ufrag, sizeof(end->ufrag));
    memcpy(config.local[0].pwd, end->pwd, sizeof(end->pwd));
    if (!end->receives) {
        create_stream(end, name, &test_ops);
        sl_stream_set_live(end->stream);
        config.tracks[SL_VIDEO] = sl_stream_track(end->stream, SL_VIDEO);
    }
    end->peer = sl_peer_create(&config);
    if (end->receives) {
        create_stream(end, name, &sl_peer_source_ops);
        sl_peer_set_tracks(end->peer, NULL, sl_stream_track(end->stream, SL_VIDEO));
    }
    free(negotiation);
}

static void init_end(struct end *end, struct engine *engine, bool receives)
{
    end->engine = engine;
    end->receives = receives;
    sl_random_token(end->ufrag, sizeof(end->ufrag) - 1);
    sl_random_token(end->pwd, sizeof(end->pwd) - 1);
}

static uint16_t server_port(struct fixture *f)
{
    return sl_rtc_port(f->server.rtc, worker_of(&f->server), 0);
}

/* pull: the client receives. candidates NULL: where the server is. Nothing starts yet. */
static struct pair *make_pair(struct fixture *f, bool pull, const char *name,
                              const struct sl_peer_offered *candidates)
{
    struct pair *pair = sl_new(struct pair);
    struct sl_peer_offered offered = {.candidate_count = {1},
                                      .candidates = {{loopback(server_port(f))}}};

    pair->f = f;
    pair->next_seq = 1000;
    init_end(&pair->client, &f->client, pull);
    init_end(&pair->server, &f->server, !pull);
    make_peer(&pair->server, &pair->client, NULL, name);
    make_peer(&pair->client, &pair->server, candidates ? candidates : &offered, name);
    return pair;
}

static void start_pair(struct pair *pair)
{
    sl_peer_start(pair->server.peer);
    sl_peer_start(pair->client.peer);
}

static void drop_pair(struct pair *pair)
{
    struct end *ends[] = {&pair->client, &pair->server};

    for (size_t i = 0; i < SL_ARRAY_LEN(ends); i++) {
        sl_peer_close(ends[i]->peer);
        sl_peer_close(ends[i]->peer); /* idempotent */
    }
    wait_until(pair->f, pair->client.closed && pair->server.closed);
    for (size_t i = 0; i < SL_ARRAY_LEN(ends); i++)
        sl_stream_release(ends[i]->stream);
    free(pair);
}

/* ---- Media ---- */

struct input {
    struct sl_worker *worker;
    struct sl_track *track;
    int64_t seq;
};

static void do_input(void *arg)
{
    const struct input *input = arg;
    struct sl_rtp_packet *packet = sl_rtp_packet_create(input->worker);

    if (!packet)
        return;
    packet->seq = input->seq;
    packet->arrival_us = sl_now_us();
    packet->timestamp = (uint32_t)(input->seq * 3000);
    packet->codec = SL_CODEC_VP8;
    packet->marker = true;
    packet->keyframe_start = true;
    packet->payload_len = PAYLOAD_LEN;
    memset(packet->payload, 0, PAYLOAD_LEN);
    packet->payload[0] = 0x10; /* RFC 7741: the begin of partition 0; a key frame's header */
    sl_track_input(input->track, packet);
}

/* One packet of the sender's stream. */
static void send_media(struct pair *pair)
{
    struct end *sender = pair->client.receives ? &pair->server : &pair->client;
    struct input input = {.worker = worker_of(sender->engine),
                          .track = sl_stream_track(sender->stream, SL_VIDEO),
                          .seq = pair->next_seq++};

    on_worker(pair->f, sender->engine, do_input, &input);
}

static uint64_t received_by(const struct pair *pair)
{
    const struct end *end = pair->client.receives ? &pair->client : &pair->server;

    return atomic_load(&sl_peer_stats(end->peer)->video_packets);
}

static void wait_connected(struct pair *pair)
{
    wait_until(pair->f, pair->client.connected && pair->server.connected);
}

/* Sends until so many more have come. */
static void assert_flows(struct pair *pair, uint64_t count)
{
    uint64_t wanted = received_by(pair) + count;
    int64_t deadline_us = sl_now_us() + DEADLINE_US;

    while (received_by(pair) < wanted) {
        send_media(pair);
        if (sl_now_us() > deadline_us)
            fail_msg("%llu packets came", (unsigned long long)received_by(pair));
    }
}

/* ---- Set-up ---- */

static void make_engine(struct fixture *f, struct engine *engine)
{
    struct sl_rtc_config rtc = {
        .bind_count = 1,
        .bind = {loopback(0)},
        .port_from = 20000,
        .port_to = 29999,
        .gcm = true,
        .ice_timeout_us = ICE_TIMEOUT_US,
        .dtls_timeout_us = DEADLINE_US,
        .consent_timeout_us = 30 * SL_US_PER_S,
    };
    struct sl_workers_config config = {
        .count = 1, .packets_max = 4096, .ring_packets = 256, .keyframe_interval_us = SL_US_PER_S};

    engine->metrics = config.metrics = sl_metrics_create();
    engine->workers = sl_workers_create(&config, f->control);
    engine->streams = sl_streams_create(engine->workers, f->control);
    if (engine == &f->client) {
        rtc.client_port_from = f->client_port_from;
        rtc.client_port_to = (uint16_t)(f->client_port_from + PORTS - 1);
    }
    assert_int_equal(sl_rtc_create(&rtc, engine->workers, f->control, &engine->rtc, NULL), 0);
    sl_workers_start(engine->workers);
}

static void drop_engine(struct fixture *f, struct engine *engine)
{
    wait_until(f, sl_streams_drained(engine->streams));
    sl_workers_stop(engine->workers);
    sl_rtc_destroy(engine->rtc);
    sl_workers_destroy(engine->workers);
    sl_streams_destroy(engine->streams);
    sl_metrics_destroy(engine->metrics);
}

static int set_up_with(void **state, bool range)
{
    struct fixture *f = sl_new(struct fixture);

    sl_log_set_level(SL_LOG_WARN);
    f->control = sl_loop_create("control");
    /* One that is free now; ports that begin elsewhere in each run. */
    unsigned first = sl_random_u32() % ((RANGES_TO - RANGES_FROM) / PORTS);
    for (unsigned i = 0; range; i++) {
        f->client_port_from = (uint16_t)(RANGES_FROM + (first + i) * PORTS);
        if (busy_ports(f) == 0)
            break;
    }
    make_engine(f, &f->client);
    make_engine(f, &f->server);
    *state = f;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, false);
}

static int set_up_range(void **state)
{
    return set_up_with(state, true);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    drop_engine(f, &f->client);
    drop_engine(f, &f->server);
    sl_loop_destroy(f->control);
    free(f);
    return 0;
}

/* ---- Tests ---- */

static void media_flows_in_both_directions_and_its_start_is_told_once(void **state)
{
    struct fixture *f = *state;

    for (int pull = 0; pull <= 1; pull++) {
        struct pair *pair = make_pair(f, pull, "cam", NULL);
        start_pair(pair);
        wait_connected(pair);
        assert_int_equal(pair->client.started + pair->server.started, 0);
        assert_flows(pair, 50);
        wait_until(f, pair->client.started && pair->server.started);
        assert_flows(pair, 50);
        struct end *ends[] = {&pair->client, &pair->server};
        for (size_t i = 0; i < SL_ARRAY_LEN(ends); i++) {
            assert_int_equal(ends[i]->connected, 1);
            assert_int_equal(ends[i]->started, 1);
            assert_int_equal(ends[i]->failed, 0);
        }
        drop_pair(pair);
    }
}

static void several_to_one_server_have_ports_of_their_own(void **state)
{
    struct fixture *f = *state;
    struct pair *first = make_pair(f, true, "a", NULL), *second = make_pair(f, false, "b", NULL);

    assert_int_equal(busy_ports(f), 0);
    start_pair(first);
    start_pair(second);
    wait_connected(first);
    wait_connected(second);
    assert_int_equal(busy_ports(f), PORTS);
    assert_flows(first, 20);
    assert_flows(second, 20);
    uint64_t before = received_by(first);
    assert_flows(second, 20);
    assert_int_equal(received_by(first), before); /* nothing of the one goes to the other */
    drop_pair(first);
    assert_int_equal(busy_ports(f), PORTS - 1);
    assert_flows(second, 20); /* nor ends with it */
    drop_pair(second);
    assert_int_equal(busy_ports(f), 0);
}

static void a_range_of_ports_is_kept_to_and_can_be_used_up(void **state)
{
    struct fixture *f = *state;
    struct pair *pairs[PORTS], *more, *again;
    char name[8];

    for (size_t i = 0; i < PORTS; i++) {
        (void)snprintf(name, sizeof(name), "cam%zu", i);
        pairs[i] = make_pair(f, true, name, NULL);
        start_pair(pairs[i]);
        wait_connected(pairs[i]);
        assert_int_equal(busy_ports(f), i + 1);
    }
    size_t handles = handles_of(f, &f->client);
    more = make_pair(f, true, "more", NULL);
    start_pair(more);
    wait_until(f, more->client.failed);
    assert_int_equal(more->client.failure, SL_PEER_NO_SOCKET);
    assert_int_equal(handles_of(f, &f->client), handles);
    for (size_t i = 0; i < PORTS; i++)
        assert_flows(pairs[i], 5);
    drop_pair(pairs[0]); /* its port is free again */
    again = make_pair(f, true, "again", NULL);
    start_pair(again);
    wait_connected(again);
    assert_flows(again, 5);
    assert_int_equal(more->client.failed, 1);
    assert_int_equal(more->client.connected, 0);
    drop_pair(again);
    drop_pair(more);
    for (size_t i = 1; i < PORTS; i++)
        drop_pair(pairs[i]);
    assert_int_equal(busy_ports(f), 0);
}

static void candidates_of_a_family_without_a_socket_are_no_way(void **state)
{
    struct fixture *f = *state;
    struct sl_peer_offered offered = {.candidate_count = {2}};
    struct pair *pair;

    assert_int_equal(sl_addr_parse_ip("2001:db8::1", 9, &offered.candidates[0][0]), 0);
    assert_int_equal(sl_addr_parse_ip("::1", server_port(f), &offered.candidates[0][1]), 0);
    pair = make_pair(f, true, "cam", &offered);
    start_pair(pair);
    wait_until(f, pair->client.failed);
    assert_int_equal(pair->client.failure, SL_PEER_NO_SOCKET);
    drop_pair(pair);

    offered.candidate_count[0] = 3; /* with one that there is a socket for */
    offered.candidates[0][2] = loopback(server_port(f));
    pair = make_pair(f, true, "cam", &offered);
    start_pair(pair);
    wait_connected(pair);
    assert_flows(pair, 5);
    drop_pair(pair);
}

static void the_server_is_found_behind_dead_candidates(void **state)
{
    struct fixture *f = *state;
    struct sl_peer_offered offered = {.candidate_count = {SL_PEER_CANDIDATES_MAX}};

    for (size_t i = 0; i < SL_PEER_CANDIDATES_MAX; i++)
        offered.candidates[0][i] = loopback((uint16_t)(1 + i));
    for (size_t at = 0; at < SL_PEER_CANDIDATES_MAX; at += SL_PEER_CANDIDATES_MAX - 1) {
        struct sl_addr kept = offered.candidates[0][at];
        offered.candidates[0][at] = loopback(server_port(f));
        struct pair *pair = make_pair(f, true, "cam", &offered);
        start_pair(pair);
        wait_connected(pair);
        assert_flows(pair, 5);
        drop_pair(pair);
        offered.candidates[0][at] = kept;
    }
}

static void nobody_there_is_told_after_the_ice_timeout(void **state)
{
    struct fixture *f = *state;
    struct sl_peer_offered offered = {.candidate_count = {1}, .candidates = {{loopback(1)}}};
    struct pair *pair = make_pair(f, true, "cam", &offered);

    start_pair(pair);
    wait_until(f, pair->client.failed && pair->server.failed);
    assert_int_equal(pair->client.failure, SL_PEER_ICE_TIMEOUT);
    assert_int_equal(pair->server.failure, SL_PEER_ICE_TIMEOUT);
    assert_int_equal(pair->client.connected + pair->client.started, 0);
    drop_pair(pair);
}

enum phase { CREATED, STARTING, CHECKING, CONNECTING, CONNECTED, FLOWING, FAILED, PHASES };

static void bring_to(struct pair *pair, enum phase phase, int turns)
{
    if (phase >= STARTING)
        start_pair(pair);
    for (int i = 0; phase == CONNECTING && i < turns; i++)
        turn(pair->f);
    if (phase == CHECKING)
        for (int i = 0; i < 10; i++)
            turn(pair->f);
    if (phase == CONNECTED || phase == FLOWING)
        wait_connected(pair);
    if (phase == FLOWING)
        assert_flows(pair, 10);
    if (phase == FAILED)
        wait_until(pair->f, pair->client.failed);
}

static void a_close_in_each_phase_leaves_nothing_open(void **state)
{
    enum { TURNS = 12 };
    struct fixture *f = *state;
    struct sl_peer_offered nowhere = {.candidate_count = {1}, .candidates = {{loopback(1)}}};
    size_t client_handles = handles_of(f, &f->client), server_handles = handles_of(f, &f->server);

    for (enum phase phase = CREATED; phase < PHASES; phase++) {
        bool alone = phase == CHECKING || phase == FAILED;
        for (int i = 0; i < (phase == CONNECTING ? TURNS : 2); i++) {
            struct pair *pair = make_pair(f, i % 2, "cam", alone ? &nowhere : NULL);
            bring_to(pair, phase, i);
            drop_pair(pair);
            assert_int_equal(handles_of(f, &f->client), client_handles);
            assert_int_equal(handles_of(f, &f->server), server_handles);
            assert_int_equal(busy_ports(f), 0);
        }
    }
}

/* The workers stop right after: what libuv still closes is closed as the engine goes. */
static void a_close_just_before_the_end_of_the_engine_is_finished_by_it(void **state)
{
    void *of_this_round = NULL;

    (void)state;
    for (int i = 0; i < 4; i++) {
        (void)set_up(&of_this_round);
        struct fixture *f = of_this_round;
        struct pair *pair = make_pair(f, i % 2, "cam", NULL);
        start_pair(pair);
        if (i >= 2)
            wait_connected(pair);
        drop_pair(pair);
        (void)tear_down(&of_this_round);
    }
}

#define TEST(name)       cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define RANGE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_range, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(media_flows_in_both_directions_and_its_start_is_told_once),
        RANGE_TEST(several_to_one_server_have_ports_of_their_own),
        RANGE_TEST(a_range_of_ports_is_kept_to_and_can_be_used_up),
        TEST(candidates_of_a_family_without_a_socket_are_no_way),
        TEST(the_server_is_found_behind_dead_candidates),
        TEST(nobody_there_is_told_after_the_ice_timeout),
        RANGE_TEST(a_close_in_each_phase_leaves_nothing_open),
        cmocka_unit_test(a_close_just_before_the_end_of_the_engine_is_finished_by_it),
    };

    return cmocka_run_group_tests_name("webrtc offered", tests, NULL, NULL);
}
