/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client's telephone, and what the client hears of it (websocket-api.md section 11.2). */
#include "signalling/internal.h"

#include "base/error.h"

/* Never `registered` with another status: the SDK takes each for REGISTERED (sip.md 3.3). */
static void on_registration(void *client, const struct sl_phone_registration *registration)
{
    struct connection *connection = client;
    bool registered = registration->registered;
    json_t *object =
        json_pack("{s:s*, s:s, s:s*, s:s*, s:i, s:s, s:s}", "apiMethod",
                  registered ? NULL : "RegistrationStatusEvent", "status",
                  registration->status, "info", registration->info, "sipMessageRaw",
                  registration->raw, "sipStatus", registration->sip_status, "sipLogin",
                  registration->login, "sipDomain", registration->domain);

    sl_session_strip(connection->session, SL_HOOK_REGISTRATION_STATUS_EVENT, object);
    sl_send_object(connection, registered ? "registered" : "fail", object);
}

static void on_description(void *client, const char *call_id, const char *text, bool is_answer)
{
    sl_send_message(client, "setRemoteSDP", json_pack("[s, s, b]", call_id, text, is_answer));
}

static void on_incoming(void *client, json_t *call)
{
    sl_send_object(client, "notifyIncomingCall", json_incref(call));
}

/* The SDK goes by the status, and knows no message for some (11.2). */
static void on_status(void *client, enum sl_call_status status, json_t *call)
{
    static const char *const messages[] = {
        [SL_CALL_PENDING] = "notifyTryingResponse",
        [SL_CALL_TRYING] = "notifyTryingResponse",
        [SL_CALL_RING] = "ring",
        [SL_CALL_SESSION_PROGRESS] = "ring",
        [SL_CALL_ESTABLISHED] = "talk",
        [SL_CALL_HOLD] = "hold",
        [SL_CALL_FINISH] = "finish",
        [SL_CALL_BUSY] = "finish",
        [SL_CALL_FAILED] = "finish",
    };

    sl_send_object(client, messages[status], json_incref(call));
}

static void on_transfer(void *client, json_t *transfer)
{
    sl_send_object(client, "notifyTransferEvent", json_incref(transfer));
}

static void on_left(void *client)
{
    ((struct connection *)client)->phone = NULL;
}

static const struct sl_phone_ops phone_ops = {
    .on_registration = on_registration,
    .on_description = on_description,
    .on_incoming = on_incoming,
    .on_status = on_status,
    .on_message = sl_client_on_message,
    .on_subscription = sl_client_on_subscription,
    .on_xcap = sl_client_on_xcap,
    .on_refused = sl_client_on_refused,
    .on_transfer = on_transfer,
    .on_left = on_left,
};

void sl_phone_of_connection(struct connection *connection, struct sl_error *error)
{
    const struct sl_phones *phones = connection->signalling->phones;

    error->text[0] = '\0';
    if (phones)
        connection->phone =
            phones->open(phones->arg, connection->session, &phone_ops, connection, error);
}
