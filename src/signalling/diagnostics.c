/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Data to the back end, bug reports, pushed logs and debug sessions (websocket-api.md 10). */
#include "base/clock.h"
#include "base/random.h"
#include "signalling/internal.h"

#include <stdio.h>
#include <string.h>

enum {
    LOG_TEXT_MAX = 1024, /* of a client's line; the rest is cut */
    REPORT_TEXT_MAX = 4096,
    OPERATION_ID_MAX = 256,
    TOKEN_LEN = 16,
    REPORTS_PER_SECOND = 2, /* people write them */
};

void sl_handle_send_data(struct connection *connection, const struct envelope *envelope)
{
    json_t *object = sl_field_object(envelope);
    json_t *operation_id = json_object_get(object, "operationId");

    if (!json_is_string(operation_id) || json_string_length(operation_id) > OPERATION_ID_MAX) {
        sl_send_fail(connection, NULL, NULL, "operationId is missing");
        return;
    }
    sl_session_submit_data(connection->session, operation_id, json_object_get(object, "payload"));
}

/* The report goes to the log, under the name that the client is told. */
void sl_handle_submit_bug_report(struct connection *connection, const struct envelope *envelope)
{
    const json_t *object = sl_field_object(envelope);
    const char *text = sl_field_string(object, "text"), *type = sl_field_string(object, "type");
    char name[64] = "bugreport-", quoted[REPORT_TEXT_MAX], quoted_type[64];

    if (!sl_bucket_take(&connection->reports, REPORTS_PER_SECOND, sl_now_us())) {
        sl_send_fail(connection, NULL, NULL, sl_signalling_words(SL_REASON_BUSY));
        return;
    }
    sl_session_notify(connection->session, SL_HOOK_SUBMIT_BUG_REPORT,
                      json_pack("{s:s*, s:s*}", "text", text, "type", type));
    sl_random_token(name + strlen(name), TOKEN_LEN);
    sl_log(SL_LOG_INFO, &connection->log, "%s type=%s text=%s", name,
           sl_log_quote(quoted_type, sizeof(quoted_type), type),
           sl_log_quote(quoted, sizeof(quoted), text));
    sl_send_message(connection, "notifyBugReport", json_pack("[s]", name));
    sl_session_notify(connection->session, SL_HOOK_BUG_REPORT_STATUS_EVENT,
                      json_pack("{s:s}", "filename", name));
}

/* Bursts of hundreds are normal; what is over the limit is dropped without a word (WS-67). */
void sl_handle_push_logs(struct connection *connection, const struct envelope *envelope)
{
    const char *logs = sl_field_string(sl_field_object(envelope), "logs");
    const struct sl_config *config = connection->signalling->config;
    char quoted[LOG_TEXT_MAX];

    if (!logs ||
        !sl_bucket_take(&connection->logs, config->client_log_lines_per_second, sl_now_us()))
        return;
    sl_session_notify(connection->session, SL_HOOK_PUSH_LOGS, json_pack("{s:s}", "logs", logs));
    if (sl_log_enabled(SL_LOG_DEBUG))
        sl_log(SL_LOG_DEBUG, &connection->log, "client log: %s",
               sl_log_quote(quoted, sizeof(quoted), logs));
}

void sl_handle_session_debug(struct connection *connection, const struct envelope *envelope)
{
    const char *command = sl_field_string(sl_field_object(envelope), "command");
    bool start = command && strcmp(command, "start") == 0;

    if (!start && (!command || strcmp(command, "stop") != 0))
        return;
    const char *status = start ? "STARTED" : "STOPPED";
    sl_session_notify(connection->session, SL_HOOK_SESSION_DEBUG,
                      json_pack("{s:s}", "command", command));
    sl_log(SL_LOG_INFO, &connection->log, "session debug %s", status);
    sl_send_object(connection, "notifySessionDebugEvent", json_pack("{s:s}", "status", status));
    sl_session_notify(connection->session, SL_HOOK_SESSION_DEBUG_STATUS_EVENT,
                      json_pack("{s:s}", "status", status));
}
