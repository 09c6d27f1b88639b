/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A WCS client without media. */
#include "pull/agent.h"

#include "base/clock.h"
#include "base/mem.h"
#include "http/http.h"
#include "net/net.h"
#include "pull/message.h"

#include <assert.h>
#include <string.h>

enum {
    /* A protocol ping, which every WebSocket server answers, and how long all may be still: half of
     * what the other side's pings are given (websocket-api.md 3.4). */
    PING_INTERVAL_MS = 5000,
    SILENCE_MAX_US = 25 * SL_US_PER_S,
    MALFORMED_MAX = 100, /* in a row; the SDK passes over what it cannot read, and so do we */
    CLOSE_NORMAL = 1000,
};

/* See agent.h. */
enum agent_state { CONNECTING, OPEN, ESTABLISHED, GONE };

struct agent {
    enum agent_state state;
    struct sl_ws *ws;
    struct sl_timer *ping_timer;
    int64_t heard_us;
    unsigned malformed;
    bool publish, cluster, requested, answered, up;
    char *node_id, *id, *name;
    const struct agent_ops *ops;
    void *owner; /* NULL: it has left */
};

static void agent_free(struct agent *agent)
{
    sl_timer_destroy(agent->ping_timer);
    free(agent->node_id);
    free(agent->id);
    free(agent->name);
    free(agent);
}

/* Takes the text. A socket that cannot take it tells on_close. */
static void send_text(struct agent *agent, char *text)
{
    if (text)
        (void)sl_ws_send_text(agent->ws, text, strlen(text));
    free(text);
}

/* From within a message or timer: the owner is told, and the rest is a leave. */
static void end(struct agent *agent, bool failed, const char *why)
{
    void *owner = agent->owner;

    if (!owner)
        return;
    agent->owner = NULL;
    agent->state = GONE;
    sl_timer_stop(agent->ping_timer);
    sl_ws_close(agent->ws, CLOSE_NORMAL, "");
    agent->ops->on_end(owner, failed, why);
}

/* ---- What the server says ---- */

static void on_user_data(struct agent *agent, const struct message *message)
{
    if (agent->state != OPEN)
        return;
    if (message->status && strcmp(message->status, "ESTABLISHED") != 0) {
        end(agent, true, "the session was not established");
        return;
    }
    agent->state = ESTABLISHED;
    agent->ops->on_established(agent->owner);
}

static bool is_ours(const struct agent *agent, const struct message *message)
{
    return agent->requested && message->id && strcmp(message->id, agent->id) == 0;
}

static void on_fail(struct agent *agent, const struct message *message)
{
    if (agent->state != ESTABLISHED || is_ours(agent, message))
        end(agent, true, message->info ? message->info : "refused");
}

static void on_stream_guard(struct agent *agent, const struct message *message)
{
    if (is_ours(agent, message) && message->open)
        agent->ops->on_open(agent->owner);
}

static void on_remote_sdp(struct agent *agent, const struct message *message)
{
    if (!is_ours(agent, message) || agent->answered)
        return; /* there is one per stream (websocket-api.md 6.5) */
    agent->answered = true;
    if (message->sdp)
        agent->ops->on_answer(agent->owner, message->sdp);
    else
        end(agent, true, "an answer without SDP");
}

static void on_stream_status(struct agent *agent, const struct message *message)
{
    const char *status = message->status ? message->status : "";

    if (!is_ours(agent, message))
        return;
    if (strcmp(status, "PLAYING") == 0 || strcmp(status, "PUBLISHING") == 0) {
        agent->up = true;
        agent->ops->on_up(agent->owner, message->audio_muted, message->video_muted);
    } else if (strcmp(status, "FAILED") == 0 || strcmp(status, "STOPPED") == 0 ||
               strcmp(status, "UNPUBLISHED") == 0) {
        end(agent, !agent->up, message->info && message->info[0] ? message->info : status);
    }
}

static void on_stream_event(struct agent *agent, const struct message *message)
{
    if (is_ours(agent, message) && message->type)
        agent->ops->on_event(agent->owner, message->type, message->event_info, message->payload);
}

