/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One simulated browser, whatever the server. */
#include "peer.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "http/http.h"

#include <stdio.h>
#include <string.h>

enum { CONNECT_TIMEOUT_S = 20 };

void peer_fail(struct peer *peer, const char *why)
{
    if (!peer->failed)
        fprintf(stderr, "peer of %s failed: %s\n", peer->stream, why);
    peer->failed = true;
}

void peer_send(struct peer *peer, json_t *message)
{
    char *text = json_dumps(message, JSON_COMPACT);

    json_decref(message);
    if (text && peer->ws)
        (void)sl_ws_send_text(peer->ws, text, strlen(text)); /* a dead socket tells on_close */
    free(text);
}

int peer_build_offer(struct peer *peer, char *out, size_t len)
{
    struct sl_sdp_offer_config config = {
        .audio = true,
        .video = true,
        .direction = peer->config.publishing ? SL_SDP_SENDONLY : SL_SDP_RECVONLY,
        .ufrag = client_ufrag(peer->client),
        .pwd = client_pwd(peer->client),
        .fingerprint = sl_dtls_identity_fingerprint(peer->config.context->identity),
        .audio_ssrc = client_ssrc(peer->client, SL_AUDIO),
        .video_ssrc = client_ssrc(peer->client, SL_VIDEO),
        .cname = peer->stream,
    };

    return sl_sdp_build_offer(&config, out, len);
}

/* The first payload type of the codec that the description names for this kind. */
static uint8_t payload_type_of(const struct sl_sdp *sdp, const char *kind, const char *codec)
{
    for (size_t i = 0; i < sdp->section_count; i++) {
        const struct sl_sdp_section *section = &sdp->sections[i];
        if (strcmp(section->kind, kind) != 0 || section->port == 0)
            continue;
        for (size_t f = 0; f < section->format_count; f++) {
            if (strcasecmp(section->formats[f].name, codec) == 0)
                return section->formats[f].payload_type;
        }
    }
    return 0;
}

void peer_connect(struct peer *peer, const char *text)
{
    struct sl_error error = {""};
    struct sl_sdp *sdp;

    if (sl_sdp_parse(text, strlen(text), &sdp, &error) < 0) {
        peer_fail(peer, error.text);
        return;
    }
    uint8_t payload_types[2] = {payload_type_of(sdp, "audio", "opus"),
                                payload_type_of(sdp, "video", "H264")};
    if (payload_types[0] == 0 || payload_types[1] == 0)
        peer_fail(peer, "no opus or no H264 in the server's description");
    else if (client_connect(peer->client, sdp, payload_types) < 0)
        peer_fail(peer, "no transport in the server's description");
    sl_sdp_free(sdp);
}

static void *on_open(void *arg, struct sl_ws *ws)
{
    struct peer *peer = arg;

    peer->ws = ws;
    peer->config.protocol->on_open(peer);
    return peer;
}

static void on_text(void *owner, const char *text, size_t len)
{
    struct peer *peer = owner;
    json_t *message = json_loadb(text, len, 0, NULL);

    if (message && peer->client)
        peer->config.protocol->on_message(peer, message);
    json_decref(message);
}

static void on_close(void *owner, const char *why)
{
    struct peer *peer = owner;

    peer->ws = NULL;
    if (!peer->client) {
        free(peer);
        return;
    }
    peer_fail(peer, why ? why : "closed");
}

static const struct sl_ws_ops ws_ops = {
    .on_open = on_open,
    .on_text = on_text,
    .on_close = on_close,
};

struct peer *peer_create(const struct peer_config *config)
{
    struct peer *peer = sl_new(struct peer);

    peer->config = *config;
    (void)snprintf(peer->stream, sizeof(peer->stream), "bench-%d", config->room);
    peer->client = client_create(config->context, config->publishing);
    struct sl_ws_connect_config connect = {
        .host = config->host,
        .port = config->port,
        .path = config->protocol->path,
        .subprotocol = config->protocol->subprotocol,
        .ops = &ws_ops,
        .arg = peer,
        .timeout_s = CONNECT_TIMEOUT_S,
    };
    if (sl_ws_connect(config->http, &connect, &peer->ws) < 0)
        peer_fail(peer, "cannot connect");
    return peer;
}

void peer_destroy(struct peer *peer)
{
    if (!peer)
        return;
    client_destroy(peer->client);
    peer->client = NULL;
    if (peer->ws)
        sl_ws_close(peer->ws, 1000, "done"); /* on_close frees */
    else
        free(peer);
}
