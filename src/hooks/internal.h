/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What http_hooks.c (the interface) and call.c (the life of one hook) share.
 *
 * Owners are called back from the loop only, and each time as the last thing done: they may ask,
 * cancel, and destroy whatever they like.
 */
#ifndef SL_HOOKS_INTERNAL_H
#define SL_HOOKS_INTERNAL_H

#include "base/list.h"
#include "hooks/faults.h"
#include "hooks/hooks.h"
#include "hooks/policy.h"
#include "hooks/queue.h"
#include "net/net.h"
#include "transfer/transfer.h"

#include <stdint.h>

struct sl_app;

struct sl_http_hooks {
    struct sl_http_hooks_config config;
    struct sl_hooks interface;
    struct sl_hook_queue *queue;
    struct sl_transfers *transfers;
    struct sl_hook_faults *faults;
    struct sl_list calls; /* struct sl_hook_call: all */
    /* Questions that wait to be sent, the oldest first: all have equally long, so it is the first
     * to expire (a reload that shortens the time may let the others be late). */
    struct sl_list questions;
    struct sl_list settled;  /* those whose end was decided here: told by `later` */
    struct sl_list errors;   /* struct client_error */
    struct sl_later later;   /* tells one of settled, errors and on_idle */
    struct sl_timer *expiry; /* of the first of questions */
    void (*on_idle)(void *owner);
    void *idle_owner;
};

/*
 * One hook from ask() or notify() to its end. Its item's state tells where it is: waiting, under
 * way (transfer is set, or it lies in `settled`), or paused before it is sent again.
 */
struct sl_hook_call {
    struct sl_hook_item item;
    struct sl_http_hooks *hooks;
    struct sl_list in_calls;
    struct sl_list in_waiting; /* in questions, or in settled */
    enum sl_hook_method method;
    sl_hook_on_answer *on_answer; /* of a question; NULL once cancelled */
    void *owner;
    bool cancelled;
    json_t *rest_client_config; /* a reference; NULL */
    char *body;                 /* as it is sent */
    size_t len;
    char *shown;         /* the body for the log; NULL: not logged */
    int64_t deadline_us; /* 0: none, or not sent yet */
    unsigned attempts;
    struct sl_transfer *transfer;
    struct sl_timer *pause;
    struct sl_hook_result result; /* settled */
    bool unwanted;                /* settled: no hook is to be sent any more, as if it were off */
    struct sl_later at_once;      /* tells what ask() knew already; the item is in no queue then */
    struct sl_hook_answer known;  /* that */
};

/* The application's own name for the method, NULL if it is not to be sent to it. */
const char *sl_http_hooks_method_name(const struct sl_http_hooks *hooks, const struct sl_app *app,
                                      enum sl_hook_method method);
/* `later` runs in the next turn, if there is something for it. */
void sl_http_hooks_run_later(struct sl_http_hooks *hooks);
/* Sends what may be sent. Calls nobody back. */
void sl_http_hooks_send_ready(struct sl_http_hooks *hooks);

/* ErrorEvent for a client, to be told by `later`. */
struct client_error {
    struct sl_list link;
    char *session_id;
    char info[SL_HOOK_INFO_MAX];
};

/* ---- call.c ---- */

/* The level at which requests and answers of this method are logged. */
int sl_hook_call_log_level(enum sl_hook_method method);
/* A question that waits to be sent must not wait for ever. */
void sl_hook_call_watch_deadline(struct sl_hook_call *call);
/* Counts and logs a hook that did not get in. */
void sl_hook_call_note_refused(struct sl_http_hooks *hooks, const struct sl_hook_client *client,
                               enum sl_hook_method method, const struct sl_hook_verdict *verdict);
/* Of an item that sl_hook_queue_next() has given. */
void sl_hook_call_send(struct sl_hook_call *call);
/* Its last act tells the owner. */
void sl_hook_call_finish(struct sl_hook_call *call, const struct sl_hook_result *result,
                         const char *why);
void sl_hook_call_finish_unwanted(struct sl_hook_call *call);
void sl_hook_call_free(struct sl_hook_call *call);

#endif
