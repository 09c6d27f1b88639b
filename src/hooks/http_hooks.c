/* SPDX-License-Identifier: GPL-3.0-or-later */
/* struct sl_hooks over HTTP: who is asked, what waits, and the end of it all. */
#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "hooks/internal.h"
#include "hooks/show.h"
#include "hooks/sign.h"
#include "net/net.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    BODY_SHOWN = 1000, /* bytes of a request in the log */
    ECHO_PORT = 8081,  /* of the URL that defaultApp is delivered with */
};

/* ---- Is it sent? ---- */

/* Our own EchoApp: it would mirror the body, which changes nothing (rest-hooks.md 1.1). */
static bool is_echo(const char *url, int64_t http_port)
{
    static const char *const hosts[] = {"localhost:", "127.0.0.1:", "[::1]:"};
    bool tls;
    const char *at = sl_reach_after_scheme(SL_REACH_HTTP, url, &tls);

    if (!at || tls)
        return false;
    for (size_t i = 0; i < SL_ARRAY_LEN(hosts); i++) {
        const char *port = at + strlen(hosts[i]);
        char *end;
        if (strncasecmp(at, hosts[i], strlen(hosts[i])) != 0)
            continue;
        long number = *port >= '0' && *port <= '9' ? strtol(port, &end, 10) : 0;
        return number > 0 && (number == ECHO_PORT || number == http_port) &&
               strcmp(end, "/apps/EchoApp") == 0;
    }
    return false;
}

const char *sl_http_hooks_method_name(const struct sl_http_hooks *hooks, const struct sl_app *app,
                                      enum sl_hook_method method)
{
    const struct sl_config *config = hooks->config.config;

    if (!app || config->disable_rest_requests || is_echo(app->url, config->http_port))
        return NULL;
    return sl_app_method(app, method);
}

static bool knows_app(void *arg, const char *app_key)
{
    const struct sl_http_hooks *hooks = arg;

    return sl_apps_find_by_key(hooks->config.apps, app_key) != NULL;
}

static bool wants(void *arg, const struct sl_hook_client *client, enum sl_hook_method method)
{
    const struct sl_http_hooks *hooks = arg;
    const struct sl_app *app = sl_apps_find_by_key(hooks->config.apps, client->app_key);
    struct sl_hook_policy policy;

    if (!sl_http_hooks_method_name(hooks, app, method))
        return false;
    sl_hook_policy_read(client->rest_client_config, method, &policy);
    return !policy.disabled;
}

static bool guards(void *arg, const struct sl_hook_client *client, enum sl_hook_method method)
{
    struct sl_hook_policy policy;

    sl_hook_policy_read(client->rest_client_config, method, &policy);
    return policy.fail && wants(arg, client, method);
}

/* ---- In ---- */

/* What may be repeated or missed without anybody taking a state for what it is not. */
static bool is_chatter(enum sl_hook_method method)
{
    static const enum sl_hook_method chatter[] = {
        SL_HOOK_STREAM_KEEP_ALIVE_EVENT,
        SL_HOOK_SEND_STREAM_EVENT,
        SL_HOOK_STREAM_EVENT,
        SL_HOOK_ON_DATA_EVENT,
        SL_HOOK_DATA_STATUS_EVENT,
        SL_HOOK_ERROR_EVENT,
        SL_HOOK_SEND_MESSAGE,
        SL_HOOK_ON_MESSAGE_EVENT,
        SL_HOOK_MESSAGE_STATUS_EVENT,
        SL_HOOK_SUBMIT_BUG_REPORT,
        SL_HOOK_PUSH_LOGS,
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(chatter); i++) {
        if (method == chatter[i])
            return true;
    }
    return false;
}

static bool is_disconnect(enum sl_hook_method method, const json_t *body)
{
    const char *status = json_string_value(json_object_get(body, "status"));

    return method == SL_HOOK_CONNECTION_STATUS_EVENT && status &&
           strcmp(status, "DISCONNECTED") == 0;
}

static void take_limits(struct sl_http_hooks *hooks)
{
    const struct sl_config *config = hooks->config.config;
    const struct sl_hook_limits limits = {
        .under_way = (size_t)config->hook_connections_max,
        .app_under_way = (size_t)config->hook_app_connections_max,
        .waiting = (size_t)config->hook_queue_max,
        .session_waiting = (size_t)config->hook_session_queue_max,
    };

    sl_hook_queue_set_limits(hooks->queue, &limits);
}

