/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS contexts. */
#include "net/tls.h"

#include "base/addr.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* TLS 1.2; all suites of TLS 1.3 are AEAD. */
static const char aead_suites[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
static const unsigned char alpn_http11[] = "\x08http/1.1";

enum { ALPN_HTTP11_LEN = sizeof(alpn_http11) - 1 };

static const char *openssl_words(void)
{
    unsigned long code = ERR_peek_error();
    const char *words = code ? ERR_reason_error_string(code) : NULL;

    return words ? words : "not usable";
}

/* A browser that offers h2 and http/1.1 gets the latter; one that offers only others is refused. */
static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *in, unsigned in_len, void *arg)
{
    unsigned char *selected = NULL;

    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto(&selected, out_len, alpn_http11, ALPN_HTTP11_LEN, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = selected;
    return SSL_TLSEXT_ERR_OK;
}

static bool harden(SSL_CTX *context)
{
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context, aead_suites) != 1)
        return false;
    /* Renegotiation lets a client make the server work for nothing. */
    (void)SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                           SSL_OP_CIPHER_SERVER_PREFERENCE);
    /* Idle connections then hold no record buffers (34 KiB each). */
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return true;
}

static SSL_CTX *new_context(const SSL_METHOD *method)
{
    SSL_CTX *context = SSL_CTX_new(method);

    if (context && !harden(context)) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

/* ---- Files ---- */

static int file_error(const char *what, const char *file, struct sl_error *error)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* OpenSSL does not say why not */
    int err = fd < 0 ? -errno : -EINVAL;

    if (fd >= 0)
        (void)close(fd); /* read only */
    return sl_error_set(error, err, "%s %s: %s", what, file,
                        err == -EINVAL ? openssl_words() : strerror(-err));
}

/* OpenSSL's own would ask on the terminal, and wait there. arg: set when it was asked for. */
static int no_passphrase(char *out, int room, int writing, void *arg)
{
    bool *asked = arg;

    (void)out;
    (void)room;
    (void)writing;
    *asked = true;
    return -1;
}

static int add_chain(SSL_CTX *context, const char *file, struct sl_error *error)
{
    BIO *bio = BIO_new_file(file, "r");
    bool asked = false;
    size_t count = 0;
    X509 *cert;

    if (!bio)
        return file_error("certificate chain", file, error);
    while ((cert = PEM_read_bio_X509(bio, NULL, no_passphrase, &asked))) {
        long added = SSL_CTX_add0_chain_cert(context, cert);
        if (added != 1) {
            X509_free(cert);
            break;
        }
        count++;
    }
    BIO_free(bio);
    /* Reading ends with "no start line" when there is no more. */
    bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (count == 0 || !at_end)
        return sl_error_set(error, -EINVAL, "certificate chain %s: %s", file, openssl_words());
    return 0;
}

static int load_files(SSL_CTX *context, const struct sl_tls_files *files, struct sl_error *error)
{
    const char *key = files->key ? files->key : files->cert;
    bool asked = false;

    ERR_clear_error();
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(context, &asked);
    if (SSL_CTX_use_certificate_chain_file(context, files->cert) != 1)
        return file_error("certificate", files->cert, error);
    ERR_clear_error();
    bool loaded = SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1;
    SSL_CTX_set_default_passwd_cb_userdata(context, NULL); /* it ends with this function */
    if (asked)
        return sl_error_set(error, -EINVAL, "key %s: has a passphrase; nobody is there to give it",
                            key);
    if (!loaded)
        return file_error("key", key, error);
    if (SSL_CTX_check_private_key(context) != 1)
        return sl_error_set(error, -EINVAL, "key %s: does not belong to certificate %s", key,
                            files->cert);
    ERR_clear_error();
    return files->chain ? add_chain(context, files->chain, error) : 0;
}

/* One that shows what is in the files. */
static int context_of(const SSL_METHOD *method, const struct sl_tls_files *files, SSL_CTX **out,
                      struct sl_error *error)
{
    SSL_CTX *context = new_context(method);

