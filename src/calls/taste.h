/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Codecs of a call: which a side takes and sends, in its order, and which of them are offered to
 * the other (sip.md 14.2). Pure. */
#ifndef SL_CALLS_TASTE_H
#define SL_CALLS_TASTE_H

#include "base/config.h"
#include "sdp/sdp.h"

enum { SL_CALL_CODECS_MAX = 8 };

/* Of one kind, each once; H264 once for each of its packetization modes. */
struct sl_call_codecs {
    struct sl_source_codec items[SL_CALL_CODECS_MAX];
    size_t count;
};

/* By kind. */
struct sl_call_taste {
    struct sl_call_codecs of[2];
};

/* What the sections of a description name; NULL: nothing. */
void sl_call_taste_read(const struct sl_sdp *sdp, struct sl_call_taste *out);
/* What was agreed upon; NULL: nothing. */
void sl_call_taste_agreed(const struct sl_negotiation *negotiation, struct sl_call_taste *out);

/* What may be offered to a telephone, or answered: sound as configured, the preferred first; of
 * pictures only what is preferred, as nobody makes them. */
void sl_call_taste_choose(const struct sl_config *config, const struct sl_call_taste *preferred,
                          struct sl_call_taste *out);
/* Pictures as anybody may send them, where no browser says what it takes. */
void sl_call_taste_add_pictures(struct sl_call_codecs *codecs);
/* Without those that the list names, by the names of options. */
void sl_call_taste_leave_out(const struct sl_string_list *names, struct sl_call_taste *taste);
/* Digits, for a telephone: of each clock that its sound has (RFC 4733 section 2.1). */
void sl_call_taste_add_events(const struct sl_config *config, struct sl_call_codecs *codecs);

/* Where one of codecs is this one; NULL. */
const struct sl_source_codec *sl_call_codecs_find(const struct sl_call_codecs *codecs,
                                                  enum sl_codec codec);

#endif
