/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of a session description written into a bounded buffer. Private to sdp/. */
#ifndef SL_SDP_TEXT_H
#define SL_SDP_TEXT_H

#include "media/media.h"
#include "sdp/sdp.h"

#include <stdbool.h>
#include <stddef.h>

/* What does not fit turns ok false for good; the buffer then ends somewhere before. */
struct sl_text {
    char *out;
    size_t len, size;
    bool ok;
};

void sl_text_add(struct sl_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void sl_text_end_line(struct sl_text *text);
void sl_text_line(struct sl_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* a=rtpmap:<payload type> <name>/<clock>[/<channels>], without channels when there is one. */
void sl_text_rtpmap(struct sl_text *text, unsigned payload_type, const char *name,
                    uint32_t clock_hz, unsigned channels);
void sl_text_direction(struct sl_text *text, enum sl_sdp_direction direction);
/* a=rtcp or a=rtcp-mux, and a=crypto, of a plain section. */
void sl_text_plain_transport(struct sl_text *text, const struct sl_sdp_local_transport *transport);
/* "IN IP4 192.0.2.1" of the transport's first candidate: what c=, o= and a=rtcp show. */
void sl_text_address(struct sl_text *text, const struct sl_sdp_local_transport *transport);
/* a=candidate of each kind that is wanted, and their end. */
void sl_text_candidates(struct sl_text *text, const struct sl_sdp_local_transport *transport);
/* The length, or -ENOBUFS. */
int sl_text_result(const struct sl_text *text);

enum { SL_TEXT_ID_MAX = 50 }; /* "<id>-audio" stays a msid's 64 (RFC 8830 section 2) */

/* An identifier out of anything: each character that is no token character becomes '_', the rest
 * is cut. Never empty and never "-", which would mean "no stream" (websocket-api.md 6.3). */
void sl_text_id(const char *from, char out[static SL_TEXT_ID_MAX + 1]);

#endif