    if (!context)
        return sl_error_set(error, -ENOMEM, "TLS: %s", openssl_words());
    int err = load_files(context, files, error);
    if (err < 0)
        SSL_CTX_free(context);
    else
        *out = context;
    return err;
}

int sl_tls_server_context(const struct sl_tls_files *files, SSL_CTX **out, struct sl_error *error)
{
    SSL_CTX *context;
    int err = context_of(TLS_server_method(), files, &context, error);

    if (err < 0)
        return err;
    SSL_CTX_set_alpn_select_cb(context, select_alpn, NULL);
    (void)SSL_CTX_set_num_tickets(context, 1); /* a browser opens one connection */
    *out = context;
    return 0;
}

/* ---- Two who have described themselves ---- */

static int take_whatever_is_shown(X509_STORE_CTX *shown, void *arg)
{
    (void)arg;
    X509_STORE_CTX_set_error(shown, X509_V_OK);
    return 1;
}

int sl_tls_peer_context(const struct sl_tls_files *files, SSL_CTX **out, struct sl_error *error)
{
    SSL_CTX *context;
    int err = context_of(TLS_method(), files, &context, error);

    if (err < 0)
        return err;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(context, take_whatever_is_shown, NULL);
    /* Each connection shows its own. */
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    (void)SSL_CTX_set_num_tickets(context, 0);
    *out = context;
    return 0;
}

/* ---- Clients ---- */

struct sl_tls_clients {
    X509_STORE *authorities; /* NULL: not read yet */
    SSL_CTX *contexts[SL_TLS_PURPOSES];
};

static const struct {
    bool verify, http;
} purposes[SL_TLS_PURPOSES] = {
    [SL_TLS_WS] = {true, true},     [SL_TLS_WS_UNVERIFIED] = {false, true},
    [SL_TLS_RTMPS] = {true, false}, [SL_TLS_REDIS] = {true, false},
    [SL_TLS_SIP] = {true, false},
};

struct sl_tls_clients *sl_tls_clients_create(void)
{
    return sl_new(struct sl_tls_clients);
}

static void forget_contexts(struct sl_tls_clients *clients)
{
    for (size_t i = 0; i < SL_TLS_PURPOSES; i++) {
        SSL_CTX_free(clients->contexts[i]);
        clients->contexts[i] = NULL;
    }
}

void sl_tls_clients_destroy(struct sl_tls_clients *clients)
{
    if (!clients)
        return;
    forget_contexts(clients);
    X509_STORE_free(clients->authorities);
    free(clients);
}

X509_STORE *sl_tls_read_authorities(void)
{
    X509_STORE *store = X509_STORE_new();

    if (store && X509_STORE_set_default_paths(store) != 1) {
        X509_STORE_free(store);
        return NULL;
    }
    return store;
}

void sl_tls_clients_use(struct sl_tls_clients *clients, X509_STORE *authorities)
{
    if (!clients->authorities) {
        X509_STORE_free(authorities);
        return;
    }
    forget_contexts(clients);
    X509_STORE_free(clients->authorities);
    clients->authorities = authorities;
}

static bool set_authorities(struct sl_tls_clients *clients, SSL_CTX *context)
{
    if (!clients->authorities)
        clients->authorities = sl_tls_read_authorities();
    if (!clients->authorities)
        return false;
    SSL_CTX_set1_cert_store(context, clients->authorities);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    return true;
}

SSL_CTX *sl_tls_clients_get(struct sl_tls_clients *clients, enum sl_tls_purpose purpose)
{
    SSL_CTX **context = &clients->contexts[purpose];

    if (*context)
        return *context;
    *context = new_context(TLS_client_method());
    if (!*context)
        return NULL;
    /* SSL_CTX_set_alpn_protos() returns 0 for success, unlike its neighbours. */
    if ((purposes[purpose].verify && !set_authorities(clients, *context)) ||
        (purposes[purpose].http &&
         SSL_CTX_set_alpn_protos(*context, alpn_http11, ALPN_HTTP11_LEN) != 0)) {
        SSL_CTX_free(*context);
        *context = NULL;
    }
    return *context;
}

