/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a client's stream tells of itself, and what the lists have: every publication and playback
 * of a client, and every live stream that no client publishes, in the words of one that a client
 * does. */
#include "session/listed.h"
#include "session/audience.h"
#include "session/internal.h"
#include "session/made_streams.h"
#include "session/questions.h"

#include <assert.h>
#include <string.h>

/* ---- What a client's stream tells of itself ---- */

static void tell_stats(void *owner, struct sl_stream_figures *out)
{
    const struct sl_media_session *media = owner;

    *out = (struct sl_stream_figures){
        .audio_bps = media->figures.audio_bps,
        .video_bps = media->figures.video_bps,
        .video_fps = media->figures.video_fps,
        .lost = media->video.lost,
        .nack = media->video.nack,
        .rtt_us = media->figures.rtt_us,
    };
}

static void terminate(void *owner, const char *why)
{
    (void)why; /* it has words for it already */
    sl_media_session_terminate(owner, SL_REASON_OPERATOR);
}

static bool is_guarded(void *owner)
{
    const struct sl_media_session *media = owner;

    return !media->session || sl_session_guards(media->session, SL_HOOK_PLAY_STREAM);
}

static_assert((int)SL_MEDIA_SESSION_ID_MAX <= (int)SL_STREAM_ID_MAX, "a media session's is one");

struct sl_publisher sl_media_publisher(struct sl_media_session *media)
{
    static const struct sl_publisher_ops ops = {
        .stats = tell_stats, .terminate = terminate, .is_guarded = is_guarded};

    return (struct sl_publisher){
        .origin = SL_ORIGIN_OWN, .id = media->id, .ops = &ops, .owner = media};
}

/* ---- The lists ---- */

/* A publication of a client is told with its client; NULL: by nobody else. */
static struct sl_media_session *client_of(const struct sl_sessions *sessions,
                                          const struct sl_stream *stream)
{
    const struct audience *audience = sl_audience_find(sessions, stream);

    return audience ? audience->publication : NULL;
}

struct walk {
    struct sl_sessions *sessions;
    void (*fn)(const struct sl_listed *listed, void *arg);
    void *arg;
};

static void tell_media(struct sl_media_session *media, void *arg)
{
    const struct walk *walk = arg;
    struct sl_listed listed = {.sessions = walk->sessions, .media = media};

    walk->fn(&listed, walk->arg);
}

static void tell_stream(struct sl_stream *stream, void *arg)
{
    const struct walk *walk = arg;
    struct sl_listed listed = {.sessions = walk->sessions, .stream = stream};

    if (sl_stream_is_live(stream) && !client_of(walk->sessions, stream))
        walk->fn(&listed, walk->arg);
}

void sl_sessions_each_listed(struct sl_sessions *sessions,
                             void (*fn)(const struct sl_listed *listed, void *arg), void *arg)
{
    struct walk walk = {sessions, fn, arg};

    sl_sessions_each_media(sessions, tell_media, &walk);
    sl_streams_each(sessions->config.streams, tell_stream, &walk);
}

bool sl_sessions_find_listed(struct sl_sessions *sessions, const char *id, struct sl_listed *out)
{
    struct sl_media_session *media = sl_sessions_find_media(sessions, id);
    struct sl_stream *stream = media ? NULL : sl_streams_find_id(sessions->config.streams, id);

    if (!media && (!stream || !sl_stream_is_live(stream)))
        return false;
    *out = (struct sl_listed){sessions, media, stream};
    return true;
}

bool sl_sessions_find_named(struct sl_sessions *sessions, const char *name, struct sl_listed *out)
{
    struct sl_stream *stream = sl_streams_find(sessions->config.streams, name);

    if (!stream || !sl_stream_is_live(stream) || client_of(sessions, stream))
        return false;
    *out = (struct sl_listed){sessions, NULL, stream};
    return true;
}

const char *sl_listed_id(const struct sl_listed *listed)
{
    return listed->media ? listed->media->id : sl_stream_id(listed->stream);
}

const char *sl_listed_name(const struct sl_listed *listed)
{
    return listed->media ? listed->media->name : sl_stream_name(listed->stream);
}

bool sl_listed_is_publication(const struct sl_listed *listed)
{
    return !listed->media || listed->media->publish;
}

static bool stream_matches(const struct sl_stream *stream, const struct sl_media_filter *filter)
{
    const char *status = sl_media_state_name(SL_MEDIA_PUBLISHING);

    return filter->published != SL_MEDIA_PLAYED && !filter->session_id &&
           (!filter->name || strcmp(filter->name, sl_stream_name(stream)) == 0) &&
           (!filter->status || strcmp(filter->status, status) == 0);
}

bool sl_listed_matches(const struct sl_listed *listed, const struct sl_media_filter *filter)
{
    return listed->media ? sl_media_session_matches(listed->media, filter)
                         : stream_matches(listed->stream, filter);
}

/* The SDK's word for it, where it has one. */
static const char *provider_of(const struct sl_stream *stream)
{
    static const struct {
        const char *protocol, *provider;
    } words[] = {{"webrtc", "WebRTC"}, {"mixer", "WebRTC"}};
    const char *protocol = sl_stream_protocol(stream);

    for (size_t i = 0; i < SL_ARRAY_LEN(words); i++) {
        if (strcmp(words[i].protocol, protocol) == 0)
            return words[i].provider;
    }
    return protocol;
}

