/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client's media, as a struct sl_provider. */
#include "rtsp/medium.h"

#include "base/clock.h"
#include "base/mem.h"
#include "rtsp/internal.h"
#include "rtsp/player.h"
#include "rtsp/ports.h"
#include "rtsp/probe.h"
#include "sdp/sdp.h"
#include "variant/variant.h"

#include <errno.h>
#include <string.h>

/*
 * It goes when it was closed and nothing of it is left on a worker: `open` counts the probe and the
 * player, and what says that it was closed itself.
 */
struct sl_medium {
    struct sl_rtsp *rtsp;
    struct sl_rtsp_seat *seat;
    bool is_closed;
    const struct sl_medium_ops *ops;
    void *owner;
    struct sl_rtsp_lane *lane;
    struct sl_track *tracks[2];
    struct sl_variant *variant; /* of the sound; NULL: it is sent as it is published */
    struct sl_stream_listener source, variant_end;
    struct sl_later changed; /* what is sent is not what the client was told */
    int64_t requested_us;
    struct sl_rtsp_track sent[2];
    uint32_t ssrcs[2];
    struct sl_rtsp_way ways[2];
    struct sl_rtsp_probe *probe;   /* NULL: seen, or closing */
    struct sl_rtsp_player *player; /* NULL: never played, or closed */
    struct sl_flow_rates rates;
    size_t open;
    struct sl_later closed;
};

/* ---- What is sent ---- */

static enum sl_codec codec_of(const struct sl_track *track)
{
    return track ? sl_track_codec(track) : SL_CODEC_NONE;
}

static void set_sent(struct sl_medium *medium, enum sl_media_kind kind, enum sl_codec codec,
                     struct sl_codec_config *config)
{
    struct sl_rtsp_track *sent = &medium->sent[kind];
    struct sl_track *track = medium->tracks[kind];

    sl_codec_config_unref(sent->config);
    (void)sl_rtsp_track_init(codec, track ? sl_track_codecs(track)->clock_hz : 0, sent);
    if (sent->codec == SL_CODEC_NONE)
        medium->tracks[kind] = NULL; /* players are not sent it */
    else
        sent->config = sl_codec_config_ref(config);
}

/* Takes the variant that stands in the sound's place, if one is to. */
static enum sl_reason make_sound(struct sl_medium *medium, struct sl_stream *stream)
{
    const struct sl_rtsp_config *parts = &medium->rtsp->config;
    const struct sl_variant_want want = {.codec = SL_CODEC_AAC};

    if (!parts->config->rtsp_server_opus_to_aac ||
        codec_of(medium->tracks[SL_AUDIO]) != SL_CODEC_OPUS)
        return SL_REASON_NONE;
    int err = sl_variant_take(parts->variants, stream, &want, &medium->variant);
    if (err < 0)
        return err == -EBUSY ? SL_REASON_NO_TRANSCODERS : SL_REASON_ERROR;
    medium->tracks[SL_AUDIO] = sl_variant_track(medium->variant);
    return SL_REASON_NONE;
}

/* It ended before its source, of whose end the session hears by itself. */
static void on_variant_end(struct sl_stream_listener *listener)
{
    const struct sl_medium *medium = sl_container_of(listener, struct sl_medium, variant_end);

    if (!medium->is_closed && sl_variant_why(medium->variant) < 0)
        medium->ops->on_state(medium->owner, SL_MEDIUM_FAILED, SL_REASON_NO_TRANSCODERS);
}

/* ---- Another codec ---- */

static void on_changed(struct sl_later *later)
{
    struct sl_medium *medium = sl_container_of(later, struct sl_medium, changed);

    medium->ops->on_state(medium->owner, SL_MEDIUM_FAILED, SL_REASON_NO_CODECS);
}

