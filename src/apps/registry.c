/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Applications and users in memory. */
#include "apps/registry.h"

#include "base/error.h"
#include "base/log.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

enum { QUOTED_LEN = 160 }; /* a name of 128 bytes with its quotes; cut in words when escaped */

static const struct {
    const char *name;
    size_t min, max;
} fields[SL_APP_FIELD_COUNT] = {
    [SL_APP_NAME] = {"name", 1, SL_APP_NAME_MAX},
    [SL_APP_KEY] = {"appKey", 1, SL_APP_NAME_MAX},
    [SL_APP_URL] = {"url", 1, SL_APP_URL_MAX},
    [SL_APP_OWNER] = {"owner", 0, SL_APP_TEXT_MAX},
    [SL_APP_MAIN_CLASS] = {"mainClass", 0, SL_APP_TEXT_MAX},
    [SL_APP_CALLBACK_CLASS] = {"callbackClass", 0, SL_APP_TEXT_MAX},
    [SL_APP_REST_USERNAME] = {"restUsername", 0, SL_APP_TEXT_MAX},
    [SL_APP_REST_PASSWORD] = {"restPassword", 0, SL_APP_TEXT_MAX},
};

struct sl_registry *sl_registry_create(void)
{
    struct sl_registry *registry = sl_new(struct sl_registry);

    sl_list_init(&registry->apps);
    sl_list_init(&registry->users);
    sl_table_init(&registry->apps_by_key);
    return registry;
}

static void free_text(enum sl_app_field field, char *text)
{
    if (text && field == SL_APP_REST_PASSWORD)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
}

static void destroy_app(struct sl_registry *registry, struct sl_app_entry *entry)
{
    sl_list_remove(&entry->link);
    sl_table_remove(&registry->apps_by_key, &entry->by_key);
    for (enum sl_app_field i = 0; i < SL_APP_FIELD_COUNT; i++)
        free_text(i, entry->texts[i]);
    free(entry);
}

static void destroy_user(struct sl_user_entry *entry)
{
    sl_list_remove(&entry->link);
    OPENSSL_cleanse(entry, sizeof(*entry));
    free(entry);
}

void sl_registry_destroy(struct sl_registry *registry)
{
    struct sl_app_entry *app;
    struct sl_user_entry *user;

    if (!registry)
        return;
    sl_list_foreach(app, &registry->apps, struct sl_app_entry, link) destroy_app(registry, app);
    sl_list_foreach(user, &registry->users, struct sl_user_entry, link) destroy_user(user);
    sl_table_deinit(&registry->apps_by_key);
    free(registry);
}

const char *sl_app_field_name(enum sl_app_field field)
{
    return fields[field].name;
}

/* ---- Applications ---- */

static bool has_key(const struct sl_table_node *node, const void *key)
{
    const struct sl_app_entry *entry = sl_container_of_const(node, struct sl_app_entry, by_key);

    return strcmp(entry->app.key, key) == 0;
}

struct sl_app_entry *sl_registry_find_app_by_key(const struct sl_registry *registry,
                                                 const char *key)
{
    struct sl_table_node *node =
        sl_table_find(&registry->apps_by_key, sl_hash_text(key), has_key, key);

    return node ? sl_container_of(node, struct sl_app_entry, by_key) : NULL;
}

struct sl_app_entry *sl_registry_find_app_by_name(const struct sl_registry *registry,
                                                  const char *name)
{
    struct sl_app_entry *entry;

    sl_list_foreach(entry, &registry->apps, struct sl_app_entry, link)
    {
        if (strcmp(entry->app.name, name) == 0)
            return entry;
    }
    return NULL;
}

const struct sl_app_entry *sl_app_entry_of(const struct sl_app *app)
{
    return sl_container_of_const(app, struct sl_app_entry, app);
}

static int check_field(enum sl_app_field field, const char *text, struct sl_error *error)
{
    if (field == SL_APP_URL)
        return sl_check_url(fields[field].name, text, error);
    if (field == SL_APP_REST_USERNAME && strchr(text, ':')) /* RFC 7617 section 2 */
        return sl_error_set(error, -EINVAL, "%s: colons are not allowed", fields[field].name);
    return sl_check_text(fields[field].name, text, fields[field].min, fields[field].max, error);
}

/* self: the application that is changed, NULL for a new one. */
static int check_texts(const struct sl_registry *registry, const struct sl_app_entry *self,
                       const char *const *texts, struct sl_error *error)
{
    const char *name = texts[SL_APP_NAME], *key = texts[SL_APP_KEY], *owner = texts[SL_APP_OWNER];
    const struct sl_app_entry *other;
    char quoted[QUOTED_LEN];

    for (enum sl_app_field i = 0; i < SL_APP_FIELD_COUNT; i++) {
        int err = texts[i] ? check_field(i, texts[i], error) : 0;
        if (err < 0)
            return err;
    }
    other = name ? sl_registry_find_app_by_name(registry, name) : NULL;
    if (other && other != self)
        return sl_error_set(error, -EEXIST, "name: there is an application %s already",
                            sl_log_quote(quoted, sizeof(quoted), name));
    other = key ? sl_registry_find_app_by_key(registry, key) : NULL;
    if (other && other != self)
        return sl_error_set(error, -EEXIST, "appKey: there is an application with the key %s",
                            sl_log_quote(quoted, sizeof(quoted), key));
    if (owner && *owner && !sl_registry_find_user(registry, owner))
        return sl_error_set(error, -ENOENT, "owner: there is no user %s",
                            sl_log_quote(quoted, sizeof(quoted), owner));
    return 0;
}

