/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our side of every handshake: key, certificate, and OpenSSL's settings. */
#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "webrtc/dtls_internal.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

enum {
    SERIAL_LEN = 16,
    NAME_LEN = 26,
    VALID_BEFORE_S = 24 * 3600,           /* the peer's clock may be behind ours */
    VALID_AFTER_S = 10 * 365 * 24 * 3600, /* nobody looks, but a long run must not cross it */
};

#define CIPHERS                                                                                    \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-"          \
    "SHA384:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES256-GCM-SHA384"

/* Random name and serial number: they identify nothing, and must not (RFC 8827 section 6.5). */
static bool name_certificate(X509 *cert)
{
    char name[NAME_LEN + 1];
    uint8_t serial[SERIAL_LEN];
    X509_NAME *subject = X509_get_subject_name(cert);

    sl_random_token(name, NAME_LEN);
    sl_random_bytes(serial, sizeof(serial));
    serial[0] = (uint8_t)((serial[0] & 0x3F) | 0x40); /* positive, of full length */
    BIGNUM *number = BN_bin2bn(serial, sizeof(serial), NULL);
    bool ok =
        number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) &&
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const uint8_t *)name, -1, -1, 0) &&
        X509_set_issuer_name(cert, subject);
    BN_free(number);
    return ok;
}

static X509 *make_certificate(EVP_PKEY *key)
{
    X509 *cert = X509_new();

    if (cert && X509_set_version(cert, X509_VERSION_3) && name_certificate(cert) &&
        X509_gmtime_adj(X509_getm_notBefore(cert), -VALID_BEFORE_S) &&
        X509_gmtime_adj(X509_getm_notAfter(cert), VALID_AFTER_S) && X509_set_pubkey(cert, key) &&
        X509_sign(cert, key, EVP_sha256()) > 0)
        return cert;
    X509_free(cert);
    return NULL;
}

static bool format_fingerprint(const X509 *cert, char out[SL_FINGERPRINT_TEXT_MAX])
{
    struct sl_fingerprint fingerprint;

    if (!sl_fingerprint_make(cert, &fingerprint))
        return false;
    (void)sl_fingerprint_format(&fingerprint, out);
    return true;
}

static bool use_new_certificate(struct sl_dtls_identity *identity)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = key ? make_certificate(key) : NULL;
    bool ok = cert && SSL_CTX_use_certificate(identity->ctx, cert) &&
              SSL_CTX_use_PrivateKey(identity->ctx, key) &&
              format_fingerprint(cert, identity->fingerprint);

    X509_free(cert);
    EVP_PKEY_free(key);
    return ok;
}

static bool configure(SSL_CTX *ctx, bool gcm)
{
    const char *profiles =
        gcm ? "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80" : "SRTP_AES128_CM_SHA1_80";
    char groups[] = "X25519:P-256"; /* the macro below casts const away */

    SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_send_fragment(ctx, SL_DTLS_MTU); /* the size of the write buffer, else 16 KiB */
    SSL_CTX_set_max_cert_list(ctx, SL_DTLS_MESSAGE_MAX);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, sl_dtls_verify_peer, NULL);
    return SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) &&
           SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) &&
           SSL_CTX_set_cipher_list(ctx, CIPHERS) && SSL_CTX_set1_groups_list(ctx, groups) &&
           SSL_CTX_set_tlsext_use_srtp(ctx, profiles) == 0; /* 0 is success here */
}

int sl_dtls_identity_create(bool gcm, struct sl_dtls_identity **out, struct sl_error *error)
{
    struct sl_dtls_identity *identity = sl_new(struct sl_dtls_identity);

    ERR_clear_error();
    identity->ctx = SSL_CTX_new(DTLS_method());
    identity->bio_method = sl_dtls_bio_method();
    if (identity->ctx && identity->bio_method && configure(identity->ctx, gcm) &&
        use_new_certificate(identity)) {
        *out = identity;
        return 0;
    }
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    sl_dtls_identity_destroy(identity);
    return sl_error_set(error, -EIO, "DTLS set-up failed: %s", reason ? reason : "unknown");
}

void sl_dtls_identity_destroy(struct sl_dtls_identity *identity)
{
    if (!identity)
        return;
    SSL_CTX_free(identity->ctx);
    BIO_meth_free(identity->bio_method);
    free(identity);
}

const char *sl_dtls_identity_fingerprint(const struct sl_dtls_identity *identity)
{
    return identity->fingerprint;
}