/* What is mixed belongs to the application of the first who is in it. */
static const char *app_key_of(const struct sl_sessions *sessions, const struct sl_stream *stream)
{
    const struct sl_mixing *mixing = sessions->config.mixing;
    const struct sl_stream *first = stream;

    while (mixing && (first = mixing->first_in(mixing->arg, stream)))
        stream = first;
    const struct sl_media_session *media = client_of(sessions, stream);
    return media && media->session ? media->session->app_key : "defaultApp";
}

/* As if a client of no session published it. */
static json_t *describe_stream(struct sl_sessions *sessions, struct sl_stream *stream)
{
    struct audience audience = {.stream = stream};
    struct sl_media_session shown = {
        .sessions = sessions,
        .audience = &audience,
        .publish = true,
        .state = SL_MEDIA_PUBLISHING,
        .id = sl_strdup(sl_stream_id(stream)),
        .name = sl_strdup(sl_stream_name(stream)),
        .created_ms = sl_stream_live_since_ms(stream),
    };
    bool *const has[2] = {[SL_AUDIO] = &shown.has_audio, [SL_VIDEO] = &shown.has_video};

    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        *has[kind] = sl_stream_track(stream, kind) != NULL;
        shown.codecs[kind] = sl_stream_codec(stream, kind);
    }
    sl_stream_size(stream, &shown.width, &shown.height);
    json_t *out = sl_media_session_describe(&shown);
    (void)json_object_set_new(out, "appKey", json_string(app_key_of(sessions, stream)));
    (void)json_object_set_new(out, "mediaProvider", json_string(provider_of(stream)));
    free(shown.id);
    free(shown.name);
    return out;
}

json_t *sl_listed_describe(const struct sl_listed *listed)
{
    return listed->media ? sl_media_session_describe(listed->media)
                         : describe_stream(listed->sessions, listed->stream);
}

void sl_listed_video(const struct sl_listed *listed, struct sl_video_rate *out)
{
    struct sl_stream_figures figures;

    if (listed->media) {
        *out = listed->media->video;
        out->width = listed->media->width;
        out->height = listed->media->height;
        return;
    }
    sl_stream_figures(listed->stream, &figures);
    *out = (struct sl_video_rate){
        .rate_bps = figures.video_bps,
        .fps = figures.video_fps,
        .nack = figures.nack,
        .lost = figures.lost,
    };
    sl_stream_size(listed->stream, &out->width, &out->height);
}

static_assert((int)SL_LISTED_LAYERS_MAX == (int)SL_STREAM_LAYERS_MAX, "each of them is listed");

size_t sl_listed_layers(const struct sl_listed *listed,
                        struct sl_listed_layer out[static SL_LISTED_LAYERS_MAX])
{
    const struct sl_stream *stream = listed->stream;
    struct sl_stream_layer layers[SL_STREAM_LAYERS_MAX];

    if (listed->media)
        stream = listed->media->publish ? listed->media->stream : NULL;
    size_t count = stream ? sl_stream_layers(stream, layers) : 0;
    for (size_t i = 0; i < count; i++) {
        sl_stream_size(layers[i].stream, &out[i].width, &out[i].height);
        out[i].rate_bps = layers[i].bitrate_bps;
    }
    return count;
}

void sl_listed_terminate(const struct sl_listed *listed, enum sl_reason reason)
{
    if (listed->media)
        sl_media_session_terminate(listed->media, reason);
    else
        sl_stream_terminate(listed->stream, listed->sessions->config.words(reason));
}

/* ---- What this server makes ---- */

static void tell_made(struct sl_sessions *sessions, struct sl_stream *stream, const char *app_key,
                      enum sl_media_state state)
{
    const struct sl_hooks *hooks = sessions->config.hooks;
    const struct sl_hook_client client = {.app_key = app_key, .session_id = sl_stream_id(stream)};

    if (!hooks->knows_app(hooks->arg, app_key) ||
        !hooks->wants(hooks->arg, &client, SL_HOOK_STREAM_STATUS_EVENT))
        return;
    json_t *body = describe_stream(sessions, stream);
    (void)json_object_set_new(body, "appKey", json_string(app_key));
    (void)json_object_set_new(body, "nodeId", json_string(sessions->node_id));
    (void)json_object_set_new(body, "status", json_string(sl_media_state_name(state)));
    hooks->notify(hooks->arg, &client, SL_HOOK_STREAM_STATUS_EVENT, body);
    json_decref(body);
}

void sl_sessions_tell_made(struct sl_sessions *sessions, struct sl_stream *stream, bool begins)
{
    struct made_stream *made = sl_made_stream_find(sessions, sl_stream_id(stream));

    if (begins && !made) {
        made = sl_made_stream_add(sessions, sl_stream_id(stream), app_key_of(sessions, stream));
        tell_made(sessions, stream, made->app_key, SL_MEDIA_PUBLISHING);
    } else if (!begins && made) {
        tell_made(sessions, stream, made->app_key, SL_MEDIA_UNPUBLISHED);
        sl_made_stream_forget(made);
    }
}
