/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Heads of HTTP/1.x requests and responses, chunked bodies, paths (RFC 9110, 9112). Private to
 * net/. No I/O, no allocation. Strict where laxness lets two readers disagree (request smuggling):
 * bare CR or LF, folded lines, a blank before the colon, two lengths, an unknown transfer coding.
 */
#ifndef SL_HTTP_PARSE_H
#define SL_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_HTTP_HEADERS_MAX = 64 };

/* NUL-terminated strings inside the parsed buffer; name in lower case, value without outer blanks
 * and without control characters except tabs. */
struct sl_http_field {
    const char *name, *value;
};

struct sl_http_head {
    /* Request: */
    const char *method; /* a token, as it came */
    const char *path;   /* still encoded; "/..." or "*" */
    const char *query;  /* without "?"; "" if none */
    /* Response: */
    int status;
    /* Both: */
    int minor_version; /* HTTP/1.0 or 1.1 (which stands for later ones, too) */
    size_t field_count;
    struct sl_http_field fields[SL_HTTP_HEADERS_MAX];
    /* What the fields say about the message: */
    bool chunked;
    bool has_length;
    uint64_t content_length; /* 0 without has_length */
    bool keep_alive;
};

/* Where the head ends, just behind its empty line; 0 if the input does not hold all of it. from:
 * how much of it an earlier call has seen. */
size_t sl_http_find_head_end(const uint8_t *buf, size_t len, size_t from);

/*
 * Parse a whole head, cutting it into strings in place.
 *
 * Returns 0; or the status to answer a request with: 400 malformed, 431 too many fields, 501
 * unknown transfer coding, 505 not HTTP/1.x. Then *out is unspecified. For a response any of these
 *         means: not one.
 */
int sl_http_parse_request(char *head, size_t len, struct sl_http_head *out);
int sl_http_parse_response(char *head, size_t len, struct sl_http_head *out);

/* The first field of this (lower-case) name; NULL if there is none. */
const char *sl_http_find_field(const struct sl_http_head *head, const char *name);
/* Is token among the comma-separated words of any field of this name? Case does not matter. */
bool sl_http_has_token(const struct sl_http_head *head, const char *name, const char *token);

/* The first field, or else "HTTP/1.0", that a proxy leaves in what it passes on; NULL: there is
 * none.
 */
const char *sl_http_find_proxy_sign(const struct sl_http_head *head);

/* May value stand in a header we send? No CR, LF, NUL or other controls (hardening.md class 7). */
bool sl_http_value_ok(const char *value);
/* Is it a token (RFC 9110 section 5.6.2): a method or a field's name? */
bool sl_http_token_ok(const char *name);

/* Decodes %xx in place. -EBADMSG: a malformed escape, a control character or not UTF-8, which no
 * path of ours holds and a log or a file system would choke on. */
int sl_http_decode_path(char *path);

/* ---- Chunked bodies (RFC 9112 section 7.1) ---- */

struct sl_http_chunked {
    int state; /* 0 at the start; otherwise the parser's own */
    uint64_t left;
    size_t overhead; /* bytes of extensions and trailers so far: bounded */
    uint8_t digits;
};

/*
 * Takes some of the input: *used bytes, of which *data_len at *data are body (perhaps none).
 *
 * Returns 0: go on, with more input when *used is len; 1: the body is complete; -EBADMSG.
 */
int sl_http_chunked_feed(struct sl_http_chunked *chunked, const uint8_t *in, size_t len,
                         size_t *used, const uint8_t **data, size_t *data_len);

#endif
