/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS settings of listeners and clients: TLS 1.2 and later, AEAD suites only, HTTP/1.1 only.
 */
#ifndef SL_NET_TLS_H
#define SL_NET_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

struct sl_error;

struct sl_tls_files {
    const char *cert, *key, *chain; /* PEM; chain may be NULL; key NULL: inside cert */
};

/* -EINVAL (or what opening a file gave) with words that name the file. The caller frees *out by
 * SSL_CTX_free(). */
int sl_tls_server_context(const struct sl_tls_files *files, SSL_CTX **out, struct sl_error *error);
/* verify: against the system's roots. */
int sl_tls_client_context(bool verify, SSL_CTX **out);
/* Of a client that does not speak HTTP, verified. Costs milliseconds and a megabyte, for the
 * system's roots: one for all connections. */
int sl_tls_stream_context(SSL_CTX **out);

/* Ready for SSL_do_handshake(). NULL when there is no memory. host: name or literal, for SNI and,
 * with verify, for the certificate's name. */
SSL *sl_tls_accept(SSL_CTX *context);
SSL *sl_tls_connect(SSL_CTX *context, const char *host, bool verify);

/* Writes a self-signed certificate and key (ECDSA P-256, one year, names: localhost, the host name,
 * the given addresses) to two files, mode 0600 for the key, unless both exist. */
int sl_tls_self_signed(const char *cert_file, const char *key_file, const char *const *names,
                       size_t name_count, struct sl_error *error);

#endif
