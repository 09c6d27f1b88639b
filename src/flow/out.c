/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tracks on their way out: what begins when, from one track to another, and the life of a flow. */
#include "flow/out.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/random.h"

#include <errno.h>
#include <string.h>

enum {
    BASE_SPREAD = 16384, /* the first index is far from the first rollover */
    FRESH_US = 200 * SL_US_PER_MS,
};

/* ---- Sending media ---- */

/* What is left out where an output of a flow from key frames begins, or goes on after there was no
 * way. All of it: what is asked for has not come. */
static size_t skip_to_beginning(struct output *output, struct sl_rtp_packet *const *packets,
                                size_t count)
{
    size_t i = 0;

    while (output->kind == SL_VIDEO && i < count && !packets[i]->keyframe_start)
        i++;
    if (i == count) {
        sl_sink_request_keyframe(output->current->sink);
        return count;
    }
    output->interrupted = false;
    if (output->started) {
        output->splice.base = output->end.index + 1;
        output->splice.first_seq = packets[i]->seq;
    }
    return i;
}

static void begin(struct output *output, const struct sl_rtp_packet *first)
{
    output->started = true;
    output->splice.first_seq = first->seq;
    output->end.index = output->splice.base - 1;
    if (output->flow->from_keyframe)
        sl_flow_out_report(output->flow, output->transport, sl_now_us());
}

static void send_packets(struct output *output, struct sl_rtp_packet *const *packets, size_t count)
{
    struct sl_flow_path path;
    size_t skipped = 0;

    if (output->paused) {
        output->interrupted = true;
        return;
    }
    if (!sl_flow_out_path(output, &path)) {
        output->interrupted = output->flow->from_keyframe;
        return;
    }
    if (output->interrupted)
        skipped = skip_to_beginning(output, packets, count);
    if (skipped == count)
        return;
    if (!output->started)
        begin(output, packets[skipped]);
    if (!output->shaper || !sl_flow_shaper_take(output->shaper, packets + skipped, count - skipped))
        sl_flow_out_send(output, &path, packets + skipped, count - skipped);
}

/* ---- From track to track ---- */

/* Local time of a packet, on its track's clock, which is valid. */
static int64_t local_us(const struct output *output, const struct feed *feed, uint32_t timestamp,
                        enum sl_codec codec)
{
    const struct sl_track_clock *clock = sl_sink_clock(feed->sink);
    int64_t ticks = (int32_t)(timestamp - clock->rtp_timestamp);

    return clock->local_us + ticks * SL_US_PER_S / output->clock_hz[codec];
}

static void splice_to(struct output *output, const struct sl_rtp_packet *packet)
{
    uint32_t before = output->end.timestamp - output->splice.timestamp_offset;
    int64_t end_us = output->end_arrival_us, begin_us = packet->arrival_us;
    int64_t clock_hz = output->clock_hz[packet->codec];
    struct sl_vp8_ids ids = {.picture_bits = 0};

    if (output->end_codec == SL_CODEC_NONE) {
        end_us = begin_us; /* of the track before this one, nothing was sent that has a time */
    } else if (sl_sink_clock(output->current->sink)->valid &&
               sl_sink_clock(output->next->sink)->valid) {
        end_us = local_us(output, output->current, before, output->end_codec);
        begin_us = local_us(output, output->next, packet->timestamp, packet->codec);
    }
    if (packet->codec == SL_CODEC_VP8)
        (void)sl_vp8_ids_read(packet->payload, packet->payload_len, &ids); /* else: none */
    sl_splice_move(&output->splice, &output->end, packet->seq, packet->timestamp, &ids,
                   (begin_us - end_us) * clock_hz / SL_US_PER_S);
    output->moved = true;
}

