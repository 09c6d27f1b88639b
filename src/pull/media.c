/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From our offer and their answer to a peer and a stream. */
#include "pull/media.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "media/media.h"
#include "net/net.h"

#include <errno.h>
#include <string.h>

enum {
    UFRAG_LEN = 16, /* RFC 8445 section 5.3 wants 24 bits and 128 */
    PWD_LEN = 26,
};

struct pull_media {
    struct pull_media_config config; /* its texts are the members below */
    char *name, *cname;
    char ufrag[UFRAG_LEN + 1], pwd[PWD_LEN + 1];
    struct sl_sdp *offer; /* ours, as parsed */
    char *offer_text;
    struct sl_peer *peer;     /* NULL before the answer */
    struct sl_stream *stream; /* brought: ours to release; taken: borrowed */
    bool ended;
};

static bool brings(const struct pull_media *media)
{
    return media->config.taken == NULL;
}

/* ---- The offer ---- */

static void offer_taken(struct pull_media *media, struct sl_sdp_offer_config *offer,
                        struct sl_source_codec codecs[2][SL_TRACK_CODECS_MAX])
{
    struct sl_stream *stream = media->config.taken;
    uint32_t ssrcs[3];

    offer->direction = SL_SDP_SENDONLY;
    offer->downlink_estimation = media->config.downlink_estimation;
    offer->audio_codecs = codecs[SL_AUDIO];
    offer->video_codecs = codecs[SL_VIDEO];
    offer->audio_codec_count =
        sl_track_source_codecs(sl_stream_track(stream, SL_AUDIO), codecs[SL_AUDIO]);
    offer->video_codec_count =
        sl_track_source_codecs(sl_stream_track(stream, SL_VIDEO), codecs[SL_VIDEO]);
    offer->audio = offer->audio_codec_count > 0;
    offer->video = offer->video_codec_count > 0;
    for (size_t i = 0; i < SL_ARRAY_LEN(ssrcs); i++)
        ssrcs[i] = sl_ssrc_draw(ssrcs, i);
    offer->audio_ssrc = ssrcs[0];
    offer->video_ssrc = ssrcs[1];
    offer->video_rtx_ssrc = ssrcs[2];
}

static void make_offer(struct pull_media *media)
{
    struct sl_source_codec codecs[2][SL_TRACK_CODECS_MAX];
    struct sl_sdp_offer_config config = {
        .direction = SL_SDP_RECVONLY,
        .audio = true,
        .video = true,
        .ufrag = media->ufrag,
        .pwd = media->pwd,
        .fingerprint = sl_rtc_fingerprint(media->config.rtc),
        .cname = media->cname,
    };
    char *text = sl_alloc(SL_SDP_TEXT_MAX);

    if (!brings(media))
        offer_taken(media, &config, codecs);
    int len =
        config.audio || config.video ? sl_sdp_build_offer(&config, text, SL_SDP_TEXT_MAX) : -1;
    /* What we wrote is what the answer will be held against. */
    if (len > 0 && sl_sdp_parse(text, (size_t)len, &media->offer, NULL) == 0)
        media->offer_text = sl_strdup(text);
    free(text);
}

const char *sl_pull_media_offer(const struct pull_media *media)
{
    return media->offer_text;
}

bool sl_pull_media_has(const struct pull_media *media, enum sl_media_kind kind)
{
    const char *name = kind == SL_AUDIO ? "audio" : "video";

    for (size_t i = 0; media->offer && i < media->offer->section_count; i++) {
        if (strcmp(media->offer->sections[i].kind, name) == 0)
            return true;
    }
    return false;
}

/* ---- The peer's reports ---- */

static const char *words_of(enum sl_peer_failure failure)
{
    switch (failure) {
    case SL_PEER_OK:
        break;
    case SL_PEER_ICE_TIMEOUT:
        return "no address of the server answers";
    case SL_PEER_CONSENT_LOST:
        return "the media path is dead";
    case SL_PEER_DTLS_FINGERPRINT:
        return "its certificate is not the one of its answer";
    case SL_PEER_DTLS_ERROR:
        return "the DTLS handshake failed";
    case SL_PEER_RTP_SILENCE:
        return "no media comes any more";
    case SL_PEER_DTLS_CLOSED:
        return "the server closed the media";
    case SL_PEER_NO_SOCKET:
        return "no UDP port or no address of the server's family here";
    }
    return "the media failed";
}

static void on_state(void *owner, enum sl_peer_state state, enum sl_peer_failure failure)
{
    struct pull_media *media = owner;

    if (media->ended)
        return;
    if (state == SL_PEER_STARTED) {
        if (brings(media))
            sl_stream_set_live(media->stream);
        media->config.ops->on_media(media->config.owner);
    } else if (state == SL_PEER_FAILED) {
        media->config.ops->on_failed(media->config.owner, words_of(failure));
    }
}

static void finish(struct pull_media *media)
{
    void (*on_closed)(void *arg) = media->config.on_closed;
    void *arg = media->config.closed_arg;

    if (brings(media))
        sl_stream_release(media->stream);
    sl_sdp_free(media->offer);
    free(media->offer_text);
    free(media->name);
    free(media->cname);
    free(media);
    on_closed(arg);
}

static void on_closed(void *owner)
{
    finish(owner);
}

static const struct sl_peer_ops peer_ops = {.on_state = on_state, .on_closed = on_closed};

/* ---- The answer ---- */

