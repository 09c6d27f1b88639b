/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The names of the hook methods, and the policy that allows everything. */
#include "hooks/hooks.h"

#include <stddef.h>
#include <string.h>

const char *sl_hook_method_name(enum sl_hook_method method)
{
    static const char *const names[SL_HOOK_METHOD_COUNT] = {
        [SL_HOOK_CONNECT] = "connect",
        [SL_HOOK_CONNECTION_STATUS_EVENT] = "ConnectionStatusEvent",
        [SL_HOOK_PUBLISH_STREAM] = "publishStream",
        [SL_HOOK_UNPUBLISH_STREAM] = "unPublishStream",
        [SL_HOOK_PLAY_STREAM] = "playStream",
        [SL_HOOK_STOP_STREAM] = "stopStream",
        [SL_HOOK_STREAM_STATUS_EVENT] = "StreamStatusEvent",
        [SL_HOOK_STREAM_KEEP_ALIVE_EVENT] = "StreamKeepAliveEvent",
        [SL_HOOK_SEND_STREAM_EVENT] = "sendStreamEvent",
        [SL_HOOK_STREAM_EVENT] = "StreamEvent",
        [SL_HOOK_ON_DATA_EVENT] = "OnDataEvent",
        [SL_HOOK_ERROR_EVENT] = "ErrorEvent",
        [SL_HOOK_SUBMIT_BUG_REPORT] = "submitBugReport",
        [SL_HOOK_BUG_REPORT_STATUS_EVENT] = "BugReportStatusEvent",
        [SL_HOOK_PUSH_LOGS] = "pushLogs",
        [SL_HOOK_SESSION_DEBUG] = "sessionDebug",
        [SL_HOOK_SESSION_DEBUG_STATUS_EVENT] = "SessionDebugStatusEvent",
    };

    return method < SL_HOOK_METHOD_COUNT ? names[method] : "";
}

static bool knows_app(void *arg, const char *app_key)
{
    (void)arg;
    return strcmp(app_key, "defaultApp") == 0 || strcmp(app_key, "roomApp") == 0;
}

static bool wants(void *arg, const struct sl_hook_client *client, enum sl_hook_method method)
{
    (void)arg;
    (void)client;
    (void)method;
    return false;
}

static struct sl_hook_call *ask(void *arg, const struct sl_hook_client *client,
                                enum sl_hook_method method, json_t *body,
                                sl_hook_on_answer *on_answer, void *owner)
{
    static const struct sl_hook_answer yes = {.allowed = true};

    (void)arg;
    (void)client;
    (void)method;
    (void)body;
    on_answer(owner, &yes);
    return NULL;
}

static void cancel(void *arg, struct sl_hook_call *call)
{
    (void)arg;
    (void)call;
}

static void notify(void *arg, const struct sl_hook_client *client, enum sl_hook_method method,
                   json_t *body)
{
    (void)arg;
    (void)client;
    (void)method;
    (void)body;
}

static void strip(void *arg, const struct sl_hook_client *client, enum sl_hook_method method,
                  json_t *object)
{
    (void)arg;
    (void)client;
    (void)method;
    (void)object;
}

const struct sl_hooks *sl_hooks_allow_all(void)
{
    static const struct sl_hooks allow_all = {
        .knows_app = knows_app,
        .wants = wants,
        .ask = ask,
        .cancel = cancel,
        .notify = notify,
        .strip = strip,
    };

    return &allow_all;
}
