/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * MPEG-TS (ISO 13818-1): one programme with pictures, sound or both. A piece begins with PAT and
 * PMT and can be played alone; counters go on from piece to piece.
 *
 * Time in the file begins a second later than ours, so that the clock (PCR), which runs half a
 * second before decoding, and pictures that are decoded before 0 are above 0. Frames of sound
 * travel several in a packet, 80 ms of them: alone, each would waste half of its last 188 bytes.
 * The clock is ahead of them by more than that.
 */
#include "mux/ts.h"

#include "base/mem.h"
#include "mux/config.h"
#include "mux/writer.h"

#include <errno.h>

enum {
    BEGIN_US = 1000000,
    CLOCK_LEAD_US = 500000,
    SOUND_GROUP_US = 80000,
    SOUND_GROUP_MAX = 4096, /* bytes; well within a PES packet's 16 bits of length */
    CLOCK_GAP_US = 70000,   /* section 2.7.2: the clock is told every 100 ms at least */
    ADTS_LEN = 7,
    ADTS_FRAME_MAX = 0x1fff, /* 13 bits */
    ROOM_LEN = 8 * SL_TS_PACKET_LEN,
};

struct ts {
    struct sl_ts out;
    bool has[2];
    int64_t tables_every_us, tables_us, clock_us; /* when both were last written, in the piece */
    bool clock_told;
    struct sl_buffer config;         /* parameter sets, for key frames that have none */
    uint8_t profile, rate, channels; /* as ADTS has them */
    struct sl_buffer unit;           /* the access unit that is being written */
    struct sl_buffer sound;          /* frames that wait for company */
    int64_t sound_us;                /* of the first of them */
};

static void destroy(void *writer)
{
    struct ts *ts = writer;

    sl_buffer_deinit(&ts->out.packets);
    sl_buffer_deinit(&ts->config);
    sl_buffer_deinit(&ts->unit);
    sl_buffer_deinit(&ts->sound);
    free(ts);
}

/* What ADTS says in each frame (ISO 14496-3 section 1.A.2.2), from the AudioSpecificConfig. */
static int take_aac_config(struct ts *ts, const struct sl_mux_tracks *tracks)
{
    enum { AAC_MAIN = 1, AAC_LC = 2, AAC_LTP = 4, RATES = 13 };
    struct sl_mux_aac_config config;
    int err = sl_mux_aac_config(tracks, &config);

    if (err < 0)
        return err;
    unsigned type = config.bytes[0] >> 3;
    /* HE-AAC says its own type; its core, which ADTS names, is AAC-LC. */
    ts->profile = (uint8_t)((type >= AAC_MAIN && type <= AAC_LTP ? type : AAC_LC) - 1);
    ts->rate = (uint8_t)((config.bytes[0] & 7) << 1 | config.bytes[1] >> 7);
    ts->channels = config.bytes[1] >> 3 & 0xf;
    return ts->rate < RATES && ts->channels > 0 && ts->channels < 8 ? 0 : -EINVAL;
}

static int take_sets(struct ts *ts, const struct sl_mux_tracks *tracks)
{
    const uint8_t *at = tracks->configs[SL_VIDEO];
    struct sl_nal nal;

    while (at &&
           sl_annexb_next(&at, tracks->configs[SL_VIDEO] + tracks->config_lens[SL_VIDEO], &nal)) {
        if (sl_nal_type(&nal) == SL_NAL_SPS || sl_nal_type(&nal) == SL_NAL_PPS) {
            sl_buffer_u32(&ts->config, 1);
            sl_buffer_append(&ts->config, nal.data, nal.len);
        }
    }
    return ts->config.ok ? 0 : -EINVAL;
}

