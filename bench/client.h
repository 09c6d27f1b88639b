/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The media end of one simulated browser: a UDP socket, a client transport, RTP out or in. */
#ifndef SL_BENCH_CLIENT_H
#define SL_BENCH_CLIENT_H

#include "media/media.h"
#include "net/net.h"
#include "sdp/sdp.h"
#include "webrtc/dtls.h"

#include <stdbool.h>
#include <stdint.h>

struct sl_counters;
struct trace_player;
struct client;

/* What all clients of one run share. */
struct client_context {
    struct sl_loop *loop;
    struct sl_counters *counters;
    struct sl_srtp_engine *engine;
    const struct sl_dtls_identity *identity;
    struct sl_udp_receiver *receiver;
    bool intact;      /* what is published can be decoded: no stamps in it, and no latencies */
    bool stamp_all;   /* short packets as well */
    int verify_every; /* one in so many received packets is decrypted and checked */
    /* Latencies in microseconds of stamped packets; a ring. */
    uint32_t *latencies;
    size_t latency_max, latency_count;
};

struct client_stats {
    uint64_t packets, bytes; /* RTP received */
    uint64_t lost, auth_failed, roc_steps;
    uint64_t sent;
    int64_t first_packet_us; /* 0: none yet */
    int64_t connected_us;
    uint64_t keyframe_requests;
};

struct client *client_create(struct client_context *context, bool publishing);
void client_destroy(struct client *client);
/* Our side of the session description. */
const char *client_ufrag(const struct client *client);
const char *client_pwd(const struct client *client);
uint32_t client_ssrc(const struct client *client, enum sl_media_kind kind);
/* The server's description is known: checks begin. Media sections are matched by kind. */
int client_connect(struct client *client, const struct sl_sdp *remote,
                   const uint8_t payload_types[2]);
/* Playing: every packet goes there, too. Takes it. */
void client_trace(struct client *client, struct trace_player *trace);
bool client_is_connected(const struct client *client);
/* Publishing: one packet; stamped with the time where it is long enough. */
void client_send(struct client *client, enum sl_media_kind kind, bool marker, uint32_t timestamp,
                 const uint8_t *payload, size_t len);
/* Sender or receiver reports; every second. */
void client_report(struct client *client);
void client_tick(struct client *client, int64_t now_us);
struct client_stats *client_stats(struct client *client);

#endif