/* A description cannot be taken back: the client is to ask for another one. */
static void on_codec(struct sl_stream_listener *listener, enum sl_media_kind kind)
{
    struct sl_medium *medium = sl_container_of(listener, struct sl_medium, source);
    const struct sl_rtsp_track *sent = &medium->sent[kind];
    bool is_made = kind == SL_AUDIO && medium->variant;
    bool is_taken = !medium->player || medium->ways[kind].is_set_up;

    if (medium->seat->is_seen && is_taken && !is_made && sent->codec != SL_CODEC_NONE &&
        codec_of(medium->tracks[kind]) != sent->codec)
        sl_loop_later(medium->rtsp->config.loop, &medium->changed);
}

/* ---- The end ---- */

static void on_nothing_left(struct sl_later *later)
{
    struct sl_medium *medium = sl_container_of(later, struct sl_medium, closed);
    const struct sl_medium_ops *ops = medium->ops;
    struct sl_rtsp_seat *seat = medium->seat;
    void *owner = medium->owner;

    sl_stream_unlisten(&medium->variant_end);
    sl_variant_release(medium->variant);
    for (size_t kind = 0; kind < 2; kind++)
        sl_codec_config_unref(medium->sent[kind].config);
    sl_worker_add_load(sl_rtsp_lane_worker(medium->lane), -1);
    free(medium);
    ops->on_closed(owner);
    seat->media--;
    seat->ops->on_left(seat->owner);
}

static void let_go(struct sl_medium *medium)
{
    if (--medium->open == 0)
        sl_loop_later(medium->rtsp->config.loop, &medium->closed);
}

static void on_part_closed(void *owner)
{
    let_go(owner);
}

static void close_probe(struct sl_medium *medium)
{
    if (medium->probe)
        sl_rtsp_probe_close(medium->probe);
    medium->probe = NULL;
}

static void close_medium(struct sl_medium *medium)
{
    medium->seat->medium = NULL;
    medium->seat->is_seen = false;
    medium->is_closed = true;
    sl_stream_unlisten(&medium->source);
    sl_later_cancel(&medium->changed);
    close_probe(medium);
    if (medium->player)
        sl_rtsp_player_close(medium->player);
    medium->player = NULL;
    let_go(medium);
}

/* ---- Begin ---- */

/* Without what came by itself: a key frame that shows the codec, and its parameter sets. */
static void on_seen(void *owner, const struct sl_rtsp_sight seen[2])
{
    struct sl_medium *medium = owner;

    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        enum sl_codec codec = seen[kind].codec ? seen[kind].codec : codec_of(medium->tracks[kind]);
        set_sent(medium, kind, codec, seen[kind].config);
    }
    close_probe(medium);
    medium->seat->is_seen = true;
    medium->seat->ops->on_seen(medium->seat->owner);
}

static const struct sl_rtsp_probe_ops probe_ops = {.on_seen = on_seen, .on_closed = on_part_closed};

static void start(struct sl_medium *medium)
{
    medium->open++;
    medium->probe =
        sl_rtsp_probe_create(medium->rtsp->config.loop, sl_rtsp_lane_worker(medium->lane),
                             medium->tracks, &probe_ops, medium);
}

static struct sl_medium *medium_create(struct sl_rtsp_seat *seat,
                                       const struct sl_medium_request *request)
{
    struct sl_rtsp *rtsp = seat->rtsp;
    struct sl_medium *medium = sl_new(struct sl_medium);

    medium->rtsp = rtsp;
    medium->seat = seat;
    seat->media++;
    medium->ops = request->ops;
    medium->owner = request->owner;
    medium->requested_us = request->requested_us;
    medium->open = 1;
    medium->closed.run = on_nothing_left;
    medium->lane = seat->lane;
    if (!medium->lane) {
        struct sl_worker *home = sl_stream_worker(request->stream);
        struct sl_worker *worker = sl_workers_pick_sink(rtsp->config.workers, home);
        medium->lane = rtsp->lanes[sl_worker_index(worker)];
    }
    sl_worker_add_load(sl_rtsp_lane_worker(medium->lane), 1);
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        medium->tracks[kind] = sl_stream_track(request->stream, kind);
        medium->ssrcs[kind] = sl_ssrc_draw(medium->ssrcs, kind);
    }
    medium->changed.run = on_changed;
    medium->source.on_codec = on_codec;
    sl_stream_listen(request->stream, &medium->source);
    return medium;
}

