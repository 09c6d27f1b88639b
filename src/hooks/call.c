/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of one hook: sent, perhaps sent again, answered or given up, told. */
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/metrics.h"
#include "hooks/internal.h"
#include "hooks/show.h"
#include "hooks/sign.h"
#include "net/net.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    PAUSE_FIRST_MS = 100, /* before a second try; three times that before each further one */
    PAUSE_MAX_MS = 5000,
    URL_SHOWN = 300,
    WHY_SHOWN = 200,
    ANSWER_SHOWN = 600,
    SIGNATURE_MAX = 160,
};

void sl_hook_call_free(struct sl_hook_call *call)
{
    sl_list_remove(&call->in_calls);
    sl_list_remove(&call->in_waiting);
    sl_later_cancel(&call->at_once);
    sl_transfer_cut(call->transfer);
    sl_timer_destroy(call->pause);
    json_decref(call->rest_client_config);
    free(call->body);
    free(call->shown);
    free(call);
}

/* ---- Log ---- */

int sl_hook_call_log_level(enum sl_hook_method method)
{
    /* Every few seconds for every stream. */
    return method == SL_HOOK_STREAM_KEEP_ALIVE_EVENT ? SL_LOG_DEBUG : SL_LOG_INFO;
}

static void log_request(const struct sl_hook_call *call, const char *name, const char *url)
{
    struct sl_log_scope scope;
    char quoted[URL_SHOWN];

    if (!call->shown)
        return;
    sl_log_scope_init(&scope, NULL, "session", sl_hook_item_session_id(&call->item));
    sl_log((enum sl_log_level)sl_hook_call_log_level(call->method), &scope, "hook %s: POST %s %s",
           name, sl_log_quote(quoted, sizeof(quoted), url), call->shown);
}

static void log_answer(const struct sl_hook_call *call, const struct sl_hook_verdict *verdict,
                       const struct sl_transfer_result *result)
{
    struct sl_log_scope scope;
    enum sl_log_level level = (enum sl_log_level)sl_hook_call_log_level(call->method);
    char shown[ANSWER_SHOWN];

    if (!sl_log_enabled(level))
        return;
    sl_log_scope_init(&scope, NULL, "session", sl_hook_item_session_id(&call->item));
    if (verdict->answer)
        (void)sl_hook_show(shown, sizeof(shown), verdict->answer);
    else
        (void)snprintf(shown, sizeof(shown), "and no object (%zu bytes)", result->len); /* fits */
    sl_log(level, &scope, "hook %s: status %d after %" PRId64 " ms, %s",
           sl_hook_method_name(call->method), result->status, result->duration_us / SL_US_PER_MS,
           shown);
}

static void log_odd_config(const struct sl_hook_call *call)
{
    struct sl_log_scope scope;

    sl_log_scope_init(&scope, NULL, "session", sl_hook_item_session_id(&call->item));
    sl_log(SL_LOG_WARN, &scope,
           "restClientConfig has unknown methods or values: their defaults are used");
}

static const char *consequence(enum sl_hook_method method, const struct sl_hook_verdict *verdict)
{
    if (sl_hook_method_kind(method) == SL_HOOK_KIND_EVENT)
        return verdict->tell_client ? "the client is told" : "nothing follows";
    return verdict->allowed ? "allowed all the same (restOnError=LOG)" : "refused";
}

/* The URL of an application holds no credentials and no query (apps/check.h). */
static const char *url_of(const struct sl_http_hooks *hooks, const char *app_key)
{
    const struct sl_app *app = sl_apps_find_by_key(hooks->config.apps, app_key);

    return app ? app->url : "";
}

static void log_failure(struct sl_http_hooks *hooks, const char *app_key, const char *session_id,
                        enum sl_hook_method method, const struct sl_hook_verdict *verdict,
                        const char *why)
{
    struct sl_log_scope scope;
    char app[80], url[URL_SHOWN], words[WHY_SHOWN], status[32] = "";

    sl_count(hooks->config.counters, SL_COUNTER_HOOKS_FAILED, 1);
    if (!sl_hook_faults_note(hooks->faults, app_key))
        return;
    sl_log_scope_init(&scope, NULL, "session", session_id);
    if (verdict->status != 0)
        (void)snprintf(status, sizeof(status), " status %d:", verdict->status); /* fits */
    sl_log(SL_LOG_WARN, &scope, "hook %s of application %s at %s failed:%s %s%s; %s",
           sl_hook_method_name(method), sl_log_quote(app, sizeof(app), app_key),
           sl_log_quote(url, sizeof(url), url_of(hooks, app_key)), status,
           verdict->unreadable ? "status 200, but the answer cannot be read: " : "",
           sl_log_quote(words, sizeof(words), why ? why : verdict->info),
           consequence(method, verdict));
}

