/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client is called (sip.md 6). */
#include "base/error.h"
#include "base/random.h"
#include "calls/call.h"
#include "calls/media.h"
#include "msrp/msrp.h"

static void on_ringing_timer(void *owner)
{
    struct sl_call *call = owner;

    call->answered = true; /* not by anybody's wish: 480 */
    sl_call_finish(call, SL_CALL_FINISH, "Normal call clearing", NULL);
}

static void ring_for(struct sl_call *call, int64_t seconds)
{
    if (!call->timer)
        call->timer = sl_timer_create(call->phone->calls->config.loop, on_ringing_timer, call);
    sl_timer_start(call->timer, (uint64_t)seconds * 1000, 0);
}

void sl_call_ring_on(struct sl_call *call)
{
    const struct sl_config *config = call->phone->calls->config.config;

    ring_for(call,
             call->phone->ops ? config->sip_incoming_timeout : config->keep_alive_ring_timeout_s);
}

/* An offer for the browser before anything else: the SDK needs it to make its call of it. */
void sl_call_present(struct sl_call *call)
{
    struct sl_phone *phone = call->phone;

    if (!call->is_msrp)
        SL_PHONE_TELL(phone, on_description, call->id, sl_call_media_text(call->media), false);
    json_t *object = sl_call_describe(call, NULL, call->invite);
    sl_session_strip(phone->session, SL_HOOK_ON_CALL_EVENT, object);
    SL_PHONE_TELL(phone, on_incoming, object);
    json_decref(object);
}

/* Its client, if it is away, hears of it when it comes back (kept.c). */
static void ring(struct sl_call *call)
{
    struct sl_error error = {.text = ""};

    if (!call->is_msrp && sl_call_media_offer_browser(call->media, &error) < 0) {
        sl_log(SL_LOG_ERROR, &call->log, "nothing can be offered to the browser: %s", error.text);
        sl_call_drop(call);
        return;
    }
    call->status = SL_CALL_RING;
    sl_call_present(call);
    sl_sip_call_ring(call->sip);
    sl_call_set_status(call, SL_CALL_RING, NULL, NULL); /* or the SDK's hangup() says nothing */
    sl_call_ring_on(call);
}

static void on_arrival_answer(void *owner, const struct sl_hook_answer *answer)
{
    struct sl_call *call = owner;

    if (answer->allowed) {
        ring(call);
    } else { /* the client has not heard of it */
        sl_call_forget(call, 403);
    }
}

/* What is offered, taken as far as it goes. */
static int take_offer(struct sl_call *call, const char *sdp, struct sl_error *error)
{
    call->is_msrp = sdp && sl_msrp_is_offered(sdp);
    if (call->is_msrp)
        return sl_call_msrp_take(call, sdp, error);
    sl_call_make_media(call);
    int err = sl_call_media_take_line(call->media, sdp, error);
    if (err == 0)
        call->has_video = sl_call_media_offers_pictures(call->media);
    return err;
}

void sl_call_take(struct sl_phone *phone, struct sl_sip_call *sip,
                  const struct sl_sip_invite *invite)
{
    struct sl_error error = {.text = ""};
    char id[32];

    if (phone->takes_no_calls || phone->call_count >= SL_CALLS_MAX) {
        sl_sip_call_close(sip, phone->takes_no_calls ? 480 : 486);
        return;
    }
    sl_random_token(id, 26);
    struct sl_call *call = sl_call_new(phone, id, true);
    call->sip = sip;
    sl_sip_call_accept(sip, &sl_call_sip_ops, call);
    call->caller = sl_phone_shown_address(phone, invite->caller_uri);
    call->callee = sl_strdup(invite->callee);
    call->visible_name = sl_strdup(invite->caller_name[0] ? invite->caller_name : call->caller);
    call->invite = sl_strdup(invite->raw);
    if (take_offer(call, invite->sdp, &error) < 0) {
        sl_log(SL_LOG_INFO, &call->log, "SIP: a call is refused: %s", error.text);
        sl_call_forget(call, 488);
        return;
    }
    if (!sl_session_asks(phone->session, SL_HOOK_ON_CALL_EVENT)) {
        ring(call);
        return;
    }
    json_t *body = sl_call_describe(call, NULL, invite->raw);
    sl_session_add_context(phone->session, body);
    sl_question_ask(phone->session, &call->questions, SL_HOOK_ON_CALL_EVENT, body,
                    on_arrival_answer, NULL, call);
}
