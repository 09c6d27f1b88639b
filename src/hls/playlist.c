/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tags in the order in which they may stand. */
#include "hls/playlist.h"

#include "base/clock.h"
#include "base/memstream.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum {
    VERSION_PLAIN = 3, /* EXTINF with a fraction (RFC 8216 section 7) */
    VERSION_PARTS = 9, /* rfc8216bis section 8 */
    PARTS_HELD_BACK = 3,
    TARGETS_HELD_BACK = 3,
    MS_PER_S = 1000,
};

static double seconds(int64_t us)
{
    return (double)us / SL_US_PER_S;
}

/* RFC 8216 section 4.3.2.6, with the milliseconds that it wants. */
static void write_date(FILE *out, int64_t wall_ms)
{
    time_t wall_s = (time_t)(wall_ms / MS_PER_S);
    struct tm tm;
    char text[32];

    if (!gmtime_r(&wall_s, &tm) || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        return;
    (void)fprintf(out, "#EXT-X-PROGRAM-DATE-TIME:%s.%03dZ\n", text, (int)(wall_ms % MS_PER_S));
}

static void write_head(FILE *out, const struct sl_playlist *list)
{
    bool parts = list->part_target_us > 0;

    (void)fprintf(out, "#EXTM3U\n#EXT-X-VERSION:%d\n#EXT-X-TARGETDURATION:%" PRId64 "\n",
                  parts ? VERSION_PARTS : VERSION_PLAIN, list->target_s);
    if (parts)
        (void)fprintf(out,
                      "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=%.3f,"
                      "HOLD-BACK=%" PRId64 "\n#EXT-X-PART-INF:PART-TARGET=%.3f\n",
                      seconds(PARTS_HELD_BACK * list->part_target_us),
                      TARGETS_HELD_BACK * list->target_s, seconds(list->part_target_us));
    (void)fprintf(out, "#EXT-X-MEDIA-SEQUENCE:%" PRIu64 "\n", list->sequence);
    if (list->discontinuity_sequence > 0)
        (void)fprintf(out, "#EXT-X-DISCONTINUITY-SEQUENCE:%" PRIu64 "\n",
                      list->discontinuity_sequence);
}

static void write_parts(FILE *out, const struct sl_playlist *list,
                        const struct sl_playlist_segment *segment)
{
    for (size_t i = 0; i < segment->part_count; i++) {
        const struct sl_playlist_part *part = &segment->parts[i];
        (void)fprintf(out, "#EXT-X-PART:DURATION=%.5f,URI=\"%s%s\"%s\n", seconds(part->duration_us),
                      part->name, list->query, part->independent ? ",INDEPENDENT=YES" : "");
    }
}

/* The date at the beginning and where time may jump: in between, durations tell it. */
static void write_segment(FILE *out, const struct sl_playlist *list, size_t index)
{
    const struct sl_playlist_segment *segment = &list->segments[index];
    bool whole = !list->open || index + 1 < list->count;

    if (segment->discontinuity)
        (void)fputs("#EXT-X-DISCONTINUITY\n", out);
    if (segment->map && (index == 0 || segment->discontinuity))
        (void)fprintf(out, "#EXT-X-MAP:URI=\"%s%s\"\n", segment->map, list->query);
    if (index == 0 || segment->discontinuity)
        write_date(out, segment->wall_ms);
    write_parts(out, list, segment);
    if (whole)
        (void)fprintf(out, "#EXTINF:%.5f,\n%s%s\n", seconds(segment->duration_us), segment->name,
                      list->query);
}

char *sl_playlist_write(const struct sl_playlist *list, size_t *len)
{
    struct sl_memstream page;

    if (!sl_memstream_open(&page))
        return NULL;
    write_head(page.file, list);
    for (size_t i = 0; i < list->count; i++)
        write_segment(page.file, list, i);
    if (list->part_target_us > 0 && list->hint && !list->ended)
        (void)fprintf(page.file, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"%s%s\"\n", list->hint,
                      list->query);
    if (list->ended)
        (void)fputs("#EXT-X-ENDLIST\n", page.file);
    if (!sl_memstream_close(&page))
        return NULL;
    *len = page.len;
    return page.text;
}

char *sl_playlist_write_master(const struct sl_playlist_variant *variants, size_t count,
                               const char *query, size_t *len)
{
    struct sl_memstream page;

    if (!sl_memstream_open(&page))
        return NULL;
    (void)fprintf(page.file, "#EXTM3U\n#EXT-X-VERSION:%d\n", VERSION_PLAIN);
    for (size_t i = 0; i < count; i++) {
        const struct sl_playlist_variant *variant = &variants[i];
        (void)fprintf(page.file, "#EXT-X-STREAM-INF:BANDWIDTH=%" PRId64 ",",
                      variant->bandwidth_bps);
        if (variant->width > 0)
            (void)fprintf(page.file, "RESOLUTION=%ux%u,", variant->width, variant->height);
        (void)fprintf(page.file, "CODECS=\"%s\"\n%s%s\n", variant->codecs, variant->uri, query);
    }
    if (!sl_memstream_close(&page))
        return NULL;
    *len = page.len;
    return page.text;
}
