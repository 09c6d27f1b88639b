/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A pair of frame sinks that records pictures of H264 and sound of opus into a Matroska file (RFC
 * 9559): what a protocol that takes media needs to know of the core, and no more. Frames are kept
 * while they come and written at the end.
 */
#ifndef SL_TEST_DEMO_RECORDER_H
#define SL_TEST_DEMO_RECORDER_H

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "media/media.h"
#include "stream/stream.h"

#include <stdio.h>

enum { RECORDER_FRAMES = 2048, RECORDER_FILE = 16 << 20 };

struct recorder {
    struct sl_sink *sinks[2]; /* by enum sl_media_kind */
    struct sl_codec_config *config;
    _Atomic size_t counts[2];
    _Atomic int ended;
    size_t count;
    struct sl_frame *frames[RECORDER_FRAMES];
};

static inline void recorder_on_codec(void *owner, enum sl_codec codec,
                                     struct sl_codec_config *config)
{
    struct recorder *recorder = owner;

    if (codec == SL_CODEC_H264 && !recorder->config)
        recorder->config = sl_codec_config_ref(config);
}

static inline void recorder_on_frame(void *owner, struct sl_frame *frame)
{
    struct recorder *recorder = owner;

    if (recorder->count == RECORDER_FRAMES)
        return;
    recorder->frames[recorder->count++] = sl_frame_ref(frame);
    atomic_fetch_add(&recorder->counts[sl_codec_kind(frame->codec)], 1);
}

static inline void recorder_on_end(void *owner, int reason)
{
    atomic_store(&((struct recorder *)owner)->ended, reason);
}

static const struct sl_sink_ops recorder_ops = {
    .protocol = "recorder",
    .on_codec = recorder_on_codec,
    .on_frame = recorder_on_frame,
    .on_end = recorder_on_end,
};

/* ---- EBML ---- */

/* Where an element's length belongs, eight bytes that end_element() fills. */
static inline uint8_t *begin_element(struct sl_writer *w, uint32_t id)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        if (id >> shift)
            sl_write_u8(w, (uint8_t)(id >> shift));
    }
    uint8_t *length = w->at;
    sl_write_u32(w, 0x01000000);
    sl_write_u32(w, 0);
    return length;
}

static inline void end_element(struct sl_writer *w, uint8_t *length)
{
    sl_store_u32(length + 4, (uint32_t)(w->at - length - 8));
}

static inline void write_element(struct sl_writer *w, uint32_t id, const void *bytes, size_t len)
{
    uint8_t *length = begin_element(w, id);

    sl_write_bytes(w, bytes, len);
    end_element(w, length);
}

static inline void write_text(struct sl_writer *w, uint32_t id, const char *text)
{
    write_element(w, id, text, strlen(text));
}

static inline void write_number(struct sl_writer *w, uint32_t id, uint32_t value)
{
    uint8_t *length = begin_element(w, id);

    sl_write_u32(w, value);
    end_element(w, length);
}

/* AVCDecoderConfigurationRecord (ISO 14496-15 section 5.3.3.1), of one SPS and one PPS. */
static inline void write_avc_config(struct sl_writer *w, const struct sl_codec_config *config)
{
    const uint8_t *at = config->data, *end = at + config->len;
    uint8_t *length = begin_element(w, 0x63a2);
    struct sl_nal nal;

    while (sl_annexb_next(&at, end, &nal)) {
        bool sps = sl_nal_type(&nal) == SL_NAL_SPS;
        if (sps) {
            sl_write_u8(w, 1);
            sl_write_bytes(w, nal.data + 1, 3); /* profile, compatibility, level */
            sl_write_u8(w, 0xff);               /* lengths of four bytes */
        }
        sl_write_u8(w, sps ? 0xe1 : 1);
        sl_write_u16(w, (uint16_t)nal.len);
        sl_write_bytes(w, nal.data, nal.len);
    }
    end_element(w, length);
}

static inline void write_track(struct sl_writer *w, uint32_t type, const char *codec,
                               const struct sl_codec_config *config)
{
    static const char opus_head[19] = "OpusHead\1\2\x38\1\x80\xbb"; /* two channels, 48 kHz */
    uint8_t *entry = begin_element(w, 0xae);

    write_number(w, 0xd7, type); /* number, id and type: 1 is video, 2 is audio */
    write_number(w, 0x73c5, type);
    write_number(w, 0x83, type);
    write_text(w, 0x86, codec);
    uint8_t *media = begin_element(w, config ? 0xe0 : 0xe1);
    if (config) {
        write_number(w, 0xb0, config->width);
        write_number(w, 0xba, config->height);
    } else {
        write_element(w, 0xb5, "\x47\x3b\x80\0", 4); /* 48000.0 */
        write_number(w, 0x9f, 2);
    }
    end_element(w, media);
    if (config)
        write_avc_config(w, config);
    else
        write_element(w, 0x63a2, opus_head, sizeof(opus_head));
    end_element(w, entry);
}

static inline void write_frame(struct sl_writer *w, const struct sl_frame *frame, int64_t begin_us)
{
    bool video = frame->codec == SL_CODEC_H264;
    const uint8_t *at = frame->data, *end = at + frame->len;
    uint8_t *block = begin_element(w, 0xa3);
    struct sl_nal nal;

    sl_write_u8(w, 0x80 | (video ? 1 : 2));
    sl_write_u16(w, (uint16_t)((frame->pts_us - begin_us) / SL_US_PER_MS));
    sl_write_u8(w, frame->keyframe ? 0x80 : 0);
    if (!video)
        sl_write_bytes(w, frame->data, frame->len);
    while (video && sl_annexb_next(&at, end, &nal)) {
        sl_write_u32(w, (uint32_t)nal.len);
        sl_write_bytes(w, nal.data, nal.len);
    }
    end_element(w, block);
}

/* Once the sinks have stopped; frees what they have kept. -1: no file. */
static inline int recorder_write(struct recorder *recorder, FILE *file)
{
    uint8_t *bytes = sl_alloc(RECORDER_FILE);
    struct sl_writer writer = sl_writer_of(bytes, RECORDER_FILE), *w = &writer;
    int64_t begin_us = INT64_MAX;

    uint8_t *head = begin_element(w, 0x1a45dfa3);
    write_text(w, 0x4282, "matroska");
    end_element(w, head);
    uint8_t *segment = begin_element(w, 0x18538067);
    uint8_t *tracks = begin_element(w, 0x1654ae6b);
    write_track(w, 1, "V_MPEG4/ISO/AVC", recorder->config);
    write_track(w, 2, "A_OPUS", NULL);
    end_element(w, tracks);
    uint8_t *cluster = begin_element(w, 0x1f43b675);
    for (size_t i = 0; i < recorder->count; i++)
        begin_us = recorder->frames[i]->pts_us < begin_us ? recorder->frames[i]->pts_us : begin_us;
    write_number(w, 0xe7, 0);
    for (size_t i = 0; i < recorder->count; i++) {
        write_frame(w, recorder->frames[i], begin_us);
        sl_frame_unref(recorder->frames[i]);
    }
    end_element(w, cluster);
    end_element(w, segment);
    bool written = w->ok && fwrite(bytes, sl_writer_len(w), 1, file) == 1 && fflush(file) == 0;
    sl_codec_config_unref(recorder->config);
    free(bytes);
    return written ? 0 : -1;
}

#endif
