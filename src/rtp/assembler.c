/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packets into frames: order first, then pictures.
 *
 * The packet that is next goes straight to its frame; one that comes early is copied and held. What
 * is held waits for the gap before it, until the gap's time is up or too much is held; then the gap
 * is skipped, the picture it tore is dropped, and pictures are held back until a key frame.
 */
#include "base/mem.h"
#include "rtp/depacketizer.h"
#include "rtp/rtp.h"

#include <errno.h>
#include <string.h>

enum {
    DEFAULT_MAX_PACKETS = 512,
    DEFAULT_MAX_FRAME_LEN = 4 << 20,
    DEFAULT_MAX_WAIT_US = 500000,
    FRAME_LEN_STEP = 16 << 10, /* first size of a frame's buffer, doubled from there */
};

struct packet {
    int64_t seq;
    uint32_t rtp_timestamp;
    bool marker;
    const uint8_t *payload;
    size_t len;
};

struct held_packet {
    struct packet packet;
    uint8_t *copy; /* of the payload; NULL: the place is empty */
    int64_t arrived_us;
};

struct sl_assembler {
    struct sl_assembler_config config;
    struct sl_depacketizer *depacketizer; /* NULL for audio */

    bool started;
    int64_t next_seq;         /* all before was delivered or given up */
    struct held_packet *held; /* max_packets places; packet n at n % max_packets */
    size_t held_count, held_bytes;
    int64_t gap_since_us; /* while held_count > 0: when the gap before them showed */

    bool need_keyframe;
    bool after_loss; /* the next packet follows a gap, or is the first of all */
    bool frame_open, frame_bad;
    bool frame_after_loss;
    uint32_t frame_timestamp;
    int64_t frame_first_seq;
};

/* ---- The frame's bytes ---- */

int sl_frame_buffer_append(struct sl_frame_buffer *buffer, const void *bytes, size_t len)
{
    if (len > buffer->max - buffer->len)
        return -ENOBUFS;
    if (len > buffer->capacity - buffer->len) {
        size_t capacity = buffer->capacity ? buffer->capacity : FRAME_LEN_STEP;
        while (capacity < buffer->len + len) /* below max: no overflow */
            capacity *= 2;
        uint8_t *data = realloc(buffer->data, capacity);
        if (!data)
            return -ENOBUFS;
        buffer->data = data;
        buffer->capacity = capacity;
    }
    if (bytes && len > 0)
        memcpy(buffer->data + buffer->len, bytes, len);
    buffer->len += len;
    return 0;
}

void sl_frame_buffer_deinit(struct sl_frame_buffer *buffer)
{
    free(buffer->data);
}

/* ---- Pictures ---- */

/* A key frame is needed; those who wait for one already asked. */
static void lose(struct sl_assembler *assembler)
{
    assembler->need_keyframe = true;
    if (assembler->config.on_loss)
        assembler->config.on_loss(assembler->config.owner);
}

static void open_frame(struct sl_assembler *assembler, const struct packet *packet)
{
    assembler->frame_open = true;
    assembler->frame_bad = false;
    assembler->frame_after_loss = assembler->after_loss;
    assembler->frame_timestamp = packet->rtp_timestamp;
    assembler->frame_first_seq = packet->seq;
    assembler->depacketizer->ops->begin(assembler->depacketizer, assembler->after_loss);
}

static void complete_frame(struct sl_assembler *assembler)
{
    struct sl_assembled_frame frame = {
        .codec = assembler->config.codec,
        .rtp_timestamp = assembler->frame_timestamp,
        .first_seq = assembler->frame_first_seq,
    };
    int found = -EBADMSG;

    assembler->frame_open = false;
    if (!assembler->frame_bad)
        found = assembler->depacketizer->ops->finish(assembler->depacketizer, &frame);
    if (found < 0) {
        /* The rest of a picture that a gap tore: that loss was told. */
        bool told = assembler->need_keyframe && assembler->frame_after_loss && found != -ENODATA;
        if (!told)
            lose(assembler);
    } else if (found > 0 && (frame.keyframe || !assembler->need_keyframe)) {
        assembler->need_keyframe = false;
        assembler->config.on_frame(assembler->config.owner, &frame);
    } else if (found > 0 && assembler->config.on_left_out) {
        assembler->config.on_left_out(assembler->config.owner);
    }
}

