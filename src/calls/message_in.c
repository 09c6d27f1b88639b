/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What others write to a client (sip.md 10.3), notifications among it, and the notification that
 * the client's word sends back. */
#include "base/buffer.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "calls/call.h"
#include "calls/messages.h"
#include "messages/messages.h"
#include "msrp/msrp.h"

#include <string.h>
#include <strings.h>

enum {
    ID_LEN = 26,
    DELIVERIES_MAX = 64,
    CONFIRM_MAX_S = 10, /* what a client has to confirm one (sip.md 10.3) */
    NOTIFICATION_MAX = 8192,
};

/* ---- What may be confirmed ---- */

struct delivery {
    struct sl_messages *messages;
    struct sl_list link;      /* in messages->deliveries */
    struct sl_list questions; /* whether its notification may go; not empty: it is asked */
    int64_t at_us;
    json_t *object; /* without its body */
    char *wire_id;
    char *sender; /* URI */
    char *target; /* URI: the same, or on the way there */
};

static void forget_delivery(struct sl_messages *messages, struct delivery *delivery)
{
    sl_questions_cancel(&delivery->questions);
    sl_list_remove(&delivery->link);
    messages->delivery_count--;
    json_decref(delivery->object);
    free(delivery->wire_id);
    free(delivery->sender);
    free(delivery->target);
    free(delivery);
}

/* As a SIP URI: im:, which CPIM is of, is of no transport. False: nobody to be told. */
static bool read_uri(struct sl_text_part part, const char *domain, char out[static SL_SIP_URI_MAX])
{
    char text[SL_SIP_NAME_MAX];

    if (part.len >= sizeof(text) || memchr(part.at, '\0', part.len))
        return false;
    memcpy(text, part.at, part.len);
    text[part.len] = '\0';
    if (strncasecmp(text, "im:", 3) == 0)
        memmove(text, text + 3, strlen(text) - 2);
    if (!strchr(text, '@') || strcasestr(text, "@anonymous.invalid")) /* RFC 5438 section 14.1 */
        return false;
    return sl_sip_uri_of_callee(text, domain, out) == 0;
}

static void expect_confirmation(struct sl_messages *messages, const json_t *object,
                                const char *wire_id, const char *sender, const char *target)
{
    struct delivery *delivery = sl_new(struct delivery);

    if (messages->delivery_count == DELIVERIES_MAX)
        forget_delivery(messages, sl_list_first(&messages->deliveries, struct delivery, link));
    delivery->messages = messages;
    sl_list_init(&delivery->questions);
    delivery->at_us = sl_now_us();
    delivery->object = json_copy((json_t *)(uintptr_t)object);
    (void)json_object_del(delivery->object, "body");
    delivery->wire_id = sl_strdup(wire_id);
    delivery->sender = sl_strdup(sender);
    delivery->target = sl_strdup(target);
    sl_list_append(&messages->deliveries, &delivery->link);
    messages->delivery_count++;
}

static void notify(struct sl_messages *messages, const struct delivery *delivery)
{
    const char *aor = sl_sip_account_aor(messages->phone->account);
    char now[SL_DATE_TIME_LEN], id[ID_LEN + 1];
    struct sl_buffer document, envelope;

    sl_date_time(now);
    sl_random_token(id, ID_LEN);
    sl_buffer_init(&document, NOTIFICATION_MAX);
    sl_buffer_init(&envelope, 2 * NOTIFICATION_MAX);
    sl_imdn_build(delivery->wire_id, now, aor, &document);
    const struct sl_cpim_content content = {.from = aor,
                                            .to = delivery->sender,
                                            .date_time = now,
                                            .message_id = id,
                                            .type = "message/imdn+xml",
                                            .disposition = "notification",
                                            .body = (const char *)document.data,
                                            .len = document.len};
    sl_cpim_build(&content, &envelope);
    sl_buffer_u8(&envelope, 0);
    if (document.ok && envelope.ok)
        sl_messages_send_notification(messages, delivery->object, delivery->target,
                                      (const char *)envelope.data);
    sl_buffer_deinit(&document);
    sl_buffer_deinit(&envelope);
}

