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
    size_t odd_line;                /* the last that was noted */
    bool own_fingerprint;           /* the current level has one: what it inherited is overruled */
    bool has_bundle;
    struct sl_span bundle; /* mids of the first a=group:BUNDLE */
};

/* The line at hand, or a part of it, is left out: notes "line N: <words>". */
__attribute__((format(printf, 2, 3))) void sl_sdp_parser_odd(struct sl_sdp_parser *parser,
                                                             const char *format, ...);

/* a=rid and a=simulcast: simulcast.c. */
void sl_sdp_parse_rid(struct sl_sdp_parser *parser, struct sl_span value);
void sl_sdp_parse_simulcast(struct sl_sdp_parser *parser, struct sl_span value);

/* One line behind "a=", free of control characters but tabs. What is unknown says nothing. */
void sl_sdp_parse_attribute(struct sl_sdp_parser *parser, struct sl_span attribute);

#endif
