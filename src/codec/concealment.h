/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sound in the place of packets that are lost, for codecs that make up none themselves: the last
 * pitch period again and again, softer and softer, until nothing is left after 60 ms
 * (sip.md 14.5; the idea of ITU-T G.711 appendix I). One channel. Pure, any thread.
 */
#ifndef SL_CODEC_CONCEALMENT_H
#define SL_CODEC_CONCEALMENT_H

#include <stddef.h>
#include <stdint.h>

enum {
    SL_CONCEALMENT_RATE_MAX = 16000,
    SL_CONCEALMENT_HISTORY = SL_CONCEALMENT_RATE_MAX / 25, /* 40 ms */
};

/* Zeroed: nothing has been heard, silence is made up. */
struct sl_concealment {
    int16_t history[SL_CONCEALMENT_HISTORY]; /* the latest samples heard, at the end */
    size_t heard;                            /* of them */
    size_t pitch;   /* period that is repeated, in samples; 0: nothing is missing */
    size_t made_up; /* samples since something is missing */
};

/* Samples that were heard. Behind made-up ones, their beginning is mixed with what would have gone
 * on, so that no click is between them. */
void sl_concealment_hear(struct sl_concealment *concealment, int rate_hz, int16_t *samples,
                         size_t count);
/* The next samples that are missing. rate_hz: at most SL_CONCEALMENT_RATE_MAX. */
void sl_concealment_make_up(struct sl_concealment *concealment, int rate_hz, int16_t *out,
                            size_t count);

#endif
