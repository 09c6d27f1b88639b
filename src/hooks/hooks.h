/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Questions to the application's policy: may this client connect, publish, play ...? One interface;
 * who answers is the deployment's choice. All calls and callbacks on the control loop.
 *
 * Whoever asks builds the whole body (rest-hooks.md section 5, with nodeId, sessionId and appKey);
 * who answers applies the policies of section 3 (restOnError, restOverwrite, restExclude) and hands
 * back only what follows from them. So a policy keeps no state per client.
 */
#ifndef SL_HOOKS_HOOKS_H
#define SL_HOOKS_HOOKS_H

#include "apps/apps.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct sl_config;
struct sl_counters;
struct sl_error;
struct sl_loop;

/* For whom a question is asked; everything borrowed for the duration of the call. */
struct sl_hook_client {
    const char *app_key;
    const char *session_id;
    json_t *rest_client_config; /* from the client's own connect answer; NULL: defaults */
};

struct sl_hook_answer {
    bool allowed;     /* by the rules of rest-hooks.md section 3; events always are */
    int status;       /* HTTP status of the back end; 0: it was not asked or did not answer */
    const char *info; /* refused: words for the client; valid during the callback */
    json_t *fields;   /* allowed: what the policy takes over, NULL if nothing; borrowed */
};

typedef void sl_hook_on_answer(void *owner, const struct sl_hook_answer *answer);

/* A question under way. */
struct sl_hook_call;

/* Who decides. */
struct sl_hooks {
    void *arg;
    /* True if this application exists. */
    bool (*knows_app)(void *arg, const char *app_key);
    /* False: this method is not sent for this client. Callers then need not build a body, and act
     * as if the answer were yes. */
    bool (*wants)(void *arg, const struct sl_hook_client *client, enum sl_hook_method method);
    /* This method is sent for this client, and goes on only after a yes (restOnError=FAIL): whoever
     * does the like by another way must not get past it. */
    bool (*guards)(void *arg, const struct sl_hook_client *client, enum sl_hook_method method);
    /* Asks; on_answer is called exactly once unless cancelled, never from within. Questions with
     * one mediaSessionId in the body are answered in order, others as they come: one that is not
     * sent (not wanted any more, or a bound is reached) waits for none. body is borrowed; keep a
     * reference to use it later. */
    struct sl_hook_call *(*ask)(void *arg, const struct sl_hook_client *client,
                                enum sl_hook_method method, json_t *body,
                                sl_hook_on_answer *on_answer, void *owner);
    /* No answer will be delivered after this. NULL call: no-op. */
    void (*cancel)(void *arg, struct sl_hook_call *call);
    /* Tells of something that has happened; nobody waits. body is borrowed, as in ask(). A failure
     * that the client must hear of (restOnError=FAIL) goes to sl_sessions_report_error(). */
    void (*notify)(void *arg, const struct sl_hook_client *client, enum sl_hook_method method,
                   json_t *body);
    /* Takes out of object, which is about to go to the client, what the application wants hidden
     * from it (clientExclude). */
    void (*strip)(void *arg, const struct sl_hook_client *client, enum sl_hook_method method,
                  json_t *object);
};

/* ---- The application's back end over HTTP (rest-hooks.md) ---- */

/* struct sl_hook_answer.info, unless the back end's refusal is a JSON object with its own words in
 * `info` or `message`. */
#define SL_HOOK_INFO_REFUSED     "Application refused (%d)" /* HTTP status */
#define SL_HOOK_INFO_TIMEOUT     "Application did not answer in time"
#define SL_HOOK_INFO_UNREACHABLE "Application is not reachable"
#define SL_HOOK_INFO_BROKEN      "Application gave no proper answer"
#define SL_HOOK_INFO_BUSY        "Application is busy" /* a bound of ours */

/*
 * POSTs with libcurl's multi interface on the control loop. A session's hooks for one
 * mediaSessionId leave in order, the next when the one before has been answered, and so do those
 * without one; those of other media sessions and of other sessions never wait for it (HOOK-38).
 * ConnectionStatusEvent DISCONNECTED waits for all that its session sent before (HOOK-37).
 *
 * URL, credentials and spelling of the method are those of the moment it is sent. A hook that
 * could not be sent is tried again, one that the back end may have had never is. A question has
 * rest_request_timeout from ask() on, the wait for its turn included; a notification from the
 * moment it is first sent. A question that is cancelled is not sent any more; if it has been, its
 * answer is waited for all the same, so that what comes after it stays after it.
 *
 * Bounds: hook_connections_max sockets in all, hook_app_connections_max to one application's back
 * end (which moreover takes no more places than it leaves free, so that slow back ends, however
 * many, leave room for others), hook_queue_max hooks waiting in all, hook_session_queue_max for one
 * session, and bytes in proportion; data and other events that tell no state may take half of
 * that. Beyond: a question counts as failed (rest-hooks.md section 3, interaction error), a
 * notification is dropped and counted as failed. An answer is read up to hook_answer_max bytes;
 * longer is an error.
 *
 * With rest_hook_send_hash, beside `Authorization: WCS ...` (HOOK-30), which proves no more than
 * that the body was once sent: `X-Sluice-Signature: t=<seconds since 1970>, v1=<hex>`, the
 * HMAC-SHA256 of t, a dot and the body under the same key. Certificates are checked against the
 * system's authorities, or those in the file that the environment names in SSL_CERT_FILE.
 */
struct sl_http_hooks;
struct sl_http_hooks_config {
    const struct sl_config *config; /* read at each use: reloads take effect */
    struct sl_loop *loop;
    const struct sl_apps *apps;
    struct sl_counters *counters; /* the control loop's block */
    /* An event hook of that session failed and its restOnError is FAIL: the client is to be told
     * (HOOK-20). Called from the loop. */
    void (*on_client_error)(void *arg, const char *session_id, const char *info);
    void *arg;
};
/* -ENOTSUP: hooks are to be signed and this OpenSSL cannot (FIPS), in words. */
int sl_http_hooks_create(const struct sl_http_hooks_config *config, struct sl_http_hooks **out,
                         struct sl_error *error);
/* Valid as long as hooks. */
const struct sl_hooks *sl_http_hooks_interface(struct sl_http_hooks *hooks);
/* What waits and what is under way; for the gauge and for draining. */
size_t sl_http_hooks_queued(const struct sl_http_hooks *hooks);
/* Calls on_idle once, when the last notification has been delivered or given up: never from within.
 * For the end of the server: no questions are left then. */
void sl_http_hooks_drain(struct sl_http_hooks *hooks, void (*on_idle)(void *owner), void *owner);
/* What is under way is cut. Every question must have been answered or cancelled. Allowed from
 * within on_idle and on_answer. NULL is fine. */
void sl_http_hooks_destroy(struct sl_http_hooks *hooks);

#endif
