/* SPDX-License-Identifier: GPL-3.0-or-later */
/* WebSocket clients: the name, a connection to one of its addresses, TLS, the handshake (RFC 6455
 * 4.1). */
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "http/private.h"
#include "net/net.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    WHY_MAX = 256,  /* of several addresses */
    HOST_MAX = 253, /* RFC 1035 section 2.3.4 */
    KEY_BYTES = 16,
    KEY_LEN = 24,
    PORT_TEXT = 8,
    SWITCHING_PROTOCOLS = 101,
    DEFAULT_TIMEOUT_S = 10,
    MS_PER_S = 1000,
};

/*
 * One connection in the making. It ends when the WebSocket is open or has failed; a name that is
 * still being looked up then keeps the memory (ws is NULL) until the resolver gives it back.
 */
struct sl_ws_dial {
    struct sl_list link; /* in http->dials */
    struct sl_ws *ws;
    struct sl_http *http;
    uv_getaddrinfo_t resolve;
    bool resolving;
    struct sl_dial *dial;   /* once the name has led somewhere */
    struct sl_conn *conn;   /* the connection that is tried */
    struct sl_timer *timer; /* all of it */
    int64_t deadline_us;    /* 0: cancelled */
    struct sl_later end;    /* then */
    char *host, *path, *origin, *subprotocol;
    uint16_t port;
    bool tls, verify;
    bool (*allow)(void *arg, const struct sl_addr *remote);
    char key[KEY_LEN + 1];
    uint8_t *in;
    size_t in_len, in_seen;
    char why[WHY_MAX]; /* why it was cancelled */
};

/* ---- The end ---- */

static void ignore(void *owner)
{
    (void)owner;
}

static void ignore_data(void *owner, uint8_t *data, size_t len)
{
    (void)owner;
    (void)data;
    (void)len;
}

static void ignore_gone(void *owner, const char *why)
{
    (void)owner;
    (void)why;
}

/* For a connection whose dial is over. */
static const struct sl_conn_ops nobody_ops = {ignore, ignore_data, ignore, ignore, ignore_gone};

static void free_dial(struct sl_ws_dial *dial)
{
    free(dial->host);
    free(dial->path);
    free(dial->origin);
    free(dial->subprotocol);
    free(dial->in);
    free(dial);
}

/* Lets go of everything but what the resolver still uses. */
static void release(struct sl_ws_dial *dial)
{
    sl_list_remove(&dial->link);
    sl_timer_destroy(dial->timer);
    sl_later_cancel(&dial->end);
    sl_dial_destroy(dial->dial);
    dial->dial = NULL;
    dial->ws = NULL;
    if (dial->conn) {
        sl_conn_set_owner(dial->conn, &nobody_ops, NULL);
        sl_conn_cut(dial->conn, "given up");
        dial->conn = NULL;
    }
    if (dial->resolving)
        (void)uv_cancel((uv_req_t *)&dial->resolve); /* too late for it: on_resolved comes later */
    else
        free_dial(dial);
}

void sl_ws_dial_end(struct sl_ws_dial *dial, const char *why)
{
    struct sl_ws *ws = dial->ws;
    char words[WHY_MAX];

    (void)snprintf(words, sizeof(words), "%s", why); /* why may lie in dial */
    release(dial);
    ws->dial = NULL;
    ws->state = SL_WS_ENDED;
    ws->ops->on_close(ws->owner, words);
    sl_ws_destroy(ws);
}

static void on_end_later(struct sl_later *later)
{
    struct sl_ws_dial *dial = sl_container_of(later, struct sl_ws_dial, end);

    sl_ws_dial_end(dial, dial->why);
}

void sl_ws_dial_cancel(struct sl_ws_dial *dial, const char *why)
{
    if (!dial)
        return; /* inside on_close of a failed one */
    (void)snprintf(dial->why, sizeof(dial->why), "%s", why);
    dial->deadline_us = 0;
    dial->end.run = on_end_later;
    sl_loop_later(dial->http->loop, &dial->end);
}

