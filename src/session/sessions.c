/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The registry: all sessions, all publications and playbacks. */
#include "session/sessions.h"
#include "session/injecting.h"
#include "session/internal.h"
#include "session/made_streams.h"
#include "session/membership.h"
#include "session/rates.h"
#include "session/room_names.h"

#include <assert.h>
#include <string.h>

static bool has_stopped(const struct sl_sessions *sessions)
{
    return sessions->on_stopped && sl_list_empty(&sessions->sessions) &&
           sl_list_empty(&sessions->closing);
}

static void on_stopped_later(struct sl_later *later)
{
    struct sl_sessions *sessions = sl_container_of(later, struct sl_sessions, stopped);
    void (*on_stopped)(void *owner) = sessions->on_stopped;

    if (!has_stopped(sessions))
        return; /* somebody has connected meanwhile, and is turned away */
    sessions->on_stopped = NULL;
    on_stopped(sessions->stopped_owner);
}

struct sl_sessions *sl_sessions_create(const struct sl_sessions_config *config)
{
    struct sl_sessions *sessions = sl_new(struct sl_sessions);

    sessions->config = *config;
    (void)snprintf(sessions->node_id, sizeof(sessions->node_id), "%s", config->node_id);
    sl_table_init(&sessions->sessions_by_id);
    sl_table_init(&sessions->media_by_id);
    sl_table_init(&sessions->audiences);
    sl_table_init(&sessions->kept);
    sl_table_init(&sessions->room_names);
    sl_list_init(&sessions->injections);
    sl_list_init(&sessions->made_streams);
    sl_list_init(&sessions->sessions);
    sl_list_init(&sessions->media);
    sl_list_init(&sessions->closing);
    sessions->rooms = sl_rooms_create(config->config, &sl_membership_ops, sessions);
    sessions->stopped.run = on_stopped_later;
    sl_rates_start(sessions);
    return sessions;
}

void sl_sessions_destroy(struct sl_sessions *sessions)
{
    if (!sessions)
        return;
    assert(sl_list_empty(&sessions->sessions) && sl_list_empty(&sessions->media));
    if (!sl_list_empty(&sessions->closing)) /* the workers hung, and main gave up waiting */
        sl_log(SL_LOG_ERROR, NULL, "session: %zu media never closed", sessions->stats.closing);
    sl_later_cancel(&sessions->stopped);
    sl_rates_stop(sessions);
    sl_rooms_destroy(sessions->rooms);
    sl_table_deinit(&sessions->sessions_by_id);
    sl_table_deinit(&sessions->media_by_id);
    sl_table_deinit(&sessions->audiences);
    sl_table_deinit(&sessions->kept);
    sl_room_names_deinit(sessions);
    sl_injections_deinit(sessions);
    sl_made_streams_deinit(sessions);
    free(sessions);
}

void sl_sessions_check_stopped(struct sl_sessions *sessions)
{
    if (has_stopped(sessions))
        sl_loop_later(sessions->config.loop, &sessions->stopped);
}

void sl_sessions_drain(struct sl_sessions *sessions)
{
    sessions->draining = true;
}

const char *sl_sessions_node_id(const struct sl_sessions *sessions)
{
    return sessions->node_id;
}

void sl_sessions_stats(const struct sl_sessions *sessions, struct sl_sessions_stats *out)
{
    *out = sessions->stats;
}

static bool session_has_id(const struct sl_table_node *node, const void *key)
{
    const struct sl_session *session = sl_container_of_const(node, struct sl_session, by_id);

    return strcmp(session->id, key) == 0;
}

struct sl_session *sl_sessions_find(struct sl_sessions *sessions, const char *session_id)
{
    struct sl_table_node *node = sl_table_find(&sessions->sessions_by_id, sl_hash_text(session_id),
                                               session_has_id, session_id);

    return node ? sl_container_of(node, struct sl_session, by_id) : NULL;
}

void sl_sessions_each(struct sl_sessions *sessions,
                      void (*fn)(struct sl_session *session, void *arg), void *arg)
{
    struct sl_session *session;

    sl_list_foreach(session, &sessions->sessions, struct sl_session, link)
    {
        if (!session->absent)
            fn(session, arg);
    }
}

void sl_sessions_report_error(struct sl_sessions *sessions, const char *session_id,
                              const char *info)
{
    struct sl_session *session = sl_sessions_find(sessions, session_id);

    if (session && session->status == SL_SESSION_ESTABLISHED)
        SL_TELL(session, on_error, &(struct sl_why){.reason = SL_REASON_ERROR, .words = info});
}

static bool media_has_id(const struct sl_table_node *node, const void *key)
{
    const struct sl_media_session *media =
        sl_container_of_const(node, struct sl_media_session, by_id);

    return strcmp(media->id, key) == 0;
}

struct sl_media_session *sl_sessions_find_media(struct sl_sessions *sessions,
                                                const char *media_session_id)
{
    struct sl_table_node *node = sl_table_find(
        &sessions->media_by_id, sl_hash_text(media_session_id), media_has_id, media_session_id);

    return node ? sl_container_of(node, struct sl_media_session, by_id) : NULL;
}

void sl_sessions_each_media(struct sl_sessions *sessions,
                            void (*fn)(struct sl_media_session *media, void *arg), void *arg)
{
    struct sl_media_session *media;

    sl_list_foreach(media, &sessions->media, struct sl_media_session, link) fn(media, arg);
}

void sl_session_each_media(struct sl_session *session,
                           void (*fn)(struct sl_media_session *media, void *arg), void *arg)
{
    struct sl_media_session *media;

    sl_list_foreach(media, &session->media, struct sl_media_session, in_session) fn(media, arg);
}

static bool one_of(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, list[i]) == 0)
            return true;
    return false;
}

bool sl_media_session_matches(const struct sl_media_session *media,
                              const struct sl_media_filter *filter)
{
    if (filter->media_session_id_count > 0 &&
        !one_of(media->id, filter->media_session_ids, filter->media_session_id_count))
        return false;
    if (filter->name && strcmp(media->name, filter->name) != 0)
        return false;
    if (filter->status && strcmp(sl_media_state_name(media->state), filter->status) != 0)
        return false;
    if (filter->session_id && strcmp(media->session->id, filter->session_id) != 0)
        return false;
    return filter->published == SL_MEDIA_ANY ||
           media->publish == (filter->published == SL_MEDIA_PUBLISHED);
}

size_t sl_sessions_count_media(const struct sl_sessions *sessions,
                               const struct sl_media_filter *filter)
{
    const struct sl_media_session *media;
    size_t count = 0;

    for (const struct sl_list *link = sessions->media.next; link != &sessions->media;
         link = link->next) {
        media = sl_container_of_const(link, struct sl_media_session, link);
        count += sl_media_session_matches(media, filter);
    }
    return count;
}
