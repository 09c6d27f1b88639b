/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Listening sockets: who is let in, and with which certificate. */
#include "net/http_private.h"

#include "base/error.h"
#include "base/mem.h"
#include "net/loop.h"
#include "net/tls.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 1024,
    ACCEPTS_PER_EVENT = 32, /* then the connections that are there get their turn */
};

/* ---- Letting in ---- */

/* No descriptor is left: the newcomer is taken with the reserve and closed, or the loop would be
 * told about it again and again. */
static void accept_with_reserve(struct sl_listener *listener)
{
    struct sl_http *http = listener->http;

    (void)close(http->reserve_fd); /* read only */
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        (void)close(fd); /* nothing was sent */
    http->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    sl_http_count_refused(http, "no descriptors left");
}

static void admit(struct sl_listener *listener, int fd, const struct sockaddr_storage *sa)
{
    struct sl_http *http = listener->http;
    struct sl_addr remote;

    if (sl_addr_from_sockaddr(&remote, (const struct sockaddr *)sa) < 0) {
        (void)close(fd); /* cannot happen on an IP socket */
        return;
    }
    if (sl_admission_full(&http->admission))
        (void)sl_http_peer_make_room(http); /* if it cannot: refused below */
    struct sl_ip_entry *ip = sl_admission_enter(&http->admission, &remote);
    if (!ip) {
        sl_http_count_refused(
            http, sl_admission_full(&http->admission) ? "too many" : "too many from one address");
        (void)close(fd); /* nothing was sent */
        return;
    }
    sl_http_peer_accept(listener, fd, ip);
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
    struct sl_listener *listener = sl_container_of(poll, struct sl_listener, poll);

    (void)status; /* accept4() tells the error itself */
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_EVENT; i++) {
        struct sockaddr_storage sa;
        socklen_t len = sizeof(sa);
        int fd = accept4(listener->fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            admit(listener, fd, &sa);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            accept_with_reserve(listener);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } /* else: this client has gone before we came to it; the next one */
    }
}

/* ---- The socket ---- */

/* Returns a descriptor or -errno. */
static int listen_on(const struct sockaddr *sa, socklen_t len, bool dual)
{
    int on = 1, off = 0;
    int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    /* A restart must not wait for the old connections' TIME_WAIT. */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (sa->sa_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, dual ? &off : &on, sizeof(on));
    if (bind(fd, sa, len) < 0 || listen(fd, BACKLOG) < 0) {
        int err = -errno;
        (void)close(fd); /* never used */
        return err;
    }
    return fd;
}

static int open_socket(const struct sl_listener_config *config, struct sl_error *error)
{
    struct sockaddr_storage sa;
    struct sl_addr addr;
    int fd;

    if (config->address) {
        if (sl_addr_parse_ip(config->address, config->port, &addr) < 0)
            return sl_error_set(error, -EINVAL, "%s: %s is not an IP address", config->name,
                                config->address);
        socklen_t len = sl_addr_to_sockaddr(&addr, &sa);
        fd = listen_on((struct sockaddr *)&sa, len, false);
    } else {
        struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(config->port)};
        fd = listen_on((struct sockaddr *)&any6, sizeof(any6), true);
        if (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL) { /* a host without IPv6 */
            struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(config->port)};
            fd = listen_on((struct sockaddr *)&any, sizeof(any), false);
        }
    }
    if (fd < 0)
        return sl_error_set(error, fd, "%s: port %u: %s", config->name, config->port,
                            strerror(-fd));
    return fd;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof(sa);
    struct sl_addr addr = {0};

    if (getsockname(fd, (struct sockaddr *)&sa, &len) == 0)
        (void)sl_addr_from_sockaddr(&addr, (struct sockaddr *)&sa); /* it is an IP socket */
    return addr.port;
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
    if (listener->fd >= 0)
        (void)close(listener->fd); /* a listening socket has nothing to lose */
    SSL_CTX_free(listener->tls);
    free(listener->name);
    free(listener->cert_file);
    free(listener->key_file);
    free(listener->chain_file);
    free(listener);
}

int sl_listener_create(struct sl_http *http, const struct sl_listener_config *config,
                       struct sl_listener **out, struct sl_error *error)
{
    struct sl_listener *listener = sl_new(struct sl_listener);
    int err;

    assert(sl_loop_is_current(http->loop));
    listener->http = http;
    listener->fd = -1;
    listener->name = sl_strdup(config->name);
    listener->cert_file = sl_strdup_or_null(config->cert_file);
    listener->key_file = sl_strdup_or_null(config->key_file);
    listener->chain_file = sl_strdup_or_null(config->chain_file);
    listener->ws = config->ws;
    listener->ws_arg = config->ws_arg;
    listener->on_request = config->on_request;
    listener->http_arg = config->http_arg;
    err = load_certificate(listener, error);
    if (err == 0) {
        listener->fd = open_socket(config, error);
        err = listener->fd < 0 ? listener->fd : 0;
    }
    if (err == 0) {
        err = uv_poll_init(sl_loop_uv(http->loop), &listener->poll, listener->fd);
        if (err < 0)
            (void)sl_error_set(error, err, "%s: %s", config->name, uv_strerror(err));
    }
    if (err < 0) {
        free_listener(listener);
        return err;
    }
    listener->port = port_of(listener->fd);
    (void)uv_poll_start(&listener->poll, UV_READABLE, on_acceptable); /* fails when closing only */
    sl_list_append(&http->listeners, &listener->link);
    *out = listener;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    free_listener(sl_container_of((uv_poll_t *)handle, struct sl_listener, poll));
}

void sl_listener_destroy(struct sl_listener *listener)
{
    sl_list_remove(&listener->link);
    uv_close((uv_handle_t *)&listener->poll, on_closed);
    (void)close(listener->fd); /* the port is free at once */
    listener->fd = -1;
}

uint16_t sl_listener_port(const struct sl_listener *listener)
{
    return listener->port;
}