static struct sl_hook_call *call_create(struct sl_http_hooks *hooks,
                                        const struct sl_hook_client *client,
                                        enum sl_hook_method method, json_t *body)
{
    struct sl_hook_call *call = sl_new(struct sl_hook_call);
    struct sl_hook_policy policy;

    sl_hook_policy_read(client->rest_client_config, method, &policy);
    json_t *sent = sl_hook_policy_body(&policy, body);
    call->hooks = hooks;
    call->method = method;
    call->rest_client_config = json_incref(client->rest_client_config);
    call->body = sl_json_dump(sent, &call->len);
    if (!call->body) { /* a text that is not UTF-8 */
        call->body = sl_strdup("{}");
        call->len = strlen(call->body);
    }
    if (sl_log_enabled((enum sl_log_level)sl_hook_call_log_level(method))) {
        call->shown = sl_alloc(BODY_SHOWN);
        (void)sl_hook_show(call->shown, BODY_SHOWN, sent);
    }
    json_decref(sent);
    sl_list_append(&hooks->calls, &call->in_calls);
    return call;
}

/* NULL: a bound was reached. */
static struct sl_hook_call *enqueue(struct sl_http_hooks *hooks,
                                    const struct sl_hook_client *client, enum sl_hook_method method,
                                    json_t *body)
{
    struct sl_hook_call *call = call_create(hooks, client, method, body);
    const struct sl_hook_place place = {
        .app_key = client->app_key,
        .session_id = client->session_id,
        .media_session_id = json_string_value(json_object_get(body, "mediaSessionId")),
        .after_all = is_disconnect(method, body),
        .chatter = is_chatter(method),
        .size = sizeof(*call) + call->len + (call->shown ? strlen(call->shown) : 0),
    };

    take_limits(hooks);
    if (sl_hook_queue_push(hooks->queue, &place, &call->item) < 0) {
        sl_hook_call_free(call);
        return NULL;
    }
    return call;
}

void sl_http_hooks_send_ready(struct sl_http_hooks *hooks)
{
    struct sl_hook_item *item;

    while ((item = sl_hook_queue_next(hooks->queue)))
        sl_hook_call_send(sl_container_of(item, struct sl_hook_call, item));
}

static void judge_refused(struct sl_http_hooks *hooks, const struct sl_hook_client *client,
                          enum sl_hook_method method, struct sl_hook_verdict *verdict)
{
    static const struct sl_hook_result busy = {.outcome = SL_HOOK_BUSY};

    sl_hook_judge(method, client->rest_client_config, &busy, verdict);
    verdict->tell_client = false; /* it would be one more hook where there are too many */
    sl_hook_call_note_refused(hooks, client, method, verdict);
}

static void on_known(struct sl_later *later)
{
    struct sl_hook_call *call = sl_container_of(later, struct sl_hook_call, at_once);
    sl_hook_on_answer *on_answer = call->on_answer;
    struct sl_hook_answer known = call->known;
    void *owner = call->owner;

    sl_hook_call_free(call);
    on_answer(owner, &known);
}

/* The answer to a question that is not sent. */
static struct sl_hook_call *answer_at_once(struct sl_http_hooks *hooks, bool allowed)
{
    struct sl_hook_call *call = sl_new(struct sl_hook_call);

    call->hooks = hooks;
    call->known.allowed = allowed;
    call->known.info = allowed ? NULL : SL_HOOK_INFO_BUSY;
    call->at_once.run = on_known;
    sl_list_append(&hooks->calls, &call->in_calls);
    sl_loop_later(hooks->config.loop, &call->at_once);
    return call;
}

static struct sl_hook_call *ask_back_end(struct sl_http_hooks *hooks,
                                         const struct sl_hook_client *client,
                                         enum sl_hook_method method, json_t *body)
{
    struct sl_hook_call *call = enqueue(hooks, client, method, body);
    struct sl_hook_verdict verdict;

    if (!call) {
        judge_refused(hooks, client, method, &verdict);
        return answer_at_once(hooks, verdict.allowed);
    }
    int64_t timeout_s = hooks->config.config->rest_request_timeout;
    call->deadline_us = timeout_s > 0 ? sl_now_us() + timeout_s * SL_US_PER_S : 0;
    sl_hook_call_watch_deadline(call);
    return call;
}

