/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The media end of one simulated browser. */
#include "client.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "rtp/rtp.h"
#include "webrtc/transport.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    STAMP_LEN = 16,
    STAMP_ROOM = 200, /* shorter packets are left as they are */
    PAYLOAD_MAX = 1400,
    RTCP_LEN_MAX = 256,
};

/* Marks a payload whose end carries the time it was sent. */
static const uint8_t stamp_magic[8] = {0x53, 0x4c, 0x55, 0x49, 0x43, 0x45, 0xfe, 0x01};

struct flow {
    uint8_t payload_type;
    uint32_t ssrc;
    uint64_t index;              /* publishing: next; */
    struct sl_seq_unwrap unwrap; /* playing */
    int64_t first_seq, highest_seq;
    uint64_t received;
    uint32_t packets, octets, last_timestamp;
};

struct client {
    struct client_context *context;
    bool publishing;
    char ufrag[9], pwd[27];
    uv_poll_t poll;
    int fd;
    struct sl_transport *transport;
    struct flow flows[2];
    struct client_stats stats;
    uint32_t report_ssrc;
    unsigned turn;
};

static void on_send(void *owner, const struct sl_path *path, const uint8_t *data, size_t len)
{
    struct client *client = owner;

    (void)sendto(client->fd, data, len, 0, (const struct sockaddr *)&path->dest.sa,
                 path->dest.sa_len); /* a lost check or flight is repeated */
}

static void on_state(void *owner, enum sl_transport_state state)
{
    struct client *client = owner;

    if (state == SL_TRANSPORT_CONNECTED)
        client->stats.connected_us = sl_now_us();
    else if (state > SL_TRANSPORT_CONNECTED)
        fprintf(stderr, "a transport ended in state %d\n", (int)state);
}

static void on_path(void *owner, const struct sl_path *path, bool gone)
{
    (void)owner;
    (void)path;
    (void)gone;
}

static const struct sl_transport_ops transport_ops = {on_send, on_state, on_path};

/* ---- Receiving ---- */

static void note_latency(struct client_context *context, const uint8_t *payload, size_t len,
                         int64_t now_us)
{
    int64_t sent_us;

    if (len < STAMP_ROOM || memcmp(payload + len - STAMP_LEN, stamp_magic, 8) != 0)
        return;
    memcpy(&sent_us, payload + len - 8, sizeof(sent_us));
    context->latencies[context->latency_count++ % context->latency_max] =
        (uint32_t)(now_us - sent_us);
}

static void count_packet(struct client *client, struct flow *flow, uint16_t seq)
{
    int64_t widened = sl_seq_unwrap(&flow->unwrap, seq);

    if (!flow->received++) {
        flow->first_seq = widened;
        flow->highest_seq = widened;
    }
    if (widened > flow->highest_seq)
        flow->highest_seq = widened;
    /* A number before the first steps the sender's rollover counter back (performance.md 4). */
    if (widened >> 16 < flow->first_seq >> 16)
        client->stats.roc_steps++;
}

static void on_media(struct client *client, uint8_t *data, size_t len, int64_t now_us)
{
    struct sl_rtp_view view;
    bool rtcp;

    if (len >= 2 && sl_rtcp_is(data)) {
        struct sl_rtcp_view report;
        size_t offset = 0;
        if (client->publishing && sl_transport_unprotect(client->transport, data, &len, &rtcp) == 0)
            while (sl_rtcp_next(data, len, &offset, &report) == 1)
                client->stats.keyframe_requests += report.type == SL_RTCP_PSFB && report.count == 1;
        return;
    }
    if (sl_rtp_parse_header(data, len, &view) < 0)
        return;
    if (!client->stats.first_packet_us)
        client->stats.first_packet_us = now_us;
    client->stats.packets++;
    client->stats.bytes += len;
    for (size_t i = 0; i < 2; i++) {
        if (client->flows[i].payload_type == view.payload_type)
            count_packet(client, &client->flows[i], view.seq);
    }
    if (client->turn++ % (unsigned)client->context->verify_every != 0)
        return;
    int err = sl_transport_unprotect(client->transport, data, &len, &rtcp);
    if (err == 0 && sl_rtp_parse(data, len, &view) == 0)
        note_latency(client->context, view.payload, view.payload_len, now_us);
    else
        client->stats.auth_failed++;
}

