/* SPDX-License-Identifier: GPL-3.0-or-later */
/* apps.json: text to registry and back. */
#include "apps/state.h"

#include "apps/registry.h"
#include "base/error.h"
#include "base/log.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

enum {
    VERSION = 1,
    QUOTED_LEN = 80,
    PLACE_LEN = 64,
};

static const char USER_NAME[] = "username", USER_HASH[] = "passwordHash", USER_ACTIVE[] = "active",
                  METHODS[] = "methods";

struct reader {
    struct sl_registry *registry;
    void (*on_warning)(void *arg, const char *words);
    void *arg;
    struct sl_error *error;
};

/* ---- Text to registry ---- */

/* Jansson's words end in ` near 'TOKEN'`, and the token may be a password. */
static int bad_json(const json_error_t *why, struct sl_error *error)
{
    const char *near = strstr(why->text, " near ");
    int len = near ? (int)(near - why->text) : (int)strlen(why->text);

    return sl_error_set(error, -EBADMSG, "line %d, column %d: %.*s", why->line, why->column, len,
                        why->text);
}

/* Prefixes the words of a check with the place. */
static int bad_value(struct reader *reader, const char *place, const struct sl_error *why)
{
    return sl_error_set(reader->error, -EBADMSG, "%s: %.180s", place, why->text);
}

static void warn_unknown(struct reader *reader, const char *place, const char *what,
                         const char *text)
{
    char quoted[QUOTED_LEN], words[PLACE_LEN + QUOTED_LEN + 64];

    (void)snprintf(words, sizeof(words), "%s: %s %s is unknown here and left out", place, what,
                   sl_log_quote(quoted, sizeof(quoted), text)); /* cut is fine */
    reader->on_warning(reader->arg, words);
}

/* Of the object at place, the text `field`; absent: *out as it was. */
static int read_text(struct reader *reader, const char *place, const json_t *object,
                     const char *field, const char **out)
{
    const json_t *value = json_object_get(object, field);

    if (!value)
        return 0;
    if (!json_is_string(value))
        return sl_error_set(reader->error, -EBADMSG, "%s: %s: a text is expected", place, field);
    *out = json_string_value(value);
    return 0;
}

static int read_methods(struct reader *reader, const char *place, const json_t *object,
                        sl_hook_set *out)
{
    const json_t *list = json_object_get(object, METHODS);
    sl_hook_set set = 0;
    size_t index;
    json_t *item;

    if (list && !json_is_array(list))
        return sl_error_set(reader->error, -EBADMSG, "%s: %s: a list is expected", place, METHODS);
    json_array_foreach(list, index, item)
    {
        if (!json_is_string(item))
            return sl_error_set(reader->error, -EBADMSG, "%s: %s[%zu]: a text is expected", place,
                                METHODS, index);
        const struct sl_hook_name *name = sl_hook_name_find(json_string_value(item));
        if (name)
            set |= sl_hook_set_of(name);
        else
            warn_unknown(reader, place, "method", json_string_value(item));
    }
    *out = set;
    return 0;
}

static bool is_app_field(const char *name)
{
    for (enum sl_app_field i = 0; i < SL_APP_FIELD_COUNT; i++) {
        if (strcmp(name, sl_app_field_name(i)) == 0)
            return true;
    }
    return strcmp(name, METHODS) == 0;
}

static bool is_user_field(const char *name)
{
    return strcmp(name, USER_NAME) == 0 || strcmp(name, USER_HASH) == 0 ||
           strcmp(name, USER_ACTIVE) == 0;
}

static bool is_root_field(const char *name)
{
    return strcmp(name, "version") == 0 || strcmp(name, "apps") == 0 || strcmp(name, "users") == 0;
}

static void warn_unknown_fields(struct reader *reader, const char *place, json_t *object,
                                bool (*is_known)(const char *name))
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        if (!is_known(name))
            warn_unknown(reader, place, "field", name);
    }
}

static int read_app(struct reader *reader, const char *place, json_t *object)
{
    const char *texts[SL_APP_FIELD_COUNT] = {NULL};
    struct sl_app_entry *entry;
    struct sl_error why;
    sl_hook_set methods = 0;

    for (enum sl_app_field i = 0; i < SL_APP_FIELD_COUNT; i++) {
        int err = read_text(reader, place, object, sl_app_field_name(i), &texts[i]);
        if (err < 0)
            return err;
    }
    int err = read_methods(reader, place, object, &methods);
    if (err < 0)
        return err;
    if (sl_registry_add_app(reader->registry, texts, &entry, &why) < 0)
        return bad_value(reader, place, &why);
    entry->methods = methods;
    warn_unknown_fields(reader, place, object, is_app_field);
    return 0;
}

