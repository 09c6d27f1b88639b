/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A publication: the codecs that are taken, its stream and the peer that feeds it
 * (websocket-api.md 5). */
#include "negotiate/internal.h"

#include <errno.h>

static enum sl_reason reason_of(int err)
{
    return err == -EEXIST    ? SL_REASON_NAME_IN_USE
           : err == -ENOBUFS ? SL_REASON_STREAMS_MAX
                             : SL_REASON_ERROR;
}

/* A stream for each of the sizes that its pictures come in. */
static enum sl_reason connect_layers(struct sl_setup *setup, const struct sl_stream_config *stream)
{
    const struct sl_media *media = sl_sdp_flowing_media(&setup->negotiation, SL_VIDEO);
    struct sl_medium *medium = setup->medium;
    struct sl_stream_config config = {.of = medium->stream,
                                      .is_layer = true,
                                      .worker = stream->worker,
                                      .ops = &sl_peer_layer_ops,
                                      .owner = medium->peer};

    config.tracks[SL_VIDEO] = stream->tracks[SL_VIDEO];
    for (size_t i = 0; media && i < media->layer_count; i++) {
        int err = sl_stream_create(setup->parts->streams, &config, &medium->layers[i]);
        if (err < 0)
            return reason_of(err);
        sl_peer_set_layer(medium->peer, i, sl_stream_track(medium->layers[i], SL_VIDEO));
    }
    return SL_REASON_NONE;
}

/* Peer and stream need each other: the peer first, as the stream's source. */
static enum sl_reason connect_stream(struct sl_setup *setup, struct sl_worker *worker,
                                     struct sl_stream_config *config)
{
    sl_setup_create_peer(setup, worker, NULL);
    struct sl_medium *medium = setup->medium;
    config->owner = medium->peer;
    int err = sl_stream_create(setup->parts->streams, config, &medium->stream);
    if (err < 0)
        return reason_of(err);
    setup->facts->stream = medium->stream;
    sl_peer_set_tracks(medium->peer, sl_stream_track(medium->stream, SL_AUDIO),
                       sl_stream_track(medium->stream, SL_VIDEO));
    return connect_layers(setup, config);
}

enum sl_reason sl_publication_set_up(struct sl_setup *setup)
{
    const struct sl_webrtc_provider_config *parts = setup->parts;
    enum sl_codec codecs[SL_SETUP_CODECS_MAX];
    struct sl_negotiate_config negotiate = {
        .direction = SL_SDP_RECVONLY,
        .allow_bundle = parts->config->rtp_bundle,
        .video_orientation = setup->request->video_orientation,
        .simulcast = parts->config->simulcast,
        .rtx = true, /* websocket-api.md 6.2 allows it; bandwidth probes need it, too */
        .codecs = codecs,
        .codec_count = sl_setup_configured_codecs(parts->config, codecs),
    };
    enum sl_reason reason = sl_setup_negotiate(setup, &negotiate);
    if (reason)
        return reason;

    struct sl_worker *worker = sl_workers_pick_source(parts->workers);
    struct sl_stream_config config = {.name = setup->request->name,
                                      .publisher = *setup->request->publisher,
                                      .worker = worker,
                                      .ops = &sl_peer_source_ops};
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++)
        sl_track_config_from(sl_sdp_flowing_media(&setup->negotiation, kind), &config.tracks[kind]);
    reason = sl_setup_build_answer(setup, worker);
    return reason ? reason : connect_stream(setup, worker, &config);
}
