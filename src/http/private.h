/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the HTTP and WebSocket server share.  */
#ifndef SL_HTTP_PRIVATE_H
#define SL_HTTP_PRIVATE_H

#include "base/list.h"
#include "base/table.h"
#include "http/parse.h"
#include "http/server.h"
#include "http/ws_reader.h"
#include "net/net.h"

#include <uv.h>

enum { SL_HTTP_CLOSE_MS = 2000 /* for a goodbye, WebSocket or HTTP */ };

/* ---- Who may connect (admission.c) ---- */

/* Connections of one address: IPv4, or a /64 of IPv6, which is what one customer has. */
struct sl_ip_entry;
/* Embedded in struct sl_http. */
struct sl_admission {
    struct sl_table ips;
    size_t count, max, max_per_ip, max_strangers; /* 0: no bound, for the last two */
    bool gave_way;                                /* a stranger, since it was last told */
};
void sl_admission_init(struct sl_admission *admission, const struct sl_http_limits *limits);
void sl_admission_deinit(struct sl_admission *admission);
bool sl_admission_full(const struct sl_admission *admission);
/* NULL: this address has its share, or all places are taken. */
struct sl_ip_entry *sl_admission_enter(struct sl_admission *admission, const struct sl_addr *addr);
/* One that has not said who it is yet: it waits for a request, or for its client's first message.
 * Embedded in what the connection belongs to; zeroed memory is none. */
struct sl_stranger {
    struct sl_list link;                            /* in its address's, the oldest first */
    struct sl_ip_entry *ip;                         /* NULL: none */
    void (*give_way)(struct sl_stranger *stranger); /* ends it, later: it is none any more */
};
/* When the address has too many the oldest gives way. ip NULL: its place is another's by now. */
void sl_admission_add_stranger(struct sl_admission *admission, struct sl_stranger *stranger,
                               struct sl_ip_entry *ip);
/* It is known, or ends. None is fine. */
void sl_stranger_remove(struct sl_stranger *stranger);
/* After its strangers. NULL is fine. */
void sl_admission_leave(struct sl_admission *admission, struct sl_ip_entry *entry);

/* ---- The context and its listeners (http.c, listener.c) ---- */

struct sl_http {
    struct sl_loop *loop;
    struct sl_http_limits limits;
    struct sl_conn_set *conns;
    struct sl_admission admission;
    struct sl_list listeners;
    struct sl_list waiting; /* peers whose request is not whole, the longest waiting first */
    struct sl_list dials;   /* clients that are connecting */
    int owner_fd;           /* of sl_owner_open(); negative: nobody is known */
    uint64_t refused;       /* connections, since it was last logged */
    int64_t refused_logged_us;
    bool closing; /* sl_http_destroy() has begun: nothing new */
};

struct sl_listener {
    struct sl_list link;
    struct sl_http *http;
    struct sl_acceptor *acceptor; /* NULL: closed */
    SSL_CTX *tls;
    char *name, *cert_file, *key_file, *chain_file;
    const struct sl_ws_ops *ws;
    void *ws_arg;
    sl_http_handler *on_request;
    void *http_arg;
};
/* Lets nobody in any more. */
void sl_listener_close(struct sl_listener *listener);
/* Its connections are gone. */
void sl_listener_destroy(struct sl_listener *listener);
/* Counts a connection that was not taken; tells so at most once a second. */
void sl_http_count_refused(struct sl_http *http, const char *why);

/* ---- Requests and answers (request.c) ---- */

struct sl_http_peer;

/* Shared by its peer, until the handler has it, and the handler, who gives it back by answering. */
struct sl_http_request {
    struct sl_http_peer *peer; /* NULL: the client has gone */
    char *head_text;           /* what the strings of head point into */
    struct sl_http_head head;
    struct sl_http_chunked chunked;
    char *body; /* NUL-terminated; NULL when there is none */
    size_t body_len, body_room;
    uint64_t body_left; /* of a body with a known length */
    struct sl_addr remote, local;
    bool tls;
    void (*on_gone)(void *owner);
    void *owner;
};
/* Parses a whole head, which is copied. Returns 0, or the status to refuse it with: the request is
 * made all the same. */
