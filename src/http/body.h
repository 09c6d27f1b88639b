/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JSON object in a request's body (rest-api.md section 1, parsing rules). Pure. */
#ifndef SL_HTTP_BODY_H
#define SL_HTTP_BODY_H

#include <jansson.h>
#include <stddef.h>

struct sl_error;

/*
 * Parse len bytes, bounded by the listener, into an object. Nothing but blanks gives an empty
 * object. Returns 0, or -EBADMSG with words: no JSON, not an object, nested too deeply. *out is the
 * caller's.
 */
int sl_body_parse(const char *body, size_t len, json_t **out, struct sl_error *error);

#endif
