/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Assembly of WebSocket messages. */
#include "http/ws_reader.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>

enum {
    ROOM_MIN = 1024,
};

/* One call of feed: what it needs to pass on. */
struct feed {
    sl_ws_on_message *on_message;
    void *owner;
    const char *why;
    bool stopped; /* by on_message */
};

void sl_ws_reader_init(struct sl_ws_reader *reader, bool expect_masked, size_t message_max)
{
    memset(reader, 0, sizeof(*reader));
    reader->expect_masked = expect_masked;
    reader->message_max = message_max;
}

void sl_ws_reader_set_message_max(struct sl_ws_reader *reader, size_t message_max)
{
    reader->message_max = message_max;
}

void sl_ws_reader_deinit(struct sl_ws_reader *reader)
{
    free(reader->message);
    reader->message = NULL;
}

static bool is_control(const struct sl_ws_header *frame)
{
    return frame->opcode >= SL_WS_CLOSE;
}

static int fail(struct feed *feed, int code, const char *why)
{
    feed->why = why;
    return code;
}

/* Checks a new frame against the state of the message; 0 or a close code. */
static int begin_frame(struct sl_ws_reader *reader, struct feed *feed)
{
    const struct sl_ws_header *frame = &reader->frame;

    reader->in_payload = true;
    reader->frame_got = 0;
    reader->control_len = 0;
    if (frame->masked != reader->expect_masked) /* section 5.1 */
        return fail(feed, SL_WS_CODE_PROTOCOL,
                    frame->masked ? "a masked frame from a server" : "an unmasked frame");
    if (is_control(frame))
        return 0;
    if (frame->opcode == SL_WS_CONTINUATION) {
        if (reader->opcode == 0)
            return fail(feed, SL_WS_CODE_PROTOCOL, "a continuation of nothing");
    } else {
        if (reader->opcode != 0)
            return fail(feed, SL_WS_CODE_PROTOCOL, "a new message inside another");
        reader->opcode = frame->opcode;
        reader->utf8 = (struct sl_utf8){0};
    }
    if (reader->message_len > reader->message_max ||
        frame->len > reader->message_max - reader->message_len)
        return fail(feed, SL_WS_CODE_TOO_BIG, "the message is too long");
    return 0;
}

static void append(struct sl_ws_reader *reader, const uint8_t *data, size_t len)
{
    size_t need = reader->message_len + len + 1; /* at most message_max + 1: see begin_frame */

    if (need > reader->message_room) {
        size_t room = reader->message_room ? reader->message_room : ROOM_MIN;
        while (room < need)
            room *= 2;
        uint8_t *larger = sl_alloc(room);
        if (reader->message)
            memcpy(larger, reader->message, reader->message_len);
        free(reader->message);
        reader->message = larger;
        reader->message_room = room;
    }
    memcpy(reader->message + reader->message_len, data, len);
    reader->message_len += len;
    reader->message[reader->message_len] = '\0';
}

static void deliver(struct feed *feed, enum sl_ws_opcode opcode, const uint8_t *payload, size_t len)
{
    feed->stopped = !feed->on_message(feed->owner, opcode, payload, len);
}

/* The last byte of a message that was kept in pieces is there. */
static void deliver_message(struct sl_ws_reader *reader, struct feed *feed)
{
    uint8_t *message = reader->message;
    size_t len = reader->message_len;
    enum sl_ws_opcode opcode = reader->opcode;

    reader->message = NULL;
    reader->message_len = 0;
    reader->message_room = 0;
    reader->opcode = 0;
    deliver(feed, opcode, message ? message : (const uint8_t *)"", len);
    free(message);
}

/* len bytes of a data frame's payload, unmasked; last: the frame ends with them. */
static int take_data(struct sl_ws_reader *reader, uint8_t *data, size_t len, bool last,
                     struct feed *feed)
{
    bool ends = last && reader->frame.fin;

    if (reader->opcode == SL_WS_TEXT &&
        (!sl_utf8_feed(&reader->utf8, data, len) || (ends && reader->utf8.need > 0)))
        return fail(feed, SL_WS_CODE_BAD_DATA, "text that is not UTF-8");
    if (ends && reader->message_len == 0) { /* whole in the input: no copy */
        enum sl_ws_opcode opcode = reader->opcode;
        uint8_t after = data[len];
        free(reader->message); /* there was an empty fragment at most */
        reader->message = NULL;
        reader->message_room = 0;
        reader->opcode = 0;
        data[len] = '\0';
        deliver(feed, opcode, data, len);
        data[len] = after;
        return 0;
    }
    append(reader, data, len);
    if (ends)
        deliver_message(reader, feed);
    return 0;
}

static void take_control(struct sl_ws_reader *reader, const uint8_t *data, size_t len, bool last,
                         struct feed *feed)
{
    memcpy(reader->control + reader->control_len, data, len); /* at most 125: see parse_header */
    reader->control_len = (uint8_t)(reader->control_len + len);
    if (!last)
        return;
    reader->control[reader->control_len] = '\0';
    deliver(feed, reader->frame.opcode, reader->control, reader->control_len);
}

/* Takes payload from the input; *used tells how much. */
static int take_payload(struct sl_ws_reader *reader, uint8_t *data, size_t len, size_t *used,
                        struct feed *feed)
{
    uint64_t left = reader->frame.len - reader->frame_got;
    size_t count = len < left ? len : (size_t)left;
    bool last = count == left;

    if (reader->frame.masked)
        sl_ws_mask(data, count, reader->frame.mask, reader->frame_got);
    reader->frame_got += count;
    *used = count;
    if (last) {
        reader->in_payload = false;
        reader->header_len = 0;
    }
    if (!is_control(&reader->frame))
        return take_data(reader, data, count, last, feed);
    take_control(reader, data, count, last, feed);
    return 0;
}

/* Collects header bytes; *used tells how many of the input belong to it. */
static int take_header(struct sl_ws_reader *reader, const uint8_t *data, size_t len, size_t *used,
                       struct feed *feed)
{
    size_t had = reader->header_len;
    size_t count = SL_WS_HEADER_MAX - had < len ? SL_WS_HEADER_MAX - had : len;

    memcpy(reader->header + had, data, count);
    int header_len = sl_ws_parse_header(reader->header, had + count, &reader->frame);
    if (header_len < 0)
        return fail(feed, SL_WS_CODE_PROTOCOL, "a malformed frame header");
    if (header_len == 0) {
        reader->header_len = (uint8_t)(had + count);
        *used = count;
        return 0;
    }
    *used = (size_t)header_len - had; /* it was not whole before: more than had */
    return begin_frame(reader, feed);
}

int sl_ws_reader_feed(struct sl_ws_reader *reader, uint8_t *data, size_t len,
                      sl_ws_on_message *on_message, void *owner, size_t *used, const char **why)
{
    struct feed feed = {.on_message = on_message, .owner = owner};
    const uint8_t *first = data;
    int code = 0;

    while (code == 0 && !feed.stopped) {
        size_t taken = 0;
        /* A frame without payload is complete when its header is. */
        if (reader->in_payload && (len > 0 || reader->frame.len == 0))
            code = take_payload(reader, data, len, &taken, &feed);
        else if (len > 0)
            code = take_header(reader, data, len, &taken, &feed);
        else
            break;
        data += taken;
        len -= taken;
    }
    *used = (size_t)(data - first);
    if (code != 0)
        *why = feed.why;
    return code;
}