static void on_sending_answer(void *owner, const struct sl_hook_answer *answer)
{
    struct delivery *delivery = owner;

    if (answer->allowed)
        notify(delivery->messages, delivery);
    forget_delivery(delivery->messages, delivery);
}

/* Its client has it; so the sender hears, once the back end has nothing against it. */
static void confirm(struct delivery *delivery)
{
    struct sl_session *session = delivery->messages->phone->session;

    if (!sl_session_asks(session, SL_HOOK_SEND_IMDN)) {
        notify(delivery->messages, delivery);
        forget_delivery(delivery->messages, delivery);
        return;
    }
    json_t *body = json_copy(delivery->object);
    sl_session_add_context(session, body);
    sl_question_ask(session, &delivery->questions, SL_HOOK_SEND_IMDN, body, on_sending_answer, NULL,
                    delivery);
}

void sl_messages_confirm(struct sl_phone *phone, json_t *object)
{
    struct sl_messages *messages = phone->messages;
    const char *id = sl_call_text(object, "id");
    bool ok = strcmp(sl_call_text(object, "status"), "OK") == 0;
    struct delivery *delivery;

    sl_list_foreach(delivery, &messages->deliveries, struct delivery, link)
    {
        if (strcmp(sl_call_text(delivery->object, "id"), id) != 0 ||
            !sl_list_empty(&delivery->questions))
            continue;
        if (ok && sl_now_us() - delivery->at_us < CONFIRM_MAX_S * SL_US_PER_S)
            confirm(delivery);
        else
            forget_delivery(messages, delivery);
        return;
    }
}

/* ---- One that has come ---- */

struct arrival {
    struct sl_messages *messages;
    struct sl_list link; /* in messages->arrivals */
    struct sl_list questions;
    struct sl_sip_received *received; /* NULL: it came in a call, ... */
    char *call_id;                    /* ... in this one */
    json_t *object;                   /* what is told of it */
    char *raw;                        /* NULL: there is no single message that it came in */
    char wire_id[SL_IMDN_ID_MAX + 1];
    char sender[SL_SIP_URI_MAX], target[SL_SIP_URI_MAX]; /* "": no notification */
};

static void destroy(struct arrival *arrival)
{
    sl_questions_cancel(&arrival->questions);
    sl_list_remove(&arrival->link);
    json_decref(arrival->object);
    free(arrival->call_id);
    free(arrival->raw);
    free(arrival);
}

/* Whoever sent it hears of it. */
static void answer(struct arrival *arrival, int code)
{
    if (arrival->received) {
        sl_sip_received_answer(arrival->received, code);
        return;
    }
    const struct sl_call *call = sl_call_find(arrival->messages->phone, arrival->call_id);
    if (call && call->msrp)
        sl_msrp_session_delivered(call->msrp, code);
}

static void refuse(struct arrival *arrival, int code)
{
    answer(arrival, code);
    destroy(arrival);
}

static void present(struct arrival *arrival)
{
    struct sl_messages *messages = arrival->messages;

    sl_count(messages->phone->calls->config.counters, SL_COUNTER_MESSAGES_IN, 1);
    if (arrival->target[0])
        expect_confirmation(messages, arrival->object, arrival->wire_id, arrival->sender,
                            arrival->target);
    sl_messages_tell(messages, arrival->object, "RECEIVED", NULL, arrival->raw);
    answer(arrival, 200);
    destroy(arrival);
}

static void on_hook_answer(void *owner, const struct sl_hook_answer *hook)
{
    struct arrival *arrival = owner;

    if (hook->allowed)
        present(arrival);
    else
        refuse(arrival, 403);
}

/* The client, once its back end has nothing against it. */
static void deliver(struct arrival *arrival)
{
    struct sl_session *session = arrival->messages->phone->session;

    if (!sl_session_asks(session, SL_HOOK_ON_MESSAGE_EVENT)) {
        present(arrival);
        return;
    }
    json_t *body = json_copy(arrival->object);
    (void)json_object_set_new(body, "status", json_string("RECEIVED"));
    if (arrival->raw)
        (void)json_object_set_new(body, "sipMessageRaw", json_string(arrival->raw));
    sl_session_add_context(session, body);
    sl_question_ask(session, &arrival->questions, SL_HOOK_ON_MESSAGE_EVENT, body, on_hook_answer,
                    NULL, arrival);
}

