/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a client wants to be told of its own registration (sip.md 11). */
#include "base/bucket.h"
#include "base/clock.h"
#include "calls/call.h"
#include "messages/messages.h"

#include <string.h>
#include <strings.h>

enum { EXPIRES_S = 3600, EXPIRES_MAX_S = 86400, BURST = 20, PER_S = 2 };

static const char package[] = "reg"; /* the only one */

struct sl_watch {
    struct sl_phone *phone;
    struct sl_bucket bucket; /* what its client may ask for */
    struct sl_list questions;
    size_t question_count;
    struct sl_sip_subscription *sip; /* NULL: there is none */
    bool ending;                     /* its client wants it so */
    unsigned expires_s;
    unsigned waiting_s; /* wanted as soon as the account is there; 0: nothing is */
};

/* ---- What is told ---- */

static void tell(struct sl_watch *watch, bool active, const char *info, const char *raw,
                 const char *body)
{
    struct sl_phone *phone = watch->phone;
    json_t *object = json_pack("{s:s, s:i, s:b, s:s*, s:s, s:s*}", "event", package, "expires",
                               (int)watch->expires_s, "terminate", !active, "requestBody", body,
                               "status", active ? "Active" : "Terminated", "info", info);

    if (raw)
        (void)json_object_set_new(object, "sipMessageRaw", json_string(raw));
    sl_log(SL_LOG_DEBUG, &phone->log, "SIP: subscription %s%s%s", active ? "Active" : "Terminated",
           info ? ": " : "", info ? info : "");
    sl_session_notify(phone->session, SL_HOOK_SUBSCRIPTION_STATUS_EVENT, json_copy(object));
    sl_session_strip(phone->session, SL_HOOK_SUBSCRIPTION_STATUS_EVENT, object);
    SL_PHONE_TELL(phone, on_subscription, object);
    json_decref(object);
}

static void let_go(struct sl_watch *watch)
{
    if (watch->sip)
        sl_sip_subscription_close(watch->sip);
    watch->sip = NULL;
    watch->ending = false;
}

/* Its registration, or our contact in it, is no more: the registrar's word. */
static bool says_gone(const struct sl_watch *watch, const char *body)
{
    const struct sl_sip_account *account = watch->phone->account;
    struct sl_reginfo reginfo;

    return body &&
           sl_reginfo_parse(body, strlen(body), sl_sip_account_aor(account),
                            sl_sip_account_contact(account), &reginfo) == 0 &&
           (reginfo.aor_terminated || reginfo.contact_terminated);
}

static void on_notified(struct sl_watch *watch, const struct sl_sip_subscription_event *event)
{
    bool gone = says_gone(watch, event->body);

    if (gone || event->is_over)
        let_go(watch);
    tell(watch, watch->sip != NULL, NULL, event->raw, event->body);
    if (gone)
        sl_phone_unregistered(watch->phone, event->raw);
}

static void on_event(void *owner, const struct sl_sip_subscription_event *event)
{
    struct sl_watch *watch = owner;
    char room[256];

    switch (event->kind) {
    case SL_SIP_SUBSCRIBED:
        watch->expires_s = event->expires_s;
        tell(watch, true, NULL, event->raw, NULL);
        break;
    case SL_SIP_NOTIFIED:
        on_notified(watch, event);
        break;
    case SL_SIP_UNSUBSCRIBED:
        let_go(watch);
        watch->expires_s = 0;
        tell(watch, false, NULL, event->raw, NULL);
        break;
    case SL_SIP_SUBSCRIPTION_LOST:
        let_go(watch);
        tell(watch, false, sl_call_info(event->code, event->reason, room, sizeof(room)), event->raw,
             NULL);
        break;
    }
}

/* ---- What the client says ---- */

static void start(struct sl_watch *watch, unsigned expires_s)
{
    static const struct sl_sip_subscription_ops ops = {on_event};
    const struct sl_sip_subscription_config config = {.event = package,
                                                      .accept = "application/reginfo+xml",
                                                      .expires_s = expires_s,
                                                      .ops = &ops,
                                                      .owner = watch};

    watch->sip = sl_sip_subscription_create(watch->phone->account, &config);
}

