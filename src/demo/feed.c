/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The demo on its worker: coded pictures and sound into packets, and wishes back to the job. */
#include "demo/internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "media/media.h"
#include "net/net.h"
#include "rtp/rtp.h"

#include <errno.h>
#include <string.h>

static const struct {
    enum sl_codec codec;
    int in_flight_max; /* a third of a second: more, and the worker is in trouble already */
} kinds[] = {
    [SL_AUDIO] = {SL_CODEC_OPUS, 16},
    [SL_VIDEO] = {SL_CODEC_H264, 8},
};

struct media {
    struct sl_msg msg;
    struct sl_demo *demo;
    enum sl_media_kind kind;
    uint32_t rtp_timestamp;
    struct sl_track_clock clock;
    size_t len;
    uint8_t data[];
};

/* ---- Worker ---- */

static void on_payload(void *arg, const uint8_t *payload, size_t len, bool marker)
{
    struct media *media = arg;
    struct sl_demo *demo = media->demo;
    struct sl_rtp_packet *packet = sl_rtp_packet_create(demo->worker);
    int64_t seq = demo->seq[media->kind]++; /* also of one that is lost here: sinks see the gap */
    struct sl_payload_info info = {0};

    if (!packet)
        return;
    /* Cannot fail for what our encoder made; then the packet is no start of anything. */
    (void)sl_payload_inspect(kinds[media->kind].codec, payload, len, &info);
    packet->seq = seq;
    packet->arrival_us = sl_now_us();
    packet->timestamp = media->rtp_timestamp;
    packet->codec = kinds[media->kind].codec;
    packet->marker = marker;
    packet->keyframe_start = info.keyframe_start;
    packet->payload_len = (uint16_t)len;
    memcpy(packet->payload, payload, len);
    sl_track_input(sl_stream_track(demo->stream, media->kind), packet);
}

static void on_media(struct sl_msg *msg)
{
    struct media *media = sl_container_of(msg, struct media, msg);
    struct sl_demo *demo = media->demo;

    atomic_fetch_sub(&demo->in_flight[media->kind], 1);
    sl_track_set_clock(sl_stream_track(demo->stream, media->kind), &media->clock);
    if (media->kind == SL_VIDEO)
        sl_packetize_h264(media->data, media->len, SL_RTP_PAYLOAD_DEFAULT, on_payload, media);
    else if (media->len <= SL_RTP_PAYLOAD_MAX)
        on_payload(media, media->data, media->len, false);
    free(media);
}

static void request_keyframe(void *owner, struct sl_track *track)
{
    struct sl_demo *demo = owner;

    if (sl_track_kind(track) == SL_VIDEO)
        atomic_store(&demo->keyframe_wanted, true);
}

static void on_sinks(void *owner, struct sl_track *track, size_t count)
{
    struct sl_demo *demo = owner;

    if (count > 0)
        request_keyframe(demo, track); /* the first watcher must not wait for the next one */
    atomic_store(&demo->watched[sl_track_kind(track)], count > 0);
    if (count > 0)
        (void)sem_post(&demo->wake); /* fails at INT_MAX only: awake is awake */
}

const struct sl_source_ops demo_source_ops = {
    .protocol = "demo",
    .request_keyframe = request_keyframe,
    .on_sinks = on_sinks,
};

/* ---- Job ---- */

bool feed_has_room(const struct sl_demo *demo, enum sl_media_kind kind)
{
    return atomic_load(&demo->in_flight[kind]) < kinds[kind].in_flight_max;
}

int feed_post(struct sl_demo *demo, enum sl_media_kind kind, uint32_t rtp_timestamp,
              const struct sl_track_clock *clock, const uint8_t *data, size_t len)
{
    struct media *media = malloc(sizeof(*media) + len);

    if (!media)
        return -ENOMEM;
    media->msg.run = on_media;
    media->demo = demo;
    media->kind = kind;
    media->rtp_timestamp = rtp_timestamp;
    media->clock = *clock;
    media->len = len;
    memcpy(media->data, data, len);
    atomic_fetch_add(&demo->in_flight[kind], 1);
    sl_loop_post(sl_worker_loop(demo->worker), &media->msg);
    return 0;
}
