/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is sent: the first word of a connection, texts in chunks, reports. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "msrp/internal.h"

#include <stdio.h>
#include <string.h>

enum { ROOM = SL_MSRP_CHUNK + SL_MSRP_PATH_MAX + 4096 }; /* of what is written at once */

/* Of ours, to the other side. */
static void write_request(struct sl_msrp_session *session, struct sl_msrp_request *request)
{
    struct sl_buffer out;

    request->to_path = sl_msrp_part(session->theirs.path);
    request->from_path = sl_msrp_part(session->own);
    sl_buffer_init(&out, ROOM);
    sl_msrp_write(request, &out);
    if (session->bound && out.ok)
        sl_msrp_link_send(session->bound, &out);
    sl_buffer_deinit(&out);
}

/* ---- Without a text ---- */

void sl_msrp_greet(struct sl_msrp_session *session)
{
    char id[SL_MSRP_TOKEN_LEN + 1];
    struct sl_msrp_request request = {
        .transaction = session->greeting, .range = {1, 0, 0}, .flag = SL_MSRP_LAST};

    sl_random_token(session->greeting, SL_MSRP_TOKEN_LEN);
    sl_random_token(id, SL_MSRP_TOKEN_LEN);
    request.message_id = sl_msrp_part(id);
    write_request(session, &request);
}

void sl_msrp_report(struct sl_msrp_session *session, const struct sl_msrp_message *message,
                    int code)
{
    char transaction[SL_MSRP_TOKEN_LEN + 1];
    int64_t len = (int64_t)message->body.len;
    struct sl_msrp_request request = {.transaction = transaction,
                                      .message_id = sl_msrp_part(message->id),
                                      .range = {1, len, len},
                                      .status = code,
                                      .flag = SL_MSRP_LAST};

    if (code == 200 ? !message->success_report : message->failure_report == SL_MSRP_NO)
        return;
    sl_random_token(transaction, SL_MSRP_TOKEN_LEN);
    write_request(session, &request);
}

/* ---- Texts ---- */

static void write_chunk(struct sl_msrp_outgoing *outgoing, size_t len, enum sl_msrp_flag flag)
{
    char transaction[SL_MSRP_TRANSACTION_MAX + 1];
    size_t end = outgoing->at + len;
    struct sl_msrp_request request = {
        .transaction = transaction,
        .message_id = sl_msrp_part(outgoing->id),
        .range = {(int64_t)outgoing->at + 1, (int64_t)end, (int64_t)outgoing->len},
        .type = outgoing->type,
        .body = outgoing->body + outgoing->at,
        .len = len,
        .flag = flag};

    (void)snprintf(transaction, sizeof(transaction), "%s.%u", outgoing->prefix, outgoing->sent);
    outgoing->sent++;
    outgoing->at = end;
    outgoing->since_us = sl_now_us();
    write_request(outgoing->session, &request);
}

void sl_msrp_pump(struct sl_msrp_session *session)
{
    struct sl_msrp_outgoing *outgoing;

    if (session->state != SL_MSRP_OPEN)
        return;
    sl_list_foreach(outgoing, &session->outgoing, struct sl_msrp_outgoing, link)
    {
        while (session->bound && outgoing->at < outgoing->len) {
            size_t left = outgoing->len - outgoing->at;
            if (sl_conn_queued(session->bound->conn) >= SL_MSRP_QUEUED_MAX)
                return;
            write_chunk(outgoing, left < SL_MSRP_CHUNK ? left : SL_MSRP_CHUNK,
                        left <= SL_MSRP_CHUNK ? SL_MSRP_LAST : SL_MSRP_MORE);
        }
    }
}

/* The rest of a text that was refused is not sent (RFC 4975 section 7.1.3); that is said once. */
static void give_up_rest(struct sl_msrp_outgoing *outgoing)
{
    if (outgoing->at > 0 && outgoing->at < outgoing->len)
        write_chunk(outgoing, 0, SL_MSRP_ABORTED);
    outgoing->at = outgoing->len;
}

static void finish(struct sl_msrp_outgoing *outgoing, int code)
{
    struct sl_msrp_session *session = outgoing->session;

    give_up_rest(outgoing);
    outgoing->code = code;
    sl_list_remove(&outgoing->link);
    sl_list_append(&session->done, &outgoing->link);
    sl_msrp_tell_later(session);
}

