/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Frames that a source brings: the very same ones go to the sinks of frames, and packets are cut of
 * them while there is a sink of packets. All on the track's home worker.
 */
#include "stream/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <assert.h>
#include <string.h>

enum { G711_LEN_MAX = SL_RTP_PAYLOAD_DEFAULT };

/* ---- Packets ---- */

struct cut {
    struct intake *intake;
    const struct sl_frame *frame;
    int64_t now_us;
    uint32_t timestamp;
};

static void on_payload(void *arg, const uint8_t *payload, size_t len, bool marker)
{
    struct cut *cut = arg;
    struct sl_track *track = cut->intake->track;
    struct sl_rtp_packet *packet = sl_rtp_packet_create(track->home);
    int64_t seq = cut->intake->seq++; /* also of one that is lost here: sinks see the gap */
    struct sl_payload_info info = {0};

    if (!packet)
        return;
    /* What is broken in it is the source's; then the packet is no start of anything. */
    (void)sl_payload_inspect(cut->frame->codec, payload, len, &info);
    packet->seq = seq;
    packet->arrival_us = cut->now_us;
    packet->timestamp = cut->timestamp;
    packet->codec = cut->frame->codec;
    packet->marker = marker;
    packet->keyframe_start = info.keyframe_start;
    packet->payload_len = (uint16_t)len;
    memcpy(packet->payload, payload, len);
    sl_track_add(track, packet);
}

static void warn_once(struct intake *intake, const struct sl_frame *frame)
{
    struct sl_log_scope scope;

    if (intake->warned)
        return;
    intake->warned = true;
    sl_log_scope_init(&scope, NULL, "stream", sl_stream_name(intake->track->stream));
    sl_log(SL_LOG_WARN, &scope,
           "stream: a frame of %zu bytes of %s fits no packet; players go without such frames",
           frame->len, sl_codec_name(frame->codec));
}

/* An octet is a tick: long frames go in pieces, each with its own time. */
static void cut_g711(struct cut *cut)
{
    const struct sl_frame *frame = cut->frame;

    for (size_t at = 0; at < frame->len; at += G711_LEN_MAX) {
        size_t left = frame->len - at;
        on_payload(cut, frame->data + at, left < G711_LEN_MAX ? left : G711_LEN_MAX, false);
        cut->timestamp += G711_LEN_MAX;
    }
}

static void cut_frame(struct cut *cut)
{
    struct intake *intake = cut->intake;
    const struct sl_frame *frame = cut->frame;

    switch (frame->codec) {
    case SL_CODEC_H264:
        sl_packetize_h264(frame->data, frame->len, SL_RTP_PAYLOAD_DEFAULT,
                          intake->track->config.single_nal, on_payload, cut);
        return;
    case SL_CODEC_VP8:
        sl_packetize_vp8(frame->data, frame->len, intake->picture_id++, SL_RTP_PAYLOAD_DEFAULT,
                         on_payload, cut);
        return;
    case SL_CODEC_PCMA:
    case SL_CODEC_PCMU:
    case SL_CODEC_G722:
        cut_g711(cut);
        return;
    case SL_CODEC_AAC:
        if (sl_packetize_aac(frame->data, frame->len, SL_RTP_PAYLOAD_DEFAULT, on_payload, cut) < 0)
            warn_once(intake, frame);
        return;
    case SL_CODEC_OPUS:
        if (frame->len > SL_RTP_PAYLOAD_MAX)
            warn_once(intake, frame);
        else
            on_payload(cut, frame->data, frame->len, false);
        return;
    case SL_CODEC_NONE:
    case SL_CODEC_L16:
    case SL_CODEC_TELEPHONE_EVENT:
    case SL_CODEC_VP9:
    case SL_CODEC_AV1:
    case SL_CODEC_MPEG1:
        warn_once(intake, frame);
        return;
    }
}

static bool has_packet_sinks(const struct sl_track *track)
{
    for (size_t i = 0; i < track->active_count; i++) {
        if (atomic_load_explicit(&track->active[i]->packet_sinks, memory_order_relaxed) > 0)
            return true;
    }
    return false;
}

/* Packets begin with a key frame: what came before it was not cut. */
static void offer_packets(struct intake *intake, const struct sl_frame *frame)
{
    struct sl_track *track = intake->track;

    if (!has_packet_sinks(track)) {
        intake->cutting = false;
        return;
    }
    if (!intake->cutting && !frame->keyframe) {
        sl_track_want_keyframe_soon(track);
        return;
    }
    intake->cutting = true;
    struct cut cut = {intake, frame, sl_now_us(), track->clock.rtp_timestamp};
    cut_frame(&cut);
}

/* ---- Frames ---- */

/* The RTP time of a local time: to the nearest tick, so that times which were ticks once are the
 * same again. */
static uint32_t ticks_of(int64_t local_us, uint32_t clock_hz)
{
    int64_t s = local_us / SL_US_PER_S, us = local_us % SL_US_PER_S;

    return (uint32_t)(s * clock_hz + (us * clock_hz + SL_US_PER_S / 2) / SL_US_PER_S);
}

/* What its source need not know. */
static void complete(struct intake *intake, struct sl_frame *frame)
{
    struct sl_track *track = intake->track;

    if (track->kind == SL_AUDIO)
        frame->keyframe = true;
    if (frame->dts_us <= intake->last_dts_us)
        frame->dts_us = intake->last_dts_us + 1;
    if (frame->pts_us < frame->dts_us)
        frame->pts_us = frame->dts_us;
    intake->last_dts_us = frame->dts_us;
    if (frame->codec == SL_CODEC_H264 && !frame->config) {
        if (frame->keyframe)
            sl_codec_config_note(&intake->codec_config, frame->data, frame->len);
        frame->config = sl_codec_config_ref(intake->codec_config);
    }
    track->clock = (struct sl_track_clock){
        .valid = true,
        .ntp = sl_track_ntp(track, frame->pts_us),
        .rtp_timestamp = ticks_of(frame->pts_us, sl_track_clock_hz(track, frame->codec)),
        .local_us = frame->pts_us,
    };
}

/* False for what nobody can use: what a lost picture is missing in. */
static bool is_usable(struct intake *intake, const struct sl_frame *frame)
{
    struct sl_track *track = intake->track;

    if (frame->len == 0 || frame->len > FRAME_LEN_MAX) {
        intake->lost |= track->kind == SL_VIDEO && frame->len > 0;
        return false;
    }
    if (frame->keyframe)
        intake->lost = false;
    if (intake->lost)
        sl_track_want_keyframe_soon(track);
    return !intake->lost;
}

void sl_track_input_frame(struct sl_track *track, struct sl_frame *frame)
{
    struct intake *intake = track->intake;

    SL_ASSERT_ON(track->home->loop);
    assert(track->config.frames && sl_codec_kind(frame->codec) == track->kind);
    if (track->ended || !is_usable(intake, frame)) {
        sl_frame_unref(frame);
        return;
    }
    if (frame->codec == SL_CODEC_H264 && frame->pts_us > frame->dts_us)
        sl_track_set_reordered(track);
    complete(intake, frame);
    if (frame->keyframe)
        sl_track_note_codec(track, frame->codec);
    offer_packets(intake, frame);
    if (frame->keyframe)
        track->keyframe_us = sl_now_us();
    sl_intake_add(intake, frame);
}
