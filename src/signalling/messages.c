/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Texts, subscriptions and documents by way of a client's telephone (websocket-api.md section
 * 11.4). */
#include "signalling/internal.h"

#include <string.h>

static const char no_phone[] = "Failed by session creation";

/* ---- To the client ---- */

/* The client returns the second object with its status filled in. */
void sl_client_on_message(void *client, json_t *message)
{
    json_t *result = json_pack("{s:O?, s:s}", "id", json_object_get(message, "id"), "status", "");

    sl_send_message(client, "notifyMessage", json_pack("[O, o]", message, result));
}

void sl_client_on_subscription(void *client, json_t *subscription)
{
    json_t *sip_object =
        json_pack("{s:O*}", "sipMessageRaw", json_object_get(subscription, "sipMessageRaw"));

    sl_send_message(client, "notifySubscription", json_pack("[O, o]", subscription, sip_object));
}

void sl_client_on_xcap(void *client, json_t *document)
{
    sl_send_object(client, "notifyXcapResponse", json_incref(document));
}

void sl_client_on_refused(void *client, const char *api_method, const char *info)
{
    sl_send_fail(client, api_method, NULL, info);
}

/* ---- From the client ---- */

void sl_handle_send_message(struct connection *connection, const struct envelope *envelope)
{
    json_t *object = sl_field_object(envelope);

    if (connection->phone && object) {
        connection->signalling->phones->send_message(connection->phone, object);
        return;
    }
    json_t *message =
        json_pack("{s:s?, s:s*, s:s*, s:s, s:s}", "id", sl_field_string(object, "id"), "from",
                  sl_field_string(object, "from"), "to", sl_field_string(object, "to"), "status",
                  "FAILED", "info", no_phone);
    sl_client_on_message(connection, message);
    json_decref(message);
}

void sl_handle_notification_result(struct connection *connection, const struct envelope *envelope)
{
    json_t *object = sl_field_object(envelope);

    if (connection->phone && object)
        connection->signalling->phones->confirm(connection->phone, object);
}

void sl_handle_subscribe(struct connection *connection, const struct envelope *envelope)
{
    json_t *object = sl_field_object(envelope);

    if (connection->phone && object)
        connection->signalling->phones->subscribe(connection->phone, object);
    else
        sl_client_on_refused(connection, "SubscriptionStatusEvent", no_phone);
}

void sl_handle_send_xcap_request(struct connection *connection, const struct envelope *envelope)
{
    json_t *object = sl_field_object(envelope);

    if (connection->phone && object)
        connection->signalling->phones->ask_xcap(connection->phone, object);
    else
        sl_client_on_refused(connection, "XcapStatusEvent", no_phone);
}
