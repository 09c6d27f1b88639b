/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a client adds to what is said for it: lines of its description (sipSDP) and headers of its
 * INVITE (sipHeaders), as far as they can do no harm (sip.md 4.1). Pure. */
#ifndef SL_CALLS_EXTRAS_H
#define SL_CALLS_EXTRAS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * text with these lines: `b=` behind the `c=` of the session, `a=` behind the session's other
 * attributes. lines: a list of texts; what is none, or of another kind, is left out, and so is what
 * does not fit. *left_out: something was. To be freed.
 */
char *sl_call_add_lines(const char *text, const json_t *lines, bool *left_out);
/*
 * Whole lines, "" for none, to be freed: X-..., P-..., User-to-User, Alert-Info, Call-Info, Subject
 * and Diversion of an object of texts, or of a list of `Name: value`; all else is left out.
 */
char *sl_call_header_lines(json_t *headers, bool *left_out);

#endif
