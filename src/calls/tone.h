/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digits as packets of RFC 4733, one after the other: what is due when (sip.md 9). Pure. */
#ifndef SL_CALLS_TONE_H
#define SL_CALLS_TONE_H

#include "calls/dtmf.h"

#include <stdbool.h>
#include <stdint.h>

enum { SL_TONE_PAYLOAD_LEN = 4 };

/* Zeroed but for the clock: nothing is to be sent. */
struct sl_tone {
    uint32_t clock_hz;
    char digits[SL_DTMF_MAX]; /* the first is under way, or next */
    bool sounds;              /* it is under way */
    int64_t begun_us;         /* when it began */
    int64_t free_us;          /* when the next one may */
    unsigned sent;            /* packets of it */
};

/* One more, behind the others; false: too many, or none that has an event. */
bool sl_tone_add(struct sl_tone *tone, char digit);
/* Sound is left out: a digit is under way. */
static inline bool sl_tone_sounds(const struct sl_tone *tone)
{
    return tone->sounds;
}
/* The next packet that is due; false: none is now. begins: it is the first of its digit. Called
 * every 10 ms, until it is false. */
bool sl_tone_next(struct sl_tone *tone, int64_t now_us, uint8_t out[static SL_TONE_PAYLOAD_LEN],
                  bool *begins);

#endif
