/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the owner of a session hears: always from the loop, one thing at a time, so that it may
 * destroy the session then. */
#include "base/clock.h"
#include "base/mem.h"
#include "msrp/internal.h"

void sl_msrp_tell_later(struct sl_msrp_session *session)
{
    sl_loop_later(session->config.loop, &session->later);
}

void sl_msrp_be_open(struct sl_msrp_session *session)
{
    if (session->state != SL_MSRP_WAITING)
        return;
    session->state = SL_MSRP_OPEN;
    session->open_due = true;
    sl_msrp_tell_later(session);
}

void sl_msrp_be_lost(struct sl_msrp_session *session)
{
    if (session->state == SL_MSRP_OPEN) {
        session->state = SL_MSRP_LOST;
        session->since_us = sl_now_us();
    }
}

void sl_msrp_fail(struct sl_msrp_session *session, const char *words)
{
    if (session->state == SL_MSRP_FAILED)
        return;
    session->state = SL_MSRP_FAILED;
    session->failure = sl_strdup(words);
    sl_msrp_tell_later(session);
}

void sl_msrp_outgoing_free(struct sl_msrp_outgoing *outgoing)
{
    sl_list_remove(&outgoing->link);
    outgoing->session->outgoing_len -= outgoing->len;
    free(outgoing->type);
    free(outgoing->body);
    free(outgoing);
}

static bool has_more(const struct sl_msrp_session *session)
{
    return session->open_due || session->message_due || session->failure ||
           !sl_list_empty(&session->done);
}

void sl_msrp_tell_sent(struct sl_msrp_outgoing *outgoing)
{
    void (*on_sent)(void *owner, int code) = outgoing->on_sent;
    void *owner = outgoing->owner;
    int code = outgoing->code;

    sl_msrp_outgoing_free(outgoing);
    on_sent(owner, code);
}

/* The session may be gone behind each of these calls. */
static void tell_one(struct sl_later *later)
{
    struct sl_msrp_session *session = sl_container_of(later, struct sl_msrp_session, later);
    const struct sl_msrp_config *config = &session->config;
    struct sl_msrp_outgoing *done = sl_list_first(&session->done, struct sl_msrp_outgoing, link);
    const struct sl_msrp_message *message = session->message;
    bool open_due = session->open_due, message_due = session->message_due;
    char *failure = NULL;

    if (open_due) {
        session->open_due = false;
    } else if (done) {
        sl_list_remove(&done->link);
    } else if (message_due) {
        session->message_due = false;
    } else {
        failure = session->failure;
        session->failure = NULL;
    }
    if (has_more(session))
        sl_msrp_tell_later(session);
    if (open_due) {
        config->ops->on_open(config->owner);
    } else if (done) {
        sl_msrp_tell_sent(done);
    } else if (message_due) {
        const struct sl_msrp_text text = {message->type, (const char *)message->body.data,
                                          message->body.len};
        config->ops->on_text(config->owner, &text);
    } else if (failure) {
        config->ops->on_failed(config->owner, failure);
    }
    free(failure);
}

void sl_msrp_tell_init(struct sl_msrp_session *session)
{
    session->later.run = tell_one;
    sl_list_init(&session->done);
}
