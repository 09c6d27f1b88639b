/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A server in a second thread, its callbacks noted as lines of text, and raw blocking sockets to
 * talk to it from the test's thread. Everything waits with a deadline and fails the test at it.
 */
#ifndef SL_TEST_NET_FIXTURE_H
#define SL_TEST_NET_FIXTURE_H

#include "http/http.h"
#include "net/net.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { SHARED_LEN = 300000 };              /* the body of /shared */
enum { PART_AT = 250000, PART_LEN = 100 }; /* and what of it /shared?part gets */

struct server;

struct server_config {
    struct sl_http_limits limits; /* zero: defaults */
    bool no_ws, no_http;          /* leave the handler out */
    const char *cert_file, *key_file, *chain_file;
    const char *address; /* NULL: 127.0.0.1 */
};

struct server *server_start(const struct server_config *config);
/* Takes it down with whatever is open. */
void server_stop(struct server *server);
uint16_t server_port(const struct server *server);
struct sl_http *server_http(struct server *server);
struct sl_loop *server_loop(struct server *server);
struct sl_listener *server_listener(struct server *server);

/* Runs fn on the server's thread and waits for it. */
void server_call(struct server *server, void (*fn)(struct server *server, void *arg), void *arg);

/* Notes a line (any thread), and waits until a line that begins with prefix is there, which is
 * taken out. Returns it (valid until the next call). */
void note(struct server *server, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *expect(struct server *server, const char *prefix);
/* Takes such a line out if it is there now. */
bool note_there(struct server *server, const char *prefix);
/* Fails if such a line is there now. */
void expect_none(struct server *server, const char *prefix);

/*
 * What the server does, told by what comes:
 * WebSocket: notes "open", "text <len> <text>", "binary <len>", "pong", "close <why>". Text
 *   "echo:..." is sent back, "close:<code>" closes, "abort" cuts, "close-twice" and "abort-close"
 * do both; "pause" reads no more, "slow" takes 2 ms; "flood" queues 64 KiB messages until one is
 * refused and notes "flood <err> <queued>". A path is not known to it; an Origin "http://refuse"
 * makes on_open return NULL. HTTP: notes "request <method> <path> <query> <body>" and answers 200
 * with the body, or, by path:
 *   "/later" keeps it for answer_kept(), "/silent" too but sets no on_gone, "/big" 1 MiB,
 *   "/owner" tells "owner <uid>" or "owner unknown", "/inject" tries to smuggle header lines.
 *   "gone" is noted by on_gone.
 */
struct sl_ws *server_ws(struct server *server); /* the last opened; server's thread only */
void answer_kept(struct server *server);
const struct sl_ws_ops *noting_ws_ops(void); /* arg: the server; for clients */

/* ---- Raw clients ---- */

int dial(uint16_t port);
void send_all(int fd, const void *data, size_t len);
void send_text(int fd, const char *text);
/* Bytes until the peer closes or a byte of quiet deadline passes; NUL-terminated. Returns the
 * length; *closed (may be NULL) tells whether the peer closed. */
size_t receive(int fd, char *out, size_t room, int wait_ms, bool *closed);
/* Reads until `until` has come; fails at the deadline. */
void receive_until(int fd, char *out, size_t room, const char *until);
/* Waits until the peer closes. Returns the ms it took. */
int wait_closed(int fd, int within_ms);

/* A handshake on fd; early is sent with it. */
void ws_handshake(int fd, const char *path, const char *extra_headers);
int ws_dial(uint16_t port);
/* One masked frame. */
void ws_send(int fd, bool fin, unsigned opcode, const void *payload, size_t len);
/* One frame of the server; returns the opcode, payload NUL-terminated. -1: closed. */
int ws_receive(int fd, char *payload, size_t room, size_t *len);
/* Reads until the close frame; returns its code, 1005 for none, -1 if the socket closed without. */
int ws_close_code(int fd);

int64_t now_ms(void);

#endif