struct sl_ws_dial *sl_ws_dial_first(struct sl_http *http)
{
    return sl_list_first(&http->dials, struct sl_ws_dial, link);
}

static bool cancelled(const struct sl_ws_dial *dial)
{
    return dial->deadline_us == 0;
}

static void on_timer(void *owner)
{
    struct sl_ws_dial *dial = owner;

    sl_ws_dial_end(dial, cancelled(dial) ? dial->why : "no answer in time");
}

/* ---- The handshake ---- */

static void send_request(struct sl_ws_dial *dial)
{
    uint8_t nonce[KEY_BYTES];
    char text[4096], port[PORT_TEXT] = "";
    bool v6 = strchr(dial->host, ':') != NULL;

    sl_random_bytes(nonce, sizeof(nonce));
    (void)EVP_EncodeBlock((uint8_t *)dial->key, nonce, sizeof(nonce)); /* always 24 characters */
    if (dial->port != (dial->tls ? 443 : 80))
        (void)snprintf(port, sizeof(port), ":%u", dial->port);
    int len =
        snprintf(text, sizeof(text),
                 "GET %s HTTP/1.1\r\nHost: %s%s%s%s\r\nUpgrade: websocket\r\n"
                 "Connection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
                 "Sec-WebSocket-Version: 13\r\n%s%s%s%s%s%s\r\n",
                 dial->path, v6 ? "[" : "", dial->host, v6 ? "]" : "", port, dial->key,
                 dial->origin ? "Origin: " : "", dial->origin ? dial->origin : "",
                 dial->origin ? "\r\n" : "", dial->subprotocol ? "Sec-WebSocket-Protocol: " : "",
                 dial->subprotocol ? dial->subprotocol : "", dial->subprotocol ? "\r\n" : "");
    if (len < 0 || (size_t)len >= sizeof(text)) {
        sl_conn_cut(dial->conn, "the handshake is too long");
        return;
    }
    struct sl_chunk *chunk = sl_chunk_create((size_t)len);
    memcpy(chunk->data, text, chunk->len);
    sl_conn_send(dial->conn, chunk);
}

/* NULL if the server has agreed; otherwise what is wrong. */
static const char *check_answer(const struct sl_ws_dial *dial, const struct sl_http_head *head)
{
    const char *accept = sl_http_find_field(head, "sec-websocket-accept");
    const char *subprotocol = sl_http_find_field(head, "sec-websocket-protocol");
    char expected[SL_WS_ACCEPT_LEN + 1];

    sl_ws_accept(dial->key, expected);
    if (!sl_http_has_token(head, "upgrade", "websocket") ||
        !sl_http_has_token(head, "connection", "upgrade") || !accept ||
        strcmp(accept, expected) != 0)
        return "not a WebSocket server";
    if (sl_http_find_field(head, "sec-websocket-extensions"))
        return "the server selects an extension that was not offered";
    if (subprotocol && (!dial->subprotocol || strcmp(subprotocol, dial->subprotocol) != 0))
        return "the server selects a subprotocol that was not offered";
    return NULL;
}

/* The server's head is whole: len bytes of in. */
static void on_answer(struct sl_ws_dial *dial, size_t len)
{
    struct sl_ws *ws = dial->ws;
    struct sl_conn *conn = dial->conn;
    uint8_t *in = dial->in;
    size_t early_len = dial->in_len - len;
    struct sl_http_head head;

    if (sl_http_parse_response((char *)in, len, &head) != 0) {
        sl_conn_cut(conn, "not an HTTP server");
        return;
    }
    if (head.status != SWITCHING_PROTOCOLS) {
        char why[WHY_MAX];
        (void)snprintf(why, sizeof(why), "the server answers %d", head.status);
        sl_conn_cut(conn, why);
        return;
    }
    const char *why = check_answer(dial, &head);
    if (why) {
        sl_conn_cut(conn, why);
        return;
    }
    dial->in = NULL;
    dial->conn = NULL;
    release(dial);
    sl_ws_begin(ws, conn, in + len, early_len);
    free(in);
}

