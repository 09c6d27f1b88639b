/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One connection to an RTMP server on a job loop, plain or TLS, to addresses that were resolved and
 * checked before: no name is looked up here. An address that cannot be connected to, or fails the
 * handshake of TLS, is followed by the next. TLS asks for the host's name, and checks the
 * certificate against it. Threads: the loop's.
 */
#ifndef SL_RTMP_SOCKET_H
#define SL_RTMP_SOCKET_H

#include "base/addr.h"
#include "rtmp/outbox.h"

#include <openssl/ssl.h>
#include <stddef.h>
#include <stdint.h>

struct sl_job_loop;

enum { SL_RTMP_ADDRESSES_MAX = 8 };

/* None is called from within a function of this header. After on_error no more. on_bytes and
 * on_error may destroy the socket. */
struct sl_rtmp_socket_ops {
    void (*on_open)(void *owner);
    void (*on_bytes)(void *owner, const uint8_t *bytes, size_t len);
    void (*on_drained)(void *owner); /* all has been given to the kernel */
    void (*on_error)(void *owner, int err, const char *words);
};

struct sl_rtmp_socket_config {
    struct sl_job_loop *loop;
    const struct sl_addr *addrs; /* tried in this order; copied */
    size_t addr_count;
    int64_t timeout_ms; /* for TCP and TLS, of all addresses together */
    SSL_CTX *tls;       /* NULL: no TLS; outlives the socket */
    const char *host;   /* for TLS; outlives the socket */
    const struct sl_rtmp_socket_ops *ops;
    void *owner;
};

struct sl_rtmp_socket;
struct sl_rtmp_socket *sl_rtmp_socket_create(const struct sl_rtmp_socket_config *config);
/* Closes; what waits is not sent any more. NULL is fine. */
void sl_rtmp_socket_destroy(struct sl_rtmp_socket *socket);
/* Sends all of the outbox, which is empty then; once it is open. */
void sl_rtmp_socket_send(struct sl_rtmp_socket *socket, struct sl_outbox *outbox);
/* Nothing more is to be sent: the server sees the end once it has read all; its own end comes as
 * on_error. */
void sl_rtmp_socket_finish(struct sl_rtmp_socket *socket);
/* Bytes the kernel has not taken, and those it has. */
size_t sl_rtmp_socket_unsent(const struct sl_rtmp_socket *socket);
uint64_t sl_rtmp_socket_sent(const struct sl_rtmp_socket *socket);

#endif
