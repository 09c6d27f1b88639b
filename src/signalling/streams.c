/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The messages about streams: publish, play, stop, events, availability (websocket-api.md 4-9). */
#include "signalling/internal.h"

#include <limits.h>
#include <string.h>

enum {
    KBPS_MAX = INT_MAX / 1000, /* so that bits per second fit as well */
    PIXELS_MAX = 65535,
};

static enum sl_medium_transport transport_of(const json_t *object)
{
    const char *transport = field_string(object, "transport");

    if (transport && strcmp(transport, "TCP") == 0)
        return SL_TRANSPORT_TCP;
    if (transport && strcmp(transport, "UDP") == 0)
        return SL_TRANSPORT_UDP;
    return SL_TRANSPORT_DEFAULT;
}

static void request_media(struct connection *connection, const struct envelope *envelope,
                          bool publish)
{
    json_t *object = field_object(envelope);
    struct sl_media_request request = {
        .publish = publish,
        .media_session_id = field_string(object, "mediaSessionId"),
        .name = field_string(object, "name"),
        .offer = field_string(object, "sdp"),
        .media_provider = field_string(object, "mediaProvider"),
        .rtmp_url = publish ? field_string(object, "rtmpUrl") : NULL,
        .custom = json_object_get(object, "custom"),
        .has_audio = field_bool(object, "hasAudio", true),
        .has_video = field_bool(object, "hasVideo", true),
        .video_orientation = field_bool(object, "cvoExtension", false),
        .transport = transport_of(object),
        .bitrate_kbps = field_int(object, "bitrate", KBPS_MAX),
        .min_bitrate_kbps = field_int(object, "minBitrate", KBPS_MAX),
        .max_bitrate_kbps = field_int(object, "maxBitrate", KBPS_MAX),
        .quality = field_int(object, "quality", 100),
        .width = field_int(object, "width", PIXELS_MAX),
        .height = field_int(object, "height", PIXELS_MAX),
    };

    sl_session_request_media(connection->session, &request);
}

void handle_publish_stream(struct connection *connection, const struct envelope *envelope)
{
    request_media(connection, envelope, true);
}

void handle_play_stream(struct connection *connection, const struct envelope *envelope)
{
    request_media(connection, envelope, false);
}

static void stop_media(struct connection *connection, const struct envelope *envelope, bool publish)
{
    const json_t *object = field_object(envelope);

    sl_session_stop_media(connection->session,
                          &(struct sl_media_stop){
                              .publish = publish,
                              .media_session_id = field_string(object, "mediaSessionId"),
                              .name = field_string(object, "name"),
                          });
}

void handle_unpublish_stream(struct connection *connection, const struct envelope *envelope)
{
    stop_media(connection, envelope, true);
}

void handle_stop_stream(struct connection *connection, const struct envelope *envelope)
{
    stop_media(connection, envelope, false);
}

void handle_available_stream(struct connection *connection, const struct envelope *envelope)
{
    const json_t *object = field_object(envelope);

    sl_session_ask_available(connection->session, field_string(object, "mediaSessionId"),
                             field_string(object, "name"));
}

void handle_send_stream_event(struct connection *connection, const struct envelope *envelope)
{
    const json_t *object = field_object(envelope);
    const char *id = field_string(object, "mediaSessionId"), *type = field_string(object, "type");

    if (!id || !type) {
        send_fail(connection, NULL, NULL, "mediaSessionId or type is missing");
        return;
    }
    sl_session_send_stream_event(connection->session, id, type, json_object_get(object, "info"),
                                 json_object_get(object, "payload"));
}

/* Pictures are not taken yet; the requester must hear all the same (9.5). */
void handle_snapshot(struct connection *connection, const struct envelope *envelope)
{
    const json_t *object = field_object(envelope);
    const char *name = field_string(object, "name");
    enum sl_reason problem =
        sl_sessions_why_not_playable(connection->signalling->sessions, name ? name : "");

    send_object(connection, "notifyStreamEvent",
                json_pack("{s:s?, s:s, s:{s:s}}", "mediaSessionId",
                          field_string(object, "mediaSessionId"), "type", "snapshotFailed",
                          "payload", "info",
                          sl_signalling_words(problem ? problem : SL_REASON_ERROR)));
}
