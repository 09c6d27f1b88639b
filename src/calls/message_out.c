/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a client writes (sip.md 10.1), and what becomes of it. */
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
    ID_MAX = 128,
    RECIPIENTS_MAX = 50,
    BURST = 20, /* messages in ten seconds (sip.md 17) */
    PER_S = 2,  /* the same, in the long run */
    BOUNDARY_LEN = 24,
    SENT_MAX_S = 24 * 3600, /* how long a notification is waited for */
};

static const char text_plain[] = "text/plain;charset=utf-8";

/* ---- Those that may be notified of ---- */

struct sent {
    struct sl_list link; /* in messages->sent_order */
    struct sl_table_node node;
    int64_t at_us;
    char *wire_id;  /* what it is called there */
    json_t *object; /* without its body */
};

static void forget_sent(struct sl_messages *messages, struct sent *sent)
{
    sl_table_remove(&messages->sent, &sent->node);
    sl_list_remove(&sent->link);
    json_decref(sent->object);
    free(sent->wire_id);
    free(sent);
}

static void remember(struct sl_messages *messages, const char *wire_id, json_t *object)
{
    struct sent *sent = sl_new(struct sent);

    if (messages->sent.count == SL_MESSAGES_SENT_MAX)
        forget_sent(messages, sl_list_first(&messages->sent_order, struct sent, link));
    sent->at_us = sl_now_us();
    sent->wire_id = sl_strdup(wire_id);
    sent->object = json_copy(object);
    (void)json_object_del(sent->object, "body"); /* it was told when it was sent */
    sl_list_append(&messages->sent_order, &sent->link);
    sl_table_insert(&messages->sent, &sent->node, sl_hash_text(wire_id));
}

static bool is_sent(const struct sl_table_node *node, const void *key)
{
    return strcmp(sl_container_of_const(node, struct sent, node)->wire_id, key) == 0;
}

void sl_messages_notified(struct sl_messages *messages, const char *wire_id, bool delivered,
                          const char *info, const char *raw)
{
    struct sl_table_node *node =
        sl_table_find(&messages->sent, sl_hash_text(wire_id), is_sent, wire_id);
    struct sent *sent = node ? sl_container_of(node, struct sent, node) : NULL;

    if (!sent)
        return; /* another session's, or told already */
    if (sl_now_us() - sent->at_us < SENT_MAX_S * (int64_t)SL_US_PER_S)
        sl_messages_tell(messages, sent->object, delivered ? "IMDN_DELIVERED" : "IMDN_FAILED", info,
                         raw);
    forget_sent(messages, sent);
}

/* ---- One on its way ---- */

struct message {
    struct sl_messages *messages;
    struct sl_list link; /* in messages->outgoing */
    json_t *object;      /* what is told of it */
    struct sl_list questions;
    struct sl_sip_message *sip;    /* NULL: not yet, or it goes in a call, ... */
    struct sl_msrp_outgoing *msrp; /* ... as this; NULL: not yet */
    bool is_notification;
};

static struct message *create(struct sl_messages *messages, json_t *object)
{
    struct message *message = sl_new(struct message);

    message->messages = messages;
    message->object = object;
    sl_list_init(&message->questions);
    sl_list_append(&messages->outgoing, &message->link);
    messages->outgoing_count++;
    return message;
}

static void destroy(struct message *message)
{
    sl_questions_cancel(&message->questions);
    if (message->sip)
        sl_sip_message_forget(message->sip);
    if (message->msrp)
        sl_msrp_outgoing_forget(message->msrp);
    sl_list_remove(&message->link);
    message->messages->outgoing_count--;
    json_decref(message->object);
    free(message);
}

static void fail(struct message *message, const char *info)
{
    sl_messages_tell(message->messages, message->object, "FAILED", info, NULL);
    destroy(message);
}

static void on_answered(void *owner, int code, const char *reason, const char *raw,
                        const char *sent)
{
    struct message *message = owner;
    struct sl_messages *messages = message->messages;
    char room[256];

    message->sip = NULL;
    if (message->is_notification) {
        if (code < 300)
            sl_messages_tell(messages, message->object, "IMDN_NOTIFICATION_SENT", NULL, sent);
        else
            sl_log(SL_LOG_INFO, &messages->phone->log, "SIP: nobody takes a notification: %d %s",
                   code, reason);
    } else if (code < 300) {
        sl_messages_tell(messages, message->object, "ACCEPTED", NULL, raw);
    } else {
        const char *info = !raw && code == SL_SIP_TOO_LARGE
                               ? "Message too large"
                               : sl_call_info(code, reason, room, sizeof(room));
        sl_messages_tell(messages, message->object, "FAILED", info, raw);
    }
    destroy(message);
}

