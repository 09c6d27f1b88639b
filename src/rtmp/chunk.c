/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A chunk is a basic header (format and chunk stream), a message header of 11, 7, 3 or 0 bytes by
 * the format, perhaps four bytes of extended timestamp, and up to chunk size bytes of the message:
 *
 *   |fmt| csid |  timestamp (24)  |  length (24)  | type | stream id (32, little endian!) |
 */
#include "rtmp/chunk.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>

enum { EXTENDED = 0xffffff, HEADER_MAX = 3 + 11 + 4 };

/* ---- Writing ---- */

static void append_part(struct sl_outbox *out, const struct sl_rtmp_message *message,
                        const uint8_t *tail, size_t at, size_t len)
{
    if (at < message->len) {
        size_t part = message->len - at < len ? message->len - at : len;
        sl_outbox_append(out, message->body + at, part);
        at += part;
        len -= part;
    }
    if (len > 0)
        sl_outbox_append(out, tail + (at - message->len), len);
}

/* Each message begins with a whole header: a few bytes more than the shorter forms, and no state
 * that could differ between the two ends. */
void sl_rtmp_chunk_write(struct sl_outbox *out, unsigned chunk_stream, size_t chunk_size,
                         const struct sl_rtmp_message *message, const uint8_t *tail,
                         size_t tail_len)
{
    size_t total = message->len + tail_len;
    bool extended = message->timestamp_ms >= EXTENDED;
    uint8_t header[HEADER_MAX];
    size_t at = 0;

    do {
        struct sl_writer w = sl_writer_of(header, sizeof(header));
        sl_write_u8(&w, (uint8_t)(at == 0 ? chunk_stream : 3U << 6 | chunk_stream));
        if (at == 0) {
            sl_write_u24(&w, extended ? EXTENDED : message->timestamp_ms);
            sl_write_u24(&w, (uint32_t)total);
            sl_write_u8(&w, message->type);
            sl_write_u32(&w, __builtin_bswap32(message->stream_id));
        }
        /* Also in the following chunks: so do librtmp, nginx-rtmp, and FFmpeg, whatever the
         * specification may mean in 5.3.1.3. */
        if (extended)
            sl_write_u32(&w, message->timestamp_ms);
        sl_outbox_append(out, header, sl_writer_len(&w));
        size_t len = total - at < chunk_size ? total - at : chunk_size;
        append_part(out, message, tail, at, len);
        at += len;
    } while (at < total);
}

/* ---- Reading ---- */

struct chunk_stream {
    unsigned id; /* 0: free; 0 and 1 are no ids */
    uint32_t timestamp_ms, delta_ms, stream_id;
    uint32_t len;
    uint8_t type;
    bool extended, has_header;
    uint8_t *body; /* of the message being read; NULL between two */
    size_t have;
};

struct sl_rtmp_reader {
    size_t chunk_size, len_max;
    struct chunk_stream streams[SL_RTMP_CHUNK_STREAMS_MAX];
    /* The header being read. */
    uint8_t header[HEADER_MAX];
    size_t header_len;
    /* The chunk whose body is being read. */
    struct chunk_stream *current;
    size_t left;
};

struct sl_rtmp_reader *sl_rtmp_reader_create(size_t len_max)
{
    struct sl_rtmp_reader *reader = sl_new(struct sl_rtmp_reader);

    reader->chunk_size = SL_RTMP_CHUNK_SIZE_DEFAULT;
    reader->len_max = len_max;
    return reader;
}

void sl_rtmp_reader_destroy(struct sl_rtmp_reader *reader)
{
    if (!reader)
        return;
    for (size_t i = 0; i < SL_RTMP_CHUNK_STREAMS_MAX; i++)
        free(reader->streams[i].body);
    free(reader);
}

static struct chunk_stream *find_stream(struct sl_rtmp_reader *reader, unsigned id)
{
    for (size_t i = 0; i < SL_RTMP_CHUNK_STREAMS_MAX; i++) {
        struct chunk_stream *stream = &reader->streams[i];
        if (stream->id == id)
            return stream;
        if (stream->id == 0) {
            stream->id = id;
            return stream;
        }
    }
    return NULL;
}

static void drop_message(struct chunk_stream *stream)
{
    free(stream->body);
    stream->body = NULL;
    stream->have = 0;
}

/* The header so far; -EAGAIN: more of it is needed. */
struct header {
    unsigned format, chunk_stream;
    size_t basic_len, message_len; /* bytes of the two parts */
};

static int read_basic(const struct sl_rtmp_reader *reader, struct header *out)
{
    static const size_t message_lens[4] = {11, 7, 3, 0};
    const uint8_t *bytes = reader->header;

    if (reader->header_len < 1)
        return -EAGAIN;
    unsigned low = bytes[0] & 0x3f;
    out->format = bytes[0] >> 6;
    out->message_len = message_lens[out->format];
    out->basic_len = low == 0 ? 2 : low == 1 ? 3 : 1;
    if (reader->header_len < out->basic_len)
        return -EAGAIN;
    if (low == 0)
        out->chunk_stream = 64U + bytes[1];
    else if (low == 1)
        out->chunk_stream = 64U + bytes[1] + 256U * bytes[2];
    else
        out->chunk_stream = low;
    return 0;
}

