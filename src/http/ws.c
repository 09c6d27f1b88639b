/* SPDX-License-Identifier: GPL-3.0-or-later */
/* WebSockets, both sides, once TCP and TLS are there (RFC 6455). */
#include "base/blob.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "http/private.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    KEY_LEN = 24,           /* Base64 of 16 bytes */
    CLOSE_REASON_MAX = 123, /* section 5.5.1 */
    WHY_MAX = 96,
    SLICE_US = 250, /* of messages of one peer; then the others get their turn */
    BAD_REQUEST = 400,
    UPGRADE_REQUIRED = 426,
};

static void enter(struct sl_ws *ws, enum sl_ws_state state)
{
    assert(state > ws->state);
    ws->state = state;
}

/* ---- Life ---- */

struct sl_ws *sl_ws_create(struct sl_http *http, bool client, const struct sl_ws_ops *ops,
                           void *arg)
{
    struct sl_ws *ws = sl_new(struct sl_ws);

    ws->http = http;
    ws->client = client;
    ws->ops = ops;
    ws->owner = arg;
    ws->queue_max = http->limits.ws_queue_len;
    sl_ws_reader_init(&ws->reader, !client, http->limits.ws_message_len);
    return ws;
}

void sl_ws_destroy(struct sl_ws *ws)
{
    sl_ws_reader_deinit(&ws->reader);
    free(ws->origin);
    free(ws);
}

static void end(struct sl_ws *ws, const char *why)
{
    enter(ws, SL_WS_ENDED);
    sl_conn_finish(ws->conn, SL_HTTP_CLOSE_MS, why);
}

/* ---- Sending ---- */

static struct sl_chunk *build_frame(const struct sl_ws *ws, enum sl_ws_opcode opcode,
                                    const void *payload, size_t len)
{
    uint8_t header[SL_WS_HEADER_MAX], mask[4];

    if (ws->client)
        sl_random_bytes(mask, sizeof(mask)); /* section 5.3: unpredictable */
    size_t header_len = sl_ws_build_header(header, opcode, len, ws->client ? mask : NULL);
    struct sl_chunk *chunk = sl_chunk_create(header_len + len);
    memcpy(chunk->data, header, header_len);
    if (len > 0)
        memcpy(chunk->data + header_len, payload, len);
    if (ws->client)
        sl_ws_mask(chunk->data + header_len, len, mask, 0);
    return chunk;
}

/* code SL_WS_CODE_NONE: an empty one. */
static void send_close_frame(struct sl_ws *ws, unsigned code, const char *reason)
{
    uint8_t payload[2 + CLOSE_REASON_MAX];
    size_t len = 0;

    if (sl_ws_close_code_valid(code)) {
        size_t reason_len = strnlen(reason ? reason : "", CLOSE_REASON_MAX);
        /* Not cut inside a character: the peer would have to call it an error. */
        while (reason_len > 0 && !sl_utf8_valid(reason, reason_len))
            reason_len--;
        payload[0] = (uint8_t)(code >> 8);
        payload[1] = (uint8_t)code;
        if (reason_len > 0)
            memcpy(payload + 2, reason, reason_len);
        len = 2 + reason_len;
    }
    sl_conn_send(ws->conn, build_frame(ws, SL_WS_CLOSE, payload, len));
}

/* The peer has broken a rule, or does not read: tells it, if it still listens, and ends. */
static void fail(struct sl_ws *ws, unsigned code, const char *why)
{
    send_close_frame(ws, code, why);
    end(ws, why);
}

/* 0: there is room for so many bytes. */
static int check_room(struct sl_ws *ws, size_t len)
{
    if (ws->state != SL_WS_OPEN || !sl_conn_alive(ws->conn))
        return -EPIPE;
    size_t queued = sl_conn_queued(ws->conn);
    if (queued <= ws->queue_max && len <= ws->queue_max - queued)
        return 0;
    sl_conn_drop_queue(ws->conn);
    fail(ws, SL_WS_CODE_POLICY, "does not read");
    return -ENOBUFS;
}

