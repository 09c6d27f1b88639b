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
    const char *transport = sl_field_string(object, "transport");

    if (transport && strcmp(transport, "TCP") == 0)
        return SL_TRANSPORT_TCP;
    if (transport && strcmp(transport, "UDP") == 0)
        return SL_TRANSPORT_UDP;
    return SL_TRANSPORT_DEFAULT;
}

static void request_media(struct connection *connection, const struct envelope *envelope,
                          bool publish)
{
    json_t *object = sl_field_object(envelope);
    struct sl_media_request request = {
        .publish = publish,
        .media_session_id = sl_field_string(object, "mediaSessionId"),
        .name = sl_field_string(object, "name"),
        .offer = sl_field_string(object, "sdp"),
        .media_provider = sl_field_string(object, "mediaProvider"),
        .rtmp_url = publish ? sl_field_string(object, "rtmpUrl") : NULL,
        .custom = json_object_get(object, "custom"),
        .has_audio = sl_field_bool(object, "hasAudio", true),
        .has_video = sl_field_bool(object, "hasVideo", true),
        .video_orientation = sl_field_bool(object, "cvoExtension", false),
        .record = publish && sl_field_bool(object, "record", false),
        .transport = transport_of(object),
        .bitrate_kbps = sl_field_count(object, "bitrate", KBPS_MAX),
        .min_bitrate_kbps = sl_field_count(object, "minBitrate", KBPS_MAX),
        .max_bitrate_kbps = sl_field_count(object, "maxBitrate", KBPS_MAX),
        .quality = sl_field_count(object, "quality", 100),
        .width = sl_field_count(object, "width", PIXELS_MAX),
        .height = sl_field_count(object, "height", PIXELS_MAX),
    };

    sl_session_request_media(connection->session, &request);
}

void sl_handle_publish_stream(struct connection *connection, const struct envelope *envelope)
{
    request_media(connection, envelope, true);
}

void sl_handle_play_stream(struct connection *connection, const struct envelope *envelope)
{
    request_media(connection, envelope, false);
}

static void stop_media(struct connection *connection, const struct envelope *envelope, bool publish)
{
    const json_t *object = sl_field_object(envelope);

    sl_session_stop_media(connection->session,
                          &(struct sl_media_stop){
                              .publish = publish,
                              .media_session_id = sl_field_string(object, "mediaSessionId"),
                              .name = sl_field_string(object, "name"),
                          });
}

void sl_handle_unpublish_stream(struct connection *connection, const struct envelope *envelope)
{
    stop_media(connection, envelope, true);
}

void sl_handle_stop_stream(struct connection *connection, const struct envelope *envelope)
{
    stop_media(connection, envelope, false);
}

void sl_handle_available_stream(struct connection *connection, const struct envelope *envelope)
{
    const json_t *object = sl_field_object(envelope);

    sl_session_ask_available(connection->session, sl_field_string(object, "mediaSessionId"),
                             sl_field_string(object, "name"));
}

void sl_handle_send_stream_event(struct connection *connection, const struct envelope *envelope)
{
    const json_t *object = sl_field_object(envelope);
    const char *id = sl_field_string(object, "mediaSessionId"),
               *type = sl_field_string(object, "type");

    if (!id || !type) {
        sl_send_fail(connection, NULL, NULL, "mediaSessionId or type is missing");
        return;
    }
    sl_session_send_stream_event(connection->session, id, type, json_object_get(object, "info"),
                                 json_object_get(object, "payload"));
}

/* Half of what may wait for a client is a picture's, as text (media-outputs.md 8). */
static size_t picture_max(const struct connection *connection)
{
    size_t text_max = (size_t)connection->signalling->config->ws_queue_max / 2;

    if (connection->is_old)
        text_max /= 2; /* it gets two of them */
    return text_max / 4 * 3;
}

void sl_handle_snapshot(struct connection *connection, const struct envelope *envelope)
{
    const json_t *object = sl_field_object(envelope);

    sl_session_ask_picture(connection->session, sl_field_string(object, "mediaSessionId"),
                           sl_field_string(object, "name"), picture_max(connection));
}
