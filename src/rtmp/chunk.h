/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RTMP's messages in chunks (Adobe's Real Time Messaging Protocol 1.0, section 5.3): one message
 * may be cut in several, those of different chunk streams mixed. Pure.
 */
#ifndef SL_RTMP_CHUNK_H
#define SL_RTMP_CHUNK_H

#include "rtmp/outbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sl_rtmp_type { /* section 5.4, 6.2, 7.1 */
                    SL_RTMP_SET_SIZE = 1,
                    SL_RTMP_ABORT = 2,
                    SL_RTMP_ACKNOWLEDGE = 3,
                    SL_RTMP_USER_CONTROL = 4,
                    SL_RTMP_WINDOW_SIZE = 5,
                    SL_RTMP_PEER_BANDWIDTH = 6,
                    SL_RTMP_AUDIO = 8,
                    SL_RTMP_VIDEO = 9,
                    SL_RTMP_COMMAND_AMF3 = 17,
                    SL_RTMP_DATA = 18,
                    SL_RTMP_COMMAND = 20,
};

enum {
    SL_RTMP_CHUNK_SIZE_DEFAULT = 128,   /* until told otherwise, both ways */
    SL_RTMP_CONTROL_STREAM = 2,         /* section 5.4 */
    SL_RTMP_MESSAGE_LEN_MAX = 0xffffff, /* 24 bits */
};

struct sl_rtmp_message {
    uint8_t type;
    uint32_t timestamp_ms;
    uint32_t stream_id;
    const uint8_t *body; /* borrowed */
    size_t len;
};

/* Appends the message in chunks of chunk_size. The body may come in two parts, of which only the
 * first is message->body: see tail. Together no more than SL_RTMP_MESSAGE_LEN_MAX. */
void sl_rtmp_chunk_write(struct sl_outbox *out, unsigned chunk_stream, size_t chunk_size,
                         const struct sl_rtmp_message *message, const uint8_t *tail,
                         size_t tail_len);

/* ---- Reading what the other side says ---- */

enum { SL_RTMP_CHUNK_STREAMS_MAX = 16 }; /* a server uses four or so */

struct sl_rtmp_reader;
/* len_max: bytes of a message. */
struct sl_rtmp_reader *sl_rtmp_reader_create(size_t len_max);
void sl_rtmp_reader_destroy(struct sl_rtmp_reader *reader); /* NULL is fine */
/* Takes bytes as they come; on_message for each whole message; returns the first error of it.
 * SL_RTMP_SET_SIZE and SL_RTMP_ABORT are obeyed and not told. -EBADMSG: not RTMP, or beyond a
 * bound. */
int sl_rtmp_reader_input(struct sl_rtmp_reader *reader, const uint8_t *bytes, size_t len,
                         int (*on_message)(void *arg, const struct sl_rtmp_message *message),
                         void *arg);

#endif