/* The next track's packets, from the first that can be decoded by itself. */
static void go_over(struct output *output, struct sl_rtp_packet *const *packets, size_t count)
{
    size_t i = 0;

    while (i < count && (output->payload_type[packets[i]->codec] == SL_NO_PAYLOAD_TYPE ||
                         (output->kind == SL_VIDEO && !packets[i]->keyframe_start)))
        i++;
    if (i == count)
        return;
    if (output->shaper) {
        sl_flow_shaper_reset(output->shaper);
        sl_flow_shaper_want(output->shaper, output->next->wanted_bps);
    }
    if (output->started) {
        splice_to(output, packets[i]);
        sl_count(output->flow->counters, SL_COUNTER_OUTPUTS_MOVED, 1);
    }
    sl_flow_out_flush(output);
    output->current->behind = output->left;
    output->left = output->current;
    output->current = output->next; /* behind is NULL: it was never left */
    output->next = NULL;
    send_packets(output, packets + i, count - i);
}

static void on_packets(void *owner, struct sl_rtp_packet *const *packets, size_t count)
{
    struct feed *feed = owner;
    struct output *output = feed->output;

    SL_ASSERT_ON(sl_worker_loop(output->flow->worker));
    if (feed == output->current)
        send_packets(output, packets, count);
    else if (feed == output->next)
        go_over(output, packets, count);
}

static void on_end(void *owner, int reason)
{
    struct feed *feed = owner;

    (void)reason; /* there is one only */
    feed->ended = true;
}

static void on_given_back(struct sl_msg *msg) /* on the control loop */
{
    struct feed *feed = sl_container_of(msg, struct feed, msg);

    sl_sink_destroy(feed->sink);
    feed->sink = NULL;
    if (feed != &feed->output->first)
        free(feed);
}

static void give_back(struct feed *feed)
{
    struct sl_loop *control = feed->output->flow->control;

    sl_sink_stop(feed->sink);
    feed->msg.run = on_given_back;
    sl_loop_post(control, &feed->msg);
}

void sl_flow_out_give_back(struct sl_flow_out *out)
{
    for (size_t i = 0; i < 2; i++) {
        struct output *output = &out->outputs[i];
        while (output->left) {
            struct feed *feed = output->left;
            output->left = feed->behind;
            give_back(feed);
        }
        if (output->next && output->next->ended) {
            give_back(output->next);
            output->next = NULL;
        }
    }
}

static void start(struct feed *feed)
{
    sl_sink_start(feed->sink);
    sl_sink_request_keyframe(feed->sink);
}

static void on_move(struct sl_msg *msg) /* on the worker */
{
    struct feed *feed = sl_container_of(msg, struct feed, msg);
    struct output *output = feed->output;

    if (output->next)
        give_back(output->next);
    output->next = feed;
    if (output->flow->started && !output->flow->stopped)
        start(feed);
}

static void create_sink(struct feed *feed, struct sl_track *track)
{
    const struct output *output = feed->output;
    struct sl_flow_out *out = output->flow;

    feed->sink = sl_sink_create(track, out->worker, &out->sink_ops, feed);
    if (output->nack || output->red_payload_type)
        sl_sink_keep_packets(feed->sink);
}

int sl_flow_out_move(struct sl_flow_out *out, enum sl_media_kind kind, struct sl_track *track)
{
    return sl_flow_out_stand_in(out, kind, track, 0);
}

int sl_flow_out_stand_in(struct sl_flow_out *out, enum sl_media_kind kind, struct sl_track *track,
                         uint64_t wanted_bps)
{
    struct output *output = &out->outputs[kind];

    if (!output->flow || !out->control || sl_track_kind(track) != kind)
        return -EINVAL;
    SL_ASSERT_ON(out->control);
    struct feed *feed = sl_new(struct feed);
    feed->output = output;
    feed->wanted_bps = wanted_bps;
    create_sink(feed, track);
    feed->msg.run = on_move;
    sl_loop_post(sl_worker_loop(out->worker), &feed->msg);
    return 0;
}

/* ---- Pauses ---- */

void sl_flow_out_pause(struct sl_flow_out *out, enum sl_media_kind kind, bool paused)
{
    struct output *output = &out->outputs[kind];

    SL_ASSERT_ON(sl_worker_loop(out->worker));
    if (!output->current || output->paused == paused)
        return;
    if (paused)
        sl_flow_out_flush(output);
    output->paused = paused;
    if (!paused && kind == SL_VIDEO)
        sl_sink_request_keyframe(output->current->sink);
}