static void consume_video(struct sl_assembler *assembler, const struct packet *packet)
{
    if (assembler->frame_open && assembler->frame_timestamp != packet->rtp_timestamp)
        complete_frame(assembler); /* its marker is missing, but no packet is */
    if (!assembler->frame_open)
        open_frame(assembler, packet);
    if (!assembler->frame_bad)
        assembler->frame_bad = assembler->depacketizer->ops->input(
                                   assembler->depacketizer, packet->payload, packet->len) < 0;
    if (packet->marker)
        complete_frame(assembler);
}

static void consume_audio(struct sl_assembler *assembler, const struct packet *packet)
{
    struct sl_assembled_frame frame = {
        .codec = assembler->config.codec,
        .keyframe = true,
        .rtp_timestamp = packet->rtp_timestamp,
        .first_seq = packet->seq,
        .data = packet->payload,
        .len = packet->len,
    };

    assembler->config.on_frame(assembler->config.owner, &frame);
}

/* The packet is next in order. */
static void consume(struct sl_assembler *assembler, const struct packet *packet)
{
    assembler->next_seq = packet->seq + 1;
    /* Padding alone (a bandwidth probe) stands between pictures and has no part in them. */
    if (packet->len == 0)
        return;
    if (assembler->depacketizer)
        consume_video(assembler, packet);
    else
        consume_audio(assembler, packet);
    assembler->after_loss = false;
}

/* ---- Order ---- */

static struct held_packet *place_of(struct sl_assembler *assembler, int64_t seq)
{
    return &assembler->held[(uint64_t)seq % assembler->config.max_packets];
}

static bool is_held(struct sl_assembler *assembler, int64_t seq)
{
    const struct held_packet *place = place_of(assembler, seq);
    return place->copy && place->packet.seq == seq;
}

static void hold(struct sl_assembler *assembler, const struct packet *packet, int64_t now_us)
{
    struct held_packet *place = place_of(assembler, packet->seq);

    if (place->copy)
        return; /* a duplicate: nothing else can be in its place */
    place->copy = malloc(packet->len + 1);
    if (!place->copy)
        return; /* as if it were lost */
    if (packet->len > 0)
        memcpy(place->copy, packet->payload, packet->len);
    place->packet = *packet;
    place->packet.payload = place->copy;
    place->arrived_us = now_us;
    if (assembler->held_count == 0)
        assembler->gap_since_us = now_us;
    assembler->held_count++;
    assembler->held_bytes += packet->len;
}

static void release(struct sl_assembler *assembler, struct held_packet *place)
{
    assembler->held_count--;
    assembler->held_bytes -= place->packet.len;
    free(place->copy);
    place->copy = NULL;
}

static int64_t first_held(struct sl_assembler *assembler)
{
    int64_t seq = assembler->next_seq;

    while (!is_held(assembler, seq))
        seq++;
    return seq;
}

/* Delivers those held that are next. */
static void drain(struct sl_assembler *assembler)
{
    while (assembler->held_count > 0 && is_held(assembler, assembler->next_seq)) {
        struct held_packet *place = place_of(assembler, assembler->next_seq);
        consume(assembler, &place->packet);
        release(assembler, place);
    }
    if (assembler->held_count > 0) /* another gap, known since the packet after it came */
        assembler->gap_since_us = place_of(assembler, first_held(assembler))->arrived_us;
}

/* Gives up what is missing before seq. */
static void skip_to(struct sl_assembler *assembler, int64_t seq)
{
    assembler->next_seq = seq;
    assembler->frame_open = false;
    assembler->after_loss = true;
    if (assembler->depacketizer)
        lose(assembler);
}

