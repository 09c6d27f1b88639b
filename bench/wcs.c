/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bench's side of the WCS protocol (websocket-api.md). */
#include "peer.h"

#include "base/clock.h"
#include "base/random.h"

#include <string.h>

enum { OFFER_MAX = 8192 };

static void on_open(struct peer *peer)
{
    peer_send(peer,
              json_pack("{s:s, s:[{s:s, s:[s], s:s}]}", "message", "connection", "data", "appKey",
                        "defaultApp", "mediaProviders", "WebRTC", "clientVersion", "2.0"));
}

static void request_stream(struct peer *peer)
{
    char offer[OFFER_MAX], id[27];
    bool publish = peer->config.publishing;
    const struct form *form = &peer->config.form;

    if (peer_build_offer(peer, offer, sizeof(offer)) < 0) {
        peer_fail(peer, "the offer does not fit");
        return;
    }
    sl_random_token(id, sizeof(id) - 1);
    peer->requested_us = sl_now_us();
    peer_send(peer, json_pack("{s:s, s:[{s:s, s:s, s:b, s:b, s:b, s:s, s:b, s:s, s:s, s:i, s:i, "
                              "s:i}]}",
                              "message", publish ? "publishStream" : "playStream", "data",
                              "mediaSessionId", id, "name", peer->stream, "published", publish,
                              "hasVideo", true, "hasAudio", true, "status", "PENDING", "record",
                              false, "mediaProvider", "WebRTC", "sdp", offer, "width", form->width,
                              "height", form->height, "bitrate", form->kbps));
}

static void on_status(struct peer *peer, const json_t *status)
{
    const char *name = json_string_value(json_object_get(status, "status"));
    const char *info = json_string_value(json_object_get(status, "info"));

    if (name && strcmp(name, "FAILED") == 0)
        peer_fail(peer, info ? info : "FAILED");
}

static void on_message(struct peer *peer, json_t *message)
{
    const char *name = json_string_value(json_object_get(message, "message"));
    const json_t *data = json_object_get(message, "data");

    if (!name)
        return;
    if (strcmp(name, "getUserData") == 0) {
        request_stream(peer);
    } else if (strcmp(name, "ping") == 0) {
        peer_send(peer, json_pack("{s:s, s:[n]}", "message", "pong", "data"));
    } else if (strcmp(name, "setRemoteSDP") == 0) {
        const char *sdp = json_string_value(json_array_get(data, 1));
        if (sdp)
            peer_connect(peer, sdp);
    } else if (strcmp(name, "notifyStreamStatusEvent") == 0 || strcmp(name, "fail") == 0) {
        on_status(peer, json_array_get(data, 0));
    }
}

/* ---- Calls ---- */

static void on_phone_open(struct peer *peer)
{
    peer_send(peer,
              json_pack("{s:s, s:[{s:s, s:[s], s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:i}]}",
                        "message", "connection", "data", "appKey", "defaultApp", "mediaProviders",
                        "WebRTC", "clientVersion", "2.0", "sipRegisterRequired", false, "sipLogin",
                        peer->stream, "sipAuthenticationName", peer->stream, "sipPassword", "none",
                        "sipDomain", "127.0.0.1", "sipOutboundProxy", "127.0.0.1", "sipPort",
                        (int)peer->config.sip_port));
}

static void call(struct peer *peer)
{
    char offer[OFFER_MAX];

    if (peer_build_offer(peer, offer, sizeof(offer)) < 0) {
        peer_fail(peer, "the offer does not fit");
        return;
    }
    peer->requested_us = sl_now_us();
    peer_send(peer, json_pack("{s:s, s:[{s:s, s:b, s:b, s:b, s:s, s:s, s:s, s:s, s:s}]}", "message",
                              "call", "data", "callId", peer->stream, "incoming", false, "hasVideo",
                              false, "hasAudio", true, "status", "PENDING", "mediaProvider",
                              "WebRTC", "sdp", offer, "caller", peer->stream, "callee", "echo"));
}

static void on_phone_message(struct peer *peer, json_t *message)
{
    const char *name = json_string_value(json_object_get(message, "message"));

    if (name && strcmp(name, "getUserData") == 0)
        call(peer);
    else if (name && strcmp(name, "finish") == 0)
        on_status(peer, json_array_get(json_object_get(message, "data"), 0));
    else
        on_message(peer, message);
}

const struct protocol protocol_calls = {
    .path = "/",
    .on_open = on_phone_open,
    .on_message = on_phone_message,
};

const struct protocol protocol_wcs = {
    .path = "/",
    .on_open = on_open,
    .on_message = on_message,
};
