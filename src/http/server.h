/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTTP/1.1 and WebSocket server, and WebSocket client, on a control loop. All calls and callbacks
 * on the loop's thread.
 *
 * Bounds live here: header size and time, body size, queued bytes towards a client that does not
 * read, connections, message size.
 */
#ifndef SL_HTTP_SERVER_H
#define SL_HTTP_SERVER_H

#include "base/addr.h"
#include "net/net.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sl_blob;
struct sl_error;
struct sl_loop;

/* ---- The context that carries listeners and client connections of one loop ---- */

struct sl_http;
struct sl_http_limits {
    /* 0 means the number given, except where it is told otherwise. */
    size_t connections; /* of all listeners together; 10000. When they are taken, a newcomer gets
                         * the place of the one that waits longest with no whole request; if none
                         * does, it is closed at accept */
    size_t connections_per_ip; /* per IPv4 address, per /64 of IPv6; 0: no bound */
    size_t strangers_per_ip;   /* of them, those without a whole request and WebSockets before
                                * sl_ws_known(): the oldest gives way; 0: no bound */
    size_t header_len;         /* bytes of request header; 16384 */
    int header_timeout_s;      /* a request must be whole by then; 10 */
    size_t body_len;           /* bytes of request body: 413; 1 MiB */
    size_t ws_message_len;     /* bytes of one WebSocket message: close 1009; 256 KiB */
    size_t ws_queue_len;       /* bytes queued towards one client: it is dropped; 1 MiB */
    int idle_timeout_s;        /* keep-alive HTTP connections; 30 */
};
int sl_http_create(struct sl_loop *loop, const struct sl_http_limits *limits, struct sl_http **out,
                   struct sl_error *error);
/* Closes every listener and connection (on_close is called for each, now) and frees. Not from
 * within a callback of this header. */
void sl_http_destroy(struct sl_http *http);

/* ---- WebSocket ---- */

/* One WebSocket, server or client side. Valid until on_close returns. */
struct sl_ws;

struct sl_ws_ops {
    /* Handshake done. Returns the owner for the later calls; NULL refuses (closed 1013). */
    void *(*on_open)(void *arg, struct sl_ws *ws);
    /* One whole text message (fragments joined, UTF-8 checked); text is NUL-terminated besides, and
     * valid only during the call. Binary messages come to on_binary; NULL: ignored. */
    void (*on_text)(void *owner, const char *text, size_t len);
    void (*on_binary)(void *owner, const uint8_t *data, size_t len);
    /* An RFC 6455 pong. May be NULL. */
    void (*on_pong)(void *owner);
    /* The socket is gone (also after sl_ws_close()); the last call. Client side: also when the
     * connection never came about (why then says so; on_open was not called, owner is arg). */
    void (*on_close)(void *owner, const char *why);
};

/* Queue one text message (copied). -ENOBUFS: the client does not read; it is dropped at once
 * (close 1008) and on_close follows from the loop, not from within this call. -EPIPE: not open, or
 * closing. */
int sl_ws_send_text(struct sl_ws *ws, const char *text, size_t len);
int sl_ws_send_binary(struct sl_ws *ws, const uint8_t *data, size_t len);
/* An RFC 6455 ping frame. */
int sl_ws_ping(struct sl_ws *ws);
/* Sends what is queued, then closes with code; without an answer within 2 s the socket is cut.
 * No on_text after this; on_close follows, never from within this call. */
void sl_ws_close(struct sl_ws *ws, uint16_t code, const char *reason);
/* Cuts the TCP connection. on_close follows, never from within this call. */
void sl_ws_abort(struct sl_ws *ws);
/* After pause() nothing is read: no message comes before resume(), the peer is slowed down by TCP;
 * one that leaves in the meantime takes what it has sent with it. Both may be called from within
 * on_text; messages come from the loop only. */
