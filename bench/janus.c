/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bench's side of Janus's WebSocket API and its VideoRoom plugin. Janus runs with ice_lite. */
#include "peer.h"

#include "base/clock.h"
#include "base/random.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { OFFER_MAX = 8192 };

enum step { STEP_CREATE, STEP_ATTACH, STEP_ROOM, STEP_JOIN, STEP_MEDIA };

static void request(struct peer *peer, const char *janus, json_t *extra)
{
    char transaction[13];
    json_t *message = json_pack("{s:s}", "janus", janus);

    sl_random_token(transaction, sizeof(transaction) - 1);
    (void)json_object_set_new(message, "transaction", json_string(transaction));
    if (peer->janus_session)
        (void)json_object_set_new(message, "session_id", json_integer(peer->janus_session));
    if (peer->janus_handle)
        (void)json_object_set_new(message, "handle_id", json_integer(peer->janus_handle));
    if (extra)
        (void)json_object_update_new(message, extra);
    peer_send(peer, message);
}

static void on_open(struct peer *peer)
{
    peer->step = STEP_CREATE;
    request(peer, "create", NULL);
}

static int feed_of(const struct peer *peer)
{
    return 100000 + peer->config.room;
}

static void make_room(struct peer *peer)
{
    peer->step = STEP_ROOM;
    request(peer, "message",
            json_pack("{s:{s:s, s:i, s:b, s:i, s:s, s:s, s:i, s:i}}", "body", "request", "create",
                      "room", peer->config.room, "permanent", false, "publishers", 10, "videocodec",
                      "h264", "audiocodec", "opus", "bitrate", 0, "fir_freq", 0));
}

static void join(struct peer *peer)
{
    peer->step = STEP_JOIN;
    peer->requested_us = sl_now_us();
    if (peer->config.publishing)
        request(peer, "message",
                json_pack("{s:{s:s, s:s, s:i, s:i}}", "body", "request", "join", "ptype",
                          "publisher", "room", peer->config.room, "id", feed_of(peer)));
    else
        request(peer, "message",
                json_pack("{s:{s:s, s:s, s:i, s:[{s:i}]}}", "body", "request", "join", "ptype",
                          "subscriber", "room", peer->config.room, "streams", "feed",
                          feed_of(peer)));
}

static void publish(struct peer *peer)
{
    char offer[OFFER_MAX];

    peer->step = STEP_MEDIA;
    if (peer_build_offer(peer, offer, sizeof(offer)) < 0) {
        peer_fail(peer, "the offer does not fit");
        return;
    }
    request(peer, "message",
            json_pack("{s:{s:s, s:b, s:b}, s:{s:s, s:s}}", "body", "request", "publish", "audio",
                      true, "video", true, "jsep", "type", "offer", "sdp", offer));
}

struct text {
    char buf[OFFER_MAX];
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void append(struct text *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(text->buf + text->len, sizeof(text->buf) - text->len, format, args);
    va_end(args);
    if (len > 0 && (size_t)len < sizeof(text->buf) - text->len)
        text->len += (size_t)len;
}

/* One section of our answer to a subscription's offer: its first codec, received. */
static void append_section(struct text *text, const struct peer *peer,
                           const struct sl_sdp_section *section)
{
    const struct sl_sdp_format *format = &section->formats[0];

    append(text, "m=%s 9 UDP/TLS/RTP/SAVPF %d\r\nc=IN IP4 0.0.0.0\r\na=mid:%s\r\n", section->kind,
           format->payload_type, section->mid);
    append(text, "a=rtpmap:%d %s/%u%s\r\n", format->payload_type, format->name, format->clock_hz,
           format->channels == 2 ? "/2" : "");
    if (format->fmtp[0])
        append(text, "a=fmtp:%d %s\r\n", format->payload_type, format->fmtp);
    append(text, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 %s\r\n",
           client_ufrag(peer->client), client_pwd(peer->client),
           sl_dtls_identity_fingerprint(peer->config.context->identity));
    append(text, "a=setup:active\r\na=rtcp-mux\r\na=recvonly\r\n");
}

static void answer(struct peer *peer, const char *offer)
{
    struct text text = {"", 0};
    struct sl_sdp *sdp;

    peer->step = STEP_MEDIA;
    if (sl_sdp_parse(offer, strlen(offer), &sdp, NULL) < 0) {
        peer_fail(peer, "cannot read Janus's offer");
        return;
    }
    append(&text, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE");
    for (size_t i = 0; i < sdp->section_count; i++)
        append(&text, " %s", sdp->sections[i].mid);
    append(&text, "\r\n");
    for (size_t i = 0; i < sdp->section_count; i++)
        append_section(&text, peer, &sdp->sections[i]);
    sl_sdp_free(sdp);
    request(peer, "message",
            json_pack("{s:{s:s}, s:{s:s, s:s}}", "body", "request", "start", "jsep", "type",
                      "answer", "sdp", text.buf));
    peer_connect(peer, offer);
}

static void on_success(struct peer *peer, const json_t *message)
{
    int64_t id = json_integer_value(json_object_get(json_object_get(message, "data"), "id"));

    if (peer->step == STEP_CREATE) {
        peer->janus_session = id;
        peer->step = STEP_ATTACH;
        request(peer, "attach", json_pack("{s:s}", "plugin", "janus.plugin.videoroom"));
    } else if (peer->step == STEP_ATTACH) {
        peer->janus_handle = id;
        if (peer->config.publishing)
            make_room(peer);
        else
            join(peer);
    } else if (peer->step == STEP_ROOM) {
        join(peer);
    }
}

static void on_event(struct peer *peer, const json_t *message)
{
    const json_t *data = json_object_get(json_object_get(message, "plugindata"), "data");
    const json_t *jsep = json_object_get(message, "jsep");
    const char *sdp = json_string_value(json_object_get(jsep, "sdp"));
    const char *error = json_string_value(json_object_get(data, "error"));

    if (error)
        peer_fail(peer, error);
    else if (peer->config.publishing && peer->step == STEP_JOIN)
        publish(peer);
    else if (peer->config.publishing && sdp)
        peer_connect(peer, sdp);
    else if (sdp && peer->step == STEP_JOIN)
        answer(peer, sdp);
}

static void on_message(struct peer *peer, json_t *message)
{
    const char *janus = json_string_value(json_object_get(message, "janus"));

    if (!janus)
        return;
    if (strcmp(janus, "success") == 0)
        on_success(peer, message);
    else if (strcmp(janus, "event") == 0)
        on_event(peer, message);
    else if (strcmp(janus, "error") == 0)
        peer_fail(peer, "Janus answered with an error");
}

const struct protocol protocol_janus = {
    .subprotocol = "janus-protocol",
    .path = "/",
    .on_open = on_open,
    .on_message = on_message,
};
