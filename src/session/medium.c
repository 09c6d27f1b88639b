/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A publication or playback that may be comes to have its media: by its provider. */
#include "session/medium.h"
#include "session/audience.h"
#include "session/internal.h"
#include "session/listed.h"
#include "session/media.h"

static void take_over(struct sl_media_session *media, const struct sl_medium_facts *facts,
                      struct sl_stream *stream)
{
    media->has_audio = facts->flows[SL_AUDIO];
    media->has_video = facts->flows[SL_VIDEO];
    media->codecs[SL_AUDIO] = facts->codecs[SL_AUDIO];
    media->codecs[SL_VIDEO] = facts->codecs[SL_VIDEO];
    media->encoders[SL_AUDIO] = facts->encoders[SL_AUDIO];
    media->encoders[SL_VIDEO] = facts->encoders[SL_VIDEO];
    if (stream) {
        sl_audience_join(media, stream);
        sl_media_listen(media, stream, facts->made[SL_VIDEO]);
    }
}

static void tell_client(const struct sl_media_session *media, const struct sl_medium_facts *facts)
{
    if (!media->publish && media->session->from_cluster)
        SL_TELL(media->session, on_guard, media->id, sl_stream_is_guarded(media->audience->stream));
    if (!media->publish && media->has_audio)
        SL_TELL(media->session, on_audio_codec, media->id, media->codecs[SL_AUDIO]);
    if (facts->answer)
        SL_TELL(media->session, on_description, media->id, facts->answer, true);
}

enum sl_reason sl_media_start_medium(struct sl_media_session *media, struct sl_stream *stream)
{
    const struct sl_provider *provider = media->provider;
    const struct sl_publisher publisher = sl_media_publisher(media);
    const struct sl_medium_request request = {
        .publish = media->publish,
        .session_id = media->session->id,
        .id = media->id,
        .name = media->name,
        .stream = stream,
        .publisher = media->publish ? &publisher : NULL,
        .offer = media->offer,
        .video_orientation = media->video_orientation,
        .transport = media->transport,
        .max_bitrate_kbps = (uint32_t)media->max_bitrate_kbps,
        .width = (uint32_t)media->asked_width,
        .height = (uint32_t)media->asked_height,
        .bitrate_kbps = (uint32_t)media->bitrate_kbps,
        .quality = (uint32_t)media->quality,
        .via = &media->session->local,
        .created_ms = media->created_ms,
        .requested_us = media->requested_us,
        .log = &media->log,
        .ops = &sl_media_medium_ops,
        .owner = media,
    };
    struct sl_medium_facts facts;

    enum sl_reason reason = provider->begin(provider->arg, &request, &facts, &media->medium);
    if (reason)
        return reason;
    media->stream = facts.stream;
    take_over(media, &facts, media->publish ? facts.stream : stream);
    tell_client(media, &facts);
    provider->start(media->medium);
    return SL_REASON_NONE;
}