static int send_frame(struct sl_ws *ws, enum sl_ws_opcode opcode, const void *payload, size_t len)
{
    int err = check_room(ws, len);

    if (err == 0)
        sl_conn_send(ws->conn, build_frame(ws, opcode, payload, len));
    return err;
}

int sl_ws_send_text(struct sl_ws *ws, const char *text, size_t len)
{
    return send_frame(ws, SL_WS_TEXT, text, len);
}

int sl_ws_send_binary(struct sl_ws *ws, const uint8_t *data, size_t len)
{
    return send_frame(ws, SL_WS_BINARY, data, len);
}

struct sl_blob *sl_ws_message_create(size_t len, uint8_t **payload)
{
    uint8_t header[SL_WS_HEADER_MAX];
    size_t header_len = sl_ws_build_header(header, SL_WS_BINARY, len, NULL);
    struct sl_blob *message = sl_blob_create(header_len + len);

    if (!message)
        return NULL;
    memcpy(message->data, header, header_len);
    *payload = message->data + header_len;
    return message;
}

/* RFC 6455 section 5.2: how long the length is, it says itself. */
const uint8_t *sl_ws_message_payload(const struct sl_blob *message, size_t *len)
{
    enum { SHORT = 2, LEN_16 = 126, LEN_64 = 127 };
    uint8_t first = message->data[1];
    size_t header_len = first == LEN_64 ? SHORT + 8 : first == LEN_16 ? SHORT + 2 : SHORT;

    *len = message->len - header_len;
    return message->data + header_len;
}

int sl_ws_send_messages(struct sl_ws *ws, struct sl_blob *const *messages, size_t count)
{
    struct sl_chunk *first = NULL, **next = &first;
    size_t len = 0;

    assert(!ws->client); /* whose frames are masked, each in its own way */
    for (size_t i = 0; i < count; i++)
        len += messages[i]->len;
    int err = check_room(ws, len);
    if (err < 0)
        return err;
    for (size_t i = 0; i < count; i++) {
        *next = sl_chunk_of(messages[i]);
        next = &(*next)->next;
    }
    sl_conn_send(ws->conn, first);
    return 0;
}

void sl_ws_drop_queue(struct sl_ws *ws)
{
    if (ws->state == SL_WS_OPEN)
        sl_conn_drop_queue(ws->conn);
}

void sl_ws_set_queue_max(struct sl_ws *ws, size_t len, size_t unsent_len)
{
    ws->queue_max = len;
    if (ws->state == SL_WS_OPEN)
        sl_conn_set_unsent_max(ws->conn, unsent_len);
}

int sl_ws_ping(struct sl_ws *ws)
{
    return send_frame(ws, SL_WS_PING, NULL, 0);
}

void sl_ws_close(struct sl_ws *ws, uint16_t code, const char *reason)
{
    if (ws->state == SL_WS_CONNECTING) {
        sl_ws_dial_cancel(ws->dial, "closed before it was open");
        return;
    }
    if (ws->state != SL_WS_OPEN)
        return;
    send_close_frame(ws, code, reason);
    enter(ws, SL_WS_CLOSING);
    sl_conn_resume(ws->conn); /* the peer's close frame is awaited */
    sl_conn_set_deadline(ws->conn, SL_HTTP_CLOSE_MS);
}

void sl_ws_abort(struct sl_ws *ws)
{
    if (ws->state == SL_WS_CONNECTING) {
        sl_ws_dial_cancel(ws->dial, "aborted");
        return;
    }
    if (ws->state != SL_WS_ENDED)
        enter(ws, SL_WS_ENDED);
    sl_conn_cut(ws->conn, "aborted");
}

/* ---- Receiving ---- */

