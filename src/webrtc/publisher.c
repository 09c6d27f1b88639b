/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A publishing peer: RTP into tracks, and what a good receiver tells the sender: NACK for gaps,
 * transport-wide feedback or REMB so that it finds its bitrate, receiver reports, PLI.
 */
#include "webrtc/internal.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"

#include <errno.h>
#include <string.h>

enum {
    REPORT_INTERVAL_US = SL_US_PER_S,
    NACKS_PER_TICK = 64,
    FIRST_RTT_US = 100 * SL_US_PER_MS, /* until a retransmission has been timed */
    /* A source that falls silent on one ssrc may go on with another (RFC 3550 section 8.1). */
    SSRC_SWITCH_US = 2 * SL_US_PER_S,
    SIZE_INTERVAL_US = 250 * SL_US_PER_MS, /* between two changes of the picture size */
    REMB_START_BPS = 1000000, /* without transport-wide feedback: our own estimate begins here */
    REMB_MIN_BPS = 100000,
    REMB_MAX_BPS = 20000000,
};

#define NTP_OF_1970_US (INT64_C(2208988800) * SL_US_PER_S)

/* What is received of one kind. */
struct input {
    bool present;
    enum sl_media_kind kind;
    size_t transport;
    struct sl_track *track;
    uint32_t ssrc, rtx_ssrc; /* 0: not known yet */
    bool nack, pli;
    enum sl_codec codec_of[128]; /* by payload type; SL_CODEC_NONE */
    bool is_rtx[128];            /* by payload type */
    uint8_t apt[128];            /* of a retransmission format: what it repeats */
    uint8_t ext_transport_cc, ext_orientation;
    struct sl_receiver *receiver;
    uint32_t clock_hz;
    int64_t seq_offset; /* keeps outgoing numbers growing over a restart of the source's */
    int64_t floor;      /* the first number after the last restart; older ones are not used: theirs
                           would be numbers that were sent with other bytes */
    bool restart;       /* another ssrc took over: the next packet is a new beginning */
    int64_t highest_out;
    int64_t heard_us;
    uint16_t width, height;
    int64_t size_told_us;
    bool size_untold;
    bool want_pli;
    /* One NACK under way is timed to learn the round trip. */
    uint16_t probe_seq;
    int64_t probe_us; /* 0: none */
};

struct publisher {
    struct sl_peer *peer;
    struct input inputs[2];                        /* by kind */
    uint32_t ssrc;                                 /* ours, as a receiver */
    struct sl_twcc *twcc[SL_MEDIA_TRANSPORTS_MAX]; /* NULL: not negotiated */
    uint32_t max_bitrate_bps;
    uint64_t remb_bps; /* own estimate, where the sender has no transport-wide feedback */
    uint64_t remb_bytes_seen;
    int64_t rtt_us;
    int64_t reported_us;
    struct sl_sync *sync;
    int64_t wall_offset_us; /* from local time to that of NTP: what players' reports say */
    int64_t heard_us;
    bool started; /* a packet went into a track */
};

/* ---- Set-up ---- */

static void init_input(struct publisher *publisher, const struct sl_media *media)
{
    struct input *input = &publisher->inputs[media->kind];

    input->present = true;
    input->kind = media->kind;
    input->transport = media->transport;
    input->ssrc = media->remote_ssrc;
    input->rtx_ssrc = media->remote_rtx_ssrc;
    input->ext_transport_cc = media->ext_id[SL_EXT_TRANSPORT_CC];
    input->ext_orientation = media->ext_id[SL_EXT_VIDEO_ORIENTATION];
    for (size_t i = 0; i < media->codec_count; i++) {
        const struct sl_media_codec *codec = &media->codecs[i];
        input->codec_of[codec->payload_type & 127] = codec->codec;
        if (codec->rtx_payload_type >= 0) {
            input->is_rtx[codec->rtx_payload_type & 127] = true;
            input->apt[codec->rtx_payload_type & 127] = codec->payload_type & 127;
        }
        input->nack |= codec->nack;
        input->pli |= codec->pli || codec->fir;
    }
    input->clock_hz = sl_codec_clock_hz(media->codecs[0].codec);
    input->receiver = sl_receiver_create(input->clock_hz, input->nack);
    if (input->ext_transport_cc && !publisher->twcc[media->transport])
        publisher->twcc[media->transport] = sl_twcc_create();
}

struct publisher *publisher_create(struct sl_peer *peer, const struct sl_peer_config *config)
{
    struct publisher *publisher = sl_new(struct publisher);

