/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What stands before the clusters of a WebM or Matroska file (RFC 9559). While it is being written
 * nobody knows how long it becomes: the segment is of unknown size, and two Void elements keep the
 * places of the SeekHead, which says where the index is, and of the duration.
 */
#include "mux/av1.h"
#include "mux/config.h"
#include "mux/ebml.h"
#include "mux/webm.h"

#include <errno.h>
#include <string.h>

enum {
    SEEKS = 3,
    SEEK_LEN = 3 + (3 + 4) + (3 + 8), /* of an ID of 4 bytes at a position of 8 */
    SEEKS_LEN = SEEKS * SEEK_LEN,
    SEEK_HEAD_LEN = 5 + SEEKS_LEN,
    DURATION_LEN = 3 + 8,
    MS_NS = 1000000,
    TYPE_VIDEO = 1,
    TYPE_AUDIO = 2,
    OPUS_SEEK_PRE_ROLL_NS = 80000000, /* RFC 7845 section 4.6, "A_OPUS" in RFC 9559's registry */
    CONFIG_MAX = 1024,
};

static void write_ebml(struct sl_buffer *out, enum sl_container container)
{
    size_t ebml = sl_ebml_begin(out, SL_EBML);

    sl_ebml_number(out, SL_EBML_VERSION, 1);
    sl_ebml_number(out, SL_EBML_READ_VERSION, 1);
    sl_ebml_number(out, SL_EBML_MAX_ID_LENGTH, 4);
    sl_ebml_number(out, SL_EBML_MAX_SIZE_LENGTH, 8);
    sl_ebml_text(out, SL_EBML_DOC_TYPE, container == SL_WEBM ? "webm" : "matroska");
    sl_ebml_number(out, SL_EBML_DOC_TYPE_VERSION, 4);
    sl_ebml_number(out, SL_EBML_DOC_TYPE_READ_VERSION, 2); /* SimpleBlock */
    sl_ebml_end(out, ebml);
}

static void write_info(struct sl_buffer *out)
{
    size_t info = sl_ebml_begin(out, SL_MKV_INFO);

    sl_ebml_number(out, SL_MKV_TIMESTAMP_SCALE, MS_NS);
    sl_ebml_void(out, DURATION_LEN);
    sl_ebml_text(out, SL_MKV_MUXING_APP, "Sluice");
    sl_ebml_text(out, SL_MKV_WRITING_APP, "Sluice");
    sl_ebml_end(out, info);
}

/* ---- CodecPrivate ---- */

static int write_avc(struct sl_buffer *out, const struct sl_mux_tracks *tracks)
{
    struct sl_flv_avc_config avc;
    int err = sl_mux_avc_config(tracks, &avc);

    if (err == 0)
        sl_ebml_bytes(out, SL_MKV_CODEC_PRIVATE, avc.bytes, avc.len);
    return err;
}

static int write_av1(struct sl_buffer *out, const struct sl_mux_tracks *tracks)
{
    struct sl_buffer config;

    sl_buffer_init(&config, CONFIG_MAX);
    int err = tracks->configs[SL_VIDEO] ? sl_av1_write_config(&config, tracks->configs[SL_VIDEO],
                                                              tracks->config_lens[SL_VIDEO])
                                        : -EINVAL;
    if (err == 0)
        sl_ebml_bytes(out, SL_MKV_CODEC_PRIVATE, config.data, config.len);
    sl_buffer_deinit(&config);
    return err;
}

/* OpusHead (RFC 7845 section 5.1), in the order of little-endian machines. No pre-skip: frames come
 * with the time at which they are heard. */
static int write_opus(struct sl_buffer *out, const struct sl_mux_tracks *tracks)
{
    uint8_t head[19] = "OpusHead\1";

    head[9] = (uint8_t)tracks->channels;
    head[12] = 48000 & 0xff;
    head[13] = 48000 >> 8;
    sl_ebml_bytes(out, SL_MKV_CODEC_PRIVATE, head, sizeof(head));
    sl_ebml_number(out, SL_MKV_SEEK_PRE_ROLL, OPUS_SEEK_PRE_ROLL_NS);
    return 0;
}

static int write_aac(struct sl_buffer *out, const struct sl_mux_tracks *tracks)
{
    struct sl_mux_aac_config config;
    int err = sl_mux_aac_config(tracks, &config);

    if (err == 0)
        sl_ebml_bytes(out, SL_MKV_CODEC_PRIVATE, config.bytes, config.len);
    return err;
}

