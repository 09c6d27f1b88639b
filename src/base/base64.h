/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Base64 (RFC 4648 section 4). Pure, any thread. */
#ifndef SL_BASE_BASE64_H
#define SL_BASE_BASE64_H

#include <stddef.h>

/* Decodes text of whole groups of four, with padding. Returns the bytes' count; -EBADMSG if the
 * text is empty, no Base64, or may be more than out_len bytes; out may be written to even then. */
int sl_base64_decode(const char *text, size_t len, void *out, size_t out_len);

/* Room for the text of len bytes, its padding and NUL. */
#define SL_BASE64_ROOM(len) (((len) + 2) / 3 * 4 + 1)
/* Writes the text of len bytes, NUL-terminated, into SL_BASE64_ROOM(len) bytes. */
void sl_base64_encode(const void *bytes, size_t len, char *out);

#endif