/* ---- One connection ---- */

static void on_ready(void *owner)
{
    struct sl_ws_dial *dial = owner;

    if (!cancelled(dial))
        send_request(dial);
}

static void on_data(void *owner, uint8_t *data, size_t len)
{
    struct sl_ws_dial *dial = owner;
    size_t max = dial->http->limits.header_len;

    if (cancelled(dial))
        return;
    uint8_t *larger = sl_alloc(dial->in_len + len + 1); /* at most header_len and one read */
    if (dial->in)
        memcpy(larger, dial->in, dial->in_len);
    memcpy(larger + dial->in_len, data, len);
    free(dial->in);
    dial->in = larger;
    dial->in_len += len;
    size_t head_len = sl_http_find_head_end(dial->in, dial->in_len, dial->in_seen);
    dial->in_seen = dial->in_len;
    if (head_len > max || (head_len == 0 && dial->in_len > max))
        sl_conn_cut(dial->conn, "the server's answer is too long");
    else if (head_len > 0)
        on_answer(dial, head_len);
}

static void on_deadline(void *owner)
{
    struct sl_ws_dial *dial = owner;

    sl_conn_cut(dial->conn, "no answer in time");
}

static void forget_answer(struct sl_ws_dial *dial)
{
    free(dial->in);
    dial->in = NULL;
    dial->in_len = 0;
    dial->in_seen = 0;
}

static void on_gone(void *owner, const char *why)
{
    struct sl_ws_dial *dial = owner;

    dial->conn = NULL;
    forget_answer(dial);
    if (!cancelled(dial)) /* else the timer tells */
        sl_dial_next(dial->dial, -EPIPE, why);
}

static const struct sl_conn_ops conn_ops = {
    .on_ready = on_ready,
    .on_data = on_data,
    .on_sent = ignore,
    .on_deadline = on_deadline,
    .on_gone = on_gone,
};

static SSL *make_tls(struct sl_ws_dial *dial)
{
    SSL_CTX **context = &dial->http->client_tls[dial->verify];

    if (!*context && sl_tls_client_context(dial->verify, context) < 0)
        return NULL;
    return sl_tls_connect(*context, dial->host, dial->verify);
}

static void on_connected(void *owner, int fd)
{
    struct sl_ws_dial *dial = owner;
    SSL *ssl = NULL;

    if (cancelled(dial)) {
        (void)close(fd); /* nothing was sent */
        return;
    }
    if (dial->tls && !(ssl = make_tls(dial))) {
        (void)close(fd); /* nothing was sent */
        sl_dial_next(dial->dial, -ENOMEM, "TLS cannot be set up");
        return;
    }
    int err = sl_conn_create(dial->http->conns, fd, ssl, true, &conn_ops, dial, &dial->conn);
    if (err < 0)
        sl_dial_next(dial->dial, err, uv_strerror(err));
    else
        sl_conn_set_deadline(dial->conn, sl_dial_left_ms(dial->dial));
}

static void on_failed(void *owner, int err, const char *words)
{
    struct sl_ws_dial *dial = owner;

    (void)err; /* the words say it */
    if (!cancelled(dial))
        sl_ws_dial_end(dial, words);
}

static const struct sl_dial_ops dial_ops = {on_connected, on_failed};

/* ---- Addresses ---- */

static bool allowed(const struct sl_ws_dial *dial, const struct sl_addr *addr)
{
    return !dial->allow || dial->allow(dial->ws->owner, addr);
}

