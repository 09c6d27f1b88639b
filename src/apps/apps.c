/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Applications and their methods, and the life of the whole: from the file and back to it. */
#include "apps/file.h"
#include "apps/internal.h"
#include "apps/state.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#define FILE_NAME     "apps.json"
#define PASSWORD_FILE "admin-password"
#define ROOM_APP      "roomApp"

enum { QUOTED_LEN = 160 };

/* ---- Finding ---- */

static struct sl_app_entry *find_by_name_or_key(const struct sl_apps *apps, const char *text)
{
    struct sl_app_entry *entry = sl_registry_find_app_by_name(apps->registry, text);

    return entry ? entry : sl_registry_find_app_by_key(apps->registry, text);
}

static struct sl_app_entry *find_by_key_or_name(const struct sl_apps *apps, const char *text)
{
    struct sl_app_entry *entry = sl_registry_find_app_by_key(apps->registry, text);

    return entry ? entry : sl_registry_find_app_by_name(apps->registry, text);
}

const struct sl_app *sl_apps_find_by_key(const struct sl_apps *apps, const char *key)
{
    const struct sl_app_entry *entry = sl_registry_find_app_by_key(apps->registry, key);

    return entry ? &entry->app : NULL;
}

const struct sl_app *sl_apps_find(const struct sl_apps *apps, const char *name_or_key)
{
    const struct sl_app_entry *entry = find_by_name_or_key(apps, name_or_key);

    return entry ? &entry->app : NULL;
}

void sl_apps_each(const struct sl_apps *apps, void (*fn)(const struct sl_app *app, void *arg),
                  void *arg)
{
    const struct sl_app_entry *entry;

    sl_list_foreach(entry, &apps->registry->apps, struct sl_app_entry, link) fn(&entry->app, arg);
}

/* ---- Changing ---- */

static void texts_of(const struct sl_app_fields *fields, const char *texts[SL_APP_FIELD_COUNT])
{
    texts[SL_APP_NAME] = fields->name;
    texts[SL_APP_KEY] = fields->key;
    texts[SL_APP_URL] = fields->url;
    texts[SL_APP_OWNER] = fields->owner;
    texts[SL_APP_MAIN_CLASS] = fields->main_class;
    texts[SL_APP_CALLBACK_CLASS] = fields->callback_class;
    texts[SL_APP_REST_USERNAME] = fields->rest_username;
    texts[SL_APP_REST_PASSWORD] = fields->rest_password;
}

static int no_app(const char *text, struct sl_error *error)
{
    char quoted[QUOTED_LEN];

    return sl_error_set(error, -ENOENT, "there is no application %s",
                        sl_log_quote(quoted, sizeof(quoted), text));
}

int sl_apps_add(struct sl_apps *apps, const struct sl_app_fields *fields, struct sl_error *error)
{
    const char *texts[SL_APP_FIELD_COUNT];

    texts_of(fields, texts);
    int err = sl_registry_add_app(apps->registry, texts, NULL, error);
    if (err == 0)
        sl_saver_change(&apps->saver);
    return err;
}

int sl_apps_update(struct sl_apps *apps, const char *name_or_key,
                   const struct sl_app_fields *fields, struct sl_error *error)
{
    struct sl_app_entry *entry = find_by_name_or_key(apps, name_or_key);
    const char *texts[SL_APP_FIELD_COUNT];

    if (!entry)
        return no_app(name_or_key, error);
    texts_of(fields, texts);
    int err = sl_registry_update_app(apps->registry, entry, texts, error);
    if (err == 0)
        sl_saver_change(&apps->saver);
    return err;
}

int sl_apps_remove(struct sl_apps *apps, const char *name_or_key, struct sl_error *error)
{
    struct sl_app_entry *entry = find_by_name_or_key(apps, name_or_key);

    if (!entry)
        return no_app(name_or_key, error);
    int err = sl_registry_remove_app(apps->registry, entry, error);
    if (err == 0)
        sl_saver_change(&apps->saver);
    return err;
}

/* ---- Methods ---- */

const char *sl_app_method(const struct sl_app *app, enum sl_hook_method method)
{
    return sl_hook_set_name(sl_app_entry_of(app)->methods, method);
}

void sl_app_each_method(const struct sl_app *app, void (*fn)(const char *name, void *arg),
                        void *arg)
{
    sl_hook_set_each(sl_app_entry_of(app)->methods, fn, arg);
}

int sl_apps_enable_method(struct sl_apps *apps, const char *key_or_name, const char *name,
                          bool enable, struct sl_error *error)
{
    struct sl_app_entry *entry = find_by_key_or_name(apps, key_or_name);
    const struct sl_hook_name *found = name ? sl_hook_name_find(name) : NULL;
    sl_hook_set before, set;
    char quoted[QUOTED_LEN];

    if (!entry)
        return no_app(key_or_name, error);
    if (name && !found)
        return sl_error_set(error, -ENOENT, "there is no method %s",
                            sl_log_quote(quoted, sizeof(quoted), name));
    before = entry->methods;
    if (found)
        set = sl_hook_set_of(found);
    else
        set = enable ? sl_hook_set_usual() : before;
    entry->methods = enable ? before | set : before & ~set;
    if (entry->methods != before)
        sl_saver_change(&apps->saver);
    return 0;
}

