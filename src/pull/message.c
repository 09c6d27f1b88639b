/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading and writing the messages of the WCS protocol as its client. */
#include "pull/message.h"

#include "base/json.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>

/* ---- What the server says ---- */

static const char *text_of(json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static bool is_muted(json_t *state)
{
    return json_is_true(json_object_get(state, "muted"));
}

/* data[0] is an object: status, info and the like. */
static void read_object(struct message *message, json_t *object)
{
    const char *id = text_of(object, "mediaSessionId");

    message->id = id ? id : text_of(object, "id"); /* `fail` calls it so (8.4) */
    message->status = text_of(object, "status");
    message->info = text_of(object, "info");
    message->type = text_of(object, "type");
    message->event_info = json_object_get(object, "info");
    message->payload = json_object_get(object, "payload");
    message->audio_muted = is_muted(json_object_get(object, "audioState"));
    message->video_muted = is_muted(json_object_get(object, "videoState"));
    message->open = json_is_false(json_object_get(object, "guarded"));
}

static enum message_kind kind_of(const char *name)
{
    static const struct {
        const char *name;
        enum message_kind kind;
    } rows[] = {
        {"getUserData", MESSAGE_USER_DATA},
        {"ping", MESSAGE_PING},
        {"fail", MESSAGE_FAIL},
        {"notifyStreamGuard", MESSAGE_STREAM_GUARD},
        {"setRemoteSDP", MESSAGE_REMOTE_SDP},
        {"notifyStreamStatusEvent", MESSAGE_STREAM_STATUS},
        {"notifyStreamEvent", MESSAGE_STREAM_EVENT},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++) {
        if (strcmp(name, rows[i].name) == 0)
            return rows[i].kind;
    }
    return MESSAGE_OTHER;
}

/* The tree of a message; what a publisher told its players stays the text that it was. */
static json_t *load(const char *text, size_t len)
{
    static const char *const passed[] = {"info", "payload"};
    static const char event[] = "\"notifyStreamEvent\"";
    struct sl_json_span root = {text, len}, spans[SL_ARRAY_LEN(passed)];
    struct sl_json_span name = sl_json_member(root, "message");

    if (name.len != strlen(event) || memcmp(name.text, event, name.len) != 0)
        return json_loadb(text, len, 0, NULL);
    struct sl_json_span object = sl_json_first(sl_json_member(root, "data"));
    for (size_t i = 0; i < SL_ARRAY_LEN(passed); i++)
        spans[i] = sl_json_member(object, passed[i]);
    json_t *tree = sl_json_load_without(text, len, spans, SL_ARRAY_LEN(passed), NULL);
    json_t *fields = json_array_get(json_object_get(tree, "data"), 0);
    for (size_t i = 0; i < SL_ARRAY_LEN(passed) && fields; i++)
        if (spans[i].text)
            (void)json_object_set_new(fields, passed[i], sl_json_raw(spans[i].text, spans[i].len));
    return tree;
}

int sl_message_parse(const char *text, size_t len, struct message *out)
{
    if (sl_json_check(text, len, SL_JSON_DEPTH_MAX, SL_JSON_VALUES_MAX) != SL_JSON_GOOD)
        return -EBADMSG;
    json_t *root = load(text, len);
    const char *name = text_of(root, "message");
    json_t *data = json_object_get(root, "data"); /* an array, or of no use */

    if (!name) {
        json_decref(root);
        return -EBADMSG;
    }
    *out = (struct message){.kind = kind_of(name), .root = root};
    if (out->kind == MESSAGE_REMOTE_SDP) {
        out->id = json_string_value(json_array_get(data, 0));
        out->sdp = json_string_value(json_array_get(data, 1));
    } else {
        read_object(out, json_array_get(data, 0));
    }
    return 0;
}

void sl_message_free(struct message *message)
{
    json_decref(message->root);
}

/* ---- What we say ---- */

static char *build(const char *name, json_t *object)
{
    json_t *message = json_pack("{s:s, s:[o]}", "message", name, "data", object);
    char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;

    json_decref(message);
    return text;
}

char *sl_message_build_connection(const char *node_id, bool cluster)
{
    return build("connection", json_pack("{s:s, s:[s], s:s, s:s, s:s, s:{s:{s:s, s:b}}}", "appKey",
                                         "defaultApp", "mediaProviders", "WebRTC", "clientVersion",
                                         "2.0", "clientOSVersion", "Sluice/" SLUICE_VERSION,
                                         "clientBrowserVersion", "Sluice/" SLUICE_VERSION, "custom",
                                         "sluice", "node", node_id, "cluster", cluster));
}

char *sl_message_build_request(const struct message_stream *stream)
{
    return build(
        stream->publish ? "publishStream" : "playStream",
        json_pack("{s:s, s:s, s:b, s:b, s:b, s:s, s:b, s:i, s:i, s:i, s:i, s:i, s:i, s:s, s:s}",
                  "mediaSessionId", stream->id, "name", stream->name, "published", stream->publish,
                  "hasVideo", stream->has_video, "hasAudio", stream->has_audio, "status", "PENDING",
                  "record", 0, "width", 0, "height", 0, "bitrate", 0, "minBitrate", 0, "maxBitrate",
                  0, "quality", 0, "mediaProvider", "WebRTC", "sdp", stream->sdp));
}

char *sl_message_build_stop(const struct message_stream *stream)
{
    return build(stream->publish ? "unPublishStream" : "stopStream",
                 json_pack("{s:s, s:s, s:b, s:b, s:b, s:s, s:b}", "mediaSessionId", stream->id,
                           "name", stream->name, "published", stream->publish, "hasVideo", 1,
                           "hasAudio", 1, "status", stream->publish ? "PUBLISHING" : "PLAYING",
                           "record", 0));
}

char *sl_message_build_pong(void)
{
    return build("pong", json_null());
}
