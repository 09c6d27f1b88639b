/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers by name, query and address: open, or good until a time. */
#include "hls/permits.h"

#include "base/addr.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/table.h"
#include "http/http.h"

#include <stdio.h>
#include <string.h>

enum {
    ANSWERS_MAX = 10000, /* open and kept ones */
    APP_KEY_MAX = 128,
    OK = 200,
    UNAUTHORIZED = 401,
    FORBIDDEN = 403,
    UNAVAILABLE = 503,
    UNAVAILABLE_US = 2 * SL_US_PER_S, /* as Retry-After says */
};

/*
 *   OPEN --the back end answers--> KEPT --expires_us--> gone
 */
struct answer {
    struct sl_table_node node;
    struct sl_list link; /* KEPT: in the order in which they came */
    struct sl_permits *permits;
    char *key;
    struct sl_hook_call *call; /* NULL: KEPT */
    struct sl_list waiting;    /* struct sl_permit_wait.link */
    int status;
    int64_t expires_us;
};

struct sl_permits {
    struct sl_permits_config config;
    struct sl_table answers;
    struct sl_list kept;
};

static void answer_free(struct answer *answer)
{
    sl_table_remove(&answer->permits->answers, &answer->node);
    sl_list_remove(&answer->link);
    free(answer->key);
    free(answer);
}

static void keep(struct answer *answer, int status, int64_t now_us)
{
    struct sl_permits *permits = answer->permits;
    int64_t cache_us = permits->config.cache_us;

    if (status == UNAVAILABLE && cache_us > UNAVAILABLE_US)
        cache_us = UNAVAILABLE_US;
    answer->call = NULL;
    answer->status = status;
    answer->expires_us = now_us + cache_us;
    sl_list_append(&permits->kept, &answer->link);
}

static void drop_expired(struct sl_permits *permits, int64_t now_us)
{
    struct answer *answer;

    sl_list_foreach(answer, &permits->kept, struct answer, link)
    {
        if (answer->expires_us > now_us)
            return;
        answer_free(answer);
    }
}

/* Its viewer is asked about once more: that is better than nobody new. False: all are open. */
static bool drop_oldest(struct sl_permits *permits)
{
    if (sl_list_empty(&permits->kept))
        return false;
    answer_free(sl_list_first(&permits->kept, struct answer, link));
    return true;
}

/* ---- The question ---- */

static void on_hook_answer(void *owner, const struct sl_hook_answer *hook)
{
    struct answer *answer = owner;
    int status = hook->status == OK                                          ? OK
                 : hook->status == UNAUTHORIZED || hook->status == FORBIDDEN ? UNAUTHORIZED
                                                                             : UNAVAILABLE;

    keep(answer, status, sl_now_us());
    while (!sl_list_empty(&answer->waiting)) {
        struct sl_permit_wait *wait = sl_list_first(&answer->waiting, struct sl_permit_wait, link);
        sl_list_remove(&wait->link);
        wait->on_answer(wait, status);
    }
}

static const char *app_key_of(const struct sl_permit_request *request)
{
    const char *app_key = sl_hls_query_text(request->query, "appKey");

    return app_key ? app_key : "defaultApp";
}

static void format_session_id(const struct sl_permit_request *request, char *out, size_t len)
{
    char remote[SL_ADDR_TEXT_MAX], local[SL_ADDR_TEXT_MAX];

    (void)snprintf(out, len, "/%s/%s", sl_addr_format(request->remote, remote),
                   sl_addr_format(request->local, local));
}

static json_t *make_body(const struct sl_permits *permits, const struct sl_permit_request *request,
                         const char *session_id)
{
    const char *token = sl_hls_query_text(request->query, "token");

    if (!token)
        token = sl_hls_query_text(request->query, permits->config.token_parameter);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:s, s:s, s:s?, s:O, s:o, s:s, s:o}",
                     "nodeId", permits->config.node_id, "appKey", app_key_of(request), "sessionId",
                     session_id, "mediaSessionId", request->media_session_id, "name", request->name,
                     "published", 0, "hasVideo", 1, "hasAudio", 1, "status", "NEW", "mediaProvider",
                     "HLS", "token", token, "custom", request->query->params, "userAgent",
                     sl_json_text(request->user_agent), "url", request->path, "origin",
                     sl_json_text(request->origin));
}

