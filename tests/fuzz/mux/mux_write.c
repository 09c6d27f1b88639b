/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any frames at any times, in any container: boxes, clusters and packets add up, and the repair
 * finds all the pieces of a file, finished or not. */
#include "mux/mux.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static const uint8_t sets[] = "\0\0\0\1\x67\x42\xc0\x1f\xda\x01\x40\x16\xe8"
                              "\0\0\0\1\x68\xce\x3c\x80";
enum { PIECE_MAX = 20000, FILE_LEN_MAX = 8 << 20 };

struct run {
    struct sl_muxer *muxer;
    enum sl_container container;
    struct sl_buffer file;
    size_t pieces;
    int64_t times_us[2];
};

static void read_tracks(struct sl_reader *r, struct sl_mux_tracks *out)
{
    static const enum sl_codec videos[] = {SL_CODEC_NONE, SL_CODEC_H264, SL_CODEC_VP8,
                                           SL_CODEC_VP9,  SL_CODEC_AV1,  SL_CODEC_H264};
    static const enum sl_codec sounds[] = {SL_CODEC_NONE, SL_CODEC_AAC, SL_CODEC_OPUS,
                                           SL_CODEC_PCMA};
    uint8_t flags = sl_read_u8(r);

    out->codecs[SL_VIDEO] = videos[sl_read_u8(r) % 6];
    out->codecs[SL_AUDIO] = sounds[sl_read_u8(r) % 4];
    out->width = sl_read_u16(r);
    out->height = sl_read_u16(r);
    out->rotation = sl_read_u8(r) * 90;
    out->delay_us = (int64_t)sl_read_u16(r) * 100;
    out->rate_hz = flags & 1 ? (int)sl_read_u24(r) : 48000;
    out->channels = flags & 2 ? sl_read_u8(r) : 1;
    out->configs[SL_VIDEO] = sets;
    out->config_lens[SL_VIDEO] = sizeof(sets) - 1;
    for (int kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        if (!(flags & 4 << kind))
            continue;
        size_t len = sl_read_u8(r);
        out->configs[kind] = sl_reader_take(r, len);
        out->config_lens[kind] = out->configs[kind] ? len : 0;
    }
}

static void cut(struct run *run, int64_t next_us)
{
    struct sl_mux_piece piece;
    size_t before = run->file.len;

    if (sl_muxer_cut(run->muxer, next_us, &run->file, &piece) < 0)
        return;
    check(piece.end_us > piece.begin_us && piece.pictures + piece.sounds > 0);
    check(run->file.len > before && sl_muxer_len(run->muxer) == run->file.len);
    run->pieces++;
}

static void add(struct run *run, struct sl_reader *r)
{
    uint8_t flags = sl_read_u8(r);
    struct sl_mux_sample sample = {.kind = flags & 1, .keyframe = flags & 2};
    int64_t step_us = (int32_t)sl_read_u32(r);

    if (flags & 4) /* far away */
        step_us *= 1000000;
    sample.dts_us = run->times_us[sample.kind] + step_us;
    sample.pts_us = sample.dts_us + (int16_t)sl_read_u16(r) * (int64_t)1000;
    sample.len = flags & 8 ? sl_read_u16(r) : sl_read_u8(r);
    sample.data = sl_reader_take(r, sample.len);
    if (!sample.data)
        return;
    int err = sl_muxer_add(run->muxer, &sample);
    if (err == 0)
        run->times_us[sample.kind] = sample.dts_us;
}

/* ---- What holds of a file ---- */

static void check_boxes(const struct sl_buffer *file)
{
    struct sl_reader r = sl_reader_of(file->data, file->len);

    while (sl_reader_left(&r) > 0) {
        uint32_t len = sl_read_u32(&r);
        check(len >= 8 && sl_reader_take(&r, len - 4) != NULL);
    }
}

static void check_packets(const struct sl_buffer *file)
{
    check(file->len % 188 == 0);
    for (size_t at = 0; at < file->len; at += 188) {
        const uint8_t *p = file->data + at;
        bool has_adaptation = p[3] & 0x20, has_payload = p[3] & 0x10;
        check(p[0] == 0x47 && (has_adaptation || has_payload));
        check(!has_adaptation || (has_payload ? p[4] < 183 : p[4] == 183));
    }
}

static int read_bytes(void *owner, uint64_t offset, uint8_t *out, size_t len)
{
    const struct sl_buffer *file = owner;

    check(offset <= file->len && len <= file->len - offset);
    memcpy(out, file->data + offset, len);
    return (int)len;
}

static void check_repair(struct run *run)
{
    const struct sl_mux_source source = {run->file.len, read_bytes, &run->file};
    struct sl_mux_repair repair;

    if (run->pieces == 0)
        return;
    check(sl_mux_repair(run->container, &source, &repair) == 0);
    check(repair.len == sl_muxer_len(run->muxer));
    if (run->container != SL_MPEGTS)
        check(repair.pieces == run->pieces);
    sl_mux_repair_deinit(&repair);
}

static void check_file(struct run *run)
{
    if (run->container == SL_MP4)
        check_boxes(&run->file);
    if (run->container == SL_MPEGTS)
        check_packets(&run->file);
    check_repair(run);
}

static void finish(struct run *run)
{
    struct sl_buffer head;

    sl_buffer_init(&head, SL_MUX_HEAD_MAX);
    check(sl_muxer_finish(run->muxer, &head, &run->file) == 0);
    check(head.len <= run->file.len);
    if (head.len > 0)
        memcpy(run->file.data, head.data, head.len);
    sl_buffer_deinit(&head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_reader r = sl_reader_of(data, len);
    struct sl_muxer_config config = {.piece_max = PIECE_MAX};
    struct run run = {.container = sl_read_u8(&r) % (SL_MPEGTS + 1)};

    config.container = run.container;
    config.tables_us = sl_read_u8(&r) * (int64_t)10000;
    read_tracks(&r, &config.tracks);
    sl_buffer_init(&run.file, FILE_LEN_MAX);
    if (sl_muxer_create(&config, &run.file, &run.muxer) == 0) {
        while (r.ok && sl_reader_left(&r) > 0 && run.file.len < FILE_LEN_MAX / 2) {
            if (sl_read_u8(&r) % 8 == 0)
                cut(&run, run.times_us[SL_VIDEO] + (int32_t)sl_read_u32(&r));
            else
                add(&run, &r);
        }
        cut(&run, SL_MUX_LAST);
        check_file(&run);
        finish(&run);
        check_file(&run);
        sl_muxer_destroy(run.muxer);
    }
    sl_buffer_deinit(&run.file);
    return 0;
}
