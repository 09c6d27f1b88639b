/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Percent encoding (RFC 3986 section 2.1). Pure, any thread. */
#ifndef SL_BASE_PERCENT_H
#define SL_BASE_PERCENT_H

#include <stddef.h>

/* Text of len bytes into out, of len + 1, with a final NUL. A plus is a plus. -EBADMSG: a broken
 * escape, or a NUL. */
int sl_percent_decode(const char *text, size_t len, char *out);
/* Whatever is not unreserved (section 2.3), in upper case. to holds three times the text, and a
 * NUL; returns where that is. */
char *sl_percent_encode(char *to, const char *text);

#endif
