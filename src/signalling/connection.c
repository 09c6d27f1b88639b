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
        sl_timer_stop(connection->timer);
        connection->closing = true;
        sl_ws_abort(connection->ws); /* it would not answer a close either */
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

static void on_close(void *owner, const char *why)
{
    struct connection *connection = owner;
    struct sl_signalling *signalling = connection->signalling;
    char quoted[128];

    sl_log(SL_LOG_DEBUG, &connection->log, "socket closed: %s",
           sl_log_quote(quoted, sizeof(quoted), why));
    sl_timer_destroy(connection->timer);
    sl_inbox_close(connection);
    sl_session_destroy(connection->session);
    sl_list_remove(&connection->link);
    signalling->connection_count--;
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
