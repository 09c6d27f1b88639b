/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers, names, and what leaves when something comes. */
#include "hls/window.h"

#include "base/blob.h"
#include "base/clock.h"
#include "base/random.h"
#include "hls/playlist.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    TARGET_MIN_S = 2,
    TARGET_MAX_S = 12,
    /* A list may lose a segment only if that much is left (RFC 8216 section 6.2.2), and parts are
     * listed no longer (rfc8216bis section 6.2.2). */
    TARGETS_KEPT = 3,
    BITS = 8,
};

struct section {
    unsigned refs;
    struct sl_blob *data;
    char name[SL_HLS_FILE_MAX];
};

struct segment {
    struct sl_list link;
    int64_t number;
    struct sl_list pieces; /* struct sl_hls_piece; of parts, all of them, else one */
    size_t piece_count;
    struct sl_blob *data; /* of all pieces; NULL: not whole yet */
    int64_t duration_us, wall_ms;
    bool discontinuity;
    struct section *section; /* NULL: it needs none */
    char name[SL_HLS_FILE_MAX];
};

struct sl_hls_window {
    struct sl_hls_window_config config;
    struct sl_list segments; /* the oldest first; the last may be open */
    struct segment *open;    /* parts of it have come; NULL */
    struct section *section; /* of what comes; NULL */
    int64_t next;            /* number of the next new segment */
    int64_t first_listed;
    uint64_t discontinuities; /* that are listed no longer */
    size_t whole, bytes;
    int64_t longest_us, target_s; /* 0: not settled */
    bool broken;                  /* the next piece does not go on from the last */
    uint32_t prefix;
    char hint[SL_HLS_FILE_MAX]; /* "" without parts */
};

/* ---- Names ---- */

/* Nobody can guess one: tokens are checked on lists only. */
static void name_file(const struct sl_hls_window *window, int64_t number, int64_t part,
                      const char *extension, char out[static SL_HLS_FILE_MAX])
{
    char dot_part[16] = "";

    if (part >= 0)
        (void)snprintf(dot_part, sizeof(dot_part), ".%" PRId64, part);
    (void)snprintf(out, SL_HLS_FILE_MAX, "%08x-%" PRId64 "%s-%08x.%s", window->prefix, number,
                   dot_part, sl_random_u32(), extension);
}

static void draw_hint(struct sl_hls_window *window)
{
    const struct segment *open = window->open;

    if (window->config.part_us > 0)
        name_file(window, open ? open->number : window->next, open ? (int64_t)open->piece_count : 0,
                  window->config.extension, window->hint);
}

/* ---- Sections ---- */

static void section_unref(struct section *section)
{
    if (!section || --section->refs > 0)
        return;
    sl_blob_unref(section->data);
    free(section);
}

static void take_section(struct sl_hls_window *window, struct sl_hls_piece *piece)
{
    struct section *section = sl_new(struct section);

    section->refs = 1;
    section->data = piece->head;
    piece->head = NULL;
    name_file(window, window->next, -1, "mp4", section->name);
    section_unref(window->section);
    window->section = section;
}

/* ---- Segments ---- */

void sl_hls_piece_destroy(struct sl_hls_piece *piece)
{
    if (!piece)
        return;
    sl_blob_unref(piece->data);
    sl_blob_unref(piece->head);
    free(piece);
}

static void segment_destroy(struct sl_hls_window *window, struct segment *segment)
{
    struct sl_hls_piece *piece;

    sl_list_foreach(piece, &segment->pieces, struct sl_hls_piece, link)
    {
        window->bytes -= piece->data->len;
        sl_hls_piece_destroy(piece);
    }
    if (segment->data) {
        window->whole--;
        window->bytes -= segment->piece_count > 1 ? segment->data->len : 0;
    }
    sl_blob_unref(segment->data);
    section_unref(segment->section);
    sl_list_remove(&segment->link);
    free(segment);
}

static struct segment *first_segment(const struct sl_hls_window *window)
{
    return sl_list_first(&window->segments, struct segment, link);
}

static struct segment *open_segment(struct sl_hls_window *window, const struct sl_hls_piece *piece)
{
    struct segment *segment = sl_new(struct segment);

    segment->number = window->next++;
    segment->wall_ms = piece->wall_ms;
    /* The very first one comes after nothing. */
    segment->discontinuity = segment->number > 0 && (piece->discontinuity || window->broken);
    window->broken = false;
    segment->section = window->section;
    if (segment->section)
        segment->section->refs++;
    sl_list_init(&segment->pieces);
    name_file(window, segment->number, -1, window->config.extension, segment->name);
    sl_list_append(&window->segments, &segment->link);
    return segment;
}

static struct sl_hls_piece *piece_of(struct sl_list *link)
{
    return sl_container_of(link, struct sl_hls_piece, link);
}

