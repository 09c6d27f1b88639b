/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages to the client: always one object with a string `message` and an array `data` (WS-2). */
#include "base/json.h"
#include "signalling/internal.h"

#include <errno.h>

static void send_text(struct connection *connection, const char *text, size_t len)
{
    struct sl_counters *counters = connection->signalling->counters;
    int err = sl_ws_send_text(connection->ws, text, len);

    if (err == 0) {
        sl_count(counters, SL_COUNTER_WS_MESSAGES_OUT, 1);
        return;
    }
    /* The socket is dropped already and on_close follows. */
    connection->closing = true;
    if (err == -ENOBUFS) {
        sl_count(counters, SL_COUNTER_WS_DROPPED_SLOW, 1);
        sl_log(SL_LOG_WARN, &connection->log, "client does not read: dropped");
    }
}

void sl_send_message(struct connection *connection, const char *name, json_t *data)
{
    json_t *message = json_pack("{s:s, s:o}", "message", name, "data", data);
    size_t len;
    char *text = connection->closing ? NULL : sl_json_dump(message, &len);

    if (text)
        send_text(connection, text, len);
    free(text);
    json_decref(message);
}

void sl_send_object(struct connection *connection, const char *name, json_t *object)
{
    sl_send_message(connection, name, json_pack("[o]", object));
}

void sl_send_fail(struct connection *connection, const char *api_method, const char *id,
                  const char *info)
{
    json_t *object = api_method ? json_pack("{s:s, s:s*, s:s, s:s}", "apiMethod", api_method, "id",
                                            id, "status", "FAILED", "info", info)
                                : json_pack("{s:s}", "info", info);

    sl_send_object(connection, "fail", object);
}