/* ---- What becomes of them ---- */

static struct sl_msrp_outgoing *find(struct sl_msrp_session *session, struct sl_text_part name,
                                     bool by_transaction)
{
    struct sl_msrp_outgoing *outgoing;

    if (name.len < SL_MSRP_TOKEN_LEN ||
        (by_transaction && (name.len == SL_MSRP_TOKEN_LEN || name.at[SL_MSRP_TOKEN_LEN] != '.')))
        return NULL;
    sl_list_foreach(outgoing, &session->outgoing, struct sl_msrp_outgoing, link)
    {
        if (memcmp(by_transaction ? outgoing->prefix : outgoing->id, name.at, SL_MSRP_TOKEN_LEN) ==
                0 &&
            (by_transaction || name.len == SL_MSRP_TOKEN_LEN))
            return outgoing;
    }
    return NULL;
}

void sl_msrp_take_response(struct sl_msrp_session *session, const struct sl_msrp_head *head)
{
    struct sl_msrp_outgoing *outgoing = find(session, head->transaction, true);
    char words[64];

    if (session->state == SL_MSRP_WAITING && session->greeting[0] != '\0' &&
        head->transaction.len == strlen(session->greeting) &&
        memcmp(head->transaction.at, session->greeting, head->transaction.len) == 0) {
        if (head->code == 200) {
            sl_msrp_be_open(session);
        } else {
            (void)snprintf(words, sizeof(words), "the session was refused: %d", head->code);
            sl_msrp_fail(session, words);
        }
        return;
    }
    if (!outgoing)
        return;           /* told already */
    outgoing->answered++; /* who says so twice deceives itself */
    outgoing->since_us = sl_now_us();
    if (head->code != 200)
        finish(outgoing, head->code);
    else if (outgoing->at == outgoing->len && outgoing->answered >= outgoing->sent)
        finish(outgoing, 200);
}

void sl_msrp_take_report(struct sl_msrp_session *session, const struct sl_msrp_head *head)
{
    struct sl_msrp_outgoing *outgoing = find(session, head->message_id, false);

    if (outgoing && head->status != 0)
        finish(outgoing, head->status);
}

void sl_msrp_check_answers(struct sl_msrp_session *session, int64_t now_us)
{
    struct sl_msrp_outgoing *outgoing;

    sl_list_foreach(outgoing, &session->outgoing, struct sl_msrp_outgoing, link)
    {
        if (outgoing->sent > outgoing->answered &&
            now_us - outgoing->since_us > SL_MSRP_ANSWER_MAX_S * SL_US_PER_S)
            finish(outgoing, 408);
    }
}

struct sl_msrp_outgoing *sl_msrp_session_send(struct sl_msrp_session *session, const char *type,
                                              const void *body, size_t len,
                                              void (*on_sent)(void *owner, int code), void *owner)
{
    SL_ASSERT_ON(session->config.loop);
    if (session->state != SL_MSRP_OPEN || len == 0 || len > SL_MSRP_MESSAGE_MAX ||
        session->outgoing_len + len > SL_MSRP_OUTGOING_MAX)
        return NULL;
    struct sl_msrp_outgoing *outgoing = sl_new(struct sl_msrp_outgoing);
    outgoing->session = session;
    outgoing->on_sent = on_sent;
    outgoing->owner = owner;
    outgoing->type = sl_strdup(type);
    outgoing->body = sl_alloc(len);
    memcpy(outgoing->body, body, len);
    outgoing->len = len;
    sl_random_token(outgoing->id, SL_MSRP_TOKEN_LEN);
    do
        sl_random_token(outgoing->prefix, SL_MSRP_TOKEN_LEN);
    while (sl_msrp_has_end(body, len, outgoing->prefix));
    session->outgoing_len += len;
    sl_list_append(&session->outgoing, &outgoing->link);
    sl_msrp_pump(session);
    return outgoing;
}

void sl_msrp_outgoing_forget(struct sl_msrp_outgoing *outgoing)
{
    SL_ASSERT_ON(outgoing->session->config.loop);
    give_up_rest(outgoing);
    sl_msrp_outgoing_free(outgoing);
}
