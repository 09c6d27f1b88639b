/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The newest SPS and PPS of an H264 source, by id. Threads: any. */
#ifndef SL_MEDIA_PARAMETER_SETS_H
#define SL_MEDIA_PARAMETER_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* Chromium and phones send one of each, x264 and hardware encoders up to three PPS. */
    SL_PARAMETER_SETS_MAX = 12,
    SL_PARAMETER_SET_LEN_MAX = 1024, /* an SPS with all scaling lists and VUI is below 700 bytes */
    SL_PARAMETER_SETS_LEN_MAX = SL_PARAMETER_SETS_MAX * (SL_PARAMETER_SET_LEN_MAX + 4),
};

struct sl_parameter_set {
    uint8_t type; /* SL_NAL_SPS or SL_NAL_PPS */
    int id;
    int64_t seq; /* of the packet that brought it */
    bool fresh;  /* came since the last sl_parameter_sets_settle() */
    size_t len;
    uint8_t nal[SL_PARAMETER_SET_LEN_MAX];
};

/* Embedded; zeroed is empty. */
struct sl_parameter_sets {
    size_t count, oldest;
    struct sl_parameter_set sets[SL_PARAMETER_SETS_MAX];
};

/* Copies a whole NAL unit, unless a packet of a higher number has brought the same set. -EBADMSG:
 * neither SPS nor PPS, or cut; -ENOBUFS: too long. */
int sl_parameter_sets_keep(struct sl_parameter_sets *sets, const uint8_t *nal, size_t len,
                           int64_t seq);
/* True if there is an SPS and a PPS at least. */
bool sl_parameter_sets_are_whole(const struct sl_parameter_sets *sets);
/* Writes all of them, or only the fresh ones, in Annex B, every SPS before every PPS. out: NULL to
 * count only, or room for SL_PARAMETER_SETS_LEN_MAX. Returns the bytes. */
size_t sl_parameter_sets_write(const struct sl_parameter_sets *sets, bool all, uint8_t *out);
/* None is fresh any more. */
void sl_parameter_sets_settle(struct sl_parameter_sets *sets);

#endif
