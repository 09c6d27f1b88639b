/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS settings of listeners and clients: TLS 1.2 and later, AEAD suites only, HTTP/1.1 only.
 */
#ifndef SL_NET_TLS_H
#define SL_NET_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

struct sl_error;
struct sl_fingerprint;

struct sl_tls_files {
    const char *cert, *key, *chain; /* PEM; chain may be NULL; key NULL: inside cert */
};

/* -EINVAL (or what opening a file gave) with words that name the file. The caller frees *out by
 * SSL_CTX_free(). */
int sl_tls_server_context(const struct sl_tls_files *files, SSL_CTX **out, struct sl_error *error);

/* ---- Clients ---- */

/*
 * One context per purpose, shared by all its connections, and the system's authorities once for all
 * of them: reading those takes some 17 ms and 0.8 MB, so no connection and no retry may do it.
 * Owner: the control loop; a context is good for any thread.
 */
struct sl_tls_clients;

enum sl_tls_purpose {
    SL_TLS_WS,            /* HTTP/1.1 by ALPN */
    SL_TLS_WS_UNVERIFIED, /* whatever certificate the server has */
    SL_TLS_RTMPS,
    SL_TLS_REDIS,
    SL_TLS_SIP, /* its authorities only, of MSRP too: those have contexts of their own */
    SL_TLS_PURPOSES
};

struct sl_tls_clients *sl_tls_clients_create(void);
/* Connections keep what they use. NULL is fine. */
void sl_tls_clients_destroy(struct sl_tls_clients *clients);
/* Made at first use. Borrowed: SSL_CTX_up_ref() it to keep it longer than the call. NULL: OpenSSL
 * cannot make it. */
SSL_CTX *sl_tls_clients_get(struct sl_tls_clients *clients, enum sl_tls_purpose purpose);
/* The system's authorities (SSL_CERT_FILE and SSL_CERT_DIR move them) as they are now; NULL when
 * there is no memory. A disk is read. Threads: any. */
X509_STORE *sl_tls_read_authorities(void);
/* Connections from now on trust these; while none has needed any, nothing is kept: they will be
 * read then. Takes the store. */
void sl_tls_clients_use(struct sl_tls_clients *clients, X509_STORE *authorities);

/* Ready for SSL_do_handshake(). NULL when there is no memory. host: name or literal, for SNI
 * and, if the context checks certificates, for the certificate's name. */
SSL *sl_tls_accept(SSL_CTX *context);
SSL *sl_tls_connect(SSL_CTX *context, const char *host);

/* ---- Two who have described themselves ---- */

/*
 * To connect and to be connected to (sl_tls_connect(), sl_tls_accept()): both show a certificate,
 * ours is of files. Whatever the other side shows passes the handshake, as connections may come
 * before descriptions: sl_tls_check_peer() is to be asked before anything is said or believed.
 * Errors and the end of *out as of sl_tls_server_context().
 */
int sl_tls_peer_context(const struct sl_tls_files *files, SSL_CTX **out, struct sl_error *error);

/* Who is to be at the other end: by fingerprints if there are any (RFC 8122 section 6.2), else by a
 * name that an authority of trusted bears witness of. */
struct sl_tls_peer {
    const struct sl_fingerprint *fingerprints; /* one of them fits */
    size_t fingerprint_count;
    SSL_CTX *trusted;
    const char *host; /* no literal */
};
/* After the handshake. -EACCES, with words. Threads: one at a time. */
int sl_tls_check_peer(SSL *ssl, const struct sl_tls_peer *peer, struct sl_error *error);

/* ---- A context that a library has made ---- */

/*
 * As strict as ours, to listen with files (NULL: only to connect) and to connect. Whoever connects
 * to it is not asked for a certificate. Everything on the thread of whoever has the context.
 */
int sl_tls_adopt(SSL_CTX *context, const struct sl_tls_files *files, struct sl_error *error);
/*
 * What is connected from now on is to host, a name or a literal: it is named by SNI, and the
 * certificate is to be its, by the authorities of trusted (NULL: whatever certificate there is).
 * -EINVAL: no such name can be checked.
 */
int sl_tls_adopt_aim(SSL_CTX *context, SSL_CTX *trusted, const char *host);

/* Writes a self-signed certificate and key (ECDSA P-256, one year, names: localhost, the host name,
 * the given addresses) to two files, mode 0600 for the key, unless both exist. */
int sl_tls_self_signed(const char *cert_file, const char *key_file, const char *const *names,
                       size_t name_count, struct sl_error *error);

#endif
