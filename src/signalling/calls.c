/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls, as long as there is no SIP: each ends at once, so that no client waits for one
 * (websocket-api.md 11.2, 13). */
#include "signalling/internal.h"

void sl_handle_call(struct connection *connection, const struct envelope *envelope)
{
    const json_t *object = sl_field_object(envelope);

    sl_send_object(connection, "finish",
                   json_pack("{s:s?, s:b, s:s, s:s*, s:s*, s:b, s:b, s:s, s:s}", "callId",
                             sl_field_string(object, "callId"), "incoming", 0, "status", "FAILED",
                             "caller", sl_field_string(object, "caller"), "callee",
                             sl_field_string(object, "callee"), "hasAudio",
                             sl_field_bool(object, "hasAudio", true), "hasVideo",
                             sl_field_bool(object, "hasVideo", false), "mediaProvider", "WebRTC",
                             "info", "Failed by session creation"));
}

/* Whatever is asked of a call that is not there: it is over. */
void sl_handle_call_control(struct connection *connection, const struct envelope *envelope)
{
    const json_t *object = sl_field_object(envelope);

    sl_send_object(
        connection, "finish",
        json_pack("{s:s?, s:s}", "callId", sl_field_string(object, "callId"), "status", "FINISH"));
}