/* Checks go where the server says, but not to addresses that it has no business to send us to. */
static void take_candidates(const struct sl_sdp_section *section, const struct sl_addr *server,
                            size_t transport, struct sl_peer_offered *out)
{
    struct sl_reach reach = {.who = SL_REACH_CANDIDATE, .from = server, .from_count = 1};

    for (size_t i = 0; i < section->candidate_count; i++) {
        const struct sl_sdp_candidate *candidate = &section->candidates[i];
        size_t *count = &out->candidate_count[transport];
        struct sl_addr *addr = &out->candidates[transport][*count];
        /* Component 2 is for RTCP without rtcp-mux, which we do not have. */
        if (candidate->tcp || candidate->component != 1 || candidate->port == 0 ||
            *count == SL_PEER_CANDIDATES_MAX ||
            sl_addr_parse_ip(candidate->ip, candidate->port, addr) < 0)
            continue;
        *count += sl_reach_may(&reach, addr);
    }
}

/* Those of the first section on each transport (sdp.h, sl_sdp_accept_answer()). */
static int find_candidates(const struct sl_sdp *answer, const struct sl_negotiation *negotiation,
                           const struct sl_addr *server, struct sl_peer_offered *out,
                           struct sl_error *error)
{
    for (size_t t = 0; t < negotiation->transport_count; t++) {
        for (size_t i = 0; i < negotiation->media_count && out->candidate_count[t] == 0; i++) {
            const struct sl_media *section = &negotiation->media[i];
            if (section->accepted && section->transport == t)
                take_candidates(&answer->sections[i], server, t, out);
        }
        if (out->candidate_count[t] == 0)
            return sl_error_set(error, -EHOSTUNREACH, "the answer has no address we may use");
    }
    return 0;
}

static int create_stream(struct pull_media *media, struct sl_negotiation *negotiation,
                         struct sl_worker *worker, struct sl_error *error)
{
    struct sl_stream_config config = {
        .name = media->name,
        .worker = worker,
        .publisher = media->config.publisher,
        .ops = &sl_peer_source_ops,
        .owner = media->peer,
        .reservation = media->config.reservation,
        .unlisted_until_live = true,
    };

    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++)
        sl_track_config_from(sl_sdp_flowing_media(negotiation, kind), &config.tracks[kind]);
    int err = sl_stream_create(media->config.streams, &config, &media->stream);
    if (err < 0)
        return sl_error_set(error, err, "no room for another stream");
    sl_peer_set_tracks(media->peer, sl_stream_track(media->stream, SL_AUDIO),
                       sl_stream_track(media->stream, SL_VIDEO));
    return 0;
}

static int start(struct pull_media *media, struct sl_negotiation *negotiation,
                 const struct sl_peer_offered *offered, struct sl_error *error)
{
    struct sl_workers *workers = media->config.workers;
    struct sl_worker *worker = brings(media)
                                   ? sl_workers_pick_source(workers)
                                   : sl_workers_pick_sink(workers, sl_stream_worker(media->stream));
    struct sl_peer_config config = {
        .rtc = media->config.rtc,
        .worker = worker,
        .direction = brings(media) ? SL_SDP_RECVONLY : SL_SDP_SENDONLY,
        .offered = offered,
        .negotiation = negotiation,
        .cname = media->cname,
        .max_bitrate_bps = media->config.max_bitrate_bps,
        .ops = &peer_ops,
        .owner = media,
    };
    int err = 0;

    for (size_t i = 0; i < negotiation->transport_count; i++) {
        memcpy(config.local[i].ufrag, media->ufrag, sizeof(media->ufrag));
        memcpy(config.local[i].pwd, media->pwd, sizeof(media->pwd));
    }
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        if (!brings(media) && sl_sdp_flowing_media(negotiation, kind))
            config.tracks[kind] = sl_stream_track(media->stream, kind);
    }
    media->peer = sl_peer_create(&config);
    if (brings(media))
        err = create_stream(media, negotiation, worker, error);
    if (err == 0)
        sl_peer_start(media->peer);
    return err;
}

int sl_pull_media_answer(struct pull_media *media, const char *text, const struct sl_addr *server,
                         struct sl_error *error)
{
    struct sl_negotiation *negotiation = sl_new(struct sl_negotiation);
    struct sl_peer_offered offered = {0};
    struct sl_sdp *answer = NULL;

    int err = sl_sdp_parse(text, strlen(text), &answer, error);
    if (err == 0)
        err = sl_sdp_accept_answer(media->offer, answer, negotiation, error);
    if (err == 0)
        err = find_candidates(answer, negotiation, server, &offered, error);
    if (err == 0)
        err = start(media, negotiation, &offered, error);
    sl_sdp_free(answer);
    free(negotiation);
    return err;
}

/* ---- Life ---- */

struct pull_media *sl_pull_media_create(const struct pull_media_config *config)
{
    struct pull_media *media = sl_new(struct pull_media);

    media->config = *config;
    media->config.name = media->name = sl_strdup_or_null(config->name);
    media->config.cname = media->cname = sl_strdup(config->cname);
    media->stream = config->taken;
    sl_random_token(media->ufrag, UFRAG_LEN);
    sl_random_token(media->pwd, PWD_LEN);
    make_offer(media);
    return media;
}

struct sl_stream *sl_pull_media_stream(const struct pull_media *media)
{
    return media->stream;
}

const struct sl_flow_stats *sl_pull_media_stats(const struct pull_media *media)
{
    return media->peer ? sl_peer_stats(media->peer) : NULL;
}

void sl_pull_media_end(struct pull_media *media)
{
    if (!media || media->ended)
        return;
    media->ended = true;
    if (brings(media) && media->stream)
        sl_stream_end(media->stream);
    if (media->peer)
        sl_peer_close(media->peer); /* on_closed() finishes */
    else
        finish(media);
}
