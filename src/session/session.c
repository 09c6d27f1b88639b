/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One client: its identity, the state of its connection, and its end. */
#include "base/clock.h"
#include "base/random.h"
#include "session/absent.h"
#include "session/data.h"
#include "session/debugging.h"
#include "session/directory.h"
#include "session/events.h"
#include "session/farewell.h"
#include "session/internal.h"
#include "session/kept.h"
#include "session/media.h"
#include "session/membership.h"
#include "session/pictures.h"
#include "session/properties.h"
#include "session/questions.h"
#include "session/reporting.h"
#include "session/sessions.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { APP_KEY_MAX = 128 };

const char *sl_session_status_name(enum sl_session_status status)
{
    switch (status) {
    case SL_SESSION_PENDING:
        return "PENDING";
    case SL_SESSION_ESTABLISHED:
        return "ESTABLISHED";
    case SL_SESSION_FAILED:
        return "FAILED";
    case SL_SESSION_DISCONNECTED:
        return "DISCONNECTED";
    }
    return "";
}

static bool is_taken(const struct sl_session *session)
{
    return sl_sessions_find(session->sessions, session->id) ||
           sl_kept_client_has(session->sessions, session->id);
}

/* See sl_session_id(). */
static void name_session(struct sl_session *session, bool addresses_only)
{
    char remote[SL_ADDR_TEXT_MAX], local[SL_ADDR_TEXT_MAX], token[TOKEN_LEN + 1];

    (void)sl_addr_format(&session->remote, remote);
    (void)sl_addr_format(&session->local, local);
    (void)snprintf(session->id, sizeof(session->id), "/%s/%s", remote, local);
    if (!addresses_only || is_taken(session)) {
        sl_random_token(token, TOKEN_LEN);
        (void)snprintf(session->id, sizeof(session->id), "/%s/%s@%s", remote, token, local);
    }
    sl_log_scope_init(&session->log, NULL, "session", session->id);
}

struct sl_session *sl_session_create(struct sl_sessions *sessions,
                                     const struct sl_session_config *config)
{
    struct sl_session *session = sl_session_make(sessions, config);

    session->destroy = sl_session_destroy;
    name_session(session, config->id_of_addresses);
    sl_list_append(&sessions->sessions, &session->link);
    return session;
}

/* ConnectionStatusEvent: on failure nothing but why (rest-hooks.md 2.1, 5.1). */
static void tell_status(struct sl_session *session, const char *info)
{
    if (session->unasked || !sl_session_wants(session, SL_HOOK_CONNECTION_STATUS_EVENT))
        return;
    json_t *body =
        session->status == SL_SESSION_FAILED ? json_object() : json_copy(session->properties);
    (void)json_object_set_new(body, "status", json_string(sl_session_status_name(session->status)));
    if (session->status != SL_SESSION_FAILED) {
        (void)json_object_set_new(body, "authToken", json_string(session->id));
        (void)json_object_set_new(body, "origin", json_string(session->origin));
    }
    if (info)
        (void)json_object_set_new(body, "info", json_string(info));
    sl_session_add_context(session, body);
    sl_session_tell(session, SL_HOOK_CONNECTION_STATUS_EVENT, body);
}

/*
 *   PENDING --connect hook: yes--> ESTABLISHED --socket gone--> DISCONNECTED
 *      |----limit, application, hook: no--> FAILED
 *      `----socket gone--> DISCONNECTED
 *
 * The first row of each is made by on_outcome() and on_connect_answer(), the ends by
 * refuse() and sl_session_destroy().
 */