/* ---- Start and stop ---- */

void sl_flow_out_start(struct sl_flow_out *out, int64_t now_us)
{
    SL_ASSERT_ON(sl_worker_loop(out->worker));
    out->started = true;
    for (size_t i = 0; i < 2; i++) {
        struct output *output = &out->outputs[i];
        if (!output->current)
            continue;
        start(output->current);
        if (output->next)
            start(output->next);
        /* Sound can begin with what is there; waiting for the next packet would cost 20 ms. */
        struct sl_rtp_packet *newest = sl_sink_newest_packet(output->current->sink);
        if (i == SL_AUDIO && newest && now_us - newest->arrival_us < FRESH_US)
            send_packets(output, &newest, 1);
    }
    out->reported_us = now_us - out->report_every_us + 200 * SL_US_PER_MS;
}

void sl_flow_out_stop(struct sl_flow_out *out)
{
    SL_ASSERT_ON(sl_worker_loop(out->worker));
    out->stopped = true;
    for (size_t i = 0; i < 2; i++) {
        struct output *output = &out->outputs[i];
        if (output->shaper)
            sl_flow_shaper_stop(output->shaper);
        if (output->current)
            sl_sink_stop(output->current->sink);
        if (output->next)
            sl_sink_stop(output->next->sink);
        for (struct feed *feed = output->left; feed; feed = feed->behind)
            sl_sink_stop(feed->sink);
    }
}

/* ---- Set-up, on the control loop ---- */

/* What is sent again under its own number must be the same octets, and a number of the transport is
 * another each time: so there are none where a packet might be repaired as it was. */
static bool may_number(const struct output *output)
{
    for (size_t i = 0; i < SL_CODECS; i++) {
        if (output->nack && output->payload_type[i] != SL_NO_PAYLOAD_TYPE &&
            output->rtx_payload_type[i] == SL_NO_PAYLOAD_TYPE)
            return false;
    }
    return true;
}

/* Clocks stay known: in them, what was sent before ends. */
static void name_formats(struct output *output, const struct sl_media *media)
{
    memset(output->payload_type, SL_NO_PAYLOAD_TYPE, sizeof(output->payload_type));
    memset(output->rtx_payload_type, SL_NO_PAYLOAD_TYPE, sizeof(output->rtx_payload_type));
    for (size_t i = 0; i < media->codec_count; i++) {
        const struct sl_media_codec *codec = &media->codecs[i];
        if (output->payload_type[codec->codec] != SL_NO_PAYLOAD_TYPE)
            continue; /* the first is the best match */
        output->payload_type[codec->codec] = codec->payload_type;
        output->clock_hz[codec->codec] = sl_sdp_clock_hz(codec);
        if (codec->rtx_payload_type >= 0 && output->rtx_ssrc != 0)
            output->rtx_payload_type[codec->codec] = (uint8_t)codec->rtx_payload_type;
    }
}

/* Packets as long as the other side wants them. */
static void set_recut(struct output *output, const struct sl_media *media)
{
    size_t len = media->codec_count > 0 && media->kind == SL_AUDIO
                     ? sl_recut_len(media->codecs[0].codec, media->ptime_ms)
                     : 0;

    if (len == (output->recut ? output->recut->packet_len : 0))
        return;
    sl_flow_out_flush(output);
    free(output->recut);
    output->recut = NULL;
    output->interrupted |= output->started; /* the track's numbers go on behind what was sent */
    if (len == 0)
        return;
    output->recut = sl_new(struct sl_recut);
    output->recut->packet_len = len;
    sl_recut_clear(output->recut);
}

