/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTP Basic through the router (REST-4): a check that takes its time, or fails, or outlives the
 * client, and guessing (hardening.md class 17). */
#include "fake_http.h"

#include "base/mem.h"
#include "http/access.h"
#include "http/cors.h"
#include "http/guess.h"
#include "http/local_users.h"
#include "http/router.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { CHECKS_MAX = 32 };

/* Who asked, in order; the test answers. */
struct check {
    void (*on_checked)(void *arg, int err);
    void *arg;
    int right; /* the answer of dispatch() */
};

struct fixture {
    struct sl_access_rules rules;
    struct sl_cors *cors;
    struct sl_router *router;
    bool prompt; /* dispatch() answers */
    struct check checks[CHECKS_MAX];
    size_t check_count, handled;
};

/* admin has the password s:cret. */
static void check_user(void *owner, const char *user, const char *password,
                       void (*on_checked)(void *arg, int err), void *arg)
{
    struct fixture *f = owner;

    assert_true(f->check_count < CHECKS_MAX);
    f->checks[f->check_count++] = (struct check){
        on_checked, arg, !strcmp(user, "admin") && !strcmp(password, "s:cret") ? 0 : -EACCES};
}

static void answer_check(struct fixture *f, size_t index, int err)
{
    f->checks[index].on_checked(f->checks[index].arg, err);
}

static void dispatch(struct fixture *f, struct sl_http_request *request)
{
    size_t before = f->check_count;

    sl_router_dispatch(f->router, request);
    if (f->prompt && f->check_count > before)
        answer_check(f, before, f->checks[before].right);
}

static void handle_void(struct sl_call *call, void *arg)
{
    ((struct fixture *)arg)->handled++;
    sl_reply_empty(call);
}

static const struct sl_route routes[] = {
    {.methods = "POST", .path = "/rest-api/x", .access = SL_ROUTE_OPERATOR, .handle = handle_void},
    {.methods = "POST", .path = "/apps/x", .access = SL_ROUTE_MACHINE, .handle = handle_void},
};

static int setup(void **state)
{
    static const struct sl_cors_config cors;
    struct fixture *f = sl_new(struct fixture);

    assert_int_equal(sl_cors_create(&cors, &f->cors, NULL), 0);
    f->rules = (struct sl_access_rules){.require_auth = true, .owner = f, .check_user = check_user};
    f->rules.users = sl_local_users_create(NULL, 0);
    f->router = sl_router_create(&f->rules, NULL);
    sl_router_set_cors(f->router, f->cors);
    sl_router_add(f->router, routes, SL_ARRAY_LEN(routes), f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    sl_router_destroy(f->router);
    sl_local_users_destroy(f->rules.users);
    sl_cors_destroy(f->cors);
    free(f);
    return 0;
}

enum { UNLISTED = 2000000000 }; /* a uid that nobody has */

#define RIGHT "Basic YWRtaW46czpjcmV0" /* admin:s:cret */
#define WRONG "Basic YWRtaW46d3Jvbmc=" /* admin:wrong */

static struct sl_http_request request_of(const char *authorization)
{
    return (struct sl_http_request){.method = "POST",
                                    .path = "/rest-api/x",
                                    .host = "localhost",
                                    .authorization = authorization};
}

static int status_of(struct fixture *f, const char *authorization)
{
    struct sl_http_request request = request_of(authorization);

    dispatch(f, &request);
    assert_int_equal(request.answers, 1);
    int status = request.status;
    fake_deinit(&request);
    return status;
}

static void runs_the_call_once_the_credentials_are_right(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int err, status;
        const char *retry_after;
    } cases[] = {{0, 200, NULL}, {-EACCES, 401, NULL}, {-EBUSY, 503, "1"}, {-EIO, 500, NULL}};

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_http_request request = request_of(RIGHT);
        dispatch(f, &request);
        assert_int_equal(request.answers, 0);
        answer_check(f, i, cases[i].err);
        assert_int_equal(request.status, cases[i].status);
        assert_int_equal(f->handled, 1);
        const char *retry_after = fake_answer_line(&request, "Retry-After");
        assert_string_equal(retry_after ? retry_after : "",
                            cases[i].retry_after ? cases[i].retry_after : "");
        const char *challenge = fake_answer_line(&request, "WWW-Authenticate");
        assert_string_equal(challenge ? challenge : "",
                            cases[i].status == 401 ? "Basic realm=\"sluice\", charset=\"UTF-8\""
                                                   : "");
        fake_deinit(&request);
    }
}

static void asks_nobody_without_credentials_of_its_scheme(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(status_of(f, NULL), 401);
    assert_int_equal(status_of(f, "Bearer YWRtaW46czpjcmV0"), 401);
    assert_int_equal(status_of(f, "Basic !"), 401);
    assert_int_equal(f->check_count, 0);
}

