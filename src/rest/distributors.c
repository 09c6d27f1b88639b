/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The statistics group `transcoding_stats` as the official console reads it (REST-50): it wants a
 * row of every published stream, and in each, under `distributors`, what its pictures are made
 * into, by any key. codec, resolution, queueSize and videoGroupsSendStats are its own fields.
 */
#include "rest/parts.h"

#include "base/json.h"
#include "base/mem.h"
#include "session/session.h"
#include "stream/stream.h"
#include "variant/variant.h"

#include <stdio.h>

/* The row of a stream; a name that is no text has none. Borrowed. */
static json_t *row_of(json_t *rows, const char *name)
{
    json_t *row = json_object_get(rows, name);

    if (row)
        return row;
    row = json_pack("{s:{}}", "distributors");
    return json_object_set_new(rows, name, row) == 0 ? row : NULL;
}

static void add_publication(const struct sl_listed *listed, void *rows)
{
    if (sl_listed_is_publication(listed))
        (void)row_of(rows, sl_listed_name(listed));
}

static void add_stream(struct sl_stream *stream, void *rows)
{
    (void)row_of(rows, sl_stream_name(stream));
}

static void add_variant(const struct sl_variant_stats *stats, void *rows)
{
    json_t *row = sl_codec_kind(stats->to) == SL_VIDEO ? row_of(rows, stats->name) : NULL;
    json_t *distributors = json_object_get(row, "distributors");
    char key[24], resolution[24];

    if (!distributors)
        return;
    (void)snprintf(key, sizeof(key), "%zu", json_object_size(distributors) + 1);
    (void)snprintf(resolution, sizeof(resolution), "%ux%u", stats->width, stats->height);
    (void)json_object_set_new(distributors, key,
                              json_pack("{s:s, s:s, s:i, s:i, s:I, s:s, s:I, s:i, s:{}}", "codec",
                                        sl_codec_name(stats->to), "resolution", resolution, "width",
                                        stats->width, "height", stats->height, "bitrate",
                                        (json_int_t)stats->want.bitrate_bps, "encoder",
                                        stats->encoder, "players", (json_int_t)stats->takers,
                                        "queueSize", 0, "videoGroupsSendStats"));
}

json_t *sl_distributors_take(const struct sl_rest_parts *parts)
{
    json_t *rows = json_object();

    if (parts->streams)
        sl_streams_each(parts->streams, add_stream, rows);
    if (parts->sessions) /* those that are not live yet, too */
        sl_sessions_each_listed(parts->sessions, add_publication, rows);
    if (parts->variants)
        sl_variants_each(parts->variants, add_variant, rows);
    return json_pack("{s:o}", "transcoding_video_full_info", rows);
}