void sl_hook_call_note_refused(struct sl_http_hooks *hooks, const struct sl_hook_client *client,
                               enum sl_hook_method method, const struct sl_hook_verdict *verdict)
{
    log_failure(hooks, client->app_key, client->session_id, method, verdict,
                "too many hooks are waiting");
}

/* ---- The end ---- */

/* From the loop, because the client may be ended by it, and its other hooks with it. */
static void tell_client_later(struct sl_hook_call *call, const char *info)
{
    struct client_error *error = sl_new(struct client_error);

    error->session_id = sl_strdup(sl_hook_item_session_id(&call->item));
    (void)snprintf(error->info, sizeof(error->info), "%s", info); /* fits */
    sl_list_append(&call->hooks->errors, &error->link);
    sl_http_hooks_run_later(call->hooks);
}

/* The hook leaves, the next one goes, and then the owner hears. */
static void leave(struct sl_hook_call *call, const struct sl_hook_answer *answer)
{
    struct sl_http_hooks *hooks = call->hooks;
    sl_hook_on_answer *on_answer = call->on_answer;
    void *owner = call->owner;

    sl_hook_queue_remove(&call->item);
    sl_hook_call_free(call);
    sl_http_hooks_send_ready(hooks);
    sl_http_hooks_run_later(hooks); /* for on_idle */
    if (on_answer)
        on_answer(owner, answer);
}

void sl_hook_call_finish_unwanted(struct sl_hook_call *call)
{
    static const struct sl_hook_answer yes = {.allowed = true};

    leave(call, &yes);
}

static void conclude(struct sl_hook_call *call, struct sl_hook_verdict *verdict, const char *why)
{
    struct sl_hook_answer answer = {.allowed = verdict->allowed,
                                    .status = verdict->status,
                                    .info = verdict->allowed ? NULL : verdict->info,
                                    .fields = verdict->fields};

    if (verdict->failed)
        log_failure(call->hooks, sl_hook_item_app_key(&call->item),
                    sl_hook_item_session_id(&call->item), call->method, verdict, why);
    if (verdict->odd)
        log_odd_config(call);
    if (verdict->tell_client)
        tell_client_later(call, verdict->info);
    leave(call, &answer);
    sl_hook_verdict_deinit(verdict);
}

void sl_hook_call_finish(struct sl_hook_call *call, const struct sl_hook_result *result,
                         const char *why)
{
    struct sl_hook_verdict verdict;

    sl_hook_judge(call->method, call->rest_client_config, result, &verdict);
    conclude(call, &verdict, why);
}

/* ---- Sending ---- */

static void on_pause_over(void *owner)
{
    struct sl_hook_call *call = owner;

    sl_hook_queue_resume(&call->item);
    if (call->on_answer)
        sl_hook_call_watch_deadline(call);
    sl_http_hooks_send_ready(call->hooks);
}

/* False: no further try. */
static bool try_again(struct sl_hook_call *call)
{
    const struct sl_config *config = call->hooks->config.config;
    int64_t pause_ms = PAUSE_FIRST_MS;

    if (!config->rest_client_request_sent_retry_enabled ||
        call->attempts > config->rest_client_request_retry_count ||
        call->method == SL_HOOK_STREAM_KEEP_ALIVE_EVENT || /* section 4, item 7 */
        call->cancelled)
        return false;
    for (unsigned i = 1; i < call->attempts && pause_ms < PAUSE_MAX_MS; i++)
        pause_ms *= 3;
    if (pause_ms > PAUSE_MAX_MS)
        pause_ms = PAUSE_MAX_MS;
    if (call->deadline_us > 0 && sl_now_us() + pause_ms * SL_US_PER_MS >= call->deadline_us)
        return false;
    sl_hook_queue_pause(&call->item);
    if (!call->pause)
        call->pause = sl_timer_create(call->hooks->config.loop, on_pause_over, call);
    sl_timer_start(call->pause, (uint64_t)pause_ms, 0);
    sl_http_hooks_send_ready(call->hooks); /* its place is free */
    return true;
}

static enum sl_hook_outcome outcome_of(enum sl_transfer_outcome outcome)
{
    switch (outcome) {
    case SL_TRANSFER_ANSWERED:
        return SL_HOOK_ANSWERED;
    case SL_TRANSFER_NOT_SENT:
        return SL_HOOK_UNREACHABLE;
    case SL_TRANSFER_TIMED_OUT:
        return SL_HOOK_TIMED_OUT;
    case SL_TRANSFER_TOO_LONG:
    case SL_TRANSFER_BROKEN:
        break;
    }
    return SL_HOOK_BROKEN;
}

static void on_address(void *owner)
{
    struct sl_hook_call *call = owner;

    sl_hook_queue_found(&call->item);
    sl_http_hooks_send_ready(call->hooks);
}

