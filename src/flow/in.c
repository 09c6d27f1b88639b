/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTP into tracks: which input a packet belongs to, its number and its time there. */
#include "flow/in.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"

#include <errno.h>
#include <string.h>

enum {
    FIRST_RTT_US = 100 * SL_US_PER_MS, /* until a retransmission has been timed */
    REMB_START_BPS = 1000000, /* without transport-wide feedback: our own estimate begins here */
    /* A source that falls silent on one ssrc may go on with another (RFC 3550 section 8.1). */
    SSRC_SWITCH_US = 2 * SL_US_PER_S,
};

#define NTP_OF_1970_US (INT64_C(2208988800) * SL_US_PER_S)

/* ---- Set-up ---- */

static void init_media(struct sl_flow_in *in, const struct sl_media *media)
{
    in->inputs[media->kind].kind = media->kind;
    in->inputs[media->kind].transport = media->transport;
    if (media->layer_count > 0)
        in->layers = sl_flow_layers_create(in, media);
    else
        sl_flow_in_init_input(in, media, &in->inputs[media->kind]);
}

struct sl_flow_in *sl_flow_in_create(const struct sl_flow_in_config *config)
{
    struct sl_flow_in *in = sl_new(struct sl_flow_in);

    SL_ASSERT_ON(sl_worker_control(config->worker));
    in->worker = config->worker;
    in->counters = sl_worker_counters(config->worker);
    in->ops = config->ops;
    in->owner = config->owner;
    in->transport_count = config->negotiation->transport_count;
    in->ssrc = sl_random_u32() | 1;
    in->max_bitrate_bps = config->max_bitrate_bps;
    in->remb_bps = REMB_START_BPS;
    in->report_every_us = config->report_every_us ? config->report_every_us : SL_US_PER_S;
    memcpy(in->fillers, config->fillers, sizeof(in->fillers));
    in->rtt_us = FIRST_RTT_US;
    in->sync = sl_sync_create();
    in->wall_offset_us = sl_wall_ms() * SL_US_PER_MS - sl_now_us() + NTP_OF_1970_US;
    for (size_t i = 0; i < config->negotiation->media_count; i++) {
        const struct sl_media *media = &config->negotiation->media[i];
        if (sl_sdp_media_flows(media) && sl_sdp_receives(media->direction))
            init_media(in, media);
    }
    return in;
}

void sl_flow_in_agree(struct sl_flow_in *in, const struct sl_negotiation *negotiation,
                      const uint64_t fillers[static 2])
{
    SL_ASSERT_ON(sl_worker_loop(in->worker));
    memcpy(in->fillers, fillers, sizeof(in->fillers));
    for (size_t i = 0; i < negotiation->media_count; i++) {
        const struct sl_media *media = &negotiation->media[i];
        struct input *input = &in->inputs[media->kind];
        if (!media->accepted || media->codec_count == 0 || !input->present)
            continue;
        for (size_t type = 0; type < SL_ARRAY_LEN(input->codec_of); type++) {
            if (input->codec_of[type] == SL_CODEC_TELEPHONE_EVENT)
                input->codec_of[type] = SL_CODEC_NONE;
        }
        sl_flow_in_name_formats(input, media);
    }
}

void sl_flow_in_destroy(struct sl_flow_in *in)
{
    if (!in)
        return;
    for (size_t i = 0; i < in->all_count; i++)
        sl_receiver_destroy(in->all[i]->receiver);
    sl_flow_layers_destroy(in->layers);
    for (size_t i = 0; i < SL_MEDIA_TRANSPORTS_MAX; i++)
        sl_twcc_destroy(in->twcc[i]);
    sl_sync_destroy(in->sync);
    free(in);
}

void sl_flow_in_set_tracks(struct sl_flow_in *in, struct sl_track *audio, struct sl_track *video)
{
    SL_ASSERT_ON(sl_worker_control(in->worker));
    in->inputs[SL_AUDIO].track = audio;
    in->inputs[SL_VIDEO].track = video;
}

int64_t sl_flow_in_heard_us(const struct sl_flow_in *in)
{
    SL_ASSERT_ON(sl_worker_loop(in->worker));
    return in->heard_us;
}

