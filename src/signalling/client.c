/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a session has to say to its client, as messages (websocket-api.md 2.2). */
#include "signalling/internal.h"

#include "base/base64.h"
#include "base/error.h"
#include "base/mem.h"

#include <string.h>

enum { ENVELOPE_MAX = 4096 }; /* bytes of a message about a snapshot, besides the picture */

static const char *words_of(const struct sl_why *why)
{
    return why->words ? why->words : sl_signalling_words(why->reason);
}

/* ---- Connection ---- */

/* websocket-api.md 3.2. The client's own words first, so that ours win. */
static json_t *user_data(struct sl_session *session)
{
    json_t *object =
        json_pack("{s:b, s:b, s:b, s:[]}", "useWsTunnel", 0, "useWsTunnelPacketization2", 0,
                  "useBase64BinaryEncoding", 0, "mediaProviders");
    json_t *described = sl_session_describe(session);
    json_t *properties = sl_session_properties(session);

    (void)json_object_set_new(object, "keepAlive", json_false());
    (void)json_object_update(object, properties);
    (void)json_object_set(object, "appKey", json_object_get(described, "appKey"));
    (void)json_object_set_new(object, "authToken", json_string(sl_session_id(session)));
    (void)json_object_set_new(object, "status", json_string("ESTABLISHED"));
    (void)json_object_set_new(object, "forceLogger", json_false());
    json_t *metrics = sl_session_metrics_description(session);
    if (metrics)
        (void)json_object_set_new(object, "webRTCMetricsServerDescription", metrics);
    json_decref(properties);
    json_decref(described);
    return object;
}

/* Of before stream events: it hears of snapshots by a status, too (9.5). */
static bool is_old(const json_t *object)
{
    const char *version = json_string_value(json_object_get(object, "clientVersion"));

    return version && strncmp(version, "0.", 2) == 0;
}

static void on_established(void *client, struct sl_session *session)
{
    struct connection *connection = client;
    json_t *object = user_data(session);
    struct sl_error error;
    bool wants_sip = json_is_true(json_object_get(object, "sipRegisterRequired"));

    sl_phone_of_connection(connection, &error);
    if (error.text[0] != '\0') {
        json_decref(object);
        sl_send_fail(connection, "ConnectionStatusEvent", NULL, error.text);
        sl_connection_close(connection, 1000, "");
        return;
    }
    connection->is_old = is_old(object);
    sl_session_strip(session, SL_HOOK_CONNECT, object);
    sl_send_object(connection, "getUserData", object);
    sl_send_message(connection, "getVersion", json_pack("[s]", connection->signalling->version));
    if (wants_sip && !connection->phone) /* or the page would wait for REGISTERED for ever */
        sl_send_fail(connection, "RegistrationStatusEvent", NULL, "SIP is not available");
    sl_inbox_open(connection);
    sl_connection_start_pings(connection);
}

static void on_refused(void *client, const struct sl_why *why)
{
    sl_send_fail(client, "ConnectionStatusEvent", NULL, words_of(why));
    sl_connection_close(client, 1000, "");
}

/* The last of three has just been sent. */
static bool is_lost(void *client)
{
    const struct connection *connection = client;

    return connection->pings > 2;
}

/* RFC 6455 section 7.4.1: 1001, going away. */
static void on_close(void *client, enum sl_reason reason)
{
    if (reason == SL_REASON_CONNECTION_LOST) {
        sl_connection_abort(client);
        return;
    }
    sl_connection_close(client, reason == SL_REASON_SHUTDOWN ? 1001 : 1000,
                        sl_signalling_words(reason));
}

/* ---- Streams ---- */

static void on_audio_codec(void *client, const char *media_session_id, enum sl_codec codec)
{
    sl_send_message(client, "notifyAudioCodec",
                    json_pack("[s, {s:s}]", media_session_id, "name", sl_codec_name(codec)));
}

/* No client but another node has a use for it (pull/message.h). */
static void on_guard(void *client, const char *media_session_id, bool guarded)
{
    sl_send_object(client, "notifyStreamGuard",
                   json_pack("{s:s, s:b}", "mediaSessionId", media_session_id, "guarded", guarded));
}

/* The client is the initiator of what we answer. */
static void on_description(void *client, const char *media_session_id, const char *text,
                           bool is_answer)
{
    sl_send_message(client, "setRemoteSDP",
                    json_pack("[s, s, b]", media_session_id, text, is_answer));
}

/* websocket-api.md 4.2: the stream object without what is the back end's, and without what would
 * mean something else to the SDK. */
static json_t *stream_status(const struct sl_media_session *media)
{
    static const char *const withheld[] = {"sdp", "nodeId", "appKey", "sessionId",
                                           "remoteMediaElementId"};
    json_t *object = sl_media_session_describe(media);

    for (size_t i = 0; i < SL_ARRAY_LEN(withheld); i++)
        (void)json_object_del(object, withheld[i]);
    if (sl_media_session_info(media)[0] == '\0')
        (void)json_object_del(object, "info");
    return object;
}

static void on_stream_status(void *client, const struct sl_media_session *media)
{
    json_t *object = stream_status(media);

    sl_session_strip(sl_media_session_owner(media), SL_HOOK_STREAM_STATUS_EVENT, object);
    sl_send_object(client, "notifyStreamStatusEvent", object);
}

static void on_stream_refused(void *client, const struct sl_media_session *media)
{
    sl_send_fail(client, "StreamStatusEvent", sl_media_session_id(media),
                 sl_media_session_info(media));
}

static void send_stream_event(struct connection *connection, const char *media_session_id,
                              const char *type, json_t *info, json_t *payload)
{
    json_t *object = json_pack("{s:s?, s:s, s:o*, s:o*}", "mediaSessionId", media_session_id,
                               "type", type, "info", info, "payload", payload);

    if (connection->session)
        sl_session_strip(connection->session, SL_HOOK_STREAM_EVENT, object);
    sl_send_object(connection, "notifyStreamEvent", object);
}

