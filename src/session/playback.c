/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starting a playback: is there something to play? (websocket-api.md 7) */
#include "session/playback.h"
#include "session/internal.h"
#include "session/medium.h"
#include "session/membership.h"
#include "session/publication.h"

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

static enum sl_reason why_not(struct sl_streams *streams, const char *name)
{
    struct sl_stream *stream = sl_streams_find(streams, name);

    if (!stream)
        return SL_REASON_NO_STREAM;
    return sl_stream_is_live(stream) ? SL_REASON_NONE : SL_REASON_NOT_READY;
}

enum sl_reason sl_sessions_why_not_playable(struct sl_sessions *sessions, const char *name)
{
    return why_not(sessions->config.streams, name);
}

enum sl_reason sl_playback_why_not(const struct sl_session *session, const char *name)
{
    struct sl_streams *streams = session->sessions->config.streams;
    enum sl_reason problem = why_not(streams, name);

    if (!problem && !sl_session_may_see(session, sl_streams_find(streams, name)))
        return SL_REASON_RESTRICTED;
    return problem;
}

enum sl_reason sl_playback_refusal(const struct sl_media_session *media)
{
    if (has_scheme(media->name))
        return SL_REASON_NO_SOURCE;
    if (!sl_media_name_valid(media))
        return SL_REASON_ERROR;
    return SL_REASON_NONE;
}

static bool is_full(const struct sl_sessions *sessions, const struct sl_stream *stream)
{
    int64_t max = sessions->config.config->players_per_stream_max;

    return max > 0 && sl_stream_takers(stream, SL_TAKER_VIEWER) >= (size_t)max;
}

enum sl_reason sl_playback_begin(struct sl_media_session *media)
{
    struct sl_sessions *sessions = media->sessions;
    enum sl_reason problem = sl_playback_refusal(media);

    if (!problem)
        problem = sl_playback_why_not(media->session, media->name);
    if (problem)
        return problem;
    struct sl_stream *stream = sl_streams_find(sessions->config.streams, media->name);
    if (media->session->unpermitted && sl_stream_is_guarded(stream))
        return SL_REASON_RESTRICTED;
    sl_media_follow_room(media, stream);
    return is_full(sessions, stream) ? SL_REASON_PLAYERS_MAX : sl_media_start_medium(media, stream);
}