static void on_datagram(struct client *client, const struct sl_udp_datagram *datagram,
                        int64_t now_us)
{
    struct sl_path path = {.remote = datagram->from};

    path.dest.fd = client->fd;
    if (datagram->len == 0)
        return;
    if (datagram->data[0] > 63) {
        on_media(client, datagram->data, datagram->len, now_us);
        return;
    }
    path.dest.sa_len = sl_addr_to_sockaddr(&datagram->from, &path.dest.sa);
    if (datagram->data[0] < 4)
        (void)sl_transport_stun(client->transport, &path, datagram->data, datagram->len, now_us);
    else if (sl_dtls_is(datagram->data, datagram->len))
        sl_transport_dtls(client->transport, &path, datagram->data, datagram->len, now_us);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct client *client = poll->data;
    const struct sl_udp_datagram *datagrams;

    (void)status;
    (void)events;
    size_t count = sl_udp_receive(client->context->receiver, client->fd, &datagrams);
    int64_t now_us = sl_now_us();
    for (size_t i = 0; client->transport && i < count; i++)
        on_datagram(client, &datagrams[i], now_us);
}

/* ---- Sending ---- */

void client_send(struct client *client, enum sl_media_kind kind, bool marker, uint32_t timestamp,
                 const uint8_t *payload, size_t len)
{
    struct flow *flow = &client->flows[kind];
    uint8_t stamped[PAYLOAD_MAX], out[SL_RTP_HEADER_LEN + PAYLOAD_MAX + SL_SRTP_OVERHEAD];
    struct sl_srtp_sender *sender =
        client->transport ? sl_transport_sender(client->transport) : NULL;
    const struct sl_path *path = client->transport ? sl_transport_path(client->transport) : NULL;

    if (!sender || !path || len > PAYLOAD_MAX)
        return;
    memcpy(stamped, payload, len);
    if (len >= STAMP_ROOM) {
        int64_t now_us = sl_now_us();
        memcpy(stamped + len - STAMP_LEN, stamp_magic, 8);
        memcpy(stamped + len - 8, &now_us, 8);
    }
    sl_rtp_build_header(out, marker, flow->payload_type, (uint16_t)flow->index, timestamp,
                        flow->ssrc);
    size_t out_len = sl_srtp_protect(client->context->engine, sender, out, SL_RTP_HEADER_LEN,
                                     stamped, len, flow->index);
    sl_srtp_flush(client->context->engine);
    on_send(client, path, out, out_len);
    flow->index++;
    flow->packets++;
    flow->octets += (uint32_t)len;
    flow->last_timestamp = timestamp;
    client->stats.sent++;
}

void client_report(struct client *client)
{
    uint8_t buf[RTCP_LEN_MAX + SL_SRTCP_OVERHEAD];
    struct sl_srtp_sender *sender =
        client->transport ? sl_transport_sender(client->transport) : NULL;
    const struct sl_path *path = client->transport ? sl_transport_path(client->transport) : NULL;
    struct sl_writer w = sl_writer_of(buf, RTCP_LEN_MAX);

    if (!sender || !path)
        return;
    if (client->publishing) {
        uint64_t wall_ms = (uint64_t)sl_wall_ms();
        for (size_t i = 0; i < 2; i++) {
            const struct flow *flow = &client->flows[i];
            struct sl_sender_info info = {
                .ntp = (wall_ms / 1000) << 32 | ((wall_ms % 1000) << 32) / 1000,
                .rtp_timestamp = flow->last_timestamp,
                .packets = flow->packets,
                .octets = flow->octets,
            };
            sl_rtcp_write_sr(&w, flow->ssrc, &info, NULL, 0);
        }
    } else {
        sl_rtcp_write_rr(&w, client->report_ssrc, NULL, 0);
    }
    size_t len = sl_srtcp_protect(client->context->engine, sender, buf, sl_writer_len(&w));
    on_send(client, path, buf, len);
}

/* ---- Life ---- */

struct client *client_create(struct client_context *context, bool publishing)
{
    struct client *client = sl_new(struct client);
    struct sl_addr any;

