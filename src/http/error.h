/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors as callers see them: the body of rest-api.md section 1.1, and RFC 9457 for /api/v1. Pure.
 */
#ifndef SL_HTTP_ERROR_H
#define SL_HTTP_ERROR_H

#include <jansson.h>
#include <stdint.h>

/* "Not Found"; "Error" for a code this server never sends. */
const char *sl_status_phrase(int status);

/* New reference. path and message are any bytes. */
json_t *sl_error_body(int status, const char *path, const char *message, int64_t now_ms);
/* RFC 9457 section 3.1: about:blank, title, status, detail, instance. New reference. */
json_t *sl_problem_body(int status, const char *path, const char *message);

/* A JSON string; bytes that are no UTF-8 become '?'. New reference, json null for NULL. */
json_t *sl_json_text(const char *text);

#endif
