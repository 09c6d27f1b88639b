/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fragments of MP4: a moof, which says where each frame is and when, and an mdat with all of them,
 * those of one track behind those of the other.
 *
 * Where pictures are reordered, the first is decoded before time 0, which MP4 cannot say. Then all
 * times of decoding and showing are later by as much as the tracks say, and an edit list takes that
 * from the latter. If the tracks do not say it, the offsets from decoding to showing, which have a
 * sign (trun of version 1), make up for what the first picture needs: right too, and not understood
 * by FFmpeg in fragments.
 */
#include "mux/mp4.h"

#include "base/mem.h"
#include "mux/avc.h"
#include "mux/box.h"
#include "mux/writer.h"

#include <errno.h>

enum {
    SAMPLES_MIN = 64,
    OPUS_HZ = 48000,
    DEFAULT_BASE_IS_MOOF = 0x20000,
    SEQUENCE_LEN = 4,
    SAMPLES_LEN = 4,
};

struct sample {
    int64_t decode; /* ticks */
    int32_t offset; /* from decoding to showing */
    uint32_t len;
    bool sync;
};

struct track {
    enum sl_codec codec; /* SL_CODEC_NONE: there is no such track */
    uint32_t id, hz;
    uint32_t duration; /* of the last frame, if it is sound: what the frame itself says */
    struct sample *samples;
    size_t count, capacity;
    struct sl_buffer bytes;
};

struct mp4 {
    struct track tracks[2];
    bool begun;                      /* there was a picture */
    int64_t shift_ticks, edit_ticks; /* of pictures: added to times of decoding and showing */
    uint32_t sequence;               /* of the last moof */
    struct sl_buffer head;
    struct sl_mux_index index; /* of pictures, if there are any */
    size_t piece_max;
};

static void destroy(void *writer)
{
    struct mp4 *mp4 = writer;

    for (int kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        free(mp4->tracks[kind].samples);
        sl_buffer_deinit(&mp4->tracks[kind].bytes);
    }
    sl_buffer_deinit(&mp4->head);
    sl_mux_index_deinit(&mp4->index);
    free(mp4);
}

static int create(const struct sl_muxer_config *config, struct sl_buffer *head, void **out)
{
    struct mp4 *mp4 = sl_new(struct mp4);

    mp4->piece_max = config->piece_max;
    sl_buffer_init(&mp4->head, SL_MUX_HEAD_MAX);
    for (int kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        mp4->tracks[kind].codec = config->tracks.codecs[kind];
        mp4->tracks[kind].id = sl_mp4_track_id(&config->tracks, kind);
        mp4->tracks[kind].hz = sl_mp4_timescale(&config->tracks, kind);
        sl_buffer_init(&mp4->tracks[kind].bytes, config->piece_max);
    }
    mp4->shift_ticks = mp4->edit_ticks = sl_mp4_edit(&config->tracks);
    int err = sl_mp4_write_head(&mp4->head, &config->tracks);
    if (err == 0 && !mp4->head.ok)
        err = -EINVAL; /* no configuration of ours is so long */
    if (err < 0) {
        destroy(mp4);
        return err;
    }
    sl_buffer_append(head, mp4->head.data, mp4->head.len);
    *out = mp4;
    return 0;
}

/* ---- Frames ---- */

/* RFC 6716 section 3.1: how long the packet's frames are, and how many there are. */
static uint32_t opus_duration(const uint8_t *packet, size_t len)
{
    enum { CELT = 16, HYBRID = 12, MS_60 = 2880, MS_120 = 5760 };
    static const uint16_t silk[] = {480, 960, 1920, MS_60}, hybrid[] = {480, 960},
                          celt[] = {120, 240, 480, 960};
    unsigned config = packet[0] >> 3, code = packet[0] & 3, count;
    uint32_t frame = config >= CELT     ? celt[config % 4]
                     : config >= HYBRID ? hybrid[config % 2]
                                        : silk[config % 4];

    if (code == 0)
        count = 1;
    else if (code < 3)
        count = 2;
    else
        count = len > 1 ? packet[1] & 0x3f : 1;
    uint32_t duration = count * frame;
    return duration > 0 && duration <= MS_120 ? duration : frame;
}

