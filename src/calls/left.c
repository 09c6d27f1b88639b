/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Phones that their clients have left behind: which they are, and who takes them again. */
#include "calls/call.h"

#include <string.h>

struct sl_phone *sl_phone_find(const struct sl_calls *calls, const char *session_id)
{
    struct sl_phone *phone;

    sl_list_foreach(phone, &calls->phones, struct sl_phone, link)
    {
        if (strcmp(sl_session_id(phone->session), session_id) == 0)
            return phone;
    }
    return NULL;
}

bool sl_phone_is_worth_keeping(const struct sl_phone *phone)
{
    return phone->registers || phone->call_count > 0;
}

struct sl_phone *sl_phone_come_back(struct sl_calls *calls, struct sl_session *session,
                                    const struct sl_phone_ops *ops, void *client)
{
    const char *id = sl_session_claimed_id(session);
    struct sl_phone *phone = id ? sl_phone_find(calls, id) : NULL;

    if (phone) {
        phone->ops = ops;
        phone->client = client;
    }
    return phone;
}
