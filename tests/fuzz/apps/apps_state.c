/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target: the text of apps.json. What is accepted keeps to the limits, is written in no more
 * than may be read, and reads back as the same. */
#include "apps/registry.h"
#include "apps/state.h"
#include "base/error.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void on_warning(void *arg, const char *words)
{
    size_t *count = arg;

    assert(*words);
    (*count)++;
}

static void check_limits(const struct sl_registry *registry)
{
    const struct sl_app_entry *app;
    const struct sl_user_entry *user;

    assert(registry->app_count <= SL_APPS_MAX && registry->user_count <= SL_USERS_MAX);
    sl_list_foreach(app, &registry->apps, struct sl_app_entry, link)
    {
        assert(sl_check_text("", app->app.name, 1, SL_APP_NAME_MAX, NULL) == 0);
        assert(sl_check_text("", app->app.key, 1, SL_APP_NAME_MAX, NULL) == 0);
        assert(sl_check_url("", app->app.url, NULL) == 0);
        assert(sl_url_base_len(app->app.url) == strlen(app->app.url));
        assert(sl_registry_find_app_by_key(registry, app->app.key) == app);
        assert(sl_registry_find_app_by_name(registry, app->app.name) == app);
        assert(!*app->app.owner || sl_registry_find_user(registry, app->app.owner));
    }
    sl_list_foreach(user, &registry->users, struct sl_user_entry, link)
    {
        assert(sl_check_user_name("", user->name, NULL) == 0);
        assert(sl_password_hash_is_valid(user->hash));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_registry *registry, *again;
    struct sl_error error = {""};
    size_t warnings = 0;

    if (sl_state_parse((const char *)data, len, on_warning, &warnings, &registry, &error) < 0) {
        assert(error.text[0]);
        return 0;
    }
    check_limits(registry);
    char *text = sl_state_build(registry);
    assert(text && strlen(text) <= SL_STATE_MAX);
    warnings = 0;
    int err = sl_state_parse(text, strlen(text), on_warning, &warnings, &again, &error);
    assert(err == 0 && warnings == 0);
    char *second = sl_state_build(again);
    assert(second && strcmp(text, second) == 0);
    free(text);
    free(second);
    sl_registry_destroy(registry);
    sl_registry_destroy(again);
    return 0;
}