/* ---- The file ---- */

static int add_default_app(struct sl_apps *apps, const char *name, const char *url,
                           struct sl_error *error)
{
    const char *const texts[SL_APP_FIELD_COUNT] = {
        [SL_APP_NAME] = name,
        [SL_APP_KEY] = name,
        [SL_APP_URL] = url,
        [SL_APP_OWNER] = SL_ADMIN,
    };
    struct sl_app_entry *entry;
    int err = sl_registry_add_app(apps->registry, texts, &entry, error);

    /* left to the administrator: rest-hooks.md section 1.1 */
    if (err == 0)
        entry->methods =
            sl_hook_set_usual() & ~sl_hook_set_of(sl_hook_name_find(
                                      sl_hook_method_name(SL_HOOK_STREAM_KEEP_ALIVE_EVENT)));
    return err;
}

static int add_admin(struct sl_apps *apps, struct sl_error *error)
{
    char password[SL_PASSWORD_DRAWN_LEN + 2], hash[SL_PASSWORD_HASH_LEN];

    sl_password_draw(password);
    int err = sl_password_hash(password, hash);
    if (err < 0)
        return sl_error_set(error, err, "no memory to hash a password");
    err = sl_registry_add_user(apps->registry, SL_ADMIN, hash, true, NULL, error);
    password[SL_PASSWORD_DRAWN_LEN] = '\n';
    if (err == 0)
        err = sl_file_write(apps->state_dir, PASSWORD_FILE, password, SL_PASSWORD_DRAWN_LEN + 1,
                            error);
    OPENSSL_cleanse(password, sizeof(password));
    return err;
}

/* The password's file first: a crash in between leaves no apps.json, and the next start draws
 * anew. The other way round nobody would know the password. */
static int make_new(struct sl_apps *apps, const char *echo_url, struct sl_error *error)
{
    apps->registry = sl_registry_create();
    int err = add_admin(apps, error);
    if (err == 0)
        err = add_default_app(apps, SL_DEFAULT_APP, echo_url, error);
    if (err == 0)
        err = add_default_app(apps, ROOM_APP, echo_url, error);
    if (err == 0)
        err = sl_saver_save_now(&apps->saver, error);
    if (err == 0)
        sl_log(SL_LOG_INFO, NULL,
               "made %s/" FILE_NAME "; the password of " SL_ADMIN " is in %s/" PASSWORD_FILE,
               apps->state_dir, apps->state_dir);
    return err;
}

static void on_warning(void *arg, const char *words)
{
    const struct sl_apps *apps = arg;

    sl_log(SL_LOG_WARN, NULL, "%s/" FILE_NAME ": %s", apps->state_dir, words);
}

static int read_or_make(struct sl_apps *apps, const char *echo_url, struct sl_error *error)
{
    struct sl_error why;
    char *text;
    size_t len;
    int err = sl_file_read(apps->state_dir, FILE_NAME, SL_STATE_MAX, &text, &len, error);

    if (err == -ENOENT)
        return make_new(apps, echo_url, error);
    if (err < 0)
        return err;
    err = sl_state_parse(text, len, on_warning, apps, &apps->registry, &why);
    free(text);
    if (err < 0)
        return sl_error_set(error, err, "%.100s/" FILE_NAME ": %s", apps->state_dir, why.text);
    if (!sl_registry_find_user(apps->registry, SL_ADMIN))
        on_warning(apps, "there is no user " SL_ADMIN);
    return 0;
}

static char *build_text(void *arg)
{
    const struct sl_apps *apps = arg;

    return sl_state_build(apps->registry);
}

int sl_apps_create(const struct sl_apps_config *config, struct sl_apps **out,
                   struct sl_error *error)
{
    struct sl_apps *apps = sl_new(struct sl_apps);

    apps->state_dir = sl_strdup(config->state_dir);
    sl_saver_init(&apps->saver, config->loop, config->state_dir, FILE_NAME, build_text, apps);
    sl_answers_init(&apps->answers, config->loop);
    sl_jobs_init(&apps->jobs, config->loop);
    sl_random_bytes(apps->memory_key, sizeof(apps->memory_key));
    sl_password_decoy(apps->decoy);
    int err = read_or_make(apps, config->echo_url, error);
    if (err < 0) {
        sl_apps_destroy(apps);
        return err;
    }
    *out = apps;
    return 0;
}

void sl_apps_destroy(struct sl_apps *apps)
{
    if (!apps)
        return;
    sl_jobs_deinit(&apps->jobs);
    sl_answers_deinit(&apps->answers);
    sl_saver_deinit(&apps->saver);
    sl_registry_destroy(apps->registry);
    OPENSSL_cleanse(apps->memory_key, sizeof(apps->memory_key));
    free(apps->state_dir);
    free(apps);
}

void sl_apps_save(struct sl_apps *apps, sl_apps_on_done *on_done, void *owner)
{
    sl_saver_save(&apps->saver, on_done, owner);
}
