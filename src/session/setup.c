/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a client's offer to our answer and a peer: what publications and playbacks share. */
#include "base/error.h"
#include "base/random.h"
#include "session/internal.h"

#include <errno.h>
#include <string.h>

enum {
    UFRAG_LEN = 16, /* 82 bits; RFC 8445 section 5.3 wants 24 and 128 */
    PWD_LEN = 26,
};

const char *setup_negotiate(struct media_setup *setup, struct sl_media_session *media,
                            const struct sl_negotiate_config *config)
{
    struct sl_error error = {.text = ""};
    char quoted[sizeof(error.text) + 32];

    setup->media = media;
    int err = media->sdp ? sl_sdp_parse(media->sdp, strlen(media->sdp), &setup->offer, &error)
                         : sl_error_set(&error, -EBADMSG, "no SDP");
    if (err == 0)
        err = sl_sdp_negotiate(setup->offer, config, &setup->negotiation, &error);
    if (err < 0 || error.text[0])
        sl_log(SL_LOG_INFO, &media->log, "offer%s refused: %s", err < 0 ? "" : " in part",
               sl_log_quote(quoted, sizeof(quoted), error.text));
    if (setup->offer && setup->offer->odd_count > 0)
        sl_log(SL_LOG_INFO, &media->log, "offer: %zu lines left out, the first: %s",
               setup->offer->odd_count,
               sl_log_quote(quoted, sizeof(quoted), setup->offer->odd.text));
    if (err == -ENOMSG)
        return SL_INFO_NO_CODECS;
    if (err < 0)
        return SL_INFO_PROXY;

    const struct sl_media *audio = sl_sdp_flowing_media(&setup->negotiation, SL_AUDIO);
    const struct sl_media *video = sl_sdp_flowing_media(&setup->negotiation, SL_VIDEO);
    if (!audio && !video)
        return SL_INFO_NO_CODECS;
    media->has_audio = audio != NULL;
    media->has_video = video != NULL;
    media->codecs[SL_AUDIO] = audio ? audio->codecs[0].codec : SL_CODEC_NONE;
    media->codecs[SL_VIDEO] = video ? video->codecs[0].codec : SL_CODEC_NONE;
    return NULL;
}

/* ---- The answer ---- */

/* The client's word, else the configuration's (6.6). */
static bool wants_tcp(const struct sl_media_session *media)
{
    if (media->transport == SL_TRANSPORT_DEFAULT)
        return media->sessions->config.config->ice_tcp_transport;
    return media->transport == SL_TRANSPORT_TCP;
}

/* The bound that feedback keeps a publisher to; 0: none. */
static uint32_t max_bitrate_kbps(const struct sl_media_session *media)
{
    uint32_t asked = (uint32_t)media->max_bitrate_kbps;
    uint32_t allowed = (uint32_t)media->sessions->config.config->publish_max_bitrate;

    if (!media->publish)
        return 0;
    if (asked == 0 || allowed == 0)
        return asked + allowed;
    return asked < allowed ? asked : allowed;
}

/* What b=AS says. Browsers take it for a wish as well: Chromium, which by itself sends 640x360 with
 * 1.7 Mbit/s at most, goes up to whatever is named. So nothing is, unless the page or the back end
 * asked; our own bound needs no words, feedback enforces it. */
static uint32_t named_bitrate_kbps(const struct sl_media_session *media)
{
    return media->max_bitrate_kbps > 0 ? max_bitrate_kbps(media) : 0;
}

static bool add_transport(struct media_setup *setup, size_t index, struct sl_worker *worker)
{
    struct sl_sdp_local_transport *transport = &setup->answer.transports[index];
    bool tcp = wants_tcp(setup->media);

    sl_random_token(transport->ufrag, UFRAG_LEN);
    sl_random_token(transport->pwd, PWD_LEN);
    transport->candidates = setup->candidates[index];
    transport->candidate_count =
        sl_rtc_candidates(setup->media->sessions->config.rtc, worker, index,
                          &setup->media->session->local, setup->candidates[index]);
    transport->tcp = tcp;
    transport->udp = !tcp;
    return transport->candidate_count > 0;
}

const char *setup_build_answer(struct media_setup *setup, struct sl_worker *worker)
{
    const struct sl_media_session *media = setup->media;

    setup->answer = (struct sl_sdp_answer_config){
        .product = "Sluice",
        .version = SLUICE_VERSION,
        .session_id_ms = media->created_ms,
        .fingerprint = sl_rtc_fingerprint(media->sessions->config.rtc),
        .setup = SL_SDP_PASSIVE,
        .cname_id = media->id,
        .max_bitrate_kbps = named_bitrate_kbps(media),
    };
    for (size_t i = 0; i < setup->negotiation.transport_count; i++)
        if (!add_transport(setup, i, worker))
            return SL_INFO_PROXY; /* no second port: rtp_bundle=true, but the client has no BUNDLE
                                   */
    if (sl_sdp_build_answer(setup->offer, &setup->negotiation, &setup->answer, setup->text,
                            sizeof(setup->text)) < 0)
        return SL_INFO_PROXY;
    return NULL;
}

void setup_create_peer(struct media_setup *setup, struct sl_worker *worker,
                       struct sl_track *const *tracks)
{
    struct sl_media_session *media = setup->media;
    struct sl_peer_config config = {
        .rtc = media->sessions->config.rtc,
        .worker = worker,
        .direction = media->publish ? SL_SDP_RECVONLY : SL_SDP_SENDONLY,
        .tcp_only = setup->answer.transports[0].tcp,
        .negotiation = &setup->negotiation,
        .cname = media->id,
        .max_bitrate_bps = max_bitrate_kbps(media) * 1000,
        .requested_us = media->requested_us,
        .ops = &media_peer_ops,
        .owner = media,
    };

    for (size_t i = 0; i < setup->negotiation.transport_count; i++) {
        memcpy(config.local[i].ufrag, setup->answer.transports[i].ufrag,
               sizeof(config.local[i].ufrag));
        memcpy(config.local[i].pwd, setup->answer.transports[i].pwd, sizeof(config.local[i].pwd));
    }
    if (tracks)
        memcpy(config.tracks, tracks, sizeof(config.tracks));
    media->peer = sl_peer_create(&config);
}

void setup_destroy(struct media_setup *setup)
{
    if (setup)
        sl_sdp_free(setup->offer);
    free(setup);
}
