/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Publishing and playing through the real engine on loopback: numbers, retransmission, key frame
 * requests. The clients live on the test's thread, the engine on its worker. */
#include "../core.h"

#include "base/bytes.h"
#include "base/random.h"
#include "base/table.h"
#include "webrtc/transport.h"
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
    DEADLINE_US = 10 * SL_US_PER_S,
    KEYFRAME_INTERVAL_US = 500 * SL_US_PER_MS,
    VP8 = 96,
    RTX = 97,
    SOURCE_SSRC = 0x0a0b0c0d,
    PLAYER_SSRC = 0x01020304,
    PLAYER_RTX_SSRC = 0x01020305,
    PAYLOAD_LEN = 100,
    PAYLOAD_MAX = 1200,
    RECEIVED_MAX = 4096,
    PLAYERS_MAX = 5,
};

struct fixture;

/* One media packet that came to a player. */
struct received {
    uint8_t payload_type;
    uint16_t seq, original; /* original: of a retransmission */
    uint32_t ssrc, number;  /* number: what the source wrote into the payload */
    size_t payload_len, padding;
};

/* The same, as it was on the wire. */
struct wire {
    uint16_t seq;
    size_t len;
    uint64_t hash;
};

struct client {
    struct fixture *f;
    int fd;
    char ufrag[9], pwd[27], server_ufrag[9], server_pwd[27];
    struct sl_transport *transport;
    struct sl_peer *peer;
    bool connected, closed; /* the peer's */
    size_t received_count, plis, refused;
    struct received received[RECEIVED_MAX];
    size_t wire_count; /* packets that came again are refused, but counted here */
    struct wire wire[RECEIVED_MAX];
    struct sl_sender_info report; /* the last one */
};

struct fixture {
    struct core core;
    struct sl_counters *counters;
    struct sl_rtc *rtc;
    struct sl_stream *stream;
    struct sl_stream *call; /* of the client that sends and receives; NULL: there is none */
    struct sl_srtp_engine *engine;
    struct sl_dtls_identity *identity;
    struct sl_udp_receiver *receiver;
    bool without_rtx; /* players to come */
    struct client source, players[PLAYERS_MAX];
    size_t player_count;
};

/* ---- A client's wire ---- */

static void on_send(void *owner, const struct sl_path *path, const uint8_t *data, size_t len)
{
    struct client *client = owner;

    (void)sendto(client->fd, data, len, 0, (const struct sockaddr *)&path->dest.sa,
                 path->dest.sa_len); /* a lost check or flight is repeated */
}

static void on_transport_state(void *owner, enum sl_transport_state state)
{
    (void)owner;
    assert_true(state <= SL_TRANSPORT_CONNECTED);
}

static void on_path(void *owner, const struct sl_path *path, bool gone)
{
    (void)owner, (void)path, (void)gone;
}

static const struct sl_transport_ops transport_ops = {
    .on_send = on_send,
    .on_state = on_transport_state,
    .on_path = on_path,
};

static void on_rtp(struct client *client, const uint8_t *data, size_t len)
{
    struct sl_rtp_view view;

    assert_int_equal(sl_rtp_parse(data, len, &view), 0);
    assert_true(client->received_count < RECEIVED_MAX);
    assert_true(view.payload_len >= PAYLOAD_LEN);
    client->received[client->received_count++] = (struct received){
        .payload_type = view.payload_type,
        .seq = view.seq,
        .ssrc = view.ssrc,
        .original = sl_load_u16(view.payload),
        .number = sl_load_u32(view.payload + view.payload_len - 4),
        .payload_len = view.payload_len,
        .padding = len - view.header_len - view.payload_len,
    };
}

static void note_wire(struct client *client, const uint8_t *data, size_t len)
{
    if (sl_rtcp_is(data))
        return;
    assert_true(client->wire_count < RECEIVED_MAX);
    client->wire[client->wire_count++] =
        (struct wire){.seq = sl_load_u16(data + 2), .len = len, .hash = sl_hash(data, len)};
}

static void on_rtcp(struct client *client, const uint8_t *data, size_t len)
{
    struct sl_rtcp_view view;
    size_t offset = 0;

    while (sl_rtcp_next(data, len, &offset, &view) == 1) {
        client->plis += view.type == SL_RTCP_PSFB && view.count == SL_PSFB_PLI;
        if (view.type == SL_RTCP_SR)
            assert_int_equal(sl_rtcp_read_sr(&view, &client->report), 0);
    }
}

