/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A TCP connection under the loop, and OpenSSL on top of it if asked for. */
#include "push/link.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/net.h"
#include "push/address.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

enum {
    ADDRESS_TIMEOUT_MS = 4000, /* then the next address, if there is one */
    READ_LEN = 16384,          /* a whole record of TLS (RFC 8446 section 5.1) */
    USER_TIMEOUT_MS = 15000,   /* unacknowledged bytes: the path is gone */
    UNSENT_MAX = 256 << 10,    /* bytes the kernel takes beyond what is in flight */
};

/* CONNECTING --connected--> HANDSHAKING (TLS) --> OPEN; any --error--> BROKEN */
enum state { CONNECTING, HANDSHAKING, OPEN, BROKEN };

/* libuv needs a handle until its close callback: longer than the link. */
struct watch {
    uv_poll_t poll;
    int fd;
};

struct link {
    struct link_config config;
    struct sl_addr addrs[LOOKUP_ADDRESSES_MAX];
    char host[256];
    size_t next_addr;
    enum state state;
    struct watch *watch; /* NULL between two attempts */
    int watched_events;
    struct sl_timer *timer;
    SSL_CTX *context;
    SSL *ssl;
    bool ssl_wants_write;
    int err; /* of BROKEN */
    struct sl_error error;
    int64_t progress_us;
    uint64_t bytes_sent;
};

static void on_poll(uv_poll_t *poll, int status, int events);

/* ---- Errors are told from the loop, never from within a call of the owner ---- */

static void close_watch(struct link *link);

static void fail(struct link *link, int err, const char *words)
{
    if (link->state == BROKEN)
        return;
    link->state = BROKEN;
    link->err = err;
    (void)snprintf(link->error.text, sizeof(link->error.text), "%s", words);
    close_watch(link);
    sl_timer_start(link->timer, 0, 0);
}

static void fail_ssl(struct link *link, const char *what)
{
    long verified = link->ssl ? SSL_get_verify_result(link->ssl) : X509_V_OK;
    char reason[128] = "", words[256];

    if (verified != X509_V_OK)
        (void)snprintf(reason, sizeof(reason), "%s", X509_verify_cert_error_string(verified));
    else if (ERR_peek_error() != 0)
        ERR_error_string_n(ERR_peek_error(), reason, sizeof(reason));
    ERR_clear_error();
    (void)snprintf(words, sizeof(words), "TLS %s: %s", what,
                   reason[0] ? reason : "connection lost");
    fail(link, -EPIPE, words);
}

/* ---- Descriptors ---- */

static void on_watch_closed(uv_handle_t *handle)
{
    struct watch *watch = sl_container_of((uv_poll_t *)handle, struct watch, poll);

    free(watch);
}

static void close_watch(struct link *link)
{
    struct watch *watch = link->watch;

    if (!watch)
        return;
    link->watch = NULL;
    (void)uv_poll_stop(&watch->poll); /* before the number may be used again */
    (void)close(watch->fd);           /* nothing to lose that was not lost before */
    uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

static void watch_for(struct link *link, int events)
{
    if (!link->watch || link->watched_events == events)
        return;
    link->watched_events = events;
    (void)uv_poll_start(&link->watch->poll, events, on_poll); /* fails for closing handles only */
}

static void set_socket_options(int fd)
{
    int one = 1, timeout_ms = USER_TIMEOUT_MS, unsent = UNSENT_MAX;

    /* All improve matters and none is needed. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
}

static int connect_to(struct link *link, const struct sl_addr *addr)
{
    struct sockaddr_storage sa = {0};

    sa.ss_family = sl_addr_is_v4(addr) ? AF_INET : AF_INET6;
    socklen_t sa_len = sl_addr_to_sockaddr(addr, &sa);
    int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    set_socket_options(fd);
    if (connect(fd, (struct sockaddr *)&sa, sa_len) < 0 && errno != EINPROGRESS) {
        int err = -errno;
        (void)close(fd); /* never used */
        return err;
    }
    struct watch *watch = sl_new(struct watch);
    watch->fd = fd;
    int err = uv_poll_init(sl_loop_uv(link->config.loop), &watch->poll, fd);
    if (err < 0) {
        (void)close(fd); /* never used */
        free(watch);
        return err;
    }
    watch->poll.data = link;
    link->watch = watch;
    link->watched_events = 0;
    watch_for(link, UV_WRITABLE);
    return 0;
}