static void dial_addresses(struct sl_ws_dial *dial, const struct addrinfo *addresses)
{
    struct sl_addr addrs[SL_DIAL_ADDRESSES_MAX];
    int64_t left_ms = (dial->deadline_us - sl_now_us()) / SL_US_PER_MS;
    size_t count = 0;

    for (const struct addrinfo *at = addresses; at && count < SL_ARRAY_LEN(addrs);
         at = at->ai_next) {
        if (sl_addr_from_sockaddr(&addrs[count], at->ai_addr) == 0 && allowed(dial, &addrs[count]))
            count++;
    }
    if (count == 0) {
        sl_ws_dial_end(dial, addresses ? "the address is not allowed" : "the name has no address");
        return;
    }
    dial->dial = sl_dial_create(&(struct sl_dial_config){
        .loop = dial->http->loop,
        .addrs = addrs,
        .addr_count = count,
        .timeout_ms = left_ms > 1 ? left_ms : 1,
        .ops = &dial_ops,
        .owner = dial,
    });
}

static void on_resolved(uv_getaddrinfo_t *resolve, int status, struct addrinfo *addresses)
{
    struct sl_ws_dial *dial = sl_container_of(resolve, struct sl_ws_dial, resolve);

    dial->resolving = false;
    if (!dial->ws) /* given up meanwhile */
        free_dial(dial);
    else if (cancelled(dial))
        ; /* the timer tells */
    else if (status < 0)
        sl_ws_dial_end(dial, uv_strerror(status));
    else
        dial_addresses(dial, addresses);
    uv_freeaddrinfo(addresses);
}

/* ---- The beginning ---- */

static bool config_ok(const struct sl_ws_connect_config *config)
{
    size_t host_len = strlen(config->host);

    if (host_len == 0 || host_len > HOST_MAX || config->port == 0 || config->path[0] != '/')
        return false;
    /* Nothing may end a line of the handshake or look like another word of it (class 7). */
    if (strpbrk(config->host, " \t/@?#") || strpbrk(config->path, " \t#"))
        return false;
    return sl_http_value_ok(config->host) && sl_http_value_ok(config->path) &&
           (!config->origin || sl_http_value_ok(config->origin)) &&
           (!config->subprotocol || sl_http_token_ok(config->subprotocol));
}

int sl_ws_connect(struct sl_http *http, const struct sl_ws_connect_config *config,
                  struct sl_ws **out)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    int timeout_s = config->timeout_s > 0 ? config->timeout_s : DEFAULT_TIMEOUT_S;
    char port[PORT_TEXT];
    size_t host_len = strlen(config->host);

    assert(sl_loop_is_current(http->loop));
    if (http->closing)
        return -EPIPE;
    if (!config_ok(config))
        return -EINVAL;
    struct sl_ws_dial *dial = sl_new(struct sl_ws_dial);
    bool bracketed = config->host[0] == '[' && config->host[host_len - 1] == ']';
    dial->host = bracketed ? sl_strndup(config->host + 1, host_len - 2) : sl_strdup(config->host);
    dial->http = http;
    dial->port = config->port;
    dial->path = sl_strdup(config->path);
    dial->origin = sl_strdup_or_null(config->origin);
    dial->subprotocol = sl_strdup_or_null(config->subprotocol);
    dial->tls = config->tls;
    dial->verify = config->verify;
    dial->allow = config->allow;
    (void)snprintf(port, sizeof(port), "%u", config->port);
    int err = uv_getaddrinfo(sl_loop_uv(http->loop), &dial->resolve, on_resolved, dial->host, port,
                             &hints);
    if (err < 0) {
        free_dial(dial);
        return err;
    }
    dial->resolving = true;
    dial->deadline_us = sl_now_us() + (int64_t)timeout_s * SL_US_PER_S;
    dial->timer = sl_timer_create(http->loop, on_timer, dial);
    sl_timer_start(dial->timer, (uint64_t)timeout_s * MS_PER_S, 0);
    dial->ws = sl_ws_create(http, true, config->ops, config->arg);
    dial->ws->dial = dial;
    sl_list_append(&http->dials, &dial->link);
    *out = dial->ws;
    return 0;
}
