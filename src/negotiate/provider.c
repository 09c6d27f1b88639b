/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The provider's interface: media are made, started, looked at and closed; and what their peers
 * report, in words that know no protocol. */
#include "base/clock.h"
#include "base/mem.h"
#include "negotiate/internal.h"

#include <assert.h>

static_assert((int)SL_MEDIUM_OFFER_MAX == (int)SL_SDP_TEXT_MAX,
              "what a session keeps of an offer is what the parser takes");

/* ---- What the peer reports ---- */

static enum sl_reason reason_of(enum sl_peer_failure failure)
{
    switch (failure) {
    case SL_PEER_OK:
    case SL_PEER_NO_SOCKET: /* of our own offers */
        return SL_REASON_ERROR;
    case SL_PEER_ICE_TIMEOUT:
        return SL_REASON_UNCONNECTED;
    case SL_PEER_CONSENT_LOST:
        return SL_REASON_CONNECTION_LOST;
    case SL_PEER_DTLS_FINGERPRINT:
        return SL_REASON_WRONG_KEY;
    case SL_PEER_DTLS_ERROR:
        return SL_REASON_NOT_SECURED;
    case SL_PEER_RTP_SILENCE:
        return SL_REASON_SILENT;
    case SL_PEER_DTLS_CLOSED:
        return SL_REASON_LEFT;
    }
    return SL_REASON_ERROR;
}

static void on_peer_state(void *owner, enum sl_peer_state state, enum sl_peer_failure failure)
{
    struct sl_medium *medium = owner;

    switch (state) {
    case SL_PEER_CONNECTING:
    case SL_PEER_CLOSED:
        break;
    case SL_PEER_CONNECTED:
        medium->rates.at_us = sl_now_us(); /* what flows is counted from here */
        medium->ops->on_state(medium->owner, SL_MEDIUM_CONNECTED, SL_REASON_NONE);
        break;
    case SL_PEER_STARTED:
        medium->ops->on_state(medium->owner, SL_MEDIUM_FLOWS, SL_REASON_NONE);
        break;
    case SL_PEER_FAILED:
        medium->ops->on_state(medium->owner, SL_MEDIUM_FAILED, reason_of(failure));
        break;
    }
}

static void on_peer_closed(void *owner)
{
    struct sl_medium *medium = owner;
    const struct sl_medium_ops *ops = medium->ops;
    void *told = medium->owner;

    for (size_t i = 0; i < SL_MEDIA_LAYERS_MAX; i++) {
        if (medium->layers[i])
            sl_stream_release(medium->layers[i]);
    }
    if (medium->stream)
        sl_stream_release(medium->stream);
    sl_made_release(medium);
    sl_narrow_release(medium);
    free(medium->answer);
    free(medium);
    ops->on_closed(told);
}

static const struct sl_peer_ops peer_ops = {
    .on_state = on_peer_state,
    .on_closed = on_peer_closed,
};

/* ---- The interface ---- */

static enum sl_reason begin(void *arg, const struct sl_medium_request *request,
                            struct sl_medium_facts *facts, struct sl_medium **out)
{
    const struct sl_webrtc_provider *provider = arg;
    struct sl_setup *setup = sl_new(struct sl_setup);

    *facts = (struct sl_medium_facts){.stream = NULL};
    setup->parts = &provider->config;
    setup->request = request;
    setup->facts = facts;
    setup->peer_ops = &peer_ops;
    enum sl_reason reason =
        request->publish ? sl_publication_set_up(setup) : sl_playback_set_up(setup);
    if (!reason) {
        setup->medium->answer = sl_strdup(setup->text);
        facts->answer = setup->medium->answer;
    }
    *out = setup->medium;
    for (size_t i = 0; i < SL_ARRAY_LEN(setup->variants); i++)
        sl_variant_release(setup->variants[i]); /* of a set-up that failed */
    sl_sdp_free(setup->offer);
    free(setup);
    return reason;
}

static void start(struct sl_medium *medium)
{
    free(medium->answer);
    medium->answer = NULL;
    sl_peer_start(medium->peer);
}

/* In the order of stream.h: the stream ends (and with it its players), the peer leaves its worker,
 * then the stream is given up and the memory goes. */
static void close_medium(struct sl_medium *medium)
{
    if (medium->stream)
        sl_stream_end(medium->stream);
    sl_made_watch_no_more(medium);
    sl_narrow_close(medium);
    sl_peer_close(medium->peer);
}

static uint64_t load(const _Atomic uint64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

static bool figures(struct sl_medium *medium, int64_t now_us, struct sl_medium_figures *out)
{
    const struct sl_flow_stats *stats = sl_peer_stats(medium->peer);

    if (!sl_flow_rates_update(&medium->rates, stats, now_us))
        return false;
    *out = (struct sl_medium_figures){
        .audio_bps = medium->rates.audio_bps,
        .video_bps = medium->rates.video_bps,
        .video_fps = medium->rates.video_fps,
        .nack = load(&stats->nack),
        .pli = load(&stats->pli),
        .lost = load(&stats->lost),
        .rtt_us = atomic_load_explicit(&stats->rtt_us, memory_order_relaxed),
        .video_flows = medium->rates.video_flows,
    };
    const struct sl_flow_stats *sent = sl_peer_sent_stats(medium->peer);
    if (sent) {
        out->limit_bps = load(&sent->limit_bps);
        out->offered_bps = load(&sent->offered_bps);
        out->layered = atomic_load_explicit(&sent->layered, memory_order_relaxed);
    }
    sl_narrow_look(medium, out, now_us);
    out->stands_in = medium->narrow.state == STANDS_IN;
    out->smaller = medium->layered.layer != NULL && !out->stands_in;
    return true;
}

static bool uses_tcp(const struct sl_medium *medium)
{
    return sl_peer_uses_tcp(medium->peer);
}

static void watch(struct sl_medium *medium, struct sl_capture *capture)
{
    sl_peer_watch(medium->peer, capture);
}

static void show(struct sl_medium *medium, struct sl_stream *stream)
{
    bool made = medium->made[SL_AUDIO].variant || medium->made[SL_VIDEO].variant;

    /* What is made of its own one may have come while it saw the other. */
    if (stream ? made : !medium->narrow.suspended)
        return;
    if (!stream)
        sl_made_look(medium); /* while it is suspended: it is moved once, below */
    sl_narrow_suspend(medium, stream != NULL);
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        struct sl_variant *variant = medium->made[kind].variant;
        struct sl_track *track = stream    ? sl_stream_track(stream, kind)
                                 : variant ? sl_variant_track(variant)
                                           : sl_stream_track(medium->played, kind);
        if (track)
            (void)sl_peer_move(medium->peer, kind, track); /* a kind that it does not have */
    }
}

struct sl_webrtc_provider *sl_webrtc_provider_create(const struct sl_webrtc_provider_config *config)
{
    struct sl_webrtc_provider *provider = sl_new(struct sl_webrtc_provider);

    provider->config = *config;
    provider->interface = (struct sl_provider){
        .name = "WebRTC",
        .protocol = "webrtc",
        .arg = provider,
        .begin = begin,
        .start = start,
        .close = close_medium,
        .figures = figures,
        .uses_tcp = uses_tcp,
        .watch = watch,
        .show = show,
    };
    return provider;
}

const struct sl_provider *sl_webrtc_provider_interface(const struct sl_webrtc_provider *provider)
{
    return &provider->interface;
}

void sl_webrtc_provider_destroy(struct sl_webrtc_provider *provider)
{
    free(provider);
}
