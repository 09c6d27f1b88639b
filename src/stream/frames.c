/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames for those sinks that mux or transcode: one assembler per fanout while it has such sinks,
 * and RTP time put on the stream's common clock. */
#include "stream/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <string.h>

enum {
    FRAME_PACKETS_MAX = 512,
    FRAME_LEN_MAX = 4 << 20,
    FRAME_WAIT_US = 500 * SL_US_PER_MS, /* a retransmission over a slow path still counts */
};

struct frames {
    struct fanout *fanout;
    struct sl_assembler *assembler;
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
    const struct sl_track_clock *clock = &frames->fanout->clock;
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
    struct sl_sink *sink;
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
    sl_list_foreach(sink, &frames->fanout->frame_sinks, struct sl_sink, link)
        sink->ops->on_frame(sink->owner, frame);
    sl_frame_unref(frame);
}

static void on_loss(void *owner)
{
    struct frames *frames = owner;
    struct sl_sink *any = sl_list_first(&frames->fanout->frame_sinks, struct sl_sink, link);

    if (any && frames->fanout->track->kind == SL_VIDEO)
        sl_sink_request_keyframe(any);
}

static bool start_assembler(struct frames *frames, enum sl_codec codec)
{
    struct sl_assembler_config config = {
        .codec = codec,
        .max_packets = FRAME_PACKETS_MAX,
        .max_frame_len = FRAME_LEN_MAX,
        .max_wait_us = FRAME_WAIT_US,
        .on_frame = on_frame,
        .on_loss = on_loss,
        .owner = frames,
    };

    frames->assembler = sl_assembler_create(&config);
    frames->codec = codec;
    frames->clock_hz = sl_codec_clock_hz(codec);
    return frames->assembler != NULL;
}

struct frames *frames_create(struct fanout *fanout)
{
    struct frames *frames = sl_new(struct frames);

    frames->fanout = fanout;
    if (!start_assembler(frames, fanout->track->config.codecs[0].codec)) {
        sl_log(SL_LOG_WARN, NULL, "stream: no frames can be made of %s; the sink gets none",
               sl_codec_name(fanout->track->config.codecs[0].codec));
        free(frames);
        return NULL;
    }
    return frames;
}

void frames_destroy(struct frames *frames)
{
    if (!frames)
        return;
    sl_assembler_destroy(frames->assembler);
    sl_codec_config_unref(frames->codec_config);
    free(frames);
}

void frames_input(struct frames *frames, const struct sl_rtp_packet *packet)
{
    if (packet->codec != frames->codec)
        return; /* the source changed its codec; sinks of frames were set up for the first one */
    if (!frames->has_origin) {
        frames->has_origin = true;
        frames->origin_timestamp = packet->timestamp;
        frames->origin_us = packet->arrival_us;
    }
    sl_assembler_input(frames->assembler, packet->seq, packet->timestamp, packet->marker,
                       packet->payload, packet->payload_len, packet->arrival_us);
}

void frames_tick(struct frames *frames, int64_t now_us)
{
    sl_assembler_tick(frames->assembler, now_us);
}
