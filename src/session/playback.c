/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starting a playback: its source, and a peer that sends it (websocket-api.md 7). */
#include "session/internal.h"

#include <ctype.h>
#include <string.h>

/* "rtsp://...", "vod://...": other sources than published streams (RFC 3986 section 3.1). */
static bool has_scheme(const char *name)
{
    const char *end = strstr(name, "://");

    if (!end || !isalpha((unsigned char)*name))
        return false;
    for (const char *p = name; p < end; p++)
        if (!isalnum((unsigned char)*p) && !strchr("+-.", *p))
            return false;
    return true;
}

static const char *why_not(struct sl_streams *streams, const char *name)
{
    struct sl_stream *stream = sl_streams_find(streams, name);

    if (!stream)
        return SL_INFO_STREAM_NOT_FOUND;
    return sl_stream_is_live(stream) ? NULL : SL_INFO_NOT_READY;
}

const char *sl_sessions_why_not_playable(struct sl_sessions *sessions, const char *name)
{
    return why_not(sessions->config.streams, name);
}

const char *playback_refusal(const struct sl_media_session *media)
{
    if (has_scheme(media->name))
        return SL_INFO_AGENT_STORAGE;
    if (!media_name_valid(media))
        return SL_INFO_ERROR;
    if (media->bitrate_kbps || media->quality || media->asked_width || media->asked_height)
        return SL_INFO_TRANSCODING;
    return NULL;
}

static bool is_full(const struct sl_sessions *sessions, const struct sl_stream *stream)
{
    int64_t max = sessions->config.config->players_per_stream_max;

    return max > 0 && sl_stream_takers(stream, SL_TAKER_VIEWER) >= (size_t)max;
}

static bool has_rtx(const struct sl_media *media)
{
    for (size_t i = 0; i < media->codec_count; i++)
        if (media->codecs[i].rtx_payload_type >= 0)
            return true;
    return false;
}

static void draw_ssrcs(struct media_setup *setup)
{
    uint32_t drawn[4];
    size_t count = 0;

    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        struct sl_media *media = sl_sdp_flowing_media(&setup->negotiation, kind);
        if (!media)
            continue;
        media->local_ssrc = drawn[count] = sl_ssrc_draw(drawn, count);
        count++;
        if (!has_rtx(media))
            continue;
        media->local_rtx_ssrc = drawn[count] = sl_ssrc_draw(drawn, count);
        count++;
    }
}

static const char *set_up(struct media_setup *setup, struct sl_media_session *media,
                          struct sl_stream *stream)
{
    const struct sl_sessions_config *parts = &media->sessions->config;
    struct sl_source_codec audio[SL_TRACK_CODECS_MAX], video[SL_TRACK_CODECS_MAX];
    struct sl_track *tracks[2] = {sl_stream_track(stream, SL_AUDIO),
                                  sl_stream_track(stream, SL_VIDEO)};
    struct sl_negotiate_config negotiate = {
        .direction = SL_SDP_SENDONLY,
        .allow_bundle = parts->config->rtp_bundle,
        .video_orientation = media->video_orientation,
        .rtx = true,
        .audio = audio,
        .video = video,
        .audio_count = sl_track_source_codecs(tracks[SL_AUDIO], audio),
        .video_count = sl_track_source_codecs(tracks[SL_VIDEO], video),
    };
    const char *problem = setup_negotiate(setup, media, &negotiate);
    if (problem)
        return problem;

    draw_ssrcs(setup);
    struct sl_worker *worker = sl_workers_pick_sink(parts->workers, sl_stream_worker(stream));
    problem = setup_build_answer(setup, worker);
    if (problem)
        return problem;
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++)
        if (!sl_sdp_flowing_media(&setup->negotiation, kind))
            tracks[kind] = NULL;
    setup_create_peer(setup, worker, tracks);
    audience_join(media, stream);
    media_listen(media, stream);
    return NULL;
}

const char *playback_start(struct sl_media_session *media)
{
    struct sl_sessions *sessions = media->sessions;
    const char *problem = playback_refusal(media);

    if (!problem)
        problem = why_not(sessions->config.streams, media->name);
    if (problem)
        return problem;
    struct sl_stream *stream = sl_streams_find(sessions->config.streams, media->name);
    if (is_full(sessions, stream))
        return SL_INFO_PLAYERS_MAX;
    struct media_setup *setup = sl_new(struct media_setup);
    problem = set_up(setup, media, stream);
    if (!problem) {
        const struct sl_session_ops *ops = media->session->ops;
        if (media->has_audio)
            ops->on_audio_codec(media->session->client, media->id, media->codecs[SL_AUDIO]);
        ops->on_remote_sdp(media->session->client, media->id, setup->text, true);
        sl_peer_start(media->peer);
    }
    setup_destroy(setup);
    return problem;
}