/* ---- Tracks ---- */

static const struct {
    const char *id;
    int (*write_private)(struct sl_buffer *out, const struct sl_mux_tracks *tracks);
} codecs[SL_CODECS] = {
    [SL_CODEC_VP8] = {"V_VP8", NULL},         [SL_CODEC_VP9] = {"V_VP9", NULL},
    [SL_CODEC_AV1] = {"V_AV1", write_av1},    [SL_CODEC_H264] = {"V_MPEG4/ISO/AVC", write_avc},
    [SL_CODEC_OPUS] = {"A_OPUS", write_opus}, [SL_CODEC_AAC] = {"A_AAC", write_aac},
};

static void write_video(struct sl_buffer *out, const struct sl_mux_tracks *tracks)
{
    size_t video = sl_ebml_begin(out, SL_MKV_VIDEO);

    sl_ebml_number(out, SL_MKV_PIXEL_WIDTH, tracks->width);
    sl_ebml_number(out, SL_MKV_PIXEL_HEIGHT, tracks->height);
    sl_ebml_end(out, video);
}

static void write_audio(struct sl_buffer *out, const struct sl_mux_tracks *tracks)
{
    size_t audio = sl_ebml_begin(out, SL_MKV_AUDIO);

    sl_ebml_float(out, SL_MKV_SAMPLING_FREQUENCY, tracks->rate_hz);
    sl_ebml_number(out, SL_MKV_CHANNELS, (uint64_t)tracks->channels);
    sl_ebml_end(out, audio);
}

static int write_track(struct sl_buffer *out, const struct sl_mux_tracks *tracks, int kind)
{
    enum sl_codec codec = tracks->codecs[kind];
    uint8_t number = sl_webm_track(tracks->codecs[SL_VIDEO] != SL_CODEC_NONE, kind);
    size_t entry = sl_ebml_begin(out, SL_MKV_TRACK_ENTRY);
    int err = 0;

    sl_ebml_number(out, SL_MKV_TRACK_NUMBER, number);
    sl_ebml_number(out, SL_MKV_TRACK_UID, number);
    sl_ebml_number(out, SL_MKV_TRACK_TYPE, kind == SL_VIDEO ? TYPE_VIDEO : TYPE_AUDIO);
    sl_ebml_number(out, SL_MKV_FLAG_LACING, 0);
    sl_ebml_text(out, SL_MKV_LANGUAGE, "und");
    sl_ebml_text(out, SL_MKV_CODEC_ID, codecs[codec].id);
    if (codecs[codec].write_private)
        err = codecs[codec].write_private(out, tracks);
    if (kind == SL_VIDEO)
        write_video(out, tracks);
    else
        write_audio(out, tracks);
    sl_ebml_end(out, entry);
    return err;
}

int sl_webm_write_head(struct sl_buffer *out, enum sl_container container,
                       const struct sl_mux_tracks *tracks)
{
    write_ebml(out, container);
    sl_ebml_id(out, SL_MKV_SEGMENT);
    sl_ebml_size(out, ((uint64_t)1 << 56) - 1, 8); /* unknown */
    sl_ebml_void(out, SEEK_HEAD_LEN);
    write_info(out);
    size_t all = sl_ebml_begin(out, SL_MKV_TRACKS);
    for (int kind = SL_VIDEO; kind >= SL_AUDIO; kind--) {
        int err = tracks->codecs[kind] != SL_CODEC_NONE ? write_track(out, tracks, kind) : 0;
        if (err < 0)
            return err;
    }
    sl_ebml_end(out, all);
    return 0;
}

/* ---- At the end ---- */

size_t sl_webm_segment(const uint8_t *head, size_t len)
{
    struct sl_reader r = sl_reader_of(head, len), body;
    struct sl_ebml_head segment;
    uint32_t id;

    if (!sl_ebml_next(&r, &id, &body) || id != SL_EBML)
        return 0;
    sl_ebml_read_head(&r, &segment);
    return r.ok && segment.id == SL_MKV_SEGMENT ? (size_t)(r.at - head) : 0;
}

/* The place that was kept: a Void, or what an earlier end has put there. */
static bool is_kept(const uint8_t *at, const uint8_t *end, size_t len, uint32_t id)
{
    struct sl_reader r = sl_reader_of(at, (size_t)(end - at)), body;
    uint32_t found;

    return sl_ebml_next(&r, &found, &body) && (found == SL_EBML_VOID || found == id) &&
           (size_t)(r.at - at) == len;
}

