/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One simulated browser: its signalling towards Sluice (WCS) or Janus (VideoRoom), and its media.
 */
#ifndef SL_BENCH_PEER_H
#define SL_BENCH_PEER_H

#include "client.h"
#include "form.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct peer;
struct trace;

/* How one server is spoken to. */
struct protocol {
    const char *subprotocol; /* of the WebSocket; NULL: none */
    const char *path;
    void (*on_open)(struct peer *peer);
    void (*on_message)(struct peer *peer, json_t *message);
};
extern const struct protocol protocol_wcs, protocol_janus;
/* WCS again, a call instead of a stream: a peer that publishes hears whom it has called, too. */
extern const struct protocol protocol_calls;

struct peer_config {
    struct client_context *context;
    struct sl_http *http;
    const struct protocol *protocol;
    const char *host;
    uint16_t port;
    bool publishing;
    bool sound_only;
    uint16_t sip_port; /* of a call: whom it is to, at 127.0.0.1 */
    int room;          /* stream "bench-ROOM", or Janus room ROOM */
    struct form form;
    struct trace *trace; /* of a player; NULL: none */
    unsigned number;     /* of the player, there */
};

struct peer {
    struct peer_config config;
    struct sl_ws *ws;
    struct client *client;
    int64_t requested_us; /* when it asked for the media */
    bool failed;
    int64_t janus_session, janus_handle;
    int step;
    char stream[32];
};

struct peer *peer_create(const struct peer_config *config);
/* Closes the WebSocket; the peer's memory goes when that is done. */
void peer_destroy(struct peer *peer);
/* Takes the reference. */
void peer_send(struct peer *peer, json_t *message);
/* Says why, once; the peer stays as it is. */
void peer_fail(struct peer *peer, const char *why);
/* Our offer, for publishing or (WCS) playing. */
int peer_build_offer(struct peer *peer, char *out, size_t len);
/* The server's description has come: media starts. Its payload types are ours. */
void peer_connect(struct peer *peer, const char *sdp);

#endif
