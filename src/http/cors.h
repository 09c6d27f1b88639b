/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which pages of other origins may call, and what they are told. Where nothing is configured, those
 * of the request's own host may, on any port. Pure. */
#ifndef SL_HTTP_CORS_H
#define SL_HTTP_CORS_H

#include "http/server.h"

#include <stdbool.h>
#include <stddef.h>

struct sl_error;

enum { SL_CORS_LINES_MAX = 8 };

struct sl_cors_config {
    const char *origin, *headers, *methods; /* NULL or "": the default */
    const char *lines;                      /* `Name: value;Name: value`; replaces the three */
    const char *lines_key; /* the option they come from, for errors; NULL: REST's */
};

struct sl_cors;

/* -EINVAL: a line of `lines` is none, or there are more than SL_CORS_LINES_MAX, or a value would
 * break the header (hardening.md class 7). */
int sl_cors_create(const struct sl_cors_config *config, struct sl_cors **out,
                   struct sl_error *error);
/* NULL is fine. */
void sl_cors_destroy(struct sl_cors *cors);

/* True if a page of this origin may call with this Host, and if no page is calling at all (origin
 * NULL). Two loopback names are one host. */
bool sl_cors_allows(const struct sl_cors *cors, const char *origin, const char *host);

/* Fills the header lines for an answer; returns their count. Values are borrowed from cors and from
 * origin. */
size_t sl_cors_lines(const struct sl_cors *cors, const char *origin, const char *host,
                     struct sl_http_header_line out[static SL_CORS_LINES_MAX]);

#endif
