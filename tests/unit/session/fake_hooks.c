/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A back end whose answers the test gives. */
#include "base/mem.h"
#include "fake.h"

#include <string.h>

struct fake_call {
    struct fake_call *next;
    struct sl_later later;
    struct fake_hooks *fake;
    enum sl_hook_method method;
    sl_hook_on_answer *on_answer;
    void *owner;
};

static bool knows_app(void *arg, const char *app_key)
{
    (void)arg;
    return strcmp(app_key, "defaultApp") == 0 || strcmp(app_key, "roomApp") == 0;
}

static bool wants(void *arg, const struct sl_hook_client *client, enum sl_hook_method method)
{
    const struct fake_hooks *fake = arg;

    (void)client;
    return fake->wanted[method];
}

static bool guards(void *arg, const struct sl_hook_client *client, enum sl_hook_method method)
{
    const struct fake_hooks *fake = arg;

    return fake->guarded[method] && wants(arg, client, method);
}

static void record(struct fake_hooks *fake, enum sl_hook_method method, json_t *body)
{
    if (fake->forgets)
        return;
    (void)json_array_append_new(
        fake->told, json_pack("{s:i, s:o}", "method", (int)method, "body", json_deep_copy(body)));
}

static void unlink_call(struct fake_hooks *fake, const struct fake_call *call)
{
    struct fake_call **link = &fake->first;

    while (*link != call)
        link = &(*link)->next;
    *link = call->next;
}

static void answer_call(struct fake_call *call, const struct sl_hook_answer *answer)
{
    unlink_call(call->fake, call);
    sl_later_cancel(&call->later);
    call->on_answer(call->owner, answer);
    free(call);
}

static void on_later(struct sl_later *later)
{
    struct fake_call *call = sl_container_of(later, struct fake_call, later);

    answer_call(call, &call->fake->answer);
}

static struct sl_hook_call *ask(void *arg, const struct sl_hook_client *client,
                                enum sl_hook_method method, json_t *body,
                                sl_hook_on_answer *on_answer, void *owner)
{
    struct fake_hooks *fake = arg;

    (void)client;
    record(fake, method, body);
    struct fake_call *call = sl_new(struct fake_call);
    *call = (struct fake_call){.later.run = on_later,
                               .fake = fake,
                               .method = method,
                               .on_answer = on_answer,
                               .owner = owner};
    struct fake_call **last = &fake->first;
    while (*last)
        last = &(*last)->next;
    *last = call;
    if (fake->prompt)
        sl_loop_later(NULL, &call->later);
    return (struct sl_hook_call *)(void *)call;
}

static void cancel(void *arg, struct sl_hook_call *call)
{
    struct fake_hooks *fake = arg;
    struct fake_call *fake_call = (struct fake_call *)(void *)call;

    if (!call)
        return;
    unlink_call(fake, fake_call);
    sl_later_cancel(&fake_call->later);
    fake->cancelled++;
    free(call);
}

static void notify(void *arg, const struct sl_hook_client *client, enum sl_hook_method method,
                   json_t *body)
{
    (void)client;
    record(arg, method, body);
}

/* Hides a field that no test but the one about hiding looks at. */
static void strip(void *arg, const struct sl_hook_client *client, enum sl_hook_method method,
                  json_t *object)
{
    (void)arg;
    (void)method;
    if (client->rest_client_config)
        (void)json_object_del(object, "codecImpl");
}

void fake_hooks_init(struct fake_hooks *fake)
{
    *fake = (struct fake_hooks){
        .hooks = {.arg = fake,
                  .knows_app = knows_app,
                  .wants = wants,
                  .guards = guards,
                  .ask = ask,
                  .cancel = cancel,
                  .notify = notify,
                  .strip = strip},
        .prompt = true,
        .answer = {.allowed = true},
        .told = json_array(),
    };
}

void fake_hooks_deinit(struct fake_hooks *fake)
{
    json_decref(fake->told);
}

bool fake_hooks_answer(struct fake_hooks *fake, enum sl_hook_method method,
                       const struct sl_hook_answer *answer)
{
    for (struct fake_call *call = fake->first; call; call = call->next) {
        if (call->method != method)
            continue;
        answer_call(call, answer);
        return true;
    }
    return false;
}

size_t fake_hooks_open(const struct fake_hooks *fake)
{
    size_t count = 0;

    for (const struct fake_call *call = fake->first; call; call = call->next)
        count++;
    return count;
}

json_t *fake_hooks_told(const struct fake_hooks *fake, enum sl_hook_method method, size_t n)
{
    size_t i;
    json_t *entry;

    json_array_foreach(fake->told, i, entry)
    {
        if (json_integer_value(json_object_get(entry, "method")) == (json_int_t)method && n-- == 0)
            return json_object_get(entry, "body");
    }
    return NULL;
}
