/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When H264 pictures are decoded, from when they are shown. Threads: any. */
#ifndef SL_MEDIA_REORDER_H
#define SL_MEDIA_REORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_REORDER_MAX = 16 }; /* pictures (H.264 A.3.1: no decoder holds more) */

/* Zeroed is a beginning. */
struct sl_reorder {
    bool begun;
    size_t depth;                       /* pictures: as many as the source told, and extra */
    size_t told, extra;                 /* extra: seen to be out of order beyond that */
    uint32_t timestamp;                 /* of the last picture ... */
    int64_t now;                        /* ... and widened, from 0 on */
    int64_t latest[SL_REORDER_MAX + 1]; /* the latest times of showing, sorted */
};
/* The next picture in the order of decoding; told: as reorder of struct sl_h264_sps. Returns by how
 * many ticks it is decoded before it is shown, 0 or more. Decoding so reckoned rises from picture
 * to picture, but for one that shows that told was too little or whose stamp went back. */
int64_t sl_reorder_delay(struct sl_reorder *reorder, int told, uint32_t timestamp);

#endif
