/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clip reading (libavformat) and RTP payloads: single NAL units and FU-A (RFC 6184), opus. */
#include "clip.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <libavformat/avformat.h>
#include <stdio.h>
#include <string.h>

enum {
    PAYLOAD_MAX = 1180, /* what Chromium's packetiser fills a packet with, about */
};

struct builder {
    struct clip *clip;
    size_t capacity;
    int64_t at_us, pace_us;
    int64_t picture_end_us; /* pacing stops there: the next picture comes soon */
    uint32_t timestamp;
    enum sl_media_kind kind;
};

static void add(struct builder *b, const uint8_t *head, size_t head_len, const uint8_t *body,
                size_t len, bool marker)
{
    struct clip *clip = b->clip;

    if (clip->count == b->capacity) {
        b->capacity = b->capacity ? b->capacity * 2 : 1024;
        struct clip_packet *packets = sl_new_array(struct clip_packet, b->capacity);
        if (clip->count > 0)
            memcpy(packets, clip->packets, clip->count * sizeof(*packets));
        free(clip->packets);
        clip->packets = packets;
    }
    struct clip_packet *packet = &clip->packets[clip->count++];
    *packet = (struct clip_packet){
        b->at_us,      b->kind, marker, b->timestamp, sl_alloc(head_len + len + CLIP_ROOM),
        head_len + len};
    memcpy(packet->payload, head, head_len);
    memcpy(packet->payload + head_len, body, len);
}

/* Between a packet of a picture and the next one. */
static int64_t gap_us(const struct builder *b)
{
    if (b->at_us >= b->picture_end_us)
        return 0;
    if (b->pace_us > CLIP_BURST_US)
        return b->pace_us;
    return b->pace_us / 2 + (int64_t)b->clip->count * 7 % (b->pace_us + 1);
}

static void add_nal(struct builder *b, const uint8_t *nal, size_t len, bool last)
{
    if (len <= PAYLOAD_MAX) {
        add(b, nal, 1, nal + 1, len - 1, last);
        return;
    }
    /* Parts of equal size as browsers make them, the shorter ones first, one octet apart: that is
     * what segmentation offload lives on. */
    size_t body = len - 1, parts = (body + PAYLOAD_MAX - 3) / (PAYLOAD_MAX - 2);
    for (size_t i = 0, at = 0; i < parts; i++) {
        size_t part = (body - at) / (parts - i);
        uint8_t fu[2] = {(uint8_t)((nal[0] & 0xe0) | 28), (uint8_t)(nal[0] & 0x1f)};
        if (i == 0)
            fu[1] |= 0x80;
        if (i == parts - 1)
            fu[1] |= 0x40;
        add(b, fu, 2, nal + 1 + at, part, last && i == parts - 1);
        at += part;
        b->at_us += gap_us(b);
    }
}

/* Matroska stores NAL units behind 4-byte lengths. */
static void add_picture(struct builder *b, const uint8_t *data, size_t len)
{
    struct sl_reader r = sl_reader_of(data, len);

    while (sl_reader_left(&r) > 4) {
        size_t nal_len = sl_read_u32(&r);
        const uint8_t *nal = sl_reader_take(&r, nal_len);
        if (!nal || nal_len == 0)
            return;
        if ((nal[0] & 0x1f) != 6) /* SEI: the encoder's advertisement */
            add_nal(b, nal, nal_len, sl_reader_left(&r) <= 4);
    }
}

static int by_time(const void *a, const void *b)
{
    int64_t x = ((const struct clip_packet *)a)->at_us, y = ((const struct clip_packet *)b)->at_us;

    return (x > y) - (x < y);
}

static struct clip *read_clip(AVFormatContext *format, int64_t pace_us)
{
    struct builder b = {.clip = sl_new(struct clip), .pace_us = pace_us};
    AVPacket *packet = av_packet_alloc();

    while (packet && av_read_frame(format, packet) >= 0) {
        const AVStream *stream = format->streams[packet->stream_index];
        b.kind = stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO ? SL_VIDEO : SL_AUDIO;
        int64_t at_us = av_rescale_q(packet->pts, stream->time_base, (AVRational){1, 1000000});
        b.at_us = at_us;
        b.picture_end_us = b.at_us + 25000;
        int64_t clock_hz = b.kind == SL_VIDEO ? 90000 : 48000;
        b.timestamp = (uint32_t)(at_us * clock_hz / 1000000);
        if (b.kind == SL_VIDEO)
            add_picture(&b, packet->data, (size_t)packet->size);
        else
            add(&b, packet->data, 1, packet->data + 1, (size_t)packet->size - 1, false);
        int64_t end_us = at_us + (b.kind == SL_VIDEO ? 33333 : 20000);
        if (end_us > b.clip->duration_us)
            b.clip->duration_us = end_us;
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    /* Stable enough: packets of one frame have equal times and glibc's qsort merges. */
    qsort(b.clip->packets, b.clip->count, sizeof(b.clip->packets[0]), by_time);
    return b.clip;
}

struct clip *clip_load(const char *file, int64_t pace_us)
{
    AVFormatContext *format = NULL;

    if (avformat_open_input(&format, file, NULL, NULL) < 0) {
        fprintf(stderr, "cannot read the clip %s\n", file);
        return NULL;
    }
    struct clip *clip = read_clip(format, pace_us);
    avformat_close_input(&format);
    if (clip->count == 0) {
        fprintf(stderr, "the clip %s is empty\n", file);
        clip_free(clip);
        return NULL;
    }
    return clip;
}

void clip_free(struct clip *clip)
{
    if (!clip)
        return;
    for (size_t i = 0; i < clip->count; i++)
        free(clip->packets[i].payload);
    free(clip->packets);
    free(clip);
}
