/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes over the connections of a session. */
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "msrp/internal.h"

#include <string.h>

/* What one side may send; who sends more is read no faster. */
enum {
    FRAMES_PER_S = 500,
    FRAMES_BURST = 1000,
    TEXTS_PER_S = 20,
    TEXTS_BURST = 40,
    REST_MS = 100,
};

static void respond(struct sl_msrp_link *link, int code)
{
    const struct sl_msrp_head *head = &link->reader.head;
    struct sl_buffer out;

    if (head->failure_report == SL_MSRP_NO ||
        (head->failure_report == SL_MSRP_PARTIAL && code == 200))
        return;
    sl_buffer_init(&out, SL_MSRP_HEAD_MAX);
    sl_msrp_write_response(head, code, &out);
    if (out.ok) /* it is as long as the head at most, but for a word */
        sl_msrp_link_send(link, &out);
    sl_buffer_deinit(&out);
}

/* From the other side of this session, to us. */
static bool is_ours(const struct sl_msrp_session *session, const struct sl_msrp_head *head)
{
    return sl_msrp_uri_same(sl_msrp_path_first(head->to_path), sl_msrp_part(session->own)) &&
           sl_msrp_uri_same(sl_msrp_path_last(head->from_path),
                            sl_msrp_path_last(sl_msrp_part(session->theirs.path)));
}

/* ---- Requests ---- */

/* What the chunk that begins here is answered. */
static int open_chunk(struct sl_msrp_session *session, const struct sl_msrp_head *head)
{
    if (head->method != SL_MSRP_SEND)
        return 501;
    if (!head->has_body)
        return head->message_id.len > 0 ? 200 : 400;
    if (!sl_content_type_is(head->type, "text/plain") &&
        !sl_content_type_is(head->type, "message/cpim"))
        return head->type.len > 0 ? 415 : 400; /* as we have said in accept-types */
    int code = sl_msrp_inbox_open(session->inbox, head);
    return code == 0 ? 200 : code;
}

static void take_head(struct sl_msrp_link *link)
{
    struct sl_msrp_session *session = link->session;
    const struct sl_msrp_head *head = &link->reader.head;

    if (head->method == SL_MSRP_RESPONSE)
        return;
    session->code = is_ours(session, head) ? open_chunk(session, head) : 481;
}

static void take_data(struct sl_msrp_session *session, const struct sl_msrp_event *event)
{
    int code = 0;

    if (session->code == 200)
        code = sl_msrp_inbox_add(session->inbox, event->data, event->len);
    if (code != 0)
        session->code = code;
}

static void end_send(struct sl_msrp_link *link, enum sl_msrp_flag flag)
{
    struct sl_msrp_session *session = link->session;
    bool has_body = link->reader.head.has_body;

    if (session->code == 200 && has_body)
        session->message = sl_msrp_inbox_close(session->inbox, flag);
    respond(link, session->code);
    if (session->code == 200)
        sl_msrp_be_open(session);
    if (!session->message)
        return;
    session->message_due = true;
    sl_msrp_tell_later(session);
}

static void take_end(struct sl_msrp_link *link, enum sl_msrp_flag flag)
{
    struct sl_msrp_session *session = link->session;
    const struct sl_msrp_head *head = &link->reader.head;

    switch (head->method) {
    case SL_MSRP_RESPONSE:
        sl_msrp_take_response(session, head);
        break;
    case SL_MSRP_REPORT: /* is never answered (RFC 4975 section 7.1.2) */
        if (is_ours(session, head))
            sl_msrp_take_report(session, head);
        break;
    case SL_MSRP_SEND:
    case SL_MSRP_OTHER:
        end_send(link, flag);
        break;
    }
}

/* ---- Reading ---- */

static void on_rest(void *owner)
{
    struct sl_msrp_session *session = owner;

    session->resting = false;
    sl_msrp_read_on(session);
}