/* ---- Connections ---- */

SSL *sl_tls_accept(SSL_CTX *context)
{
    SSL *ssl = SSL_new(context);

    if (ssl)
        SSL_set_accept_state(ssl);
    return ssl;
}

SSL *sl_tls_connect(SSL_CTX *context, const char *host)
{
    bool verify = SSL_CTX_get_verify_mode(context) != SSL_VERIFY_NONE;
    SSL *ssl = SSL_new(context);
    struct sl_addr literal;
    bool is_literal = sl_addr_parse_ip(host, 0, &literal) == 0;
    char ip[SL_ADDR_TEXT_MAX];
    int ok = 1;

    if (!ssl)
        return NULL;
    SSL_set_connect_state(ssl);
    if (is_literal && verify)
        ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), sl_addr_format_ip(&literal, ip));
    else if (verify)
        ok = SSL_set1_host(ssl, host);
    /* SNI carries names only (RFC 6066 section 3). */
    if (ok == 1 && !is_literal) /* OpenSSL copies it: the const cast stays here */
        ok = (int)SSL_set_tlsext_host_name(ssl, (void *)(uintptr_t)host);
    if (ok != 1) {
        SSL_free(ssl);
        return NULL;
    }
    return ssl;
}

/* ---- A context that a library has made ---- */

/* Where a connection begins, which OpenSSL gives as constant: SNI is of a connection, not of a
 * context. A server asks nobody for a certificate, though its context checks those of others. */
static void on_handshake(const SSL *constant, int where, int result)
{
    SSL *ssl = (SSL *)(uintptr_t)constant;

    (void)result;
    if ((where & SSL_CB_HANDSHAKE_START) == 0)
        return;
    if (SSL_is_server(ssl)) {
        SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
        return;
    }
    const char *host = X509_VERIFY_PARAM_get0_host(SSL_get0_param(ssl), 0);
    if (host) /* lost, the peer chooses a certificate that fits less */
        (void)SSL_set_tlsext_host_name(ssl, (void *)(uintptr_t)host);
}

static int on_verified(int ok, X509_STORE_CTX *verified)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(verified, SSL_get_ex_data_X509_STORE_CTX_idx());
    const char *host = ssl ? X509_VERIFY_PARAM_get0_host(SSL_get0_param(ssl), 0) : NULL;

    if (!ok)
        sl_log(SL_LOG_WARN, NULL, "TLS: the certificate of %s is refused: %s",
               host ? host : "an address",
               X509_verify_cert_error_string(X509_STORE_CTX_get_error(verified)));
    return ok;
}

int sl_tls_adopt(SSL_CTX *context, const struct sl_tls_files *files, struct sl_error *error)
{
    if (!harden(context))
        return sl_error_set(error, -ENOMEM, "TLS: %s", openssl_words());
    SSL_CTX_set_info_callback(context, on_handshake);
    return files ? load_files(context, files, error) : 0;
}

int sl_tls_adopt_aim(SSL_CTX *context, SSL_CTX *trusted, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context);
    struct sl_addr literal;
    char ip[SL_ADDR_TEXT_MAX];

    if (!trusted) {
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    } else {
        if (SSL_CTX_get_cert_store(context) != SSL_CTX_get_cert_store(trusted))
            SSL_CTX_set1_cert_store(context, SSL_CTX_get_cert_store(trusted));
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, on_verified);
    }
    if (sl_addr_parse_ip(host, 0, &literal) == 0)
        return X509_VERIFY_PARAM_set1_host(param, NULL, 0) == 1 &&
                       X509_VERIFY_PARAM_set1_ip_asc(param, sl_addr_format_ip(&literal, ip)) == 1
                   ? 0
                   : -EINVAL;
    return X509_VERIFY_PARAM_set1_ip(param, NULL, 0) == 1 &&
                   X509_VERIFY_PARAM_set1_host(param, host, 0) == 1
               ? 0
               : -EINVAL;
}