const struct sl_flow_stats *sl_flow_in_stats(const struct sl_flow_in *in)
{
    return &in->stats;
}

/* ---- RTP ---- */

/* Time goes on by what has passed since the last packet. */
static void take_over(struct input *input, const struct sl_rtp_view *view, int64_t now_us)
{
    int64_t passed = (now_us - input->heard_us) * input->clock_hz / SL_US_PER_S;
    bool first = input->heard_us == 0; /* the description named another */

    sl_flow_in_start_anew(input);
    input->ssrc = view->ssrc;
    if (!first)
        input->timestamp_offset = input->last_timestamp + (uint32_t)passed - view->timestamp;
}

/* Which input a packet belongs to: by ssrc where it is known, else by payload type (RFC 8843
 * section 9.2 without the mid, which browsers' ssrc lines make unnecessary). */
static struct input *find_input(struct sl_flow_in *in, const struct sl_rtp_view *view, bool *rtx,
                                int64_t now_us)
{
    for (size_t i = 0; i < in->all_count; i++) {
        struct input *input = in->all[i];
        *rtx = input->is_rtx[view->payload_type];
        if (view->ssrc == (*rtx ? input->rtx_ssrc : input->ssrc) && view->ssrc != 0)
            return input;
    }
    for (size_t i = 0; i < in->all_count; i++) {
        struct input *input = in->all[i];
        *rtx = input->is_rtx[view->payload_type];
        if (!*rtx && input->codec_of[view->payload_type] == SL_CODEC_NONE)
            continue;
        if (in->layers && input->kind == SL_VIDEO)
            input = sl_flow_layers_find(in->layers, view);
        if (!input)
            return NULL;
        uint32_t *ssrc = *rtx ? &input->rtx_ssrc : &input->ssrc;
        if (*ssrc != 0 && now_us - input->heard_us < SSRC_SWITCH_US)
            return NULL; /* another sender inside the session: not as long as the first one lives */
        if (!*rtx && *ssrc != 0) {
            sl_flow_in_start_anew(input);
            if (in->layers)
                sl_flow_layers_forget(in, input);
        }
        *ssrc = view->ssrc;
        return input;
    }
    return NULL;
}

static void look_at_payload(struct sl_flow_in *in, struct input *input,
                            struct sl_rtp_packet *packet)
{
    struct sl_payload_info info;

    if (input->kind != SL_VIDEO || packet->payload_len == 0 ||
        sl_payload_inspect(packet->codec, packet->payload, packet->payload_len, &info) < 0)
        return;
    packet->keyframe_start = info.keyframe_start;
    if (info.b_picture && in->inputs[SL_VIDEO].track) /* the stream's, whichever layer it is of */
        sl_track_set_reordered(in->inputs[SL_VIDEO].track);
    if (info.width == 0 || info.height == 0 ||
        (info.width == input->width && info.height == input->height))
        return;
    input->width = info.width;
    input->height = info.height;
    input->size_untold = true;
    sl_flow_in_tell_size(input, packet->arrival_us);
}

static void count_packet(struct sl_flow_in *in, const struct input *input,
                         const struct sl_rtp_packet *packet)
{
    struct sl_flow_stats *stats = &in->stats;

    if (input->kind == SL_AUDIO) {
        sl_metric_add(&stats->audio_bytes, packet->payload_len);
        sl_metric_add(&stats->audio_packets, 1);
        return;
    }
    sl_metric_add(&stats->video_bytes, packet->payload_len);
    sl_metric_add(&stats->video_packets, 1);
    if (!in->layers || input == sl_flow_layers_leader(in->layers))
        sl_metric_add(&stats->video_frames, packet->marker);
}

