/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Data to the back end, bug reports, pushed logs and debug sessions (websocket-api.md 10). */
#include "signalling/internal.h"

#include <string.h>

enum { OPERATION_ID_MAX = 256 };

void sl_handle_send_data(struct connection *connection, const struct envelope *envelope)
{
    json_t *object = sl_field_object(envelope);
    json_t *operation_id = json_object_get(object, "operationId");

    if (!json_is_string(operation_id) || json_string_length(operation_id) > OPERATION_ID_MAX) {
        sl_send_fail(connection, NULL, NULL, "operationId is missing");
        return;
    }
    json_t *payload = json_object_get(object, "payload"), *tree = NULL;
    struct sl_room_command command;
    if (sl_session_has_rooms(connection->session))
        tree = sl_room_command_parse(sl_json_raw_text(payload), &command);
    sl_session_submit_data(connection->session, operation_id, payload, tree ? &command : NULL);
    json_decref(tree);
}

void sl_handle_submit_bug_report(struct connection *connection, const struct envelope *envelope)
{
    const json_t *object = sl_field_object(envelope);

    sl_session_submit_report(connection->session, sl_field_string(object, "text"),
                             sl_field_string(object, "type"));
}

/* Bursts of hundreds are normal; what is over the limit is dropped without a word (WS-67). */
void sl_handle_push_logs(struct connection *connection, const struct envelope *envelope)
{
    const char *logs = sl_field_string(sl_field_object(envelope), "logs");

    if (logs)
        sl_session_push_log(connection->session, logs);
}

void sl_handle_metrics_description(struct connection *connection, const struct envelope *envelope)
{
    const json_t *object = sl_field_object(envelope);
    const char *id = sl_field_string(object, "mediaSessionId");
    const char *headers = sl_field_string(object, "headers");
    const char *compression = sl_field_string(object, "compression");

    if (id && headers)
        sl_session_describe_metrics(connection->session, id, headers,
                                    compression ? compression : "none");
}

void sl_handle_metrics_batch(struct connection *connection, const struct envelope *envelope)
{
    const json_t *object = sl_field_object(envelope);
    const char *id = sl_field_string(object, "mediaSessionId");
    const char *batch = sl_field_string(object, "metrics");

    if (id && batch)
        sl_session_take_metrics(connection->session, id, batch);
}

void sl_handle_session_debug(struct connection *connection, const struct envelope *envelope)
{
    const char *command = sl_field_string(sl_field_object(envelope), "command");
    bool start = command && strcmp(command, "start") == 0;

    if (start || (command && strcmp(command, "stop") == 0))
        sl_session_debug(connection->session, start);
}

/* ---- Answers ---- */

void sl_client_on_debug(void *client, bool running, const char *file)
{
    sl_send_object(
        client, "notifySessionDebugEvent",
        json_pack("{s:s, s:s*}", "status", running ? "STARTED" : "STOPPED", "file", file));
}

void sl_client_on_report(void *client, const char *name, const struct sl_why *why)
{
    if (why->reason)
        sl_send_fail(client, "BugReportStatusEvent", NULL,
                     why->words ? why->words : sl_signalling_words(why->reason));
    else
        sl_send_message(client, "notifyBugReport", json_pack("[s]", name));
}
