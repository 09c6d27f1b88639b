/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pieces of somebody else's text, cut without copying. Private to sdp/. Pure, any thread. */
#ifndef SL_SDP_SPAN_H
#define SL_SDP_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed, not NUL-terminated. */
struct sl_span {
    const char *at;
    size_t len;
};

bool sl_span_is(struct sl_span span, const char *text);
/* As sl_span_is(), ASCII letters of either case. */
bool sl_span_is_nocase(struct sl_span span, const char *text);
bool sl_span_contains(struct sl_span span, const char *text);

/* What stands before the next separator; *rest goes on behind it. Without one: all of it. */
struct sl_span sl_span_cut(struct sl_span *rest, char separator);
/* The next word between blanks; empty at the end. */
struct sl_span sl_span_word(struct sl_span *rest);
/* Without blanks at both ends. */
struct sl_span sl_span_trim(struct sl_span span);

/* Decimal digits only, at most max; *out changes on success only. */
bool sl_span_number(struct sl_span span, uint32_t max, uint32_t *out);
/* Non-empty and of token characters only (RFC 8866 section 9). */
bool sl_span_is_token(struct sl_span span);
/* Printable ASCII and blanks, nothing else. */
bool sl_span_is_printable(struct sl_span span);
/* NUL-terminates; false, and out unchanged, if it does not fit size bytes. */
bool sl_span_copy(struct sl_span span, char *out, size_t size);

/* A token character of RFC 8866 section 9. */
bool sl_is_token_char(char c);

#endif
