/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What stands at the beginning of a fragmented MP4 file: ftyp, and a moov that describes the tracks
 * and has no samples (ISO 14496-12, 14496-14, 14496-15; opus: "Encapsulation of Opus in ISO Base
 * Media File Format"). All boxes with times are of version 1, so that a duration can be put in
 * afterwards, however long it is.
 */
#include "mux/box.h"
#include "mux/config.h"
#include "mux/mp4.h"

enum {
    MOVIE_HZ = 1000,     /* timescale of the movie, which only durations are in */
    HZ_MAX = 1000000000, /* with more, sl_mux_ticks() has no room */
    TRACK_ENABLED = 1,
    TRACK_IN_MOVIE = 2,
    DATA_IS_HERE = 1, /* of a "url " box: in this file */
};
static const uint32_t ONE = 0x10000, ONE_IN_LAST_COLUMN = 0x40000000; /* 16.16, 2.30 */

static void write_ftyp(struct sl_buffer *out)
{
    size_t box = sl_box_begin(out, "ftyp");

    sl_buffer_append(out, "iso6", 4); /* tfdt, offsets with a sign, data from the moof on */
    sl_buffer_u32(out, 0);
    sl_buffer_append(out, "iso6isommp41", 12);
    sl_box_end(out, box);
}

/* a b u, c d v, x y w (section 6.2.2): clockwise, and shifted back into view. */
static void write_matrix(struct sl_buffer *out, int rotation, uint16_t width, uint16_t height)
{
    uint32_t minus = (uint32_t)-ONE, w = (uint32_t)width << 16, h = (uint32_t)height << 16;
    const uint32_t matrices[4][6] = {
        {ONE, 0, 0, ONE, 0, 0},
        {0, ONE, minus, 0, h, 0},
        {minus, 0, 0, minus, w, h},
        {0, minus, ONE, 0, 0, w},
    };
    const uint32_t *m = matrices[(unsigned)rotation / 90 % 4];

    for (size_t row = 0; row < 3; row++) {
        sl_buffer_u32(out, m[2 * row]);
        sl_buffer_u32(out, m[2 * row + 1]);
        sl_buffer_u32(out, row < 2 ? 0 : ONE_IN_LAST_COLUMN);
    }
}

static void write_mvhd(struct sl_buffer *out)
{
    size_t box = sl_full_box_begin(out, "mvhd", 1, 0);

    sl_buffer_fill(out, 0, 16); /* made and changed: nobody knows */
    sl_buffer_u32(out, MOVIE_HZ);
    sl_buffer_u64(out, 0);
    sl_buffer_u32(out, ONE); /* rate */
    sl_buffer_u16(out, 0x0100);
    sl_buffer_fill(out, 0, 10);
    write_matrix(out, 0, 0, 0);
    sl_buffer_fill(out, 0, 24);
    sl_buffer_u32(out, 3); /* next_track_ID */
    sl_box_end(out, box);
}

static void write_tkhd(struct sl_buffer *out, const struct sl_mux_tracks *tracks, int kind)
{
    bool is_video = kind == SL_VIDEO;
    uint16_t width = is_video ? tracks->width : 0, height = is_video ? tracks->height : 0;
    size_t box = sl_full_box_begin(out, "tkhd", 1, TRACK_ENABLED | TRACK_IN_MOVIE);

    sl_buffer_fill(out, 0, 16);
    sl_buffer_u32(out, sl_mp4_track_id(tracks, kind));
    sl_buffer_u32(out, 0);
    sl_buffer_u64(out, 0);
    sl_buffer_fill(out, 0, 12); /* reserved, layer, alternate_group */
    sl_buffer_u16(out, is_video ? 0 : 0x0100);
    sl_buffer_u16(out, 0);
    write_matrix(out, is_video ? tracks->rotation : 0, width, height);
    sl_buffer_u32(out, (uint32_t)width << 16);
    sl_buffer_u32(out, (uint32_t)height << 16);
    sl_box_end(out, box);
}

/* One edit that goes on to the end, and begins later than the first picture is decoded. */
static void write_edts(struct sl_buffer *out, int64_t media_time)
{
    size_t edts = sl_box_begin(out, "edts");
    size_t elst = sl_full_box_begin(out, "elst", 1, 0);

    sl_buffer_u32(out, 1);
    sl_buffer_u64(out, 0);
    sl_buffer_u64(out, (uint64_t)media_time);
    sl_buffer_u32(out, ONE); /* rate */
    sl_box_end(out, elst);
    sl_box_end(out, edts);
}

static void write_mdhd(struct sl_buffer *out, uint32_t timescale)
{
    size_t box = sl_full_box_begin(out, "mdhd", 1, 0);

    sl_buffer_fill(out, 0, 16);
    sl_buffer_u32(out, timescale);
    sl_buffer_u64(out, 0);
    sl_buffer_u16(out, 0x55c4); /* "und": three letters of five bits */
    sl_buffer_u16(out, 0);
    sl_box_end(out, box);
}

static void write_hdlr(struct sl_buffer *out, int kind)
{
    size_t box = sl_full_box_begin(out, "hdlr", 0, 0);

    sl_buffer_u32(out, 0);
    sl_buffer_append(out, kind == SL_VIDEO ? "vide" : "soun", 4);
    sl_buffer_fill(out, 0, 13); /* reserved, and a name of no letters */
    sl_box_end(out, box);
}

/* ---- Sample entries ---- */

static int write_avcc(struct sl_buffer *out, const struct sl_mux_tracks *tracks)
{
    struct sl_flv_avc_config avc;
    int err = sl_mux_avc_config(tracks, &avc);

    if (err < 0)
        return err;
    size_t box = sl_box_begin(out, "avcC");
    sl_buffer_append(out, avc.bytes, avc.len);
    sl_box_end(out, box);
    return 0;
}

static int write_avc1(struct sl_buffer *out, const struct sl_mux_tracks *tracks)
{
    enum { DPI_72 = 0x00480000, COMPRESSOR_NAME_LEN = 32 };
    size_t box = sl_box_begin(out, "avc1");

    sl_buffer_fill(out, 0, 6);
    sl_buffer_u16(out, 1); /* data_reference_index */
    sl_buffer_fill(out, 0, 16);
    sl_buffer_u16(out, tracks->width);
    sl_buffer_u16(out, tracks->height);
    sl_buffer_u32(out, DPI_72);
    sl_buffer_u32(out, DPI_72);
    sl_buffer_u32(out, 0);
    sl_buffer_u16(out, 1); /* frame_count */
    sl_buffer_fill(out, 0, COMPRESSOR_NAME_LEN);
    sl_buffer_u16(out, 0x0018); /* depth */
    sl_buffer_u16(out, 0xffff);
    int err = write_avcc(out, tracks);
    sl_box_end(out, box);
    return err;
}

/* What both sample entries of sound begin with. */
static size_t begin_sound(struct sl_buffer *out, const char *type,
                          const struct sl_mux_tracks *tracks)
{
    size_t box = sl_box_begin(out, type);

    sl_buffer_fill(out, 0, 6);
    sl_buffer_u16(out, 1); /* data_reference_index */
    sl_buffer_fill(out, 0, 8);
    sl_buffer_u16(out, (uint16_t)tracks->channels);
    sl_buffer_u16(out, 16); /* samplesize */
    sl_buffer_u32(out, 0);
    sl_buffer_u32(out, tracks->rate_hz <= UINT16_MAX ? (uint32_t)tracks->rate_hz << 16 : 0);
    return box;
}

/* ISO 14496-1 section 7.2.6: a tag and a length before each descriptor, here of one byte. */
static void write_esds(struct sl_buffer *out, const uint8_t *config, uint8_t config_len)
{
    enum { ES = 3, DECODER = 4, DECODER_SPECIFIC = 5, SYNC_LAYER = 6 };
    enum { MPEG4_AUDIO = 0x40, AUDIO_STREAM = 0x15, SYNC_LAYER_OF_MP4 = 2 };
    enum { SYNC_LAYER_LEN = 3, DECODER_LEN = 13 + 2, ES_LEN = 3 + 2 };
    size_t box = sl_full_box_begin(out, "esds", 0, 0);

    sl_buffer_u8(out, ES);
    sl_buffer_u8(out, (uint8_t)(ES_LEN + DECODER_LEN + config_len + SYNC_LAYER_LEN));
    sl_buffer_u16(out, 0); /* ES_ID */
    sl_buffer_u8(out, 0);
    sl_buffer_u8(out, DECODER);
    sl_buffer_u8(out, (uint8_t)(DECODER_LEN + config_len));
    sl_buffer_u8(out, MPEG4_AUDIO);
    sl_buffer_u8(out, AUDIO_STREAM);
    sl_buffer_fill(out, 0, 11); /* size of a buffer, bit rates: not known */
    sl_buffer_u8(out, DECODER_SPECIFIC);
    sl_buffer_u8(out, config_len);
    sl_buffer_append(out, config, config_len);
    sl_buffer_u8(out, SYNC_LAYER);
    sl_buffer_u8(out, 1);
    sl_buffer_u8(out, SYNC_LAYER_OF_MP4);
    sl_box_end(out, box);
}

static int write_mp4a(struct sl_buffer *out, const struct sl_mux_tracks *tracks)
{
    struct sl_mux_aac_config config;
    int err = sl_mux_aac_config(tracks, &config);

    if (err < 0)
        return err;
    size_t box = begin_sound(out, "mp4a", tracks);
    write_esds(out, config.bytes, (uint8_t)config.len);
    sl_box_end(out, box);
    return 0;
}

static int write_opus(struct sl_buffer *out, const struct sl_mux_tracks *tracks)
{
    size_t box = begin_sound(out, "Opus", tracks);
    size_t config = sl_box_begin(out, "dOps");

    sl_buffer_u8(out, 0); /* version */
    sl_buffer_u8(out, (uint8_t)tracks->channels);
    sl_buffer_u16(out, 0); /* PreSkip: frames come with the time at which they are heard */
    sl_buffer_u32(out, (uint32_t)tracks->rate_hz);
    sl_buffer_u16(out, 0); /* gain */
    sl_buffer_u8(out, 0);  /* one stream, of one or two channels */
    sl_box_end(out, config);
    sl_box_end(out, box);
    return 0;
}

static int write_stsd(struct sl_buffer *out, const struct sl_mux_tracks *tracks, int kind)
{
    static int (*const writers[SL_CODECS])(struct sl_buffer *, const struct sl_mux_tracks *) = {
        [SL_CODEC_H264] = write_avc1,
        [SL_CODEC_AAC] = write_mp4a,
        [SL_CODEC_OPUS] = write_opus,
    };
    size_t box = sl_full_box_begin(out, "stsd", 0, 0);

    sl_buffer_u32(out, 1);
    int err = writers[tracks->codecs[kind]](out, tracks);
    sl_box_end(out, box);
    return err;
}

/* ---- The boxes around them ---- */

static void write_empty(struct sl_buffer *out, const char *type, size_t zeros)
{
    size_t box = sl_full_box_begin(out, type, 0, 0);

    sl_buffer_fill(out, 0, zeros);
    sl_box_end(out, box);
}

static void write_dinf(struct sl_buffer *out)
{
    size_t dinf = sl_box_begin(out, "dinf");
    size_t dref = sl_full_box_begin(out, "dref", 0, 0);

    sl_buffer_u32(out, 1);
    size_t url = sl_full_box_begin(out, "url ", 0, DATA_IS_HERE);
    sl_box_end(out, url);
    sl_box_end(out, dref);
    sl_box_end(out, dinf);
}

static int write_minf(struct sl_buffer *out, const struct sl_mux_tracks *tracks, int kind)
{
    size_t minf = sl_box_begin(out, "minf");

    if (kind == SL_VIDEO) {
        size_t box = sl_full_box_begin(out, "vmhd", 0, 1);
        sl_buffer_fill(out, 0, 8);
        sl_box_end(out, box);
    } else {
        write_empty(out, "smhd", 4);
    }
    write_dinf(out);
    size_t stbl = sl_box_begin(out, "stbl");
    int err = write_stsd(out, tracks, kind);
    write_empty(out, "stts", 4);
    write_empty(out, "stsc", 4);
    write_empty(out, "stsz", 8);
    write_empty(out, "stco", 4);
    sl_box_end(out, stbl);
    sl_box_end(out, minf);
    return err;
}

static int write_trak(struct sl_buffer *out, const struct sl_mux_tracks *tracks, int kind)
{
    size_t trak = sl_box_begin(out, "trak");

    write_tkhd(out, tracks, kind);
    if (kind == SL_VIDEO && tracks->delay_us > 0)
        write_edts(out, sl_mp4_edit(tracks));
    size_t mdia = sl_box_begin(out, "mdia");
    write_mdhd(out, sl_mp4_timescale(tracks, kind));
    write_hdlr(out, kind);
    int err = write_minf(out, tracks, kind);
    sl_box_end(out, mdia);
    sl_box_end(out, trak);
    return err;
}

static void write_trex(struct sl_buffer *out, uint32_t track_id)
{
    size_t box = sl_full_box_begin(out, "trex", 0, 0);

    sl_buffer_u32(out, track_id);
    sl_buffer_u32(out, 1); /* default_sample_description_index */
    sl_buffer_u32(out, 0);
    sl_buffer_u32(out, 0);
    sl_buffer_u32(out, SL_SAMPLE_SYNC);
    sl_box_end(out, box);
}

static void write_mvex(struct sl_buffer *out, const struct sl_mux_tracks *tracks)
{
    size_t mvex = sl_box_begin(out, "mvex");
    size_t mehd = sl_full_box_begin(out, "mehd", 1, 0);

    sl_buffer_u64(out, 0);
    sl_box_end(out, mehd);
    for (int kind = SL_VIDEO; kind >= SL_AUDIO; kind--) {
        if (tracks->codecs[kind] != SL_CODEC_NONE)
            write_trex(out, sl_mp4_track_id(tracks, kind));
    }
    sl_box_end(out, mvex);
}

int sl_mp4_write_head(struct sl_buffer *out, const struct sl_mux_tracks *tracks)
{
    write_ftyp(out);
    size_t moov = sl_box_begin(out, "moov");
    write_mvhd(out);
    for (int kind = SL_VIDEO; kind >= SL_AUDIO; kind--) {
        int err = tracks->codecs[kind] != SL_CODEC_NONE ? write_trak(out, tracks, kind) : 0;
        if (err < 0)
            return err;
    }
    write_mvex(out, tracks);
    sl_box_end(out, moov);
    return 0;
}

/* ---- Duration ---- */

/* Boxes of version 1 with a duration, and where: after version and flags, times and ids. */
static const struct {
    uint32_t type;
    bool has_timescale; /* in the 4 bytes before it; otherwise the movie's */
    size_t at;
} durations[] = {
    {SL_BOX('m', 'v', 'h', 'd'), true, 4 + 16 + 4},
    {SL_BOX('t', 'k', 'h', 'd'), false, 4 + 16 + 8},
    {SL_BOX('m', 'd', 'h', 'd'), true, 4 + 16 + 4},
    {SL_BOX('m', 'e', 'h', 'd'), false, 4},
};
enum { DURATIONS = sizeof(durations) / sizeof(*durations) };

/* A box of another type has none, which is fine. */
static bool set_in_box(uint8_t *head, const struct sl_box *box, int64_t duration_us)
{
    size_t i = 0;

    while (i < DURATIONS && durations[i].type != box->type)
        i++;
    if (i == DURATIONS)
        return true;
    if (sl_reader_left(&box->body) < durations[i].at + 8 || *box->body.at != 1)
        return false;
    uint8_t *field = head + (box->body.at - head) + durations[i].at;
    uint32_t hz = durations[i].has_timescale ? sl_load_u32(field - 4) : MOVIE_HZ;
    if (hz > HZ_MAX)
        return false;
    sl_store_u64(field, (uint64_t)sl_mux_ticks(duration_us, hz));
    return true;
}

static bool has_boxes(uint32_t type)
{
    return type == SL_BOX('m', 'o', 'o', 'v') || type == SL_BOX('t', 'r', 'a', 'k') ||
           type == SL_BOX('m', 'd', 'i', 'a') || type == SL_BOX('m', 'v', 'e', 'x');
}

static bool set_in_boxes(uint8_t *head, struct sl_reader boxes, int64_t duration_us, int depth)
{
    struct sl_box box;

    if (depth == 0)
        return false;
    while (sl_reader_left(&boxes) > 0) {
        if (!sl_box_next(&boxes, &box))
            return false;
        if (has_boxes(box.type) ? !set_in_boxes(head, box.body, duration_us, depth - 1)
                                : !set_in_box(head, &box, duration_us))
            return false;
    }
    return true;
}

bool sl_mp4_set_duration(uint8_t *head, size_t len, int64_t duration_us)
{
    enum { DEPTH = 4 }; /* the file, moov, trak, mdia */

    return set_in_boxes(head, sl_reader_of(head, len), duration_us, DEPTH);
}
