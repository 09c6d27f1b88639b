/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the reader of lines and the reader of attributes share. Private to sdp/. */
#ifndef SL_SDP_PARSER_H
#define SL_SDP_PARSER_H

#include "sdp/sdp.h"
#include "sdp/span.h"

/* Lives during one sl_sdp_parse(); owns nothing. */
struct sl_sdp_parser {
    struct sl_sdp *sdp;
    struct sl_sdp_section *session; /* attributes before the first m-line: the default of all */
    struct sl_sdp_section *current; /* session, or the section being read */
    size_t line;                    /* from 1, for words */
    bool own_fingerprint;           /* the current level has one: what it inherited is overruled */
    bool has_bundle;
    struct sl_span bundle; /* mids of the first a=group:BUNDLE */
    struct sl_error *error;
};

/* -EBADMSG with "line N: <expected>". */
int sl_sdp_parser_malformed(struct sl_sdp_parser *parser, const char *expected);

/* One line behind "a=", free of control characters but tabs. Returns 0, also for what is unknown;
 * -EBADMSG or -ENOBUFS with words. */
int sl_sdp_parse_attribute(struct sl_sdp_parser *parser, struct sl_span attribute);

#endif
