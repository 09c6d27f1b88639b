/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An MP4 file of ours that was not finished: ftyp and moov, then moof and mdat again and again, the
 * last of which may be cut. What else may stand behind them is an index of an earlier end.
 */
#include "mux/box.h"
#include "mux/mp4.h"
#include "mux/repair.h"
#include "mux/source.h"

#include <errno.h>

enum { FTYP_MAX = 256, MOOF_MAX = 1 << 20 };

struct track {
    uint32_t id; /* 0: there is none */
    uint32_t hz;
    bool is_video;
    int64_t edit; /* what an edit list takes from times of showing */
};

struct mp4 {
    struct sl_mux_walk *walk;
    struct track tracks[2];
    const struct track *main; /* whose key frames are in the index */
    struct fragment {
        int64_t end_us;
        bool begins;  /* the main track has a key frame first ... */
        int64_t time; /* ... that is shown then */
    } fragment;       /* the one that is being read: counts when all of it could be */
};

/* ---- Boxes of the file ---- */

struct place {
    uint32_t type;
    uint64_t at, len; /* with its head */
};

/* -EBADMSG: there is none, or the file ends within it. */
static int find_box(const struct sl_mux_source *source, uint64_t at, struct place *out)
{
    uint8_t buf[SL_BOX_LARGE_HEAD_LEN];
    struct sl_reader r;
    int err = sl_mux_peek(source, at, buf, sizeof(buf), &r);

    if (err < 0)
        return err;
    uint64_t len = sl_read_u32(&r), head = SL_BOX_HEAD_LEN;
    uint32_t type = sl_read_u32(&r);
    if (len == 1) {
        len = sl_read_u64(&r);
        head = SL_BOX_LARGE_HEAD_LEN;
    }
    if (!r.ok || len < head || len > source->len - at)
        return -EBADMSG;
    *out = (struct place){type, at, len};
    return 0;
}

/* ---- Tracks ---- */

/* Boxes of version 1, as we write them. */
static uint64_t read_after(struct sl_reader body, size_t skip, bool is_long)
{
    (void)sl_reader_take(&body, SL_FULL_BOX_LEN + skip);
    return is_long ? sl_read_u64(&body) : sl_read_u32(&body);
}

static bool read_track(struct sl_reader trak, struct track *out)
{
    struct sl_box mdia = sl_box_find(trak, SL_BOX('m', 'd', 'i', 'a'));
    struct sl_box tkhd = sl_box_find(trak, SL_BOX('t', 'k', 'h', 'd'));
    struct sl_box mdhd = sl_box_find(mdia.body, SL_BOX('m', 'd', 'h', 'd'));
    struct sl_box hdlr = sl_box_find(mdia.body, SL_BOX('h', 'd', 'l', 'r'));
    struct sl_box edts = sl_box_find(trak, SL_BOX('e', 'd', 't', 's'));
    struct sl_box elst = sl_box_find(edts.body, SL_BOX('e', 'l', 's', 't'));
    uint64_t edit = read_after(elst.body, 4 + 8, true);

    *out = (struct track){
        .id = (uint32_t)read_after(tkhd.body, 16, false),
        .hz = (uint32_t)read_after(mdhd.body, 16, false),
        .is_video = read_after(hdlr.body, 4, false) == SL_BOX('v', 'i', 'd', 'e'),
        .edit = edit <= UINT32_MAX ? (int64_t)edit : 0,
    };
    return out->id > 0 && out->hz > 0;
}

static int read_tracks(struct mp4 *mp4, struct sl_reader moov)
{
    struct sl_box box;
    size_t count = 0;

    while (sl_box_next(&moov, &box)) {
        if (box.type != SL_BOX('t', 'r', 'a', 'k'))
            continue;
        if (count == 2 || !read_track(box.body, &mp4->tracks[count]))
            return -EBADMSG;
        count++;
    }
    mp4->main = &mp4->tracks[mp4->tracks[1].is_video ? 1 : 0];
    return count > 0 ? 0 : -EBADMSG;
}

/* The head goes into the repair, up to the end of the moov. */
static int read_head(struct mp4 *mp4, uint64_t *end)
{
    const struct sl_mux_source *source = mp4->walk->source;
    struct sl_buffer *head = &mp4->walk->repair->head;
    struct place ftyp, moov;
    int err = find_box(source, 0, &ftyp);

    if (err == 0 && (ftyp.type != SL_BOX('f', 't', 'y', 'p') || ftyp.len > FTYP_MAX))
        err = -EBADMSG;
    if (err == 0)
        err = find_box(source, ftyp.len, &moov);
    if (err == 0 &&
        (moov.type != SL_BOX('m', 'o', 'o', 'v') || moov.len > SL_MUX_HEAD_MAX - ftyp.len))
        err = -EBADMSG;
    if (err == 0)
        err = sl_mux_read(source, 0, (size_t)(ftyp.len + moov.len), head);
    if (err < 0)
        return err;
    struct sl_reader boxes = sl_reader_of(head->data, head->len);
    *end = ftyp.len + moov.len;
    return read_tracks(mp4, sl_box_find(boxes, SL_BOX('m', 'o', 'o', 'v')).body);
}

/* ---- Fragments ---- */

struct run {
    uint64_t decode; /* of the next sample */
    uint64_t end;    /* the latest time until which one is shown */
    int64_t first_shown;
    bool first_is_sync;
};

