/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes of a TCP socket, in clear or by TLS. */
#include "net/wire.h"

#include "base/addr.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>
#include <uv.h>

enum { WRITE_CHUNKS = 16 /* per sendmsg(2) */ };

int sl_wire_error(const struct sl_wire *wire)
{
    int err = 0;
    socklen_t len = sizeof(err);

    if (getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
        return -errno;
    return -err;
}

void sl_wire_addrs(const struct sl_wire *wire, struct sl_addr *remote, struct sl_addr *local)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof(sa);

    if (getpeername(wire->fd, (struct sockaddr *)&sa, &len) == 0)
        (void)sl_addr_from_sockaddr(remote, (struct sockaddr *)&sa);
    len = sizeof(sa);
    if (getsockname(wire->fd, (struct sockaddr *)&sa, &len) == 0)
        (void)sl_addr_from_sockaddr(local, (struct sockaddr *)&sa);
}

/* ---- TLS ---- */

/* OpenSSL's words for what went wrong. */
static void tell_tls(const struct sl_wire *wire, const char *doing, int error,
                     char why[SL_WIRE_WHY_MAX])
{
    unsigned long code = ERR_peek_error();
    long verified = SSL_get_verify_result(wire->ssl);
    const char *words = code ? ERR_reason_error_string(code) : "TLS failed";

    if (error == SSL_ERROR_SYSCALL && code == 0)
        words = "the peer is gone";
    else if (verified != X509_V_OK) /* which says more than "certificate verify failed" */
        words = X509_verify_cert_error_string(verified);
    (void)snprintf(why, SL_WIRE_WHY_MAX, "%s: %s", doing, words);
}

/* The result of an SSL call that did not succeed. */
static enum sl_wire_step tls_step(const struct sl_wire *wire, int result, const char *doing,
                                  char why[SL_WIRE_WHY_MAX])
{
    int error = SSL_get_error(wire->ssl, result);

    if (error == SSL_ERROR_WANT_READ)
        return SL_WIRE_WAITS_READ;
    if (error == SSL_ERROR_WANT_WRITE)
        return SL_WIRE_WAITS_WRITE;
    if (error == SSL_ERROR_ZERO_RETURN)
        (void)snprintf(why, SL_WIRE_WHY_MAX, "closed by the peer");
    else
        tell_tls(wire, doing, error, why);
    return SL_WIRE_FAILED;
}

enum sl_wire_step sl_wire_handshake(const struct sl_wire *wire, char why[SL_WIRE_WHY_MAX])
{
    ERR_clear_error();
    int result = SSL_do_handshake(wire->ssl);
    return result == 1 ? SL_WIRE_DONE : tls_step(wire, result, "TLS handshake", why);
}

static enum sl_wire_step write_tls(const struct sl_wire *wire, struct sl_chunk_queue *queue,
                                   char why[SL_WIRE_WHY_MAX])
{
    struct iovec next;
    size_t sent = 0;

    (void)sl_chunk_queue_peek(queue, &next, 1); /* there is one, or we were not called */
    ERR_clear_error();
    int result = SSL_write_ex(wire->ssl, next.iov_base, next.iov_len, &sent);
    if (result != 1)
        return tls_step(wire, result, "TLS write", why);
    sl_chunk_queue_pop(queue, sent);
    return SL_WIRE_DONE;
}

static enum sl_wire_step read_tls(const struct sl_wire *wire, uint8_t *buf, size_t size,
                                  size_t *got, char why[SL_WIRE_WHY_MAX])
{
    ERR_clear_error();
    int result = SSL_read_ex(wire->ssl, buf, size, got);
    return result == 1 ? SL_WIRE_DONE : tls_step(wire, result, "TLS read", why);
}

/* ---- Plain TCP ---- */

static enum sl_wire_step write_plain(const struct sl_wire *wire, struct sl_chunk_queue *queue,
                                     char why[SL_WIRE_WHY_MAX])
{
    struct iovec iov[WRITE_CHUNKS];
    size_t count = sl_chunk_queue_peek(queue, iov, WRITE_CHUNKS);
    struct msghdr message = {.msg_iov = iov, .msg_iovlen = count};

    ssize_t sent = sendmsg(wire->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0)
        sl_chunk_queue_pop(queue, (size_t)sent);
    if (sent >= 0 || errno == EINTR)
        return SL_WIRE_DONE;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
        return SL_WIRE_WAITS_WRITE;
    (void)snprintf(why, SL_WIRE_WHY_MAX, "%s", uv_strerror(-errno));
    return SL_WIRE_FAILED;
}

static enum sl_wire_step read_plain(const struct sl_wire *wire, uint8_t *buf, size_t size,
                                    size_t *got, char why[SL_WIRE_WHY_MAX])
{
    ssize_t len = recv(wire->fd, buf, size, MSG_DONTWAIT);

    if (len > 0) {
        *got = (size_t)len;
        return SL_WIRE_DONE;
    }
    if (len == 0)
        return SL_WIRE_ENDED;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return SL_WIRE_WAITS_READ;
    (void)snprintf(why, SL_WIRE_WHY_MAX, "%s", uv_strerror(-errno));
    return SL_WIRE_FAILED;
}

/* ---- Either ---- */

enum sl_wire_step sl_wire_write(const struct sl_wire *wire, struct sl_chunk_queue *queue,
                                char why[SL_WIRE_WHY_MAX])
{
    return wire->ssl ? write_tls(wire, queue, why) : write_plain(wire, queue, why);
}

enum sl_wire_step sl_wire_read(const struct sl_wire *wire, uint8_t *buf, size_t size, size_t *got,
                               char why[SL_WIRE_WHY_MAX])
{
    return wire->ssl ? read_tls(wire, buf, size, got, why) : read_plain(wire, buf, size, got, why);
}

void sl_wire_say_goodbye(const struct sl_wire *wire)
{
    if (wire->ssl) {
        ERR_clear_error();
        (void)SSL_shutdown(wire->ssl); /* best effort: the peer sees the end of TCP anyway */
    }
    (void)shutdown(wire->fd, SHUT_WR); /* fails when the peer is gone: then reading tells */
}

void sl_wire_close(struct sl_wire *wire)
{
    SSL_free(wire->ssl);
    (void)close(wire->fd); /* a lost write error concerns nobody any more */
    *wire = (struct sl_wire){.fd = -1};
}
