/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The media end of one simulated browser. */
#include "client.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "rtp/rtp.h"
#include "trace.h"
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
    uint32_t packets, octets;
    int64_t origin_us; /* publishing: of time stamp 0, as the promptest packet tells */
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
    struct trace_player *trace; /* NULL: none */
    uint32_t report_ssrc;
    unsigned turn;
    uint8_t ext_transport_cc; /* 0: the server has none */
    struct sl_twcc *twcc;     /* as browsers tell what came; NULL without it */
    int64_t wall_offset_us;   /* to the monotonic clock */
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

    if (len < STAMP_LEN || memcmp(payload + len - STAMP_LEN, stamp_magic, 8) != 0)
        return;
    memcpy(&sent_us, payload + len - 8, sizeof(sent_us));
    context->latencies[context->latency_count++ % context->latency_max] =
        (uint32_t)(now_us - sent_us);
}

/* Its widened number. */
static int64_t count_packet(struct client *client, struct flow *flow, uint16_t seq)
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
    return widened;
}

static void on_rtcp(struct client *client, uint8_t *data, size_t len, int64_t now_us)
{
    struct sl_rtcp_view view;
    size_t offset = 0;
    bool rtcp;

    if (!client->publishing && !client->trace)
        return;
    if (sl_transport_unprotect(client->transport, data, &len, &rtcp) < 0)
        return;
    while (sl_rtcp_next(data, len, &offset, &view) == 1) {
        if (client->publishing)
            client->stats.keyframe_requests += view.type == SL_RTCP_PSFB && view.count == 1;
        else
            trace_rtcp(client->trace, &view, now_us);
    }
}

static void note_arrival(struct client *client, const struct sl_rtp_view *view, int64_t now_us)
{
    size_t len;
    const uint8_t *number = sl_rtp_ext(view, client->ext_transport_cc, &len);

    if (number && len == 2)
        sl_twcc_input(client->twcc, (uint16_t)(number[0] << 8 | number[1]), now_us);
}

static void on_media(struct client *client, uint8_t *data, size_t len, int64_t now_us)
{
    struct sl_rtp_view view;
    const struct flow *flow = NULL;
    int64_t seq = 0;
    bool rtcp;

    if (len >= 2 && sl_rtcp_is(data)) {
        on_rtcp(client, data, len, now_us);
        return;
    }
    if (sl_rtp_parse_header(data, len, &view) < 0)
        return;
    if (!client->stats.first_packet_us)
        client->stats.first_packet_us = now_us;
    client->stats.packets++;
    client->stats.bytes += len;
    if (client->twcc)
        note_arrival(client, &view, now_us);
    for (size_t i = 0; i < 2; i++) {
        if (client->flows[i].payload_type != view.payload_type)
            continue;
        flow = &client->flows[i];
        seq = count_packet(client, &client->flows[i], view.seq);
    }
    if (!client->trace && client->turn++ % (unsigned)client->context->verify_every != 0)
        return;
    int err = sl_transport_unprotect(client->transport, data, &len, &rtcp);
    if (err < 0 || sl_rtp_parse(data, len, &view) < 0) {
        client->stats.auth_failed++;
        return;
    }
    note_latency(client->context, view.payload, view.payload_len, now_us);
    if (client->trace && flow)
        trace_packet(client->trace, flow == &client->flows[SL_VIDEO] ? SL_VIDEO : SL_AUDIO, seq,
                     &view, now_us);
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

/* Opus begins a little before 0. */
static int64_t us_of(enum sl_media_kind kind, uint32_t timestamp)
{
    return (int32_t)timestamp * (int64_t)SL_US_PER_S / (kind == SL_VIDEO ? 90000 : 48000);
}

static void note_origin(struct flow *flow, enum sl_media_kind kind, uint32_t timestamp)
{
    int64_t origin_us = sl_now_us() - us_of(kind, timestamp);

    if (flow->packets == 0 || origin_us < flow->origin_us)
        flow->origin_us = origin_us;
}

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
    size_t room = client->context->stamp_all ? 2 * STAMP_LEN : STAMP_ROOM;
    if (len >= room && !client->context->intact) {
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
    note_origin(flow, kind, timestamp);
    flow->index++;
    flow->packets++;
    flow->octets += (uint32_t)len;
    client->stats.sent++;
}

/* Now, on both clocks, as a browser tells it: the server shifts its tracks by this. */
static void write_sender_report(struct sl_writer *w, const struct client *client,
                                enum sl_media_kind kind)
{
    const struct flow *flow = &client->flows[kind];
    int64_t now_us = sl_now_us(), wall_us = now_us + client->wall_offset_us;
    uint64_t fraction = ((uint64_t)(wall_us % SL_US_PER_S) << 32) / SL_US_PER_S;
    struct sl_sender_info info = {
        .ntp = (uint64_t)(wall_us / SL_US_PER_S) << 32 | fraction,
        .rtp_timestamp = (uint32_t)((now_us - flow->origin_us) *
                                    (kind == SL_VIDEO ? 90000 : 48000) / SL_US_PER_S),
        .packets = flow->packets,
        .octets = flow->octets,
    };

    if (flow->packets > 0)
        sl_rtcp_write_sr(w, flow->ssrc, &info, NULL, 0);
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
        write_sender_report(&w, client, SL_AUDIO);
        write_sender_report(&w, client, SL_VIDEO);
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
    client->wall_offset_us = sl_wall_ms() * SL_US_PER_MS - sl_now_us();
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
    sl_twcc_destroy(client->twcc);
    client->twcc = NULL;
    trace_player_destroy(client->trace);
    client->trace = NULL;
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

static void take_transport_cc(struct client *client, const struct sl_sdp *remote)
{
    static const char uri[] =
        "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

    for (size_t i = 0; i < remote->section_count && !client->publishing; i++) {
        const struct sl_sdp_section *section = &remote->sections[i];
        for (size_t j = 0; j < section->extmap_count && !client->twcc; j++) {
            if (strcmp(section->extmap[j].uri, uri) != 0)
                continue;
            client->ext_transport_cc = section->extmap[j].id;
            client->twcc = sl_twcc_create();
        }
    }
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
    take_transport_cc(client, remote);
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

void client_trace(struct client *client, struct trace_player *trace)
{
    trace_player_destroy(client->trace);
    client->trace = trace;
}

bool client_is_connected(const struct client *client)
{
    return client->stats.connected_us != 0;
}

static void send_feedback(struct client *client, int64_t now_us)
{
    uint8_t buf[RTCP_LEN_MAX + SL_SRTCP_OVERHEAD];
    struct sl_srtp_sender *sender = sl_transport_sender(client->transport);
    const struct sl_path *path = sl_transport_path(client->transport);
    struct sl_writer w = sl_writer_of(buf, RTCP_LEN_MAX);

    if (!sender || !path)
        return;
    sl_twcc_write(client->twcc, &w, client->report_ssrc, 1, now_us);
    if (sl_writer_len(&w) == 0)
        return;
    size_t len = sl_srtcp_protect(client->context->engine, sender, buf, sl_writer_len(&w));
    on_send(client, path, buf, len);
}

void client_tick(struct client *client, int64_t now_us)
{
    if (client->twcc && client->transport && sl_twcc_due(client->twcc, now_us))
        send_feedback(client, now_us);
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
