/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What waits to be written to a socket. A message is copied only if the kernel does not take it at
 * once, and then only what is left of it. */
#include "transcoder/internal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum { CHUNKS_AT_ONCE = 64 };

struct chunk {
    struct sl_list entry;
    size_t len, sent;
    uint8_t bytes[];
};

void sl_codec_outbox_init(struct sl_codec_outbox *outbox)
{
    sl_list_init(&outbox->chunks);
}

static void drop(struct sl_codec_outbox *outbox, struct chunk *chunk)
{
    sl_list_remove(&chunk->entry);
    outbox->count--;
    outbox->len -= chunk->len - chunk->sent;
    free(chunk);
}

void sl_codec_outbox_deinit(struct sl_codec_outbox *outbox)
{
    struct chunk *chunk;

    sl_list_foreach(chunk, &outbox->chunks, struct chunk, entry) drop(outbox, chunk);
}

/* How much of it; 0: not now. */
static ssize_t write_some(int fd, struct iovec *iov, size_t count)
{
    const struct msghdr msg = {.msg_iov = iov, .msg_iovlen = count};
    ssize_t sent = sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (sent >= 0)
        return sent;
    return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? 0 : -EPIPE;
}

/* What is behind the first `sent` bytes of head and data. */
static void keep(struct sl_codec_outbox *outbox, const uint8_t head[static SL_ENGINE_HEAD_LEN],
                 const struct sl_engine_message *message, size_t sent)
{
    size_t of_head = sent < SL_ENGINE_HEAD_LEN ? SL_ENGINE_HEAD_LEN - sent : 0;
    size_t of_data = sent > SL_ENGINE_HEAD_LEN ? sent - SL_ENGINE_HEAD_LEN : 0;
    size_t data_left = message->len - of_data;
    struct chunk *chunk = sl_mem_alloc(sizeof(*chunk) + of_head + data_left);

    chunk->entry = (struct sl_list){0};
    chunk->len = of_head + data_left;
    chunk->sent = 0;
    memcpy(chunk->bytes, head + SL_ENGINE_HEAD_LEN - of_head, of_head);
    if (data_left > 0)
        memcpy(chunk->bytes + of_head, message->data + of_data, data_left);
    sl_list_append(&outbox->chunks, &chunk->entry);
    outbox->count++;
    outbox->len += chunk->len;
}

int sl_codec_outbox_send(struct sl_codec_outbox *outbox, int fd,
                         const struct sl_engine_message *message, size_t count_max, size_t len_max)
{
    uint8_t head[SL_ENGINE_HEAD_LEN];
    size_t len = sizeof(head) + message->len;
    ssize_t sent = 0;

    sl_engine_build(message, head);
    if (outbox->count == 0) {
        struct iovec iov[] = {
            {head, sizeof(head)}, {(void *)(uintptr_t)message->data, message->len}, /* only read */
        };
        sent = write_some(fd, iov, message->len > 0 ? 2 : 1);
        if (sent < 0)
            return (int)sent;
    }
    if ((size_t)sent == len)
        return 0;
    /* what is begun is sent whole */
    if (sent == 0 && (outbox->count >= count_max || outbox->len + len > len_max))
        return -ENOBUFS;
    keep(outbox, head, message, (size_t)sent);
    return 0;
}

static void take_off(struct sl_codec_outbox *outbox, size_t sent)
{
    while (sent > 0) {
        struct chunk *chunk = sl_container_of(outbox->chunks.next, struct chunk, entry);
        size_t left = chunk->len - chunk->sent;
        size_t step = sent < left ? sent : left;
        chunk->sent += step;
        outbox->len -= step;
        sent -= step;
        if (step == left)
            drop(outbox, chunk);
    }
}

int sl_codec_outbox_flush(struct sl_codec_outbox *outbox, int fd)
{
    while (outbox->count > 0) {
        struct iovec iov[CHUNKS_AT_ONCE];
        struct chunk *chunk;
        size_t count = 0;

        sl_list_foreach(chunk, &outbox->chunks, struct chunk, entry)
        {
            if (count == CHUNKS_AT_ONCE)
                break;
            iov[count++] = (struct iovec){chunk->bytes + chunk->sent, chunk->len - chunk->sent};
        }
        ssize_t sent = write_some(fd, iov, count);
        if (sent < 0)
            return (int)sent;
        if (sent == 0)
            return 0;
        take_off(outbox, (size_t)sent);
    }
    return 0;
}