static const struct sl_sip_message_ops sip_ops = {on_answered};

/* In a call. */
static void on_sent(void *owner, int code)
{
    struct message *message = owner;
    char room[64];

    message->msrp = NULL;
    if (code == 200)
        sl_messages_tell(message->messages, message->object, "ACCEPTED", NULL, NULL);
    (void)snprintf(room, sizeof(room), "%d %s", code, sl_msrp_reason(code));
    if (code == 200)
        destroy(message);
    else
        fail(message, code == 0 ? "The call is over" : room);
}

/* ---- What it is made of ---- */

struct letter {
    char target[SL_SIP_URI_MAX], from[SL_SIP_URI_MAX];
    char recipients[RECIPIENTS_MAX][SL_SIP_URI_MAX]; /* of multipart/mixed */
    size_t recipient_count;
    const struct sl_call *call; /* that it goes in; NULL: none */
    size_t max;                 /* bytes of its body */
    char type[64 + BOUNDARY_LEN];
    struct sl_buffer body;
};

static bool wants_notification(const json_t *object)
{
    return json_is_true(json_object_get(object, "isImdnRequired"));
}

/* One address a comma; NULL, or what is wrong. */
static const char *read_recipients(const struct sl_phone *phone, const json_t *object,
                                   struct letter *letter)
{
    char *list = sl_strdup(sl_call_text(object, "recipients")), *rest = NULL;
    const char *why = NULL;

    for (char *item = strtok_r(list, ",", &rest); item && !why; item = strtok_r(NULL, ",", &rest)) {
        item += strspn(item, " ");
        for (size_t len = strlen(item); len > 0 && item[len - 1] == ' '; len--)
            item[len - 1] = '\0';
        if (item[0] == '\0')
            continue;
        if (letter->recipient_count == RECIPIENTS_MAX)
            why = "Too many recipients";
        else if (sl_sip_uri_of_callee(item, phone->domain,
                                      letter->recipients[letter->recipient_count++]) < 0)
            why = "Bad recipients";
    }
    free(list);
    if (!why && letter->recipient_count == 0) {
        memcpy(letter->recipients[0], letter->target, sizeof(letter->target));
        letter->recipient_count = 1;
    }
    return why;
}

static void add_envelope(struct message *message, const struct letter *letter, const char *to,
                         const char *wire_id, struct sl_buffer *out)
{
    const json_t *object = message->object;
    const char *body = sl_call_text(object, "body");
    char now[SL_DATE_TIME_LEN];

    sl_date_time(now);
    const struct sl_cpim_content content = {.from = letter->from,
                                            .to = to,
                                            .date_time = now,
                                            .message_id = wire_id,
                                            .asks = wire_id != NULL,
                                            .type = text_plain,
                                            .body = body,
                                            .len = strlen(body)};
    sl_cpim_build(&content, out);
    if (wire_id)
        remember(message->messages, wire_id, message->object);
}

static void build_multipart(struct message *message, struct letter *letter)
{
    const char *id = sl_call_text(message->object, "id");
    const char *body = sl_call_text(message->object, "body");
    const struct sl_phone *phone = message->messages->phone;
    char boundary[BOUNDARY_LEN + 1], wire_id[ID_MAX + 16];
    const char *uris[RECIPIENTS_MAX];
    struct sl_buffer part;

    do
        sl_random_token(boundary, BOUNDARY_LEN);
    while (strstr(body, boundary));
    (void)snprintf(letter->type, sizeof(letter->type), "multipart/mixed;boundary=%s", boundary);
    sl_buffer_init(&part, SL_SIP_MESSAGE_MAX);
    if (phone->calls->config.config->sip_message_recipient_list) {
        for (size_t i = 0; i < letter->recipient_count; i++)
            uris[i] = letter->recipients[i];
        sl_recipients_build(uris, letter->recipient_count, &part);
        sl_multipart_add(&letter->body, boundary, "application/resource-lists+xml",
                         "recipient-list", part.data, part.len);
    }
    for (size_t i = 0; i < letter->recipient_count; i++) {
        if (letter->recipient_count == 1)
            (void)snprintf(wire_id, sizeof(wire_id), "%s", id);
        else
            (void)snprintf(wire_id, sizeof(wire_id), "%s-%zu", id, i + 1);
        sl_buffer_clear(&part);
        add_envelope(message, letter, letter->recipients[i],
                     wants_notification(message->object) ? wire_id : NULL, &part);
        sl_multipart_add(&letter->body, boundary, "message/cpim", NULL, part.data, part.len);
        letter->body.ok &= part.ok;
    }
    sl_multipart_end(&letter->body, boundary);
    sl_buffer_deinit(&part);
}

