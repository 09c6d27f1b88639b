/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * MSRP (RFC 4975): texts between two who have agreed upon it in a call, over a TCP connection that
 * either of them makes, in clear or by TLS. Without relays of our own (RFC 4976); the other side
 * may be behind some.
 *
 *   session.c   one session: what is said of it, its end
 *   connect.c   how its connection comes about; secure.c, whose it is by TLS; link.c, what is sent
 *               there
 *   incoming.c  what comes
 *   outgoing.c  what is on its way out
 *   tell.c      what its owner hears
 *   frame.c, write.c, uri.c, describe.c, inbox.c   pure
 *
 * Threads: everything on the control loop, whose turn each function takes; no callback comes from
 * within one but on_sent, and that only as said there.
 */
#ifndef SL_MSRP_MSRP_H
#define SL_MSRP_MSRP_H

#include "base/addr.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_conn_set;
struct sl_error;
struct sl_log_scope;
struct sl_loop;
struct sl_msrp_outgoing;
struct sl_msrp_session;
struct sl_string_list;
struct sl_tls_clients;

/* ---- A session [control] ---- */

/* One that has come whole; borrowed. */
struct sl_msrp_text {
    const char *type; /* Content-Type, parameters and all */
    const char *body; /* len bytes as they came */
    size_t len;
};

/* Each may destroy the session. */
struct sl_msrp_ops {
    /* The connection is there, and both sides know whose it is. Once. */
    void (*on_open)(void *owner);
    /* Nothing more is read until sl_msrp_session_delivered(). */
    void (*on_text)(void *owner, const struct sl_msrp_text *text);
    /* There is no connection, or none any more: words say why. Nothing comes after that. */
    void (*on_failed)(void *owner, const char *words);
};

struct sl_msrp_config {
    struct sl_loop *loop;
    struct sl_conn_set *conns;
    const struct sl_string_list *allow; /* networks that the other side may name besides public
                                           ones; read when it does */
    struct sl_addr bind;                /* ours, where it may be connected to, without port */
    struct sl_addr shown;               /* the same as others see it */
    bool at_home;                       /* the other side is this server: bind may be named */
    uint16_t port_from, port_to;        /* TCP */
    SSL_CTX *tls; /* sl_tls_peer_context(): by TLS; NULL: in clear. The session
                     keeps it */
    struct sl_tls_clients *authorities; /* by TLS: of who has a name and no fingerprint (purpose
                                           SL_TLS_SIP); outlives it */
    const struct sl_log_scope *log;     /* outlives it */
    const struct sl_msrp_ops *ops;
    void *owner;
};

/* [control] Listens. -EADDRINUSE and the like, with words. */
int sl_msrp_session_create(const struct sl_msrp_config *config, struct sl_msrp_session **out,
                           struct sl_error *error);
/* What was being sent is told to have failed, from within; what is queued leaves yet. NULL is fine.
 */
void sl_msrp_session_destroy(struct sl_msrp_session *session);

/* There is an MSRP session in this description, and nothing else that could be a call.
 * Threads: any. */
bool sl_msrp_is_offered(const char *sdp);
/* The session in it is to be by TLS. Threads: any. */
bool sl_msrp_is_secure(const char *sdp);

/* Descriptions; what is ours to say is in sl_msrp_session_description() then, until the next. */
const char *sl_msrp_session_description(const struct sl_msrp_session *session);
void sl_msrp_session_offer(struct sl_msrp_session *session);
/* Both: -EBADMSG; -ENOMSG, also if one of them is by TLS and the other in clear; -EACCES: nothing
 * tells whose certificate it will be; with words. The first: what we answer is said, and nobody
 * connected to before sl_msrp_session_connect(). */
int sl_msrp_session_take_offer(struct sl_msrp_session *session, const char *offer,
                               struct sl_error *error);
int sl_msrp_session_settle(struct sl_msrp_session *session, const char *answer,
                           struct sl_error *error);
/* Of one whose descriptions are settled: it connects or waits for that, as was agreed upon. Once.
 */
void sl_msrp_session_connect(struct sl_msrp_session *session);
/* Said again in the middle of a call: -ENOMSG, with words, if it is about something else. */
int sl_msrp_session_take_again(struct sl_msrp_session *session, const char *offer,
                               struct sl_error *error);

/* ---- Texts [control] ---- */

/* The one that on_text told of has become something: code 200, or why not (RFC 4975 section 10).
 * The sender hears of it if it wants to. Nothing happens if there is none. */
void sl_msrp_session_delivered(struct sl_msrp_session *session, int code);

/* The other side takes messages of this type. */
bool sl_msrp_session_takes(const struct sl_msrp_session *session, const char *type);
/* Bytes of the longest message that it takes. */
size_t sl_msrp_session_max(const struct sl_msrp_session *session);

/*
 * A text of a type and a length that it takes; copied. on_sent once: code 200, or the one that
 * refused it, 408 if there was no answer in time, 0 if there is no connection any more. From the
 * loop, or from within sl_msrp_session_destroy(); the outgoing is gone then.
 * NULL: it is not open, or too much is on its way.
 */
struct sl_msrp_outgoing *sl_msrp_session_send(struct sl_msrp_session *session, const char *type,
                                              const void *body, size_t len,
                                              void (*on_sent)(void *owner, int code), void *owner);
/* A code in words (RFC 4975 section 10). Threads: any. */
const char *sl_msrp_reason(int code);
/* Its owner hears no more of it. */
void sl_msrp_outgoing_forget(struct sl_msrp_outgoing *outgoing);

#endif