static void init_output(struct sl_flow_out *out, const struct sl_media *media,
                        const struct sl_flow_out_config *config)
{
    struct output *output = &out->outputs[media->kind];

    output->flow = out;
    output->kind = media->kind;
    output->transport = media->transport;
    output->ssrc = media->local_ssrc;
    output->rtx_ssrc = media->local_rtx_ssrc;
    output->ext_orientation = media->ext_id[SL_EXT_VIDEO_ORIENTATION];
    output->splice.base = SL_FLOW_INDEX_MIN + sl_random_u32() % BASE_SPREAD;
    output->rtx_index = SL_FLOW_INDEX_MIN + sl_random_u32() % BASE_SPREAD;
    name_formats(output, media);
    for (size_t i = 0; i < media->codec_count; i++)
        output->nack |= media->codecs[i].nack;
    set_recut(output, media);
    output->red_payload_type = media->red_payload_type;
    if (media->kind == SL_VIDEO && !sl_sdp_receives(media->direction) && /* else it is theirs */
        may_number(output)) {
        output->ext_transport_cc = media->ext_id[SL_EXT_TRANSPORT_CC];
        output->ext_send_time = media->ext_id[SL_EXT_ABS_SEND_TIME];
    }
    if (output->ext_transport_cc || output->ext_send_time)
        output->shaper = sl_flow_shaper_create(output);
    output->interrupted = config->from_keyframe;
    output->first.output = output;
    create_sink(&output->first, config->tracks[media->kind]);
    output->current = &output->first;
}

struct sl_flow_out *sl_flow_out_create(const struct sl_flow_out_config *config)
{
    struct sl_flow_out *out = sl_new(struct sl_flow_out);

    SL_ASSERT_ON(sl_worker_control(config->worker));
    out->worker = config->worker;
    out->counters = sl_worker_counters(config->worker);
    out->ops = config->ops;
    out->owner = config->owner;
    out->sink_ops.protocol = config->ops->protocol;
    out->sink_ops.on_packets = on_packets;
    out->sink_ops.on_end = on_end;
    out->control = config->control;
    out->transport_count = config->negotiation->transport_count;
    out->cname = sl_strdup(config->cname);
    out->requested_us = config->requested_us;
    out->report_every_us = config->report_every_us ? config->report_every_us : SL_FLOW_REPORT_US;
    out->from_keyframe = config->from_keyframe;
    out->rtx_tokens = SL_FLOW_RTX_BURST;
    for (size_t i = 0; i < config->negotiation->media_count; i++) {
        const struct sl_media *media = &config->negotiation->media[i];
        if (sl_sdp_media_flows(media) && sl_sdp_sends(media->direction) &&
            config->tracks[media->kind])
            init_output(out, media, config);
    }
    if (out->outputs[SL_AUDIO].current && out->outputs[SL_VIDEO].current &&
        sl_tracks_are_of_one_stream(config->tracks[SL_AUDIO], config->tracks[SL_VIDEO]))
        sl_sink_ride(out->outputs[SL_AUDIO].first.sink, out->outputs[SL_VIDEO].first.sink);
    return out;
}

void sl_flow_out_agree(struct sl_flow_out *out, const struct sl_negotiation *negotiation)
{
    SL_ASSERT_ON(sl_worker_loop(out->worker));
    for (size_t i = 0; i < negotiation->media_count; i++) {
        const struct sl_media *media = &negotiation->media[i];
        struct output *output = &out->outputs[media->kind];
        if (!media->accepted || media->codec_count == 0 || !output->current)
            continue;
        name_formats(output, media);
        set_recut(output, media);
    }
}

/* This one and those behind it. */
static void destroy_feeds(struct feed *feed)
{
    while (feed) {
        struct feed *behind = feed->behind;
        sl_sink_destroy(feed->sink);
        if (feed != &feed->output->first)
            free(feed);
        feed = behind;
    }
}

void sl_flow_out_destroy(struct sl_flow_out *out)
{
    if (!out)
        return;
    SL_ASSERT_ON(sl_worker_control(out->worker));
    for (size_t i = 0; i < 2; i++) {
        destroy_feeds(out->outputs[i].current);
        destroy_feeds(out->outputs[i].next);
        destroy_feeds(out->outputs[i].left);
        sl_flow_shaper_destroy(out->outputs[i].shaper);
        free(out->outputs[i].recut);
    }
    free(out->cname);
    free(out);
}

const struct sl_flow_stats *sl_flow_out_stats(const struct sl_flow_out *out)
{
    return &out->stats;
}
