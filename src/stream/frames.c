/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets of a track into frames on the stream's common clock, for those who mux or transcode. The
 * source may go on in another codec; then so does this. */
#include "stream/internal.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>

enum {
    FRAME_PACKETS_MAX = 512,
    PICTURE_WAIT_US = 500 * SL_US_PER_MS, /* a retransmission over a slow path still counts */
    SOUND_WAIT_US = 100 * SL_US_PER_MS,   /* of sound nothing is sent again: it may be overtaken */
};

struct frames {
    struct frames_config config;
    struct sl_assembler *assembler; /* NULL: no packet yet, or of a codec it knows nothing of */
    enum sl_codec codec;
    uint32_t clock_hz;
    /* Of a source that gives its tracks no clock: RTP time of the first packet = its arrival. */
    bool has_origin;
    uint32_t origin_timestamp;
    int64_t origin_us;
    struct sl_codec_config *codec_config; /* of H264, once known */
    struct sl_reorder reorder;
    int64_t last_dts_us;
};

/* Both times of a frame, on the common clock. Decoding goes on in a track even where its stamps or
 * its clock go back. */
static void put_times(struct frames *frames, const struct sl_assembled_frame *assembled,
                      struct sl_frame *frame)
{
    const struct sl_track_clock *clock = frames->config.clock;
    int64_t base_us = clock->valid ? clock->local_us : frames->origin_us;
    uint32_t base_timestamp = clock->valid ? clock->rtp_timestamp : frames->origin_timestamp;
    int64_t ticks = (int32_t)(assembled->rtp_timestamp - base_timestamp), delay = 0;

    if (frame->codec == SL_CODEC_H264)
        delay = sl_reorder_delay(&frames->reorder, assembled->reorder, assembled->rtp_timestamp);
    frame->pts_us = base_us + ticks * SL_US_PER_S / frames->clock_hz;
    frame->dts_us = base_us + (ticks - delay) * SL_US_PER_S / frames->clock_hz;
    if (frame->dts_us <= frames->last_dts_us)
        frame->dts_us = frames->last_dts_us + 1;
    if (frame->pts_us < frame->dts_us)
        frame->pts_us = frame->dts_us;
    frames->last_dts_us = frame->dts_us;
}

static void on_frame(void *owner, const struct sl_assembled_frame *assembled)
{
    struct frames *frames = owner;
    struct sl_frame *frame = sl_frame_create(assembled->codec, assembled->len);

    if (!frame)
        return;
    frame->keyframe = assembled->keyframe;
    put_times(frames, assembled, frame);
    frame->width = assembled->width;
    frame->height = assembled->height;
    if (frame->codec == SL_CODEC_H264 && frame->keyframe)
        sl_codec_config_note(&frames->codec_config, assembled->data, assembled->len);
    frame->config = sl_codec_config_ref(frames->codec_config);
    memcpy(frame->data, assembled->data, assembled->len);
    frames->config.on_frame(frames->config.owner, frame);
    sl_frame_unref(frame);
}

static void on_loss(void *owner)
{
    struct frames *frames = owner;

    frames->config.on_loss(frames->config.owner);
}

static void on_left_out(void *owner)
{
    struct frames *frames = owner;

    frames->config.on_left_out(frames->config.owner);
}

static void change_codec(struct frames *frames, const struct sl_rtp_packet *first)
{
    struct sl_assembler_config config = {
        .codec = first->codec,
        .max_packets = FRAME_PACKETS_MAX,
        .max_frame_len = FRAME_LEN_MAX,
        .max_wait_us = sl_codec_kind(first->codec) == SL_AUDIO ? SOUND_WAIT_US : PICTURE_WAIT_US,
        .on_frame = on_frame,
        .on_loss = on_loss,
        .on_left_out = frames->config.on_left_out ? on_left_out : NULL,
        .owner = frames,
    };

    sl_assembler_destroy(frames->assembler);
    frames->assembler = sl_assembler_create(&config);
    frames->codec = first->codec;
    frames->clock_hz = sl_track_clock_hz(frames->config.track, first->codec);
    frames->has_origin = true;
    frames->origin_timestamp = first->timestamp;
    frames->origin_us = first->arrival_us;
    frames->reorder = (struct sl_reorder){0};
    sl_codec_config_unref(frames->codec_config);
    frames->codec_config = NULL;
}

struct frames *sl_frames_create(const struct frames_config *config)
{
    struct frames *frames = sl_new(struct frames);

    frames->config = *config;
    return frames;
}

void sl_frames_destroy(struct frames *frames)
{
    if (!frames)
        return;
    sl_assembler_destroy(frames->assembler);
    sl_codec_config_unref(frames->codec_config);
    free(frames);
}

int sl_frames_input(struct frames *frames, const struct sl_rtp_packet *packet)
{
    /* Digits stand between sound: nothing for a frame, but no gap either. */
    bool digits = packet->codec == SL_CODEC_TELEPHONE_EVENT;

    if (packet->codec != frames->codec && !digits)
        change_codec(frames, packet);
    if (!frames->assembler)
        return digits ? 0 : -ENOSYS;
    sl_assembler_input(frames->assembler, packet->seq, packet->timestamp, packet->marker,
                       packet->payload, digits ? 0 : packet->payload_len, packet->arrival_us);
    return 0;
}

void sl_frames_tick(struct frames *frames, int64_t now_us)
{
    if (frames->assembler)
        sl_assembler_tick(frames->assembler, now_us);
}
