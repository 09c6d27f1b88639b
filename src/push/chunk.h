/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RTMP's messages in chunks (Adobe's Real Time Messaging Protocol 1.0, section 5.3): one message
 * may be cut in several, those of different chunk streams mixed. Pure.
 */
#ifndef SL_PUSH_CHUNK_H
#define SL_PUSH_CHUNK_H

#include "push/outbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum chunk_message_type { /* section 5.4, 6.2, 7.1 */
                          CHUNK_SET_SIZE = 1,
                          CHUNK_ABORT = 2,
                          CHUNK_ACKNOWLEDGE = 3,
                          CHUNK_USER_CONTROL = 4,
                          CHUNK_WINDOW_SIZE = 5,
                          CHUNK_PEER_BANDWIDTH = 6,
                          CHUNK_AUDIO = 8,
                          CHUNK_VIDEO = 9,
                          CHUNK_COMMAND_AMF3 = 17,
                          CHUNK_DATA = 18,
                          CHUNK_COMMAND = 20,
};

enum {
    CHUNK_SIZE_DEFAULT = 128,         /* until told otherwise, both ways */
    CHUNK_CONTROL_STREAM = 2,         /* section 5.4 */
    CHUNK_MESSAGE_LEN_MAX = 0xffffff, /* 24 bits */
};

struct chunk_message {
    uint8_t type;
    uint32_t timestamp_ms;
    uint32_t stream_id;
    const uint8_t *body; /* borrowed */
    size_t len;
};

/* Appends the message in chunks of chunk_size. The body may come in two parts, of which only the
 * first is message->body: see tail. Together no more than CHUNK_MESSAGE_LEN_MAX. */
void chunk_write(struct outbox *out, unsigned chunk_stream, size_t chunk_size,
                 const struct chunk_message *message, const uint8_t *tail, size_t tail_len);

/* ---- Reading what a server says ---- */

enum {
    CHUNK_STREAMS_MAX = 16,        /* a server uses four or so */
    CHUNK_READ_LEN_MAX = 64 << 10, /* a message to a publisher; they are a few hundred bytes */
};

struct chunk_reader;
struct chunk_reader *chunk_reader_create(void);
void chunk_reader_destroy(struct chunk_reader *reader); /* NULL is fine */
/* Takes bytes as they come; on_message for each whole message; returns the first error of it.
 * CHUNK_SET_SIZE and CHUNK_ABORT are obeyed and not told. -EBADMSG: not RTMP, or beyond a bound. */
int chunk_reader_input(struct chunk_reader *reader, const uint8_t *bytes, size_t len,
                       int (*on_message)(void *arg, const struct chunk_message *message),
                       void *arg);

#endif