static void on_message(struct agent *agent, const struct message *message)
{
    switch (message->kind) {
    case MESSAGE_OTHER:
        break;
    case MESSAGE_USER_DATA:
        on_user_data(agent, message);
        break;
    case MESSAGE_PING:
        send_text(agent, sl_message_build_pong());
        break;
    case MESSAGE_FAIL:
        on_fail(agent, message);
        break;
    case MESSAGE_STREAM_GUARD:
        on_stream_guard(agent, message);
        break;
    case MESSAGE_REMOTE_SDP:
        on_remote_sdp(agent, message);
        break;
    case MESSAGE_STREAM_STATUS:
        on_stream_status(agent, message);
        break;
    case MESSAGE_STREAM_EVENT:
        on_stream_event(agent, message);
        break;
    }
}

/* ---- The socket ---- */

static void *on_open(void *arg, struct sl_ws *ws)
{
    struct agent *agent = arg;

    agent->ws = ws;
    agent->state = OPEN;
    agent->heard_us = sl_now_us();
    sl_timer_start(agent->ping_timer, PING_INTERVAL_MS, PING_INTERVAL_MS);
    send_text(agent, sl_message_build_connection(agent->node_id, agent->cluster));
    return agent;
}

static void on_text(void *owner, const char *text, size_t len)
{
    struct agent *agent = owner;
    struct message message;

    if (!agent->owner)
        return;
    agent->heard_us = sl_now_us();
    if (sl_message_parse(text, len, &message) < 0) {
        if (++agent->malformed == MALFORMED_MAX)
            end(agent, true, "the server sends what is no message");
        return;
    }
    agent->malformed = 0;
    on_message(agent, &message);
    sl_message_free(&message);
}

static void on_pong(void *owner)
{
    struct agent *agent = owner;

    agent->heard_us = sl_now_us();
}

static void on_close(void *owner, const char *why)
{
    struct agent *agent = owner;
    void *told = agent->owner;

    agent->owner = NULL;
    if (told)
        agent->ops->on_end(told, true, why);
    agent_free(agent);
}

static const struct sl_ws_ops ws_ops = {
    .on_open = on_open,
    .on_text = on_text,
    .on_pong = on_pong,
    .on_close = on_close,
};

static void on_ping_timer(void *owner)
{
    struct agent *agent = owner;

    if (sl_now_us() - agent->heard_us > SILENCE_MAX_US)
        end(agent, true, "the server is silent");
    else
        (void)sl_ws_ping(agent->ws); /* a dead socket tells on_close */
}

/* ---- Life ---- */

int sl_agent_create(const struct agent_config *config, struct agent **out)
{
    struct agent *agent = sl_new(struct agent);
    struct sl_ws_connect_config connect = {
        .host = config->uri->host,
        .port = config->uri->port,
        .path = config->uri->path,
        .tls = config->tls,
        .ops = &ws_ops,
        .arg = agent,
        .timeout_s = config->connect_timeout_s,
        .who = SL_REACH_PULL,
    };

    int err = sl_ws_connect(config->http, &connect, &agent->ws);
    if (err < 0) {
        free(agent);
        return err;
    }
    agent->ping_timer = sl_timer_create(config->loop, on_ping_timer, agent);
    agent->publish = config->publish;
    agent->cluster = config->cluster;
    agent->node_id = sl_strdup(config->node_id);
    agent->id = sl_strdup(config->media_session_id);
    agent->name = sl_strdup(config->name);
    agent->ops = config->ops;
    agent->owner = config->owner;
    *out = agent;
    return 0;
}

void sl_agent_request(struct agent *agent, const char *sdp, bool has_audio, bool has_video)
{
    struct message_stream stream = {agent->id, agent->name, agent->publish,
                                    has_audio, has_video,   sdp};

    assert(agent->state == ESTABLISHED && !agent->requested);
    agent->requested = true;
    send_text(agent, sl_message_build_request(&stream));
}

void sl_agent_leave(struct agent *agent)
{
    if (!agent)
        return;
    agent->owner = NULL;
    sl_timer_stop(agent->ping_timer);
    if (agent->requested) {
        struct message_stream stream = {
            .id = agent->id, .name = agent->name, .publish = agent->publish};
        send_text(agent, sl_message_build_stop(&stream));
    }
    agent->state = GONE;
    sl_ws_close(agent->ws, CLOSE_NORMAL, "");
}

const struct sl_addr *sl_agent_remote(const struct agent *agent)
{
    return sl_ws_remote(agent->ws);
}
