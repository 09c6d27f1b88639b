/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Kept clients (rooms-mixers-diagnostics.md 4).
 *
 *   session ends --keeper has something--> WAITING --its token, and allowed--> CLAIMED
 *                                             |  ^                               |
 *                                             |  `--- refused, or gone ----------+
 *                        too late, terminated |                                  | established
 *                                             v                                  v
 *                                            end                               resume
 *
 * A token is an address and a port, which can be guessed: it is good from the address it was given
 * to, or with the account's own password, and whoever guesses is soon heard no more.
 */
#include "session/kept.h"
#include "base/clock.h"
#include "session/absent.h"
#include "session/media.h"
#include "session/membership.h"
#include "session/properties.h"
#include "session/questions.h"

#include <assert.h>
#include <string.h>

enum {
    PER_ADDRESS_MAX = 100, /* offices share one */
    GUESSES_MAX = 5,       /* wrong tokens of one address within GUESS_SPAN_US */
    GUESS_SPAN_US = 60 * SL_US_PER_S,
};

struct kept {
    struct sl_table_node by_id; /* in sessions->kept */
    struct sl_sessions *sessions;
    struct sl_session *left; /* what the client was, without it */
    struct sl_timer *timer;
    struct sl_session *claimed_by; /* NULL: it waits */
};

static const char *const account_fields[] = {"sipLogin", "sipDomain", "sipPassword"};

static bool has_id(const struct sl_table_node *node, const void *key)
{
    return strcmp(sl_container_of_const(node, struct kept, by_id)->left->id, key) == 0;
}

static struct kept *find(const struct sl_sessions *sessions, const char *id)
{
    struct sl_table_node *node = sl_table_find(&sessions->kept, sl_hash_text(id), has_id, id);

    return node ? sl_container_of(node, struct kept, by_id) : NULL;
}

bool sl_kept_client_has(const struct sl_sessions *sessions, const char *id)
{
    return find(sessions, id) != NULL;
}

static void kept_free(struct kept *kept)
{
    if (kept->claimed_by)
        kept->claimed_by->claim = NULL;
    sl_timer_destroy(kept->timer);
    sl_table_remove(&kept->sessions->kept, &kept->by_id);
    kept->left->destroy(kept->left);
    free(kept);
}

static void end(struct kept *kept)
{
    const struct sl_keeper *keeper = kept->sessions->config.keeper;

    keeper->end(keeper->arg, kept->left->id);
    kept_free(kept);
}

static void on_timeout(void *owner)
{
    end(owner);
}

/* ---- WAITING ---- */

struct count {
    const struct sl_addr *remote;
    size_t count;
};

static void count_same(struct sl_table_node *node, void *arg)
{
    const struct kept *kept = sl_container_of(node, struct kept, by_id);
    struct count *count = arg;

    count->count += sl_addr_same_ip(&kept->left->remote, count->remote);
}

static bool has_room(struct sl_session *session)
{
    struct sl_sessions *sessions = session->sessions;
    struct count count = {&session->remote, 0};

    if (sessions->kept.count >= (size_t)sessions->config.config->kept_sessions_max)
        return false;
    sl_table_each(&sessions->kept, count_same, &count);
    return count.count < PER_ADDRESS_MAX;
}

bool sl_session_may_be_kept(struct sl_session *session)
{
    const struct sl_sessions *sessions = session->sessions;

    return sessions->config.keeper && session->status == SL_SESSION_ESTABLISHED &&
           !session->absent && !session->over && !sessions->draining &&
           sessions->config.config->session_keep_alive_timeout > 0 &&
           json_is_true(json_object_get(session->properties, "keepAlive")) && has_room(session);
}

void sl_kept_client_add(struct sl_session *session)
{
    struct sl_sessions *sessions = session->sessions;
    const struct sl_keeper *keeper = sessions->config.keeper;
    int64_t timeout_s = sessions->config.config->session_keep_alive_timeout;
    struct kept *kept;

    if (!sl_session_may_be_kept(session))
        return;
    struct sl_session *left = sl_session_leave_behind(session);
    if (!keeper->keep(keeper->arg, session->id, left)) {
        left->destroy(left);
        return;
    }
    sl_questions_cancel(&session->questions); /* it is over, though its client may not know yet */
    sl_questions_move(session, left);
    session->over = true; /* once */
    kept = sl_new(struct kept);
    kept->sessions = sessions;
    kept->left = left;
    kept->timer = sl_timer_create(sessions->config.loop, on_timeout, kept);
    sl_timer_start(kept->timer, (uint64_t)timeout_s * 1000, 0);
    sl_table_insert(&sessions->kept, &kept->by_id, sl_hash_text(left->id));
    sl_log(SL_LOG_INFO, &session->log, "KEPT for %lld s", (long long)timeout_s);
}

/* ---- Guesses ---- */

/* The entry of an address; else the one that was touched longest ago, as a new one. */
static struct guesses *guesses_of(struct sl_sessions *sessions, const struct sl_addr *remote)
{
    struct guesses *oldest = &sessions->guesses[0];

    for (size_t i = 0; i < SL_ARRAY_LEN(sessions->guesses); i++) {
        struct guesses *guesses = &sessions->guesses[i];
        if (guesses->since_us != 0 && sl_addr_same_ip(&guesses->remote, remote))
            return guesses;
        if (guesses->since_us < oldest->since_us)
            oldest = guesses;
    }
    *oldest = (struct guesses){.remote = *remote};
    return oldest;
}

/* Looked at before the token is, so that nothing is learned of it. */
static bool guesses_too_much(struct sl_session *session)
{
    struct guesses *guesses = guesses_of(session->sessions, &session->remote);
    int64_t now_us = sl_now_us();

    if (guesses->since_us == 0 || now_us - guesses->since_us > GUESS_SPAN_US)
        *guesses = (struct guesses){.remote = session->remote, .since_us = now_us};
    return guesses->count >= GUESSES_MAX;
}

static void note_wrong(struct sl_session *session)
{
    struct guesses *guesses = guesses_of(session->sessions, &session->remote);

    if (++guesses->count >= GUESSES_MAX)
        guesses->since_us = sl_now_us(); /* the minute for which it is not heard */
}

/* ---- CLAIMED ---- */

static const char *field(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text && text[0] ? text : NULL;
}

static bool has_account(const json_t *fields)
{
    for (size_t i = 0; i < SL_ARRAY_LEN(account_fields); i++) {
        if (!field(fields, account_fields[i]))
            return false;
    }
    return true;
}

static bool is_account_of(const json_t *fields, const struct kept *kept)
{
    for (size_t i = 0; i < SL_ARRAY_LEN(account_fields); i++) {
        const char *given = field(fields, account_fields[i]),
                   *known = field(kept->left->properties, account_fields[i]);
        if (!given || !known || strcmp(given, known) != 0)
            return false;
    }
    return true;
}

/* Its network is gone, and it could not say so. */
static void keep_if_lost(struct sl_sessions *sessions, const char *id)
{
    struct sl_session *holder = sl_sessions_find(sessions, id);

    if (!holder || !holder->ops || !holder->ops->is_lost || !holder->ops->is_lost(holder->client))
        return;
    sl_media_end_all(holder);
    sl_memberships_end(holder);
    sl_kept_client_add(holder);
    SL_TELL(holder, close, SL_REASON_CONNECTION_LOST);
}

static struct kept *find_for(struct sl_session *session, const char *token, const json_t *fields)
{
    keep_if_lost(session->sessions, token);
    struct kept *kept = find(session->sessions, token);
    bool good =
        kept && !kept->claimed_by && strcmp(kept->left->app_key, session->app_key) == 0 &&
        (sl_addr_same_ip(&kept->left->remote, &session->remote) || is_account_of(fields, kept));

    return good ? kept : NULL;
}

/* What it says now, but for the account, which is the kept one. */
static void take_over(struct sl_session *session, const struct kept *kept)
{
    const char *name;
    json_t *value;

    json_object_foreach(kept->left->properties, name, value)
    {
        bool is_account = strncmp(name, "sip", 3) == 0;
        if (is_account || !json_object_get(session->properties, name))
            (void)json_object_set(session->properties, name, value);
    }
    (void)json_object_set_new(session->properties, "keepAlive", json_true());
    session->rest_client_config = json_incref(kept->left->rest_client_config);
}

enum sl_reason sl_kept_client_claim(struct sl_session *session, const char *token, json_t *fields)
{
    struct kept *kept = guesses_too_much(session) ? NULL : find_for(session, token, fields);

    if (!kept) {
        note_wrong(session);
        return has_account(fields) ? SL_REASON_NONE : SL_REASON_NO_SESSION;
    }
    kept->claimed_by = session;
    session->claim = kept;
    sl_timer_stop(kept->timer);
    take_over(session, kept);
    return SL_REASON_NONE;
}

const char *sl_session_claimed_id(const struct sl_session *session)
{
    return session->claim ? session->claim->left->id : NULL;
}

void sl_kept_client_unclaim(struct sl_session *session)
{
    struct kept *kept = session->claim;

    if (!kept)
        return;
    session->claim = NULL;
    kept->claimed_by = NULL;
    sl_timer_start(kept->timer,
                   (uint64_t)session->sessions->config.config->session_keep_alive_timeout * 1000,
                   0);
}

void sl_kept_client_resume(struct sl_session *session)
{
    const struct sl_keeper *keeper = session->sessions->config.keeper;
    struct kept *kept = session->claim;

    if (!kept)
        return;
    sl_questions_move(kept->left, session);
    keeper->resume(keeper->arg, kept->left->id, session);
    kept_free(kept);
}

/* ---- The operator ---- */

static void end_node(struct sl_table_node *node, void *arg)
{
    (void)arg;
    end(sl_container_of(node, struct kept, by_id));
}

void sl_kept_client_end_all(struct sl_sessions *sessions)
{
    sl_table_each(&sessions->kept, end_node, NULL);
}

const struct sl_session *sl_sessions_find_kept(const struct sl_sessions *sessions,
                                               const char *session_id)
{
    const struct kept *kept = find(sessions, session_id);

    return kept ? kept->left : NULL;
}

bool sl_sessions_end_kept(struct sl_sessions *sessions, const char *session_id)
{
    struct kept *kept = find(sessions, session_id);

    if (kept)
        end(kept);
    return kept != NULL;
}

struct walk {
    void (*fn)(const struct sl_kept_facts *facts, void *arg);
    void *arg;
};

static void walk_node(struct sl_table_node *node, void *arg)
{
    const struct kept *kept = sl_container_of(node, struct kept, by_id);
    const struct walk *walk = arg;
    const struct sl_kept_facts facts = {.session_id = kept->left->id,
                                        .app_key = kept->left->app_key,
                                        .created_ms = kept->left->created_ms};

    walk->fn(&facts, walk->arg);
}

void sl_sessions_each_kept(struct sl_sessions *sessions,
                           void (*fn)(const struct sl_kept_facts *facts, void *arg), void *arg)
{
    struct walk walk = {fn, arg};

    sl_table_each(&sessions->kept, walk_node, &walk);
}