static void tell_facts(struct sl_medium *medium, struct sl_medium_facts *facts)
{
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        set_sent(medium, kind, codec_of(medium->tracks[kind]), NULL);
        facts->codecs[kind] = medium->sent[kind].codec;
        facts->flows[kind] = medium->tracks[kind] != NULL;
    }
    if (!medium->variant)
        return;
    facts->made[SL_AUDIO] = sl_variant_stream(medium->variant);
    facts->encoders[SL_AUDIO] = sl_variant_encoder(medium->variant);
    medium->variant_end.on_end = on_variant_end;
    sl_stream_listen(sl_variant_stream(medium->variant), &medium->variant_end);
}

static enum sl_reason begin(void *arg, const struct sl_medium_request *request,
                            struct sl_medium_facts *facts, struct sl_medium **out)
{
    struct sl_rtsp_seat *seat = arg;

    *facts = (struct sl_medium_facts){.stream = NULL};
    *out = seat->medium = medium_create(seat, request);
    enum sl_reason reason = make_sound(seat->medium, request->stream);
    if (reason)
        return reason;
    tell_facts(seat->medium, facts);
    return facts->flows[SL_AUDIO] || facts->flows[SL_VIDEO] ? SL_REASON_NONE : SL_REASON_NO_CODECS;
}

/* ---- Figures ---- */

static uint64_t load(const _Atomic uint64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

static bool figures(struct sl_medium *medium, int64_t now_us, struct sl_medium_figures *out)
{
    if (!medium->player)
        return false;
    const struct sl_flow_stats *stats = sl_rtsp_player_stats(medium->player);
    if (!sl_flow_rates_update(&medium->rates, stats, now_us))
        return false;
    *out = (struct sl_medium_figures){
        .audio_bps = medium->rates.audio_bps,
        .video_bps = medium->rates.video_bps,
        .video_fps = medium->rates.video_fps,
        .lost = load(&stats->lost),
        .rtt_us = atomic_load_explicit(&stats->rtt_us, memory_order_relaxed),
        .video_flows = medium->rates.video_flows,
    };
    return true;
}

static enum sl_rtsp_lower lower_of(const struct sl_medium *medium, size_t but)
{
    for (size_t kind = 0; kind < 2; kind++) {
        if (kind != but && medium->ways[kind].is_set_up)
            return medium->ways[kind].transport.lower;
    }
    return SL_RTSP_ANY;
}

static bool uses_tcp(const struct sl_medium *medium)
{
    return lower_of(medium, 2) == SL_RTSP_TCP;
}

/* ---- The player ---- */

static void on_prepared(void *owner, const bool has[2], const struct sl_flow_next next[2])
{
    const struct sl_medium *medium = owner;

    medium->seat->ops->on_prepared(medium->seat->owner, has, next);
}

static void on_started(void *owner)
{
    const struct sl_medium *medium = owner;

    medium->ops->on_state(medium->owner, SL_MEDIUM_FLOWS, SL_REASON_NONE);
}

static const struct sl_rtsp_player_ops player_ops = {
    .on_prepared = on_prepared, .on_started = on_started, .on_closed = on_part_closed};

static void fill_media(const struct sl_medium *medium, enum sl_media_kind kind,
                       struct sl_media *media)
{
    const struct sl_rtsp_track *sent = &medium->sent[kind];

    media->kind = kind;
    media->accepted = medium->ways[kind].is_set_up;
    media->direction = SL_SDP_SENDONLY;
    media->local_ssrc = medium->ssrcs[kind];
    media->transport = kind;
    media->codec_count = 1;
    media->codecs[0] = (struct sl_media_codec){.codec = sent->codec,
                                               .payload_type = sent->payload_type,
                                               .clock_hz = sent->clock_hz,
                                               .rtx_payload_type = -1};
}

static void create_player(struct sl_medium *medium, struct sl_rtsp_wire *wire, const char *cname)
{
    struct sl_negotiation *negotiation = sl_new(struct sl_negotiation);
    struct sl_rtsp_player_config config = {
        .control = medium->rtsp->config.loop,
        .lane = medium->lane,
        .wire = wire,
        .negotiation = negotiation,
        .cname = cname,
        .requested_us = medium->requested_us,
        .ops = &player_ops,
        .owner = medium,
    };

    negotiation->plain = true;
    negotiation->media_count = 2;
    negotiation->transport_count = 2;
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        fill_media(medium, kind, &negotiation->media[kind]);
        config.tracks[kind] = medium->tracks[kind];
        config.ways[kind] = medium->ways[kind];
    }
    medium->open++;
    medium->player = sl_rtsp_player_create(&config);
    free(negotiation);
}

