/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a client's restClientConfig and a back end's answer mean (rest-hooks.md section 3). Pure: no
 * I/O, no clock, no log.
 */
#ifndef SL_HOOKS_POLICY_H
#define SL_HOOKS_POLICY_H

#include "hooks/hooks.h"

enum {
    SL_HOOK_INFO_MAX = 160, /* bytes of words for the client, with the NUL */
    /* Of an answer's JSON: what a client may nest and name, inside body and `custom`. */
    SL_HOOK_ANSWER_DEPTH_MAX = 34,
    SL_HOOK_ANSWER_VALUES_MAX = 16384,
};

/* ---- restClientConfig (3.1) ---- */

/* One method's entry; the lists are borrowed from the config, "" where none is given. */
struct sl_hook_policy {
    bool fail;      /* restOnError=FAIL */
    bool disabled;  /* restPolicy=DISABLE, or DISABLED */
    bool overwrite; /* restPolicy=OVERWRITE */
    bool odd;       /* something in it is unknown: the default is used */
    const char *client_exclude, *rest_exclude, *rest_overwrite;
};

/* rest_client_config: NULL or no object: defaults. Any spelling of the method's name will do, the
 * usual one first. */
void sl_hook_policy_read(const json_t *rest_client_config, enum sl_hook_method method,
                         struct sl_hook_policy *out);
/* What of it is worth keeping as long as the session lives: known methods, known fields. *odd: some
 * value is unknown. New reference; NULL if config is no object. */
json_t *sl_hook_policy_keep(json_t *rest_client_config, bool *odd);

/* True if the comma list has this word; blanks around commas do not count. */
bool sl_hook_list_has(const char *list, const char *word);

/* A copy of body without what restExclude names; nodeId, sessionId and appKey stay. New reference.
 */
json_t *sl_hook_policy_body(const struct sl_hook_policy *policy, json_t *body);
/* Takes out of object what clientExclude names (HOOK-18). */
void sl_hook_policy_strip(const struct sl_hook_policy *policy, json_t *object);

/* ---- Answers ---- */

enum sl_hook_outcome {
    SL_HOOK_ANSWERED,    /* the answer is whole */
    SL_HOOK_UNREACHABLE, /* it could not be sent */
    SL_HOOK_TIMED_OUT,
    SL_HOOK_BROKEN, /* sent, but the answer ended early or was too long */
    SL_HOOK_BUSY,   /* a bound of ours: not sent */
};

struct sl_hook_result {
    enum sl_hook_outcome outcome;
    int status; /* as soon as the answer's header was there, even if the rest did not come; or 0 */
    const char *body;
    size_t len;
};

struct sl_hook_verdict {
    bool allowed;
    bool failed;      /* an interaction error, whatever follows from it */
    bool tell_client; /* by ErrorEvent */
    bool odd;         /* unknown values in a restClientConfig */
    int status;       /* as struct sl_hook_answer has it */
    char info[SL_HOOK_INFO_MAX];
    const char *unreadable; /* what is wrong with the body, if no policy can be read in it; NULL */
    json_t *answer;         /* if it was an object; NULL. For the log */
    json_t *fields;         /* what is taken over; NULL */
};

/*
 * Fills *out, whose references sl_hook_verdict_deinit() gives back. An answer with nothing in it is
 * an unchanged echo. One to a question that has a body which is no JSON object is an error as a 500
 * is: what it would have said must not be taken for a yes. Of a notification the body is of no use,
 * whatever it is.
 */
void sl_hook_judge(enum sl_hook_method method, const json_t *rest_client_config,
                   const struct sl_hook_result *result, struct sl_hook_verdict *out);
void sl_hook_verdict_deinit(struct sl_hook_verdict *verdict);

#endif