static int create(const struct sl_muxer_config *config, struct sl_buffer *head, void **out)
{
    struct ts *ts = sl_new(struct ts);
    int err = 0;

    (void)head; /* every piece has all */
    sl_buffer_init(&ts->out.packets, config->piece_max);
    sl_buffer_init(&ts->config, SL_PARAMETER_SETS_LEN_MAX);
    sl_buffer_init(&ts->unit, config->piece_max);
    sl_buffer_init(&ts->sound, SOUND_GROUP_MAX + ADTS_FRAME_MAX);
    ts->tables_every_us = config->tables_us;
    for (int kind = SL_AUDIO; kind <= SL_VIDEO; kind++)
        ts->has[kind] = config->tracks.codecs[kind] != SL_CODEC_NONE;
    if (ts->has[SL_AUDIO])
        err = take_aac_config(ts, &config->tracks);
    if (err == 0 && ts->has[SL_VIDEO])
        err = take_sets(ts, &config->tracks);
    if (err < 0) {
        destroy(ts);
        return err;
    }
    *out = ts;
    return 0;
}

/* ---- Packets ---- */

static int64_t clock_of(int64_t dts_us)
{
    return sl_mux_ticks(dts_us + BEGIN_US - CLOCK_LEAD_US, SL_TS_HZ);
}

static int64_t stamp_of(int64_t us)
{
    return sl_mux_ticks(us + BEGIN_US, SL_TS_HZ);
}

static void write_tables(struct ts *ts, int64_t dts_us, bool keyframe)
{
    bool is_first = ts->out.packets.len == 0;
    bool is_due =
        ts->tables_every_us > 0 && (keyframe || dts_us - ts->tables_us >= ts->tables_every_us);

    if (!is_first && !is_due)
        return;
    sl_ts_write_tables(&ts->out, ts->has[SL_VIDEO], ts->has[SL_AUDIO]);
    ts->tables_us = dts_us;
}

/* Pictures that come seldom leave the clock untold: then a packet with nothing else tells it. */
static void write_clock(struct ts *ts, int64_t dts_us)
{
    if (!ts->has[SL_VIDEO] || (ts->clock_told && dts_us - ts->clock_us < CLOCK_GAP_US))
        return;
    write_tables(ts, dts_us, false);
    sl_ts_write_clock(&ts->out, SL_TS_VIDEO_PID, clock_of(dts_us));
    ts->clock_told = true;
    ts->clock_us = dts_us;
}

static void write_sound(struct ts *ts)
{
    struct sl_ts_pes pes = {
        .pid = SL_TS_AUDIO_PID,
        .stream_id = SL_TS_AUDIO_STREAM,
        .pts = stamp_of(ts->sound_us),
        .dts = stamp_of(ts->sound_us),
        .pcr = ts->has[SL_VIDEO] ? SL_TS_NO_PCR : clock_of(ts->sound_us),
        .keyframe = !ts->has[SL_VIDEO],
        .data = ts->sound.data,
        .len = ts->sound.len,
    };

    if (ts->sound.len == 0)
        return;
    write_tables(ts, ts->sound_us, false);
    sl_ts_write_pes(&ts->out, &pes);
    sl_buffer_clear(&ts->sound);
}

/* ---- Frames ---- */

static void append_adts(struct ts *ts, const struct sl_mux_sample *sample)
{
    uint32_t len = (uint32_t)(ADTS_LEN + sample->len);

    sl_buffer_u16(&ts->sound, 0xfff1); /* syncword, MPEG-4, no CRC */
    sl_buffer_u8(&ts->sound, (uint8_t)(ts->profile << 6 | ts->rate << 2 | ts->channels >> 2));
    sl_buffer_u8(&ts->sound, (uint8_t)(ts->channels << 6 | len >> 11));
    sl_buffer_u8(&ts->sound, (uint8_t)(len >> 3));
    sl_buffer_u8(&ts->sound, (uint8_t)(len << 5 | 0x1f)); /* a buffer's fullness of 11 ones: */
    sl_buffer_u8(&ts->sound, 0xfc);                       /* the bit rate varies */
    sl_buffer_append(&ts->sound, sample->data, sample->len);
}

