/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists as text (RFC 8216; those of low latency: rfc8216bis). Pure. */
#ifndef SL_HLS_PLAYLIST_H
#define SL_HLS_PLAYLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Everything is borrowed. */

struct sl_playlist_part {
    const char *name;
    int64_t duration_us;
    bool independent;
};

struct sl_playlist_segment {
    const char *name;
    int64_t duration_us;
    int64_t wall_ms; /* of its beginning, since 1970 */
    bool discontinuity;
    const char *map; /* its initialisation section; NULL: it needs none */
    const struct sl_playlist_part *parts;
    size_t part_count;
};

struct sl_playlist {
    int64_t target_s; /* not less than the longest segment, rounded; never changes */
    uint64_t sequence, discontinuity_sequence;
    const struct sl_playlist_segment *segments;
    size_t count;
    /* Parts have come of one more segment, which is not whole yet: the last of segments, whose name
     * and duration do not count. */
    bool open;
    bool ended;
    const char *query;      /* behind each URI: "?token=1"; "" for none */
    int64_t part_target_us; /* 0: without parts, and nobody may wait for a list */
    const char *hint;       /* the part that comes next; NULL: none is known of */
};

/* The text, the caller's to free; NULL: no memory. */
char *sl_playlist_write(const struct sl_playlist *list, size_t *len);

/* ---- The list of lists ---- */

struct sl_playlist_variant {
    const char *uri; /* encoded, without a query */
    int64_t bandwidth_bps;
    uint16_t width, height;
    const char *codecs; /* RFC 6381 */
};
char *sl_playlist_write_master(const struct sl_playlist_variant *variants, size_t count,
                               const char *query, size_t *len);

#endif