/* Numbers the packet among the track's and hands it to the core. */
static void deliver(struct sl_flow_in *in, struct input *input, int64_t seq,
                    const struct sl_rtp_view *view, enum sl_codec codec, const uint8_t *payload,
                    size_t len, int64_t now_us)
{
    size_t orientation_len;

    if (!input->track)
        return;
    if (len > SL_PACKET_PAYLOAD_MAX) {
        sl_count(in->counters, SL_COUNTER_RTP_MALFORMED, 1);
        return;
    }
    struct sl_rtp_packet *packet = sl_rtp_packet_create(in->worker);
    if (!packet)
        return;
    packet->seq = seq + input->seq_offset;
    packet->arrival_us = now_us;
    packet->timestamp = view->timestamp;
    packet->codec = codec;
    packet->marker = view->marker;
    packet->keyframe_start = false;
    packet->payload_len = (uint16_t)len;
    memcpy(packet->payload, payload, len);
    const uint8_t *orientation =
        input->ext_orientation ? sl_rtp_ext(view, input->ext_orientation, &orientation_len) : NULL;
    if (orientation && orientation_len == 1)
        packet->orientation = *orientation;
    if (packet->seq > input->highest_out)
        input->highest_out = packet->seq;
    look_at_payload(in, input, packet);
    count_packet(in, input, packet);
    if (in->layers && input->kind == SL_VIDEO)
        sl_flow_layers_input(in, input, packet);
    else
        sl_track_input(input->track, packet);
    if (!in->started) {
        in->started = true;
        in->ops->on_started(in->owner);
    }
}

static bool is_filler(const struct sl_flow_in *in, uint8_t payload_type)
{
    return in->fillers[payload_type >> 6] >> (payload_type & 63) & 1;
}

/* Notes the arrival; negative if the packet is not to be used. */
static int64_t note_arrival(struct input *input, uint16_t seq, uint32_t timestamp, size_t len,
                            bool rtx, int64_t now_us)
{
    if (rtx && input->restart)
        return -EALREADY; /* of what came before */
    int64_t widened = sl_receiver_input(input->receiver, seq, timestamp, len, rtx, now_us);
    if (widened == -ERANGE && !rtx) {
        input->restart = true;
        widened = sl_receiver_input(input->receiver, seq, timestamp, len, false, now_us);
    }
    if (widened >= 0 && input->restart) {
        /* The source started its numbers anew: ours go on from where they were. */
        input->restart = false;
        input->floor = widened;
        input->seq_offset = input->highest_out + 1 - widened;
    }
    return widened >= 0 && widened < input->floor ? -EALREADY : widened;
}

static void time_probe(struct sl_flow_in *in, struct input *input, uint16_t seq, int64_t now_us)
{
    if (!input->probe_us || input->probe_seq != seq)
        return;
    int64_t sample_us = now_us - input->probe_us;
    input->probe_us = 0;
    if (sample_us > SL_US_PER_S)
        return; /* the same number, a lap later: no answer to our question */
    in->rtt_us += (sample_us - in->rtt_us) / 4;
    atomic_store_explicit(&in->stats.rtt_us, (uint32_t)in->rtt_us, memory_order_relaxed);
}

static void on_rtx(struct sl_flow_in *in, struct input *input, const struct sl_rtp_view *view,
                   int64_t now_us)
{
    uint16_t seq;
    uint8_t apt = input->apt[view->payload_type];

    if (sl_rtx_parse(view->payload, view->payload_len, &seq) < 0)
        return; /* padding only: the sender probes the path */
    time_probe(in, input, seq, now_us);
    int64_t widened = note_arrival(input, seq, view->timestamp, view->payload_len, true, now_us);
    if (widened >= 0)
        deliver(in, input, widened, view, input->codec_of[apt], view->payload + 2,
                view->payload_len - 2, now_us);
}

static int parse(struct sl_flow_in *in, const uint8_t *data, size_t len, int64_t now_us,
                 struct sl_rtp_view *view)
{
    SL_ASSERT_ON(sl_worker_loop(in->worker));
    if (sl_rtp_parse(data, len, view) < 0) {
        sl_count(in->counters, SL_COUNTER_RTP_MALFORMED, 1);
        return -EBADMSG;
    }
    sl_count(in->counters, SL_COUNTER_RTP_PACKETS_IN, 1);
    sl_count(in->counters, SL_COUNTER_RTP_BYTES_IN, len);
    in->heard_us = now_us;
    return 0;
}

