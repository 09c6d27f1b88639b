/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One WebSocket: its first message, its life signs (websocket-api.md 3.4) and its end. */
#include "base/clock.h"
#include "signalling/internal.h"

#include <string.h>

enum algorithm { HIGH_LEVEL, INTERNAL, NONE };

static enum algorithm algorithm_of(const struct sl_config *config)
{
    if (strcasecmp(config->keep_alive_algorithm, "INTERNAL") == 0)
        return INTERNAL;
    return strcasecmp(config->keep_alive_algorithm, "NONE") == 0 ? NONE : HIGH_LEVEL;
}

/* ---- Liveness ---- */

static void on_ping_timer(void *owner)
{
    struct connection *connection = owner;
    const struct sl_config *config = connection->signalling->config;

    if (connection->pings >= config->keep_alive_probes) {
        sl_log(SL_LOG_INFO, &connection->log, "no answer to %lld pings: dropped",
               (long long)connection->pings);
        sl_connection_abort(connection);
        return;
    }
    switch (algorithm_of(config)) {
    case HIGH_LEVEL:
        connection->pings++;
        sl_send_message(connection, "ping", json_array());
        break;
    case INTERNAL:
        connection->pings++;
        if (!connection->closing)
            (void)sl_ws_ping(connection->ws); /* a full queue shows in on_close */
        break;
    case NONE:
        break;
    }
    /* Not a repeating timer: the interval may have been reloaded. */
    sl_timer_start(connection->timer, (uint64_t)config->keep_alive_server_interval, 0);
}

void sl_connection_start_pings(struct connection *connection)
{
    const struct sl_config *config = connection->signalling->config;

    sl_timer_destroy(connection->timer);
    connection->timer = sl_timer_create(connection->signalling->loop, on_ping_timer, connection);
    sl_timer_start(connection->timer, (uint64_t)config->keep_alive_server_interval, 0);
}

void sl_handle_ping(struct connection *connection, const struct envelope *envelope)
{
    (void)envelope;
    if (connection_is_established(connection)) /* nothing goes out before getUserData */
        sl_send_message(connection, "pong", json_array());
}

static void on_first_message_timer(void *owner)
{
    struct connection *connection = owner;

    sl_count(connection->signalling->counters, SL_COUNTER_SESSIONS_REFUSED, 1);
    sl_connection_close(connection, 1008, "no connection message");
}

/* ---- Open and close ---- */

void sl_connection_close(struct connection *connection, uint16_t code, const char *reason)
{
    if (connection->closing)
        return;
    connection->closing = true;
    sl_timer_stop(connection->timer);
    sl_ws_close(connection->ws, code, reason);
}

void sl_connection_abort(struct connection *connection)
{
    connection->closing = true;
    sl_timer_stop(connection->timer);
    sl_ws_abort(connection->ws);
}

static void *on_open(void *arg, struct sl_ws *ws)
{
    struct sl_signalling *signalling = arg;
    struct connection *connection = sl_new(struct connection);
    char remote[SL_ADDR_TEXT_MAX];

    connection->signalling = signalling;
    connection->ws = ws;
    sl_log_scope_init(&connection->log, NULL, "client", sl_addr_format(sl_ws_remote(ws), remote));
    connection->timer = sl_timer_create(signalling->loop, on_first_message_timer, connection);
    sl_timer_start(connection->timer, (uint64_t)signalling->config->first_message_timeout_ms, 0);
    int64_t max = signalling->config->ws_message_max;
    sl_ws_set_message_max(ws, max < EARLY_LEN_MAX ? (size_t)max : EARLY_LEN_MAX);
    sl_list_append(&signalling->connections, &connection->link);
    signalling->connection_count++;
    return connection;
}

/* Nothing comes or goes any more. */
static void let_go(struct connection *connection)
{
    connection->closing = true;
    sl_timer_destroy(connection->timer);
    sl_inbox_close(connection);
    sl_list_remove(&connection->link);
    connection->signalling->connection_count--;
}

static void on_close(void *owner, const char *why)
{
    struct connection *connection = owner;
    char quoted[128];

    sl_log(SL_LOG_DEBUG, &connection->log, "socket closed: %s",
           sl_log_quote(quoted, sizeof(quoted), why));
    let_go(connection);
    if (connection->phone)
        connection->signalling->phones->close(connection->phone);
    sl_session_destroy(connection->session);
    free(connection);
}

/* ---- Messages ---- */

void sl_handle_connection(struct connection *connection, const struct envelope *envelope)
{
    json_t *object = sl_field_object(envelope);
    struct sl_session_config config = {
        .ops = &sl_client_ops,
        .client = connection,
        .remote = *sl_ws_remote(connection->ws),
        .local = *sl_ws_local(connection->ws),
        .origin = sl_ws_origin(connection->ws),
        .id_of_addresses = true, /* WS-6 */
    };

    sl_timer_stop(connection->timer);
    sl_ws_known(connection->ws);
    connection->session = sl_session_create(connection->signalling->sessions, &config);
    sl_log_scope_init(&connection->log, NULL, "session", sl_session_id(connection->session));
    sl_session_connect(connection->session, object);
}

/* ---- Media sockets (section 14) ---- */

static void on_given_away(struct sl_later *later)
{
    free(sl_container_of(later, struct connection, given_away));
}

/* A token is no secret: it is of use to its own client only. */
static struct sl_session *find_own_session(const struct connection *connection, const char *token)
{
    struct sl_session *session =
        token ? sl_sessions_find(connection->signalling->sessions, token) : NULL;

    return session && sl_session_status(session) == SL_SESSION_ESTABLISHED &&
                   sl_addr_same_ip(sl_session_remote(session), sl_ws_remote(connection->ws))
               ? session
               : NULL;
}

/* The handler's caller still looks at the connection: its memory goes in the next turn. */
void sl_handle_connect_media_transport(struct connection *connection,
                                       const struct envelope *envelope)
{
    struct sl_signalling *signalling = connection->signalling;
    const struct sl_media_sockets *sockets = signalling->sockets;
    const char *token = sl_field_string(sl_field_object(envelope), "authToken");
    struct sl_session *session = find_own_session(connection, token);

    if (!sockets || !session ||
        !sockets->take(sockets->arg, sl_session_id(session), connection->ws)) {
        sl_count(signalling->counters, SL_COUNTER_MSE_SOCKETS_REFUSED, 1);
        sl_connection_close(connection, 1008, "no media for this socket");
        return;
    }
    sl_ws_known(connection->ws);
    let_go(connection);
    connection->given_away.run = on_given_away;
    sl_loop_later(signalling->loop, &connection->given_away);
}

static void on_text(void *owner, const char *text, size_t len)
{
    struct connection *connection = owner;

    if (connection->closing)
        return;
    sl_count(connection->signalling->counters, SL_COUNTER_WS_MESSAGES_IN, 1);
    connection->pings = 0;
    sl_inbox_take(connection, text, len);
}

static void on_pong(void *owner)
{
    struct connection *connection = owner;

    connection->pings = 0;
}

const struct sl_ws_ops *sl_signalling_ws_ops(void)
{
    /* Binary messages are no part of this socket's protocol (1.1): net/ drops them. */
    static const struct sl_ws_ops ops = {
        .on_open = on_open,
        .on_text = on_text,
        .on_pong = on_pong,
        .on_close = on_close,
    };

    return &ops;
}
