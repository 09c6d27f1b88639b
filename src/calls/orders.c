/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a client wants of a call that is there (websocket-api.md 11.1), once its back end agrees
 * (rest-hooks.md 5.2). */
#include "base/error.h"
#include "calls/call.h"
#include "calls/media.h"
#include "msrp/msrp.h"

/* It is over, or was never there: the client's wish is answered all the same. */
static void tell_gone(struct sl_phone *phone, const char *id)
{
    json_t *object = json_pack("{s:s, s:s, s:s}", "callId", id, "status", "FINISH", "info",
                               "Normal call clearing");

    SL_PHONE_TELL(phone, on_status, SL_CALL_FINISH, object);
    json_decref(object);
}

enum { QUESTIONS_MAX = 16 }; /* of one call: more digits than that are not dialled in a second */

/* ---- What is done ---- */

static void take_answer(struct sl_call *call, const json_t *object)
{
    struct sl_error error = {.text = ""};

    if (call->answered || call->status != SL_CALL_RING)
        return; /* while the back end was asked */
    call->answered = true;
    sl_timer_stop(call->timer);
    int err = call->is_msrp
                  ? 0
                  : sl_call_media_take_answer(call->media, sl_call_text(object, "sdp"), &error);
    if (err < 0) {
        sl_call_fail(call, sl_call_media_info(err, &error));
        return;
    }
    sl_call_take_extras(call, object);
    char *sdp = sl_call_description(call);
    sl_sip_call_answer(call->sip, sdp);
    if (call->is_msrp)
        sl_msrp_session_connect(call->msrp);
    free(sdp);
}

static void hold(struct sl_call *call, bool held, const json_t *object)
{
    struct sl_error error = {.text = ""};
    bool is_held = call->status == SL_CALL_HOLD;

    if (call->changing || !sl_call_is_established(call))
        return;
    call->hold_for_transfer = held && json_is_true(json_object_get(object, "holdForTransfer"));
    if (held == is_held) { /* the page waits for a word, to unlock its button */
        sl_call_tell(call, NULL, NULL);
        return;
    }
    if (sl_call_media_hold(call->media, held, &error) < 0) {
        sl_call_tell(call, error.text, NULL);
        return;
    }
    call->changing = true;
    call->wants_hold = held;
    sl_sip_call_change(call->sip, sl_call_media_text(call->media));
}

/* ---- What is asked first ---- */

enum wish { ANSWER, HOLD, UNHOLD, DIGITS, TRANSFER };

static const enum sl_hook_method methods[] = {
    [ANSWER] = SL_HOOK_ANSWER,    [HOLD] = SL_HOOK_HOLD,         [UNHOLD] = SL_HOOK_UNHOLD,
    [DIGITS] = SL_HOOK_SEND_DTMF, [TRANSFER] = SL_HOOK_TRANSFER,
};

struct question {
    struct sl_call *call;
    enum wish wish;
    json_t *object;
};

static void question_free(void *owner)
{
    struct question *question = owner;

    json_decref(question->object);
    question->call->question_count--;
    free(question);
}

static void fulfil(struct sl_call *call, enum wish wish, const json_t *object)
{
    switch (wish) {
    case ANSWER:
        take_answer(call, object);
        break;
    case HOLD:
    case UNHOLD:
        hold(call, wish == HOLD, object);
        break;
    case DIGITS:
        (void)sl_call_take_digits(call, object); /* no message tells the client (11.1) */
        break;
    case TRANSFER:
        if (sl_call_is_established(call))
            sl_call_transfer(call, sl_call_text(object, "target"));
        else
            sl_call_refuse_transfer(call, sl_call_text(object, "target"));
        break;
    }
}

/* A call that may not be answered is none; otherwise it stays as it is, and the client hears why.
 */
static void refuse(struct sl_call *call, enum wish wish, const json_t *object, const char *info)
{
    switch (wish) {
    case ANSWER:
        if (!call->answered && call->status == SL_CALL_RING)
            sl_call_fail(call, info);
        break;
    case HOLD:
    case UNHOLD:
        if (sl_call_is_established(call))
            sl_call_tell(call, info, NULL);
        break;
    case DIGITS:
        break; /* no message tells the client, and hooks/ has logged it */
    case TRANSFER:
        sl_call_refuse_transfer(call, sl_call_text(object, "target"));
        break;
    }
}

