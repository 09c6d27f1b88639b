/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a session comes to be; and those without a client: what an operator has begun, and what a
 * client has left behind. */
#include "session/absent.h"
#include "base/clock.h"
#include "session/properties.h"

#include <stdio.h>

enum { ORIGIN_MAX = 512 };

struct sl_session *sl_session_make(struct sl_sessions *sessions,
                                   const struct sl_session_config *config)
{
    struct sl_session *session = sl_new(struct sl_session);

    session->sessions = sessions;
    session->remote = config->remote;
    session->local = config->local;
    session->ops = config->ops;
    session->client = config->client;
    session->unasked = config->unasked;
    session->unpermitted = config->unpermitted;
    session->app_key = sl_strdup("defaultApp");
    session->origin = sl_text_cut(config->origin, ORIGIN_MAX);
    session->properties = json_object();
    session->created_ms = sl_wall_ms();
    sl_list_init(&session->media);
    sl_list_init(&session->questions);
    sl_list_init(&session->asked);
    sl_list_init(&session->inquiries);
    sl_list_init(&session->wishes);
    sl_list_init(&session->farewells);
    sl_list_init(&session->memberships);
    sl_list_init(&session->joinings);
    sl_list_init(&session->waiting_joins);
    return session;
}

/* Nobody connects it, so nobody is told that it comes or goes. */
static struct sl_session *make_absent(struct sl_sessions *sessions, const char *app_key,
                                      const struct sl_session_config *config)
{
    struct sl_session *session = sl_session_make(sessions, config);

    session->absent = true;
    session->status = SL_SESSION_ESTABLISHED;
    free(session->app_key);
    session->app_key = sl_strdup(app_key);
    sl_list_append(&sessions->sessions, &session->link);
    return session;
}

struct sl_session *sl_session_create_absent(struct sl_sessions *sessions, const char *app_key,
                                            json_t *fields, const struct sl_session_ops *ops,
                                            void *client)
{
    const struct sl_hooks *hooks = sessions->config.hooks;
    const struct sl_session_config config = {
        .ops = ops, .client = client, .origin = "", .unasked = true};

    if (sessions->draining || !hooks->knows_app(hooks->arg, app_key))
        return NULL;
    struct sl_session *session = make_absent(sessions, app_key, &config);
    sl_log_scope_init(&session->log, NULL, "app", app_key);
    sl_properties_merge(session->properties, fields);
    return session;
}

struct sl_session *sl_session_leave_behind(struct sl_session *session)
{
    const struct sl_session_config config = {.remote = session->remote,
                                             .local = session->local,
                                             .origin = session->origin,
                                             .unasked = session->unasked,
                                             .unpermitted = session->unpermitted};
    struct sl_session *left = make_absent(session->sessions, session->app_key, &config);

    (void)snprintf(left->id, sizeof(left->id), "%s", session->id);
    sl_log_scope_init(&left->log, NULL, "session", left->id);
    (void)json_object_update(left->properties, session->properties);
    left->rest_client_config = json_incref(session->rest_client_config);
    left->created_ms = session->created_ms;
    left->destroy = session->destroy;
    left->status = SL_SESSION_DISCONNECTED; /* as lists tell it */
    return left;
}