static struct sl_hook_call *ask(void *arg, const struct sl_hook_client *client,
                                enum sl_hook_method method, json_t *body,
                                sl_hook_on_answer *on_answer, void *owner)
{
    struct sl_http_hooks *hooks = arg;
    struct sl_hook_call *call = wants(hooks, client, method)
                                    ? ask_back_end(hooks, client, method, body)
                                    : answer_at_once(hooks, true);

    call->on_answer = on_answer;
    call->owner = owner;
    sl_http_hooks_send_ready(hooks);
    return call;
}

static void notify(void *arg, const struct sl_hook_client *client, enum sl_hook_method method,
                   json_t *body)
{
    struct sl_http_hooks *hooks = arg;
    struct sl_hook_verdict verdict;

    if (!wants(hooks, client, method))
        return;
    if (enqueue(hooks, client, method, body))
        sl_http_hooks_send_ready(hooks);
    else
        judge_refused(hooks, client, method, &verdict);
}

/* What has been sent runs to its end, so that what comes after it stays after it. */
static void cancel(void *arg, struct sl_hook_call *call)
{
    struct sl_http_hooks *hooks = arg;

    if (!call)
        return;
    if (sl_list_linked(&call->at_once.link)) {
        sl_hook_call_free(call);
        return;
    }
    call->on_answer = NULL;
    call->cancelled = true;
    if (call->transfer)
        return;
    sl_hook_queue_remove(&call->item);
    sl_hook_call_free(call);
    sl_http_hooks_send_ready(hooks);
    sl_http_hooks_run_later(hooks); /* for on_idle */
}

static void strip(void *arg, const struct sl_hook_client *client, enum sl_hook_method method,
                  json_t *object)
{
    struct sl_hook_policy policy;

    (void)arg;
    sl_hook_policy_read(client->rest_client_config, method, &policy);
    sl_hook_policy_strip(&policy, object);
}

/* ---- Later: one thing a turn, because whoever is told may destroy us ---- */

static bool is_idle(const struct sl_http_hooks *hooks)
{
    return sl_hook_queue_count(hooks->queue) == 0 && sl_list_empty(&hooks->errors);
}

static bool has_later(const struct sl_http_hooks *hooks)
{
    return !sl_list_empty(&hooks->settled) || !sl_list_empty(&hooks->errors) ||
           (hooks->on_idle && is_idle(hooks));
}

void sl_http_hooks_run_later(struct sl_http_hooks *hooks)
{
    if (has_later(hooks))
        sl_loop_later(hooks->config.loop, &hooks->later);
}

static void tell_error(struct sl_http_hooks *hooks, struct client_error *error)
{
    struct client_error told = *error;

    sl_list_remove(&error->link);
    free(error);
    sl_http_hooks_run_later(hooks);
    hooks->config.on_client_error(hooks->config.arg, told.session_id, told.info);
    free(told.session_id);
}

static void tell_settled(struct sl_http_hooks *hooks, struct sl_hook_call *call)
{
    struct sl_hook_result result = call->result;

    sl_list_remove(&call->in_waiting);
    sl_http_hooks_run_later(hooks);
    if (call->unwanted)
        sl_hook_call_finish_unwanted(call);
    else
        sl_hook_call_finish(call, &result, NULL);
}

static void on_later(struct sl_later *later)
{
    struct sl_http_hooks *hooks = sl_container_of(later, struct sl_http_hooks, later);
    struct client_error *error = sl_list_first(&hooks->errors, struct client_error, link);
    struct sl_hook_call *call = sl_list_first(&hooks->settled, struct sl_hook_call, in_waiting);

    if (error) {
        tell_error(hooks, error);
    } else if (call) {
        tell_settled(hooks, call);
    } else if (hooks->on_idle && is_idle(hooks)) {
        void (*on_idle)(void *idle_owner) = hooks->on_idle;
        hooks->on_idle = NULL;
        on_idle(hooks->idle_owner);
    }
}

/* ---- Questions that wait ---- */

static void arm_expiry(struct sl_http_hooks *hooks)
{
    const struct sl_hook_call *first =
        sl_list_first(&hooks->questions, struct sl_hook_call, in_waiting);
    int64_t left_us = first ? first->deadline_us - sl_now_us() : 0;

    if (first)
        sl_timer_start(hooks->expiry, left_us > 0 ? (uint64_t)(left_us / SL_US_PER_MS) + 1 : 0, 0);
}

