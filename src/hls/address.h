/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the path and the query of a request say (media-outputs.md 1.1, 4.1). Pure. */
#ifndef SL_HLS_ADDRESS_H
#define SL_HLS_ADDRESS_H

#include "stream/stream.h"

#include <jansson.h>
#include <stdint.h>

/* ---- Paths ---- */

enum sl_hls_kind {
    SL_HLS_NOTHING, /* no address of anything here */
    SL_HLS_LIST,    /* /<name>/<name>.m3u8 */
    SL_HLS_FILE,    /* /<name>/<file>: what a list names */
};

struct sl_hls_address {
    enum sl_hls_kind kind;
    char name[SL_STREAM_NAME_MAX + 1]; /* of the stream, a valid one */
    const char *file;                  /* points into the path */
};
/* A decoded path. A name may hold slashes: both halves of a list's path are the same, so its length
 * says where the second begins. */
void sl_hls_address_parse(const char *path, struct sl_hls_address *out);

/* ---- Queries ---- */

enum { SL_HLS_PARAMS_MAX = 32, SL_HLS_QUERY_MAX = 2048 };

struct sl_hls_query {
    json_t *params; /* all of them, decoded; of two of one name the last */
    char *suffix;   /* "?a=1&b=2", encoded anew; "" if there are none */
    /* What a player of low latency asks for (rfc8216bis section 6.2.5.2); -1: nothing. They are in
     * neither of the above. */
    int64_t msn, part;
};
/* -E2BIG: more than SL_HLS_PARAMS_MAX parameters or SL_HLS_QUERY_MAX bytes; -EBADMSG: it does not
 * decode to UTF-8 without control characters, or a number is none. *out is then unchanged. */
int sl_hls_query_parse(const char *raw, struct sl_hls_query *out);
void sl_hls_query_deinit(struct sl_hls_query *query); /* zeroed is fine */
/* NULL: there is no such parameter. Borrowed. */
const char *sl_hls_query_text(const struct sl_hls_query *query, const char *name);

#endif
