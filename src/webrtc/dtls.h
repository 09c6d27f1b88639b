/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DTLS 1.2 key agreement for SRTP (RFC 5764, 8842) on OpenSSL, without sockets: datagrams go in by
 * sl_dtls_input(), come out by a callback. Both roles. An sl_dtls belongs to one thread; an
 * identity is immutable and shared.
 */
#ifndef SL_WEBRTC_DTLS_H
#define SL_WEBRTC_DTLS_H

#include "srtp/srtp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_error;

enum { SL_DTLS_MTU = 1200 };

/* A self-signed ECDSA P-256 certificate made at start, and the settings of every handshake. */
struct sl_dtls_identity;
/* Profiles offered and accepted: AEAD_AES_128_GCM first, then AES128_CM_SHA1_80; only the latter
 * if !gcm. Returns 0 or -EIO with OpenSSL's words. */
int sl_dtls_identity_create(bool gcm, struct sl_dtls_identity **out, struct sl_error *error);
void sl_dtls_identity_destroy(struct sl_dtls_identity *identity);
/* "AA:BB:..." SHA-256 of the certificate. */
const char *sl_dtls_identity_fingerprint(const struct sl_dtls_identity *identity);

enum sl_dtls_state {
    SL_DTLS_HANDSHAKE,
    SL_DTLS_CONNECTED,          /* keys can be had */
    SL_DTLS_FAILED,             /* protocol error or timeout */
    SL_DTLS_FAILED_FINGERPRINT, /* the peer's certificate is not the one of its SDP */
    SL_DTLS_CLOSED,             /* close_notify after CONNECTED */
};

struct sl_dtls;
struct sl_dtls_config {
    const struct sl_dtls_identity *identity;
    bool client; /* we send the ClientHello */
    const char
        *fingerprint_hash;   /* of the SDP: "sha-256", "sha-384", "sha-512", "sha-1"; any case */
    const char *fingerprint; /* hex with colons, any case */
    void (*on_send)(void *owner, const uint8_t *datagram, size_t len); /* at most SL_DTLS_MTU */
    void *owner;
};
/* -EINVAL: unknown hash, or a fingerprint that is none of it; -ENOMEM. Sends nothing yet. on_send
 * is called from within the functions below and must not call them. */
int sl_dtls_create(const struct sl_dtls_config *config, int64_t now_us, struct sl_dtls **out);
void sl_dtls_destroy(struct sl_dtls *dtls);
/* Client: sends the ClientHello. Server: no-op. */
void sl_dtls_start(struct sl_dtls *dtls, int64_t now_us);
/* True if the first byte can begin a DTLS record (RFC 7983: 20..63). */
bool sl_dtls_is(const uint8_t *buf, size_t len);
/* Feeds one datagram; returns the state after it. Garbage is ignored, and so are alerts in plain
 * text: a peer that gives up during the handshake is noticed by the caller's time limit. Bounded
 * work per datagram and per handshake (hardening.md class 23: bytes of certificate and handshake
 * are capped). */
enum sl_dtls_state sl_dtls_input(struct sl_dtls *dtls, const uint8_t *datagram, size_t len,
                                 int64_t now_us);
enum sl_dtls_state sl_dtls_state(const struct sl_dtls *dtls);
/* When sl_dtls_on_timer() wants to be called; INT64_MAX if never. */
int64_t sl_dtls_deadline_us(const struct sl_dtls *dtls);
/* Retransmits what is due. The whole handshake has 10 s (websocket-api.md section 12) by the
 * caller's own timer. */
enum sl_dtls_state sl_dtls_on_timer(struct sl_dtls *dtls, int64_t now_us);
/* While CONNECTED: the keys for what we send and what we receive. -ENOTCONN otherwise, -EIO. */
int sl_dtls_export_keys(struct sl_dtls *dtls, struct sl_srtp_keys *send,
                        struct sl_srtp_keys *receive);
/* Sends close_notify if CONNECTED; CLOSED afterwards. */
void sl_dtls_close(struct sl_dtls *dtls);

#endif
