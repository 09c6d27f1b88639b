/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose certificate was shown, asked when the handshake is done. */
#include "base/error.h"
#include "net/fingerprint.h"
#include "net/tls.h"

#include <errno.h>
#include <openssl/x509v3.h>

static int check_fingerprints(const X509 *cert, const struct sl_tls_peer *peer,
                              struct sl_error *error)
{
    for (size_t i = 0; i < peer->fingerprint_count; i++) {
        if (sl_fingerprint_fits(&peer->fingerprints[i], cert))
            return 0;
    }
    return sl_error_set(error, -EACCES, "the certificate is not the one of the fingerprint");
}

/* As OpenSSL would have in the handshake. */
static bool prepare(X509_STORE_CTX *checked, SSL *ssl, X509 *cert, const struct sl_tls_peer *peer)
{
    X509_STORE *store = SSL_CTX_get_cert_store(peer->trusted);

    if (X509_STORE_CTX_init(checked, store, cert, SSL_get_peer_cert_chain(ssl)) != 1 ||
        X509_STORE_CTX_set_default(checked, SSL_is_server(ssl) ? "ssl_client" : "ssl_server") != 1)
        return false;
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(checked);
    X509_VERIFY_PARAM_set_auth_level(param, SSL_get_security_level(ssl));
    return X509_VERIFY_PARAM_set1_host(param, peer->host, 0) == 1;
}

static int check_name(SSL *ssl, X509 *cert, const struct sl_tls_peer *peer, struct sl_error *error)
{
    X509_STORE_CTX *checked = X509_STORE_CTX_new();
    int err = 0;

    if (!checked || !prepare(checked, ssl, cert, peer))
        err = sl_error_set(error, -EACCES, "the certificate cannot be checked");
    else if (X509_verify_cert(checked) != 1)
        err = sl_error_set(error, -EACCES, "the certificate of %s is refused: %s", peer->host,
                           X509_verify_cert_error_string(X509_STORE_CTX_get_error(checked)));
    X509_STORE_CTX_free(checked);
    return err;
}

int sl_tls_check_peer(SSL *ssl, const struct sl_tls_peer *peer, struct sl_error *error)
{
    X509 *cert = SSL_get0_peer_certificate(ssl);

    if (!cert)
        return sl_error_set(error, -EACCES, "no certificate is shown");
    if (peer->fingerprint_count > 0)
        return check_fingerprints(cert, peer, error);
    if (!peer->trusted)
        return sl_error_set(error, -EACCES, "the certificate cannot be checked");
    return check_name(ssl, cert, peer, error);
}