/* The next address; when there is none left, the error of the last. */
static void try_next(struct link *link, int err)
{
    close_watch(link);
    while (link->next_addr < link->config.addr_count) {
        err = connect_to(link, &link->addrs[link->next_addr++]);
        if (err == 0) {
            if (link->next_addr < link->config.addr_count)
                sl_timer_start(link->timer, ADDRESS_TIMEOUT_MS, 0);
            return;
        }
    }
    char words[128];
    (void)snprintf(words, sizeof(words), "cannot connect: %s", uv_strerror(err));
    fail(link, err, words);
}

static void on_timer(void *owner)
{
    struct link *link = owner;

    if (link->state == BROKEN)
        link->config.ops->on_error(link->config.owner, link->err, link->error.text);
    else if (link->state == CONNECTING)
        try_next(link, -ETIMEDOUT);
}

/* ---- TLS ---- */

static bool set_up_context(struct link *link)
{
    link->context = SSL_CTX_new(TLS_client_method());
    if (!link->context)
        return false;
    (void)SSL_CTX_set_mode(link->context,
                           SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(link->context, SSL_VERIFY_PEER, NULL);
    return SSL_CTX_set_min_proto_version(link->context, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_default_verify_paths(link->context) == 1;
}

/* A certificate for an address names the address; server_name is for names (RFC 6066 section 3). */
static bool set_up_name(struct link *link)
{
    struct sl_addr addr;

    if (sl_addr_parse_ip(link->host, 0, &addr) == 0)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(link->ssl), link->host) == 1;
    return SSL_set1_host(link->ssl, link->host) == 1 &&
           SSL_set_tlsext_host_name(link->ssl, link->host) == 1;
}

static void start_tls(struct link *link)
{
    link->state = HANDSHAKING;
    if (set_up_context(link))
        link->ssl = SSL_new(link->context);
    if (!link->ssl || !set_up_name(link) || SSL_set_fd(link->ssl, link->watch->fd) != 1) {
        fail_ssl(link, "cannot be set up");
        return;
    }
    SSL_set_connect_state(link->ssl);
}

/* What an operation of OpenSSL left to wait for; false: it failed. */
static bool note_ssl(struct link *link, int result)
{
    int err = SSL_get_error(link->ssl, result);

    link->ssl_wants_write = err == SSL_ERROR_WANT_WRITE;
    return err == SSL_ERROR_WANT_WRITE || err == SSL_ERROR_WANT_READ;
}

static void handshake(struct link *link)
{
    ERR_clear_error();
    int result = SSL_do_handshake(link->ssl);

    if (result == 1)
        link->state = OPEN;
    else if (!note_ssl(link, result))
        fail_ssl(link, "handshake failed");
}

/* ---- Bytes ---- */

/* How many went; 0: none for now; negative: the connection is gone. */
static ssize_t write_some(struct link *link, const uint8_t *bytes, size_t len)
{
    if (!link->ssl) {
        ssize_t sent = send(link->watch->fd, bytes, len, MSG_NOSIGNAL);
        if (sent >= 0)
            return sent;
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    }
    ERR_clear_error();
    int sent = SSL_write(link->ssl, bytes, len > INT32_MAX ? INT32_MAX : (int)len);
    if (sent > 0)
        return sent;
    return note_ssl(link, sent) ? 0 : -EPIPE;
}

static ssize_t read_some(struct link *link, uint8_t *bytes, size_t len)
{
    if (!link->ssl) {
        ssize_t got = recv(link->watch->fd, bytes, len, 0);
        if (got > 0)
            return got;
        if (got == 0)
            return -EPIPE;
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    }
    ERR_clear_error();
    int got = SSL_read(link->ssl, bytes, (int)len);
    if (got > 0)
        return got;
    return note_ssl(link, got) ? 0 : -EPIPE;
}

static void fail_connection(struct link *link, ssize_t err)
{
    char words[128];

    if (err == -EPIPE)
        (void)snprintf(words, sizeof(words), "the server closed the connection");
    else
        (void)snprintf(words, sizeof(words), "connection lost: %s", uv_strerror((int)err));
    fail(link, (int)err, words);
}

static void write_outbox(struct link *link)
{
    struct outbox *outbox = link->config.outbox;

    while (link->state == OPEN && outbox_len(outbox) > 0) {
        ssize_t sent = write_some(link, outbox_peek(outbox), outbox_len(outbox));
        if (sent < 0) {
            fail_connection(link, sent);
            return;
        }
        if (sent == 0)
            break;
        outbox_take(outbox, (size_t)sent);
        link->bytes_sent += (uint64_t)sent;
        link->progress_us = sl_now_us();
    }
    if (link->state == OPEN)
        watch_for(link, UV_READABLE |
                            (outbox_len(outbox) > 0 || link->ssl_wants_write ? UV_WRITABLE : 0));
}

/* One portion, because the owner may destroy the link as it gets it; polling is level-triggered and
 * brings the rest. A record of TLS is no longer than this and OpenSSL reads none ahead, so nothing
 * remains inside it. */
static void read_portion(struct link *link)
{
    uint8_t bytes[READ_LEN];
    ssize_t got = read_some(link, bytes, sizeof(bytes));

    if (got < 0)
        fail_connection(link, got);
    else if (got > 0)
        link->config.ops->on_bytes(link->config.owner, bytes, (size_t)got);
}

static void on_connected(struct link *link)
{
    int err = 0;
    socklen_t len = sizeof(err);

    if (getsockopt(link->watch->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
        err = errno;
    if (err != 0) {
        try_next(link, -err);
        return;
    }
    sl_timer_stop(link->timer);
    if (link->config.tls_host)
        start_tls(link);
    else
        link->state = OPEN;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct link *link = poll->data;
    bool was_open = link->state == OPEN;

    if (status < 0) {
        fail_connection(link, status);
        return;
    }
    if (link->state == CONNECTING)
        on_connected(link);
    if (link->state == HANDSHAKING)
        handshake(link);
    if (link->state == HANDSHAKING)
        watch_for(link, link->ssl_wants_write ? UV_WRITABLE : UV_READABLE);
    if (link->state != OPEN)
        return;
    if (!was_open) {
        link->progress_us = sl_now_us();
        watch_for(link, UV_READABLE);
        link->config.ops->on_open(link->config.owner);
        return;
    }
    if (events & UV_WRITABLE) {
        write_outbox(link);
        if (link->state == OPEN && outbox_len(link->config.outbox) == 0)
            link->config.ops->on_drained(link->config.owner);
    }
    if (link->state == OPEN && (events & UV_READABLE))
        read_portion(link);
}

/* ---- Life ---- */

struct link *link_create(const struct link_config *config)
{
    struct link *link = sl_new(struct link);

    link->config = *config;
    if (link->config.addr_count > LOOKUP_ADDRESSES_MAX)
        link->config.addr_count = LOOKUP_ADDRESSES_MAX;
    memcpy(link->addrs, config->addrs, link->config.addr_count * sizeof(link->addrs[0]));
    link->config.addrs = link->addrs;
    if (config->tls_host) {
        (void)snprintf(link->host, sizeof(link->host), "%s", config->tls_host);
        link->config.tls_host = link->host;
    }
    link->timer = sl_timer_create(config->loop, on_timer, link);
    link->progress_us = sl_now_us();
    try_next(link, -EADDRNOTAVAIL);
    return link;
}

void link_destroy(struct link *link)
{
    if (!link)
        return;
    close_watch(link);
    sl_timer_destroy(link->timer);
    SSL_free(link->ssl);
    SSL_CTX_free(link->context);
    ERR_clear_error();
    free(link);
}

void link_flush(struct link *link)
{
    if (link->state == OPEN)
        write_outbox(link);
}

void link_shutdown(struct link *link)
{
    if (link->state != OPEN)
        return;
    if (link->ssl)
        (void)SSL_shutdown(link->ssl); /* a courtesy: the end of TCP follows anyway */
    (void)shutdown(link->watch->fd, SHUT_WR);
}

int64_t link_progress_us(struct link *link)
{
    if (outbox_len(link->config.outbox) == 0)
        link->progress_us = sl_now_us();
    return link->progress_us;
}

uint64_t link_bytes_sent(const struct link *link)
{
    return link->bytes_sent;
}
