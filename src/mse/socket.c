/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Media sockets: who takes them over, and what they may say. */
#include "mse/internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/metrics.h"

#include <jansson.h>
#include <string.h>

enum {
    POLICY = 1008, /* RFC 6455 section 7.4.1 */
    MESSAGE_MAX = 256,
    WAITING_MAX = 4, /* of one session */
    /* WSPlayer opens its socket beside its playStream: the back end may have to be asked first. */
    WAIT_US = 5 * (int)SL_US_PER_S,
};

/* ---- What comes ---- */

/* Nothing but signs of life is expected (14.1). */
static void on_text(void *owner, const char *text, size_t len)
{
    static const char pong[] = "{\"message\":\"pong\"}";
    struct media_socket *socket = owner;

    if (socket->closing)
        return;
    json_t *root = json_loadb(text, len, 0, NULL);
    const char *message = json_string_value(json_object_get(root, "message"));
    if (message && strcmp(message, "ping") == 0)
        (void)sl_ws_send_text(socket->ws, pong, strlen(pong)); /* a full queue shows in on_close */
    else if (!message || strcmp(message, "pong") != 0)
        sl_ws_close(socket->ws, POLICY, "a media socket has nothing to say");
    json_decref(root);
}

static void on_close(void *owner, const char *why)
{
    struct media_socket *socket = owner;
    struct sl_medium *medium = socket->medium;
    void (*on_lost)(struct sl_medium * medium) = socket->on_lost;

    sl_list_remove(&socket->link);
    sl_count(mse_config(socket->mse)->counters, SL_COUNTER_MSE_SOCKETS_CLOSED, 1);
    free(socket->session_id);
    free(socket);
    if (!medium)
        return;
    sl_log(SL_LOG_DEBUG, &medium->log, "media socket closed: %s", why);
    on_lost(medium);
}

static const struct sl_ws_ops ws_ops = {.on_text = on_text, .on_close = on_close};

/* ---- From signalling to a medium ---- */

static bool waits(const struct media_socket *socket)
{
    return !socket->medium && !socket->closing;
}

static size_t count_waiting(struct sl_mse *mse, const char *session_id)
{
    struct media_socket *socket;
    size_t count = 0;

    sl_list_foreach(socket, &mse->sockets, struct media_socket, link) count +=
        waits(socket) && strcmp(socket->session_id, session_id) == 0;
    return count;
}

struct media_socket *sl_media_socket_take(struct sl_mse *mse, const char *session_id,
                                          struct sl_ws *ws)
{
    if (count_waiting(mse, session_id) >= WAITING_MAX)
        return NULL;
    struct media_socket *socket = sl_new(struct media_socket);

    socket->mse = mse;
    socket->ws = ws;
    socket->session_id = sl_strdup(session_id);
    socket->since_us = sl_now_us();
    sl_list_append(&mse->sockets, &socket->link);
    sl_count(mse_config(mse)->counters, SL_COUNTER_MSE_SOCKETS_TAKEN, 1);
    sl_ws_set_owner(ws, &ws_ops, socket);
    sl_ws_set_message_max(ws, MESSAGE_MAX);
    return socket;
}

struct media_socket *sl_media_socket_find(struct sl_mse *mse, const char *session_id)
{
    struct media_socket *socket;

    sl_list_foreach(socket, &mse->sockets, struct media_socket, link)
    {
        if (waits(socket) && strcmp(socket->session_id, session_id) == 0)
            return socket;
    }
    return NULL;
}

void sl_media_socket_bind(struct media_socket *socket, struct sl_medium *medium,
                          void (*on_lost)(struct sl_medium *medium))
{
    socket->medium = medium;
    socket->on_lost = on_lost;
}

void sl_media_socket_close(struct media_socket *socket, uint16_t code, const char *reason)
{
    socket->medium = NULL;
    if (socket->closing)
        return;
    socket->closing = true;
    sl_ws_drop_queue(socket->ws); /* or the goodbye would come behind it */
    sl_ws_close(socket->ws, code, reason);
}

void sl_media_sockets_tick(struct sl_mse *mse, int64_t now_us)
{
    struct media_socket *socket;

    sl_list_foreach(socket, &mse->sockets, struct media_socket, link)
    {
        if (waits(socket) && now_us - socket->since_us > WAIT_US)
            sl_media_socket_close(socket, POLICY, "nothing is played");
    }
}
