/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bytes that wait to leave, in their order, and how many of them have left. No I/O. Threads: one at
 * a time.
 */
#ifndef SL_NET_CHUNK_H
#define SL_NET_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iovec;
struct sl_blob;

/* Bytes of its own, filled by whoever made it before they are queued, or somebody's shared ones.
 * Those that are queued together are chained by next. */
struct sl_chunk {
    struct sl_chunk *next;
    size_t len, sent;
    struct sl_blob *blob; /* NULL: data */
    size_t at;            /* of the blob's first byte that is meant */
    uint8_t data[];
};

struct sl_chunk *sl_chunk_create(size_t len);
/* The blob without a copy of it; takes a reference. */
struct sl_chunk *sl_chunk_of(struct sl_blob *blob);
/* Likewise so many bytes of it from at, which it has. */
struct sl_chunk *sl_chunk_of_part(struct sl_blob *blob, size_t at, size_t len);
/* The whole chain. NULL is fine. */
void sl_chunk_destroy(struct sl_chunk *chunk);

/* Zeroed, it is empty. May be copied to another place, which then owns the chunks. */
struct sl_chunk_queue {
    struct sl_chunk *first, *last; /* NULL: empty; none of no bytes stands in it */
    size_t queued;                 /* bytes that have not left */
};

/* Takes the chain; NULL is fine. */
void sl_chunk_queue_add(struct sl_chunk_queue *queue, struct sl_chunk *chunk);
/* What leaves next, in at most max pieces, whose number is returned. Borrowed until the next call
 * that changes the queue. */
size_t sl_chunk_queue_peek(const struct sl_chunk_queue *queue, struct iovec *iov, size_t max);
/* So many bytes have left, at most those queued. */
void sl_chunk_queue_pop(struct sl_chunk_queue *queue, size_t len);
/* Forgets what is queued; keep_first: all but the first chunk, of which the other end may have a
 * part. */
void sl_chunk_queue_drop(struct sl_chunk_queue *queue, bool keep_first);

#endif