static void on_datagram(struct client *client, const struct sl_udp_datagram *datagram)
{
    struct sl_path path = {.remote = datagram->from, .dest.fd = client->fd};
    size_t len = datagram->len;
    bool rtcp;

    path.dest.sa_len = sl_addr_to_sockaddr(&datagram->from, &path.dest.sa);
    if (sl_dtls_is(datagram->data, len)) {
        sl_transport_dtls(client->transport, &path, datagram->data, len, sl_now_us());
    } else if (datagram->data[0] < 4) {
        (void)sl_transport_stun(client->transport, &path, datagram->data, len, sl_now_us());
    } else {
        note_wire(client, datagram->data, len);
        if (sl_transport_unprotect(client->transport, datagram->data, &len, &rtcp) < 0)
            client->refused++;
        else if (rtcp)
            on_rtcp(client, datagram->data, len);
        else
            on_rtp(client, datagram->data, len);
    }
}

static void serve(struct client *client)
{
    const struct sl_udp_datagram *datagrams;
    size_t count;

    if (!client->transport)
        return;
    while ((count = sl_udp_receive(client->f->receiver, client->fd, &datagrams)) > 0) {
        for (size_t i = 0; i < count; i++)
            on_datagram(client, &datagrams[i]);
    }
    sl_transport_tick(client->transport, sl_now_us());
}

/* A turn of the control loop and of all clients. */
static void turn(struct fixture *f)
{
    (void)uv_run(sl_loop_uv(f->core.control), UV_RUN_NOWAIT);
    serve(&f->source);
    for (size_t i = 0; i < f->player_count; i++)
        serve(&f->players[i]);
    (void)poll(NULL, 0, 1);
}

static void run_for(struct fixture *f, int64_t us)
{
    int64_t end_us = sl_now_us() + us;

    while (sl_now_us() < end_us)
        turn(f);
}