static int read_user(struct reader *reader, const char *place, json_t *object)
{
    const char *name = "", *hash = "";
    const json_t *active = json_object_get(object, USER_ACTIVE);
    struct sl_error why;
    int err = read_text(reader, place, object, USER_NAME, &name);

    if (err < 0)
        return err;
    err = read_text(reader, place, object, USER_HASH, &hash);
    if (err < 0)
        return err;
    if (!sl_password_hash_is_valid(hash))
        return sl_error_set(reader->error, -EBADMSG, "%s: %s: not a password hash of this program",
                            place, USER_HASH);
    if (!json_is_boolean(active))
        return sl_error_set(reader->error, -EBADMSG, "%s: %s: true or false is expected", place,
                            USER_ACTIVE);
    if (sl_registry_add_user(reader->registry, name, hash, json_is_true(active), NULL, &why) < 0)
        return bad_value(reader, place, &why);
    warn_unknown_fields(reader, place, object, is_user_field);
    return 0;
}

static int read_list(struct reader *reader, const json_t *root, const char *field,
                     int (*read)(struct reader *reader, const char *place, json_t *object))
{
    const json_t *list = json_object_get(root, field);
    size_t index;
    json_t *item;

    if (!json_is_array(list))
        return sl_error_set(reader->error, -EBADMSG, "%s: a list is expected", field);
    json_array_foreach(list, index, item)
    {
        char place[PLACE_LEN];
        (void)snprintf(place, sizeof(place), "%s[%zu]", field, index); /* fits */
        if (!json_is_object(item))
            return sl_error_set(reader->error, -EBADMSG, "%s: an object is expected", place);
        int err = read(reader, place, item);
        if (err < 0)
            return err;
    }
    return 0;
}

static int read_root(struct reader *reader, json_t *root)
{
    const json_t *version = json_object_get(root, "version");

    if (!json_is_object(root))
        return sl_error_set(reader->error, -EBADMSG, "an object is expected");
    if (!json_is_integer(version) || json_integer_value(version) < 1)
        return sl_error_set(reader->error, -EBADMSG, "version: a number from 1 is expected");
    if (json_integer_value(version) > VERSION)
        return sl_error_set(reader->error, -EBADMSG,
                            "version: %lld, written by a newer program; this one knows %d",
                            (long long)json_integer_value(version), VERSION);
    /* users first: an application's owner must be one */
    int err = read_list(reader, root, "users", read_user);
    if (err == 0)
        err = read_list(reader, root, "apps", read_app);
    if (err == 0)
        warn_unknown_fields(reader, "file", root, is_root_field);
    return err;
}

int sl_state_parse(const char *text, size_t len, void (*on_warning)(void *arg, const char *words),
                   void *arg, struct sl_registry **out, struct sl_error *error)
{
    struct reader reader = {.on_warning = on_warning, .arg = arg, .error = error};
    json_error_t why;

    if (len > SL_STATE_MAX)
        return sl_error_set(error, -EBADMSG, "longer than %d bytes", SL_STATE_MAX);
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
    if (!root)
        return bad_json(&why, error);
    reader.registry = sl_registry_create();
    int err = read_root(&reader, root);
    json_decref(root);
    if (err < 0) {
        sl_registry_destroy(reader.registry);
        return err;
    }
    *out = reader.registry;
    return 0;
}

/* ---- Registry to text ---- */

static void append_name(const char *name, void *list)
{
    (void)json_array_append_new(list, json_string(name)); /* of our own table */
}

/* Jansson takes NULL for a value as an error, so one check at the end is enough. */
static json_t *build_app(const struct sl_app_entry *entry)
{
    json_t *object = json_object(), *methods = json_array();
    int err = 0;

    for (enum sl_app_field i = 0; i < SL_APP_FIELD_COUNT && err == 0; i++)
        err = json_object_set_new(object, sl_app_field_name(i), json_string(entry->texts[i]));
    sl_hook_set_each(entry->methods, append_name, methods);
    if (json_object_set_new(object, METHODS, methods) == 0 && err == 0)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *build_user(const struct sl_user_entry *entry)
{
    return json_pack("{s:s, s:s, s:b}", USER_NAME, entry->name, USER_HASH, entry->hash, USER_ACTIVE,
                     (int)entry->user.active);
}

char *sl_state_build(const struct sl_registry *registry)
{
    json_t *apps = json_array(), *users = json_array();
    const struct sl_app_entry *app;
    const struct sl_user_entry *user;
    char *text = NULL;
    int err = 0;

    sl_list_foreach(app, &registry->apps, struct sl_app_entry, link)
    {
        if (err == 0)
            err = json_array_append_new(apps, build_app(app));
    }
    sl_list_foreach(user, &registry->users, struct sl_user_entry, link)
    {
        if (err == 0)
            err = json_array_append_new(users, build_user(user));
    }
    json_t *root = json_pack("{s:i, s:o, s:o}", "version", VERSION, "apps", apps, "users", users);
    if (root && err == 0)
        text = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    return text;
}