static void end(struct sl_watch *watch)
{
    watch->waiting_s = 0;
    if (!watch->sip) {
        tell(watch, false, NULL, NULL, NULL);
        return;
    }
    watch->ending = true;
    sl_sip_subscription_renew(watch->sip, 0);
}

static unsigned expires_of(const json_t *object)
{
    const json_t *value = json_object_get(object, "expires");
    json_int_t expires_s = EXPIRES_S;

    if (json_is_integer(value))
        expires_s = json_integer_value(value);
    else if (json_is_string(value) && json_string_value(value)[0])
        expires_s = strtoll(json_string_value(value), NULL, 10);
    return expires_s <= 0 ? 0 : expires_s > EXPIRES_MAX_S ? EXPIRES_MAX_S : (unsigned)expires_s;
}

static bool wants_end(const json_t *object)
{
    return json_is_true(json_object_get(object, "terminate")) || expires_of(object) == 0;
}

static void fulfil(struct sl_watch *watch, const json_t *object)
{
    const struct sl_phone *phone = watch->phone;
    unsigned expires_s = expires_of(object);

    if (wants_end(object)) {
        end(watch);
        return;
    }
    watch->expires_s = expires_s;
    if (watch->ending) /* that one is over; this is another */
        let_go(watch);
    if (watch->sip)
        sl_sip_subscription_renew(watch->sip, expires_s);
    else if (phone->account)
        start(watch, expires_s);
    else if (phone->lookup)
        watch->waiting_s = expires_s;
    else
        tell(watch, false, "WRONG_SIPPROVIDER_ADDRESS", NULL, NULL);
}

struct question {
    struct sl_watch *watch;
    json_t *object;
};

static void question_free(void *owner)
{
    struct question *question = owner;

    question->watch->question_count--;
    json_decref(question->object);
    free(question);
}

static void on_hook_answer(void *owner, const struct sl_hook_answer *answer)
{
    struct question *question = owner;
    struct sl_watch *watch = question->watch;
    json_t *object = json_incref(question->object);

    question_free(question);
    if (answer->allowed)
        fulfil(watch, object);
    else if (watch->sip) /* it stays as it is */
        tell(watch, true, answer->info, NULL, NULL);
    else
        tell(watch, false, answer->info, NULL, NULL);
    json_decref(object);
}

void sl_phone_subscribe(struct sl_phone *phone, json_t *object)
{
    struct sl_watch *watch = phone->watch;
    const char *why = strcasecmp(sl_call_text(object, "event"), package) != 0
                          ? "Event not supported"
                      : !sl_bucket_take(&watch->bucket, PER_S, BURST, sl_now_us()) ||
                              watch->question_count == BURST
                          ? "Too many requests"
                          : NULL;

    if (why) {
        SL_PHONE_TELL(phone, on_refused, "SubscriptionStatusEvent", why);
        return;
    }
    if (!sl_session_asks(phone->session, SL_HOOK_SUBSCRIBE)) {
        fulfil(watch, object);
        return;
    }
    struct question *question = sl_new(struct question);
    json_t *body = json_pack("{s:s, s:i, s:b}", "event", package, "expires",
                             (int)expires_of(object), "terminate", wants_end(object));
    *question = (struct question){watch, json_incref(object)};
    watch->question_count++;
    sl_session_add_context(phone->session, body);
    sl_question_ask(phone->session, &watch->questions, SL_HOOK_SUBSCRIBE, body, on_hook_answer,
                    question_free, question);
}

/* ---- Life ---- */

struct sl_watch *sl_watch_create(struct sl_phone *phone)
{
    struct sl_watch *watch = sl_new(struct sl_watch);

    watch->phone = phone;
    sl_list_init(&watch->questions);
    return watch;
}

void sl_watch_destroy(struct sl_watch *watch)
{
    if (!watch)
        return;
    sl_questions_cancel(&watch->questions);
    let_go(watch);
    free(watch);
}

void sl_watch_start_waiting(struct sl_watch *watch)
{
    if (watch->waiting_s > 0)
        start(watch, watch->waiting_s);
    watch->waiting_s = 0;
}

void sl_watch_fail_waiting(struct sl_watch *watch, const char *info)
{
    if (watch->waiting_s > 0)
        tell(watch, false, info, NULL, NULL);
    watch->waiting_s = 0;
}

bool sl_watch_is_active(const struct sl_watch *watch)
{
    return watch->sip != NULL;
}