/* Takes over what the message header tells; a header in the middle of a message begins a new one
 * unless it is of format 3. */
static int apply_header(struct sl_rtmp_reader *reader, const struct header *header,
                        struct chunk_stream *stream)
{
    struct sl_reader r =
        sl_reader_of(reader->header + header->basic_len, reader->header_len - header->basic_len);
    uint32_t time_ms = 0;

    if (header->format < 3) {
        drop_message(stream);
        time_ms = sl_read_u24(&r);
    }
    if (header->format < 2) {
        stream->len = sl_read_u24(&r);
        stream->type = sl_read_u8(&r);
    }
    if (header->format == 0)
        stream->stream_id = __builtin_bswap32(sl_read_u32(&r));
    if (header->format < 3)
        stream->extended = time_ms == EXTENDED;
    if (stream->extended)
        time_ms = sl_read_u32(&r);
    if (header->format == 0)
        stream->timestamp_ms = time_ms;
    else if (header->format < 3)
        stream->delta_ms = time_ms;
    if (header->format == 0)
        stream->delta_ms = 0;
    else if (!stream->body)
        stream->timestamp_ms += stream->delta_ms;
    stream->has_header = true;
    return r.ok && stream->len <= reader->len_max ? 0 : -EBADMSG;
}

/* 0: the header is whole, current and left are set; -EAGAIN: it is not. */
static int finish_header(struct sl_rtmp_reader *reader)
{
    struct header header;
    int err = read_basic(reader, &header);

    if (err < 0)
        return err;
    struct chunk_stream *stream = find_stream(reader, header.chunk_stream);
    if (!stream || (header.format != 0 && !stream->has_header))
        return -EBADMSG;
    size_t len = header.basic_len + header.message_len;
    if (reader->header_len < len)
        return -EAGAIN;
    bool extended = header.format == 3 ? stream->extended
                                       : sl_load_u24(reader->header + header.basic_len) == EXTENDED;
    if (reader->header_len < len + (extended ? 4 : 0))
        return -EAGAIN;
    err = apply_header(reader, &header, stream);
    if (err < 0)
        return err;
    if (!stream->body)
        stream->body = sl_alloc(stream->len + 1);
    size_t missing = stream->len - stream->have;
    reader->current = stream;
    reader->left = missing < reader->chunk_size ? missing : reader->chunk_size;
    reader->header_len = 0;
    return 0;
}

static int obey_size(struct sl_rtmp_reader *reader, const struct sl_rtmp_message *message)
{
    struct sl_reader r = sl_reader_of(message->body, message->len);
    uint32_t size = sl_read_u32(&r);

    if (!r.ok || size == 0 || size > INT32_MAX)
        return -EBADMSG;
    reader->chunk_size = size;
    return 0;
}

static int obey_abort(struct sl_rtmp_reader *reader, const struct sl_rtmp_message *message)
{
    struct sl_reader r = sl_reader_of(message->body, message->len);
    uint32_t id = sl_read_u32(&r);

    for (size_t i = 0; r.ok && i < SL_RTMP_CHUNK_STREAMS_MAX; i++) {
        if (reader->streams[i].id == id && id != 0)
            drop_message(&reader->streams[i]);
    }
    return r.ok ? 0 : -EBADMSG;
}

static int finish_message(struct sl_rtmp_reader *reader, struct chunk_stream *stream,
                          int (*on_message)(void *arg, const struct sl_rtmp_message *message),
                          void *arg)
{
    struct sl_rtmp_message message = {
        .type = stream->type,
        .timestamp_ms = stream->timestamp_ms,
        .stream_id = stream->stream_id,
        .body = stream->body,
        .len = stream->len,
    };
    uint8_t *body = stream->body;
    int err;

    stream->body = NULL;
    stream->have = 0;
    if (message.type == SL_RTMP_SET_SIZE)
        err = obey_size(reader, &message);
    else if (message.type == SL_RTMP_ABORT)
        err = obey_abort(reader, &message);
    else
        err = on_message(arg, &message);
    free(body);
    return err;
}

int sl_rtmp_reader_input(struct sl_rtmp_reader *reader, const uint8_t *bytes, size_t len,
                         int (*on_message)(void *arg, const struct sl_rtmp_message *message),
                         void *arg)
{
    while (len > 0 || (reader->current && reader->left == 0)) {
        struct chunk_stream *stream = reader->current;
        if (!stream) {
            reader->header[reader->header_len++] = *bytes++;
            len--;
            int err = finish_header(reader);
            if (err < 0 && err != -EAGAIN)
                return err;
            continue;
        }
        size_t part = len < reader->left ? len : reader->left;
        if (part > 0)
            memcpy(stream->body + stream->have, bytes, part);
        stream->have += part;
        reader->left -= part;
        bytes += part;
        len -= part;
        if (reader->left > 0)
            break;
        reader->current = NULL;
        int err = stream->have == stream->len ? finish_message(reader, stream, on_message, arg) : 0;
        if (err < 0)
            return err;
    }
    return 0;
}
