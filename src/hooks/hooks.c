/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The policy that allows everything, for tests. */
#include "hooks/hooks.h"

#include <stddef.h>
#include <string.h>

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