void sl_hook_call_watch_deadline(struct sl_hook_call *call)
{
    struct sl_list *questions = &call->hooks->questions;

    if (call->deadline_us == 0)
        return;
    if (call->attempts == 0) {
        bool first = sl_list_empty(questions);
        sl_list_append(questions, &call->in_waiting);
        if (first)
            arm_expiry(call->hooks);
        return;
    }
    /* After a pause it is older than the others: to the front. */
    sl_list_append(questions->next, &call->in_waiting);
    arm_expiry(call->hooks);
}

static void on_expiry(void *owner)
{
    static const struct sl_hook_result late = {.outcome = SL_HOOK_TIMED_OUT};
    struct sl_http_hooks *hooks = owner;
    struct sl_hook_call *call = sl_list_first(&hooks->questions, struct sl_hook_call, in_waiting);
    bool expired = call && call->deadline_us <= sl_now_us();

    if (expired)
        sl_list_remove(&call->in_waiting);
    arm_expiry(hooks);
    if (expired)
        sl_hook_call_finish(call, &late, "it waited too long for its turn");
}

/* ---- The whole ---- */

/* Under FIPS there is no MD5: better known at the start than at the first client. */
static int check_signing(const struct sl_config *config, struct sl_error *error)
{
    char md5[SL_SIGN_MD5_LEN];

    if (!config->rest_hook_send_hash || sl_sign_md5("key", "", 0, md5) == 0)
        return 0;
    return sl_error_set(error, -ENOTSUP,
                        "rest_hook_send_hash: this OpenSSL has no HMAC-MD5 (FIPS mode?)");
}

int sl_http_hooks_create(const struct sl_http_hooks_config *config, struct sl_http_hooks **out,
                         struct sl_error *error)
{
    struct sl_http_hooks *hooks = sl_new(struct sl_http_hooks);

    hooks->config = *config;
    hooks->interface = (struct sl_hooks){.arg = hooks,
                                         .knows_app = knows_app,
                                         .wants = wants,
                                         .guards = guards,
                                         .ask = ask,
                                         .cancel = cancel,
                                         .notify = notify,
                                         .strip = strip};
    sl_list_init(&hooks->calls);
    sl_list_init(&hooks->questions);
    sl_list_init(&hooks->settled);
    sl_list_init(&hooks->errors);
    hooks->queue = sl_hook_queue_create();
    hooks->faults = sl_hook_faults_create(config->loop);
    hooks->later.run = on_later;
    hooks->expiry = sl_timer_create(config->loop, on_expiry, hooks);
    int err = check_signing(config->config, error);
    if (err == 0)
        err = sl_transfers_create(config->loop, (size_t)config->config->hook_connections_max,
                                  &hooks->transfers, error);
    if (err < 0) {
        sl_http_hooks_destroy(hooks);
        return err;
    }
    *out = hooks;
    return 0;
}

const struct sl_hooks *sl_http_hooks_interface(struct sl_http_hooks *hooks)
{
    return &hooks->interface;
}

size_t sl_http_hooks_queued(const struct sl_http_hooks *hooks)
{
    return sl_hook_queue_count(hooks->queue);
}

void sl_http_hooks_drain(struct sl_http_hooks *hooks, void (*on_idle)(void *owner), void *owner)
{
    hooks->on_idle = on_idle;
    hooks->idle_owner = owner;
    sl_http_hooks_run_later(hooks);
}

void sl_http_hooks_destroy(struct sl_http_hooks *hooks)
{
    if (!hooks)
        return;
    size_t left = sl_hook_queue_count(hooks->queue);
    if (left > 0)
        sl_log(SL_LOG_WARN, NULL, "%zu hooks were not delivered: the server ends", left);
    while (!sl_list_empty(&hooks->calls))
        sl_hook_call_free(sl_list_first(&hooks->calls, struct sl_hook_call, in_calls));
    while (!sl_list_empty(&hooks->errors)) {
        struct client_error *error = sl_list_first(&hooks->errors, struct client_error, link);
        sl_list_remove(&error->link);
        free(error->session_id);
        free(error);
    }
    sl_transfers_destroy(hooks->transfers);
    sl_hook_queue_destroy(hooks->queue);
    sl_hook_faults_destroy(hooks->faults);
    sl_later_cancel(&hooks->later);
    sl_timer_destroy(hooks->expiry);
    free(hooks);
}