static uint32_t own_duration(const struct track *track, const struct sl_mux_sample *sample)
{
    if (track->codec == SL_CODEC_OPUS)
        return opus_duration(sample->data, sample->len);
    return track->codec == SL_CODEC_AAC ? SL_AAC_FRAME_SAMPLES : 0;
}

static bool has_room(struct track *track)
{
    size_t capacity = track->capacity > 0 ? track->capacity * 2 : SAMPLES_MIN;

    if (track->count < track->capacity)
        return true;
    struct sample *samples = realloc(track->samples, capacity * sizeof(*samples));
    if (!samples)
        return false;
    track->samples = samples;
    track->capacity = capacity;
    return true;
}

static struct sample sample_of(struct mp4 *mp4, const struct track *track,
                               const struct sl_mux_sample *sample)
{
    int64_t decode = sl_mux_ticks(sample->dts_us, track->hz);

    if (sample->kind == SL_AUDIO) /* shown when it is decoded */
        return (struct sample){.decode = sl_mux_ticks(sample->pts_us, track->hz), .sync = true};
    if (!mp4->begun && decode + mp4->shift_ticks < 0)
        mp4->shift_ticks = -decode;
    mp4->begun = true;
    decode += mp4->shift_ticks;
    return (struct sample){
        .decode = decode,
        .offset = (int32_t)(sl_mux_ticks(sample->pts_us, track->hz) + mp4->edit_ticks - decode),
        .sync = sample->keyframe,
    };
}

static int add(void *writer, const struct sl_mux_sample *sample)
{
    struct mp4 *mp4 = writer;
    struct track *track = &mp4->tracks[sample->kind];
    size_t before = track->bytes.len, other = mp4->tracks[!sample->kind].bytes.len;

    if (sl_avc_len_max(sample->len) > mp4->piece_max - before - other)
        return -ENOBUFS;
    if (!has_room(track))
        return -ENOMEM;
    if (track->codec == SL_CODEC_H264)
        sl_avc_append(&track->bytes, sample->data, sample->len);
    else
        sl_buffer_append(&track->bytes, sample->data, sample->len);
    if (!track->bytes.ok || track->bytes.len == before) {
        int err = track->bytes.ok ? -EINVAL : -ENOMEM;
        sl_buffer_rewind(&track->bytes, before);
        return err;
    }
    track->duration = own_duration(track, sample);
    track->samples[track->count] = sample_of(mp4, track, sample);
    track->samples[track->count++].len = (uint32_t)(track->bytes.len - before);
    return 0;
}

/* ---- Fragments ---- */

/* Until when the track's last frame lasts. */
static int64_t end_of(const struct mp4 *mp4, const struct track *track,
                      const struct sl_mux_cut *cut)
{
    const struct sample *last = &track->samples[track->count - 1];

    if (track->duration > 0)
        return last->decode + track->duration;
    return sl_mux_ticks(cut->piece.end_us, track->hz) + mp4->shift_ticks;
}

static uint32_t duration_of(const struct track *track, size_t i, int64_t end)
{
    int64_t next = i + 1 < track->count ? track->samples[i + 1].decode : end;
    int64_t duration = next - track->samples[i].decode;

    if (duration < 0)
        return 0;
    return duration < UINT32_MAX ? (uint32_t)duration : UINT32_MAX;
}

/* data_at: of the track's bytes, from the beginning of the moof. */
static void write_trun(struct sl_buffer *out, const struct track *track, int64_t end,
                       uint32_t data_at)
{
    bool is_video = sl_codec_kind(track->codec) == SL_VIDEO;
    uint32_t flags = SL_TRUN_DATA_OFFSET | SL_TRUN_DURATION | SL_TRUN_SIZE;
    size_t box = sl_full_box_begin(out, "trun", 1,
                                   is_video ? flags | SL_TRUN_FLAGS | SL_TRUN_OFFSET : flags);

    sl_buffer_u32(out, (uint32_t)track->count);
    sl_buffer_u32(out, data_at);
    for (size_t i = 0; i < track->count; i++) {
        const struct sample *sample = &track->samples[i];
        sl_buffer_u32(out, duration_of(track, i, end));
        sl_buffer_u32(out, sample->len);
        if (is_video) {
            sl_buffer_u32(out, sample->sync ? SL_SAMPLE_SYNC : SL_SAMPLE_NOT_SYNC);
            sl_buffer_u32(out, (uint32_t)sample->offset);
        }
    }
    sl_box_end(out, box);
}

