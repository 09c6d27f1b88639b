/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Transfers (sip.md 8).
 *
 * Our client asks: the telephone is told whom to call (REFER), and says how that goes. If the
 * client has talked to that one before, in another call, the telephone is to take that call's place
 * there; whom it calls then ends the other call.
 *
 * The telephone asks: a new call, which has the old one for its parent, is made to the target. Its
 * line is sent what the parent's browser says, and once it is answered the browser is the new
 * call's, whose old line is the parent's to end:
 *
 *   parent: browser A, line A     next: line B      (both calls are there)
 *   parent: line A                next: browser A, line B      (the target has answered)
 */
#include "base/error.h"
#include "base/random.h"
#include "calls/call.h"
#include "calls/media.h"
#include "calls/succession.h"

#include <stdio.h>
#include <string.h>

enum {
    OUTCOME_MS = 180000, /* until which a NOTIFY tells the outcome */
    LEAVE_MS = 5000,     /* for the transferor to hang up */
};

/* ---- Our client asks ---- */

/* The call stays as it is. */
static void fail(struct sl_call *call, const struct sl_sip_event *event)
{
    sl_call_tell_transfer(call, false, call->transfer.target, "FAILED", event);
    sl_call_forget_transfer(call);
}

static void on_outcome_timer(void *owner)
{
    fail(owner, NULL);
}

static void be_accepted(struct sl_call *call, const struct sl_sip_event *event)
{
    struct sl_call_transfer *transfer = &call->transfer;

    if (transfer->accepted)
        return;
    transfer->accepted = true;
    sl_call_tell_transfer(call, false, transfer->target, "ACCEPTED", event);
    transfer->timer = sl_timer_create(call->phone->calls->config.loop, on_outcome_timer, call);
    sl_timer_start(transfer->timer, OUTCOME_MS, 0);
}

void sl_call_refuse_transfer(struct sl_call *call, const char *target)
{
    sl_call_tell_transfer(call, false, target, "FAILED", NULL);
}

/* It is about to be somebody else's. */
static bool is_in_transfer(const struct sl_call *call)
{
    return call->transfer.target || call->next || call->referred_to;
}

/* Its other side has a dialog that the telephone of the first may replace. */
static bool may_be_replaced(const struct sl_call *call, const struct sl_call *first)
{
    return call != first && !call->is_msrp && sl_call_is_established(call) && !is_in_transfer(call);
}

void sl_call_transfer(struct sl_call *call, const char *target)
{
    const struct sl_call *other = sl_call_find(call->phone, target);
    char uri[SL_SIP_URI_MAX];
    bool possible = other ? may_be_replaced(other, call)
                          : sl_sip_uri_of_callee(target, call->phone->domain, uri) == 0 &&
                                sl_phone_reaches(call->phone, uri);

    if (!possible || is_in_transfer(call)) {
        sl_call_refuse_transfer(call, target);
        return;
    }
    call->transfer.target = sl_strdup(target);
    if (other)
        sl_sip_call_refer_replacing(call->sip, other->sip);
    else
        sl_sip_call_refer(call->sip, uri);
}

void sl_call_on_referred(struct sl_call *call, const struct sl_sip_event *event)
{
    if (!call->transfer.target)
        return; /* it is over: NOTIFY was faster */
    if (event->code < 300)
        be_accepted(call, event);
    else
        fail(call, event);
}

/* The end is told before the call's own (the SDK knows the call no more then). */
void sl_call_on_notified(struct sl_call *call, const struct sl_sip_event *event)
{
    char room[SL_SIP_NAME_MAX + 8];

    if (!call->transfer.target)
        return;
    be_accepted(call, NULL);
    if (event->code >= 300 || (event->over && event->code < 200)) {
        fail(call, event);
        return;
    }
    if (event->code < 200) {
        (void)snprintf(room, sizeof(room), "%d %s", event->code, event->reason);
        sl_call_tell_transfer(call, false, call->transfer.target,
                              event->code == 100 ? "TRYING" : room, event);
        return;
    }
    sl_call_tell_transfer(call, false, call->transfer.target, "COMPLETED", event);
    sl_call_finish(call, SL_CALL_FINISH, "Normal call clearing", NULL);
}

/* ---- The telephone asks ---- */

/* Referred-By, and the dialog that the target is to replace; none of it can end a line. */
static void print_headers(const struct sl_call *parent, char *out, size_t len)
{
    char aor[SL_SIP_URI_MAX];

    if (sl_sip_uri_of_callee(parent->incoming ? parent->caller : parent->callee,
                             parent->phone->domain, aor) < 0)
        aor[0] = '\0';
    (void)snprintf(out, len, "%s%s%s%s%s%s", aor[0] ? "Referred-By: <" : "", aor,
                   aor[0] ? ">\r\n" : "", parent->replaces[0] ? "Replaces: " : "", parent->replaces,
                   parent->replaces[0] ? "\r\n" : "");
}

static void announce(struct sl_call *next)
{
    struct sl_phone *phone = next->phone;
    json_t *object = sl_call_describe(next, NULL, NULL);

    sl_session_strip(phone->session, SL_HOOK_CALL_STATUS_EVENT, object);
    SL_PHONE_TELL(phone, on_incoming, object); /* without a description: it has the browser's */
    json_decref(object);
}