static void preflights_and_the_machines_own_hooks_need_none(void **state) /* rest-hooks.md 1.1 */
{
    struct fixture *f = *state;
    static const struct {
        const char *method, *path, *remote, *host;
        uid_t owner;
        int status;
    } cases[] = {
        {"OPTIONS", "/rest-api/x", "192.0.2.1", "media.example", 0, 200},
        {"OPTIONS", "/rest-api/x", "127.0.0.1", "localhost", UNLISTED, 200},
        {"POST", "/apps/x", "127.0.0.1", "localhost:8081", 0, 200},
        {"POST", "/apps/x", "127.0.0.1", "localhost:8081", UNLISTED, 401},
        {"POST", "/apps/x", "127.0.0.1", "evil.example", 0, 401},
        {"POST", "/apps/x", "192.0.2.1", "localhost", 0, 401},
        {"POST", "/rest-api/x", "127.0.0.1", "localhost", 0, 401},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_http_request request = {.method = cases[i].method,
                                          .path = cases[i].path,
                                          .remote = cases[i].remote,
                                          .owner = cases[i].owner,
                                          .host = cases[i].host};
        dispatch(f, &request);
        assert_int_equal(request.status, cases[i].status);
        fake_deinit(&request);
    }
}

static void forgets_a_client_that_goes_while_its_password_is_checked(void **state)
{
    struct fixture *f = *state;

    for (int err = 0; err <= 1; err++) {
        struct sl_http_request request = request_of(RIGHT);
        f->check_count = 0;
        dispatch(f, &request);
        fake_gone(&request);
        answer_check(f, 0, err ? -EACCES : 0);
        assert_null(request.answer);
    }
    assert_int_equal(f->handled, 0);
}

static void drops_what_is_still_checked_at_the_end(void **state)
{
    struct fixture *f = *state;
    struct sl_http_request request = request_of(RIGHT);

    dispatch(f, &request);
    assert_int_equal(f->check_count, 1);
    fake_gone(&request); /* the listeners are gone before the router is; teardown finds no leak */
}

static void refuses_an_address_that_guesses_and_hashes_no_more(void **state)
{
    struct fixture *f = *state;

    f->prompt = true;
    assert_int_equal(status_of(f, RIGHT), 200);
    for (int i = 0; i < SL_GUESS_WRONG_MAX; i++)
        assert_int_equal(status_of(f, WRONG), 401);
    size_t checks = f->check_count;
    struct sl_http_request request = request_of(WRONG);
    dispatch(f, &request);
    assert_int_equal(request.status, 429);
    json_t *body = fake_answer_json(&request);
    assert_int_equal(json_integer_value(json_object_get(body, "status")), 429);
    json_decref(body);
    int wait_s = atoi(fake_answer_line(&request, "Retry-After"));
    assert_in_range(wait_s, 1, SL_GUESS_WINDOW_S);
    fake_deinit(&request);
    assert_int_equal(status_of(f, RIGHT), 429);
    assert_int_equal(f->check_count, checks);
    assert_int_equal(status_of(f, NULL), 401); /* says nothing of passwords */
    request = request_of(RIGHT);
    request.remote = "192.0.2.77";
    dispatch(f, &request);
    assert_int_equal(request.status, 200); /* others go on */
    fake_deinit(&request);
}

static void guesses_sent_at_once_tell_no_more_than_five(void **state)
{
    struct fixture *f = *state;
    struct sl_http_request requests[20];

    for (size_t i = 0; i < SL_ARRAY_LEN(requests); i++) {
        requests[i] = request_of(i == 12 ? RIGHT : WRONG);
        sl_router_dispatch(f->router, &requests[i]);
    }
    assert_int_equal(f->check_count, SL_ARRAY_LEN(requests));
    for (size_t i = 0; i < SL_ARRAY_LEN(requests); i++) {
        answer_check(f, i, i == 12 ? 0 : -EACCES);
        assert_int_equal(requests[i].status, i < SL_GUESS_WRONG_MAX ? 401 : 429);
        fake_deinit(&requests[i]);
    }
    assert_int_equal(f->handled, 0);
}

static void counts_guesses_of_clients_that_do_not_wait_for_the_answer(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < SL_GUESS_WRONG_MAX; i++) {
        struct sl_http_request request = request_of(WRONG);
        dispatch(f, &request);
        fake_gone(&request);
        answer_check(f, i, -EACCES);
    }
    assert_int_equal(status_of(f, RIGHT), 429);
}

#define CREDENTIALS_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CREDENTIALS_TEST(runs_the_call_once_the_credentials_are_right),
        CREDENTIALS_TEST(asks_nobody_without_credentials_of_its_scheme),
        CREDENTIALS_TEST(preflights_and_the_machines_own_hooks_need_none),
        CREDENTIALS_TEST(forgets_a_client_that_goes_while_its_password_is_checked),
        CREDENTIALS_TEST(drops_what_is_still_checked_at_the_end),
        CREDENTIALS_TEST(refuses_an_address_that_guesses_and_hashes_no_more),
        CREDENTIALS_TEST(guesses_sent_at_once_tell_no_more_than_five),
        CREDENTIALS_TEST(counts_guesses_of_clients_that_do_not_wait_for_the_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
