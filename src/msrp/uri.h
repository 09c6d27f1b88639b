/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MSRP URIs and paths of them (RFC 4975 section 6, 9). Pure, any thread. */
#ifndef SL_MSRP_URI_H
#define SL_MSRP_URI_H

#include "messages/messages.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SL_MSRP_PORT = 2855,     /* where a URI names none (RFC 4975 section 15.4) */
    SL_MSRP_URI_MAX = 256,   /* bytes of one that is read or made, NUL included */
    SL_MSRP_PATH_MAX = 1024, /* of a whole path: relays are few */
};

/* Parts of somebody else's text. */
struct sl_msrp_uri {
    bool secure;
    struct sl_text_part host; /* a literal of IPv6 without its brackets */
    uint16_t port;            /* SL_MSRP_PORT if it has none */
    struct sl_text_part session;
};

/* -EBADMSG: not one, or too long; -ENOTSUP: over something other than TCP. *out changes on success
 * only. */
int sl_msrp_uri_parse(struct sl_text_part text, struct sl_msrp_uri *out);
/* By RFC 4975 section 6.1; false also if one of them is none. */
bool sl_msrp_uri_same(struct sl_text_part a, struct sl_text_part b);

/* The first and the last URI of a path; empty if it has none. */
struct sl_text_part sl_msrp_path_first(struct sl_text_part path);
struct sl_text_part sl_msrp_path_last(struct sl_text_part path);
/* Where the first one leads to. -EBADMSG, -ENOTSUP: it is none. */
int sl_msrp_path_host(struct sl_text_part path, char host[SL_MSRP_URI_MAX], uint16_t *port);

#endif
