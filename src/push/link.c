/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A TCP connection under the loop, and OpenSSL on top of it if asked for. */
#include "push/link.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/net.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

enum {
    READ_LEN = 16384,        /* a whole record of TLS (RFC 8446 section 5.1) */
    USER_TIMEOUT_MS = 15000, /* unacknowledged bytes: the path is gone */
    UNSENT_MAX = 256 << 10,  /* bytes the kernel takes beyond what is in flight */
};

/*
 * CONNECTING  --on_connected()--> HANDSHAKING (TLS) --> OPEN, or OPEN at once
 * HANDSHAKING --give_up_address()--> CONNECTING: to the next address
 * any         --fail()--> BROKEN
 */
enum state { CONNECTING, HANDSHAKING, OPEN, BROKEN };

/* libuv needs a handle until its close callback: longer than the link. */
struct watch {
    uv_poll_t poll;
    int fd;
};

struct link {
    struct link_config config;
    char host[256];
    enum state state;
    struct sl_dial *dial;
    struct watch *watch; /* HANDSHAKING, OPEN */
    int watched_events;
    struct sl_timer *timer; /* of the TLS handshake */
    struct sl_later failure;
    SSL_CTX *context;
    SSL *ssl;
    bool ssl_wants_write;
    int err; /* of BROKEN */
    struct sl_error error;
    int64_t progress_us;
    uint64_t bytes_sent;
};

static void on_poll(uv_poll_t *poll, int status, int events);
static void handshake(struct link *link);

/* ---- Errors are told from the loop, never from within a call of the owner ---- */

static void close_watch(struct link *link);

static void on_failure(struct sl_later *later)
{
    const struct link *link = sl_container_of(later, struct link, failure);

    link->config.ops->on_error(link->config.owner, link->err, link->error.text);
}

static void fail(struct link *link, int err, const char *words)
{
    if (link->state == BROKEN)
        return;
    link->state = BROKEN;
    link->err = err;
    (void)snprintf(link->error.text, sizeof(link->error.text), "%s", words);
    close_watch(link);
    sl_timer_stop(link->timer);
    link->failure.run = on_failure;
    sl_loop_later(link->config.loop, &link->failure);
}

/* What OpenSSL died of. */
static void describe_ssl(struct link *link, const char *what, char *words, size_t len)
{
    long verified = link->ssl ? SSL_get_verify_result(link->ssl) : X509_V_OK;
    char reason[128] = "";

    if (verified != X509_V_OK)
        (void)snprintf(reason, sizeof(reason), "%s", X509_verify_cert_error_string(verified));
    else if (ERR_peek_error() != 0)
        ERR_error_string_n(ERR_peek_error(), reason, sizeof(reason));
    ERR_clear_error();
    (void)snprintf(words, len, "TLS %s: %s", what, reason[0] ? reason : "connection lost");
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

/* Takes fd, also on failure. */
static int watch_fd(struct link *link, int fd)
{
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
    return 0;
}

/* What listens there does not do: another address of the same name may. */
static void give_up_address(struct link *link, int err, const char *words)
{
    SSL_free(link->ssl);
    link->ssl = NULL;
    link->ssl_wants_write = false;
    close_watch(link);
    sl_timer_stop(link->timer);
    link->state = CONNECTING;
    sl_dial_next(link->dial, err, words);
}

static void on_timer(void *owner)
{
    struct link *link = owner;

    if (link->state == HANDSHAKING)
        give_up_address(link, -ETIMEDOUT, "TLS handshake: no answer in time");
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
    char words[256];

    if (!link->context && !set_up_context(link)) {
        SSL_CTX_free(link->context);
        link->context = NULL;
    }
    if (link->context)
        link->ssl = SSL_new(link->context);
    if (!link->ssl || !set_up_name(link) || SSL_set_fd(link->ssl, link->watch->fd) != 1) {
        describe_ssl(link, "cannot be set up", words, sizeof(words));
        give_up_address(link, -EPIPE, words);
        return;
    }
    link->state = HANDSHAKING;
    SSL_set_connect_state(link->ssl);
    sl_timer_start(link->timer, (uint64_t)sl_dial_left_ms(link->dial), 0);
    handshake(link);
}

/* What an operation of OpenSSL left to wait for; false: it failed. */
static bool note_ssl(struct link *link, int result)
{
    int err = SSL_get_error(link->ssl, result);

    link->ssl_wants_write = err == SSL_ERROR_WANT_WRITE;
    return err == SSL_ERROR_WANT_WRITE || err == SSL_ERROR_WANT_READ;
}

static void become_open(struct link *link)
{
    sl_timer_stop(link->timer);
    link->state = OPEN;
    link->progress_us = sl_now_us();
    watch_for(link, UV_READABLE);
    link->config.ops->on_open(link->config.owner);
}

static void handshake(struct link *link)
{
    char words[256];

    ERR_clear_error();
    int result = SSL_do_handshake(link->ssl);

    if (result == 1) {
        become_open(link);
    } else if (note_ssl(link, result)) {
        watch_for(link, link->ssl_wants_write ? UV_WRITABLE : UV_READABLE);
    } else {
        describe_ssl(link, "handshake failed", words, sizeof(words));
        give_up_address(link, -EPIPE, words);
    }
}

/* ---- Connecting ---- */

static void on_connected(void *owner, int fd)
{
    struct link *link = owner;

    set_socket_options(fd);
    int err = watch_fd(link, fd);
    if (err < 0)
        sl_dial_next(link->dial, err, uv_strerror(err));
    else if (link->config.tls_host)
        start_tls(link);
    else
        become_open(link);
}

static void on_dial_failed(void *owner, int err, const char *words)
{
    struct link *link = owner;
    struct sl_error error;

    (void)sl_error_set(&error, 0, "cannot connect: %s", words);
    fail(link, err, error.text);
}

static const struct sl_dial_ops dial_ops = {on_connected, on_dial_failed};

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

/* libuv says "bad file descriptor" of every POLLERR; the socket has the true reason. */
static int socket_error(int fd)
{
    int err = 0;
    socklen_t len = sizeof(err);

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
        err = errno;
    return err != 0 ? -err : -ECONNRESET;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct link *link = poll->data;

    if (link->state == HANDSHAKING) {
        handshake(link); /* also of a broken one: OpenSSL tells */
        return;
    }
    if (status < 0) {
        fail_connection(link, socket_error(link->watch->fd));
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
    link->config.addrs = NULL; /* the dial has its own copy */
    if (config->tls_host) {
        (void)snprintf(link->host, sizeof(link->host), "%s", config->tls_host);
        link->config.tls_host = link->host;
    }
    link->timer = sl_timer_create(config->loop, on_timer, link);
    link->progress_us = sl_now_us();
    link->dial = sl_dial_create(&(struct sl_dial_config){
        .loop = config->loop,
        .addrs = config->addrs,
        .addr_count = config->addr_count,
        .timeout_ms = config->timeout_ms,
        .ops = &dial_ops,
        .owner = link,
    });
    return link;
}

void link_destroy(struct link *link)
{
    if (!link)
        return;
    sl_dial_destroy(link->dial);
    close_watch(link);
    sl_timer_destroy(link->timer);
    sl_later_cancel(&link->failure);
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