static void session_set_status(struct sl_session *session, enum sl_session_status status,
                               const struct sl_why *why)
{
    struct sl_sessions *sessions = session->sessions;
    const char *info = !why ? NULL : why->words ? why->words : sessions->config.words(why->reason);
    enum sl_session_status before = session->status;
    char quoted[INFO_MAX + 8];

    assert(before != status &&
           (before == SL_SESSION_PENDING ||
            (before == SL_SESSION_ESTABLISHED && status == SL_SESSION_DISCONNECTED)));
    session->status = status;
    sl_log(SL_LOG_INFO, &session->log, "%s%s%s", sl_session_status_name(status), info ? " " : "",
           info ? sl_log_quote(quoted, sizeof(quoted), info) : "");
    switch (status) {
    case SL_SESSION_PENDING:
        break;
    case SL_SESSION_ESTABLISHED:
        sessions->stats.sessions++;
        sl_count(sessions->config.counters, SL_COUNTER_SESSIONS_OPENED, 1);
        SL_TELL(session, on_established, session);
        sl_kept_client_resume(session);
        break;
    case SL_SESSION_FAILED:
        sl_count(sessions->config.counters, SL_COUNTER_SESSIONS_REFUSED, 1);
        sl_kept_client_unclaim(session);
        SL_TELL(session, on_refused, why);
        break;
    case SL_SESSION_DISCONNECTED:
        if (before == SL_SESSION_ESTABLISHED)
            sessions->stats.sessions--;
        break;
    }
    tell_status(session, info);
}

/* ---- Connecting ---- */

static void on_connect_answer(void *owner, const struct sl_hook_answer *answer)
{
    struct sl_session *session = owner;

    if (!answer->allowed) {
        char info[INFO_MAX];
        sl_info_copy(info, answer->info, session->sessions->config.words(SL_REASON_REFUSED));
        const struct sl_why why = {.reason = SL_REASON_REFUSED, .words = info};
        session_set_status(session, SL_SESSION_FAILED, &why);
        return;
    }
    if (answer->fields) {
        json_t *rest_client_config = json_object_get(answer->fields, "restClientConfig");
        sl_properties_merge(session->properties, answer->fields);
        if (json_is_object(rest_client_config)) {
            json_decref(session->rest_client_config); /* of who has come back: the kept one */
            session->rest_client_config = json_incref(rest_client_config);
        }
    }
    session_set_status(session, SL_SESSION_ESTABLISHED, NULL);
}

static void on_outcome(struct sl_later *later)
{
    struct sl_session *session = sl_container_of(later, struct sl_session, outcome);

    const struct sl_why why = {.reason = session->refusal};

    session_set_status(session, why.reason ? SL_SESSION_FAILED : SL_SESSION_ESTABLISHED,
                       why.reason ? &why : NULL);
}

static json_t *connect_body(const struct sl_session *session)
{
    json_t *body = json_copy(session->properties);

    (void)json_object_set_new(body, "useWsTunnel", json_false());
    (void)json_object_set_new(body, "useWsTunnelPacketization2", json_false());
    (void)json_object_set_new(body, "useBase64BinaryEncoding", json_false());
    (void)json_object_set_new(body, "status", json_string("PENDING"));
    (void)json_object_set_new(body, "origin", json_string(session->origin));
    sl_session_add_context(session, body);
    return body;
}

/* SL_REASON_NONE, or a refusal that needs no back end. */
static enum sl_reason why_refused(struct sl_session *session, json_t *fields)
{
    struct sl_sessions *sessions = session->sessions;
    const struct sl_hooks *hooks = sessions->config.hooks;
    json_t *token = json_object_get(fields, "authToken");

    if (sessions->draining)
        return SL_REASON_SHUTDOWN;
    if (sessions->sessions_by_id.count >= (size_t)sessions->config.config->sessions_max)
        return SL_REASON_SESSIONS_MAX;
    if (!hooks->knows_app(hooks->arg, session->app_key))
        return SL_REASON_NO_APP;
    return json_is_string(token) && json_string_length(token) > 0
               ? sl_kept_client_claim(session, json_string_value(token), fields)
               : SL_REASON_NONE;
}

void sl_session_connect(struct sl_session *session, json_t *fields)
{
    json_t *app_key = json_object_get(fields, "appKey");

    assert(!session->connecting);
    session->connecting = true;
    if (json_is_string(app_key) && json_string_length(app_key) <= APP_KEY_MAX) {
        free(session->app_key);
        session->app_key = sl_strdup(json_string_value(app_key));
    }
    sl_properties_merge(session->properties, fields);
    if (sl_custom_is_too_large(json_object_get(fields, "custom")))
        sl_refusals_note(&session->refusals, session->sessions, &session->log, "custom",
                         SL_REASON_CUSTOM_TOO_LARGE);
    session->from_cluster = sl_is_from_cluster(fields);
    session->refusal = why_refused(session, fields);
    if (!session->refusal) {
        if (is_taken(session)) /* another came meanwhile */
            name_session(session, false);
        sl_table_insert(&session->sessions->sessions_by_id, &session->by_id,
                        sl_hash_text(session->id));
    }
    if (!session->refusal && sl_session_asks(session, SL_HOOK_CONNECT)) {
        sl_question_ask(session, &session->questions, SL_HOOK_CONNECT, connect_body(session),
                        on_connect_answer, NULL, session);
        return;
    }
    session->outcome.run = on_outcome;
    sl_loop_later(session->sessions->config.loop, &session->outcome);
}

