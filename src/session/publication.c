/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starting a publication: its name, its tracks and its peer (websocket-api.md 5). */
#include "session/internal.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum { CODECS_MAX = 16 };

/* configuration.md 3.5: two codecs go by other names there. */
static enum sl_codec codec_of_option(const char *name)
{
    if (strcasecmp(name, "alaw") == 0)
        return SL_CODEC_PCMA;
    if (strcasecmp(name, "ulaw") == 0)
        return SL_CODEC_PCMU;
    return sl_codec_from_name(name);
}

static size_t configured_codecs(const struct sl_config *config, enum sl_codec out[CODECS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < config->codecs.count && count < CODECS_MAX; i++) {
        const char *name = config->codecs.items[i];
        enum sl_codec codec = codec_of_option(name);
        if (sl_codec_is_for_webrtc(codec) &&
            !sl_string_list_has(&config->codecs_exclude_streaming, name))
            out[count++] = codec;
    }
    return count;
}

/* Peer and stream need each other: the peer first, as the stream's source. */
static const char *connect_stream(struct media_setup *setup, struct sl_worker *worker,
                                  struct sl_stream_config *config)
{
    struct sl_media_session *media = setup->media;

    setup_create_peer(setup, worker, NULL);
    config->owner = media->peer;
    int err = sl_stream_create(media->sessions->config.streams, config, &media->stream);
    if (err < 0)
        return err == -EEXIST    ? SL_INFO_NAME_IN_USE
               : err == -ENOBUFS ? SL_INFO_STREAMS_MAX
                                 : SL_INFO_ERROR;
    audience_join(media, media->stream);
    media_listen(media, media->stream);
    sl_peer_set_tracks(media->peer, sl_stream_track(media->stream, SL_AUDIO),
                       sl_stream_track(media->stream, SL_VIDEO));
    return NULL;
}

static const char *set_up(struct media_setup *setup, struct sl_media_session *media)
{
    const struct sl_sessions_config *parts = &media->sessions->config;
    enum sl_codec codecs[CODECS_MAX];
    struct sl_negotiate_config negotiate = {
        .direction = SL_SDP_RECVONLY,
        .allow_bundle = parts->config->rtp_bundle,
        .video_orientation = media->video_orientation,
        .rtx = true, /* websocket-api.md 6.2 allows it; bandwidth probes need it, too */
        .codecs = codecs,
        .codec_count = configured_codecs(parts->config, codecs),
    };
    const char *problem = setup_negotiate(setup, media, &negotiate);
    if (problem)
        return problem;

    struct sl_worker *worker = sl_workers_pick_source(parts->workers);
    struct sl_stream_config config = {
        .name = media->name,
        .publisher = media_publisher(media),
        .worker = worker,
        .ops = &sl_peer_source_ops,
    };
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++)
        sl_track_config_from(sl_sdp_flowing_media(&setup->negotiation, kind), &config.tracks[kind]);
    problem = setup_build_answer(setup, worker);
    if (problem)
        return problem;
    return connect_stream(setup, worker, &config);
}

const char *publication_start(struct sl_media_session *media)
{
    if (!media_name_valid(media))
        return SL_INFO_ERROR;
    if (sl_streams_find(media->sessions->config.streams, media->name))
        return SL_INFO_NAME_IN_USE;
    struct media_setup *setup = sl_new(struct media_setup);
    const char *problem = set_up(setup, media);
    if (!problem) {
        const struct sl_session_ops *ops = media->session->ops;
        ops->on_remote_sdp(media->session->client, media->id, setup->text, true);
        sl_peer_start(media->peer);
    }
    setup_destroy(setup);
    return problem;
}
