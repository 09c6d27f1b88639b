/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What client and back end hear of a phone's registration (sip.md 3.3). */
#include "calls/internal.h"

static const char *info_of(int code, const char *reason, char *room, size_t room_len)
{
    if (code == 401 || code == 403 || code == 407)
        return "AUTHENTICATION_FAIL";
    if (code == 0)
        return "REGISTER_EXPIRE";
    (void)snprintf(room, room_len, "%d %s", code, reason);
    return room;
}

/* To client and back end. */
static void tell(struct sl_phone *phone, const char *status, int code, const char *info,
                 const char *raw)
{
    const struct sl_phone_registration registration = {
        .registered = phone->registered,
        .status = status,
        .info = info,
        .raw = raw,
        .sip_status = code,
        .login = phone->login,
        .domain = phone->domain,
    };
    json_t *body = sl_session_properties(phone->session);

    sl_log(SL_LOG_INFO, &phone->log, "SIP: %s%s%s", status, info ? " " : "", info ? info : "");
    (void)json_object_set_new(body, "status", json_string(status));
    if (info)
        (void)json_object_set_new(body, "info", json_string(info));
    if (raw)
        (void)json_object_set_new(body, "sipMessageRaw", json_string(raw));
    sl_session_notify(phone->session, SL_HOOK_REGISTRATION_STATUS_EVENT, body);
    SL_PHONE_TELL(phone, on_registration, &registration);
}

void sl_phone_registered(struct sl_phone *phone, int code, const char *raw)
{
    phone->registered = true;
    free(phone->registered_raw);
    phone->registered_raw = sl_strdup_or_null(raw);
    tell(phone, "REGISTERED", code, NULL, raw);
}

void sl_phone_tell_registered(struct sl_phone *phone)
{
    tell(phone, "REGISTERED", 200, NULL, phone->registered_raw);
}

void sl_phone_not_registered(struct sl_phone *phone, int code, const char *reason, const char *raw)
{
    char room[256];

    phone->registered = false;
    tell(phone, "FAILED", code, info_of(code, reason, room, sizeof(room)), raw);
}

void sl_phone_unusable(struct sl_phone *phone, const char *info)
{
    tell(phone, "FAILED", 0, info, NULL);
}

void sl_phone_unregistered(struct sl_phone *phone, const char *raw)
{
    if (!phone->registered)
        return;
    phone->registered = false;
    sl_sip_account_unregistered(phone->account); /* what was registered has one */
    tell(phone, "UNREGISTERED", 0, NULL, raw);
}