    publisher->peer = peer;
    publisher->ssrc = sl_random_u32() | 1;
    publisher->max_bitrate_bps = config->max_bitrate_bps;
    publisher->remb_bps = REMB_START_BPS;
    publisher->rtt_us = FIRST_RTT_US;
    publisher->sync = sl_sync_create();
    publisher->wall_offset_us = sl_wall_ms() * SL_US_PER_MS - sl_now_us() + NTP_OF_1970_US;
    for (size_t i = 0; i < config->negotiation->media_count; i++) {
        const struct sl_media *media = &config->negotiation->media[i];
        if (media->accepted && !media->inactive && media->codec_count > 0)
            init_input(publisher, media);
    }
    return publisher;
}

void publisher_destroy(struct publisher *publisher)
{
    if (!publisher)
        return;
    for (size_t i = 0; i < 2; i++)
        sl_receiver_destroy(publisher->inputs[i].receiver);
    for (size_t i = 0; i < SL_MEDIA_TRANSPORTS_MAX; i++)
        sl_twcc_destroy(publisher->twcc[i]);
    sl_sync_destroy(publisher->sync);
    free(publisher);
}

void sl_peer_set_tracks(struct sl_peer *peer, struct sl_track *audio, struct sl_track *video)
{
    peer->publisher->inputs[SL_AUDIO].track = audio;
    peer->publisher->inputs[SL_VIDEO].track = video;
}

static void request_keyframe(void *owner, struct sl_track *track)
{
    struct sl_peer *peer = owner;

    publisher_request_keyframe(peer->publisher, sl_track_kind(track));
}

const struct sl_source_ops sl_peer_source_ops = {
    .protocol = "webrtc",
    .request_keyframe = request_keyframe,
};

int64_t publisher_last_packet_us(const struct publisher *publisher)
{
    return publisher->heard_us;
}

/* ---- RTP ---- */

/* The source's own NTP time is left out: it may be set, or differ from track to track. */
static void tell_clock(struct publisher *publisher, struct input *input)
{
    struct sl_track_clock clock = {.valid = true};

    if (!input->track ||
        !sl_sync_line(publisher->sync, input->kind, &clock.rtp_timestamp, &clock.local_us))
        return;
    uint64_t ntp_us = (uint64_t)(clock.local_us + publisher->wall_offset_us);
    clock.ntp = (ntp_us / SL_US_PER_S << 32) + ((ntp_us % SL_US_PER_S) << 32) / SL_US_PER_S;
    sl_track_set_clock(input->track, &clock);
}

/* Another ssrc goes on where the last one fell silent: nothing known of that one holds for it. */
static void start_anew(struct publisher *publisher, struct input *input)
{
    sl_receiver_destroy(input->receiver);
    input->receiver = sl_receiver_create(input->clock_hz, input->nack);
    input->rtx_ssrc = 0;
    input->probe_us = 0;
    input->restart = true;
    sl_sync_forget(publisher->sync, input->kind);
}

/* Which input a packet belongs to: by ssrc where it is known, else by payload type (RFC 8843
 * section 9.2 without the mid, which browsers' ssrc lines make unnecessary). */
static struct input *find_input(struct publisher *publisher, const struct sl_rtp_view *view,
                                bool *rtx, int64_t now_us)
{
    for (size_t i = 0; i < 2; i++) {
        struct input *input = &publisher->inputs[i];
        if (!input->present)
            continue;
        *rtx = input->is_rtx[view->payload_type];
        if (view->ssrc == (*rtx ? input->rtx_ssrc : input->ssrc) && view->ssrc != 0)
            return input;
    }
    for (size_t i = 0; i < 2; i++) {
        struct input *input = &publisher->inputs[i];
        if (!input->present)
            continue;
        *rtx = input->is_rtx[view->payload_type];
        if (!*rtx && input->codec_of[view->payload_type] == SL_CODEC_NONE)
            continue;
        uint32_t *ssrc = *rtx ? &input->rtx_ssrc : &input->ssrc;
        if (*ssrc != 0 && now_us - input->heard_us < SSRC_SWITCH_US)
            return NULL; /* another sender inside the session: not as long as the first one lives */
        if (!*rtx && *ssrc != 0)
            start_anew(publisher, input);
        *ssrc = view->ssrc;
        return input;
    }
    return NULL;
}

/* Each report goes to every player, and a hostile publisher could change its size with every
 * packet: now if the last one is long enough ago, else from the tick. */
static void tell_size(struct input *input, int64_t now_us)
{
    if (!input->size_untold ||
        (input->size_told_us && now_us - input->size_told_us < SIZE_INTERVAL_US))
        return;
    input->size_untold = false;
    input->size_told_us = now_us;
    sl_track_set_size(input->track, input->width, input->height);
}

