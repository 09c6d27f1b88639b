/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Media on the way from the segmenter to the window: a segment, or a part of one. */
#ifndef SL_HLS_PIECE_H
#define SL_HLS_PIECE_H

#include "base/list.h"
#include "base/queue.h"

#include <stdbool.h>
#include <stdint.h>

struct sl_blob;

enum {
    SL_HLS_FILE_MAX = 56,  /* of a name, with the NUL */
    SL_HLS_CODECS_MAX = 64 /* as SL_MUX_CODECS_TEXT_MAX */
};

/* Belongs to whoever has it. */
struct sl_hls_piece {
    struct sl_msg msg; /* whoever posts it */
    void *to;
    struct sl_list link; /* the window's */
    struct sl_blob *data;
    struct sl_blob *head; /* the initialisation section that it needs, where that is new; NULL */
    int64_t duration_us;
    int64_t wall_ms;    /* of its beginning, since 1970 */
    bool independent;   /* it begins with a key frame, or has no pictures */
    bool discontinuity; /* time, size or codec do not go on from the one before */
    bool last;          /* of its segment */
    bool forced;        /* its segment begins without a key frame */
    uint16_t width, height;
    char codecs[SL_HLS_CODECS_MAX];
    char name[SL_HLS_FILE_MAX]; /* the window's */
};
void sl_hls_piece_destroy(struct sl_hls_piece *piece); /* NULL is fine */

#endif
