/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * MSRP requests and responses (RFC 4975 section 7, 9): bytes in, what they say out, piece by piece,
 * and back. No I/O, no allocation; any thread.
 */
#ifndef SL_MSRP_FRAME_H
#define SL_MSRP_FRAME_H

#include "messages/messages.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_buffer;

enum {
    SL_MSRP_HEAD_MAX = 4096, /* bytes in front of a body */
    SL_MSRP_TRANSACTION_MAX = 32,
};

enum sl_msrp_method { SL_MSRP_RESPONSE, SL_MSRP_SEND, SL_MSRP_REPORT, SL_MSRP_OTHER };
enum sl_msrp_wish { SL_MSRP_YES, SL_MSRP_NO, SL_MSRP_PARTIAL };

/* Whether a message goes on behind this piece of it. */
enum sl_msrp_flag { SL_MSRP_LAST = '$', SL_MSRP_MORE = '+', SL_MSRP_ABORTED = '#' };

/* Byte-Range: from 1 on. */
struct sl_msrp_range {
    int64_t from;
    int64_t to, total; /* -1: not said */
};

/* Its texts are parts of the reader, good until the next head begins. Empty: not there. */
struct sl_msrp_head {
    enum sl_msrp_method method;
    int code; /* of a response */
    struct sl_text_part transaction;
    struct sl_text_part to_path, from_path;
    struct sl_text_part message_id;
    struct sl_text_part type; /* Content-Type */
    struct sl_msrp_range range;
    bool success_report;
    enum sl_msrp_wish failure_report;
    int status; /* of a REPORT; 0: none */
    bool has_body;
};

enum sl_msrp_event_kind { SL_MSRP_NOTHING, SL_MSRP_HEAD, SL_MSRP_DATA, SL_MSRP_END };

struct sl_msrp_event {
    enum sl_msrp_event_kind kind;
    const uint8_t *data; /* DATA: len bytes of the body, in the input or the reader */
    size_t len;
    enum sl_msrp_flag flag; /* END */
};

/* Zeroed, it waits for a head. Its fields are frame.c's, but head. */
struct sl_msrp_reader {
    struct sl_msrp_head head; /* of the latest HEAD */
    int state;
    size_t text_len, line_at; /* what has come of the head, where its last line begins */
    size_t matched;           /* bytes of the end line that have come behind a body */
    size_t end_len;           /* of the end line, up to its flag */
    char end[SL_MSRP_TRANSACTION_MAX + 16];
    enum sl_msrp_flag flag;
    char text[SL_MSRP_HEAD_MAX];
};

/*
 * The next thing that comes: HEAD, then DATA as often as there is some, then END. NOTHING: all len
 * bytes are used, and more are needed.
 *
 * *used    how many bytes were used, less than len only with an event
 * Returns  0; -EBADMSG: not MSRP, the connection is of no use any more.
 */
int sl_msrp_read(struct sl_msrp_reader *reader, const uint8_t *data, size_t len, size_t *used,
                 struct sl_msrp_event *event);

/* ---- Writing ---- */

/* A SEND or REPORT. Texts have no line ends, and the body not the end line: the caller's word. */
struct sl_msrp_request {
    const char *transaction;
    struct sl_text_part to_path, from_path;
    struct sl_text_part message_id;
    struct sl_msrp_range range;
    const char *type; /* of the body; NULL: there is none */
    const void *body;
    size_t len;
    enum sl_msrp_flag flag;
    int status; /* of a REPORT; 0: it is a SEND */
};
void sl_msrp_write(const struct sl_msrp_request *request, struct sl_buffer *out);
/* To what has this head. */
void sl_msrp_write_response(const struct sl_msrp_head *head, int code, struct sl_buffer *out);
/* The end line would be found in these bytes too early. */
bool sl_msrp_has_end(const void *body, size_t len, const char *transaction);

#endif
