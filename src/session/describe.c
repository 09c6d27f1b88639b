/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What others may know of a media session: its parts, and the stream object, one shape for hooks,
 * REST and, less some fields, the client. */
#include "session/internal.h"

const char *sl_media_state_name(enum sl_media_state state)
{
    static const char *const names[] = {
        [SL_MEDIA_NEW] = "NEW",
        [SL_MEDIA_PENDING] = "PENDING",
        [SL_MEDIA_PUBLISHING] = "PUBLISHING",
        [SL_MEDIA_PLAYING] = "PLAYING",
        [SL_MEDIA_UNPUBLISHED] = "UNPUBLISHED",
        [SL_MEDIA_STOPPED] = "STOPPED",
        [SL_MEDIA_FAILED] = "FAILED",
    };

    return names[state];
}

static json_t *codec_or_null(const struct sl_media_session *media, enum sl_media_kind kind)
{
    enum sl_codec codec = media->codecs[kind];

    return codec == SL_CODEC_NONE ? json_null() : json_string(sl_codec_name(codec));
}

/* 0: it is not recorded now. */
static int64_t recorded_since_ms(const struct sl_media_session *media)
{
    const struct sl_archive *archive = media->sessions->config.archive;

    return archive && media->state == SL_MEDIA_PUBLISHING
               ? archive->since_ms(archive->arg, media->stream)
               : 0;
}

/* What is asked for, what is, what was. */
static bool is_recorded(const struct sl_media_session *media)
{
    switch (media->state) {
    case SL_MEDIA_NEW:
    case SL_MEDIA_PENDING:
        return media->record;
    case SL_MEDIA_PUBLISHING:
        return recorded_since_ms(media) > 0;
    case SL_MEDIA_PLAYING:
    case SL_MEDIA_UNPUBLISHED:
    case SL_MEDIA_STOPPED:
    case SL_MEDIA_FAILED:
        break;
    }
    return media->recorded;
}

/* websocket-api.md 4.2: eight keys, all of them always. */
static json_t *stream_info(const struct sl_media_session *media)
{
    int64_t since_ms = recorded_since_ms(media);

    return json_pack("{s:n, s:n, s:n, s:s?, s:s, s:n, s:o, s:b}", "nodeId", "appKey", "sessionId",
                     "mediaSessionId", media->id, "name", media->name, "samplingTime",
                     "recordTimestamp", since_ms > 0 ? json_integer(since_ms) : json_null(),
                     "recordStarted", since_ms > 0);
}

/* Players show what the publisher muted, so that late joiners know (WS-60). */
static json_t *muted(const struct sl_media_session *media, enum sl_media_kind kind)
{
    return json_pack("{s:b}", "muted",
                     media->audience && sl_stream_is_muted(media->audience->stream, kind));
}

/* The events of a playback echo what was asked for; the last one tells what it was (2.5 of
 * media-outputs.md). */
static int side(const struct sl_media_session *media, int asked, int real)
{
    bool over = media->reason != SL_REASON_NONE;

    return asked > 0 && !over && !media->publish ? asked : real;
}

/* By the rarer one: of pictures if they are made, else of sound. */
static const char *codec_impl(const struct sl_media_session *media)
{
    if (media->encoders[SL_VIDEO])
        return media->encoders[SL_VIDEO];
    return media->encoders[SL_AUDIO] ? media->encoders[SL_AUDIO] : "";
}

static void add_later_fields(const struct sl_media_session *media, json_t *out)
{
    json_t *later = json_pack(
        "{s:b, s:i, s:i, s:i, s:s, s:s, s:b, s:s, s:o, s:o}", "history", 0, "gop", 0, "fps", 0,
        "audioBitrate", 0, "codecImpl", codec_impl(media), "transport", media->tcp ? "TCP" : "UDP",
        "cvoExtension", media->video_orientation, "mediaType", media->publish ? "publish" : "play",
        "audioState", muted(media, SL_AUDIO), "videoState", muted(media, SL_VIDEO));

    (void)json_object_update(out, later);
    json_decref(later);
}

json_t *sl_media_session_describe(const struct sl_media_session *media)
{
    const struct sl_session *session = media->session;
    json_t *custom = media->custom ? json_incref(media->custom) : json_object();
    json_t *out = json_pack(
        "{s:o, s:s, s:s?, s:s?, s:s?, s:n, s:s, s:b, s:b, s:b, s:s, s:o, s:o, s:s?, s:s?, s:b, "
        "s:s?, s:i, s:i, s:i, s:i, s:i, s:i, s:s?, s:I, s:o, s:s}",
        "custom", custom, "nodeId", media->sessions->node_id, "appKey",
        session ? session->app_key : NULL, "sessionId",
        session && session->id[0] ? session->id : NULL, "mediaSessionId", media->id,
        "remoteMediaElementId", "name", media->name, "published", media->publish, "hasVideo",
        media->has_video, "hasAudio", media->has_audio, "status", sl_media_state_name(media->state),
        "audioCodec", codec_or_null(media, SL_AUDIO), "videoCodec", codec_or_null(media, SL_VIDEO),
        "sdp", media->offer, "info", media->info[0] ? media->info : NULL, "record",
        is_recorded(media), "recordName", media->record_name, "width",
        side(media, media->asked_width, media->width), "height",
        side(media, media->asked_height, media->height), "bitrate", media->bitrate_kbps,
        "minBitrate", media->min_bitrate_kbps, "maxBitrate", media->max_bitrate_kbps, "quality",
        media->quality, "rtmpUrl", media->rtmp_url, "createDate", (json_int_t)media->created_ms,
        "streamInfo", stream_info(media), "mediaProvider",
        media->provider ? media->provider->name : media->sessions->config.providers[0]->name);

    add_later_fields(media, out);
    return out;
}

const char *sl_media_session_id(const struct sl_media_session *media)
{
    return media->id;
}

const char *sl_media_session_name(const struct sl_media_session *media)
{
    return media->name;
}

enum sl_media_state sl_media_session_state(const struct sl_media_session *media)
{
    return media->state;
}

bool sl_media_session_is_publication(const struct sl_media_session *media)
{
    return media->publish;
}

enum sl_reason sl_media_session_reason(const struct sl_media_session *media)
{
    return media->reason;
}

const char *sl_media_session_info(const struct sl_media_session *media)
{
    return media->info;
}

struct sl_session *sl_media_session_owner(const struct sl_media_session *media)
{
    return media->session;
}
