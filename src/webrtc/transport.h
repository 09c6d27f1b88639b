/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One ICE + DTLS + SRTP transport, without sockets: datagrams go in with the path they came by,
 * come out by a callback. Two roles: the server is ICE-lite (RFC 8445 section 2.5) and answers
 * checks; the client is controlling, sends them and nominates. Belongs to one thread.
 *
 *   NEW -> CHECKED (a valid check came; server) or (a check was answered; client)
 *       -> HANDSHAKE (DTLS runs) -> CONNECTED -> FAILED or CLOSED
 * set_state() in transport.c is the only function that moves it.
 *
 * No DTLS byte is processed from a path that has not passed an authenticated check, no RTP or RTCP
 * before the keys are there, and bad packets are counted and dropped: they never end a transport
 * (hardening.md classes 1, 3, C3, C7, C8).
 */
#ifndef SL_WEBRTC_TRANSPORT_H
#define SL_WEBRTC_TRANSPORT_H

#include "base/addr.h"
#include "net/net.h"
#include "srtp/srtp.h"
#include "webrtc/dtls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_counters;
struct sl_tcp_conn;

/* The way to a remote address: a UDP socket of ours, or a TCP connection. */
struct sl_path {
    struct sl_udp_dest dest; /* UDP; dest.fd is the socket */
    struct sl_addr remote;
    struct sl_tcp_conn *tcp; /* NULL: UDP */
};

enum { SL_TRANSPORT_PATHS_MAX = 8 }; /* remembered per transport; the oldest unused one gives way */

enum sl_transport_state {
    SL_TRANSPORT_NEW,
    SL_TRANSPORT_CHECKED,
    SL_TRANSPORT_HANDSHAKE,
    SL_TRANSPORT_CONNECTED,
    SL_TRANSPORT_FAILED_FINGERPRINT,
    SL_TRANSPORT_FAILED_DTLS,
    SL_TRANSPORT_CLOSED, /* close_notify from the other side */
};

struct sl_transport;

struct sl_transport_ops {
    /* Sends one datagram (STUN, DTLS) by this path now. */
    void (*on_send)(void *owner, const struct sl_path *path, const uint8_t *data, size_t len);
    void (*on_state)(void *owner, enum sl_transport_state state);
    /* A path passed a check (called for each): the owner routes its datagrams here from now on.
     * `gone` paths (given way) are no longer ours. */
    void (*on_path)(void *owner, const struct sl_path *path, bool gone);
};

struct sl_transport_config {
    struct sl_srtp_engine *engine;
    const struct sl_dtls_identity *identity;
    struct sl_counters *counters;
    bool ice_client;  /* controlling, sends checks; otherwise lite */
    bool dtls_client; /* sends the ClientHello */
    bool
        keep_dtls; /* to hear a close_notify later; otherwise its memory goes after the handshake */
    const char *local_ufrag, *local_pwd; /* copied */
    const char *remote_ufrag,
        *remote_pwd; /* copied; server: only the ufrag is compared, if known */
    const char *fingerprint_hash, *fingerprint;
    const struct sl_transport_ops *ops;
    void *owner;
};

int sl_transport_create(const struct sl_transport_config *config, int64_t now_us,
                        struct sl_transport **out);
/* Sends close_notify if the handshake's state is still there. NULL is fine. */
void sl_transport_destroy(struct sl_transport *transport);

/* Client: a candidate of the server to check, best first: those beyond SL_TRANSPORT_PATHS_MAX are
 * passed over. Checks leave from sl_transport_tick(). */
void sl_transport_add_candidate(struct sl_transport *transport, const struct sl_path *path,
                                int64_t now_us);

/* A STUN message whose USERNAME begins with our ufrag (server), or an answer (client).
 * Returns 0 if it was authentic; -EBADMSG malformed and -EACCES wrong password (a request's are
 * counted); -ENOENT it is not for this transport. */
int sl_transport_stun(struct sl_transport *transport, const struct sl_path *path, uint8_t *data,
                      size_t len, int64_t now_us);
/* A DTLS datagram; dropped unless the path has passed a check. */
void sl_transport_dtls(struct sl_transport *transport, const struct sl_path *path, uint8_t *data,
                       size_t len, int64_t now_us);
/* SRTP or SRTCP, decrypted in place. 0 and the plain length in *len, or a negative errno value
 * (counted): -ENOTCONN before the keys, else as sl_srtp_unprotect(). */
int sl_transport_unprotect(struct sl_transport *transport, uint8_t *data, size_t *len, bool *rtcp);

/* Timers: DTLS retransmission, checks (client), release of the handshake's memory. Call when
 * sl_transport_deadline_us() has come, or every 10-50 ms. */
void sl_transport_tick(struct sl_transport *transport, int64_t now_us);
int64_t sl_transport_deadline_us(const struct sl_transport *transport);

enum sl_transport_state sl_transport_state(const struct sl_transport *transport);
/* Where media goes: the nominated path; before that the first that passed a check; another that is
 * alive once the nominated one has been silent for two consent intervals. NULL before any check. */
const struct sl_path *sl_transport_path(const struct sl_transport *transport);
/* When the last authentic check came (server) or was answered (client). */
int64_t sl_transport_last_check_us(const struct sl_transport *transport);
/* For protecting what is sent; NULL before CONNECTED. */
struct sl_srtp_sender *sl_transport_sender(struct sl_transport *transport);
/* The TCP connection is gone: its path is forgotten. */
void sl_transport_tcp_gone(struct sl_transport *transport, const struct sl_tcp_conn *tcp);

#endif