/* Old clients listen to the first, new ones to the second (C6). */
static void on_video_size(void *client, const struct sl_media_session *media, uint16_t width,
                          uint16_t height)
{
    const char *id = sl_media_session_id(media);

    sl_send_object(client, "notifyVideoFormat",
                   json_pack("{s:i, s:i, s:s, s:s}", "streamerVideoWidth", width,
                             "streamerVideoHeight", height, "mediaSessionId", id, "status",
                             "RESIZE"));
    send_stream_event(
        client, id, "resize", NULL,
        json_pack("{s:i, s:i}", "streamerVideoWidth", width, "streamerVideoHeight", height));
}

static void on_stream_event(void *client, const struct sl_media_session *media, const char *type,
                            json_t *info, json_t *payload)
{
    send_stream_event(client, sl_media_session_id(media), type, json_incref(info),
                      json_incref(payload));
}

static void on_rate(void *client, const struct sl_media_session *media,
                    const struct sl_video_rate *rate)
{
    json_t *object = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:i, s:i}", "mediaSessionId",
                               sl_media_session_id(media), "videoRate", (json_int_t)rate->rate_bps,
                               "fps", (json_int_t)rate->fps, "nack", (json_int_t)rate->nack, "pli",
                               (json_int_t)rate->pli, "lostPackets", (json_int_t)rate->lost,
                               "width", rate->width, "height", rate->height);

    sl_send_object(
        client, sl_media_session_is_publication(media) ? "inboundVideoRate" : "outboundVideoRate",
        object);
}

/* ---- Snapshots (websocket-api.md 9.5) ---- */

static void send_snapshot_failure(struct connection *connection, const char *media_session_id,
                                  const char *words)
{
    send_stream_event(connection, media_session_id, "snapshotFailed", NULL,
                      json_pack("{s:s}", "info", words));
}

/* Both copies of an old client, or the one of a new one, with what waits already. */
static bool has_room(const struct connection *connection, size_t text_len)
{
    size_t queue_max = (size_t)connection->signalling->config->ws_queue_max;
    size_t needed = (connection->is_old ? 2 : 1) * (text_len + ENVELOPE_MAX);

    return sl_ws_queued_bytes(connection->ws) + needed <= queue_max;
}

static void send_snapshot(struct connection *connection, const struct sl_stream_picture *picture)
{
    size_t text_len = SL_BASE64_ROOM(picture->len) - 1;

    if (!has_room(connection, text_len)) { /* it still reads the one before */
        send_snapshot_failure(connection, picture->media_session_id,
                              sl_signalling_words(SL_REASON_BUSY));
        return;
    }
    char *text = sl_new_array(char, text_len + 1);
    sl_base64_encode(picture->png, picture->len, text);
    json_t *png = json_stringn_nocheck(text, text_len);
    free(text);
    send_stream_event(connection, picture->media_session_id, "snapshotCompleted", NULL,
                      json_pack("{s:O}", "snapshot", png));
    if (connection->is_old)
        sl_send_object(connection, "notifyStreamStatusEvent",
                       json_pack("{s:s?, s:s, s:s, s:O}", "mediaSessionId",
                                 picture->media_session_id, "name", picture->name, "status",
                                 "SNAPSHOT_COMPLETE", "info", png));
    json_decref(png);
}

static void on_picture(void *client, const struct sl_stream_picture *picture)
{
    if (picture->why.reason)
        send_snapshot_failure(client, picture->media_session_id, words_of(&picture->why));
    else
        send_snapshot(client, picture);
}

/* ---- Data ---- */

/* The id is a fresh one that only settles the promise; status is a string (9.1). */
static void on_available(void *client, const char *media_session_id, enum sl_reason problem)
{
    sl_send_object(client, "availableStream",
                   json_pack("{s:s, s:s*, s:s?}", "status", problem ? "false" : "true", "info",
                             problem ? sl_signalling_words(problem) : NULL, "id",
                             media_session_id));
}

static void on_data_status(void *client, json_t *operation_id, const struct sl_why *why)
{
    sl_send_object(client, "DataStatusEvent",
                   json_pack("{s:O, s:s, s:s*}", "operationId", operation_id, "status",
                             why->reason ? "FAILED" : "ACCEPTED", "info",
                             why->reason ? words_of(why) : NULL));
}

static void on_data(void *client, const char *operation_id, json_t *payload)
{
    struct connection *connection = client;
    json_t *object = json_pack("{s:s, s:O}", "operationId", operation_id, "payload", payload);

    sl_session_strip(connection->session, SL_HOOK_ON_DATA_EVENT, object);
    sl_send_object(connection, "OnDataEvent", object);
}

static void on_error(void *client, const struct sl_why *why)
{
    sl_send_fail(client, NULL, NULL, words_of(why));
}

const struct sl_session_ops sl_client_ops = {
    .on_established = on_established,
    .on_refused = on_refused,
    .on_audio_codec = on_audio_codec,
    .on_guard = on_guard,
    .on_description = on_description,
    .on_stream_status = on_stream_status,
    .on_stream_refused = on_stream_refused,
    .on_video_size = on_video_size,
    .on_stream_event = on_stream_event,
    .on_rate = on_rate,
    .on_available = on_available,
    .on_picture = on_picture,
    .on_data_status = on_data_status,
    .on_data = on_data,
    .on_room_event = sl_client_on_room_event,
    .on_debug = sl_client_on_debug,
    .on_report = sl_client_on_report,
    .on_error = on_error,
    .is_lost = is_lost,
    .close = on_close,
};