#define wait_until(f, condition)                                                                   \
    for (int64_t deadline_us = sl_now_us() + DEADLINE_US; !(condition);) {                         \
        turn(f);                                                                                   \
        if (sl_now_us() > deadline_us)                                                             \
            fail_msg("line %d: waited in vain for %s", __LINE__, #condition);                      \
    }

/* ---- Peers ---- */

static void on_peer_state(void *owner, enum sl_peer_state state, enum sl_peer_failure failure)
{
    struct client *client = owner;

    assert_int_equal(failure, SL_PEER_OK);
    client->connected |= state == SL_PEER_CONNECTED;
}

static void on_peer_closed(void *owner)
{
    struct client *client = owner;

    client->closed = true;
}

static const struct sl_peer_ops peer_ops = {on_peer_state, on_peer_closed};

static void negotiate(const struct client *client, enum sl_sdp_direction direction,
                      struct sl_negotiation *out)
{
    struct sl_media *media = &out->media[0];
    struct sl_media_transport *transport = &out->transports[0];

    out->media_count = 1;
    out->transport_count = 1;
    *media = (struct sl_media){
        .accepted = true,
        .direction = direction,
        .kind = SL_VIDEO,
        .codec_count = 1,
        .remote_ssrc = sl_sdp_receives(direction) ? SOURCE_SSRC : 0,
        .local_ssrc = sl_sdp_sends(direction) ? PLAYER_SSRC : 0,
        .local_rtx_ssrc = sl_sdp_sends(direction) && !client->f->without_rtx ? PLAYER_RTX_SSRC : 0,
    };
    media->codecs[0] =
        (struct sl_media_codec){.codec = SL_CODEC_VP8,
                                .payload_type = VP8,
                                .rtx_payload_type = client->f->without_rtx ? -1 : RTX,
                                .nack = true,
                                .pli = true};
    (void)snprintf(transport->remote_ufrag, sizeof(transport->remote_ufrag), "%s", client->ufrag);
    (void)snprintf(transport->fingerprint_hash, sizeof(transport->fingerprint_hash), "sha-256");
    (void)snprintf(transport->fingerprint, sizeof(transport->fingerprint), "%s",
                   sl_dtls_identity_fingerprint(client->f->identity));
    transport->remote_setup = SL_SDP_ACTIVE;
}

/* plays: what it takes; NULL: nothing. */
static void make_peer(struct client *client, enum sl_sdp_direction direction,
                      struct sl_stream *plays)
{
    struct sl_negotiation *negotiation = sl_new(struct sl_negotiation);
    struct sl_peer_config config = {
        .rtc = client->f->rtc,
        .worker = sl_workers_at(client->f->core.workers, 0),
        .direction = direction,
        .negotiation = negotiation,
        .cname = "test",
        .ops = &peer_ops,
        .owner = client,
    };

    negotiate(client, direction, negotiation);
    memcpy(config.local[0].ufrag, client->server_ufrag, sizeof(client->server_ufrag));
    memcpy(config.local[0].pwd, client->server_pwd, sizeof(client->server_pwd));
    if (plays)
        config.tracks[SL_VIDEO] = sl_stream_track(plays, SL_VIDEO);
    client->peer = sl_peer_create(&config);
    free(negotiation);
}

static void init_client(struct client *client, struct fixture *f)
{
    struct sl_addr any;

    client->f = f;
    sl_random_token(client->ufrag, sizeof(client->ufrag) - 1);
    sl_random_token(client->pwd, sizeof(client->pwd) - 1);
    sl_random_token(client->server_ufrag, sizeof(client->server_ufrag) - 1);
    sl_random_token(client->server_pwd, sizeof(client->server_pwd) - 1);
    assert_int_equal(sl_addr_parse_ip("127.0.0.1", 0, &any), 0);
    client->fd = sl_udp_open(&any, NULL);
    assert_true(client->fd >= 0);
}

static void connect_client(struct client *client)
{
    struct fixture *f = client->f;
    struct sl_path path = {.dest.fd = client->fd};
    struct sl_transport_config config = {
        .engine = f->engine,
        .identity = f->identity,
        .counters = f->counters,
        .ice_client = true,
        .dtls_client = true,
        .local_ufrag = client->ufrag,
        .local_pwd = client->pwd,
        .remote_ufrag = client->server_ufrag,
        .remote_pwd = client->server_pwd,
        .fingerprint_hash = "sha-256",
        .fingerprint = sl_rtc_fingerprint(f->rtc),
        .ops = &transport_ops,
        .owner = client,
    };

    sl_peer_start(client->peer);
    assert_int_equal(sl_transport_create(&config, sl_now_us(), &client->transport), 0);
    uint16_t port = sl_rtc_port(f->rtc, sl_workers_at(f->core.workers, 0), 0);
    assert_int_equal(sl_addr_parse_ip("127.0.0.1", port, &path.remote), 0);
    path.dest.sa_len = sl_addr_to_sockaddr(&path.remote, &path.dest.sa);
    sl_transport_add_candidate(client->transport, &path, sl_now_us());
    wait_until(f, client->connected &&
                      sl_transport_state(client->transport) == SL_TRANSPORT_CONNECTED);
}

static struct client *add_player_of(struct fixture *f, struct sl_stream *stream)
{
    struct client *player = &f->players[f->player_count];

    init_client(player, f);
    make_peer(player, SL_SDP_SENDONLY, stream);
    f->player_count++;
    connect_client(player);
    return player;
}

static struct client *add_player(struct fixture *f)
{
    return add_player_of(f, f->stream);
}

/* What the client's peer receives is this stream. */
static struct sl_stream *create_stream(struct fixture *f, struct client *client, const char *name)
{
    struct sl_stream *stream;
    struct sl_stream_config config = {
        .name = name,
        .worker = sl_workers_at(f->core.workers, 0),
        .ops = &sl_peer_source_ops,
        .owner = client->peer,
        .tracks = {[SL_VIDEO] = {.present = true,
                                 .codec_count = 1,
                                 .codecs = {{SL_CODEC_VP8, ""}}}},
    };

    assert_int_equal(sl_stream_create(f->core.streams, &config, &stream), 0);
    sl_peer_set_tracks(client->peer, NULL, sl_stream_track(stream, SL_VIDEO));
    sl_stream_set_live(stream);
    return stream;
}

static void publish(struct fixture *f)
{
    init_client(&f->source, f);
    make_peer(&f->source, SL_SDP_RECVONLY, NULL);
    f->stream = create_stream(f, &f->source, "camera");
    connect_client(&f->source);
}

/* ---- Set-up ---- */

static int set_up(void **state)
{
    struct fixture *f = sl_new(struct fixture);
    struct sl_rtc_config rtc = {
        .bind_count = 1,
        .port_from = 20000,
        .port_to = 29999,
        .gcm = true,
        .ice_timeout_us = DEADLINE_US,
        .dtls_timeout_us = DEADLINE_US,
        .consent_timeout_us = 30 * SL_US_PER_S,
    };

    core_init(&f->core, (struct sl_workers_config){.count = 1,
                                                   .packets_max = 4096,
                                                   .ring_packets = 512,
                                                   .keyframe_interval_us = KEYFRAME_INTERVAL_US});
    f->counters = sl_metrics_register(f->core.metrics);
    f->engine = sl_srtp_engine_create(SL_SRTP_BEST);
    f->receiver = sl_udp_receiver_create();
    assert_int_equal(sl_dtls_identity_create(true, &f->identity, NULL), 0);
    assert_int_equal(sl_addr_parse_ip("127.0.0.1", 0, &rtc.bind[0]), 0);
    assert_int_equal(sl_rtc_create(&rtc, f->core.workers, f->core.control, &f->rtc, NULL), 0);
    assert_int_equal(sl_workers_start(f->core.workers), 0);
    publish(f);
    *state = f;
    return 0;
}

static void drop_client(struct client *client)
{
    sl_peer_close(client->peer);
    wait_until(client->f, client->closed);
    sl_transport_destroy(client->transport);
    client->transport = NULL;
    (void)close(client->fd);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    if (f->call)
        sl_stream_end(f->call);
    for (size_t i = 0; i < f->player_count; i++)
        drop_client(&f->players[i]);
    if (f->call)
        sl_stream_release(f->call);
    sl_stream_end(f->stream);
    drop_client(&f->source);
    sl_stream_release(f->stream);
    core_wait(&f->core, core_is_drained, &f->core);
    sl_workers_stop(f->core.workers);
    sl_rtc_destroy(f->rtc);
    sl_udp_receiver_destroy(f->receiver);
    sl_srtp_engine_destroy(f->engine);
    sl_dtls_identity_destroy(f->identity);
    core_deinit(&f->core);
    free(f);
    return 0;
}

/* ---- Sending ---- */

/* One packet of a source; its number is in the payload too. padding: the source's own. */
static void send_packet(struct client *from, uint32_t ssrc, uint64_t index, size_t payload_len,
                        size_t padding, bool marker)
{
    static const uint8_t vp8_inter_frame[] = {0x10, 0x01, 0, 0};
    uint8_t payload[PAYLOAD_MAX] = {0}, out[SL_RTP_HEADER_LEN + PAYLOAD_MAX + SL_SRTP_OVERHEAD];

    memcpy(payload, vp8_inter_frame, sizeof(vp8_inter_frame));
    sl_store_u32(payload + payload_len - 4, (uint32_t)index);
    sl_rtp_build_header(out, marker, VP8, (uint16_t)index, (uint32_t)index * 3000, ssrc);
    if (padding > 0) {
        sl_rtp_set_padding(out);
        payload[payload_len + padding - 1] = (uint8_t)padding;
    }
    size_t len = sl_srtp_protect(from->f->engine, sl_transport_sender(from->transport), out,
                                 SL_RTP_HEADER_LEN, payload, payload_len + padding, index);
    sl_srtp_flush(from->f->engine);
    on_send(from, sl_transport_path(from->transport), out, len);
}

static void send_media(struct fixture *f, uint32_t ssrc, uint64_t index)
{
    send_packet(&f->source, ssrc, index, PAYLOAD_LEN, 0, true);
}

static void send_many(struct fixture *f, uint32_t ssrc, uint64_t first, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        send_media(f, ssrc, first + i);
}

static void send_rtcp(struct client *client, struct sl_writer *w, uint8_t *buf)
{
    assert_true(w->ok);
    size_t len = sl_srtcp_protect(client->f->engine, sl_transport_sender(client->transport), buf,
                                  sl_writer_len(w));
    on_send(client, sl_transport_path(client->transport), buf, len);
}

static void send_nack(struct client *player, const uint16_t *seqs, size_t count)
{
    uint8_t buf[1200 + SL_SRTCP_OVERHEAD];
    struct sl_writer w = sl_writer_of(buf, 1200);

    sl_rtcp_write_nack(&w, 1, PLAYER_SSRC, seqs, count);
    send_rtcp(player, &w, buf);
}

static void send_pli(struct client *player)
{
    uint8_t buf[64 + SL_SRTCP_OVERHEAD];
    struct sl_writer w = sl_writer_of(buf, 64);

    sl_rtcp_write_pli(&w, 1, PLAYER_SSRC);
    send_rtcp(player, &w, buf);
}

/* Sender reports of ours need one of the source. */
static void send_report(struct fixture *f)
{
    uint8_t buf[64 + SL_SRTCP_OVERHEAD];
    struct sl_writer w = sl_writer_of(buf, 64);
    struct sl_sender_info info = {.ntp = UINT64_C(1) << 32};

    sl_rtcp_write_sr(&w, SOURCE_SSRC, &info, NULL, 0);
    send_rtcp(&f->source, &w, buf);
}

/* A picture as browsers split it, the shorter packets first. */
enum { PICTURE = 4 };
static const size_t picture_len[PICTURE] = {900, 900, 901, 901};

struct picture {
    struct fixture *f;
    uint64_t first;
    size_t padding;
};

static void do_send_picture(void *arg)
{
    const struct picture *picture = arg;

    for (size_t i = 0; i < PICTURE; i++)
        send_packet(&picture->f->source, SOURCE_SSRC, picture->first + i, picture_len[i],
                    picture->padding, i + 1 == PICTURE);
}

/* Sent while the worker cannot read, so that the packets meet in one turn of it. */
static void send_picture(struct fixture *f, uint64_t first, size_t padding)
{
    struct picture picture = {f, first, padding};

    core_on_worker(&f->core, sl_workers_at(f->core.workers, 0), do_send_picture, &picture);
}

/* ---- The tests ---- */

static void a_new_ssrc_after_two_seconds_goes_on_with_growing_numbers(void **state)
{
    struct fixture *f = *state;
    struct client *player = add_player(f);

    send_many(f, SOURCE_SSRC, 65530, 12); /* over a rollover of the source's */
    wait_until(f, player->received_count == 12);
    send_many(f, SOURCE_SSRC + 1, 5, 3); /* the first one lives: an intruder */
    run_for(f, 2100 * SL_US_PER_MS);
    assert_int_equal(player->received_count, 12);
    send_many(f, SOURCE_SSRC + 1, 8, 10);
    wait_until(f, player->received_count == 22);
    for (size_t i = 0; i < 22; i++) {
        const struct received *packet = &player->received[i];
        assert_int_equal(packet->payload_type, VP8);
        assert_int_equal(packet->ssrc, PLAYER_SSRC);
        assert_int_equal(packet->seq, player->received[0].seq + i);
        assert_int_equal(packet->number, i < 12 ? 65530 + i : 8 + i - 12);
    }
    assert_int_equal(player->refused, 0);
}

/* performance.md section 4. */
static void a_packet_older_than_a_players_first_is_never_sent_to_it(void **state)
{
    struct fixture *f = *state;
    struct client *early = add_player(f);

    send_many(f, SOURCE_SSRC, 100, 5);
    send_many(f, SOURCE_SSRC, 106, 4); /* 105 is late */
    wait_until(f, early->received_count == 9);
    struct client *late = add_player(f);
    send_many(f, SOURCE_SSRC, 110, 1);
    wait_until(f, late->received_count == 1);
    send_many(f, SOURCE_SSRC, 105, 1);
    send_many(f, SOURCE_SSRC, 111, 5);
    wait_until(f, late->received_count == 6 && early->received_count == 16);
    run_for(f, 50 * SL_US_PER_MS);

    assert_int_equal(early->received[10].number, 105);
    assert_int_equal(early->received[10].seq, early->received[0].seq + 5);
    assert_int_equal(late->received_count, 6);
    assert_true(late->received[0].seq >= 1000); /* well above 0 */
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(late->received[i].number, 110 + i);
        assert_int_equal(late->received[i].seq, late->received[0].seq + i);
    }
    /* Nor by asking for it. */
    uint16_t before_first = (uint16_t)(late->received[0].seq - 5);
    send_nack(late, &before_first, 1);
    run_for(f, 50 * SL_US_PER_MS);
    assert_int_equal(late->received_count, 6);
    assert_int_equal(early->refused + late->refused, 0);
}

