/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a client's offer to our answer and a peer: what publications and playbacks share. */
#include "base/error.h"
#include "base/random.h"
#include "negotiate/internal.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum {
    UFRAG_LEN = 16, /* 82 bits; RFC 8445 section 5.3 wants 24 and 128 */
    PWD_LEN = 26,
};

/* ---- Codecs ---- */

/* configuration.md 3.5: two codecs go by other names there. */
static enum sl_codec codec_of_option(const char *name)
{
    if (strcasecmp(name, "alaw") == 0)
        return SL_CODEC_PCMA;
    if (strcasecmp(name, "ulaw") == 0)
        return SL_CODEC_PCMU;
    return sl_codec_from_name(name);
}

size_t sl_setup_configured_codecs(const struct sl_config *config,
                                  enum sl_codec out[SL_SETUP_CODECS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < config->codecs.count && count < SL_SETUP_CODECS_MAX; i++) {
        const char *name = config->codecs.items[i];
        enum sl_codec codec = codec_of_option(name);
        if (sl_codec_is_for_webrtc(codec) &&
            !sl_string_list_has(&config->codecs_exclude_streaming, name))
            out[count++] = codec;
    }
    return count;
}

static void note_facts(struct sl_setup *setup)
{
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        const struct sl_media *media = sl_sdp_flowing_media(&setup->negotiation, kind);
        setup->facts->flows[kind] = media != NULL;
        setup->facts->codecs[kind] = media ? media->codecs[0].codec : SL_CODEC_NONE;
    }
}

enum sl_reason sl_setup_negotiate(struct sl_setup *setup, const struct sl_negotiate_config *config)
{
    const struct sl_medium_request *request = setup->request;
    struct sl_error error = {.text = ""};
    char quoted[sizeof(error.text) + 32];

    int err = request->offer
                  ? sl_sdp_parse(request->offer, strlen(request->offer), &setup->offer, &error)
                  : sl_error_set(&error, -EBADMSG, "no SDP");
    if (err == 0)
        err = sl_sdp_negotiate(setup->offer, config, &setup->negotiation, &error);
    if (err < 0 || error.text[0])
        sl_log(SL_LOG_INFO, request->log, "offer%s refused: %s", err < 0 ? "" : " in part",
               sl_log_quote(quoted, sizeof(quoted), error.text));
    if (setup->offer && setup->offer->odd_count > 0)
        sl_log(SL_LOG_INFO, request->log, "offer: %zu lines left out, the first: %s",
               setup->offer->odd_count,
               sl_log_quote(quoted, sizeof(quoted), setup->offer->odd.text));
    if (err == -ENOMSG)
        return SL_REASON_NO_CODECS;
    if (err < 0)
        return SL_REASON_BAD_OFFER;
    note_facts(setup);
    return setup->facts->flows[SL_AUDIO] || setup->facts->flows[SL_VIDEO] ? SL_REASON_NONE
                                                                          : SL_REASON_NO_CODECS;
}

/* ---- The answer ---- */

/* The client's word, else the configuration's (6.6). */
static bool wants_tcp(const struct sl_setup *setup)
{
    if (setup->request->transport == SL_TRANSPORT_DEFAULT)
        return setup->parts->config->ice_tcp_transport;
    return setup->request->transport == SL_TRANSPORT_TCP;
}

/* The bound that feedback keeps a publisher to; 0: none. */
static uint32_t max_bitrate_kbps(const struct sl_setup *setup)
{
    uint32_t asked = setup->request->max_bitrate_kbps;
    uint32_t allowed = (uint32_t)setup->parts->config->publish_max_bitrate;

    if (!setup->request->publish)
        return 0;
    if (asked == 0 || allowed == 0)
        return asked + allowed;
    return asked < allowed ? asked : allowed;
}

/* What b=AS says. Browsers take it for a wish as well: Chromium, which by itself sends 640x360 with
 * 1.7 Mbit/s at most, goes up to whatever is named. So nothing is, unless the page or the back end
 * asked; our own bound needs no words, feedback enforces it. */
static uint32_t named_bitrate_kbps(const struct sl_setup *setup)
{
    return setup->request->max_bitrate_kbps > 0 ? max_bitrate_kbps(setup) : 0;
}

static bool add_transport(struct sl_setup *setup, size_t index, struct sl_worker *worker)
{
    struct sl_sdp_local_transport *transport = &setup->answer.transports[index];
    bool tcp = wants_tcp(setup);

    sl_random_token(transport->ufrag, UFRAG_LEN);
    sl_random_token(transport->pwd, PWD_LEN);
    transport->candidates = setup->candidates[index];
    transport->candidate_count = sl_rtc_candidates(setup->parts->rtc, worker, index,
                                                   setup->request->via, setup->candidates[index]);
    transport->tcp = tcp;
    transport->udp = !tcp;
    return transport->candidate_count > 0;
}

enum sl_reason sl_setup_build_answer(struct sl_setup *setup, struct sl_worker *worker)
{
    setup->answer = (struct sl_sdp_answer_config){
        .product = "Sluice",
        .version = SLUICE_VERSION,
        .session_id_ms = setup->request->created_ms,
        .fingerprint = sl_rtc_fingerprint(setup->parts->rtc),
        .setup = SL_SDP_PASSIVE,
        .cname_id = setup->request->id,
        .max_bitrate_kbps = named_bitrate_kbps(setup),
    };
    for (size_t i = 0; i < setup->negotiation.transport_count; i++)
        if (!add_transport(setup, i, worker))
            return SL_REASON_BAD_OFFER; /* no second port: rtp_bundle=true, but the client has no
                                           BUNDLE */
    if (sl_sdp_build_answer(setup->offer, &setup->negotiation, &setup->answer, setup->text,
                            sizeof(setup->text)) < 0)
        return SL_REASON_BAD_OFFER;
    return SL_REASON_NONE;
}

void sl_setup_create_peer(struct sl_setup *setup, struct sl_worker *worker,
                          struct sl_track *const *tracks)
{
    const struct sl_medium_request *request = setup->request;
    struct sl_medium *medium = sl_new(struct sl_medium);
    struct sl_peer_config config = {
        .rtc = setup->parts->rtc,
        .worker = worker,
        .direction = request->publish ? SL_SDP_RECVONLY : SL_SDP_SENDONLY,
        .tcp_only = setup->answer.transports[0].tcp,
        .negotiation = &setup->negotiation,
        .cname = request->id,
        .max_bitrate_bps = max_bitrate_kbps(setup) * 1000,
        .requested_us = request->requested_us,
        .ops = setup->peer_ops,
        .owner = medium,
    };

    for (size_t i = 0; i < setup->negotiation.transport_count; i++) {
        memcpy(config.local[i].ufrag, setup->answer.transports[i].ufrag,
               sizeof(config.local[i].ufrag));
        memcpy(config.local[i].pwd, setup->answer.transports[i].pwd, sizeof(config.local[i].pwd));
    }
    if (tracks)
        memcpy(config.tracks, tracks, sizeof(config.tracks));
    medium->ops = request->ops;
    medium->owner = request->owner;
    medium->peer = sl_peer_create(&config);
    setup->medium = medium;
}
