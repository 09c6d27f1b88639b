/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a message's name to its handler, and whether the session is far enough for it. */
#include "signalling/internal.h"

#include <string.h>

static void ignore(struct connection *connection, const struct envelope *envelope)
{
    (void)connection;
    (void)envelope;
}

/* ANY: also without a session, and never refused. */
enum stage { ANY, BEFORE_SESSION, ESTABLISHED };

/* websocket-api.md 2.1 */
static const struct {
    const char *name;
    enum stage stage;
    handler *handler;
} rows[] = {
    {"connection", BEFORE_SESSION, sl_handle_connection},
    {"connectMediaTransport", BEFORE_SESSION, sl_handle_connect_media_transport},
    {"pong", ANY, ignore},
    {"ping", ANY, sl_handle_ping},
    {"publishStream", ESTABLISHED, sl_handle_publish_stream},
    {"playStream", ESTABLISHED, sl_handle_play_stream},
    {"unPublishStream", ESTABLISHED, sl_handle_unpublish_stream},
    {"stopStream", ESTABLISHED, sl_handle_stop_stream},
    {"availableStream", ESTABLISHED, sl_handle_available_stream},
    {"sendStreamEvent", ESTABLISHED, sl_handle_send_stream_event},
    {"snapshot", ESTABLISHED, sl_handle_snapshot},
    {"sendData", ESTABLISHED, sl_handle_send_data},
    {"DataStatusEvent", ESTABLISHED, ignore},
    {"submitBugReport", ESTABLISHED, sl_handle_submit_bug_report},
    {"pushLogs", ESTABLISHED, sl_handle_push_logs},
    {"webRTCMetricsClientDescription", ESTABLISHED, sl_handle_metrics_description},
    {"webRTCMetricsBatch", ESTABLISHED, sl_handle_metrics_batch},
    {"sessionDebug", ESTABLISHED, sl_handle_session_debug},
    {"call", ESTABLISHED, sl_handle_call},
    {"answer", ESTABLISHED, sl_handle_answer},
    {"hangup", ESTABLISHED, sl_handle_hangup},
    {"hold", ESTABLISHED, sl_handle_hold},
    {"unhold", ESTABLISHED, sl_handle_unhold},
    {"transfer", ESTABLISHED, sl_handle_transfer},
    {"sendDtmf", ESTABLISHED, sl_handle_dtmf},
    {"sendDTMF", ESTABLISHED, sl_handle_dtmf}, /* S4's spelling */
    {"sendMessage", ESTABLISHED, sl_handle_send_message},
    {"notificationResult", ESTABLISHED, sl_handle_notification_result},
    {"subscribe", ESTABLISHED, sl_handle_subscribe},
    {"sendXcapRequest", ESTABLISHED, sl_handle_send_xcap_request},
};

void sl_dispatch(struct connection *connection, const struct envelope *envelope)
{
    char quoted[96];

    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++) {
        if (strcmp(envelope->name, rows[i].name) != 0)
            continue;
        if (rows[i].stage == BEFORE_SESSION && connection->session)
            sl_send_fail(connection, NULL, NULL, "Session already established");
        else if (rows[i].stage == ESTABLISHED && !connection_is_established(connection))
            sl_send_fail(connection, NULL, NULL, "Session not ready");
        else
            rows[i].handler(connection, envelope);
        return;
    }
    sl_log(SL_LOG_DEBUG, &connection->log, "unknown message %s ignored",
           sl_log_quote(quoted, sizeof(quoted), envelope->name));
}
