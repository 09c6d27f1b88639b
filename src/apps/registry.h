/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Applications and users in memory, with their limits: what the file holds. Pure: no files, jobs,
 * threads or logs.
 */
#ifndef SL_APPS_REGISTRY_H
#define SL_APPS_REGISTRY_H

#include "apps/check.h"
#include "apps/methods.h"
#include "apps/password.h"
#include "base/list.h"
#include "base/table.h"

enum {
    SL_APPS_MAX = 1000,
    SL_USERS_MAX = 1000,
    SL_REMEMBERED_LEN = 32, /* HMAC-SHA256 */
};

#define SL_DEFAULT_APP "defaultApp"
#define SL_ADMIN       "admin"

/* The texts of an application, in the order of the file. */
enum sl_app_field {
    SL_APP_NAME,
    SL_APP_KEY,
    SL_APP_URL,
    SL_APP_OWNER,
    SL_APP_MAIN_CLASS,
    SL_APP_CALLBACK_CLASS,
    SL_APP_REST_USERNAME,
    SL_APP_REST_PASSWORD,
    SL_APP_FIELD_COUNT,
};

/* Owner: the registry. */
struct sl_app_entry {
    struct sl_app app; /* points to texts */
    char *texts[SL_APP_FIELD_COUNT];
    sl_hook_set methods;
    struct sl_list link; /* sl_registry.apps */
    struct sl_table_node by_key;
};

/* Owner: the registry. */
struct sl_user_entry {
    struct sl_user user; /* points to name */
    char name[SL_USER_NAME_MAX + 1];
    char hash[SL_PASSWORD_HASH_LEN];
    /* Not in the file: */
    uint64_t hash_serial; /* of the job that made the hash */
    bool remembers;
    uint8_t remembered[SL_REMEMBERED_LEN]; /* keyed hash of a password that was right */
    struct sl_list link;                   /* sl_registry.users */
};

struct sl_registry {
    struct sl_list apps, users; /* in the order they were added */
    size_t app_count, user_count;
    struct sl_table apps_by_key;
};

struct sl_registry *sl_registry_create(void);
void sl_registry_destroy(struct sl_registry *registry);

/* The field's name in the file and in errors: "appKey". */
const char *sl_app_field_name(enum sl_app_field field);

struct sl_app_entry *sl_registry_find_app_by_key(const struct sl_registry *registry,
                                                 const char *key);
struct sl_app_entry *sl_registry_find_app_by_name(const struct sl_registry *registry,
                                                  const char *name);
/* Of a view that the registry has given out. */
const struct sl_app_entry *sl_app_entry_of(const struct sl_app *app);

/*
 * texts: SL_APP_FIELD_COUNT of them, NULL where none is given; copied. Errors as those of
 * sl_apps_add() and sl_apps_update(). out may be NULL.
 */
int sl_registry_add_app(struct sl_registry *registry, const char *const *texts,
                        struct sl_app_entry **out, struct sl_error *error);
int sl_registry_update_app(struct sl_registry *registry, struct sl_app_entry *entry,
                           const char *const *texts, struct sl_error *error);
/* -EPERM: defaultApp. */
int sl_registry_remove_app(struct sl_registry *registry, struct sl_app_entry *entry,
                           struct sl_error *error);

struct sl_user_entry *sl_registry_find_user(const struct sl_registry *registry, const char *name);
/* Checks without adding: -EINVAL, -EEXIST, -ENOSPC. */
int sl_registry_check_new_user(const struct sl_registry *registry, const char *name,
                               struct sl_error *error);
/* hash must be valid. As sl_registry_check_new_user(). */
int sl_registry_add_user(struct sl_registry *registry, const char *name, const char *hash,
                         bool active, struct sl_user_entry **out, struct sl_error *error);
/* -EPERM: admin; -EBUSY: owns an application. */
int sl_registry_remove_user(struct sl_registry *registry, struct sl_user_entry *entry,
                            struct sl_error *error);

#endif