static int add_sound(struct ts *ts, const struct sl_mux_sample *sample)
{
    if (sample->len > ADTS_FRAME_MAX - ADTS_LEN)
        return -EINVAL;
    if (ts->sound.len > 0 && (ts->sound.len + sample->len > SOUND_GROUP_MAX ||
                              sample->pts_us - ts->sound_us >= SOUND_GROUP_US))
        write_sound(ts);
    write_clock(ts, sample->pts_us);
    if (ts->sound.len == 0)
        ts->sound_us = sample->pts_us;
    append_adts(ts, sample);
    return 0;
}

static bool has_sets(const uint8_t *au, size_t len)
{
    const uint8_t *at = au;
    struct sl_nal nal;

    while (sl_annexb_next(&at, au + len, &nal)) {
        if (sl_nal_type(&nal) == SL_NAL_SPS)
            return true;
    }
    return false;
}

/* A delimiter first, parameter sets in front of key frames. */
static bool make_unit(struct ts *ts, const struct sl_mux_sample *sample)
{
    static const uint8_t delimiter[] = {0, 0, 0, 1, SL_NAL_AUD, 0xf0};
    const uint8_t *at = sample->data;
    struct sl_nal nal;
    bool any = false;

    sl_buffer_clear(&ts->unit);
    sl_buffer_append(&ts->unit, delimiter, sizeof(delimiter));
    if (sample->keyframe && !has_sets(sample->data, sample->len))
        sl_buffer_append(&ts->unit, ts->config.data, ts->config.len);
    while (sl_annexb_next(&at, sample->data + sample->len, &nal)) {
        if (sl_nal_type(&nal) == SL_NAL_AUD)
            continue;
        sl_buffer_u32(&ts->unit, 1);
        sl_buffer_append(&ts->unit, nal.data, nal.len);
        any = true;
    }
    return any;
}

static int add_picture(struct ts *ts, const struct sl_mux_sample *sample)
{
    if (!make_unit(ts, sample))
        return -EINVAL;
    if (!ts->unit.ok)
        return -ENOMEM;
    /* Sound that is heard before this is in front of it. */
    if (ts->sound.len > 0 && sample->dts_us - ts->sound_us >= SOUND_GROUP_US)
        write_sound(ts);
    write_tables(ts, sample->dts_us, sample->keyframe);
    sl_ts_write_pes(&ts->out, &(struct sl_ts_pes){
                                  .pid = SL_TS_VIDEO_PID,
                                  .stream_id = SL_TS_VIDEO_STREAM,
                                  .pts = stamp_of(sample->pts_us),
                                  .dts = stamp_of(sample->dts_us),
                                  .pcr = clock_of(sample->dts_us),
                                  .keyframe = sample->keyframe,
                                  .data = ts->unit.data,
                                  .len = ts->unit.len,
                              });
    ts->clock_told = true;
    ts->clock_us = sample->dts_us;
    return 0;
}

static int add(void *writer, const struct sl_mux_sample *sample)
{
    struct ts *ts = writer;
    struct sl_ts before = ts->out;
    size_t left = ts->out.packets.limit - ts->out.packets.len;

    /* Each packet has 184 bytes of a frame, or less of its last. */
    if (sample->len + ts->config.len + ts->sound.len > left / 2 || left / 2 < ROOM_LEN)
        return -ENOBUFS;
    int err = sample->kind == SL_AUDIO ? add_sound(ts, sample) : add_picture(ts, sample);
    if (err == 0 && ts->out.packets.ok)
        return 0;
    before.packets.data = ts->out.packets.data;
    before.packets.capacity = ts->out.packets.capacity;
    ts->out = before;
    return err < 0 ? err : -ENOMEM;
}

static void cut_segment(void *writer, const struct sl_mux_cut *cut, struct sl_buffer *out)
{
    struct ts *ts = writer;

    (void)cut;
    write_sound(ts);
    if (ts->out.packets.ok)
        sl_buffer_append(out, ts->out.packets.data, ts->out.packets.len);
    else
        out->ok = false;
    sl_buffer_clear(&ts->out.packets);
    ts->clock_told = false;
}

const struct sl_mux_writer_ops sl_ts_writer = {create, destroy, add, cut_segment, NULL};