static void rest(struct sl_msrp_session *session)
{
    if (!session->rest)
        session->rest = sl_timer_create(session->config.loop, on_rest, session);
    session->resting = true;
    sl_timer_start(session->rest, REST_MS, 0);
}

/* One frame more, or one text; else reading goes on in a while. */
static bool may_take(struct sl_msrp_session *session, struct sl_bucket *bucket, int64_t per_s,
                     int64_t burst)
{
    if (sl_bucket_take(bucket, per_s, burst, sl_now_us()))
        return true;
    rest(session);
    return false;
}

/* Unlike a stranger it knows what only they do: it is they, and not by the TLS that they have told
 * of, or somebody who reads along. */
static void disprove(struct sl_msrp_link *link, const char *words)
{
    struct sl_msrp_session *session = link->session;
    struct sl_error text;

    sl_msrp_link_finish(link, words);
    (void)sl_error_set(&text, 0, "MSRP: %s", words);
    sl_msrp_fail(session, text.text);
}

/* It has to say first what it is for (RFC 4975 section 5.4); whoever does not know is sent off. */
static bool is_bound(struct sl_msrp_link *link)
{
    struct sl_msrp_session *session = link->session;
    const struct sl_msrp_head *head = &link->reader.head;
    struct sl_error error;

    if (session->bound == link)
        return true;
    if (!session->bound && head->method == SL_MSRP_SEND && is_ours(session, head)) {
        if (sl_msrp_check_proof(link, &error) == 0) {
            sl_msrp_bind(session, link);
            return true;
        }
        disprove(link, error.text);
        return false;
    }
    if (head->method != SL_MSRP_RESPONSE && head->method != SL_MSRP_REPORT)
        respond(link, 481);
    sl_msrp_link_finish(link, "not of this session");
    return false;
}

/* Texts of ours that wait for a slow connection alone do not keep it from being read: their answers
 * come there, and two sides that both write would wait for each other. */
static bool reads(const struct sl_msrp_link *link)
{
    const struct sl_msrp_session *session = link->session;

    return session->described && !session->message && !session->resting &&
           sl_conn_queued(link->conn) < SL_MSRP_UNREAD_MIN;
}

/* A text takes its token when it is whole, so it may be one more than there are. */
static bool take_event(struct sl_msrp_link *link, const struct sl_msrp_event *event)
{
    struct sl_msrp_session *session = link->session;

    switch (event->kind) {
    case SL_MSRP_NOTHING:
        return false;
    case SL_MSRP_HEAD:
        take_head(link);
        return true;
    case SL_MSRP_DATA:
        take_data(session, event);
        return true;
    case SL_MSRP_END:
        take_end(link, event->flag);
        return may_take(session, &session->frames, FRAMES_PER_S, FRAMES_BURST) &&
               (!session->message || may_take(session, &session->texts, TEXTS_PER_S, TEXTS_BURST));
    }
    return false;
}

static ssize_t refuse(struct sl_msrp_link *link)
{
    struct sl_msrp_session *session = link->session;
    bool was_bound = session->bound == link;

    sl_msrp_link_finish(link, "not MSRP");
    if (was_bound)
        sl_msrp_fail(session, "MSRP: what came is not of this protocol");
    return -1;
}

/* Whether more is wanted is asked before anything is read, and between frames. */
ssize_t sl_msrp_take(struct sl_msrp_link *link, const uint8_t *data, size_t len)
{
    struct sl_msrp_event event = {.kind = SL_MSRP_END};
    size_t at = 0, used;

    while (event.kind != SL_MSRP_END || reads(link)) {
        if (sl_msrp_read(&link->reader, data + at, len - at, &used, &event) < 0)
            return refuse(link);
        at += used;
        if (event.kind == SL_MSRP_HEAD && !is_bound(link))
            return -1;
        if (!take_event(link, &event))
            break;
    }
    return (ssize_t)at;
}
