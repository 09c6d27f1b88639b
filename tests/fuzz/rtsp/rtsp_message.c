/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes by a connection: what is taken lies inside it, and a message that was read is, once
 * built, read as the same. */
#include "rtsp/message.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_length(const struct sl_rtsp_header *header)
{
    return sl_rtsp_message_find(&(struct sl_rtsp_message){.header_count = 1, .headers = {*header}},
                                "Content-Length") != NULL;
}

static size_t next_header(const struct sl_rtsp_message *message, size_t at)
{
    while (at < message->header_count && is_length(&message->headers[at]))
        at++;
    return at;
}

static void check_same(const struct sl_rtsp_message *a, const struct sl_rtsp_message *b)
{
    size_t i = next_header(a, 0), j = next_header(b, 0);

    check(same(a->method, b->method) && same(a->url, b->url) && a->status == b->status);
    check(a->body_len == b->body_len &&
          (a->body_len == 0 || memcmp(a->body, b->body, a->body_len) == 0));
    for (; i < a->header_count; i = next_header(a, i + 1), j = next_header(b, j + 1)) {
        check(j < b->header_count && same(a->headers[i].name, b->headers[j].name) &&
              same(a->headers[i].value, b->headers[j].value));
    }
    check(j == b->header_count);
}

static void check_message(const struct sl_rtsp_message *message)
{
    struct sl_rtsp_message *again;
    size_t built, used;
    char *text = sl_rtsp_message_build(message, &built);

    /* One that grew may be beyond the bound. */
    if (built - message->body_len <= SL_RTSP_HEAD_MAX) {
        check(sl_rtsp_message_parse((const uint8_t *)text, built, &again, &used) == 0);
        check(used == built);
        check_same(message, again);
        sl_rtsp_message_free(again);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    size_t at = 0, used;

    while (at < len) {
        struct sl_rtsp_message *message;
        struct sl_rtsp_frame frame;
        int err;
        if (sl_rtsp_is_frame(data + at)) {
            err = sl_rtsp_frame_parse(data + at, len - at, &frame, &used);
            check(err < 0 || (frame.data >= data && frame.data + frame.len <= data + len));
        } else {
            err = sl_rtsp_message_parse(data + at, len - at, &message, &used);
            if (err == 0) {
                check_message(message);
                sl_rtsp_message_free(message);
            }
        }
        if (err < 0)
            return 0;
        check(used > 0 && used <= len - at);
        at += used;
    }
    return 0;
}