/* False: the application of that name does not ask for the method, so nobody can say yes: an
 * `appKey` of one's own choice must not be the way around the check. */
static bool ask_back_end(struct sl_permits *permits, struct answer *answer,
                         const struct sl_permit_request *request)
{
    const struct sl_hooks *hooks = permits->config.hooks;
    char session_id[2 * SL_ADDR_TEXT_MAX + 4];
    const struct sl_hook_client client = {.app_key = app_key_of(request), .session_id = session_id};

    if (strlen(client.app_key) > APP_KEY_MAX || !hooks->knows_app(hooks->arg, client.app_key) ||
        !hooks->wants(hooks->arg, &client, SL_HOOK_PLAY_HLS))
        return false;
    format_session_id(request, session_id, sizeof(session_id));
    json_t *body = make_body(permits, request, session_id);
    answer->call = hooks->ask(hooks->arg, &client, SL_HOOK_PLAY_HLS, body, on_hook_answer, answer);
    json_decref(body);
    return true;
}

/* ---- Asking ---- */

static char *make_key(const struct sl_permit_request *request)
{
    char ip[SL_ADDR_TEXT_MAX];
    size_t len = strlen(request->name) + strlen(request->query->suffix) + sizeof(ip) + 3;
    char *key = sl_alloc(len); /* all are bounded */

    /* Neither a name nor a query has control characters. */
    (void)snprintf(key, len, "%s\n%s\n%s", sl_addr_format_ip(request->remote, ip), request->name,
                   request->query->suffix);
    return key;
}

static bool matches(const struct sl_table_node *node, const void *key)
{
    return strcmp(sl_container_of_const(node, struct answer, node)->key, key) == 0;
}

static struct answer *find(const struct sl_permits *permits, const char *key)
{
    struct sl_table_node *node = sl_table_find(&permits->answers, sl_hash_text(key), matches, key);

    return node ? sl_container_of(node, struct answer, node) : NULL;
}

static struct answer *answer_create(struct sl_permits *permits, char *key)
{
    struct answer *answer = sl_new(struct answer);

    answer->permits = permits;
    answer->key = key;
    sl_list_init(&answer->waiting);
    sl_table_insert(&permits->answers, &answer->node, sl_hash_text(key));
    return answer;
}

static int wait_for(struct answer *answer, struct sl_permit_wait *wait)
{
    sl_list_append(&answer->waiting, &wait->link);
    return 0;
}

int sl_permits_ask(struct sl_permits *permits, const struct sl_permit_request *request,
                   struct sl_permit_wait *wait, int64_t now_us)
{
    char *key = make_key(request);

    drop_expired(permits, now_us);
    struct answer *answer = find(permits, key);
    if (answer && !answer->call && answer->expires_us <= now_us) {
        answer_free(answer); /* behind one that lasts longer */
        answer = NULL;
    }
    if (answer) {
        free(key);
        return answer->call ? wait_for(answer, wait) : answer->status;
    }
    if (permits->answers.count >= ANSWERS_MAX && !drop_oldest(permits)) {
        free(key);
        return UNAVAILABLE;
    }
    answer = answer_create(permits, key);
    if (ask_back_end(permits, answer, request))
        return wait_for(answer, wait);
    answer_free(answer);
    return UNAUTHORIZED;
}

void sl_permit_wait_cancel(struct sl_permit_wait *wait)
{
    sl_list_remove(&wait->link);
}

/* ---- Lives ---- */

struct sl_permits *sl_permits_create(const struct sl_permits_config *config)
{
    struct sl_permits *permits = sl_new(struct sl_permits);

    permits->config = *config;
    sl_table_init(&permits->answers);
    sl_list_init(&permits->kept);
    return permits;
}

static void end_answer(struct sl_table_node *node, void *arg)
{
    struct answer *answer = sl_container_of(node, struct answer, node);
    const struct sl_hooks *hooks = answer->permits->config.hooks;

    (void)arg;
    if (answer->call)
        hooks->cancel(hooks->arg, answer->call);
    answer_free(answer);
}

void sl_permits_destroy(struct sl_permits *permits)
{
    if (!permits)
        return;
    sl_table_each(&permits->answers, end_answer, NULL);
    sl_table_deinit(&permits->answers);
    free(permits);
}