/* ---- Leaving ---- */

void sl_session_terminate(struct sl_session *session)
{
    session->over = true;
    sl_media_end_all(session);
    sl_memberships_end(session);
    SL_TELL(session, close, SL_REASON_OPERATOR);
}

void sl_session_destroy(struct sl_session *session)
{
    if (!session)
        return;
    struct sl_sessions *sessions = session->sessions;
    session->ops = NULL; /* a client that is gone is told nothing */
    sl_later_cancel(&session->outcome);
    sl_questions_cancel(&session->questions);
    sl_inquiries_cancel(session);
    sl_wishes_cancel(session);
    sl_data_cancel(session);
    sl_media_end_all(session);
    sl_memberships_end(session);
    sl_farewells_leave(session);
    sl_reporting_end(session);
    sl_kept_client_unclaim(session);
    sl_kept_client_add(session);
    if (session->connecting && session->status != SL_SESSION_FAILED)
        session_set_status(session, SL_SESSION_DISCONNECTED, NULL);
    sl_debugging_end(session); /* that was its last line */
    sl_table_remove(&sessions->sessions_by_id, &session->by_id);
    sl_list_remove(&session->link);
    json_decref(session->properties);
    json_decref(session->rest_client_config);
    free(session->app_key);
    free(session->origin);
    free(session);
    sl_sessions_check_stopped(sessions);
}

/* ---- What others want to know of it ---- */

const char *sl_session_id(const struct sl_session *session)
{
    return session->id;
}

const struct sl_addr *sl_session_remote(const struct sl_session *session)
{
    return &session->remote;
}

const struct sl_addr *sl_session_local(const struct sl_session *session)
{
    return &session->local;
}

enum sl_session_status sl_session_status(const struct sl_session *session)
{
    return session->status;
}

json_t *sl_session_properties(const struct sl_session *session)
{
    return sl_properties_public(session->properties, false);
}

json_t *sl_session_sip_account(const struct sl_session *session)
{
    return sl_properties_sip(session->properties);
}

json_t *sl_session_describe(const struct sl_session *session)
{
    /* Defaults first, in the order of rest-api.md 3.4; then what the client gave. */
    json_t *out = json_pack(
        "{s:{}, s:s, s:s, s:s, s:b, s:n, s:n, s:n, s:n, s:n, s:n, s:i, s:n, s:i, s:i, s:s, s:b, "
        "s:b, s:b, s:b, s:b, s:[], s:s, s:n, s:n, s:n, s:I}",
        "custom", "nodeId", session->sessions->node_id, "appKey", session->app_key, "sessionId",
        session->id, "sipRegisterRequired", 0, "sipLogin", "sipAuthenticationName", "sipPassword",
        "sipVisibleName", "sipDomain", "sipOutboundProxy", "sipPort", 0, "sipContactParams",
        "width", 0, "height", 0, "supportedResolutions", "0x0", "useProxy", 0, "useDTLS", 1,
        "useWsTunnel", 0, "useWsTunnelPacketization2", 0, "useBase64BinaryEncoding", 0,
        "mediaProviders", "status", sl_session_status_name(session->status), "clientVersion",
        "clientOSVersion", "clientBrowserVersion", "createDate", (json_int_t)session->created_ms);
    json_t *properties = sl_properties_public(session->properties, true);

    (void)json_object_update(out, properties);
    json_decref(properties);
    return out;
}

void sl_session_send_data(struct sl_session *session, const char *operation_id, json_t *payload)
{
    if (session->status == SL_SESSION_ESTABLISHED)
        SL_TELL(session, on_data, operation_id, payload);
}