static void skip_gap(struct sl_assembler *assembler)
{
    skip_to(assembler, first_held(assembler));
    drain(assembler);
}

/* Gives up gaps until a packet that comes early can be held. */
static void make_room(struct sl_assembler *assembler, int64_t seq, size_t len)
{
    const struct sl_assembler_config *config = &assembler->config;

    while (assembler->held_count > 0 &&
           (seq - assembler->next_seq >= (int64_t)config->max_packets ||
            len > config->max_frame_len - assembler->held_bytes))
        skip_gap(assembler);
    if (seq - assembler->next_seq >= (int64_t)config->max_packets)
        skip_to(assembler, seq);
}

void sl_assembler_input(struct sl_assembler *assembler, int64_t seq, uint32_t rtp_timestamp,
                        bool marker, const uint8_t *payload, size_t len, int64_t now_us)
{
    struct packet packet = {seq, rtp_timestamp, marker, payload, len};

    if (len > assembler->config.max_frame_len)
        return; /* whatever it belongs to is too long: as if it were lost */
    if (!assembler->started) {
        assembler->started = true;
        assembler->next_seq = seq;
    }
    if (seq > assembler->next_seq)
        make_room(assembler, seq, len);
    if (seq == assembler->next_seq) {
        consume(assembler, &packet);
        drain(assembler);
    } else if (seq > assembler->next_seq) {
        hold(assembler, &packet, now_us);
    }
    sl_assembler_tick(assembler, now_us);
}

void sl_assembler_tick(struct sl_assembler *assembler, int64_t now_us)
{
    while (assembler->held_count > 0 &&
           now_us - assembler->gap_since_us >= assembler->config.max_wait_us)
        skip_gap(assembler);
}

/* ---- Life ---- */

bool sl_assembler_takes(enum sl_codec codec)
{
    switch (codec) {
    case SL_CODEC_H264:
    case SL_CODEC_VP8:
    case SL_CODEC_OPUS:
    case SL_CODEC_PCMA:
    case SL_CODEC_PCMU:
    case SL_CODEC_G722:
        return true;
    case SL_CODEC_NONE:
    case SL_CODEC_AAC:
    case SL_CODEC_L16:
    case SL_CODEC_TELEPHONE_EVENT:
    case SL_CODEC_MPEG1:
    case SL_CODEC_VP9:
    case SL_CODEC_AV1:
        return false;
    }
    return false;
}

/* NULL for audio, which needs none. */
static struct sl_depacketizer *create_depacketizer(enum sl_codec codec, size_t max_frame_len)
{
    if (codec == SL_CODEC_H264)
        return sl_h264_depacketizer_create(max_frame_len);
    return codec == SL_CODEC_VP8 ? sl_vp8_depacketizer_create(max_frame_len) : NULL;
}

struct sl_assembler *sl_assembler_create(const struct sl_assembler_config *config)
{
    if (!sl_assembler_takes(config->codec))
        return NULL;
    struct sl_assembler *assembler = sl_new(struct sl_assembler);

    assembler->config = *config;
    if (config->max_packets == 0)
        assembler->config.max_packets = DEFAULT_MAX_PACKETS;
    if (config->max_frame_len == 0)
        assembler->config.max_frame_len = DEFAULT_MAX_FRAME_LEN;
    if (config->max_wait_us == 0)
        assembler->config.max_wait_us = DEFAULT_MAX_WAIT_US;
    assembler->depacketizer = create_depacketizer(config->codec, assembler->config.max_frame_len);
    assembler->held = sl_new_array(struct held_packet, assembler->config.max_packets);
    assembler->need_keyframe = true;
    assembler->after_loss = true;
    return assembler;
}

void sl_assembler_destroy(struct sl_assembler *assembler)
{
    if (!assembler)
        return;
    for (size_t i = 0; i < assembler->config.max_packets; i++)
        free(assembler->held[i].copy);
    free(assembler->held);
    if (assembler->depacketizer)
        assembler->depacketizer->ops->destroy(assembler->depacketizer);
    free(assembler);
}