/* The checks are done. Texts may be the entry's own, so none goes before all are copied. */
static void set_texts(struct sl_registry *registry, struct sl_app_entry *entry,
                      const char *const *texts)
{
    char **own = entry->texts, *old[SL_APP_FIELD_COUNT] = {NULL};

    for (enum sl_app_field i = 0; i < SL_APP_FIELD_COUNT; i++) {
        if (!texts[i])
            continue;
        old[i] = own[i];
        own[i] =
            sl_strndup(texts[i], i == SL_APP_URL ? sl_url_base_len(texts[i]) : strlen(texts[i]));
    }
    for (enum sl_app_field i = 0; i < SL_APP_FIELD_COUNT; i++)
        free_text(i, old[i]);
    entry->app = (struct sl_app){
        .name = own[SL_APP_NAME],
        .key = own[SL_APP_KEY],
        .url = own[SL_APP_URL],
        .owner = own[SL_APP_OWNER],
        .main_class = own[SL_APP_MAIN_CLASS],
        .callback_class = own[SL_APP_CALLBACK_CLASS],
        .rest_username = own[SL_APP_REST_USERNAME],
        .rest_password = own[SL_APP_REST_PASSWORD],
    };
    sl_table_remove(&registry->apps_by_key, &entry->by_key);
    sl_table_insert(&registry->apps_by_key, &entry->by_key, sl_hash_text(entry->app.key));
}

int sl_registry_add_app(struct sl_registry *registry, const char *const *texts,
                        struct sl_app_entry **out, struct sl_error *error)
{
    const char *all[SL_APP_FIELD_COUNT];

    for (size_t i = 0; i < SL_APP_FIELD_COUNT; i++)
        all[i] = texts[i] ? texts[i] : "";
    int err = check_texts(registry, NULL, all, error);
    if (err < 0)
        return err;
    if (registry->app_count >= SL_APPS_MAX)
        return sl_error_set(error, -ENOSPC, "there are %d applications already", SL_APPS_MAX);

    struct sl_app_entry *entry = sl_new(struct sl_app_entry);
    set_texts(registry, entry, all);
    sl_list_append(&registry->apps, &entry->link);
    registry->app_count++;
    if (out)
        *out = entry;
    return 0;
}

static bool is_default_app(const struct sl_app_entry *entry)
{
    return strcmp(entry->app.name, SL_DEFAULT_APP) == 0;
}

int sl_registry_update_app(struct sl_registry *registry, struct sl_app_entry *entry,
                           const char *const *texts, struct sl_error *error)
{
    const char *name = texts[SL_APP_NAME];
    int err = check_texts(registry, entry, texts, error);

    if (err < 0)
        return err;
    if (name && is_default_app(entry) && strcmp(name, SL_DEFAULT_APP) != 0)
        return sl_error_set(error, -EPERM, "name: %s keeps its name", SL_DEFAULT_APP);
    set_texts(registry, entry, texts);
    return 0;
}

int sl_registry_remove_app(struct sl_registry *registry, struct sl_app_entry *entry,
                           struct sl_error *error)
{
    if (is_default_app(entry))
        return sl_error_set(error, -EPERM, "%s cannot be removed", SL_DEFAULT_APP);
    destroy_app(registry, entry);
    registry->app_count--;
    return 0;
}

/* ---- Users ---- */

struct sl_user_entry *sl_registry_find_user(const struct sl_registry *registry, const char *name)
{
    struct sl_user_entry *entry;

    sl_list_foreach(entry, &registry->users, struct sl_user_entry, link)
    {
        if (strcmp(entry->name, name) == 0)
            return entry;
    }
    return NULL;
}

int sl_registry_check_new_user(const struct sl_registry *registry, const char *name,
                               struct sl_error *error)
{
    char quoted[QUOTED_LEN];
    int err = sl_check_user_name("username", name, error);

    if (err < 0)
        return err;
    if (sl_registry_find_user(registry, name))
        return sl_error_set(error, -EEXIST, "username: there is a user %s already",
                            sl_log_quote(quoted, sizeof(quoted), name));
    if (registry->user_count >= SL_USERS_MAX)
        return sl_error_set(error, -ENOSPC, "there are %d users already", SL_USERS_MAX);
    return 0;
}

int sl_registry_add_user(struct sl_registry *registry, const char *name, const char *hash,
                         bool active, struct sl_user_entry **out, struct sl_error *error)
{
    int err = sl_registry_check_new_user(registry, name, error);

    if (err < 0)
        return err;
    struct sl_user_entry *entry = sl_new(struct sl_user_entry);
    (void)snprintf(entry->name, sizeof(entry->name), "%s", name); /* its length is checked */
    (void)snprintf(entry->hash, sizeof(entry->hash), "%s", hash);
    entry->user = (struct sl_user){.name = entry->name, .active = active};
    sl_list_append(&registry->users, &entry->link);
    registry->user_count++;
    if (out)
        *out = entry;
    return 0;
}

int sl_registry_remove_user(struct sl_registry *registry, struct sl_user_entry *entry,
                            struct sl_error *error)
{
    const struct sl_app_entry *app;
    char quoted[QUOTED_LEN];

    if (strcmp(entry->name, SL_ADMIN) == 0)
        return sl_error_set(error, -EPERM, "%s cannot be removed", SL_ADMIN);
    sl_list_foreach(app, &registry->apps, struct sl_app_entry, link)
    {
        if (strcmp(app->app.owner, entry->name) == 0)
            return sl_error_set(error, -EBUSY, "%s owns the application %s", entry->name,
                                sl_log_quote(quoted, sizeof(quoted), app->app.name));
    }
    destroy_user(entry);
    registry->user_count--;
    return 0;
}