/* The peer's close frame: answered with the same code unless ours is out (section 5.5.1). */
static void on_close_frame(struct sl_ws *ws, const uint8_t *payload, size_t len)
{
    unsigned code = len >= 2 ? (unsigned)payload[0] << 8 | payload[1] : SL_WS_CODE_NONE;
    bool by_us = ws->state == SL_WS_CLOSING;
    char why[WHY_MAX];

    if (len == 1 || (len >= 2 && !sl_ws_close_code_valid(code))) {
        fail(ws, SL_WS_CODE_PROTOCOL, "a malformed close frame");
        return;
    }
    if (len > 2 && !sl_utf8_valid(payload + 2, len - 2)) {
        fail(ws, SL_WS_CODE_BAD_DATA, "a close reason that is not UTF-8");
        return;
    }
    if (!by_us)
        send_close_frame(ws, code, NULL);
    (void)snprintf(why, sizeof(why), "closed by %s, code %u", by_us ? "us" : "the peer", code);
    end(ws, why);
}

static bool on_message(void *owner, enum sl_ws_opcode opcode, const uint8_t *payload, size_t len)
{
    struct sl_ws *ws = owner;

    if (opcode == SL_WS_CLOSE) {
        on_close_frame(ws, payload, len);
    } else if (ws->state == SL_WS_OPEN) { /* else we have said our goodbye already */
        switch (opcode) {
        case SL_WS_TEXT:
            ws->ops->on_text(ws->owner, (const char *)payload, len);
            break;
        case SL_WS_BINARY:
            if (ws->ops->on_binary)
                ws->ops->on_binary(ws->owner, payload, len);
            break;
        case SL_WS_PING:
            (void)send_frame(ws, SL_WS_PONG, payload, len); /* a failure has ended it */
            break;
        case SL_WS_PONG:
            if (ws->ops->on_pong)
                ws->ops->on_pong(ws->owner);
            break;
        case SL_WS_CONTINUATION: /* joined by the reader */
        case SL_WS_CLOSE:
            break;
        }
    }
    return ws->state != SL_WS_ENDED && sl_conn_alive(ws->conn) && !sl_conn_is_paused(ws->conn) &&
           sl_now_us() < ws->slice_end_us;
}

static void on_data(void *owner, uint8_t *data, size_t len)
{
    struct sl_ws *ws = owner;
    const char *why = NULL;
    size_t used;

    if (ws->state == SL_WS_ENDED)
        return;
    ws->slice_end_us = sl_now_us() + SLICE_US;
    int code = sl_ws_reader_feed(&ws->reader, data, len, on_message, ws, &used, &why);
    if (code != 0)
        fail(ws, (unsigned)code, why);
    else if (ws->state != SL_WS_ENDED)
        sl_conn_unread(ws->conn, data + used, len - used);
}

void sl_ws_pause(struct sl_ws *ws)
{
    if (ws->state == SL_WS_OPEN)
        sl_conn_pause(ws->conn);
}

void sl_ws_resume(struct sl_ws *ws)
{
    if (ws->state == SL_WS_OPEN)
        sl_conn_resume(ws->conn);
}

void sl_ws_set_message_max(struct sl_ws *ws, size_t len)
{
    sl_ws_reader_set_message_max(&ws->reader, len);
}

/* ---- Events of the connection ---- */

static void on_ready(void *owner)
{
    (void)owner; /* it was ready before it became a WebSocket's */
}

static void on_sent(void *owner)
{
    (void)owner;
}

static void on_deadline(void *owner)
{
    struct sl_ws *ws = owner;

    enter(ws, SL_WS_ENDED); /* only CLOSING has one */
    sl_conn_cut(ws->conn, "closed by us, without an answer");
}

static void on_gone(void *owner, const char *why)
{
    struct sl_ws *ws = owner;

    ws->state = SL_WS_ENDED; /* whatever it was: the owner's last calls go nowhere */
    sl_stranger_remove(&ws->stranger);
    sl_admission_leave(&ws->http->admission, ws->ip);
    if (ws->owned)
        ws->ops->on_close(ws->owner, why);
    sl_ws_destroy(ws);
}

static const struct sl_conn_ops ws_conn_ops = {
    .on_ready = on_ready,
    .on_data = on_data,
    .on_sent = on_sent,
    .on_deadline = on_deadline,
    .on_gone = on_gone,
};