static void a_nack_is_answered_by_rtx_under_the_original_number(void **state)
{
    struct fixture *f = *state;
    struct client *player = add_player(f);

    send_many(f, SOURCE_SSRC, 500, 40);
    wait_until(f, player->received_count == 40);
    uint16_t seqs[] = {player->received[3].seq, player->received[4].seq, player->received[30].seq};
    uint16_t unsent = (uint16_t)(player->received[39].seq + 1);
    send_nack(player, seqs, SL_ARRAY_LEN(seqs));
    send_nack(player, &unsent, 1);
    wait_until(f, player->received_count == 43);
    run_for(f, 50 * SL_US_PER_MS);
    assert_int_equal(player->received_count, 43);
    for (size_t i = 0; i < SL_ARRAY_LEN(seqs); i++) {
        const struct received *packet = &player->received[40 + i];
        assert_int_equal(packet->payload_type, RTX);
        assert_int_equal(packet->ssrc, PLAYER_RTX_SSRC);
        assert_int_equal(packet->original, seqs[i]);
        assert_int_equal(packet->number, 500 + (seqs[i] - player->received[0].seq));
        assert_int_equal(packet->seq, (uint16_t)(player->received[40].seq + i));
    }
    assert_int_equal(player->refused, 0);
}

/* RFC 3550 section 5.1; and what a source padded itself comes without that. */
static void the_packets_of_a_picture_are_padded_to_one_length(void **state)
{
    struct fixture *f = *state;
    struct client *player = add_player(f);

    for (size_t padding = 0; padding <= 200; padding += 100) {
        size_t first = player->received_count;
        send_picture(f, 500 + first, padding);
        wait_until(f, player->received_count == first + PICTURE);
        for (size_t i = 0; i < PICTURE; i++) {
            const struct received *packet = &player->received[first + i];
            assert_int_equal(packet->payload_len, picture_len[i]);
            assert_int_equal(packet->padding, 901 - picture_len[i]);
            assert_int_equal(packet->number, 500 + first + i);
            assert_int_equal(player->wire[first + i].len, player->wire[0].len);
        }
    }
    assert_int_equal(player->refused, 0);
}

