/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the HTTP side is made of, and what nobody but the server can tell it. */
#include "server/sources.h"

#include "apps/apps.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "base/list.h"
#include "base/mem.h"
#include "demo/demo.h"
#include "hooks/hooks.h"
#include "net/net.h"
#include "rest/rest.h"

#include <errno.h>
#include <string.h>

enum {
    LAG_CHECK_MS = 500,
    ALLOW_MAX = 256, /* networks in rest_allow */
};

struct sl_sources {
    struct sl_sources_config use;
    struct sl_list checks; /* struct user_check */
    struct sl_timer *lag_timer;
    int64_t lag_due_us, lag_us;
    bool draining;
};

/* How late the loop comes to its timers: the first thing to grow when it has too much to do. */
static void on_lag_check(void *owner)
{
    struct sl_sources *sources = owner;
    int64_t now_us = sl_now_us();

    sources->lag_us =
        sources->lag_due_us && now_us > sources->lag_due_us ? now_us - sources->lag_due_us : 0;
    sources->lag_due_us = now_us + LAG_CHECK_MS * SL_US_PER_MS;
}

static bool is_ready(void *owner, const char **why)
{
    const struct sl_sources *sources = owner;

    *why = "draining";
    return !sources->draining;
}

static size_t fill_gauges(void *owner, struct sl_gauge_value *out, size_t max)
{
    const struct sl_sources *sources = owner;
    const struct sl_gauge_value all[] = {
        {SL_GAUGE_DRAINING, "", sources->draining},
        {SL_GAUGE_HOOK_QUEUE, "", (double)sl_http_hooks_queued(sources->use.hooks)},
        {SL_GAUGE_LOOP_LAG, "", (double)sources->lag_us / SL_US_PER_S},
    };
    size_t count = SL_ARRAY_LEN(all) < max ? SL_ARRAY_LEN(all) : max;

    memcpy(out, all, count * sizeof(all[0]));
    return count;
}

/* ---- Passwords ---- */

struct user_check {
    struct sl_list link; /* in sources->checks, until it is answered */
    void (*on_checked)(void *arg, int err);
    void *arg;
};

static void on_password_checked(void *owner, int err, const char *words)
{
    struct user_check check = *(struct user_check *)owner;

    (void)words;
    sl_list_remove(&((struct user_check *)owner)->link);
    free(owner);
    check.on_checked(check.arg, err);
}

static void check_user(void *owner, const char *user, const char *password,
                       void (*on_checked)(void *arg, int err), void *arg)
{
    struct sl_sources *sources = owner;
    struct user_check *check = sl_new(struct user_check);

    check->on_checked = on_checked;
    check->arg = arg;
    sl_list_append(&sources->checks, &check->link);
    sl_apps_check_password(sources->use.apps, user, password, on_password_checked, check);
}

struct sl_sources *sl_sources_create(const struct sl_sources_config *config)
{
    struct sl_sources *sources = sl_new(struct sl_sources);

    sources->use = *config;
    sl_list_init(&sources->checks);
    sources->lag_timer = sl_timer_create(config->parts.loop, on_lag_check, sources);
    sl_timer_start(sources->lag_timer, LAG_CHECK_MS, LAG_CHECK_MS);
    return sources;
}

void sl_sources_destroy(struct sl_sources *sources)
{
    if (!sources)
        return;
    while (!sl_list_empty(&sources->checks)) {
        struct user_check *check = sl_list_first(&sources->checks, struct user_check, link);
        sl_list_remove(&check->link);
        free(check);
    }
    sl_timer_destroy(sources->lag_timer);
    free(sources);
}

void sl_sources_set_draining(struct sl_sources *sources)
{
    sources->draining = true;
}

/* Reads the access rules of the configuration; allow holds what the policy points to. */
static int make_policy(const struct sl_config *config, struct sl_cidr allow[static ALLOW_MAX],
                       struct sl_rest_policy *out, struct sl_error *error)
{
    if (config->rest_allow.count > ALLOW_MAX)
        return sl_error_set(error, -EINVAL, "rest_allow: at most %d networks", ALLOW_MAX);
    for (size_t i = 0; i < config->rest_allow.count; i++) {
        if (sl_cidr_parse(config->rest_allow.items[i], &allow[i]) < 0)
            return sl_error_set(error, -EINVAL, "rest_allow: not a network: %s",
                                config->rest_allow.items[i]);
    }
    *out = (struct sl_rest_policy){
        .require_auth = !config->disable_rest_auth,
        .allow = allow,
        .allow_count = config->rest_allow.count,
        .local_users = (const char *const *)config->rest_local_users.items,
        .local_user_count = config->rest_local_users.count,
        .cors_origin = config->rest_access_control_allow_origin,
        .cors_headers = config->rest_access_control_allow_headers,
        .cors_methods = config->rest_access_control_allow_methods,
        .cors_lines = config->rest_access_control_headers,
    };
    return 0;
}

static enum sl_record_access record_access(const struct sl_config *config)
{
    if (strcmp(config->record_access, "off") == 0)
        return SL_RECORD_ACCESS_OFF;
    return strcmp(config->record_access, "rest") == 0 ? SL_RECORD_ACCESS_REST
                                                      : SL_RECORD_ACCESS_NAME;
}

int sl_sources_create_rest(struct sl_sources *sources, const struct sl_config *config,
                           struct sl_metrics *metrics, const char *web_root, struct sl_rest **out,
                           struct sl_error *error)
{
    struct sl_cidr allow[ALLOW_MAX];
    struct sl_rest_config rest = {
        .record_access = record_access(config),
        .web_root = config->web_root[0] ? config->web_root : web_root,
        .ws_port = (uint16_t)config->ws_port,
        .wss_port = (uint16_t)config->wss_port,
        .https_port = (uint16_t)config->https_port,
        .demo = config->demo_stream ? SL_DEMO_NAME : NULL,
        .metrics = metrics,
        .parts = sources->use.parts,
        .sources =
            {
                .owner = sources,
                .ready = is_ready,
                .gauges = fill_gauges,
                .check_user = check_user,
            },
    };
    int err = make_policy(config, allow, &rest.policy, error);

    return err < 0 ? err : sl_rest_create(&rest, out, error);
}

int sl_sources_update_rest(const struct sl_config *config, struct sl_rest *rest,
                           struct sl_error *error)
{
    struct sl_cidr allow[ALLOW_MAX];
    struct sl_rest_policy policy;
    int err = make_policy(config, allow, &policy, error);

    return err < 0 ? err : sl_rest_set_policy(rest, &policy, error);
}
