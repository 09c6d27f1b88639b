/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the administrator keeps: applications, the hook methods each has enabled, and the users of
 * console and REST API. One JSON file in the state directory, written anew after every change
 * (cli.md section 5).
 *
 * Threads: all calls and callbacks on the control loop; password hashing and writing are jobs of
 * libuv's pool.
 */
#ifndef SL_APPS_APPS_H
#define SL_APPS_APPS_H

#include <stdbool.h>
#include <stddef.h>

struct sl_apps;
struct sl_error;
struct sl_loop;

/* ---- Hook methods (rest-hooks.md sections 3 and 5) ---- */

/* What a refusal means, see rest-hooks.md section 3. */
enum sl_hook_kind {
    SL_HOOK_KIND_CONNECT,
    SL_HOOK_KIND_DIRECT,
    SL_HOOK_KIND_EVENT,
    SL_HOOK_KIND_INCOMING
};

enum sl_hook_method {
    SL_HOOK_CONNECT,
    SL_HOOK_CONNECTION_STATUS_EVENT,
    SL_HOOK_REGISTRATION_STATUS_EVENT,
    SL_HOOK_PUBLISH_STREAM,
    SL_HOOK_UNPUBLISH_STREAM,
    SL_HOOK_PLAY_STREAM,
    SL_HOOK_PAUSE_STREAM,
    SL_HOOK_STOP_STREAM,
    SL_HOOK_STREAM_STATUS_EVENT,
    SL_HOOK_STREAM_KEEP_ALIVE_EVENT,
    SL_HOOK_SEND_STREAM_EVENT,
    SL_HOOK_STREAM_EVENT,
    SL_HOOK_AVAILABLE_STREAM,
    SL_HOOK_SNAPSHOT,
    SL_HOOK_PLAY_HLS,
    SL_HOOK_PLAY_RTSP,
    SL_HOOK_CALL,
    SL_HOOK_ON_CALL_EVENT,
    SL_HOOK_CALL_STATUS_EVENT,
    SL_HOOK_ANSWER,
    SL_HOOK_HANGUP,
    SL_HOOK_HOLD,
    SL_HOOK_UNHOLD,
    SL_HOOK_TRANSFER,
    SL_HOOK_ON_TRANSFER_EVENT,
    SL_HOOK_TRANSFER_STATUS_EVENT,
    SL_HOOK_SEND_DTMF,
    SL_HOOK_SEND_MESSAGE,
    SL_HOOK_ON_MESSAGE_EVENT,
    SL_HOOK_MESSAGE_STATUS_EVENT,
    SL_HOOK_SEND_IMDN,
    SL_HOOK_SUBSCRIBE,
    SL_HOOK_SUBSCRIPTION_STATUS_EVENT,
    SL_HOOK_SEND_XCAP_REQUEST,
    SL_HOOK_XCAP_STATUS_EVENT,
    SL_HOOK_ON_DATA_EVENT,
    SL_HOOK_DATA_STATUS_EVENT,
    SL_HOOK_ERROR_EVENT,
    SL_HOOK_SUBMIT_BUG_REPORT,
    SL_HOOK_BUG_REPORT_STATUS_EVENT,
    SL_HOOK_PUSH_LOGS,
    SL_HOOK_SESSION_DEBUG,
    SL_HOOK_SESSION_DEBUG_STATUS_EVENT,
    SL_HOOK_METHOD_COUNT,
};

/* The usual spelling: "StreamKeepAliveEvent". */
const char *sl_hook_method_name(enum sl_hook_method method);
enum sl_hook_kind sl_hook_method_kind(enum sl_hook_method method);

/*
 * Names are more than methods: `sendDtmf` is another spelling of sendDTMF, `sendData` of
 * OnDataEvent (rest-hooks.md 5.2, 5.5). The hook goes out under the name that was
 * enabled; if several were, under the usual one.
 */
struct sl_hook_name {
    const char *name;
    enum sl_hook_method method;
    bool alias; /* not among what `add app-rest-method -a` enables */
};
/* All names the server knows, sorted; for `show rest-methods`. */
const struct sl_hook_name *sl_hook_names(size_t *count);

/* ---- Applications ---- */

/* Borrowed from sl_apps until the next change of any kind; texts are never NULL. */
struct sl_app {
    const char *name, *key, *url;            /* url without a '/' at its end */
    const char *owner;                       /* a user's name */
    const char *main_class, *callback_class; /* kept for the original's scripts, no meaning here */
    const char *rest_username, *rest_password;
};

/* What to change or set; NULL: leave as it is (add: empty). */
struct sl_app_fields {
    const char *name, *key, *url, *owner, *main_class, *callback_class;
    const char *rest_username, *rest_password;
};