/* One key stream must not encrypt two plain texts (RFC 3711 section 9.1). */
static void without_rtx_a_padded_packet_is_sent_again_as_the_same_octets(void **state)
{
    struct fixture *f = *state;
    f->without_rtx = true;
    struct client *player = add_player(f);
    uint16_t seqs[PICTURE];

    send_picture(f, 500, 0);
    wait_until(f, player->received_count == PICTURE);
    assert_int_equal(player->received[0].padding, 1);
    for (size_t i = 0; i < PICTURE; i++)
        seqs[i] = player->received[i].seq;
    send_nack(player, seqs, PICTURE);
    wait_until(f, player->wire_count == 2 * PICTURE);
    assert_memory_equal(player->wire, player->wire + PICTURE, sizeof(struct wire) * PICTURE);
    assert_int_equal(player->refused, PICTURE); /* as replays, by our own side */
}

static void over_rtx_a_padded_packet_is_sent_again_without_padding(void **state)
{
    struct fixture *f = *state;
    struct client *player = add_player(f);

    send_picture(f, 500, 0);
    wait_until(f, player->received_count == PICTURE);
    uint16_t seq = player->received[0].seq;
    send_nack(player, &seq, 1);
    wait_until(f, player->received_count == PICTURE + 1);
    assert_int_equal(player->received[PICTURE].original, seq);
    assert_int_equal(player->received[PICTURE].padding, 0);
    assert_int_equal(player->received[PICTURE].payload_len, 2 + picture_len[0]);
    assert_int_equal(player->received[PICTURE].number, 500);
}

