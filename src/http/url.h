/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The texts of a request that name places: Host, Origin, query, file path. Pure, any thread. */
#ifndef SL_HTTP_URL_H
#define SL_HTTP_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SL_HOST_MAX = 256,  /* a DNS name has at most 253 characters (RFC 1035 section 2.3.4) */
    SL_PATH_MAX = 1024, /* of a file below the web root, with the NUL */
    SL_QUERY_VALUE_MAX = 256,
};

/*
 * The host of a Host header, `name`, `name:port`, `1.2.3.4:port` or `[::1]:port`: without port and
 * brackets, in lower case, without the root's dot (RFC 9110 section 7.2).
 * Returns -EBADMSG for anything else: user info, blanks, an empty name, a port that is no number.
 */
int sl_host_parse(const char *header, char out[static SL_HOST_MAX]);

/* The host of an Origin header, `http://host:port` or `https://...` (RFC 6454 section 6.1);
 * -EBADMSG for `null` and everything else that names no host. */
int sl_origin_parse(const char *header, char out[static SL_HOST_MAX]);

/* True for `localhost` and for literal loopback addresses in their usual spelling only: a name that
 * merely resolves to loopback is what DNS rebinding uses (hardening.md class 14). host is from
 * sl_host_parse(). */
bool sl_host_is_loopback(const char *host);
/* True for a literal address. */
bool sl_host_is_address(const char *host);

/* Decoded value of the first `name=value` of a raw query. -ENOENT: not there; -EBADMSG: not
 * decodable or too long. NUL, CR and LF do not decode. */
int sl_query_get(const char *query, const char *name, char out[static SL_QUERY_VALUE_MAX]);

/*
 * Where a decoded request path lies below a root: "/a/b.js" gives "a/b.js", "/" gives "".
 * -EBADMSG: no leading slash, an empty segment, one that begins with a dot, a backslash, control
 * characters, or too long. A slash at the end is dropped.
 */
int sl_path_below_root(const char *path, char out[static SL_PATH_MAX]);

/* True if an If-None-Match header names this entity tag (quotes included), compared weakly, or is
 * `*` (RFC 9110 section 13.1.2). */
bool sl_etag_matches(const char *if_none_match, const char *etag);

/* The bytes from *first to *last that a Range header asks for, of a body of len bytes (RFC 9110
 * section 14.1.2). -ENOENT: all of them, as there is no header, none that we understand, or one of
 * several ranges; -ERANGE: none of them is there. */
int sl_range_parse(const char *range, uint64_t len, uint64_t *first, uint64_t *last);

/* True if an Accept-Encoding header admits this coding by name (RFC 9110 section 12.5.3). */
bool sl_accepts_coding(const char *accept_encoding, const char *coding);

#endif