static void write_seek(struct sl_buffer *out, uint32_t id, uint64_t position)
{
    sl_ebml_id(out, SL_MKV_SEEK);
    sl_ebml_size(out, SEEK_LEN - 3, 1);
    sl_ebml_id(out, SL_MKV_SEEK_ID);
    sl_ebml_size(out, 4, 1);
    sl_ebml_id(out, id);
    sl_ebml_fixed(out, SL_MKV_SEEK_POSITION, position);
}

static bool write_over(uint8_t *at, const struct sl_buffer *bytes, size_t len)
{
    if (!bytes->ok || bytes->len != len)
        return false;
    memcpy(at, bytes->data, len);
    return true;
}

/* Positions count from the segment's first byte. */
static bool set_seek_head(uint8_t *at, uint64_t info, uint64_t tracks, uint64_t cues)
{
    struct sl_buffer bytes;

    sl_buffer_init(&bytes, SEEK_HEAD_LEN);
    sl_ebml_id(&bytes, SL_MKV_SEEK_HEAD);
    sl_ebml_size(&bytes, SEEKS_LEN, 1);
    write_seek(&bytes, SL_MKV_INFO, info);
    write_seek(&bytes, SL_MKV_TRACKS, tracks);
    write_seek(&bytes, SL_MKV_CUES, cues);
    bool is_set = write_over(at, &bytes, SEEK_HEAD_LEN);
    sl_buffer_deinit(&bytes);
    return is_set;
}

static bool set_duration(uint8_t *head, const struct sl_reader *info, int64_t duration_us)
{
    struct sl_reader r = *info, body;
    struct sl_buffer bytes;
    uint32_t id;

    while (!is_kept(r.at, r.end, DURATION_LEN, SL_MKV_DURATION)) {
        if (!sl_ebml_next(&r, &id, &body))
            return false;
    }
    sl_buffer_init(&bytes, DURATION_LEN);
    sl_ebml_float(&bytes, SL_MKV_DURATION, (double)duration_us / SL_WEBM_MS_US);
    bool is_set = write_over(head + (r.at - head), &bytes, DURATION_LEN);
    sl_buffer_deinit(&bytes);
    return is_set;
}

bool sl_webm_complete_head(uint8_t *head, size_t len, int64_t duration_us, uint64_t cues_at,
                           uint64_t file_len)
{
    size_t segment = sl_webm_segment(head, len), at = segment + SEEK_HEAD_LEN;
    struct sl_reader r, info;
    uint32_t id;

    if (segment < SEEK_HEAD_LEN / 8 || at > len ||
        !is_kept(head + segment, head + len, SEEK_HEAD_LEN, SL_MKV_SEEK_HEAD))
        return false;
    r = sl_reader_of(head + at, len - at);
    if (!sl_ebml_next(&r, &id, &info) || id != SL_MKV_INFO ||
        !set_duration(head, &info, duration_us))
        return false;
    /* Of eight bytes, the first of which is the marker alone. */
    if (head[segment - 8] != 1)
        return false;
    uint64_t size = (file_len - segment) | (uint64_t)1 << 56;
    sl_store_u32(head + segment - 8, (uint32_t)(size >> 32));
    sl_store_u32(head + segment - 4, (uint32_t)size);
    return set_seek_head(head + segment, SEEK_HEAD_LEN, (uint64_t)(r.at - head) - segment,
                         cues_at - segment);
}

void sl_webm_write_index(struct sl_buffer *out, const struct sl_mux_index *index, size_t segment)
{
    size_t cues = sl_ebml_begin(out, SL_MKV_CUES);

    for (size_t i = 0; i < index->count; i++) {
        size_t point = sl_ebml_begin(out, SL_MKV_CUE_POINT);
        sl_ebml_number(out, SL_MKV_CUE_TIME, (uint64_t)index->entries[i].time);
        size_t positions = sl_ebml_begin(out, SL_MKV_CUE_TRACK_POSITIONS);
        sl_ebml_number(out, SL_MKV_CUE_TRACK, 1);
        sl_ebml_number(out, SL_MKV_CUE_CLUSTER_POSITION, index->entries[i].offset - segment);
        sl_ebml_end(out, positions);
        sl_ebml_end(out, point);
    }
    sl_ebml_end(out, cues);
}
