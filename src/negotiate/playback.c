/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A playback: what its stream's tracks have, and the peer that sends it (websocket-api.md 7). */
#include "negotiate/internal.h"

static bool has_rtx(const struct sl_media *media)
{
    for (size_t i = 0; i < media->codec_count; i++)
        if (media->codecs[i].rtx_payload_type >= 0)
            return true;
    return false;
}

static void draw_ssrcs(struct sl_setup *setup)
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

enum sl_reason sl_playback_set_up(struct sl_setup *setup)
{
    const struct sl_webrtc_provider_config *parts = setup->parts;
    struct sl_stream *stream = setup->request->stream;
    struct sl_source_codec audio[SL_TRACK_CODECS_MAX], video[SL_TRACK_CODECS_MAX];
    struct sl_track *tracks[2] = {sl_stream_track(stream, SL_AUDIO),
                                  sl_stream_track(stream, SL_VIDEO)};
    struct sl_negotiate_config negotiate = {
        .direction = SL_SDP_SENDONLY,
        .allow_bundle = parts->config->rtp_bundle,
        .video_orientation = setup->request->video_orientation,
        .rtx = true,
        .audio = audio,
        .video = video,
        .audio_count = sl_track_source_codecs(tracks[SL_AUDIO], audio),
        .video_count = sl_track_source_codecs(tracks[SL_VIDEO], video),
    };
    enum sl_reason reason = sl_setup_negotiate(setup, &negotiate);
    if (reason)
        return reason;

    draw_ssrcs(setup);
    struct sl_worker *worker = sl_workers_pick_sink(parts->workers, sl_stream_worker(stream));
    reason = sl_setup_build_answer(setup, worker);
    if (reason)
        return reason;
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++)
        if (!setup->facts->flows[kind])
            tracks[kind] = NULL;
    sl_setup_create_peer(setup, worker, tracks);
    return SL_REASON_NONE;
}