void sl_ws_begin(struct sl_ws *ws, struct sl_conn *conn, uint8_t *early, size_t len)
{
    ws->conn = conn;
    ws->dial = NULL;
    sl_conn_set_owner(conn, &ws_conn_ops, ws);
    sl_conn_set_deadline(conn, 0);
    enter(ws, SL_WS_OPEN);
    void *owner = ws->ops->on_open(ws->owner, ws);
    if (!owner) {
        if (ws->state == SL_WS_OPEN)
            fail(ws, SL_WS_CODE_TRY_LATER, "refused");
        return;
    }
    ws->owner = owner;
    ws->owned = true;
    if (len > 0 && sl_conn_alive(conn))
        on_data(ws, early, len);
}

/* ---- The server's handshake (section 4.2) ---- */

/* 16 bytes in Base64: what they are does not matter. */
static bool key_ok(const char *key)
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    return key && strlen(key) == KEY_LEN && strspn(key, base64) == KEY_LEN - 2 &&
           strcmp(key + KEY_LEN - 2, "==") == 0;
}

static void send_handshake(struct sl_conn *conn, const char *key)
{
    char accept[SL_WS_ACCEPT_LEN + 1], text[192];

    sl_ws_accept(key, accept);
    /* No subprotocol and no extension is selected: none is known (websocket-api.md section 1.1). */
    int len = snprintf(text, sizeof(text),
                       "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                       accept);
    struct sl_chunk *chunk = sl_chunk_create((size_t)len);
    memcpy(chunk->data, text, chunk->len);
    sl_conn_send(conn, chunk);
}

static void give_way(struct sl_stranger *stranger)
{
    struct sl_ws *ws = sl_container_of(stranger, struct sl_ws, stranger);

    if (ws->state == SL_WS_OPEN)
        fail(ws, SL_WS_CODE_TRY_LATER, "gave way to a newer connection of its address");
    else
        sl_conn_cut(ws->conn, "gave way to a newer connection of its address");
}

int sl_ws_upgrade(struct sl_listener *listener, struct sl_conn *conn,
                  const struct sl_http_request *request, struct sl_ip_entry *ip, uint8_t *early,
                  size_t len)
{
    const struct sl_http_head *head = &request->head;
    const char *key = sl_http_find_field(head, "sec-websocket-key");
    const char *version = sl_http_find_field(head, "sec-websocket-version");
    const char *origin = sl_http_find_field(head, "origin");

    if (!listener->ws || strcmp(head->method, "GET") != 0 || head->minor_version == 0 ||
        head->chunked || head->content_length > 0 || !key_ok(key) ||
        !sl_http_has_token(head, "connection", "upgrade"))
        return BAD_REQUEST;
    if (!version || strcmp(version, "13") != 0)
        return UPGRADE_REQUIRED;
    struct sl_ws *ws = sl_ws_create(listener->http, false, listener->ws, listener->ws_arg);
    ws->ip = ip;
    ws->stranger.give_way = give_way;
    ws->origin = sl_strdup_or_null(origin);
    sl_admission_add_stranger(&listener->http->admission, &ws->stranger, ip);
    send_handshake(conn, key);
    sl_ws_begin(ws, conn, early, len);
    return 0;
}

void sl_ws_set_owner(struct sl_ws *ws, const struct sl_ws_ops *ops, void *owner)
{
    ws->ops = ops;
    ws->owner = owner;
}

void sl_ws_known(struct sl_ws *ws)
{
    sl_stranger_remove(&ws->stranger);
}

/* ---- What a WebSocket knows ---- */

const struct sl_addr *sl_ws_remote(const struct sl_ws *ws)
{
    static const struct sl_addr unknown;

    return ws->conn ? sl_conn_remote(ws->conn) : &unknown;
}

const struct sl_addr *sl_ws_local(const struct sl_ws *ws)
{
    static const struct sl_addr unknown;

    return ws->conn ? sl_conn_local(ws->conn) : &unknown;
}

const char *sl_ws_origin(const struct sl_ws *ws)
{
    return ws->origin ? ws->origin : "";
}

size_t sl_ws_queued_bytes(const struct sl_ws *ws)
{
    return ws->conn ? sl_conn_queued(ws->conn) : 0;
}