static void write_traf(struct sl_buffer *out, const struct track *track, int64_t end,
                       uint32_t data_at)
{
    size_t traf = sl_box_begin(out, "traf");
    size_t tfhd = sl_full_box_begin(out, "tfhd", 0, DEFAULT_BASE_IS_MOOF);

    sl_buffer_u32(out, track->id);
    sl_box_end(out, tfhd);
    size_t tfdt = sl_full_box_begin(out, "tfdt", 1, 0);
    sl_buffer_u64(out, (uint64_t)track->samples[0].decode);
    sl_box_end(out, tfdt);
    write_trun(out, track, end, data_at);
    sl_box_end(out, traf);
}

static uint32_t moof_len(const struct mp4 *mp4)
{
    enum {
        FULL = SL_BOX_HEAD_LEN + SL_FULL_BOX_LEN,
        MOOF = SL_BOX_HEAD_LEN + FULL + SEQUENCE_LEN,
        TRAF = SL_BOX_HEAD_LEN + (FULL + 4) + (FULL + 8) + (FULL + SAMPLES_LEN + 4),
        SOUND = 8,
        PICTURE = 16,
    };
    size_t len = MOOF;

    for (int kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        size_t count = mp4->tracks[kind].count;
        len += count > 0 ? TRAF + count * (kind == SL_VIDEO ? PICTURE : SOUND) : 0;
    }
    return (uint32_t)len;
}

static void write_moof(struct mp4 *mp4, const struct sl_mux_cut *cut, struct sl_buffer *out)
{
    uint32_t data_at = moof_len(mp4) + SL_BOX_HEAD_LEN;
    size_t moof = sl_box_begin(out, "moof");
    size_t mfhd = sl_full_box_begin(out, "mfhd", 0, 0);

    sl_buffer_u32(out, ++mp4->sequence);
    sl_box_end(out, mfhd);
    for (int kind = SL_VIDEO; kind >= SL_AUDIO; kind--) {
        const struct track *track = &mp4->tracks[kind];
        if (track->count == 0)
            continue;
        write_traf(out, track, end_of(mp4, track, cut), data_at);
        data_at += (uint32_t)track->bytes.len;
    }
    sl_box_end(out, moof);
}

static void write_mdat(const struct mp4 *mp4, struct sl_buffer *out)
{
    size_t mdat = sl_box_begin(out, "mdat");

    for (int kind = SL_VIDEO; kind >= SL_AUDIO; kind--)
        sl_buffer_append(out, mp4->tracks[kind].bytes.data, mp4->tracks[kind].bytes.len);
    sl_box_end(out, mdat);
}

static const struct track *main_track(const struct mp4 *mp4)
{
    bool has_pictures = mp4->tracks[SL_VIDEO].codec != SL_CODEC_NONE;

    return &mp4->tracks[has_pictures ? SL_VIDEO : SL_AUDIO];
}

static void note(struct mp4 *mp4, const struct sl_mux_cut *cut)
{
    const struct track *track = main_track(mp4);

    if (track->count > 0 && track->samples[0].sync)
        sl_mux_index_note(&mp4->index, sl_mux_ticks(cut->pts_us, track->hz), cut->offset);
}

static void cut_fragment(void *writer, const struct sl_mux_cut *cut, struct sl_buffer *out)
{
    struct mp4 *mp4 = writer;

    write_moof(mp4, cut, out);
    write_mdat(mp4, out);
    if (out->ok)
        note(mp4, cut);
    for (int kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        mp4->tracks[kind].count = 0;
        sl_buffer_clear(&mp4->tracks[kind].bytes);
    }
}

static void finish(void *writer, uint64_t len, int64_t duration_us, struct sl_buffer *head,
                   struct sl_buffer *tail)
{
    struct mp4 *mp4 = writer;

    (void)len;
    (void)sl_mp4_set_duration(mp4->head.data, mp4->head.len, duration_us); /* our own: it can */
    sl_buffer_append(head, mp4->head.data, mp4->head.len);
    sl_mp4_write_index(tail, main_track(mp4)->id, &mp4->index);
}

const struct sl_mux_writer_ops sl_mp4_writer = {create, destroy, add, cut_fragment, finish};