void sl_ws_pause(struct sl_ws *ws);
void sl_ws_resume(struct sl_ws *ws);
/* Bytes of one message, from the next frame on, in place of ws_message_len. */
void sl_ws_set_message_max(struct sl_ws *ws, size_t len);
/* Its client has said who it is: it gives way to nobody any more (strangers_per_ip). */
void sl_ws_known(struct sl_ws *ws);
/* Addresses of this connection, canonical. */
const struct sl_addr *sl_ws_remote(const struct sl_ws *ws);
const struct sl_addr *sl_ws_local(const struct sl_ws *ws);
/* The handshake's Origin, "" if none. */
const char *sl_ws_origin(const struct sl_ws *ws);
size_t sl_ws_queued_bytes(const struct sl_ws *ws);
/* Another one hears of it from now on; possibly from within a callback. */
void sl_ws_set_owner(struct sl_ws *ws, const struct sl_ws_ops *ops, void *owner);

/* ---- Media to many WebSockets of a server ---- */

/* A binary message with its frame around it, which is the same for every client: made once, sent to
 * any number. *payload: where its len bytes are to be written before it is sent. NULL: no memory.
 * Threads: any. */
struct sl_blob *sl_ws_message_create(size_t len, uint8_t **payload);
/* What is in one of these. Borrowed. */
const uint8_t *sl_ws_message_payload(const struct sl_blob *message, size_t *len);
/* Queues them in their order without a copy, otherwise as sl_ws_send_binary(). */
int sl_ws_send_messages(struct sl_ws *ws, struct sl_blob *const *messages, size_t count);
/* Forgets what waits for the client, but for a message that has begun to leave. */
void sl_ws_drop_queue(struct sl_ws *ws);
/* Bytes that may wait for this client, in place of ws_queue_len; and of what the kernel holds, that
 * has not left yet: what waits there is neither counted nor dropped here. */
void sl_ws_set_queue_max(struct sl_ws *ws, size_t len, size_t unsent_len);

/* ---- HTTP requests ---- */

struct sl_http_request;
/* Called once the body is whole. The handler answers by sl_http_respond(), once, at once or later
 * on the same thread; the request is gone then. If the client goes first, on_gone (if set) is
 * called and the request must not be used again; if it is not set, the request stays until it is
 * answered. */
typedef void sl_http_handler(void *arg, struct sl_http_request *request);

const char *sl_http_method(const struct sl_http_request *request); /* "GET", "POST", ... */
/* Decoded, no query; UTF-8 without control characters (others get 400). "*" for OPTIONS. */
const char *sl_http_path(const struct sl_http_request *request);
const char *sl_http_query(const struct sl_http_request *request); /* raw, "" if none */
const char *sl_http_body(const struct sl_http_request *request, size_t *len);
/* Value of the first header of this name, in lower case ("host"); NULL if absent. */
const char *sl_http_header(const struct sl_http_request *request, const char *name);
const struct sl_addr *sl_http_remote(const struct sl_http_request *request);
const struct sl_addr *sl_http_local(const struct sl_http_request *request);
bool sl_http_is_tls(const struct sl_http_request *request);
/*
 * The user whose program holds the other end of a connection within this machine (remote is a
 * loopback address), as this process's user namespace calls it. The kernel is asked, once per
 * connection if it can tell.
 * Returns 0; -ENOENT: nobody holds it any more; another negative errno value: the kernel does not
 * tell. Neither says anything about the caller.
 */
int sl_http_owner(const struct sl_http_request *request, uid_t *uid);
/* What shows that whoever is connected asks for somebody else, "x-forwarded-for" or "HTTP/1.0";
 * NULL: nothing does, which proves nothing, as proxies may add no header and callers any. */
const char *sl_http_proxy_sign(const struct sl_http_request *request);
void sl_http_on_gone(struct sl_http_request *request, void (*on_gone)(void *owner), void *owner);

struct sl_http_header_line {
    const char *name, *value;
};
/* body is copied. content_type NULL when there is no body. CR, LF or NUL in a header value: the
 * header is left out and the fault logged (hardening.md class 7). HEAD is answered without body. */
void sl_http_respond(struct sl_http_request *request, int status, const char *content_type,
                     const void *body, size_t len, const struct sl_http_header_line *headers,
                     size_t header_count);