/* ---- What it says ---- */

/* NULL: it is no text of UTF-8, or has U+0000, which JSON's readers do not all bear. */
static json_t *text_of(struct sl_text_part part)
{
    return part.len > 0 && memchr(part.at, '\0', part.len) ? NULL : json_stringn(part.at, part.len);
}

static json_t *addresses_of(const struct sl_phone *phone, const struct sl_cpim_addresses *addresses)
{
    struct sl_buffer list;

    sl_buffer_init(&list, SL_CPIM_ADDRESSES_MAX * SL_SIP_NAME_MAX);
    for (size_t i = 0; i < addresses->count; i++) {
        char *uri = sl_strndup(addresses->uris[i].at, addresses->uris[i].len);
        char *shown = sl_phone_shown_address(phone, uri);
        if (i > 0)
            sl_buffer_u8(&list, ',');
        sl_buffer_append(&list, shown, strlen(shown));
        free(shown);
        free(uri);
    }
    json_t *text = list.ok ? json_stringn((const char *)list.data, list.len) : NULL;
    sl_buffer_deinit(&list);
    return text;
}

static void take_notification(struct sl_messages *messages, struct sl_text_part body,
                              const char *raw)
{
    static const char *const infos[] = {[SL_IMDN_DELIVERED] = NULL,
                                        [SL_IMDN_FAILED] = "IMDN_FAILED",
                                        [SL_IMDN_FORBIDDEN] = "IMDN_FORBIDDEN",
                                        [SL_IMDN_ERROR] = "IMDN_ERROR"};
    struct sl_imdn imdn;

    if (sl_imdn_parse(body.at, body.len, &imdn) == 0)
        sl_messages_notified(messages, imdn.message_id, imdn.status == SL_IMDN_DELIVERED,
                             infos[imdn.status], raw);
    else
        sl_log(SL_LOG_INFO, &messages->phone->log,
               "SIP: a notification is not one of delivery: left out");
}

/* What a text is without an envelope. */
static void read_plain(const struct sl_sip_text *text, struct sl_cpim *out)
{
    *out =
        (struct sl_cpim){.type = {text->type, strlen(text->type)}, .body = {text->body, text->len}};
}

static void read_sender(struct arrival *arrival, const struct sl_cpim *cpim)
{
    const char *domain = arrival->messages->phone->domain;
    struct sl_text_part id = cpim->message_id;

    if (!cpim->wants_delivery || cpim->from.count == 0 || id.len == 0 || id.len > SL_IMDN_ID_MAX)
        return;
    memcpy(arrival->wire_id, id.at, id.len);
    if (!sl_imdn_is_id(arrival->wire_id) || !read_uri(cpim->from.uris[0], domain, arrival->sender))
        return;
    if (cpim->record_route.len == 0 || !read_uri(cpim->record_route, domain, arrival->target))
        memcpy(arrival->target, arrival->sender, sizeof(arrival->target));
}

