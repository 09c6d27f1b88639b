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

#include <jansson.h>
#include <stdbool.h>

/* Methods of rest-hooks.md section 5, spelled as on the wire by sl_hook_method_name(). */
enum sl_hook_method {
    SL_HOOK_CONNECT,
    SL_HOOK_CONNECTION_STATUS_EVENT,
    SL_HOOK_PUBLISH_STREAM,
    SL_HOOK_UNPUBLISH_STREAM,
    SL_HOOK_PLAY_STREAM,
    SL_HOOK_STOP_STREAM,
    SL_HOOK_STREAM_STATUS_EVENT,
    SL_HOOK_STREAM_KEEP_ALIVE_EVENT,
    SL_HOOK_SEND_STREAM_EVENT,
    SL_HOOK_STREAM_EVENT,
    SL_HOOK_ON_DATA_EVENT,
    SL_HOOK_ERROR_EVENT,
    SL_HOOK_SUBMIT_BUG_REPORT,
    SL_HOOK_BUG_REPORT_STATUS_EVENT,
    SL_HOOK_PUSH_LOGS,
    SL_HOOK_SESSION_DEBUG,
    SL_HOOK_SESSION_DEBUG_STATUS_EVENT,
    SL_HOOK_METHOD_COUNT,
};
const char *sl_hook_method_name(enum sl_hook_method method);

/* For whom a question is asked; everything borrowed for the duration of the call. */
struct sl_hook_client {
    const char *app_key;
    const char *session_id;
    json_t *rest_client_config; /* from the client's own connect answer; NULL: defaults */
};

struct sl_hook_answer {
    bool allowed;
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
    /* Asks; on_answer is called exactly once unless cancelled: possibly from within ask(), in
     * which case NULL is returned. Questions with one mediaSessionId in the body are answered in
     * order, others as they come. body is borrowed; keep a reference to use it later. */
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

/* The built-in policy: the applications defaultApp and roomApp exist, everything is allowed, nobody
 * is told. */
const struct sl_hooks *sl_hooks_allow_all(void);

#endif