static void look_at_payload(struct input *input, struct sl_rtp_packet *packet)
{
    struct sl_payload_info info;

    if (input->kind != SL_VIDEO || packet->payload_len == 0 ||
        sl_payload_inspect(packet->codec, packet->payload, packet->payload_len, &info) < 0)
        return;
    packet->keyframe_start = info.keyframe_start;
    if (info.width == 0 || info.height == 0 ||
        (info.width == input->width && info.height == input->height))
        return;
    input->width = info.width;
    input->height = info.height;
    input->size_untold = true;
    tell_size(input, packet->arrival_us);
}

static void count_packet(struct publisher *publisher, const struct input *input,
                         const struct sl_rtp_packet *packet)
{
    struct sl_peer_stats *stats = &publisher->peer->stats;

    if (input->kind == SL_AUDIO) {
        sl_metric_add(&stats->audio_bytes, packet->payload_len);
        sl_metric_add(&stats->audio_packets, 1);
        return;
    }
    sl_metric_add(&stats->video_bytes, packet->payload_len);
    sl_metric_add(&stats->video_packets, 1);
    sl_metric_add(&stats->video_frames, packet->marker);
}

/* Numbers the packet among the track's and hands it to the core. */
static void deliver(struct publisher *publisher, struct input *input, int64_t seq,
                    const struct sl_rtp_view *view, enum sl_codec codec, const uint8_t *payload,
                    size_t len, int64_t now_us)
{
    struct rtc_worker *rtc_worker = publisher->peer->rtc_worker;
    size_t orientation_len;

    if (!input->track)
        return;
    if (len > SL_PACKET_PAYLOAD_MAX) {
        sl_count(rtc_worker->counters, SL_COUNTER_RTP_MALFORMED, 1);
        return;
    }
    struct sl_rtp_packet *packet = sl_rtp_packet_create(rtc_worker->worker);
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
    look_at_payload(input, packet);
    count_packet(publisher, input, packet);
    sl_track_input(input->track, packet);
    if (!publisher->started) {
        publisher->started = true;
        peer_report(publisher->peer, SL_PEER_STARTED, SL_PEER_OK);
    }
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

static void time_probe(struct publisher *publisher, struct input *input, uint16_t seq,
                       int64_t now_us)
{
    if (!input->probe_us || input->probe_seq != seq)
        return;
    int64_t sample_us = now_us - input->probe_us;
    input->probe_us = 0;
    if (sample_us > SL_US_PER_S)
        return; /* the same number, a lap later: no answer to our question */
    publisher->rtt_us += (sample_us - publisher->rtt_us) / 4;
    atomic_store_explicit(&publisher->peer->stats.rtt_us, (uint32_t)publisher->rtt_us,
                          memory_order_relaxed);
}

static void on_rtx(struct publisher *publisher, struct input *input, const struct sl_rtp_view *view,
                   int64_t now_us)
{
    uint16_t seq;
    uint8_t apt = input->apt[view->payload_type];

    if (sl_rtx_parse(view->payload, view->payload_len, &seq) < 0)
        return; /* padding only: the sender probes the path */
    time_probe(publisher, input, seq, now_us);
    int64_t widened = note_arrival(input, seq, view->timestamp, view->payload_len, true, now_us);
    if (widened >= 0)
        deliver(publisher, input, widened, view, input->codec_of[apt], view->payload + 2,
                view->payload_len - 2, now_us);
}

void publisher_on_rtp(struct publisher *publisher, const uint8_t *data, size_t len, int64_t now_us)
{
    struct rtc_worker *rtc_worker = publisher->peer->rtc_worker;
    struct sl_rtp_view view;
    bool rtx;
    size_t ext_len;

    if (sl_rtp_parse(data, len, &view) < 0) {
        sl_count(rtc_worker->counters, SL_COUNTER_RTP_MALFORMED, 1);
        return;
    }
    sl_count(rtc_worker->counters, SL_COUNTER_RTP_PACKETS_IN, 1);
    sl_count(rtc_worker->counters, SL_COUNTER_RTP_BYTES_IN, len);
    publisher->heard_us = now_us;
    struct input *input = find_input(publisher, &view, &rtx, now_us);
    if (!input)
        return;
    const uint8_t *ext = sl_rtp_ext(&view, input->ext_transport_cc, &ext_len);
    if (ext && ext_len == 2 && input->ext_transport_cc && publisher->twcc[input->transport])
        sl_twcc_input(publisher->twcc[input->transport], sl_load_u16(ext), now_us);
    if (rtx) {
        on_rtx(publisher, input, &view, now_us);
        return;
    }
    enum sl_codec codec = input->codec_of[view.payload_type];
    if (codec == SL_CODEC_NONE)
        return;
    input->heard_us = now_us;
    int64_t seq = note_arrival(input, view.seq, view.timestamp, view.payload_len, false, now_us);
    if (seq < 0)
        return;
    if (sl_sync_packet(publisher->sync, input->kind, sl_codec_clock_hz(codec), view.timestamp,
                       now_us))
        tell_clock(publisher, input);
    deliver(publisher, input, seq, &view, codec, view.payload, view.payload_len, now_us);
}

/* ---- RTCP in ---- */

static void on_sender_report(struct publisher *publisher, const struct sl_rtcp_view *view,
                             int64_t now_us)
{
    struct sl_sender_info info;

    if (sl_rtcp_read_sr(view, &info) < 0 || info.ntp == 0)
        return;
    for (size_t i = 0; i < 2; i++) {
        struct input *input = &publisher->inputs[i];
        if (!input->present || input->ssrc != view->ssrc || !input->track)
            continue;
        sl_receiver_on_sr(input->receiver, info.ntp, now_us);
        sl_sync_report(publisher->sync, input->kind, info.ntp, info.rtp_timestamp, now_us);
    }
}

void publisher_on_rtcp(struct publisher *publisher, const uint8_t *data, size_t len, int64_t now_us)
{
    struct sl_rtcp_view view;
    size_t offset = 0;

    while (sl_rtcp_next(data, len, &offset, &view) == 1) {
        if (view.type == SL_RTCP_SR)
            on_sender_report(publisher, &view, now_us);
    }
}

/* ---- Feedback out ---- */

static void send_nacks(struct publisher *publisher, struct input *input, int64_t now_us)
{
    uint16_t seqs[NACKS_PER_TICK];
    uint8_t buf[RTCP_MAX];
    bool give_up = false;

    size_t count = sl_receiver_nacks(input->receiver, now_us, publisher->rtt_us, seqs,
                                     NACKS_PER_TICK, &give_up);
    if (give_up && input->kind == SL_VIDEO)
        publisher_request_keyframe(publisher, SL_VIDEO);
    if (count == 0)
        return;
    struct sl_writer w = sl_writer_of(buf, sizeof(buf));
    sl_rtcp_write_nack(&w, publisher->ssrc, input->ssrc, seqs, count);
    if (!w.ok)
        return; /* cannot be: NACKS_PER_TICK fit */
    peer_send_rtcp(publisher->peer, input->transport, buf, sl_writer_len(&w));
    sl_count(publisher->peer->rtc_worker->counters, SL_COUNTER_NACK_SENT, count);
    sl_metric_add(&publisher->peer->stats.nack, count);
    if (!input->probe_us || now_us - input->probe_us > SL_US_PER_S) {
        input->probe_seq = seqs[count - 1]; /* the newest: asked for the first time, most likely */
        input->probe_us = now_us;
    }
}

void publisher_request_keyframe(struct publisher *publisher, enum sl_media_kind kind)
{
    struct input *input = &publisher->inputs[kind];
    uint8_t buf[64];

    if (!input->present || !input->pli || input->ssrc == 0) {
        input->want_pli = input->present && input->pli; /* once its ssrc is known */
        return;
    }
    input->want_pli = false;
    struct sl_writer w = sl_writer_of(buf, sizeof(buf));
    sl_rtcp_write_pli(&w, publisher->ssrc, input->ssrc);
    peer_send_rtcp(publisher->peer, input->transport, buf, sl_writer_len(&w));
    sl_count(publisher->peer->rtc_worker->counters, SL_COUNTER_PLI_SENT, 1);
    sl_metric_add(&publisher->peer->stats.pli, 1);
}

static void send_twcc(struct publisher *publisher, size_t transport, int64_t now_us)
{
    uint8_t buf[RTCP_MAX];
    struct sl_twcc *twcc = publisher->twcc[transport];

    if (!twcc || !sl_twcc_due(twcc, now_us))
        return;
    struct sl_writer w = sl_writer_of(buf, sizeof(buf));
    const struct input *video = &publisher->inputs[SL_VIDEO];
    const struct input *any =
        video->present && video->transport == transport ? video : &publisher->inputs[SL_AUDIO];
    sl_twcc_write(twcc, &w, publisher->ssrc, any->ssrc, now_us);
    peer_send_rtcp(publisher->peer, transport, buf, sl_writer_len(&w));
}

/* Our estimate for senders that know no transport-wide feedback: up while nothing is lost and what
 * we allow is used, down with the losses (the rule of RFC 8698's simplest relatives). */
static void update_remb(struct publisher *publisher, uint8_t fraction_lost)
{
    uint64_t bytes =
        atomic_load_explicit(&publisher->peer->stats.video_bytes, memory_order_relaxed) +
        atomic_load_explicit(&publisher->peer->stats.audio_bytes, memory_order_relaxed);
    uint64_t incoming_bps = (bytes - publisher->remb_bytes_seen) * 8;

    publisher->remb_bytes_seen = bytes;
    if (fraction_lost > 26) /* a tenth */
        publisher->remb_bps = incoming_bps * (512 - fraction_lost) / 512;
    else if (fraction_lost < 6 && incoming_bps > publisher->remb_bps / 2)
        publisher->remb_bps += publisher->remb_bps / 4;
    if (publisher->remb_bps < REMB_MIN_BPS)
        publisher->remb_bps = REMB_MIN_BPS;
    if (publisher->remb_bps > REMB_MAX_BPS)
        publisher->remb_bps = REMB_MAX_BPS;
}

static void write_remb(struct publisher *publisher, struct sl_writer *w, size_t transport,
                       uint8_t fraction_lost)
{
    const struct input *video = &publisher->inputs[SL_VIDEO];
    uint64_t bps = UINT64_MAX;

    if (!video->present || video->transport != transport || video->ssrc == 0)
        return;
    if (!publisher->twcc[transport]) {
        update_remb(publisher, fraction_lost);
        bps = publisher->remb_bps;
    }
    if (publisher->max_bitrate_bps > 0 && publisher->max_bitrate_bps < bps)
        bps = publisher->max_bitrate_bps;
    if (bps != UINT64_MAX)
        sl_rtcp_write_remb(w, publisher->ssrc, bps, &video->ssrc, 1);
}

static void send_report(struct publisher *publisher, size_t transport, int64_t now_us)
{
    struct sl_report_block blocks[2];
    uint8_t buf[RTCP_MAX];
    uint8_t fraction_lost = 0;
    size_t count = 0;

    for (size_t i = 0; i < 2; i++) {
        struct input *input = &publisher->inputs[i];
        if (!input->present || input->transport != transport || !input->heard_us)
            continue;
        sl_receiver_report(input->receiver, now_us, &blocks[count]);
        blocks[count].ssrc = input->ssrc;
        if (input->kind == SL_VIDEO)
            fraction_lost = blocks[count].fraction_lost;
        count++;
    }
    struct sl_writer w = sl_writer_of(buf, sizeof(buf));
    sl_rtcp_write_rr(&w, publisher->ssrc, blocks, count);
    sl_rtcp_write_cname(&w, publisher->ssrc, "sluice");
    write_remb(publisher, &w, transport, fraction_lost);
    if (w.ok)
        peer_send_rtcp(publisher->peer, transport, buf, sl_writer_len(&w));
}

static void count_lost(struct publisher *publisher)
{
    struct sl_peer_stats *stats = &publisher->peer->stats;
    uint64_t lost = 0, before = atomic_load_explicit(&stats->lost, memory_order_relaxed);

    for (size_t i = 0; i < 2; i++) {
        if (!publisher->inputs[i].present)
            continue;
        int64_t of_input = sl_receiver_stats(publisher->inputs[i].receiver)->lost;
        lost += of_input > 0 ? (uint64_t)of_input : 0;
    }
    if (lost >
        before) /* a counter never falls; late packets correct the stream's own figure only */
        sl_count(publisher->peer->rtc_worker->counters, SL_COUNTER_RTP_LOST_IN, lost - before);
    atomic_store_explicit(&stats->lost, lost, memory_order_relaxed);
}

void publisher_tick(struct publisher *publisher, int64_t now_us)
{
    for (size_t i = 0; i < 2; i++) {
        struct input *input = &publisher->inputs[i];
        if (input->present && input->nack && input->heard_us)
            send_nacks(publisher, input, now_us);
        tell_size(input, now_us);
        if (input->want_pli)
            publisher_request_keyframe(publisher, (enum sl_media_kind)i);
    }
    for (size_t i = 0; i < publisher->peer->link_count; i++)
        send_twcc(publisher, i, now_us);
    if (now_us - publisher->reported_us < REPORT_INTERVAL_US)
        return;
    publisher->reported_us = now_us;
    for (size_t i = 0; i < publisher->peer->link_count; i++)
        send_report(publisher, i, now_us);
    count_lost(publisher);
}
