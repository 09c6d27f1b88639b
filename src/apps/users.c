/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Users, and the jobs that hash and check their passwords. */
#include "apps/internal.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <string.h>

enum { QUOTED_LEN = 160 };

/* One hash to make or to compare with. Owner: the jobs; the thread of the pool while it runs. */
struct password_job {
    struct sl_job job;
    struct sl_apps *apps; /* valid on the loop while job.jobs is set */
    /* With the result, on the loop. */
    int (*finish)(struct password_job *job, struct sl_error *error);
    char name[SL_USER_NAME_MAX + 1];
    char password[SL_PASSWORD_MAX + 1];
    char hash[SL_PASSWORD_HASH_LEN]; /* made by the job, or what it compares with */
    bool matches;
    int err;
    uint64_t serial;                        /* later jobs have higher ones */
    uint8_t fingerprint[SL_REMEMBERED_LEN]; /* what would be remembered of name and password */
    sl_apps_on_done *on_done;
    void *owner;
};

static int no_user(const char *name, struct sl_error *error)
{
    char quoted[QUOTED_LEN];

    return sl_error_set(error, -ENOENT, "there is no user %s",
                        sl_log_quote(quoted, sizeof(quoted), name));
}

static void forget(struct sl_user_entry *user)
{
    user->remembers = false;
    OPENSSL_cleanse(user->remembered, sizeof(user->remembered));
}

/* ---- Without jobs ---- */

void sl_apps_each_user(const struct sl_apps *apps,
                       void (*fn)(const struct sl_user *user, void *arg), void *arg)
{
    const struct sl_user_entry *entry;

    sl_list_foreach(entry, &apps->registry->users, struct sl_user_entry, link)
        fn(&entry->user, arg);
}

bool sl_apps_user_is_active(const struct sl_apps *apps, const char *name)
{
    const struct sl_user_entry *user = sl_registry_find_user(apps->registry, name);

    return user && user->user.active;
}

int sl_apps_set_user_active(struct sl_apps *apps, const char *name, bool active,
                            struct sl_error *error)
{
    struct sl_user_entry *user = sl_registry_find_user(apps->registry, name);

    if (!user)
        return no_user(name, error);
    if (!active && strcmp(name, SL_ADMIN) == 0)
        return sl_error_set(error, -EPERM, "%s cannot be deactivated", SL_ADMIN);
    if (user->user.active == active)
        return 0;
    user->user.active = active;
    forget(user);
    sl_saver_change(&apps->saver);
    return 0;
}

int sl_apps_remove_user(struct sl_apps *apps, const char *name, struct sl_error *error)
{
    struct sl_user_entry *user = sl_registry_find_user(apps->registry, name);

    if (!user)
        return no_user(name, error);
    int err = sl_registry_remove_user(apps->registry, user, error);
    if (err == 0)
        sl_saver_change(&apps->saver);
    return err;
}

/* ---- Jobs ---- */

static bool is_always_needed(struct sl_job *job)
{
    (void)job;
    return true;
}

static void free_job(struct sl_job *base)
{
    struct password_job *job = sl_container_of(base, struct password_job, job);

    OPENSSL_cleanse(job, sizeof(*job));
    free(job);
}

static void on_ran(struct sl_job *base)
{
    struct password_job *job = sl_container_of(base, struct password_job, job);
    struct sl_error error = {""};
    int err = job->finish(job, &error);

    job->on_done(job->owner, err, err < 0 ? error.text : "");
}

/* name and password are cut to what fits. */
static struct password_job *job_create(struct sl_apps *apps, const char *name, const char *password,
                                       sl_apps_on_done *on_done, void *owner)
{
    struct password_job *job = sl_new(struct password_job);

    job->job.is_needed = is_always_needed;
    job->job.on_ran = on_ran;
    job->job.free = free_job;
    job->apps = apps;
    (void)snprintf(job->name, sizeof(job->name), "%s", name);
    (void)snprintf(job->password, sizeof(job->password), "%s", password);
    job->serial = ++apps->job_serial;
    job->on_done = on_done;
    job->owner = owner;
    return job;
}

static void job_add(struct sl_apps *apps, struct password_job *job)
{
    if (sl_jobs_add(&apps->jobs, &job->job) == 0)
        return;
    sl_answers_post(&apps->answers, job->on_done, job->owner, -EBUSY,
                    "too many passwords are being checked; try again later");
    free_job(&job->job);
}

/* ---- Making hashes ---- */

static void run_hash(struct sl_job *base) /* on a thread of the pool */
{
    struct password_job *job = sl_container_of(base, struct password_job, job);

    job->err = sl_password_hash(job->password, job->hash);
}

static int hash_fault(const struct password_job *job, struct sl_error *error)
{
    return job->err < 0 ? sl_error_set(error, job->err, "no memory to hash a password") : 0;
}

static int finish_add(struct password_job *job, struct sl_error *error)
{
    struct sl_apps *apps = job->apps;
    struct sl_user_entry *user = NULL;
    int err = hash_fault(job, error);

    if (err < 0)
        return err;
    /* checks again: another one may have come in between */
    err = sl_registry_add_user(apps->registry, job->name, job->hash, true, &user, error);
    if (err < 0)
        return err;
    user->hash_serial = job->serial;
    sl_saver_change(&apps->saver);
    return 0;
}