static void on_answer(void *owner, const struct sl_hook_answer *answer)
{
    struct question *question = owner;
    struct sl_call *call = question->call;
    enum wish wish = question->wish;
    json_t *object = json_incref(question->object);

    question_free(question);
    if (answer->allowed)
        fulfil(call, wish, object);
    else
        refuse(call, wish, object, answer->info);
    json_decref(object);
}

static json_t *describe_wish(const struct sl_call *call, enum wish wish, const json_t *object)
{
    json_t *body = wish == DIGITS ? json_pack("{s:s, s:O*, s:O*}", "callId", call->id, "dtmf",
                                              json_object_get(object, "dtmf"), "type",
                                              json_object_get(object, "type"))
                                  : sl_call_describe(call, NULL, NULL);

    if (wish == ANSWER)
        (void)json_object_set_new(body, "sdp", json_string(sl_call_text(object, "sdp")));
    if (wish == TRANSFER)
        (void)json_object_set_new(body, "target", json_string(sl_call_text(object, "target")));
    if (wish == HOLD && json_is_true(json_object_get(object, "holdForTransfer")))
        (void)json_object_set_new(body, "holdForTransfer", json_true());
    sl_session_add_context(call->phone->session, body);
    return body;
}

/* Only what could be done now is asked about. */
static void wish_for(struct sl_call *call, enum wish wish, json_t *object)
{
    struct sl_session *session = call->phone->session;
    bool possible = wish == ANSWER
                        ? call->incoming && !call->answered && call->status == SL_CALL_RING
                        : sl_call_is_established(call) && !call->is_msrp;

    if (!possible) {
        if (wish == TRANSFER)
            sl_call_refuse_transfer(call, sl_call_text(object, "target"));
        else if (call->is_msrp && sl_call_is_established(call) && wish != DIGITS)
            sl_call_tell(call, "An MSRP session is not held", NULL);
        return;
    }
    if (!sl_session_asks(session, methods[wish])) {
        fulfil(call, wish, object);
        return;
    }
    if (call->question_count == QUESTIONS_MAX) {
        sl_log(SL_LOG_WARN, &call->log, "too much is asked for at once: left out");
        return;
    }
    struct question *question = sl_new(struct question);
    *question = (struct question){call, wish, json_incref(object)};
    call->question_count++;
    sl_question_ask(session, &call->questions, methods[wish], describe_wish(call, wish, object),
                    on_answer, question_free, question);
}

/* ---- What the client says ---- */

void sl_call_answer(struct sl_phone *phone, json_t *object)
{
    const char *id = sl_call_text(object, "callId");
    struct sl_call *call = sl_call_find(phone, id);

    if (call)
        wish_for(call, ANSWER, object);
    else
        tell_gone(phone, id);
}

/* Told, not asked: the client goes on without the call whatever the back end says. */
static void hang_up(struct sl_call *call)
{
    sl_session_notify(call->phone->session, SL_HOOK_HANGUP, sl_call_describe(call, NULL, NULL));
    if (call->next) /* nobody is left whom it could be moved for */
        sl_call_finish(call->next, SL_CALL_FINISH, "Normal call clearing", NULL);
    sl_call_finish(call, SL_CALL_FINISH, "Normal call clearing", NULL);
}

void sl_call_order(struct sl_phone *phone, enum sl_phone_order order, json_t *object)
{
    const char *id = sl_call_text(object, "callId");
    struct sl_call *call = sl_call_find(phone, id);

    if (!call) {
        if (order != SL_PHONE_DTMF)
            tell_gone(phone, id);
        return;
    }
    switch (order) {
    case SL_PHONE_HANGUP:
        hang_up(call);
        break;
    case SL_PHONE_HOLD:
        wish_for(call, HOLD, object);
        break;
    case SL_PHONE_UNHOLD:
        wish_for(call, UNHOLD, object);
        break;
    case SL_PHONE_DTMF:
        wish_for(call, DIGITS, object);
        break;
    case SL_PHONE_TRANSFER:
        wish_for(call, TRANSFER, object);
        break;
    }
}
