/* SPDX-License-Identifier: GPL-3.0-or-later */
/* WebSockets that remember what was sent. */
#include "base/json.h"
#include "base/mem.h"
#include "fake.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

struct sl_ws {
    struct sl_addr remote, local;
    const struct sl_ws_ops *ops;
    void *owner;
    void (*on_sent)(struct sl_json_span text); /* NULL: it is kept */
    json_t *sent; /* array of what went out and was not yet looked at */
    char *last;   /* the text of the last of them */
    size_t sent_count, pings;
    bool full, closing, paused;
    size_t message_max, queued;
    uint16_t code;
};

struct sl_ws *fake_ws_create(const char *remote_ip, uint16_t remote_port)
{
    struct sl_ws *ws = sl_new(struct sl_ws);

    (void)sl_addr_parse_ip(remote_ip, remote_port, &ws->remote);
    (void)sl_addr_parse_ip("203.0.113.44", 8443, &ws->local);
    ws->sent = json_array();
    return ws;
}

void fake_ws_on_sent(struct sl_ws *ws, void (*on_sent)(struct sl_json_span text))
{
    ws->on_sent = on_sent;
}

void fake_ws_open(struct sl_ws *ws, const struct sl_ws_ops *ops, void *arg)
{
    ws->ops = ops;
    ws->owner = ops->on_open(arg, ws);
}

void fake_ws_receive_bytes(struct sl_ws *ws, const char *text, size_t len)
{
    if (!ws->closing)
        ws->ops->on_text(ws->owner, text, len);
    fake_settle();
}

void fake_ws_receive(struct sl_ws *ws, const char *text)
{
    fake_ws_receive_bytes(ws, text, strlen(text));
}

json_t *fake_ws_next(struct sl_ws *ws)
{
    json_t *first = json_incref(json_array_get(ws->sent, 0));

    if (first)
        (void)json_array_remove(ws->sent, 0);
    return first;
}

const char *fake_ws_last_text(const struct sl_ws *ws)
{
    return ws->last ? ws->last : "";
}

size_t fake_ws_sent_count(const struct sl_ws *ws)
{
    return ws->sent_count;
}

void fake_ws_set_queued(struct sl_ws *ws, size_t len)
{
    ws->queued = len;
}

size_t sl_ws_queued_bytes(const struct sl_ws *ws)
{
    return ws->queued;
}

void fake_ws_set_full(struct sl_ws *ws)
{
    ws->full = true;
}

bool fake_ws_is_closing(const struct sl_ws *ws, uint16_t *code)
{
    *code = ws->code;
    return ws->closing;
}

bool fake_ws_is_paused(const struct sl_ws *ws)
{
    return ws->paused;
}

size_t fake_ws_message_max(const struct sl_ws *ws)
{
    return ws->message_max;
}

size_t fake_ws_pings(const struct sl_ws *ws)
{
    return ws->pings;
}

void fake_ws_pong(struct sl_ws *ws)
{
    ws->ops->on_pong(ws->owner);
}

void fake_ws_gone(struct sl_ws *ws)
{
    if (ws->owner)
        ws->ops->on_close(ws->owner, "gone");
    json_decref(ws->sent);
    free(ws->last);
    free(ws);
}

/* ---- net/http.h ---- */

/* What is passed on may hold what jansson cannot. */
static json_t *load_without_passed_on(const char *text, size_t len)
{
    struct sl_json_span root = {text, len}, object = sl_json_first(sl_json_member(root, "data"));
    struct sl_json_span fields[] = {sl_json_member(object, "payload"),
                                    sl_json_member(object, "info")};

    return sl_json_load_without(text, len, fields, SL_ARRAY_LEN(fields), NULL);
}

/* WS-2 is checked here, for everything that is ever sent. */
int sl_ws_send_text(struct sl_ws *ws, const char *text, size_t len)
{
    assert(!ws->closing);
    assert(sl_json_check(text, len, SL_JSON_DEPTH_MAX + 2, SIZE_MAX) == SL_JSON_GOOD);
    if (ws->on_sent) {
        ws->on_sent((struct sl_json_span){text, len});
        return 0;
    }
    json_t *message = json_loadb(text, len, 0, NULL);
    if (!message)
        message = load_without_passed_on(text, len);
    assert(json_is_string(json_object_get(message, "message")));
    assert(json_is_array(json_object_get(message, "data")));
    free(ws->last);
    ws->last = sl_strndup(text, len);
    if (ws->full) {
        ws->closing = true;
        ws->code = 1008;
        json_decref(message);
        return -ENOBUFS;
    }
    ws->sent_count++;
    (void)json_array_append_new(ws->sent, message);
    return 0;
}

int sl_ws_ping(struct sl_ws *ws)
{
    ws->pings++;
    return 0;
}

void sl_ws_close(struct sl_ws *ws, uint16_t code, const char *reason)
{
    (void)reason;
    ws->closing = true;
    ws->code = code;
}

void sl_ws_pause(struct sl_ws *ws)
{
    ws->paused = true;
}

void sl_ws_resume(struct sl_ws *ws)
{
    ws->paused = false;
}

void sl_ws_set_owner(struct sl_ws *ws, const struct sl_ws_ops *ops, void *owner)
{
    ws->ops = ops;
    ws->owner = owner;
}

void sl_ws_known(struct sl_ws *ws)
{
    (void)ws;
}

void sl_ws_set_message_max(struct sl_ws *ws, size_t len)
{
    ws->message_max = len;
}

void sl_ws_abort(struct sl_ws *ws)
{
    ws->closing = true;
    ws->code = 0;
}

const struct sl_addr *sl_ws_remote(const struct sl_ws *ws)
{
    return &ws->remote;
}

const struct sl_addr *sl_ws_local(const struct sl_ws *ws)
{
    return &ws->local;
}

const char *sl_ws_origin(const struct sl_ws *ws)
{
    (void)ws;
    return "https://example.com";
}
