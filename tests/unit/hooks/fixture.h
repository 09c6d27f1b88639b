/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hooks, applications and a back end on one loop, run by the test; and back ends that are no proper
 * HTTP servers, each in a thread.
 */
#ifndef SL_TEST_HOOKS_FIXTURE_H
#define SL_TEST_HOOKS_FIXTURE_H

#include "base/config.h"
#include "base/error.h"
#include "base/metrics.h"
#include "hooks/hooks.h"
#include "http/http.h"
#include "net/net.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { SEEN_MAX = 512, DEADLINE_S = 20 };

/* A request at the back end. */
struct seen {
    char path[64], content_type[64], authorization[128], signature[128], others[64];
    char *body;
    struct sl_http_request *open; /* held; NULL once answered, or gone */
    bool gone;
};

/* The application "app" has all methods and the back end's URL. */
struct fixture {
    struct sl_loop *loop;
    struct sl_config *config;
    struct sl_metrics *metrics;
    struct sl_counters *counters;
    struct sl_http *http;
    struct sl_listener *listener;
    struct sl_apps *apps;
    struct sl_http_hooks *hooks;
    const struct sl_hooks *api;
    struct sl_timer *tick;
    char dir[64], log[96];

    bool hold; /* keep requests open until respond() */
    int status;
    const char *answer;   /* NULL: the same body back */
    const char *location; /* of an answer; NULL: none */
    struct seen seen[SEEN_MAX];
    int seen_count;

    int error_count; /* of on_client_error */
    char error_session[64], error_info[200];
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
/* "key=value" */
void configure(struct fixture *f, const char *assignment);
/* hook_connections_max is read only then. */
void restart_hooks(struct fixture *f);
/* Ends them before the fixture does. */
void destroy_hooks(struct fixture *f);
/* The URL of "app": the back end's by default. */
void set_url(struct fixture *f, const char *url);
const char *url_of(const struct fixture *f);
uint64_t counted(const struct fixture *f, enum sl_counter counter);
/* The log so far, to be freed. */
char *read_log(const struct fixture *f);

/* Runs the loop until it holds; fails the test at the deadline. */
#define run_until(f, condition)                                                                    \
    do {                                                                                           \
        int64_t run_until_end = now_ms() + DEADLINE_S * 1000;                                      \
        while (!(condition)) {                                                                     \
            if (now_ms() > run_until_end)                                                          \
                fail_msg("%s:%d: not within %d s: %s", __FILE__, __LINE__, DEADLINE_S,             \
                         #condition);                                                              \
            run_once(f);                                                                           \
        }                                                                                          \
    } while (0)
void run_once(struct fixture *f);
/* Runs it for a while in which nothing must happen. */
void run_for_ms(struct fixture *f, int ms);
int64_t now_ms(void);

/* ---- Asking ---- */

struct answer {
    int count; /* must become 1 and stay so */
    bool allowed;
    int status;
    char info[200];
    json_t *fields;                      /* a copy */
    void (*then)(struct answer *answer); /* called from within on_answer; may be NULL */
    void *arg;
};
void on_answer(void *answer, const struct sl_hook_answer *given);
void answer_clear(struct answer *answer);

/* config: restClientConfig as text; NULL. media: NULL for the session's own chain; n goes into the
 * body. */
struct sl_hook_call *ask(struct fixture *f, const char *session, const char *config,
                         enum sl_hook_method method, const char *media, int n,
                         struct answer *answer);
void notify(struct fixture *f, const char *session, const char *config, enum sl_hook_method method,
            const char *media, int n);
void notify_body(struct fixture *f, const char *session, enum sl_hook_method method,
                 const char *body);

/* ---- The back end ---- */

/* Answers the held request i. */
void respond(struct fixture *f, int i, int status, const char *body);
/* n of the body of request i. */
int seen_n(const struct fixture *f, int i);

/* ---- Improper back ends ---- */

/* A server in a thread that gives every connection to serve(), one at a time, and closes it
 * afterwards. */
struct raw;
struct raw *raw_start(void (*serve)(struct raw *raw, int fd));
void raw_stop(struct raw *raw);
const char *raw_url(const struct raw *raw);
/* Whole requests read; connections accepted; connections whose end was seen. */
atomic_int *raw_requests(struct raw *raw);
atomic_int *raw_connections(struct raw *raw);
/* For serve(): false when the client is gone. */
bool raw_read_request(struct raw *raw, int fd);
void raw_write(int fd, const char *text);
bool raw_is_stopping(const struct raw *raw);
/* A port that nobody listens on. */
uint16_t closed_port(void);

#endif
