/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of DTLS share: the identity's contents, the records of a datagram. */
#ifndef SL_WEBRTC_DTLS_INTERNAL_H
#define SL_WEBRTC_DTLS_INTERNAL_H

#include "net/net.h"
#include "webrtc/dtls.h"

#include <openssl/ssl.h>

struct sl_dtls_identity {
    SSL_CTX *ctx;
    BIO_METHOD *bio_method; /* datagrams in and out of a struct sl_dtls */
    char fingerprint[SL_FINGERPRINT_TEXT_MAX];
};

/* In dtls.c, for the identity to install. */
BIO_METHOD *sl_dtls_bio_method(void); /* NULL: no memory */
int sl_dtls_verify_peer(X509_STORE_CTX *store, void *arg);

/* ---- dtls_record.c: pure ---- */

enum sl_dtls_content {
    SL_DTLS_CHANGE_CIPHER_SPEC = 20,
    SL_DTLS_ALERT = 21,
    SL_DTLS_HANDSHAKE_MESSAGE = 22,
    SL_DTLS_APPLICATION_DATA = 23,
};

enum { SL_DTLS_MESSAGE_MAX = 16384 }; /* bytes of a handshake message, fragments joined */

struct sl_dtls_record {
    uint8_t type;
    uint16_t epoch;       /* 0: plain text */
    const uint8_t *bytes; /* header included, in the caller's datagram */
    size_t len;
};

/* Takes the next record off the datagram. False at its end, or at the first thing that is no whole
 * record: what follows cannot be made out (RFC 6347 section 4.1.2.7: dropped in silence). */
bool sl_dtls_record_next(const uint8_t **datagram, size_t *len, struct sl_dtls_record *out);
/* Whether a plain-text record is worth OpenSSL's attention, which takes a malformed one as the
 * handshake's end. */
bool sl_dtls_record_plain_ok(const struct sl_dtls_record *record);

#endif
