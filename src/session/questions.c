/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hooks asked and told on behalf of a session: each question is answered once, or cancelled. */
#include "session/questions.h"
#include "session/internal.h"

#include <assert.h>

struct question {
    struct sl_list link;
    struct sl_list of_session; /* in session->asked */
    struct sl_session *session;
    struct sl_hook_call *call;
    sl_hook_on_answer *on_answer;
    void (*on_drop)(void *owner);
    void *owner;
};

static const struct sl_hooks *hooks_of(const struct sl_session *session)
{
    return session->sessions->config.hooks;
}

static struct sl_hook_client client_of(const struct sl_session *session)
{
    return (struct sl_hook_client){.app_key = session->app_key,
                                   .session_id = session->id,
                                   .rest_client_config = session->rest_client_config};
}

static void question_enter(struct question *question, struct sl_session *session)
{
    question->session = session;
    session->question_count++;
    sl_list_append(&session->asked, &question->of_session);
}

static void question_leave(struct question *question)
{
    sl_list_remove(&question->of_session);
    question->session->question_count--;
}

static void question_unlink(struct question *question)
{
    sl_list_remove(&question->link);
    question_leave(question);
}

static void on_question_answer(void *owner, const struct sl_hook_answer *answer)
{
    struct question *question = owner;
    sl_hook_on_answer *on_answer = question->on_answer;
    void *asker = question->owner;

    assert(question->call); /* not from within */
    question_unlink(question);
    free(question);
    on_answer(asker, answer);
}

void sl_question_ask(struct sl_session *session, struct sl_list *list, enum sl_hook_method method,
                     json_t *body, sl_hook_on_answer *on_answer, void (*on_drop)(void *owner),
                     void *owner)
{
    const struct sl_hooks *hooks = hooks_of(session);
    struct sl_hook_client client = client_of(session);
    struct question *question = sl_new(struct question);

    *question = (struct question){.on_answer = on_answer, .on_drop = on_drop, .owner = owner};
    sl_list_append(list, &question->link);
    question_enter(question, session);
    question->call = hooks->ask(hooks->arg, &client, method, body, on_question_answer, question);
    json_decref(body);
}

void sl_questions_cancel(struct sl_list *list)
{
    while (!sl_list_empty(list)) {
        struct question *question = sl_list_first(list, struct question, link);
        const struct sl_hooks *hooks = hooks_of(question->session);
        hooks->cancel(hooks->arg, question->call);
        question_unlink(question);
        if (question->on_drop)
            question->on_drop(question->owner);
        free(question);
    }
}

void sl_questions_move(struct sl_session *from, struct sl_session *to)
{
    while (!sl_list_empty(&from->asked)) {
        struct question *question = sl_list_first(&from->asked, struct question, of_session);
        question_leave(question);
        question_enter(question, to);
    }
}

bool sl_session_wants(const struct sl_session *session, enum sl_hook_method method)
{
    const struct sl_hooks *hooks = hooks_of(session);
    struct sl_hook_client client = client_of(session);

    return hooks->wants(hooks->arg, &client, method);
}

bool sl_session_asks(const struct sl_session *session, enum sl_hook_method method)
{
    return !session->unasked && sl_session_wants(session, method);
}

bool sl_session_guards(const struct sl_session *session, enum sl_hook_method method)
{
    const struct sl_hooks *hooks = hooks_of(session);
    struct sl_hook_client client = client_of(session);

    return hooks->guards(hooks->arg, &client, method);
}

void sl_session_add_context(const struct sl_session *session, json_t *body)
{
    (void)json_object_set_new(body, "nodeId", json_string(session->sessions->node_id));
    (void)json_object_set_new(body, "sessionId",
                              session->id[0] ? json_string(session->id) : json_null());
    (void)json_object_set_new(body, "appKey", json_string(session->app_key));
}

void sl_session_tell(struct sl_session *session, enum sl_hook_method method, json_t *body)
{
    const struct sl_hooks *hooks = hooks_of(session);
    struct sl_hook_client client = client_of(session);

    hooks->notify(hooks->arg, &client, method, body);
    json_decref(body);
}

void sl_session_notify(struct sl_session *session, enum sl_hook_method method, json_t *body)
{
    if (!sl_session_wants(session, method)) {
        json_decref(body);
        return;
    }
    sl_session_add_context(session, body);
    sl_session_tell(session, method, body);
}

void sl_session_strip(const struct sl_session *session, enum sl_hook_method method, json_t *object)
{
    const struct sl_hooks *hooks = hooks_of(session);
    struct sl_hook_client client = client_of(session);

    hooks->strip(hooks->arg, &client, method, object);
}