/* NULL, or why not. */
static const char *call_target(struct sl_call *parent, struct sl_call *next, const char *target)
{
    char uri[SL_SIP_URI_MAX], from[SL_SIP_URI_MAX], headers[2 * SL_SIP_URI_MAX];
    struct sl_phone *phone = parent->phone;
    struct sl_error error = {.text = ""};

    if (sl_sip_uri_of_callee(target, phone->domain, uri) < 0 ||
        sl_sip_uri_of_user(phone->login, phone->domain, from) < 0)
        return "Bad target";
    if (!sl_phone_reaches(phone, uri))
        return "Bad target: sips needs TLS";
    sl_call_make_media(next);
    int err = sl_call_media_offer_line(next->media, &error);
    if (err < 0)
        return "MEDIA_PORTS_BUSY";
    print_headers(parent, headers, sizeof(headers));
    const struct sl_sip_call_config config = {
        .target = uri,
        .to = uri,
        .caller = from,
        .name = phone->visible_name,
        .headers = headers,
        .sdp = sl_call_media_text(next->media),
        .ops = phone->calls->call_ops,
        .owner = next,
    };
    next->sip = sl_sip_call_create(phone->account, &config);
    return next->sip ? NULL : "Too many calls";
}

static void begin(struct sl_call *parent)
{
    struct sl_phone *phone = parent->phone;
    char id[32], user[SL_SIP_NAME_MAX];
    const char *target = parent->referred_to;

    sl_sip_call_answer_refer(parent->sip, 202);
    sl_call_notify_transferor(parent, 100, "Trying", false);
    sl_random_token(id, 26);
    struct sl_call *next = sl_call_new(phone, id, false);
    next->parent = parent;
    next->parent_id = sl_strdup(parent->id);
    parent->next = next;
    next->caller = sl_strdup(phone->login);
    json_t *callee = json_string(sl_sip_uri_user(target, strlen(target), user));
    next->callee = sl_strdup(json_string_length(callee) > 0 ? user : target); /* NULL: no UTF-8 */
    json_decref(callee);
    next->visible_name = sl_strdup(phone->visible_name);
    next->has_video = parent->has_video;
    next->custom = json_incref(parent->custom);
    next->status = SL_CALL_TRYING;
    const char *why = call_target(parent, next, target);
    announce(next);
    if (why)
        sl_call_fail(next, why);
}

static void refuse(struct sl_call *parent, int code)
{
    sl_sip_call_answer_refer(parent->sip, code);
    free(parent->referred_to);
    parent->referred_to = NULL;
}

static void on_answer(void *owner, const struct sl_hook_answer *answer)
{
    struct sl_call *parent = owner;

    if (!parent->sip)
        return;
    if (!answer->allowed || parent->phone->call_count >= SL_CALLS_MAX) {
        refuse(parent, 603);
        return;
    }
    sl_call_tell_transfer(parent, true, parent->referred_to, "PENDING", NULL);
    begin(parent);
}

void sl_call_on_refer(struct sl_call *call, const struct sl_sip_event *event)
{
    struct sl_session *session = call->phone->session;

    if (call->referred_to || call->transfer.target || call->alone ||
        !sl_call_is_established(call)) {
        sl_sip_call_answer_refer(call->sip, 603);
        return;
    }
    call->referred_to = sl_strdup(event->target);
    (void)snprintf(call->replaces, sizeof(call->replaces), "%s", event->replaces);
    if (!sl_session_asks(session, SL_HOOK_ON_TRANSFER_EVENT)) {
        on_answer(call, &(struct sl_hook_answer){.allowed = true});
        return;
    }
    json_t *body = sl_call_describe(call, NULL, event->raw);
    (void)json_object_set_new(body, "incoming", json_true());
    (void)json_object_set_new(body, "target", json_string(call->referred_to));
    sl_session_add_context(session, body);
    sl_question_ask(session, &call->questions, SL_HOOK_ON_TRANSFER_EVENT, body, on_answer, NULL,
                    call);
}

void sl_call_next_progress(struct sl_call *next, const struct sl_sip_event *event)
{
    if (next->parent)
        sl_call_notify_transferor(next->parent, event->code, event->reason ? event->reason : "",
                                  false);
}

static void on_leave_timer(void *owner)
{
    sl_call_finish(owner, SL_CALL_FINISH, "Normal call clearing", NULL);
}

int sl_call_next_answered(struct sl_call *next, const struct sl_sip_event *event,
                          struct sl_error *error)
{
    struct sl_call *parent = next->parent;
    struct sl_call_media *browser = parent ? parent->media : next->inherited;
    int err = sl_call_media_take_over(browser, next->media, event->sdp, error);

    if (err < 0)
        return err;
    struct sl_call_media *line = next->media;
    next->media = browser;
    sl_call_media_set_owner(browser, next, &next->log);
    next->inherited = NULL;
    if (!parent) {
        sl_call_media_close(line); /* of a call that has ended */
        return 0;
    }
    parent->media = line;
    sl_call_media_set_owner(line, parent, &parent->log);
    return 0;
}

void sl_call_next_established(struct sl_call *next, struct sl_call *parent)
{
    if (!parent)
        return;
    sl_call_tell_transfer(parent, true, parent->referred_to, "COMPLETED", NULL);
    sl_call_notify_transferor(parent, 200, "OK", true);
    sl_call_part(parent, next);
    sl_timer_destroy(parent->timer);
    parent->timer = sl_timer_create(parent->phone->calls->config.loop, on_leave_timer, parent);
    sl_timer_start(parent->timer, LEAVE_MS, 0);
}
