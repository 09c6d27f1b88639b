/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One simulated browser, whatever the server. */
#include "peer.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "http/http.h"
#include "trace.h"

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

/* The codec as browsers offer it. */
static struct sl_source_codec offered(enum sl_codec codec)
{
    struct sl_source_codec offered = {.codec = codec};

    if (codec == SL_CODEC_H264)
        (void)snprintf(offered.fmtp, sizeof(offered.fmtp),
                       "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f");
    return offered;
}

int peer_build_offer(struct peer *peer, char *out, size_t len)
{
    const struct form *form = &peer->config.form;
    struct sl_source_codec audio = offered(form->codecs[SL_AUDIO]),
                           video = offered(form->codecs[SL_VIDEO]);
    struct sl_sdp_offer_config config = {
        .audio = true,
        .video = !peer->config.sound_only,
        .direction = peer->config.sip_port     ? SL_SDP_SENDRECV
                     : peer->config.publishing ? SL_SDP_SENDONLY
                                               : SL_SDP_RECVONLY,
        .ufrag = client_ufrag(peer->client),
        .pwd = client_pwd(peer->client),
        .fingerprint = sl_dtls_identity_fingerprint(peer->config.context->identity),
        .audio_ssrc = client_ssrc(peer->client, SL_AUDIO),
        .video_ssrc = client_ssrc(peer->client, SL_VIDEO),
        .cname = peer->stream,
    };

    /* A call is to be in what it says, which is opus, whatever the other side prefers. */
    if (audio.codec != SL_CODEC_OPUS || peer->config.sip_port) {
        config.audio_codecs = &audio;
        config.audio_codec_count = 1;
    }
    if (video.codec != SL_CODEC_H264) {
        config.video_codecs = &video;
        config.video_codec_count = 1;
    }

    return sl_sdp_build_offer(&config, out, len);
}

/* The first payload type of the codec that the description names for this kind. */
static uint8_t payload_type_of(const struct sl_sdp *sdp, const char *kind, enum sl_codec codec)
{
    for (size_t i = 0; i < sdp->section_count; i++) {
        const struct sl_sdp_section *section = &sdp->sections[i];
        if (strcmp(section->kind, kind) != 0 || section->port == 0)
            continue;
        for (size_t f = 0; f < section->format_count; f++) {
            if (sl_codec_from_name(section->formats[f].name) == codec)
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
    const enum sl_codec *codecs = peer->config.form.codecs;
    uint8_t payload_types[2] = {payload_type_of(sdp, "audio", codecs[SL_AUDIO]),
                                payload_type_of(sdp, "video", codecs[SL_VIDEO])};
    if (payload_types[0] == 0 || (payload_types[1] == 0 && !peer->config.sound_only))
        peer_fail(peer, "the server's description lacks a codec that was asked for");
    else if (client_connect(peer->client, sdp, payload_types) < 0)
        peer_fail(peer, "no transport in the server's description");
    else if (peer->config.trace)
        client_trace(peer->client,
                     trace_player_create(peer->config.trace, peer->config.number, codecs));
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