/* One sample of a trun; what it does not say is 0. */
static void read_sample(struct sl_reader *r, uint32_t flags, bool is_first, struct run *run)
{
    uint32_t duration = flags & SL_TRUN_DURATION ? sl_read_u32(r) : 0;

    if (flags & SL_TRUN_SIZE)
        (void)sl_read_u32(r);
    uint32_t sample_flags = flags & SL_TRUN_FLAGS ? sl_read_u32(r) : SL_SAMPLE_SYNC;
    int64_t offset = flags & SL_TRUN_OFFSET ? (int32_t)sl_read_u32(r) : 0;
    int64_t shown = (int64_t)run->decode + offset;
    int64_t end = shown + duration;
    if (is_first) {
        run->first_shown = shown;
        run->first_is_sync = !(sample_flags & SL_SAMPLE_NOT_SYNC_BIT);
    }
    if (end > 0 && (uint64_t)end > run->end)
        run->end = (uint64_t)end;
    run->decode += duration;
}

static bool read_trun(struct sl_reader trun, struct run *run)
{
    uint32_t flags;

    (void)sl_full_box_read(&trun, &flags);
    uint32_t count = sl_read_u32(&trun);
    if (flags & SL_TRUN_DATA_OFFSET)
        (void)sl_read_u32(&trun);
    if (flags & SL_TRUN_FIRST_FLAGS)
        (void)sl_read_u32(&trun);
    /* Without these two nothing is told for each sample, and the count may be anything. */
    if (!(flags & SL_TRUN_DURATION) || !(flags & SL_TRUN_SIZE))
        return false;
    for (uint32_t i = 0; i < count && trun.ok; i++)
        read_sample(&trun, flags, i == 0, run);
    return trun.ok && count > 0;
}

static const struct track *find_track(const struct mp4 *mp4, uint64_t id)
{
    for (size_t i = 0; i < 2; i++) {
        if (mp4->tracks[i].id > 0 && mp4->tracks[i].id == id)
            return &mp4->tracks[i];
    }
    return NULL;
}

static bool read_traf(struct mp4 *mp4, struct sl_reader traf)
{
    enum { DECODE_MAX_BITS = 60 };
    struct sl_box tfhd = sl_box_find(traf, SL_BOX('t', 'f', 'h', 'd'));
    struct sl_box tfdt = sl_box_find(traf, SL_BOX('t', 'f', 'd', 't'));
    const struct track *track = find_track(mp4, read_after(tfhd.body, 0, false));
    struct run run = {.decode = read_after(tfdt.body, 0, true)};

    if (!track || run.decode >> DECODE_MAX_BITS ||
        !read_trun(sl_box_find(traf, SL_BOX('t', 'r', 'u', 'n')).body, &run))
        return false;
    uint64_t edit = (uint64_t)track->edit;
    int64_t end_us = sl_mux_us(run.end > edit ? run.end - edit : 0, track->hz);
    if (end_us > mp4->fragment.end_us)
        mp4->fragment.end_us = end_us;
    if (track == mp4->main && run.first_is_sync && run.first_shown >= track->edit) {
        mp4->fragment.begins = true;
        mp4->fragment.time = run.first_shown - track->edit;
    }
    return true;
}

static bool read_moof(struct mp4 *mp4, const struct sl_buffer *bytes)
{
    struct sl_reader file = sl_reader_of(bytes->data, bytes->len);
    struct sl_reader moof = sl_box_find(file, SL_BOX('m', 'o', 'o', 'f')).body;
    struct sl_box box;
    bool any = false;

    mp4->fragment = (struct fragment){0};
    while (sl_box_next(&moof, &box)) {
        if (box.type == SL_BOX('t', 'r', 'a', 'f') && !read_traf(mp4, box.body))
            return false;
        any |= box.type == SL_BOX('t', 'r', 'a', 'f');
    }
    return any;
}

/* The fragment at *at, which is then behind it. -EBADMSG: there is no whole one. */
static int read_fragment(struct mp4 *mp4, uint64_t *at, struct sl_buffer *bytes)
{
    const struct sl_mux_source *source = mp4->walk->source;
    struct place moof, mdat;
    int err = find_box(source, *at, &moof);

    if (err == 0 && (moof.type != SL_BOX('m', 'o', 'o', 'f') || moof.len > MOOF_MAX))
        err = -EBADMSG;
    if (err == 0)
        err = find_box(source, *at + moof.len, &mdat);
    if (err == 0 && mdat.type != SL_BOX('m', 'd', 'a', 't'))
        err = -EBADMSG;
    sl_buffer_clear(bytes);
    if (err == 0)
        err = sl_mux_read(source, *at, (size_t)moof.len, bytes);
    if (err < 0)
        return err;
    if (!read_moof(mp4, bytes))
        return -EBADMSG;
    if (mp4->fragment.begins)
        sl_mux_index_note(&mp4->walk->index, mp4->fragment.time, *at);
    if (mp4->fragment.end_us > mp4->walk->repair->duration_us)
        mp4->walk->repair->duration_us = mp4->fragment.end_us;
    *at = mdat.at + mdat.len;
    return 0;
}

int sl_mp4_repair(struct sl_mux_walk *walk)
{
    struct mp4 mp4 = {.walk = walk};
    struct sl_mux_repair *repair = walk->repair;
    struct sl_buffer bytes;
    int err = read_head(&mp4, &repair->len);

    if (err < 0)
        return err;
    sl_buffer_init(&bytes, MOOF_MAX);
    while ((err = read_fragment(&mp4, &repair->len, &bytes)) == 0)
        repair->pieces++;
    sl_buffer_deinit(&bytes);
    if (err != -EBADMSG)
        return err;
    if (repair->pieces == 0 ||
        !sl_mp4_set_duration(repair->head.data, repair->head.len, repair->duration_us))
        return -EBADMSG;
    sl_mp4_write_index(&repair->tail, mp4.main->id, &walk->index);
    return repair->tail.ok ? 0 : -ENOMEM;
}