/* By key; NULL. */
const struct sl_app *sl_apps_find_by_key(const struct sl_apps *apps, const char *key);
/* By name, then by key (cli.md 4.1); NULL. */
const struct sl_app *sl_apps_find(const struct sl_apps *apps, const char *name_or_key);
/* In the order they were added. fn must change nothing. */
void sl_apps_each(const struct sl_apps *apps, void (*fn)(const struct sl_app *app, void *arg),
                  void *arg);

/*
 * Changes take effect at once. -EEXIST: name or key taken; -ENOENT: no such application or owner;
 * -EINVAL: empty or too long, control characters, no http(s) URL with a host, a query or fragment
 * in it (rest-hooks.md section 2), a colon in rest_username (HTTP Basic); -EPERM: defaultApp cannot
 * be removed, nor its name changed; -ENOSPC: too many. Words in error; nothing has changed then.
 */
int sl_apps_add(struct sl_apps *apps, const struct sl_app_fields *fields, struct sl_error *error);
int sl_apps_update(struct sl_apps *apps, const char *name_or_key,
                   const struct sl_app_fields *fields, struct sl_error *error);
int sl_apps_remove(struct sl_apps *apps, const char *name_or_key, struct sl_error *error);

/* The name under which this application has the method enabled; NULL: it has not. */
const char *sl_app_method(const struct sl_app *app, enum sl_hook_method method);
/* Enabled names, sorted. */
void sl_app_each_method(const struct sl_app *app, void (*fn)(const char *name, void *arg),
                        void *arg);
/* name NULL: all (aliases left out when enabling); compared without case. Already so: 0.
 * -ENOENT: no such application or method. */
int sl_apps_enable_method(struct sl_apps *apps, const char *key_or_name, const char *name,
                          bool enable, struct sl_error *error);

/* ---- Users ---- */

struct sl_user {
    const char *name;
    bool active;
};
void sl_apps_each_user(const struct sl_apps *apps,
                       void (*fn)(const struct sl_user *user, void *arg), void *arg);

/* What a job tells when it is done; called from the loop, never from within the call that began
 * it; it may end everything. words is "" when err is 0. After sl_apps_destroy() none is called. */
typedef void sl_apps_on_done(void *owner, int err, const char *words);

/* Hashes (a job), then adds: -EEXIST, -EINVAL (cli.md limits: 1..64 bytes of name, no blanks,
 * colons (HTTP Basic) or control characters; 1..255 bytes of password), -ENOSPC too many users,
 * -EBUSY too many jobs. */
void sl_apps_add_user(struct sl_apps *apps, const char *name, const char *password,
                      sl_apps_on_done *on_done, void *owner);
void sl_apps_set_password(struct sl_apps *apps, const char *name, const char *password,
                          sl_apps_on_done *on_done, void *owner);
/* -ENOENT; -EPERM for admin, which cannot be deactivated or removed; -EBUSY: owns an application.
 */
int sl_apps_set_user_active(struct sl_apps *apps, const char *name, bool active,
                            struct sl_error *error);
int sl_apps_remove_user(struct sl_apps *apps, const char *name, struct sl_error *error);
/* True if this user may log in (for public keys, which need no password). */
bool sl_apps_user_is_active(const struct sl_apps *apps, const char *name);

/* 0: it is the password of an active user. -EACCES: it is not, in the same time for unknown users.
 * -EBUSY: too many checks under way. Right passwords are remembered (keyed hash, in memory), so
 * that only the first check of one costs a hash; a changed password or user forgets. */
void sl_apps_check_password(struct sl_apps *apps, const char *name, const char *password,
                            sl_apps_on_done *on_done, void *owner);

/* ---- The file ---- */

struct sl_apps_config {
    struct sl_loop *loop;
    const char *state_dir; /* must exist */
    const char *echo_url;  /* of defaultApp in a new file: "http://localhost:8081/apps/EchoApp" */
};

/*
 * Reads state_dir/apps.json. Not there: made, with defaultApp and roomApp (every method but
 * StreamKeepAliveEvent) and the user admin, whose drawn password is written once to
 * state_dir/admin-password (mode 0600) and only that file's name is logged. Blocks: at start only.
 *
 * -EBADMSG: not a file of ours, with words that name the place; it is left as it is (cli.md
 * section 5). Otherwise the errno value of reading or writing.
 */
int sl_apps_create(const struct sl_apps_config *config, struct sl_apps **out,
                   struct sl_error *error);
/* Waits for a write under way and writes what is not written yet. NULL is fine. */
void sl_apps_destroy(struct sl_apps *apps);

/*
 * Calls on_done once everything changed so far is on disk (a job; temporary file, fsync, rename;
 * mode 0600), or could not be put there: err and words say why, and the next change tries again.
 */
void sl_apps_save(struct sl_apps *apps, sl_apps_on_done *on_done, void *owner);

#endif
