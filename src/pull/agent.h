/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The conversation with another server about one stream: WebSocket, `connection`, one playStream or
 * publishStream, pings, and a stop at the end. Knows messages, not media.
 *
 *   CONNECTING -> OPEN (`connection` sent) -> ESTABLISHED (getUserData came) -> GONE
 *
 * Control loop.
 */
#ifndef SL_PULL_AGENT_H
#define SL_PULL_AGENT_H

#include "net/net.h"
#include "pull/pull.h"

struct sl_addr;

struct agent_ops {
    /* The session there exists; sl_agent_request() may follow. */
    void (*on_established)(void *owner);
    /* Another Sluice says that anybody may play the stream; before the answer. */
    void (*on_open)(void *owner);
    /* The answer to our offer, once. */
    void (*on_answer)(void *owner, const char *sdp);
    /* It says that our stream is PUBLISHING or PLAYING, and what of it is muted. */
    void (*on_up)(void *owner, bool audio_muted, bool video_muted);
    /* An event for the players of our stream; info, payload: borrowed, may be NULL. */
    void (*on_event)(void *owner, const char *type, json_t *info, json_t *payload);
    /* The last call, never from within a function of this header: refused, ended there, or lost.
     * failed: not the end that a stream comes to by itself. why may be the other server's words. */
    void (*on_end)(void *owner, bool failed, const char *why);
};

struct agent_config { /* borrowed for the call */
    struct sl_http *http;
    struct sl_loop *loop;
    const struct sl_pull_uri *uri;
    SSL_CTX *tls; /* for wss:// */
    int connect_timeout_s;
    bool publish;
    bool cluster;
    const char *node_id;
    const char *media_session_id; /* of the stream there */
    const char *name;
    const struct agent_ops *ops;
    void *owner;
};

struct agent;
/* -EINVAL: the URL cannot stand in a handshake; -EPIPE: the server stops. */
int sl_agent_create(const struct agent_config *config, struct agent **out);
/* Asks for the stream, once. */
void sl_agent_request(struct agent *agent, const char *sdp, bool has_audio, bool has_video);
/* Takes leave: stops the stream there, closes, and goes by itself. No call after this. NULL is
 * fine. */
void sl_agent_leave(struct agent *agent);
/* The other server's address; once established. */
const struct sl_addr *sl_agent_remote(const struct agent *agent);

#endif