static void on_done(void *owner, const struct sl_transfer_result *done)
{
    struct sl_hook_call *call = owner;
    struct sl_hook_result result = {.outcome = outcome_of(done->outcome),
                                    .status = done->status,
                                    .body = done->body,
                                    .len = done->len};
    struct sl_hook_verdict verdict;

    call->transfer = NULL;
    if (done->outcome == SL_TRANSFER_NOT_SENT && try_again(call))
        return;
    sl_hook_judge(call->method, call->rest_client_config, &result, &verdict);
    bool answered = done->outcome == SL_TRANSFER_ANSWERED;
    if (answered) {
        sl_observe(call->hooks->config.counters, SL_HISTOGRAM_HOOK_DURATION, done->duration_us);
        log_answer(call, &verdict, done);
    }
    conclude(call, &verdict, answered ? verdict.unreadable : done->why);
}

/* Told by `later`: whoever runs sl_http_hooks_send_ready() must not be called back. */
static void settle(struct sl_hook_call *call, enum sl_hook_outcome outcome, bool unwanted)
{
    call->result = (struct sl_hook_result){.outcome = outcome};
    call->unwanted = unwanted;
    sl_list_append(&call->hooks->settled, &call->in_waiting);
    sl_http_hooks_run_later(call->hooks);
}

/* 0, or the count of header lines. Negative: it cannot be signed. */
static int sign(const struct sl_hook_call *call, char lines[2][SIGNATURE_MAX])
{
    const struct sl_config *config = call->hooks->config.config;
    const char *key = config->rest_hook_secret_key;
    char md5[SL_SIGN_MD5_LEN], sha256[SL_SIGN_SHA256_LEN];
    int64_t now_s = sl_wall_ms() / 1000;

    if (!config->rest_hook_send_hash)
        return 0;
    int err = sl_sign_md5(key, call->body, call->len, md5);
    if (err == 0)
        err = sl_sign_sha256(key, now_s, call->body, call->len, sha256);
    if (err < 0)
        return err;
    (void)snprintf(lines[0], SIGNATURE_MAX, "Authorization: WCS %s", md5); /* both fit */
    (void)snprintf(lines[1], SIGNATURE_MAX, "X-Sluice-Signature: t=%" PRId64 ", v1=%s", now_s,
                   sha256);
    return 2;
}

static bool may_reach(void *owner, const struct sl_addr *to)
{
    (void)owner;
    return sl_reach_may(&(struct sl_reach){.who = SL_REACH_HOOK}, to);
}

static void start_transfer(struct sl_hook_call *call, const struct sl_app *app, const char *name,
                           int64_t timeout_ms)
{
    static const struct sl_transfer_ops ops = {may_reach, on_address, on_done};
    struct sl_http_hooks *hooks = call->hooks;
    char lines[2][SIGNATURE_MAX];
    const char *headers[] = {"Content-Type: application/json;charset=UTF-8",
                             "Accept: application/json", lines[0], lines[1]};
    int signed_lines = sign(call, lines);
    size_t url_len = strlen(app->url) + strlen(name) + 2;

    if (signed_lines < 0) {
        settle(call, SL_HOOK_UNREACHABLE, false); /* unsigned it would only be refused */
        return;
    }
    char *url = sl_alloc(url_len); /* apps/ bounds it */
    (void)snprintf(url, url_len, "%s/%s", app->url, name);
    struct sl_transfer_request request = {
        .url = url,
        .body = call->body,
        .len = call->len,
        .headers = headers,
        .header_count = 2 + (size_t)signed_lines,
        .username = app->rest_username[0] && signed_lines == 0 ? app->rest_username : NULL,
        .password = app->rest_password,
        .timeout_ms = timeout_ms,
        .answer_max = (size_t)hooks->config.config->hook_answer_max,
    };
    log_request(call, name, url);
    sl_count(hooks->config.counters, SL_COUNTER_HOOKS_SENT, 1);
    call->attempts++;
    call->transfer = sl_transfer_start(hooks->transfers, &request, &ops, call);
    free(url);
}

void sl_hook_call_send(struct sl_hook_call *call)
{
    struct sl_http_hooks *hooks = call->hooks;
    const struct sl_app *app =
        sl_apps_find_by_key(hooks->config.apps, sl_hook_item_app_key(&call->item));
    const char *name = sl_http_hooks_method_name(hooks, app, call->method);
    int64_t now_us = sl_now_us(), timeout_s = hooks->config.config->rest_request_timeout;

    sl_list_remove(&call->in_waiting);
    if (!name) {
        settle(call, SL_HOOK_ANSWERED, true);
        return;
    }
    if (call->deadline_us == 0 && timeout_s > 0)
        call->deadline_us = now_us + timeout_s * SL_US_PER_S;
    int64_t left_ms = call->deadline_us > 0 ? (call->deadline_us - now_us) / SL_US_PER_MS : 0;
    if (call->deadline_us > 0 && left_ms <= 0)
        settle(call, SL_HOOK_TIMED_OUT, false);
    else
        start_transfer(call, app, name, left_ms);
}