/* False: no memory, it stays without. */
static bool join_pieces(struct sl_hls_window *window, struct segment *segment)
{
    const struct sl_hls_piece *piece;
    size_t len = 0, at = 0;

    sl_list_foreach(piece, &segment->pieces, struct sl_hls_piece, link)
    {
        len += piece->data->len;
    }
    if (segment->piece_count == 1) {
        segment->data = sl_blob_ref(piece_of(segment->pieces.next)->data);
        return true;
    }
    segment->data = sl_blob_create(len);
    if (!segment->data)
        return false;
    sl_list_foreach(piece, &segment->pieces, struct sl_hls_piece, link)
    {
        memcpy(segment->data->data + at, piece->data->data, piece->data->len);
        at += piece->data->len;
    }
    window->bytes += len;
    return true;
}

/* ---- What leaves ---- */

static int64_t keep_us(const struct sl_hls_window *window)
{
    return TARGETS_KEPT * (window->target_s > 0 ? window->target_s : TARGET_MIN_S) * SL_US_PER_S;
}

static void unlist(struct sl_hls_window *window, const struct segment *segment)
{
    window->first_listed = segment->number + 1;
    window->discontinuities += segment->discontinuity;
}

static void unlist_old(struct sl_hls_window *window)
{
    const struct segment *segment;
    size_t count = 0;
    int64_t duration_us = 0;

    sl_list_foreach(segment, &window->segments, struct segment, link)
    {
        if (segment->data && segment->number >= window->first_listed) {
            count++;
            duration_us += segment->duration_us;
        }
    }
    sl_list_foreach(segment, &window->segments, struct segment, link)
    {
        if (segment->number < window->first_listed)
            continue;
        duration_us -= segment->duration_us;
        if (count-- <= window->config.list_size || duration_us < keep_us(window))
            return;
        unlist(window, segment);
    }
}

static void drop_old(struct sl_hls_window *window)
{
    struct segment *segment;

    unlist_old(window);
    sl_list_foreach(segment, &window->segments, struct segment, link)
    {
        if (segment->number >= window->first_listed - (int64_t)window->config.hold_size)
            return;
        segment_destroy(window, segment);
    }
}

bool sl_hls_window_drop(struct sl_hls_window *window)
{
    struct segment *first = first_segment(window);

    if (window->whole < 2)
        return false;
    if (first->number >= window->first_listed)
        unlist(window, first);
    segment_destroy(window, first);
    return true;
}

/* ---- What comes ---- */

static void close_segment(struct sl_hls_window *window)
{
    struct segment *segment = window->open;

    window->open = NULL;
    if (!join_pieces(window, segment)) {
        window->next = segment->number; /* as if it had never come */
        window->broken = true;
        segment_destroy(window, segment);
        return;
    }
    window->whole++;
    if (segment->duration_us > window->longest_us)
        window->longest_us = segment->duration_us;
    drop_old(window);
}

void sl_hls_window_add(struct sl_hls_window *window, struct sl_hls_piece *piece)
{
    if (piece->head)
        take_section(window, piece);
    if (!window->open)
        window->open = open_segment(window, piece);
    struct segment *segment = window->open;
    if (window->config.part_us > 0)
        memcpy(piece->name, window->hint, sizeof(piece->name));
    sl_list_append(&segment->pieces, &piece->link);
    segment->piece_count++;
    segment->duration_us += piece->duration_us;
    window->bytes += piece->data->len;
    if (piece->last)
        close_segment(window);
    draw_hint(window);
}

void sl_hls_window_break(struct sl_hls_window *window)
{
    if (window->open)
        close_segment(window);
    window->broken = true;
    draw_hint(window);
}

struct sl_hls_window *sl_hls_window_create(const struct sl_hls_window_config *config)
{
    struct sl_hls_window *window = sl_new(struct sl_hls_window);

    window->config = *config;
    window->prefix = sl_random_u32();
    sl_list_init(&window->segments);
    draw_hint(window);
    return window;
}

void sl_hls_window_destroy(struct sl_hls_window *window)
{
    struct segment *segment;

    if (!window)
        return;
    sl_list_foreach(segment, &window->segments, struct segment, link)
        segment_destroy(window, segment);
    section_unref(window->section);
    free(window);
}

/* ---- What is there ---- */

size_t sl_hls_window_count(const struct sl_hls_window *window)
{
    return window->whole;
}

size_t sl_hls_window_bytes(const struct sl_hls_window *window)
{
    return window->bytes;
}

const struct sl_hls_piece *sl_hls_window_newest(const struct sl_hls_window *window)
{
    if (sl_list_empty(&window->segments))
        return NULL;
    const struct segment *last = sl_container_of(window->segments.prev, struct segment, link);
    return piece_of(last->pieces.prev);
}

int64_t sl_hls_window_bps(const struct sl_hls_window *window)
{
    const struct segment *segment;
    int64_t most = 0;

    sl_list_foreach(segment, &window->segments, struct segment, link)
    {
        if (!segment->data || segment->duration_us <= 0)
            continue;
        int64_t bps = (int64_t)segment->data->len * BITS * SL_US_PER_S / segment->duration_us;
        most = bps > most ? bps : most;
    }
    return most;
}

