/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A WebM or Matroska file of ours that was not finished: a head, then clusters of known sizes, the
 * last of which may be cut. What else may stand behind them is an index of an earlier end.
 */
#include "mux/ebml.h"
#include "mux/repair.h"
#include "mux/source.h"
#include "mux/webm.h"
#include "mux/writer.h"

#include <errno.h>

enum {
    TRACKS_MAX = 2,
    BLOCK_PEEK = SL_EBML_HEAD_MAX + 4, /* an element's head, and a block's */
    STEP_MAX_MS = 60000,
};
static const uint64_t TIME_MAX_MS = ((uint64_t)1 << 52) / SL_WEBM_MS_US; /* as the writer */

struct webm {
    struct sl_mux_walk *walk;
    size_t segment;
    struct {
        bool begun;
        int64_t time_ms, step_ms; /* of the latest frame, and from the one before it */
    } tracks[TRACKS_MAX];
    struct cluster {
        int64_t time_ms;
        bool timed, seen, keyframe; /* of the first frame of track 1 */
        int64_t keyframe_ms;
        size_t blocks;
    } cluster;
};

/* An element of the file. */
struct place {
    struct sl_ebml_head head;
    uint64_t body; /* where its contents begin */
    uint8_t peek[BLOCK_PEEK];
    struct sl_reader rest; /* what of its contents is in peek */
};

/* -EBADMSG: there is none, or it is not whole before end. */
static int find_element(const struct sl_mux_source *source, uint64_t at, uint64_t end,
                        struct place *out)
{
    int err = sl_mux_peek(source, at, out->peek, sizeof(out->peek), &out->rest);

    if (err < 0)
        return err;
    sl_ebml_read_head(&out->rest, &out->head);
    out->body = at + (uint64_t)(out->rest.at - out->peek);
    if (!out->rest.ok || out->body > end || out->head.size > end - out->body)
        return -EBADMSG;
    if (out->head.size < sl_reader_left(&out->rest))
        out->rest.end = out->rest.at + out->head.size;
    return 0;
}

/* All before the first cluster. */
static int read_head(struct webm *webm, uint64_t *end)
{
    const struct sl_mux_source *source = webm->walk->source;
    struct sl_buffer *head = &webm->walk->repair->head;
    struct place place;
    size_t len = source->len < SL_MUX_HEAD_MAX ? (size_t)source->len : SL_MUX_HEAD_MAX;
    int err = sl_mux_read(source, 0, len, head);

    if (err < 0)
        return err;
    webm->segment = sl_webm_segment(head->data, head->len);
    if (webm->segment == 0)
        return -EBADMSG;
    *end = webm->segment;
    while ((err = find_element(source, *end, source->len, &place)) == 0 &&
           place.head.id != SL_MKV_CLUSTER)
        *end = place.body + place.head.size;
    if (err < 0)
        return err;
    if (*end > len)
        return -EBADMSG;
    sl_buffer_rewind(head, (size_t)*end);
    return 0;
}

/* ---- Clusters ---- */

static int read_time(struct webm *webm, const struct place *place)
{
    struct sl_reader body = place->rest;

    if (place->head.size > sl_reader_left(&body))
        return -EBADMSG;
    uint64_t time_ms = sl_ebml_read_number(&body);
    if (!body.ok || time_ms > TIME_MAX_MS)
        return -EBADMSG;
    webm->cluster.time_ms = (int64_t)time_ms;
    webm->cluster.timed = true;
    return 0;
}

static int read_block(struct webm *webm, const struct place *place)
{
    struct sl_reader r = place->rest;
    unsigned track = sl_read_u8(&r) & 0x7f;
    int64_t time_ms = webm->cluster.time_ms + (int16_t)sl_read_u16(&r);
    uint8_t flags = sl_read_u8(&r);

    if (!r.ok || track < 1 || track > TRACKS_MAX || !webm->cluster.timed)
        return -EBADMSG;
    int64_t step_ms = time_ms - webm->tracks[track - 1].time_ms;
    if (webm->tracks[track - 1].begun && step_ms > 0 && step_ms <= STEP_MAX_MS)
        webm->tracks[track - 1].step_ms = step_ms;
    if (!webm->tracks[track - 1].begun || step_ms > 0)
        webm->tracks[track - 1].time_ms = time_ms;
    webm->tracks[track - 1].begun = true;
    webm->cluster.blocks++;
    if (track == 1 && !webm->cluster.seen) {
        webm->cluster.seen = true;
        webm->cluster.keyframe = flags & SL_WEBM_BLOCK_KEYFRAME;
        webm->cluster.keyframe_ms = time_ms;
    }
    return 0;
}

static int read_blocks(struct webm *webm, uint64_t at, uint64_t end)
{
    while (at < end) {
        struct place place;
        int err = find_element(webm->walk->source, at, end, &place);
        if (err == 0 && place.head.id == SL_MKV_TIMESTAMP)
            err = read_time(webm, &place);
        else if (err == 0 && place.head.id == SL_MKV_SIMPLE_BLOCK)
            err = read_block(webm, &place);
        if (err < 0)
            return err;
        at = place.body + place.head.size;
    }
    return 0;
}

static void note_cluster(struct webm *webm, uint64_t at)
{
    struct sl_mux_repair *repair = webm->walk->repair;

    for (size_t i = 0; i < TRACKS_MAX; i++) {
        int64_t end_us = (webm->tracks[i].time_ms + webm->tracks[i].step_ms) * SL_WEBM_MS_US;
        if (end_us > repair->duration_us)
            repair->duration_us = end_us;
    }
    if (webm->cluster.keyframe && webm->cluster.keyframe_ms >= 0)
        sl_mux_index_note(&webm->walk->index, webm->cluster.keyframe_ms, at);
}

/* The cluster at *at, which is then behind it. -EBADMSG: there is no whole one. */
static int read_cluster(struct webm *webm, uint64_t *at)
{
    const struct sl_mux_source *source = webm->walk->source;
    struct place place;
    int err = find_element(source, *at, source->len, &place);

    if (err == 0 && place.head.id != SL_MKV_CLUSTER)
        err = -EBADMSG;
    if (err < 0)
        return err;
    webm->cluster = (struct cluster){0};
    err = read_blocks(webm, place.body, place.body + place.head.size);
    if (err == 0 && webm->cluster.blocks == 0)
        err = -EBADMSG;
    if (err < 0)
        return err;
    note_cluster(webm, *at);
    *at = place.body + place.head.size;
    return 0;
}

int sl_webm_repair(struct sl_mux_walk *walk)
{
    struct webm webm = {.walk = walk};
    struct sl_mux_repair *repair = walk->repair;
    int err = read_head(&webm, &repair->len);

    if (err < 0)
        return err;
    while ((err = read_cluster(&webm, &repair->len)) == 0)
        repair->pieces++;
    if (err != -EBADMSG)
        return err;
    if (repair->pieces == 0)
        return -EBADMSG;
    sl_webm_write_index(&repair->tail, &walk->index, webm.segment);
    if (!repair->tail.ok)
        return -ENOMEM;
    return sl_webm_complete_head(repair->head.data, repair->head.len, repair->duration_us,
                                 repair->len, repair->len + repair->tail.len)
               ? 0
               : -EBADMSG;
}
