/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ends that wait for a file, and what back ends hear of recordings. */
#include "session/farewell.h"
#include "session/questions.h"

#include <string.h>

struct sl_farewell {
    struct sl_list link; /* in session->farewells */
    struct sl_media_session *media;
    struct sl_session *session; /* NULL: it has gone */
    struct sl_archive_end *end;
    json_t *event; /* StreamStatusEvent, but for the name; NULL: nobody wants it */
    /* What is left of a session for its back end. */
    char *app_key, *session_id;
    json_t *rest_client_config;
    void (*tell_client)(struct sl_media_session *media);
    void (*on_said)(struct sl_media_session *media);
};

static struct sl_hook_client client_of(const struct sl_farewell *farewell)
{
    return (struct sl_hook_client){.app_key = farewell->app_key,
                                   .session_id = farewell->session_id,
                                   .rest_client_config = farewell->rest_client_config};
}

static const struct sl_hooks *hooks_of(const struct sl_farewell *farewell)
{
    return farewell->media->sessions->config.hooks;
}

static void tell_back_end(struct sl_farewell *farewell)
{
    const struct sl_hooks *hooks = hooks_of(farewell);
    struct sl_hook_client client = client_of(farewell);
    const char *name = farewell->media->record_name;

    if (!farewell->event)
        return;
    (void)json_object_set_new(farewell->event, "recordName",
                              name ? json_string(name) : json_null());
    hooks->notify(hooks->arg, &client, SL_HOOK_STREAM_STATUS_EVENT, farewell->event);
}

static void farewell_free(struct sl_farewell *farewell)
{
    farewell->media->farewell = NULL;
    sl_list_remove(&farewell->link);
    json_decref(farewell->event);
    json_decref(farewell->rest_client_config);
    free(farewell->app_key);
    free(farewell->session_id);
    free(farewell);
}

static void on_ended(void *owner, const char *name)
{
    struct sl_farewell *farewell = owner;
    struct sl_media_session *media = farewell->media;
    void (*on_said)(struct sl_media_session * media) = farewell->on_said;

    media->record_name = sl_strdup_or_null(name);
    media->session = farewell->session; /* whose it was, while it is told */
    if (media->session)
        farewell->tell_client(media);
    media->session = NULL;
    tell_back_end(farewell);
    farewell_free(farewell);
    on_said(media);
}

/* As the client knows it, for the hook. */
static json_t *describe_end(struct sl_media_session *media)
{
    if (!sl_session_wants(media->session, SL_HOOK_STREAM_STATUS_EVENT))
        return NULL;
    return sl_media_session_describe(media);
}

bool sl_farewell_begin(struct sl_media_session *media,
                       void (*tell_client)(struct sl_media_session *media),
                       void (*on_said)(struct sl_media_session *media))
{
    const struct sl_archive *archive = media->sessions->config.archive;
    struct sl_farewell *farewell = sl_new(struct sl_farewell);

    farewell->end = archive && media->publish && media->stream
                        ? archive->end(archive->arg, media->stream, on_ended, farewell)
                        : NULL;
    if (!farewell->end) {
        free(farewell);
        return false;
    }
    media->recorded = true;
    media->farewell = farewell;
    farewell->media = media;
    farewell->session = media->session;
    farewell->event = describe_end(media);
    farewell->app_key = sl_strdup(media->session->app_key);
    farewell->session_id = sl_strdup(media->session->id);
    farewell->rest_client_config = json_incref(media->session->rest_client_config);
    farewell->tell_client = tell_client;
    farewell->on_said = on_said;
    sl_list_append(&media->session->farewells, &farewell->link);
    return true;
}

void sl_farewells_leave(struct sl_session *session)
{
    struct sl_farewell *farewell;

    sl_list_foreach(farewell, &session->farewells, struct sl_farewell, link)
    {
        farewell->session = NULL;
        sl_list_remove(&farewell->link);
    }
}

bool sl_farewell_waits(const struct sl_session *session, const char *media_session_id)
{
    const struct sl_list *link;

    for (link = session->farewells.next; link != &session->farewells; link = link->next) {
        const struct sl_farewell *farewell = sl_container_of_const(link, struct sl_farewell, link);
        if (strcmp(farewell->media->id, media_session_id) == 0)
            return true;
    }
    return false;
}

/* ---- Events of recordings (media-outputs.md 3.4) ---- */

static json_t *event_body(const struct sl_media_session *media, const char *type, const char *name,
                          const char *info)
{
    return json_pack("{s:s, s:s, s:s, s:{s:s?, s:s?}}", "mediaSessionId", media->id, "name",
                     media->name, "type", type, "payload", "recordName", name, "info", info);
}

/* Live, or said farewell to. */
static struct sl_media_session *find(struct sl_sessions *sessions, const char *media_session_id)
{
    struct sl_media_session *media = sl_sessions_find_media(sessions, media_session_id), *closing;

    if (media)
        return media->publish ? media : NULL;
    sl_list_foreach(closing, &sessions->closing, struct sl_media_session, link)
    {
        if (closing->farewell && strcmp(closing->id, media_session_id) == 0)
            media = closing;
    }
    return media;
}

void sl_sessions_tell_recording(struct sl_sessions *sessions, const char *media_session_id,
                                const char *type, const char *name, const char *info)
{
    struct sl_media_session *media = find(sessions, media_session_id);

    if (!media)
        return;
    if (!media->farewell) {
        sl_session_notify(media->session, SL_HOOK_STREAM_EVENT,
                          event_body(media, type, name, info));
        return;
    }
    const struct sl_hooks *hooks = hooks_of(media->farewell);
    struct sl_hook_client client = client_of(media->farewell);
    if (!hooks->wants(hooks->arg, &client, SL_HOOK_STREAM_EVENT))
        return;
    json_t *body = event_body(media, type, name, info);
    (void)json_object_set_new(body, "nodeId", json_string(sessions->node_id));
    (void)json_object_set_new(body, "sessionId", json_string(client.session_id));
    (void)json_object_set_new(body, "appKey", json_string(client.app_key));
    hooks->notify(hooks->arg, &client, SL_HOOK_STREAM_EVENT, body);
    json_decref(body);
}