/* The same with a body that many get: it is not copied, a reference is taken. */
void sl_http_respond_blob(struct sl_http_request *request, int status, const char *content_type,
                          struct sl_blob *body, const struct sl_http_header_line *headers,
                          size_t header_count);
/* Likewise so many bytes of it from at, which it has, as 206. */
void sl_http_respond_part(struct sl_http_request *request, const char *content_type,
                          struct sl_blob *body, size_t at, size_t len,
                          const struct sl_http_header_line *headers, size_t header_count);

/*
 * A body that comes piece by piece, each when the one before has left: for what is larger than
 * memory. Until its end the connection takes no further request.
 */
struct sl_http_body;
struct sl_http_body_ops {
    /* Nothing waits: the next bytes are to be given, now or later. From the loop. */
    void (*on_room)(void *owner);
    /* All has left, or the client has gone, or it was cut. The last call, from the loop. */
    void (*on_end)(void *owner);
};
struct sl_http_body_config {
    int status;
    const char *content_type;
    uint64_t len; /* of all pieces, not 0 */
    const struct sl_http_header_line *headers;
    size_t header_count;
    const struct sl_http_body_ops *ops;
    void *owner;
};
/* As sl_http_respond(). NULL, and no call of ops: the client wants no body (HEAD), or has gone. */
struct sl_http_body *sl_http_respond_body(struct sl_http_request *request,
                                          const struct sl_http_body_config *config);
/* Takes the chunk: not more than is left. Once for each on_room. */
void sl_http_body_give(struct sl_http_body *body, struct sl_chunk *chunk);
/* What was promised cannot be given: the connection is cut. */
void sl_http_body_cut(struct sl_http_body *body, const char *why);

/* ---- Listeners ---- */

struct sl_listener;
struct sl_listener_config {
    const char *name;    /* for messages: the option, "ws.port" */
    const char *address; /* literal; NULL: all, IPv4 and IPv6 */
    uint16_t port;       /* 0: the kernel picks one, see sl_listener_port() */
    /* TLS when cert_file is set; chain_file may be NULL. */
    const char *cert_file, *key_file, *chain_file;
    const struct sl_ws_ops *ws; /* NULL: WebSocket handshakes get 400 */
    void *ws_arg;
    sl_http_handler *on_request; /* NULL: plain GETs get 426 */
    void *http_arg;
};
/* -EADDRINUSE, -EACCES, -EINVAL (certificate) with words that name the option. */
int sl_listener_create(struct sl_http *http, const struct sl_listener_config *config,
                       struct sl_listener **out, struct sl_error *error);
uint16_t sl_listener_port(const struct sl_listener *listener);
/* A listener's certificate files, to be read again (SIGHUP); NULL: it has none. The caller's to
 * destroy. */
struct sl_certificate;
struct sl_certificate *sl_listener_certificate(const struct sl_listener *listener);
/* Reads the files; negative, with words that name the option. Threads: any, one at a time. Blocks:
 * for a job. */
int sl_certificate_load(struct sl_certificate *certificate, struct sl_error *error);
/* New connections get it, old ones keep theirs. One that was not loaded changes nothing. */
void sl_listener_use_certificate(struct sl_listener *listener, struct sl_certificate *certificate);
void sl_certificate_destroy(struct sl_certificate *certificate); /* NULL is fine */

/* ---- WebSocket client ---- */

struct sl_ws_connect_config {
    const char *host; /* name or literal */
    uint16_t port;
    const char *path;
    SSL_CTX *tls;            /* NULL: plain; a reference is taken */
    const char *origin;      /* may be NULL */
    const char *subprotocol; /* may be NULL */
    const struct sl_ws_ops *ops;
    void *arg;             /* given to on_open, and to on_close if that never came */
    int timeout_s;         /* until on_open; 0: 10 */
    enum sl_reach_who who; /* whose word host is: each of its addresses is judged by that */
};
/* -EINVAL: host, path, origin or subprotocol cannot stand in a handshake. Everything later is told
 * by on_close, never from within this call. *out is valid until on_close returns. */
int sl_ws_connect(struct sl_http *http, const struct sl_ws_connect_config *config,
                  struct sl_ws **out);

#endif
