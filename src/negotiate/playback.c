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

/* ---- What may have to be made ---- */

/* Of one kind of the source: in which codecs, the liked first. */
struct choice {
    struct sl_source_codec codecs[SL_SETUP_CODECS_MAX];
    size_t count;
};

static void add_choice(struct choice *choice, enum sl_codec from, enum sl_codec to)
{
    struct sl_source_codec *codec = &choice->codecs[choice->count];

    for (size_t i = 0; i < choice->count; i++)
        if (choice->codecs[i].codec == to)
            return;
    if (choice->count == SL_SETUP_CODECS_MAX || !sl_variant_is_possible(from, to))
        return;
    codec->codec = to;
    if (to == SL_CODEC_H264)
        (void)snprintf(codec->fmtp, sizeof(codec->fmtp),
                       "packetization-mode=1;profile-level-id=42e01f");
    choice->count++;
}

/* The source's own codec costs nobody a second one (2.2); then what the administrator likes. */
static void choose(const struct sl_setup *setup, enum sl_codec from, enum sl_media_kind kind,
                   struct choice *choice)
{
    enum sl_codec codecs[SL_SETUP_CODECS_MAX];
    size_t count = sl_setup_configured_codecs(setup->parts->config, codecs);

    if (sl_codec_is_for_webrtc(from))
        add_choice(choice, from, from);
    for (size_t i = 0; i < count; i++)
        if (sl_codec_kind(codecs[i]) == kind)
            add_choice(choice, from, codecs[i]);
}

/* Pictures are not to be sent as they are published (2.1, cases 4 to 7). */
static bool is_always_made(const struct sl_setup *setup)
{
    const struct sl_medium_request *request = setup->request;
    const struct sl_config *config = setup->parts->config;

    return request->width > 0 || request->height > 0 || request->bitrate_kbps > 0 ||
           request->quality > 0 || config->disable_streaming_proxy ||
           (config->b_frames_force_transcoding && sl_stream_is_reordered(request->stream));
}

static enum sl_reason negotiate(struct sl_setup *setup, struct sl_track *const tracks[2])
{
    struct sl_source_codec audio[SL_TRACK_CODECS_MAX], video[SL_TRACK_CODECS_MAX];
    struct choice choices[2] = {{.count = 0}};
    struct sl_negotiate_config config = {
        .direction = SL_SDP_SENDONLY,
        .allow_bundle = setup->parts->config->rtp_bundle,
        .video_orientation = setup->request->video_orientation,
        .rtx = true,
        .red = setup->parts->config->downlink_red,
        .downlink_estimation = setup->parts->config->downlink_estimation,
        .audio = audio,
        .video = video,
        .audio_count = sl_track_source_codecs(tracks[SL_AUDIO], audio),
        .video_count = sl_track_source_codecs(tracks[SL_VIDEO], video),
    };

    if (config.audio_count > 0)
        choose(setup, audio[0].codec, SL_AUDIO, &choices[SL_AUDIO]);
    if (config.video_count > 0)
        choose(setup, video[0].codec, SL_VIDEO, &choices[SL_VIDEO]);
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        config.makeable[kind].codecs = choices[kind].codecs;
        config.makeable[kind].count = choices[kind].count;
    }
    config.makeable[SL_VIDEO].always = is_always_made(setup) && choices[SL_VIDEO].count > 0;
    enum sl_reason reason = sl_setup_negotiate(setup, &config);
    return reason ? reason : sl_made_take(setup);
}

enum sl_reason sl_playback_set_up(struct sl_setup *setup)
{
    const struct sl_webrtc_provider_config *parts = setup->parts;
    struct sl_stream *stream = setup->request->stream;
    struct sl_track *tracks[2] = {sl_stream_track(stream, SL_AUDIO),
                                  sl_stream_track(stream, SL_VIDEO)};
    enum sl_reason reason = negotiate(setup, tracks);
    if (reason)
        return reason;

    draw_ssrcs(setup);
    struct sl_worker *worker = sl_workers_pick_sink(parts->workers, sl_stream_worker(stream));
    reason = sl_setup_build_answer(setup, worker);
    if (reason)
        return reason;
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        if (!setup->facts->flows[kind])
            tracks[kind] = NULL;
        else if (setup->variants[kind])
            tracks[kind] = sl_variant_track(setup->variants[kind]);
    }
    sl_setup_create_peer(setup, worker, tracks);
    setup->medium->played = stream;
    sl_made_keep(setup);
    sl_narrow_set_up(setup);
    return SL_REASON_NONE;
}