int sl_http_request_create(const uint8_t *head, size_t len, struct sl_http_request **out);
void sl_http_request_destroy(struct sl_http_request *request);
void sl_http_request_append_body(struct sl_http_request *request, const uint8_t *data, size_t len);

struct sl_http_answer {
    int status;
    bool keep_alive, head_only;
    const char *content_type;
    const void *body;
    struct sl_blob *blob; /* in place of body: len bytes from at */
    size_t at;
    const struct sl_http_body_config *later; /* likewise: len is its own */
    uint64_t len;
    const struct sl_http_header_line *headers;
    size_t header_count;
};
/* One chunk, or two with a blob. */
struct sl_chunk *sl_http_build_answer(const struct sl_http_answer *answer);

/* ---- Server connections (server.c) ---- */

/* Takes fd and ip, also on failure, when they are given back at once. */
void sl_http_peer_accept(struct sl_listener *listener, int fd, struct sl_ip_entry *ip);
/* Cuts the connection that has waited longest for a whole request; false if none waits. */
bool sl_http_peer_make_room(struct sl_http *http);
/* See sl_http_owner(). */
int sl_http_peer_owner(struct sl_http_peer *peer, uid_t *uid);
/* The handler has answered the request of this peer. NULL: there is no body to come. */
struct sl_http_body *sl_http_peer_answer(struct sl_http_peer *peer,
                                         const struct sl_http_answer *answer);

/* ---- WebSockets (ws.c) and their client side (ws_client.c) ---- */

/*
 * One WebSocket. enter() in ws.c is the only place that changes the state.
 *
 *   CONNECTING -> OPEN     sl_ws_begin: the handshake is done
 *   OPEN -> CLOSING        sl_ws_close: our close frame is out, the peer's is awaited
 *   any -> ENDED           both are out, or one failed: on_close follows from the loop
 */
enum sl_ws_state { SL_WS_CONNECTING, SL_WS_OPEN, SL_WS_CLOSING, SL_WS_ENDED };

struct sl_ws_dial;

struct sl_ws {
    struct sl_http *http;
    struct sl_conn *conn;        /* NULL while CONNECTING */
    struct sl_ws_dial *dial;     /* client, while CONNECTING */
    struct sl_ip_entry *ip;      /* server: the place it takes */
    struct sl_stranger stranger; /* server: until sl_ws_known() */
    const struct sl_ws_ops *ops;
    void *owner; /* until on_open: its arg */
    enum sl_ws_state state;
    bool client;
    bool owned; /* on_open accepted: callbacks may be made */
    char *origin;
    int64_t slice_end_us; /* when its messages have had their share of a turn */
    size_t queue_max;     /* bytes */
    struct sl_ws_reader reader;
};

struct sl_ws *sl_ws_create(struct sl_http *http, bool client, const struct sl_ws_ops *ops,
                           void *arg);
/* The handshake is done; early is what came behind it (early[len] may be written). Takes conn.
 * on_open is called, and whatever follows from early. */
void sl_ws_begin(struct sl_ws *ws, struct sl_conn *conn, uint8_t *early, size_t len);
void sl_ws_destroy(struct sl_ws *ws);

/* Answers the handshake in request and hands conn over; the status to refuse with if it is none
 * that we can take. ip and early are taken only with 0. */
int sl_ws_upgrade(struct sl_listener *listener, struct sl_conn *conn,
                  const struct sl_http_request *request, struct sl_ip_entry *ip, uint8_t *early,
                  size_t len);

/* on_close follows from the loop. */
void sl_ws_dial_cancel(struct sl_ws_dial *dial, const char *why);
/* on_close is called now. For sl_http_destroy(). */
void sl_ws_dial_end(struct sl_ws_dial *dial, const char *why);
struct sl_ws_dial *sl_ws_dial_first(struct sl_http *http);

#endif
