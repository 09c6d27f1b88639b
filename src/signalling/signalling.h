/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The wire protocol between a client and this server: JSON messages on a WebSocket
 * (websocket-api.md). Translates requests into calls of session/session.h and what a session has to
 * say into messages; decides nothing but liveness. All calls and callbacks on the control loop.
 *
 * One connection per WebSocket. Its first valid message, `connection`, makes its session; the
 * session goes with the socket.
 */
#ifndef SL_SIGNALLING_SIGNALLING_H
#define SL_SIGNALLING_SIGNALLING_H

#include "http/http.h"
#include "net/net.h"
#include "session/session.h"

#include <stddef.h>

struct sl_config;
struct sl_counters;
struct sl_loop;
struct sl_media_sockets;
struct sl_phones;
struct sl_signalling;

/* All of these must outlive it. */
struct sl_signalling_config {
    struct sl_sessions *sessions;
    const struct sl_media_sockets *sockets; /* NULL: no media come by sockets of their own */
    const struct sl_phones *phones;         /* NULL: nobody has a telephone */
    const struct sl_config *config;         /* read at each use: reloads take effect */
    struct sl_loop *loop;
    struct sl_counters *counters; /* the control loop's block */
};
struct sl_signalling *sl_signalling_create(const struct sl_signalling_config *config);
/* For the ws and wss listeners; ws_arg is the struct sl_signalling. */
const struct sl_ws_ops *sl_signalling_ws_ops(void);
/* When every socket is gone (on_close was called): sl_sessions_stop() closes those with a session,
 * sl_http_destroy() the rest. NULL is fine. */
void sl_signalling_destroy(struct sl_signalling *signalling);

/* Cuts every WebSocket without a goodbye: sessions end by it, from the loop. */
void sl_signalling_cut(struct sl_signalling *signalling);

/* The SDK's sentence for a reason; "" for SL_REASON_NONE. Pure. */
const char *sl_signalling_words(enum sl_reason reason);

/* WebSockets open now, sessions or not; media sockets are no more its own. */
size_t sl_signalling_count(const struct sl_signalling *signalling);
/* `<d>.<d>.<d>-<40 hex>`: what getVersion says (WS-7). */
const char *sl_signalling_version(const struct sl_signalling *signalling);

#endif
