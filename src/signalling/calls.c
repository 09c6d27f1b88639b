/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a client asks of its telephone (websocket-api.md section 11.1). */
#include "signalling/internal.h"

/* Without a telephone each call ends at once, so that no client waits for one (11.2, 13). */
static void refuse_call(struct connection *connection, const json_t *object)
{
    sl_send_object(connection, "finish",
                   json_pack("{s:s?, s:b, s:s, s:s*, s:s*, s:b, s:b, s:s, s:s}", "callId",
                             sl_field_string(object, "callId"), "incoming", 0, "status", "FAILED",
                             "caller", sl_field_string(object, "caller"), "callee",
                             sl_field_string(object, "callee"), "hasAudio",
                             sl_field_bool(object, "hasAudio", true), "hasVideo",
                             sl_field_bool(object, "hasVideo", false), "mediaProvider", "WebRTC",
                             "info", "Failed by session creation"));
}

void sl_handle_call(struct connection *connection, const struct envelope *envelope)
{
    json_t *object = sl_field_object(envelope);

    if (connection->phone && object)
        connection->signalling->phones->call(connection->phone, object);
    else
        refuse_call(connection, object);
}

/* Whatever is asked of a call that is not there: it is over. */
static void say_over(struct connection *connection, const json_t *object)
{
    sl_send_object(
        connection, "finish",
        json_pack("{s:s?, s:s}", "callId", sl_field_string(object, "callId"), "status", "FINISH"));
}

void sl_handle_answer(struct connection *connection, const struct envelope *envelope)
{
    json_t *object = sl_field_object(envelope);

    if (connection->phone && object)
        connection->signalling->phones->answer(connection->phone, object);
    else
        say_over(connection, object);
}

static void order(struct connection *connection, const struct envelope *envelope,
                  enum sl_phone_order what)
{
    json_t *object = sl_field_object(envelope);

    if (connection->phone && object)
        connection->signalling->phones->order(connection->phone, what, object);
    else
        say_over(connection, object);
}

void sl_handle_hangup(struct connection *connection, const struct envelope *envelope)
{
    order(connection, envelope, SL_PHONE_HANGUP);
}

void sl_handle_hold(struct connection *connection, const struct envelope *envelope)
{
    order(connection, envelope, SL_PHONE_HOLD);
}

void sl_handle_unhold(struct connection *connection, const struct envelope *envelope)
{
    order(connection, envelope, SL_PHONE_UNHOLD);
}

void sl_handle_dtmf(struct connection *connection, const struct envelope *envelope)
{
    order(connection, envelope, SL_PHONE_DTMF);
}

void sl_handle_transfer(struct connection *connection, const struct envelope *envelope)
{
    order(connection, envelope, SL_PHONE_TRANSFER);
}
