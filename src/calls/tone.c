/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "calls/tone.h"

#include "base/bytes.h"
#include "base/clock.h"

#include <string.h>

enum {
    PACKET_US = 20 * SL_US_PER_MS,
    TONE_PACKETS = 8, /* 160 ms */
    END_PACKETS = 3,  /* RFC 4733 section 2.5.1.4: the last one is lost otherwise, and with it the
                         length */
    GAP_US = 50 * SL_US_PER_MS,
    END_BIT = 0x80,
    VOLUME = 10, /* dBm0 below */
};

/* RFC 4733 section 3.2; -1: none. */
static int event_of(char digit)
{
    static const char events[] = "0123456789*#ABCD!";
    const char *at = digit == '\0' ? NULL : strchr(events, digit);

    return at ? (int)(at - events) : -1;
}

bool sl_tone_add(struct sl_tone *tone, char digit)
{
    size_t len = strlen(tone->digits);

    if (event_of(digit) < 0 || len + 1 >= sizeof(tone->digits))
        return false;
    tone->digits[len] = digit;
    tone->digits[len + 1] = '\0';
    return true;
}

static void end(struct sl_tone *tone)
{
    /* The end packets go together: the tone is over with the first. */
    tone->free_us = tone->begun_us + TONE_PACKETS * PACKET_US + GAP_US;
    tone->sounds = false;
    memmove(tone->digits, tone->digits + 1, sizeof(tone->digits) - 1);
}

bool sl_tone_next(struct sl_tone *tone, int64_t now_us, uint8_t out[static SL_TONE_PAYLOAD_LEN],
                  bool *begins)
{
    *begins = !tone->sounds;
    if (!tone->sounds) {
        if (tone->digits[0] == '\0' || now_us < tone->free_us)
            return false;
        tone->sounds = true;
        tone->begun_us = now_us;
        tone->sent = 0;
    }
    unsigned step = tone->sent < TONE_PACKETS ? tone->sent : TONE_PACKETS;
    if (now_us < tone->begun_us + (int64_t)step * PACKET_US)
        return false;
    bool ends = step == TONE_PACKETS;
    unsigned length = ends ? TONE_PACKETS : step + 1;
    out[0] = (uint8_t)event_of(tone->digits[0]);
    out[1] = (uint8_t)((ends ? END_BIT : 0) | VOLUME);
    sl_store_u16(out + 2, (uint16_t)(length * (tone->clock_hz / (SL_US_PER_S / PACKET_US))));
    if (++tone->sent == TONE_PACKETS + END_PACKETS)
        end(tone);
    return true;
}
