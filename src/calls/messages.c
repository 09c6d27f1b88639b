/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is told of a phone's messages. */
#include "calls/messages.h"

#include "base/metrics.h"

#include <string.h>
#include <time.h>

void sl_date_time(char out[static SL_DATE_TIME_LEN])
{
    time_t now = time(NULL);
    struct tm utc;

    (void)gmtime_r(&now, &utc); /* not before the year 2^31 */
    (void)strftime(out, SL_DATE_TIME_LEN, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static size_t bytes_of(const json_t *told)
{
    return json_string_length(json_object_get(told, "body"));
}

/* For when its client comes back: the last ones. */
static void keep(struct sl_messages *messages, json_t *told)
{
    if (!messages->away)
        messages->away = json_array();
    messages->away_bytes += bytes_of(told);
    while (json_array_size(messages->away) >= SL_MESSAGES_AWAY_MAX ||
           (messages->away_bytes > SL_MESSAGES_AWAY_BYTES_MAX &&
            json_array_size(messages->away) > 0)) {
        messages->away_bytes -= bytes_of(json_array_get(messages->away, 0));
        (void)json_array_remove(messages->away, 0);
    }
    (void)json_array_append(messages->away, told); /* fails without memory only */
}

void sl_messages_tell(struct sl_messages *messages, const json_t *object, const char *status,
                      const char *info, const char *raw)
{
    struct sl_phone *phone = messages->phone;
    json_t *told = json_copy((json_t *)(uintptr_t)object); /* jansson knows no const here */
    bool received = strcmp(status, "RECEIVED") == 0;

    (void)json_object_set_new(told, "status", json_string(status));
    if (info)
        (void)json_object_set_new(told, "info", json_string(info));
    if (raw)
        (void)json_object_set_new(told, "sipMessageRaw", json_string(raw));
    if (strcmp(status, "FAILED") == 0)
        sl_count(phone->calls->config.counters, SL_COUNTER_MESSAGES_FAILED, 1);
    sl_log(SL_LOG_DEBUG, &phone->log, "SIP: a message is %s%s%s", status, info ? ": " : "",
           info ? info : "");
    sl_session_notify(phone->session, SL_HOOK_MESSAGE_STATUS_EVENT, json_copy(told));
    sl_session_strip(phone->session,
                     received ? SL_HOOK_ON_MESSAGE_EVENT : SL_HOOK_MESSAGE_STATUS_EVENT, told);
    if (phone->ops)
        SL_PHONE_TELL(phone, on_message, told);
    else
        keep(messages, told);
    json_decref(told);
}

void sl_messages_tell_waiting(struct sl_messages *messages)
{
    json_t *away = messages->away, *told;
    size_t i;

    messages->away = NULL;
    messages->away_bytes = 0;
    json_array_foreach(away, i, told) SL_PHONE_TELL(messages->phone, on_message, told);
    json_decref(away);
}
