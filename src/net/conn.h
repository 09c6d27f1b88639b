/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One TCP connection with or without TLS on a loop: bytes in, a queue of bytes out, a deadline, and
 * an end that is always told later, from the loop. Everything on the loop's thread.
 */
#ifndef SL_NET_CONN_H
#define SL_NET_CONN_H

#include "base/addr.h"
#include "net/chunk.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_loop;

/* ---- All connections of one loop: their clock, and who must be called back ---- */

struct sl_conn_set;

struct sl_conn_set *sl_conn_set_create(struct sl_loop *loop);
/* Cuts every connection (on_gone is called for each) and frees, the memory libuv needs a little
 * later. Never from within a callback of a connection. NULL is fine. */
void sl_conn_set_destroy(struct sl_conn_set *set);

/* ---- A connection ---- */

struct sl_conn;

/* After sl_conn_cut() only on_gone is called. */
struct sl_conn_ops {
    /* TCP is there, and TLS if there is any. */
    void (*on_ready)(void *owner);
    /* What came, at most 16 KiB a turn; it may be changed in place, data[len] too may be written.
     */
    void (*on_data)(void *owner, uint8_t *data, size_t len);
    /* The queue is empty again. From the loop, never from within sl_conn_send(). */
    void (*on_sent)(void *owner);
    /* The deadline passed; it is cleared before. */
    void (*on_deadline)(void *owner);
    /* The last call, from the loop. why is words for the log; conn is freed afterwards. */
    void (*on_gone)(void *owner, const char *why);
};

/* Takes fd (a connected socket, or one that is connecting) and ssl (NULL: plain TCP; made ready as
 * server or client by the caller) also on failure. -errno when the loop cannot watch fd. */
int sl_conn_create(struct sl_conn_set *set, int fd, SSL *ssl, bool connecting,
                   const struct sl_conn_ops *ops, void *owner, struct sl_conn **out);
/* An upgraded connection has another reader. */
void sl_conn_set_owner(struct sl_conn *conn, const struct sl_conn_ops *ops, void *owner);

const struct sl_addr *sl_conn_remote(const struct sl_conn *conn);
const struct sl_addr *sl_conn_local(const struct sl_conn *conn);
bool sl_conn_is_tls(const struct sl_conn *conn);
/* Borrowed, to look at; NULL: plain TCP. */
SSL *sl_conn_tls(const struct sl_conn *conn);

/* Takes the chain; sends it now if it can. Dropped before on_ready and once the connection ends. */
void sl_conn_send(struct sl_conn *conn, struct sl_chunk *chunk);
/* Bytes not yet given to the kernel. */
size_t sl_conn_queued(const struct sl_conn *conn);
/* Forgets what is queued, except a chunk that has begun to leave. */
void sl_conn_drop_queue(struct sl_conn *conn);
/* The kernel takes no more than so many bytes ahead of what it sends (tcp(7), TCP_NOTSENT_LOWAT):
 * the rest stays in the queue, where it is counted and can be dropped. */
void sl_conn_set_unsent_max(struct sl_conn *conn, size_t len);

/* Without reading nothing is buffered here: the peer is slowed down by TCP. That the peer has gone
 * is noticed all the same. */
void sl_conn_pause(struct sl_conn *conn);
void sl_conn_resume(struct sl_conn *conn);
bool sl_conn_is_paused(const struct sl_conn *conn);
/* Gives back the end of what on_data was given, once: it comes again in the loop's next turn, when
 * the others have had theirs, or when reading goes on; nothing else comes before. Copied. */
void sl_conn_unread(struct sl_conn *conn, const uint8_t *data, size_t len);

/* One deadline per connection, checked four times a second. after_ms 0: none. */
void sl_conn_set_deadline(struct sl_conn *conn, int64_t after_ms);

/* Sends what is queued, at most flush_ms long, says goodbye, and waits up to 2 s for the peer's, so
 * that the last bytes are not lost to a reset. What still comes is dropped. */
void sl_conn_finish(struct sl_conn *conn, int64_t flush_ms, const char *why);
/* Ends it at once; why is copied. */
void sl_conn_cut(struct sl_conn *conn, const char *why);
/* False once it was cut. */
bool sl_conn_alive(const struct sl_conn *conn);

/* ---- Moving to another loop ---- */

/* A connection without a loop: its socket, its TLS, what is queued and what is unread. Whoever has
 * it may give it to another thread. */
struct sl_conn_parcel;

/* Takes it off its loop, possibly from within on_ready or on_data (what was given there and is
 * still wanted is unread before): no callback after this, conn must not be used any more. NULL: it
 * is not open, nothing happens then. The deadline does not go along. */
struct sl_conn_parcel *sl_conn_detach(struct sl_conn *conn);
/* Goes on where it was, with another reader; on_ready is not called again. Takes the parcel, also
 * on failure: -errno when the loop cannot watch it. Threads: the set's loop's. */
int sl_conn_adopt(struct sl_conn_set *set, struct sl_conn_parcel *parcel,
                  const struct sl_conn_ops *ops, void *owner, struct sl_conn **out);
/* Closes one that nobody has adopted. NULL is fine. */
void sl_conn_parcel_destroy(struct sl_conn_parcel *parcel);

#endif
