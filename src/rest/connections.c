/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /rest-api/connection and /rest-api/data: clients, and messages to them (rest-api.md section 7).
 */
#include "base/mem.h"
#include "rest/bulk.h"
#include "session/session.h"

#include <string.h>

static const char *const no_match = "Connection not found";

static bool is_established(const struct sl_session *session)
{
    return session && sl_session_status(session) == SL_SESSION_ESTABLISHED;
}

/* ---- find, find_all ---- */

static void select_session(struct sl_session *session, void *arg)
{
    if (is_established(session))
        (void)json_object_set_new(arg, sl_session_id(session), json_null());
}

static void select_kept(const struct sl_kept_facts *facts, void *arg)
{
    (void)json_object_set_new(arg, facts->session_id, json_null());
}

static json_t *describe_connection(const struct sl_control *control, const char *id, json_t *params)
{
    static const char *const filters[] = {"appKey", "sessionId", "clientVersion"};
    const struct sl_session *session = sl_sessions_find(control->sessions, id);

    if (!is_established(session))
        session = sl_sessions_find_kept(control->sessions, id);
    if (!session)
        return NULL;
    json_t *item = sl_session_describe(session);
    for (size_t i = 0; i < SL_ARRAY_LEN(filters); i++) {
        json_t *wanted = json_object_get(params, filters[i]);
        if (wanted && !json_equal(wanted, json_object_get(item, filters[i]))) {
            json_decref(item);
            return NULL;
        }
    }
    return item;
}

static void answer_find(struct sl_call *call, void *arg)
{
    const struct sl_control *control = arg;
    json_t *ids = json_object();

    sl_sessions_each(control->sessions, select_session, ids);
    sl_sessions_each_kept(control->sessions, select_kept, ids);
    sl_bulk_list(control, call, ids, describe_connection, no_match);
}

/* ---- terminate ---- */

static void answer_terminate(struct sl_call *call, void *arg)
{
    const struct sl_control *control = arg;
    struct sl_session *session =
        sl_sessions_find(control->sessions, sl_param_text(sl_call_body(call), "sessionId"));

    if (session)
        sl_session_terminate(session);
    else if (!sl_sessions_end_kept(control->sessions,
                                   sl_param_text(sl_call_body(call), "sessionId"))) {
        sl_reply_error(call, 404, "%s", no_match);
        return;
    }
    sl_reply_empty(call);
}

/* ---- set_log_level ---- */

static void answer_log_level(struct sl_call *call, void *arg)
{
    const struct sl_control *control = arg;
    json_t *params = sl_call_body(call);
    struct sl_session *session =
        sl_sessions_find(control->sessions, sl_param_text(params, "sessionId"));
    int level = sl_log_level_parse(sl_param_text(params, "logLevel"));

    if (level < 0)
        sl_reply_error(call, 400, "logLevel: ERROR, WARN, INFO, DEBUG or TRACE");
    else if (!session)
        sl_reply_error(call, 404, "%s", no_match);
    else if (sl_session_set_log_level(session, (enum sl_log_level)level) < 0)
        sl_reply_error(call, 500, "too many clients have a level of their own");
    else
        sl_reply_empty(call);
}

/* ---- data/send ---- */

static void send_data(const struct sl_control *control, const char *id, json_t *params)
{
    struct sl_session *session = sl_sessions_find(control->sessions, id);

    if (session) /* else it has left */
        sl_session_send_data(session, sl_param_text(params, "operationId"),
                             json_object_get(params, "payload"));
}

static void select_receiver(const struct sl_control *control, json_t *id, json_t *ids)
{
    const struct sl_session *session = sl_sessions_find(control->sessions, json_string_value(id));

    if (is_established(session))
        (void)json_object_set_new(ids, sl_session_id(session), json_null());
}

/* sessionId and sessionIds together; unknown ones are passed over if one is known, as in
 * /stream/terminate. */
static json_t *receivers_of(const struct sl_control *control, json_t *params)
{
    json_t *id = json_object_get(params, "sessionId"), *ids = json_object(), *item;
    size_t i;

    if (id)
        select_receiver(control, id, ids);
    json_array_foreach(json_object_get(params, "sessionIds"), i, item)
        select_receiver(control, item, ids);
    return ids;
}

static void answer_send(struct sl_call *call, void *arg)
{
    const struct sl_control *control = arg;
    json_t *params = sl_call_body(call);
    const char *node_id = sl_param_text(params, "nodeId");

    if (!json_object_get(params, "sessionId") && !json_object_get(params, "sessionIds")) {
        sl_reply_error(call, 400, "sessionId or sessionIds: one of them is needed");
        return;
    }
    if (node_id && strcmp(node_id, sl_sessions_node_id(control->sessions)) != 0) {
        sl_reply_error(call, 404, "Node not found");
        return;
    }
    sl_bulk_do(control, call, receivers_of(control, params), send_data, no_match);
}

/* ---- The table ---- */

static const struct sl_param find_params[] = {
    {.name = "appKey", .about = "clients of this application"},
    {.name = "sessionId", .about = "this client"},
    {.name = "clientVersion", .about = "clients that gave this version"},
};
static const struct sl_param terminate_params[] = {
    {.name = "sessionId", .required = true, .about = "this client"},
};
static const struct sl_param log_level_params[] = {
    {.name = "sessionId", .required = true, .about = "this client"},
    {.name = "logLevel", .required = true, .about = "ERROR, WARN, INFO, DEBUG or TRACE"},
};
static const struct sl_param send_params[] = {
    {.name = "nodeId", .about = "this server; others are unknown here"},
    {.name = "operationId", .required = true, .about = "told to the client"},
    {.name = "sessionId", .about = "this client"},
    {.name = "sessionIds", .type = SL_PARAM_NAMES, .about = "each of these"},
    {.name = "payload", .type = SL_PARAM_ANY, .required = true, .about = "what it is given"},
};

static const struct sl_route routes[] = {
    {.methods = "POST",
     .path = "/rest-api/connection/find",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_find,
     .about = "the clients that match all of the filters",
     SL_ROUTE_PARAMS(find_params),
     .answer = "Connection[]",
     .codes = "404"},
    {.methods = "GET POST",
     .path = "/rest-api/connection/find_all",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_find,
     .about = "all clients",
     .answer = "Connection[]",
     .codes = "404"},
    {.methods = "POST",
     .path = "/rest-api/connection/terminate",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_terminate,
     .about = "closes a client's connection; its streams end",
     SL_ROUTE_PARAMS(terminate_params),
     .codes = "404"},
    {.methods = "POST",
     .path = "/rest-api/connection/set_log_level",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_log_level,
     .about = "how much is logged of a client, to its end",
     SL_ROUTE_PARAMS(log_level_params),
     .codes = "404 500"},
    {.methods = "POST",
     .path = "/rest-api/data/send",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_send,
     .about = "sends data to clients, who hear it as OnDataEvent",
     SL_ROUTE_PARAMS(send_params),
     .codes = "404"},
};

void sl_control_add_connections(struct sl_control *control, struct sl_router *router)
{
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), control);
}