/* A packet of media that is no retransmission. */
static void on_media(struct sl_flow_in *in, struct input *input, struct sl_rtp_view *view,
                     int64_t now_us)
{
    enum sl_codec codec = input->codec_of[view->payload_type];
    uint32_t clock_hz = input->clock_of[view->payload_type];

    if (input->kind == SL_AUDIO && is_filler(in, view->payload_type)) {
        codec = input->codec_of[input->last_payload_type];
        clock_hz = input->clock_hz;
        view->payload_len = 0;
    } else {
        input->last_payload_type = view->payload_type;
    }
    if (codec == SL_CODEC_NONE)
        return;
    input->heard_us = now_us;
    view->timestamp += input->timestamp_offset;
    int64_t seq = note_arrival(input, view->seq, view->timestamp, view->payload_len, false, now_us);
    if (seq < 0)
        return;
    input->last_timestamp = view->timestamp;
    if (sl_sync_packet(input->sync, input->kind, clock_hz, view->timestamp, now_us))
        sl_flow_in_tell_clock(in, input->track, input->sync, input->kind);
    deliver(in, input, seq, view, codec, view->payload, view->payload_len, now_us);
    if (in->layers)
        sl_flow_layers_note_packet(in, input, clock_hz, view->timestamp, now_us);
}

void sl_flow_in_rtp(struct sl_flow_in *in, const uint8_t *data, size_t len, int64_t now_us)
{
    struct sl_rtp_view view;
    bool rtx;
    size_t ext_len;

    if (parse(in, data, len, now_us, &view) < 0)
        return;
    struct input *input = find_input(in, &view, &rtx, now_us);
    if (!input)
        return;
    const uint8_t *ext = sl_rtp_ext(&view, input->ext_transport_cc, &ext_len);
    if (ext && ext_len == 2 && input->ext_transport_cc && in->twcc[input->transport])
        sl_twcc_input(in->twcc[input->transport], sl_load_u16(ext), now_us);
    if (rtx)
        on_rtx(in, input, &view, now_us);
    else
        on_media(in, input, &view, now_us);
}

/* Its numbers and times are counted in another clock than those of the last one. */
static bool follow_clock(const struct sl_flow_in *in, struct input *input, uint8_t payload_type)
{
    uint32_t clock_hz = input->clock_of[payload_type];

    if (input->codec_of[payload_type] == SL_CODEC_NONE || is_filler(in, payload_type) ||
        clock_hz == input->clock_hz)
        return false;
    input->clock_hz = clock_hz;
    return true;
}

void sl_flow_in_rtp_of(struct sl_flow_in *in, enum sl_media_kind kind, const uint8_t *data,
                       size_t len, int64_t now_us)
{
    struct input *input = &in->inputs[kind];
    struct sl_rtp_view view;

    if (parse(in, data, len, now_us, &view) < 0 || !input->present || view.ssrc == 0)
        return;
    if (input->is_rtx[view.payload_type]) {
        on_rtx(in, input, &view, now_us);
        return;
    }
    bool other_clock = follow_clock(in, input, view.payload_type);
    if (other_clock || (input->ssrc != 0 && input->ssrc != view.ssrc))
        take_over(input, &view, now_us);
    input->ssrc = view.ssrc;
    on_media(in, input, &view, now_us);
}

/* ---- RTCP in ---- */

static void on_sender_report(struct sl_flow_in *in, const struct sl_rtcp_view *view, int64_t now_us)
{
    struct sl_sender_info info;

    if (sl_rtcp_read_sr(view, &info) < 0 || info.ntp == 0)
        return;
    for (size_t i = 0; i < in->all_count; i++) {
        struct input *input = in->all[i];
        if (input->ssrc != view->ssrc || !input->track)
            continue;
        uint32_t timestamp = info.rtp_timestamp + input->timestamp_offset;
        sl_receiver_on_sr(input->receiver, info.ntp, now_us);
        sl_sync_report(input->sync, input->kind, info.ntp, timestamp, now_us);
        if (in->layers)
            sl_flow_layers_note_report(in, input, info.ntp, timestamp, now_us);
    }
}

void sl_flow_in_rtcp(struct sl_flow_in *in, const uint8_t *data, size_t len, int64_t now_us)
{
    struct sl_rtcp_view view;
    size_t offset = 0;

    SL_ASSERT_ON(sl_worker_loop(in->worker));
    while (sl_rtcp_next(data, len, &offset, &view) == 1) {
        if (view.type == SL_RTCP_SR)
            on_sender_report(in, &view, now_us);
    }
}