static struct sl_blob *find_part(const struct segment *segment, const char *name)
{
    const struct sl_hls_piece *piece;

    sl_list_foreach(piece, &segment->pieces, struct sl_hls_piece, link)
    {
        if (strcmp(piece->name, name) == 0)
            return piece->data;
    }
    return NULL;
}

struct sl_blob *sl_hls_window_find(const struct sl_hls_window *window, const char *name, bool *head)
{
    const struct segment *segment;

    *head = false;
    sl_list_foreach(segment, &window->segments, struct segment, link)
    {
        if (segment->data && strcmp(segment->name, name) == 0)
            return segment->data;
        if (segment->section && strcmp(segment->section->name, name) == 0) {
            *head = true;
            return segment->section->data;
        }
        struct sl_blob *part = window->config.part_us > 0 ? find_part(segment, name) : NULL;
        if (part)
            return part;
    }
    return NULL;
}

bool sl_hls_window_is_hint(const struct sl_hls_window *window, const char *name)
{
    return window->hint[0] && strcmp(window->hint, name) == 0;
}

/* ---- Lists ---- */

static int64_t rounded_s(int64_t us)
{
    return (us + SL_US_PER_S / 2) / SL_US_PER_S;
}

int64_t sl_hls_window_target_s(struct sl_hls_window *window)
{
    if (window->target_s == 0) {
        int64_t us = window->longest_us > window->config.time_us ? window->longest_us
                                                                 : window->config.time_us;
        int64_t target_s = rounded_s(us);
        window->target_s = target_s < TARGET_MIN_S   ? TARGET_MIN_S
                           : target_s > TARGET_MAX_S ? TARGET_MAX_S
                                                     : target_s;
    }
    return window->target_s;
}

bool sl_hls_window_has_target(const struct sl_hls_window *window)
{
    return window->target_s > 0;
}

/* What is listed, as sl_playlist_write() wants it. */
struct listing {
    struct sl_playlist_segment *segments;
    size_t count;
    struct sl_playlist_part *parts; /* of all of them */
    size_t part_count;
};

static void list_parts(struct listing *listing, const struct segment *segment,
                       struct sl_playlist_segment *out)
{
    const struct sl_hls_piece *piece;

    out->parts = listing->parts + listing->part_count;
    sl_list_foreach(piece, &segment->pieces, struct sl_hls_piece, link)
    {
        listing->parts[listing->part_count++] = (struct sl_playlist_part){
            .name = piece->name,
            .duration_us = piece->duration_us,
            .independent = piece->independent,
        };
    }
    out->part_count = segment->piece_count;
}

static struct listing make_listing(const struct sl_hls_window *window)
{
    const struct segment *segment;
    struct listing listing = {.count = 0};
    size_t count = 0, parts = 0;
    int64_t left_us = 0;

    sl_list_foreach(segment, &window->segments, struct segment, link)
    {
        count++;
        parts += segment->piece_count;
        left_us += segment->duration_us;
    }
    listing.segments = sl_new_array(struct sl_playlist_segment, count + 1);
    listing.parts = sl_new_array(struct sl_playlist_part, parts + 1);
    sl_list_foreach(segment, &window->segments, struct segment, link)
    {
        left_us -= segment->duration_us;
        if (segment->number < window->first_listed)
            continue;
        struct sl_playlist_segment *out = &listing.segments[listing.count++];
        *out = (struct sl_playlist_segment){
            .name = segment->name,
            .duration_us = segment->duration_us,
            .wall_ms = segment->wall_ms,
            .discontinuity = segment->discontinuity,
            .map = segment->section ? segment->section->name : NULL,
        };
        if (window->config.part_us > 0 && left_us < keep_us(window))
            list_parts(&listing, segment, out);
    }
    return listing;
}

char *sl_hls_window_write(struct sl_hls_window *window, const char *query, bool ended, size_t *len)
{
    struct listing listing = make_listing(window);
    const struct sl_playlist list = {
        .target_s = sl_hls_window_target_s(window),
        .sequence = (uint64_t)window->first_listed,
        .discontinuity_sequence = window->discontinuities,
        .segments = listing.segments,
        .count = listing.count,
        .open = window->open != NULL,
        .ended = ended,
        .query = query,
        .part_target_us = window->config.part_us,
        .hint = window->hint,
    };
    char *text = sl_playlist_write(&list, len);

    free(listing.segments);
    free(listing.parts);
    return text;
}

int64_t sl_hls_window_next(const struct sl_hls_window *window)
{
    return window->open ? window->open->number : window->next;
}

bool sl_hls_window_has(const struct sl_hls_window *window, int64_t msn, int64_t part)
{
    if (msn < sl_hls_window_next(window))
        return true;
    return window->open && msn == window->open->number && part >= 0 &&
           part < (int64_t)window->open->piece_count;
}
