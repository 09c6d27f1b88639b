/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Phones whose clients are away and may come back (rooms-mixers-diagnostics.md 4): they stay
 * registered, their calls go on, and calls that come ring for a while. */
#include "calls/call.h"

#include <string.h>

static bool is_ringing(const struct sl_call *call)
{
    return call->incoming && !call->answered && call->status == SL_CALL_RING;
}

static void move_to(struct sl_phone *phone, struct sl_session *session)
{
    struct sl_call *call;

    phone->session = session;
    sl_log_scope_init(&phone->log, NULL, "session", sl_session_id(session));
    sl_list_foreach(call, &phone->own_calls, struct sl_call, link)
    {
        sl_log_scope_init(&call->log, &phone->log, "call", call->id);
        if (is_ringing(call))
            sl_call_ring_on(call);
    }
}

static bool keep(void *arg, const char *session_id, struct sl_session *left)
{
    struct sl_phone *phone = sl_phone_find(arg, session_id);

    if (!phone || !sl_phone_is_worth_keeping(phone))
        return false;
    if (phone->ops)
        phone->ops->on_left(phone->client);
    phone->ops = NULL;
    move_to(phone, left);
    return true;
}

/* What its client has to know again: what goes on before what rings. Of a call that the client has
 * begun, and nobody has answered, it hears as that goes on. */
static void tell_again(struct sl_phone *phone)
{
    struct sl_call *call;

    sl_list_foreach(call, &phone->own_calls, struct sl_call, link)
    {
        if (sl_call_is_established(call))
            sl_call_tell(call, NULL, NULL);
    }
    sl_list_foreach(call, &phone->own_calls, struct sl_call, link)
    {
        if (!is_ringing(call))
            continue;
        sl_call_present(call);
        sl_call_tell(call, NULL, NULL);
    }
    sl_messages_tell_waiting(phone->messages);
}

static void resume(void *arg, const char *kept_id, struct sl_session *session)
{
    struct sl_phone *phone = sl_phone_find(arg, kept_id);

    if (!phone)
        return; /* its last call has ended, and it had nothing else */
    move_to(phone, session);
    if (phone->registered)
        sl_phone_tell_registered(phone);
    tell_again(phone);
}

static void end(void *arg, const char *kept_id)
{
    struct sl_phone *phone = sl_phone_find(arg, kept_id);

    if (phone)
        sl_phone_end(phone);
}

void sl_calls_make_keeper(struct sl_calls *calls)
{
    calls->keeper = (struct sl_keeper){.arg = calls, .keep = keep, .resume = resume, .end = end};
}
