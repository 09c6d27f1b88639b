/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the payload types of a telephone's sound are, beside its codec: digits (RFC 4733), and what
 * is nothing to hear. Pure. */
#ifndef SL_CALLS_FORMATS_H
#define SL_CALLS_FORMATS_H

#include "sdp/sdp.h"

enum {
    SL_CALL_NO_PAYLOAD_TYPE = 0xff,
    SL_CALL_COMFORT_NOISE = 13, /* RFC 3389 */
};

struct sl_call_formats {
    uint8_t sound;           /* of the codec in use */
    uint8_t event;           /* of digits that are sent; SL_CALL_NO_PAYLOAD_TYPE: they cannot be */
    uint32_t event_clock_hz; /* 0 without */
    uint64_t fillers[2];     /* as in struct sl_flow_in_config: digits, and comfort noise */
};

/* Of sound that was agreed upon. Digits are sent in the clock of the sound, where the other side
 * has such ones, else in that of its first. */
void sl_call_formats_read(const struct sl_media *sound, struct sl_call_formats *out);

#endif
