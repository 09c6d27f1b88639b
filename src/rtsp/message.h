/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RTSP messages (RFC 2326) and what is interleaved with them: bytes in, texts out and back. Pure,
 * any thread.
 */
#ifndef SL_RTSP_MESSAGE_H
#define SL_RTSP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SL_RTSP_HEAD_MAX = 8192, /* bytes up to the empty line, this included */
    SL_RTSP_HEADERS_MAX = 64,
    SL_RTSP_BODY_MAX = 16384,
    SL_RTSP_URL_MAX = 2048,
    SL_RTSP_FRAME_MAX = 4096, /* bytes of one interleaved packet that we take */
    SL_RTSP_FRAME_HEAD_LEN = 4,
};

struct sl_rtsp_header {
    const char *name, *value; /* as written, without blanks around them */
};

/* A request, or a response to one. Whoever makes one fills it with texts of his own. */
struct sl_rtsp_message {
    const char *method, *url; /* of a request; NULL in a response */
    int status;               /* of a response, 100..999 */
    const char *reason;       /* its words */
    size_t header_count;
    struct sl_rtsp_header headers[SL_RTSP_HEADERS_MAX];
    size_t body_len;
    const char *body; /* body_len bytes; NULL where there are none */
    char *memory;     /* of a parsed one: what all of these point to */
};

/*
 * The message that data begins with; empty lines before it are skipped (RFC 2326 section 4), and
 * lines may end without CR.
 *
 * Returns  0: *out is whole and the caller's, and *used bytes are of it; -EAGAIN: it is not whole
 *          yet; -EBADMSG: no message; -ENAMETOOLONG: its URL is longer than SL_RTSP_URL_MAX;
 *          -EMSGSIZE: its head or body, or the number of its headers, is beyond the bounds;
 *          -EPROTONOSUPPORT: of a version other than 1.0. *out changes on success only.
 */
int sl_rtsp_message_parse(const uint8_t *data, size_t len, struct sl_rtsp_message **out,
                          size_t *used);
/* Of a parsed one. NULL is fine. */
void sl_rtsp_message_free(struct sl_rtsp_message *message);

/* The first header of this name, in whatever case; NULL. */
const char *sl_rtsp_message_find(const struct sl_rtsp_message *message, const char *name);
/* Its number; -1: there is none, or it is no number from 0 to INT32_MAX. */
int64_t sl_rtsp_message_cseq(const struct sl_rtsp_message *message);

/* Puts one more header at the end, both texts borrowed; value NULL: none. At most
 * SL_RTSP_HEADERS_MAX. */
void sl_rtsp_message_add(struct sl_rtsp_message *message, const char *name, const char *value);
/* The bytes of a message, with a Content-Length of its body, whatever its headers say of that.
 * *len bytes, a NUL behind them; free() it. */
char *sl_rtsp_message_build(const struct sl_rtsp_message *message, size_t *len);
/* "Not Found"; "" for what RFC 2326 has no words for. */
const char *sl_rtsp_status_words(int status);

/* ---- Interleaved packets (section 10.12) ---- */

struct sl_rtsp_frame {
    uint8_t channel;
    size_t len;
    const uint8_t *data; /* points into the parsed bytes */
};
/* True if data begins with one. len is at least 1. */
static inline bool sl_rtsp_is_frame(const uint8_t *data)
{
    return data[0] == '$';
}
/* 0: *used bytes are of it; -EAGAIN: it is not whole yet; -EMSGSIZE: longer than
 * SL_RTSP_FRAME_MAX. */
int sl_rtsp_frame_parse(const uint8_t *data, size_t len, struct sl_rtsp_frame *out, size_t *used);
void sl_rtsp_frame_write_head(uint8_t out[static SL_RTSP_FRAME_HEAD_LEN], uint8_t channel,
                              uint16_t len);

#endif
