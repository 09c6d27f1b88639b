/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Base64 (RFC 4648 section 4). Pure, any thread. */
#ifndef SL_BASE_BASE64_H
#define SL_BASE_BASE64_H

#include <stddef.h>

/* Decodes text of whole groups of four, with padding. Returns the bytes' count; -EBADMSG if the
 * text is empty, no Base64, or may be more than out_len bytes; out may be written to even then. */
int sl_base64_decode(const char *text, size_t len, void *out, size_t out_len);

#endif
