/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A recorded clip (H264 and opus) as the RTP payloads a browser would send, with their times. */
#ifndef SL_BENCH_CLIP_H
#define SL_BENCH_CLIP_H

#include "media/media.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clip_packet {
    int64_t at_us; /* from the beginning of the clip */
    enum sl_media_kind kind;
    bool marker;
    uint32_t timestamp; /* in the codec's clock, from 0 */
    uint8_t *payload;
    size_t len;
};

struct clip {
    struct clip_packet *packets; /* in the order of at_us */
    size_t count;
    int64_t duration_us;
};

enum {
    CLIP_BURST_US = 100,
    CLIP_ROOM = 16, /* behind each payload, for padding */
};

/* Reads a Matroska file with one H264 and one opus track; NULL and words on stderr on failure.
 * pace_us: between two packets of one picture. Up to CLIP_BURST_US it is a burst and the gaps vary:
 * with 20 they are 10 to 30 us, as Chromium has them; 0: all at once. */
struct clip *clip_load(const char *file, int64_t pace_us);
void clip_free(struct clip *clip);

#endif