/* 0, or the code it is refused with. */
static int read_text(struct arrival *arrival, const struct sl_sip_text *text,
                     const struct sl_cpim *cpim, bool enveloped)
{
    const struct sl_phone *phone = arrival->messages->phone;
    struct sl_text_part type = cpim->type, id = cpim->message_id;
    char token[ID_LEN + 1], *shown = sl_phone_shown_address(phone, text->from_uri);
    static const char envelope[] = "message/cpim", plain[] = "text/plain";

    if (enveloped && (type.len == 0 || sl_content_type_is(type, plain)))
        type = (struct sl_text_part){envelope, strlen(envelope)};
    else if (type.len == 0)
        type = (struct sl_text_part){plain, strlen(plain)};
    sl_random_token(token, ID_LEN);
    json_t *known_id = id.len > 0 && id.len <= SL_IMDN_ID_MAX ? text_of(id) : NULL;
    arrival->object = json_pack(
        "{s:o, s:o, s:o, s:o?, s:o?, s:b}", "id", known_id ? known_id : json_string(token), "from",
        cpim->from.count > 0 ? addresses_of(phone, &cpim->from) : json_string(shown), "to",
        cpim->to.count > 0 ? addresses_of(phone, &cpim->to) : json_string(text->to), "body",
        text_of(cpim->body), "contentType", text_of(sl_content_type_name(type)), "isImdnRequired",
        arrival->target[0] != '\0');
    free(shown);
    if (!arrival->object)
        return 400; /* addresses that are no text */
    if (arrival->call_id)
        (void)json_object_set_new(arrival->object, "callId", json_string(arrival->call_id));
    return json_is_string(json_object_get(arrival->object, "body")) &&
                   json_is_string(json_object_get(arrival->object, "contentType"))
               ? 0
               : 415;
}

/* Of an arrival that is in nobody's list yet. */
static void take(struct arrival *arrival, const struct sl_sip_text *text)
{
    struct sl_messages *messages = arrival->messages;
    struct sl_phone *phone = messages->phone;
    struct sl_text_part type = {text->type, strlen(text->type)};
    bool enveloped = sl_content_type_is(type, "message/cpim");
    struct sl_cpim cpim;

    sl_list_init(&arrival->questions);
    sl_list_append(&messages->arrivals, &arrival->link);
    if (phone->takes_no_calls) { /* an operator's call: there is nobody to read it */
        refuse(arrival, 480);
        return;
    }
    if (!enveloped) {
        read_plain(text, &cpim);
    } else if (sl_cpim_parse(text->body, text->len, &cpim) < 0) {
        refuse(arrival, 400);
        return;
    }
    if (sl_content_type_is(cpim.type, "message/imdn+xml")) { /* and none is sent for it */
        take_notification(messages, cpim.body, text->raw);
        refuse(arrival, 200); /* last: of a call's session, what came is gone then */
        return;
    }
    read_sender(arrival, &cpim);
    int code = read_text(arrival, text, &cpim, enveloped);
    if (code != 0)
        refuse(arrival, code);
    else
        deliver(arrival);
}

void sl_messages_take(struct sl_phone *phone, struct sl_sip_received *received,
                      const struct sl_sip_text *text)
{
    struct arrival *arrival = sl_new(struct arrival);

    arrival->messages = phone->messages;
    arrival->received = received;
    arrival->raw = sl_strdup(text->raw);
    take(arrival, text);
}

void sl_messages_take_in_call(struct sl_phone *phone, const char *call_id, const char *from,
                              const struct sl_msrp_text *text)
{
    struct arrival *arrival = sl_new(struct arrival);

    arrival->messages = phone->messages;
    arrival->call_id = sl_strdup(call_id);
    take(arrival, &(struct sl_sip_text){.from_uri = from,
                                        .to = phone->login,
                                        .type = text->type,
                                        .body = text->body,
                                        .len = text->len});
}

/* ---- Life ---- */

struct sl_messages *sl_messages_create(struct sl_phone *phone)
{
    struct sl_messages *messages = sl_new(struct sl_messages);

    messages->phone = phone;
    sl_list_init(&messages->outgoing);
    sl_table_init(&messages->sent);
    sl_list_init(&messages->sent_order);
    sl_list_init(&messages->arrivals);
    sl_list_init(&messages->deliveries);
    return messages;
}

static void drop_incoming(struct sl_messages *messages)
{
    while (!sl_list_empty(&messages->arrivals)) {
        struct arrival *arrival = sl_list_first(&messages->arrivals, struct arrival, link);
        refuse(arrival, 480);
    }
    while (!sl_list_empty(&messages->deliveries))
        forget_delivery(messages, sl_list_first(&messages->deliveries, struct delivery, link));
}

void sl_messages_destroy(struct sl_messages *messages)
{
    if (!messages)
        return;
    sl_messages_drop_outgoing(messages);
    drop_incoming(messages);
    sl_table_deinit(&messages->sent);
    json_decref(messages->away);
    free(messages);
}
