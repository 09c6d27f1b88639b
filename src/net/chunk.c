/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A chain of chunks, taken off at its front as its bytes leave. */
#include "net/chunk.h"

#include "base/blob.h"
#include "base/mem.h"

#include <assert.h>
#include <sys/uio.h>

/* ---- Chunks ---- */

struct sl_chunk *sl_chunk_create(size_t len)
{
    struct sl_chunk *chunk = sl_alloc(sizeof(*chunk) + len); /* len is bounded by the callers */

    chunk->len = len;
    return chunk;
}

struct sl_chunk *sl_chunk_of_part(struct sl_blob *blob, size_t at, size_t len)
{
    struct sl_chunk *chunk = sl_new(struct sl_chunk);

    assert(at <= blob->len && len <= blob->len - at);
    chunk->blob = sl_blob_ref(blob);
    chunk->at = at;
    chunk->len = len;
    return chunk;
}

struct sl_chunk *sl_chunk_of(struct sl_blob *blob)
{
    return sl_chunk_of_part(blob, 0, blob->len);
}

static void free_one(struct sl_chunk *chunk)
{
    sl_blob_unref(chunk->blob);
    free(chunk);
}

void sl_chunk_destroy(struct sl_chunk *chunk)
{
    while (chunk) {
        struct sl_chunk *next = chunk->next;
        free_one(chunk);
        chunk = next;
    }
}

static size_t unsent_len(const struct sl_chunk *chunk)
{
    return chunk->len - chunk->sent;
}

/* ---- The queue ---- */

static void append(struct sl_chunk_queue *queue, struct sl_chunk *chunk)
{
    chunk->next = NULL;
    if (queue->last)
        queue->last->next = chunk;
    else
        queue->first = chunk;
    queue->last = chunk;
    queue->queued += chunk->len;
}

void sl_chunk_queue_add(struct sl_chunk_queue *queue, struct sl_chunk *chunk)
{
    while (chunk) {
        struct sl_chunk *next = chunk->next;
        if (chunk->len > 0)
            append(queue, chunk);
        else
            free_one(chunk);
        chunk = next;
    }
}

size_t sl_chunk_queue_peek(const struct sl_chunk_queue *queue, struct iovec *iov, size_t max)
{
    size_t count = 0;

    for (struct sl_chunk *chunk = queue->first; chunk && count < max; chunk = chunk->next) {
        uint8_t *bytes = chunk->blob ? chunk->blob->data + chunk->at : chunk->data;
        iov[count++] = (struct iovec){bytes + chunk->sent, unsent_len(chunk)};
    }
    return count;
}

static void remove_first(struct sl_chunk_queue *queue)
{
    struct sl_chunk *chunk = queue->first;

    queue->first = chunk->next;
    if (!queue->first)
        queue->last = NULL;
    free_one(chunk);
}

void sl_chunk_queue_pop(struct sl_chunk_queue *queue, size_t len)
{
    assert(len <= queue->queued);
    queue->queued -= len;
    while (queue->first && len >= unsent_len(queue->first)) {
        len -= unsent_len(queue->first);
        remove_first(queue);
    }
    if (queue->first)
        queue->first->sent += len;
}

void sl_chunk_queue_drop(struct sl_chunk_queue *queue, bool keep_first)
{
    struct sl_chunk *first = queue->first;

    if (first && keep_first) {
        sl_chunk_destroy(first->next);
        first->next = NULL;
        queue->last = first;
        queue->queued = unsent_len(first);
    } else {
        sl_chunk_destroy(first);
        *queue = (struct sl_chunk_queue){0};
    }
}