/* RFC 3550 section 6.4.1. */
static void sender_reports_count_no_padding(void **state)
{
    struct fixture *f = *state;
    struct client *player = add_player(f);
    size_t octets = 0;

    send_picture(f, 500, 0);
    send_report(f);
    send_picture(f, 500 + PICTURE, 0);
    wait_until(f, player->report.packets == 2 * PICTURE);
    for (size_t i = 0; i < 2 * PICTURE; i++)
        octets += player->received[i].payload_len;
    assert_true(player->received[0].padding > 0);
    assert_int_equal(player->report.octets, octets);
}

static void a_flood_of_nacks_is_bounded(void **state)
{
    enum { KEPT = 100, ROUNDS = 200, BURST = 400, PER_SECOND = 1000 };
    struct fixture *f = *state;
    struct client *player = add_player(f);
    uint16_t seqs[KEPT];

    send_many(f, SOURCE_SSRC, 500, KEPT);
    wait_until(f, player->received_count == KEPT);
    for (size_t i = 0; i < KEPT; i++)
        seqs[i] = player->received[i].seq;
    int64_t begin_us = sl_now_us();
    for (int i = 0; i < ROUNDS; i++) {
        send_nack(player, seqs, KEPT);
        if (i % 20 == 0)
            turn(f);
    }
    run_for(f, 100 * SL_US_PER_MS);
    uint64_t sent = sl_metrics_sum(f->core.metrics, SL_COUNTER_RTX_SENT);
    int64_t allowed = BURST + (sl_now_us() - begin_us) * PER_SECOND / SL_US_PER_S + 1;
    assert_in_range(sent, BURST, allowed);
    /* And media goes on. */
    size_t count = player->received_count;
    send_many(f, SOURCE_SSRC, 500 + KEPT, 1);
    wait_until(f, player->received_count > count &&
                      player->received[player->received_count - 1].payload_type == VP8);
    assert_int_equal(player->refused, 0);
}