void sl_apps_add_user(struct sl_apps *apps, const char *name, const char *password,
                      sl_apps_on_done *on_done, void *owner)
{
    struct sl_error error;
    int err = sl_registry_check_new_user(apps->registry, name, &error);

    if (err == 0)
        err = sl_check_password(password, &error);
    if (err < 0) {
        sl_answers_post(&apps->answers, on_done, owner, err, error.text);
        return;
    }
    struct password_job *job = job_create(apps, name, password, on_done, owner);
    job->job.run = run_hash;
    job->finish = finish_add;
    job_add(apps, job);
}

static int finish_set(struct password_job *job, struct sl_error *error)
{
    struct sl_apps *apps = job->apps;
    struct sl_user_entry *user = sl_registry_find_user(apps->registry, job->name);
    int err = hash_fault(job, error);

    if (err < 0)
        return err;
    if (!user)
        return no_user(job->name, error);
    if (job->serial < user->hash_serial)
        return 0; /* the pool keeps no order, and a later password is set already */
    memcpy(user->hash, job->hash, sizeof(user->hash));
    user->hash_serial = job->serial;
    forget(user);
    sl_saver_change(&apps->saver);
    return 0;
}

void sl_apps_set_password(struct sl_apps *apps, const char *name, const char *password,
                          sl_apps_on_done *on_done, void *owner)
{
    struct sl_error error;
    int err = sl_registry_find_user(apps->registry, name) ? 0 : no_user(name, &error);

    if (err == 0)
        err = sl_check_password(password, &error);
    if (err < 0) {
        sl_answers_post(&apps->answers, on_done, owner, err, error.text);
        return;
    }
    struct password_job *job = job_create(apps, name, password, on_done, owner);
    job->job.run = run_hash;
    job->finish = finish_set;
    job_add(apps, job);
}

/* ---- Checking ---- */

/* HMAC-SHA256 under the key of this process over name, NUL, password. False: no memory. */
static bool fingerprint(const struct sl_apps *apps, struct password_job *job)
{
    uint8_t text[sizeof(job->name) + sizeof(job->password)];
    size_t name_len = strlen(job->name) + 1, password_len = strlen(job->password);

    memcpy(text, job->name, name_len);
    memcpy(text + name_len, job->password, password_len);
    bool good = HMAC(EVP_sha256(), apps->memory_key, sizeof(apps->memory_key), text,
                     name_len + password_len, job->fingerprint, NULL) != NULL;
    OPENSSL_cleanse(text, sizeof(text));
    if (!good)
        ERR_clear_error();
    return good;
}

static bool is_remembered(const struct sl_apps *apps, const struct password_job *job)
{
    const struct sl_user_entry *user = sl_registry_find_user(apps->registry, job->name);

    return user && user->user.active && user->remembers &&
           CRYPTO_memcmp(user->remembered, job->fingerprint, SL_REMEMBERED_LEN) == 0;
}

/* After waiting: another check of the same password may have told by now. */
static bool check_is_needed(struct sl_job *base)
{
    struct password_job *job = sl_container_of(base, struct password_job, job);

    if (!is_remembered(job->apps, job))
        return true;
    sl_answers_post(&job->apps->answers, job->on_done, job->owner, 0, "");
    return false;
}

static void run_check(struct sl_job *base) /* on a thread of the pool */
{
    struct password_job *job = sl_container_of(base, struct password_job, job);

    job->matches = sl_password_matches(job->password, job->hash);
}

static int finish_check(struct password_job *job, struct sl_error *error)
{
    struct sl_user_entry *user = sl_registry_find_user(job->apps->registry, job->name);

    /* the user may have been removed, deactivated, or given another password meanwhile */
    if (!job->matches || !user || !user->user.active || strcmp(user->hash, job->hash) != 0)
        return sl_error_set(error, -EACCES, "wrong name or password");
    user->remembers = true;
    memcpy(user->remembered, job->fingerprint, SL_REMEMBERED_LEN);
    return 0;
}

void sl_apps_check_password(struct sl_apps *apps, const char *name, const char *password,
                            sl_apps_on_done *on_done, void *owner)
{
    struct password_job *job = job_create(apps, name, password, on_done, owner);
    const struct sl_user_entry *user = sl_registry_find_user(apps->registry, name);
    bool is_whole = strcmp(password, job->password) == 0;

    if (!is_whole || !fingerprint(apps, job))
        user = NULL;
    if (user && is_remembered(apps, job)) {
        sl_answers_post(&apps->answers, on_done, owner, 0, "");
        free_job(&job->job);
        return;
    }
    /* Nobody learns from the time it takes who is a user. */
    bool may_match = user && user->user.active;
    memcpy(job->hash, may_match ? user->hash : apps->decoy, sizeof(job->hash));
    if (may_match) /* else the fingerprint may be one of what was cut to fit */
        job->job.is_needed = check_is_needed;
    job->job.run = run_check;
    job->finish = finish_check;
    job_add(apps, job);
}
