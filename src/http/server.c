/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Server connections: requests one after the other, or one that becomes a WebSocket. */
#include "http/private.h"

#include "base/log.h"
#include "base/mem.h"
#include "net/net.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
    MS_PER_S = 1000,
    IN_ROOM_MIN = 1024,
    SLOWEST_BYTES_PER_S = 8192, /* a client that reads an answer slower than this is cut */
};

/*
 * enter() is the only place that changes the state.
 *
 *   HEAD -> BODY        read_head: the head is whole and good
 *   BODY -> ANSWERING   hand_over: the handler has the request
 *   ANSWERING -> SENDING   sl_http_peer_answer
 *   SENDING -> HEAD     on_sent: the connection is kept alive
 *   any -> ENDING       refuse, sl_http_peer_answer: the connection is not kept
 *
 * Reading is paused outside HEAD and BODY: what a client sends ahead waits in the kernel, so one
 * answer is in memory at a time.
 */
enum peer_state { HEAD, BODY, ANSWERING, SENDING, ENDING };

/* A body that comes piece by piece, in SENDING or ENDING. */
struct sl_http_body {
    const struct sl_http_body_ops *ops; /* NULL: there is none */
    void *owner;
    uint64_t left; /* bytes that have not been given */
};

struct sl_http_peer {
    struct sl_list waiting; /* in http->waiting while HEAD or BODY */
    struct sl_listener *listener;
    struct sl_conn *conn;
    struct sl_ip_entry *ip;
    struct sl_stranger stranger; /* HEAD, BODY */
    enum peer_state state;
    bool kept_alive; /* at least one request was answered */
    bool begun;      /* a byte of the next request is there */
    bool owner_known;
    uid_t owner; /* whose the other end is, if it is within this machine */
    uint8_t *in; /* NULL while there is nothing */
    size_t in_len, in_room, in_seen;
    struct sl_http_request *request; /* from BODY to ANSWERING */
    struct sl_http_body body;
};

static void give_way(struct sl_stranger *stranger)
{
    struct sl_http_peer *peer = sl_container_of(stranger, struct sl_http_peer, stranger);

    sl_list_remove(&peer->waiting);
    sl_conn_cut(peer->conn, "gave way to a newer connection of its address");
}

static void tell_gave_way(struct sl_http *http)
{
    if (http->admission.gave_way)
        sl_http_count_refused(http, "too many strangers from one address");
    http->admission.gave_way = false;
}

static void enter(struct sl_http_peer *peer, enum peer_state state)
{
    struct sl_http *http = peer->listener->http;

    peer->state = state;
    switch (state) {
    case HEAD:
        peer->begun = false;
        sl_list_append(&http->waiting, &peer->waiting);
        sl_admission_add_stranger(&http->admission, &peer->stranger, peer->ip);
        tell_gave_way(http);
        sl_conn_resume(peer->conn);
        break;
    case BODY:
        break;
    case ANSWERING:
        sl_list_remove(&peer->waiting);
        sl_stranger_remove(&peer->stranger);
        sl_conn_pause(peer->conn);
        sl_conn_set_deadline(peer->conn, 0); /* it is the handler's time now */
        break;
    case SENDING:
    case ENDING:
        sl_list_remove(&peer->waiting);
        sl_stranger_remove(&peer->stranger);
        break;
    }
}

/* ---- Answering ---- */

static int64_t sending_ms(const struct sl_http_peer *peer, uint64_t len)
{
    return (int64_t)peer->listener->http->limits.idle_timeout_s * MS_PER_S +
           (int64_t)(len / SLOWEST_BYTES_PER_S) * MS_PER_S;
}

static struct sl_http_body *begin_body(struct sl_http_peer *peer,
                                       const struct sl_http_body_config *config)
{
    peer->body = (struct sl_http_body){config->ops, config->owner, config->len};
    return &peer->body;
}

struct sl_http_body *sl_http_peer_answer(struct sl_http_peer *peer,
                                         const struct sl_http_answer *answer)
{
    bool comes_later = answer->later && !answer->head_only;

    assert(peer->state == ANSWERING);
    peer->request = NULL; /* the caller's */
    enter(peer, answer->keep_alive ? SENDING : ENDING);
    struct sl_chunk *chunk = sl_http_build_answer(answer);
    int64_t within_ms = sending_ms(peer, comes_later ? 0 : answer->len);
    sl_conn_set_deadline(peer->conn, within_ms);
    sl_conn_send(peer->conn, chunk);
    if (comes_later)
        return begin_body(peer, answer->later);
    if (!answer->keep_alive)
        sl_conn_finish(peer->conn, within_ms, "answered");
    return NULL;
}

