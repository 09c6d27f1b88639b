/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Listening sockets: who is let in, and with which certificate. */
#include "http/private.h"

#include "base/error.h"
#include "base/mem.h"
#include "net/net.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

/* ---- Letting in ---- */

static void on_accept(void *owner, int fd, const struct sl_addr *remote)
{
    struct sl_listener *listener = owner;
    struct sl_http *http = listener->http;

    if (sl_admission_full(&http->admission))
        (void)sl_http_peer_make_room(http); /* if it cannot: refused below */
    struct sl_ip_entry *ip = sl_admission_enter(&http->admission, remote);
    if (!ip) {
        sl_http_count_refused(
            http, sl_admission_full(&http->admission) ? "too many" : "too many from one address");
        (void)close(fd); /* nothing was sent */
        return;
    }
    sl_http_peer_accept(listener, fd, ip);
}

static void on_refuse(void *owner)
{
    const struct sl_listener *listener = owner;

    sl_http_count_refused(listener->http, "no descriptors left");
}

static const struct sl_acceptor_ops acceptor_ops = {on_accept, on_refuse};

/* ---- The socket ---- */

static int open_socket(const struct sl_listener_config *config, struct sl_error *error)
{
    struct sl_addr addr = {.port = config->port}; /* [::] */

    if (config->address && sl_addr_parse_ip(config->address, config->port, &addr) < 0)
        return sl_error_set(error, -EINVAL, "%s: %s is not an IP address", config->name,
                            config->address);
    int fd = sl_acceptor_listen(&addr, !config->address, BACKLOG);
    if (!config->address && (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL)) {
        (void)sl_addr_parse_ip("0.0.0.0", config->port, &addr); /* a host without IPv6 */
        fd = sl_acceptor_listen(&addr, false, BACKLOG);
    }
    if (fd < 0)
        return sl_error_set(error, fd, "%s: port %u: %s", config->name, config->port,
                            strerror(-fd));
    return fd;
}

/* ---- Life ---- */

struct sl_certificate {
    char *name, *cert_file, *key_file, *chain_file;
    SSL_CTX *tls; /* NULL: not loaded */
};

struct sl_certificate *sl_listener_certificate(const struct sl_listener *listener)
{
    struct sl_certificate *certificate;

    if (!listener->cert_file)
        return NULL;
    certificate = sl_new(struct sl_certificate);
    certificate->name = sl_strdup(listener->name);
    certificate->cert_file = sl_strdup(listener->cert_file);
    certificate->key_file = sl_strdup_or_null(listener->key_file);
    certificate->chain_file = sl_strdup_or_null(listener->chain_file);
    return certificate;
}

int sl_certificate_load(struct sl_certificate *certificate, struct sl_error *error)
{
    struct sl_tls_files files = {certificate->cert_file, certificate->key_file,
                                 certificate->chain_file};
    struct sl_error detail = {""};
    SSL_CTX *tls = NULL;

    int err = sl_tls_server_context(&files, &tls, &detail);
    if (err < 0)
        return sl_error_set(error, err, "%s: %s", certificate->name, detail.text);
    SSL_CTX_free(certificate->tls);
    certificate->tls = tls;
    return 0;
}

void sl_listener_use_certificate(struct sl_listener *listener, struct sl_certificate *certificate)
{
    if (!certificate->tls)
        return;
    SSL_CTX_free(listener->tls); /* connections hold their own reference */
    listener->tls = certificate->tls;
    certificate->tls = NULL;
}

void sl_certificate_destroy(struct sl_certificate *certificate)
{
    if (!certificate)
        return;
    SSL_CTX_free(certificate->tls);
    free(certificate->name);
    free(certificate->cert_file);
    free(certificate->key_file);
    free(certificate->chain_file);
    free(certificate);
}

static int load_certificate(struct sl_listener *listener, struct sl_error *error)
{
    struct sl_certificate *certificate = sl_listener_certificate(listener);
    int err = certificate ? sl_certificate_load(certificate, error) : 0;

    if (certificate && err == 0)
        sl_listener_use_certificate(listener, certificate);
    sl_certificate_destroy(certificate);
    return err;
}

static void free_listener(struct sl_listener *listener)
{
    sl_acceptor_destroy(listener->acceptor);
    SSL_CTX_free(listener->tls);
    free(listener->name);
    free(listener->cert_file);
    free(listener->key_file);
    free(listener->chain_file);
    free(listener);
}

static int start(struct sl_listener *listener, const struct sl_listener_config *config,
                 struct sl_error *error)
{
    int fd = open_socket(config, error);

    if (fd < 0)
        return fd;
    int err =
        sl_acceptor_create(listener->http->loop, fd, &acceptor_ops, listener, &listener->acceptor);
    return err < 0 ? sl_error_set(error, err, "%s: %s", config->name, uv_strerror(err)) : 0;
}

int sl_listener_create(struct sl_http *http, const struct sl_listener_config *config,
                       struct sl_listener **out, struct sl_error *error)
{
    struct sl_listener *listener = sl_new(struct sl_listener);
    int err;

    assert(sl_loop_is_current(http->loop));
    listener->http = http;
    listener->name = sl_strdup(config->name);
    listener->cert_file = sl_strdup_or_null(config->cert_file);
    listener->key_file = sl_strdup_or_null(config->key_file);
    listener->chain_file = sl_strdup_or_null(config->chain_file);
    listener->ws = config->ws;
    listener->ws_arg = config->ws_arg;
    listener->on_request = config->on_request;
    listener->http_arg = config->http_arg;
    err = load_certificate(listener, error);
    if (err == 0)
        err = start(listener, config, error);
    if (err < 0) {
        free_listener(listener);
        return err;
    }
    sl_list_append(&http->listeners, &listener->link);
    *out = listener;
    return 0;
}

void sl_listener_close(struct sl_listener *listener)
{
    sl_acceptor_destroy(listener->acceptor);
    listener->acceptor = NULL;
}

void sl_listener_destroy(struct sl_listener *listener)
{
    sl_list_remove(&listener->link);
    free_listener(listener);
}

uint16_t sl_listener_port(const struct sl_listener *listener)
{
    return sl_acceptor_port(listener->acceptor);
}