/* NULL, or why there is no session to write in. */
static const char *find_call(const struct message *message, struct letter *letter)
{
    const char *id = sl_call_text(message->object, "callId");

    letter->max = SL_SIP_MESSAGE_MAX - 1;
    if (id[0] == '\0')
        return NULL;
    letter->call = sl_call_find(message->messages->phone, id);
    if (!letter->call || !letter->call->is_msrp || letter->call->status != SL_CALL_ESTABLISHED)
        return "No such MSRP session";
    letter->max = sl_msrp_session_max(letter->call->msrp);
    return NULL;
}

static const char *read_addresses(const struct message *message, struct letter *letter)
{
    const struct sl_phone *phone = message->messages->phone;
    const char *from = sl_call_text(message->object, "from"),
               *to = sl_call_text(message->object, "to");
    bool is_sip = strncasecmp(from, "sip:", 4) == 0;

    if (to[0] == '\0' && letter->call)
        to = sl_call_other_side(letter->call);
    if (sl_sip_uri_of_callee(to, phone->domain, letter->target) < 0)
        return "Bad recipient";
    if (!sl_phone_reaches(phone, letter->target))
        return "Bad recipient: sips needs TLS";
    if (is_sip ? sl_sip_uri_of_callee(from, phone->domain, letter->from) < 0
               : sl_sip_uri_of_user(phone->login, phone->domain, letter->from) < 0)
        return "Bad sender";
    return NULL;
}

/* As the client has it; in a call, an envelope where nothing else is taken. */
static const char *type_of(const struct message *message, const struct letter *letter)
{
    const char *type = sl_call_text(message->object, "contentType");
    bool plain = strcasecmp(type, "text/plain") == 0;

    return plain && letter->call && !sl_msrp_session_takes(letter->call->msrp, type)
               ? "message/cpim"
               : type;
}

/* NULL, or what is wrong. */
static const char *read_letter(struct message *message, struct letter *letter)
{
    const struct sl_phone *phone = message->messages->phone;
    const json_t *object = message->object;
    const char *type = type_of(message, letter), *body = sl_call_text(object, "body");
    bool plain = strcasecmp(type, "text/plain") == 0;
    const char *why =
        strlen(body) > letter->max ? "Message too large" : read_addresses(message, letter);

    if (why)
        return why;
    if (!plain && wants_notification(object) && !sl_imdn_is_id(sl_call_text(object, "id")))
        return "Bad id";
    if (plain) {
        (void)snprintf(letter->type, sizeof(letter->type), "%s", text_plain);
        sl_buffer_append(&letter->body, body, strlen(body));
    } else if (strcasecmp(type, "message/cpim") == 0) {
        (void)snprintf(letter->type, sizeof(letter->type), "message/cpim");
        add_envelope(message, letter, letter->target,
                     wants_notification(object) ? sl_call_text(object, "id") : NULL, &letter->body);
    } else if (strcasecmp(type, "multipart/mixed") == 0) {
        why = read_recipients(phone, object, letter);
        if (why)
            return why;
        build_multipart(message, letter);
    } else {
        return "Content type is not supported";
    }
    sl_buffer_u8(&letter->body, 0);
    return letter->body.ok ? NULL : "Message too large";
}

static const char *send_in_call(struct message *message, const struct letter *letter)
{
    struct sl_msrp_session *session = letter->call->msrp;

    if (!sl_msrp_session_takes(session, letter->type))
        return "Content type is not supported";
    if (letter->body.len == 1) /* an empty SEND is no message (RFC 4975 section 7.1) */
        return "The message is empty";
    message->msrp = sl_msrp_session_send(session, letter->type, letter->body.data,
                                         letter->body.len - 1, on_sent, message);
    return message->msrp ? NULL : "Too many messages";
}

static void send_alone(struct message *message, const struct letter *letter)
{
    const struct sl_phone *phone = message->messages->phone;
    const struct sl_sip_message_config config = {.target = letter->target,
                                                 .from = letter->from,
                                                 .name = phone->visible_name,
                                                 .type = letter->type,
                                                 .body = (const char *)letter->body.data,
                                                 .ops = &sip_ops,
                                                 .owner = message};

    message->sip = sl_sip_message_send(phone->account, &config);
}