static void key_frame_requests_of_several_players_are_merged(void **state)
{
    struct fixture *f = *state;

    send_many(f, SOURCE_SSRC, 1, 1); /* the source is heard */
    for (size_t i = 0; i < PLAYERS_MAX; i++)
        (void)add_player(f);
    run_for(f, 3 * KEYFRAME_INTERVAL_US); /* what joining asked for is over */
    assert_in_range(f->source.plis, 1, 4);
    size_t before = f->source.plis;
    for (size_t i = 0; i < 3 * PLAYERS_MAX; i++)
        send_pli(&f->players[i % PLAYERS_MAX]);
    wait_until(f, f->source.plis > before);
    run_for(f, KEYFRAME_INTERVAL_US / 2);
    assert_int_equal(f->source.plis, before + 1);
    run_for(f, 2 * KEYFRAME_INTERVAL_US);
    assert_in_range(f->source.plis, before + 1, before + 2);
    assert_int_equal(sl_metrics_sum(f->core.metrics, SL_COUNTER_PLI_RECEIVED), 3 * PLAYERS_MAX);
}

static void a_peer_sends_and_receives_in_one_negotiation(void **state)
{
    struct fixture *f = *state;
    struct client *caller = &f->players[f->player_count++];

    init_client(caller, f);
    make_peer(caller, SL_SDP_SENDRECV, f->stream);
    f->call = create_stream(f, caller, "call");
    connect_client(caller);
    struct client *listener = add_player_of(f, f->call);

    send_many(f, SOURCE_SSRC, 100, 5);
    for (uint64_t i = 0; i < 3; i++)
        send_packet(caller, SOURCE_SSRC, 200 + i, PAYLOAD_LEN, 0, true);
    wait_until(f, caller->received_count == 5 && listener->received_count == 3);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(caller->received[i].number, 100 + i);
        assert_int_equal(caller->received[i].ssrc, PLAYER_SSRC);
    }
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(listener->received[i].number, 200 + i);
    wait_until(f, caller->plis > 0); /* as a source */
    uint16_t seq = caller->received[2].seq;
    send_nack(caller, &seq, 1); /* as a player */
    wait_until(f, caller->received_count == 6);
    assert_int_equal(caller->received[5].original, seq);
    assert_int_equal(sl_peer_stats(caller->peer)->video_packets, 3);
    assert_int_equal(sl_peer_sent_stats(caller->peer)->video_packets, 5);
    assert_null(sl_peer_sent_stats(f->source.peer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_ssrc_after_two_seconds_goes_on_with_growing_numbers,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_packet_older_than_a_players_first_is_never_sent_to_it,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_nack_is_answered_by_rtx_under_the_original_number, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_packets_of_a_picture_are_padded_to_one_length, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            without_rtx_a_padded_packet_is_sent_again_as_the_same_octets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(over_rtx_a_padded_packet_is_sent_again_without_padding,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(sender_reports_count_no_padding, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flood_of_nacks_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(key_frame_requests_of_several_players_are_merged, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_peer_sends_and_receives_in_one_negotiation, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