    client->context = context;
    client->publishing = publishing;
    sl_random_token(client->ufrag, sizeof(client->ufrag) - 1);
    sl_random_token(client->pwd, sizeof(client->pwd) - 1);
    client->report_ssrc = sl_random_u32();
    for (size_t i = 0; i < 2; i++) {
        client->flows[i].ssrc = sl_random_u32();
        client->flows[i].index = 3000;
    }
    (void)sl_addr_parse_ip("0.0.0.0", 0, &any);
    client->fd = sl_udp_open(&any, NULL);
    if (client->fd < 0) {
        fprintf(stderr, "no more sockets\n");
        exit(1);
    }
    (void)uv_poll_init(sl_loop_uv(context->loop), &client->poll, client->fd);
    client->poll.data = client;
    (void)uv_poll_start(&client->poll, UV_READABLE, on_readable);
    return client;
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct client *client = handle->data;

    (void)close(client->fd);
    free(client);
}

void client_destroy(struct client *client)
{
    if (!client)
        return;
    sl_transport_destroy(client->transport);
    client->transport = NULL;
    (void)uv_poll_stop(&client->poll);
    uv_close((uv_handle_t *)&client->poll, on_poll_closed);
}

const char *client_ufrag(const struct client *client)
{
    return client->ufrag;
}

const char *client_pwd(const struct client *client)
{
    return client->pwd;
}

uint32_t client_ssrc(const struct client *client, enum sl_media_kind kind)
{
    return client->flows[kind].ssrc;
}

static const struct sl_sdp_section *first_active(const struct sl_sdp *sdp)
{
    for (size_t i = 0; i < sdp->section_count; i++) {
        if (sdp->sections[i].port != 0 && sdp->sections[i].ufrag[0])
            return &sdp->sections[i];
    }
    return NULL;
}

int client_connect(struct client *client, const struct sl_sdp *remote,
                   const uint8_t payload_types[2])
{
    const struct sl_sdp_section *section = first_active(remote);
    int64_t now_us = sl_now_us();

    if (!section)
        return -1;
    client->flows[SL_AUDIO].payload_type = payload_types[SL_AUDIO];
    client->flows[SL_VIDEO].payload_type = payload_types[SL_VIDEO];
    struct sl_transport_config config = {
        .engine = client->context->engine,
        .identity = client->context->identity,
        .counters = client->context->counters,
        .ice_client = true,
        .dtls_client = section->setup != SL_SDP_ACTIVE, /* passive, or actpass in an offer */
        .local_ufrag = client->ufrag,
        .local_pwd = client->pwd,
        .remote_ufrag = section->ufrag,
        .remote_pwd = section->pwd,
        .fingerprint_hash = section->fingerprint_hash,
        .fingerprint = section->fingerprint,
        .ops = &transport_ops,
        .owner = client,
    };
    (void)sl_transport_create(&config, now_us, &client->transport);
    for (size_t i = 0; i < section->candidate_count; i++) {
        struct sl_path path = {0};
        if (section->candidates[i].tcp || section->candidates[i].component != 1 ||
            sl_addr_parse_ip(section->candidates[i].ip, section->candidates[i].port, &path.remote) <
                0)
            continue;
        if (!sl_addr_is_v4(&path.remote))
            continue;
        path.dest.fd = client->fd;
        path.dest.sa_len = sl_addr_to_sockaddr(&path.remote, &path.dest.sa);
        sl_transport_add_candidate(client->transport, &path, now_us);
    }
    sl_transport_tick(client->transport, now_us);
    return 0;
}

bool client_is_connected(const struct client *client)
{
    return client->stats.connected_us != 0;
}

void client_tick(struct client *client, int64_t now_us)
{
    if (client->transport && now_us >= sl_transport_deadline_us(client->transport))
        sl_transport_tick(client->transport, now_us);
}

struct client_stats *client_stats(struct client *client)
{
    uint64_t expected = 0, received = 0;

    for (size_t i = 0; i < 2; i++) {
        const struct flow *flow = &client->flows[i];
        if (flow->received > 0)
            expected += (uint64_t)(flow->highest_seq - flow->first_seq + 1);
        received += flow->received;
    }
    client->stats.lost = expected > received ? expected - received : 0;
    return &client->stats;
}