static void start(struct message *message)
{
    struct letter *letter = sl_new(struct letter);
    const char *why = find_call(message, letter);

    sl_buffer_init(&letter->body, letter->max + 1);
    if (!why)
        why = read_letter(message, letter);
    if (!why && letter->call)
        why = send_in_call(message, letter);
    if (why) {
        fail(message, why);
    } else {
        sl_count(message->messages->phone->calls->config.counters, SL_COUNTER_MESSAGES_OUT, 1);
        if (!letter->call)
            send_alone(message, letter);
    }
    sl_buffer_deinit(&letter->body);
    free(letter);
}

static void start_if_allowed(struct message *message)
{
    if (message->messages->phone->account && sl_list_empty(&message->questions))
        start(message);
}

void sl_messages_start_waiting(struct sl_messages *messages)
{
    struct message *message;

    sl_list_foreach(message, &messages->outgoing, struct message, link)
    {
        if (!message->sip && !message->msrp)
            start_if_allowed(message);
    }
}

void sl_messages_fail_waiting(struct sl_messages *messages, const char *info)
{
    struct message *message;

    sl_list_foreach(message, &messages->outgoing, struct message, link)
    {
        if (!message->sip && !message->msrp)
            fail(message, info);
    }
}

/* ---- What the client says ---- */

/* What the back end puts in place of the client's words. */
static void overwrite(json_t *object, const json_t *fields)
{
    static const char *const names[] = {"from",        "to",         "body",
                                        "contentType", "recipients", "isImdnRequired"};

    for (size_t i = 0; i < SL_ARRAY_LEN(names); i++) {
        json_t *value = json_object_get(fields, names[i]);
        if (value)
            (void)json_object_set(object, names[i], value);
    }
}

static void on_hook_answer(void *owner, const struct sl_hook_answer *answer)
{
    struct message *message = owner;

    if (!answer->allowed) {
        fail(message, answer->info);
        return;
    }
    overwrite(message->object, answer->fields);
    start_if_allowed(message);
}

static json_t *read_object(const struct sl_phone *phone, const json_t *object)
{
    const char *from = sl_call_text(object, "from"), *type = sl_call_text(object, "contentType");
    const char *id = sl_call_text(object, "id"), *recipients = sl_call_text(object, "recipients"),
               *call_id = sl_call_text(object, "callId");
    char token[32];

    sl_random_token(token, 26);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s*, s:s*}", "id", id[0] ? id : token, "from",
                     from[0] ? from : phone->login, "to", sl_call_text(object, "to"), "body",
                     sl_call_text(object, "body"), "contentType", type[0] ? type : "text/plain",
                     "isImdnRequired", wants_notification(object), "recipients",
                     recipients[0] ? recipients : NULL, "callId", call_id[0] ? call_id : NULL);
}

void sl_messages_send(struct sl_phone *phone, json_t *object)
{
    struct sl_messages *messages = phone->messages;
    struct message *message = create(messages, read_object(phone, object));
    bool too_many = !sl_bucket_take(&messages->bucket, PER_S, BURST, sl_now_us()) ||
                    messages->outgoing_count > SL_MESSAGES_UNDER_WAY_MAX;
    const char *why = strlen(sl_call_text(message->object, "id")) > ID_MAX ? "Bad id"
                      : too_many                                           ? "Too many messages"
                      : !phone->account && !phone->lookup ? "WRONG_SIPPROVIDER_ADDRESS"
                                                          : NULL;

    if (why) {
        fail(message, why);
        return;
    }
    if (sl_session_asks(phone->session, SL_HOOK_SEND_MESSAGE)) {
        json_t *body = json_copy(message->object);
        sl_session_add_context(phone->session, body);
        sl_question_ask(phone->session, &message->questions, SL_HOOK_SEND_MESSAGE, body,
                        on_hook_answer, NULL, message);
    }
    start_if_allowed(message);
}

void sl_messages_send_notification(struct sl_messages *messages, const json_t *object,
                                   const char *target, const char *body)
{
    struct sl_phone *phone = messages->phone;
    struct message *message = create(messages, json_copy((json_t *)(uintptr_t)object));
    const struct sl_sip_message_config config = {.target = target,
                                                 .from = sl_sip_account_aor(phone->account),
                                                 .name = "",
                                                 .type = "message/cpim",
                                                 .body = body,
                                                 .ops = &sip_ops,
                                                 .owner = message};

    message->is_notification = true;
    message->sip = sl_sip_message_send(phone->account, &config);
}

void sl_messages_drop_outgoing(struct sl_messages *messages)
{
    while (!sl_list_empty(&messages->outgoing))
        destroy(sl_list_first(&messages->outgoing, struct message, link));
    while (!sl_list_empty(&messages->sent_order))
        forget_sent(messages, sl_list_first(&messages->sent_order, struct sent, link));
}