void sl_http_body_give(struct sl_http_body *body, struct sl_chunk *chunk)
{
    struct sl_http_peer *peer = sl_container_of(body, struct sl_http_peer, body);

    assert(chunk->len > 0 && chunk->len <= body->left);
    body->left -= chunk->len;
    sl_conn_set_deadline(peer->conn, sending_ms(peer, chunk->len));
    sl_conn_send(peer->conn, chunk);
}

void sl_http_body_cut(struct sl_http_body *body, const char *why)
{
    sl_conn_cut(sl_container_of(body, struct sl_http_peer, body)->conn, why);
}

static void end_body(struct sl_http_peer *peer)
{
    struct sl_http_body body = peer->body;

    peer->body.ops = NULL;
    body.ops->on_end(body.owner);
}

/* Answers what no handler will see, and ends the connection: after a fault nobody knows where the
 * next request begins. */
static void refuse(struct sl_http_peer *peer, int status)
{
    static const struct sl_http_header_line upgrade[] = {
        {"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}, /* RFC 6455 section 4.2.2 */
    };
    char body[32];
    int len = snprintf(body, sizeof(body), "{\"status\":%d}", status); /* REST-6 */
    struct sl_http_answer answer = {
        .status = status,
        .content_type = "application/json;charset=UTF-8",
        .body = body,
        .len = (size_t)len,
        .headers = upgrade,
        .header_count = status == 426 ? SL_ARRAY_LEN(upgrade) : 0,
    };
    char why[48];

    enter(peer, ENDING);
    (void)snprintf(why, sizeof(why), "refused with %d", status);
    sl_conn_send(peer->conn, sl_http_build_answer(&answer));
    sl_conn_finish(peer->conn, SL_HTTP_CLOSE_MS, why);
}

/* ---- Whose it is ---- */

int sl_http_peer_owner(struct sl_http_peer *peer, uid_t *uid)
{
    if (!peer->owner_known) {
        int err = sl_owner_ask(peer->listener->http->owner_fd, sl_conn_remote(peer->conn),
                               sl_conn_local(peer->conn), &peer->owner);
        if (err < 0)
            return err;
        peer->owner_known = true;
    }
    *uid = peer->owner;
    return 0;
}

/* ---- Reading ---- */

static void append_input(struct sl_http_peer *peer, const uint8_t *data, size_t len)
{
    size_t need = peer->in_len + len + 1; /* at most header_len and one read: see read_head */

    if (need > peer->in_room) {
        size_t room = peer->in_room ? peer->in_room : IN_ROOM_MIN;
        while (room < need)
            room *= 2;
        uint8_t *larger = sl_alloc(room);
        if (peer->in)
            memcpy(larger, peer->in, peer->in_len);
        free(peer->in);
        peer->in = larger;
        peer->in_room = room;
    }
    memcpy(peer->in + peer->in_len, data, len);
    peer->in_len += len;
}

static void consume_input(struct sl_http_peer *peer, size_t len)
{
    peer->in_len -= len;
    peer->in_seen = 0;
    if (peer->in_len > 0) {
        memmove(peer->in, peer->in + len, peer->in_len);
        return;
    }
    free(peer->in); /* an idle connection holds no buffer */
    peer->in = NULL;
    peer->in_room = 0;
}

static void hand_over(struct sl_http_peer *peer)
{
    struct sl_http_request *request = peer->request;

    enter(peer, ANSWERING);
    request->peer = peer;
    request->remote = *sl_conn_remote(peer->conn);
    request->local = *sl_conn_local(peer->conn);
    request->tls = sl_conn_is_tls(peer->conn);
    peer->listener->on_request(peer->listener->http_arg, request);
}

static bool is_upgrade(const struct sl_http_head *head)
{
    return sl_http_has_token(head, "upgrade", "websocket");
}

static void destroy_peer(struct sl_http_peer *peer)
{
    sl_list_remove(&peer->waiting);
    sl_http_request_destroy(peer->request);
    free(peer->in);
    free(peer);
}

/* True when the connection is a WebSocket's now, and the peer is gone. */
static bool upgrade(struct sl_http_peer *peer)
{
    struct sl_conn *conn = peer->conn;

    sl_stranger_remove(&peer->stranger); /* the WebSocket is one now */
    int status =
        sl_ws_upgrade(peer->listener, conn, peer->request, peer->ip, peer->in, peer->in_len);

    if (status != 0) {
        refuse(peer, status);
        return false;
    }
    tell_gave_way(peer->listener->http);
    destroy_peer(peer);
    return true;
}

/* What the head asks for before its body is read; 0, or the status to refuse it with. */
static int check_head(struct sl_http_peer *peer)
{
    struct sl_http_request *request = peer->request;
    const struct sl_http_limits *limits = &peer->listener->http->limits;
    const char *expects = sl_http_find_field(&request->head, "expect");

    if (!peer->listener->on_request)
        return 426;
    /* The path lies inside head_text, which is ours to change. */
    if (sl_http_decode_path(request->head_text + (request->head.path - request->head_text)) < 0)
        return 400;
    if (request->head.content_length > limits->body_len)
        return 413;
    if (expects && strcasecmp(expects, "100-continue") != 0)
        return 417;
    if (expects && peer->in_len == 0 &&
        (request->head.chunked || request->head.content_length > 0)) {
        static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        struct sl_chunk *chunk = sl_chunk_create(sizeof(go_on) - 1);
        memcpy(chunk->data, go_on, chunk->len);
        sl_conn_send(peer->conn, chunk);
    }
    return 0;
}

/* Empty lines before a request line are skipped (RFC 9112 section 2.2). */
static void skip_empty_lines(struct sl_http_peer *peer)
{
    size_t count = 0;

    while (count < peer->in_len && (peer->in[count] == '\r' || peer->in[count] == '\n'))
        count++;
    if (count > 0)
        consume_input(peer, count);
}

/* False: it needs more input, or the peer is gone. */
static bool read_head(struct sl_http_peer *peer)
{
    const struct sl_http_limits *limits = &peer->listener->http->limits;

    skip_empty_lines(peer);
    if (peer->in_len == 0)
        return false;
    if (!peer->begun && peer->kept_alive)
        sl_conn_set_deadline(peer->conn, (int64_t)limits->header_timeout_s * MS_PER_S);
    peer->begun = true;
    size_t len = sl_http_find_head_end(peer->in, peer->in_len, peer->in_seen);
    peer->in_seen = peer->in_len;
    if (len > limits->header_len || (len == 0 && peer->in_len > limits->header_len)) {
        refuse(peer, 431);
        return true;
    }
    if (len == 0)
        return false;
    int status = sl_http_request_create(peer->in, len, &peer->request);
    consume_input(peer, len);
    if (status == 0 && is_upgrade(&peer->request->head))
        return !upgrade(peer);
    if (status == 0)
        status = check_head(peer);
    if (status != 0) {
        refuse(peer, status);
        return true;
    }
    peer->request->body_left = peer->request->head.content_length;
    enter(peer, BODY);
    return true;
}

/* Takes what is there of a chunked body; 1 when it is complete, 0 for more, or the status to refuse
 * with. */
static int read_chunked(struct sl_http_peer *peer)
{
    struct sl_http_request *request = peer->request;
    size_t at = 0;
    int status = 0;

    while (at < peer->in_len && status == 0) {
        const uint8_t *data;
        size_t used, len;
        int result = sl_http_chunked_feed(&request->chunked, peer->in + at, peer->in_len - at,
                                          &used, &data, &len);
        at += used;
        if (result < 0)
            status = 400;
        else if (len > peer->listener->http->limits.body_len - request->body_len)
            status = 413;
        else if (len > 0)
            sl_http_request_append_body(request, data, len);
        if (result == 1)
            status = 1;
    }
    if (at > 0)
        consume_input(peer, at);
    return status;
}

/* False: it needs more input. */
static bool read_body(struct sl_http_peer *peer)
{
    struct sl_http_request *request = peer->request;

    if (request->head.chunked) {
        int status = read_chunked(peer);
        if (status == 0)
            return false;
        if (status == 1)
            hand_over(peer);
        else
            refuse(peer, status);
        return true;
    }
    size_t len = peer->in_len < request->body_left ? peer->in_len : (size_t)request->body_left;
    if (len > 0) {
        sl_http_request_append_body(request, peer->in, len);
        request->body_left -= len;
        consume_input(peer, len);
    }
    if (request->body_left > 0)
        return false;
    hand_over(peer);
    return true;
}

/* Goes on as far as the input allows. */
static void process(struct sl_http_peer *peer)
{
    struct sl_conn *conn = peer->conn; /* outlives the peer until the loop's next turn */
    bool more = true;

    while (more && sl_conn_alive(conn)) {
        switch (peer->state) {
        case HEAD:
            more = read_head(peer);
            break;
        case BODY:
            more = read_body(peer);
            break;
        case ANSWERING:
        case SENDING:
        case ENDING:
            more = false;
            break;
        }
    }
}

/* ---- Events of the connection ---- */

static void on_ready(void *owner)
{
    (void)owner; /* TLS is up; the deadline of accept goes on */
}

static void on_data(void *owner, uint8_t *data, size_t len)
{
    struct sl_http_peer *peer = owner;

    append_input(peer, data, len);
    process(peer);
}

static void on_sent(void *owner)
{
    struct sl_http_peer *peer = owner;

    if (peer->body.ops && peer->body.left > 0) {
        sl_conn_set_deadline(peer->conn, 0); /* it is the owner's time now */
        peer->body.ops->on_room(peer->body.owner);
        return;
    }
    if (peer->body.ops) {
        end_body(peer);
        if (peer->state == ENDING)
            sl_conn_finish(peer->conn, SL_HTTP_CLOSE_MS, "answered");
    }
    if (peer->state != SENDING)
        return; /* "100 Continue" */
    peer->kept_alive = true;
    sl_conn_set_deadline(peer->conn,
                         (int64_t)peer->listener->http->limits.idle_timeout_s * MS_PER_S);
    enter(peer, HEAD);
    process(peer);
}

static void on_deadline(void *owner)
{
    struct sl_http_peer *peer = owner;

    if (peer->state == BODY || (peer->state == HEAD && peer->begun))
        refuse(peer, 408);
    else
        sl_conn_cut(peer->conn, peer->state == SENDING ? "reads too slowly" : "idle");
}

static void on_gone(void *owner, const char *why)
{
    struct sl_http_peer *peer = owner;
    struct sl_http_request *request = peer->request;
    char remote[SL_ADDR_TEXT_MAX];

    sl_log(SL_LOG_DEBUG, NULL, "http: %s: %s", sl_addr_format(sl_conn_remote(peer->conn), remote),
           why);
    sl_stranger_remove(&peer->stranger);
    sl_admission_leave(&peer->listener->http->admission, peer->ip);
    if (peer->body.ops)
        end_body(peer);
    if (peer->state == ANSWERING) { /* the handler's; without on_gone it stays until answered */
        peer->request = NULL;
        request->peer = NULL;
        if (request->on_gone) {
            request->on_gone(request->owner);
            sl_http_request_destroy(request);
        }
    }
    destroy_peer(peer);
}

static const struct sl_conn_ops peer_ops = {
    .on_ready = on_ready,
    .on_data = on_data,
    .on_sent = on_sent,
    .on_deadline = on_deadline,
    .on_gone = on_gone,
};

/* ---- Coming and going ---- */

void sl_http_peer_accept(struct sl_listener *listener, int fd, struct sl_ip_entry *ip)
{
    struct sl_http *http = listener->http;
    SSL *ssl = listener->tls ? sl_tls_accept(listener->tls) : NULL;
    struct sl_http_peer *peer = sl_new(struct sl_http_peer);

    peer->listener = listener;
    peer->ip = ip;
    peer->stranger.give_way = give_way;
    if (listener->tls && !ssl)
        (void)close(fd); /* no memory for TLS: nothing was sent */
    else if (sl_conn_create(http->conns, fd, ssl, false, &peer_ops, peer, &peer->conn) == 0) {
        sl_conn_set_deadline(peer->conn, (int64_t)http->limits.header_timeout_s * MS_PER_S);
        enter(peer, HEAD);
        return;
    }
    sl_http_count_refused(http, "no memory");
    sl_admission_leave(&http->admission, ip);
    free(peer);
}

bool sl_http_peer_make_room(struct sl_http *http)
{
    struct sl_http_peer *peer = sl_list_first(&http->waiting, struct sl_http_peer, waiting);

    if (!peer)
        return false;
    sl_list_remove(&peer->waiting);
    sl_stranger_remove(&peer->stranger);
    sl_admission_leave(&http->admission, peer->ip); /* its place is free at once */
    peer->ip = NULL;
    sl_conn_cut(peer->conn, "gave way to a newer connection");
    return true;
}