bool sl_rtsp_medium_prepare(struct sl_medium *medium, struct sl_rtsp_wire *wire, const char *cname)
{
    struct sl_rtsp_lane *lane = medium->lane;

    if (!medium->player) {
        if (!sl_rtsp_wire_move(wire, sl_worker_loop(sl_rtsp_lane_worker(lane)),
                               sl_rtsp_lane_conns(lane)))
            return false;
        medium->seat->lane = lane;
        create_player(medium, wire, cname);
    }
    sl_rtsp_player_prepare(medium->player);
    return true;
}

void sl_rtsp_medium_go(struct sl_medium *medium)
{
    sl_rtsp_player_go(medium->player);
    medium->rates.at_us = sl_now_us();
    medium->ops->on_state(medium->owner, SL_MEDIUM_CONNECTED, SL_REASON_NONE);
}

void sl_rtsp_medium_pause(struct sl_medium *medium)
{
    if (medium->player)
        sl_rtsp_player_pause(medium->player);
}

/* ---- Set-up ---- */

const struct sl_rtsp_track *sl_rtsp_medium_tracks(const struct sl_medium *medium)
{
    return medium->sent;
}

int sl_rtsp_medium_set_up(struct sl_medium *medium, int track, const char *header,
                          const struct sl_rtsp_wire *wire,
                          char out[static SL_RTSP_TRANSPORT_TEXT_MAX])
{
    if (track < 0 || track > SL_VIDEO || !medium->tracks[track])
        return -ENOENT;
    if (medium->player)
        return -EBUSY;
    const struct sl_rtsp_way *other = &medium->ways[track == SL_AUDIO ? SL_VIDEO : SL_AUDIO];
    const struct sl_rtsp_transport_wish wish = {
        .peer = sl_rtsp_wire_remote(wire),
        .lower = lower_of(medium, (size_t)track),
        .other = other->is_set_up ? &other->transport : NULL,
    };
    struct sl_rtsp_way way = {.is_set_up = true};
    int err = sl_rtsp_transport_choose(header, &wish, &way.transport);
    if (err == 0 && way.transport.lower == SL_RTSP_UDP)
        err = sl_rtsp_ports_get(sl_rtsp_lane_ports(medium->lane), medium->rtsp->config.config,
                                (enum sl_media_kind)track, sl_rtsp_wire_local(wire), &way.ours);
    if (err < 0)
        return err;
    medium->ways[track] = way;
    (void)sl_rtsp_transport_build(&way.transport, way.ours.port, medium->ssrcs[track], out);
    return 0;
}

void sl_rtsp_seat_init(struct sl_rtsp_seat *seat, struct sl_rtsp *rtsp,
                       const struct sl_rtsp_seat_ops *ops, void *owner)
{
    *seat = (struct sl_rtsp_seat){.rtsp = rtsp, .ops = ops, .owner = owner};
    seat->provider = (struct sl_provider){
        .name = "RTSP",
        .protocol = "rtsp",
        .arg = seat,
        .begin = begin,
        .start = start,
        .close = close_medium,
        .figures = figures,
        .uses_tcp = uses_tcp,
    };
}
