/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The router with a table of its own: what a handler can rely on, and what callers are told. */
#include "fake_http.h"

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "http/access.h"
#include "http/body.h"
#include "http/cors.h"
#include "http/local_users.h"
#include "http/router.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct sl_access_rules rules;
    struct sl_cors *cors;
    struct sl_router *router;
    struct sl_call *waiting;
};

static void handle_echo(struct sl_call *call, void *arg)
{
    (void)arg;
    sl_reply_json(call, 200, json_incref(sl_call_body(call)));
}

static void handle_void(struct sl_call *call, void *arg)
{
    (void)arg;
    sl_reply_empty(call);
}

static void handle_conflict(struct sl_call *call, void *arg)
{
    (void)arg;
    sl_reply_error(call, 409, "%s is in use", "cam\xff");
}

static void handle_later(struct sl_call *call, void *arg)
{
    ((struct fixture *)arg)->waiting = call;
}

static const struct sl_param echo_params[] = {
    {.name = "a", .type = SL_PARAM_ANY},
    {.name = "n", .type = SL_PARAM_INTEGER},
};

#define OPERATOR(m, p, h)                                                                          \
    {                                                                                              \
        .methods = m, .path = p, .access = SL_ROUTE_OPERATOR, .handle = h                          \
    }

static const struct sl_route routes[] = {
    {.methods = "POST",
     .path = "/rest-api/echo",
     .access = SL_ROUTE_OPERATOR,
     .handle = handle_echo,
     SL_ROUTE_PARAMS(echo_params)},
    {.methods = "POST",
     .path = "/rest-api/needy",
     .access = SL_ROUTE_OPERATOR,
     .handle = handle_echo,
     .body = SL_BODY_NEED_ONE,
     SL_ROUTE_PARAMS(echo_params)},
    OPERATOR("GET POST", "/rest-api/find_all", handle_void),
    OPERATOR("POST", "/rest-api/conflict", handle_conflict),
    OPERATOR("POST", "/rest-api/later", handle_later),
    {.methods = "POST",
     .path = "/apps/mirror/*",
     .access = SL_ROUTE_MACHINE,
     .handle = handle_void,
     .body = SL_BODY_RAW},
    {.methods = "GET", .path = "/api/v1/conflict", .handle = handle_conflict},
};

static int setup(void **state)
{
    static const struct sl_cors_config cors;
    struct fixture *f = sl_new(struct fixture);

    assert_int_equal(sl_cors_create(&cors, &f->cors, NULL), 0);
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

static struct sl_http_request ask(struct fixture *f, const char *method, const char *path,
                                  const char *body)
{
    struct sl_http_request request = {
        .method = method, .path = path, .body = body, .host = "localhost:8081"};

    sl_router_dispatch(f->router, &request);
    return request;
}

static void answers_by_method_and_path(void **state) /* REST-2, REST-5, REST-7 */
{
    static const struct {
        const char *method, *path, *body;
        int status;
        const char *allow;
    } cases[] = {
        {"POST", "/rest-api/echo", "{}", 200, NULL},
        {"POST", "/rest-api/echo/", "{}", 200, NULL},
        {"POST", "/rest-api/echo//", "{}", 404, NULL},
        {"POST", "/rest-api/ech", "{}", 404, NULL},
        {"POST", "/rest-api/echoes", "{}", 404, NULL},
        {"POST", "/rest-api", "{}", 404, NULL},
        {"POST", "//rest-api/echo", "{}", 404, NULL},
        {"POST", "/rest-api//echo", "{}", 404, NULL},
        {"POST", "/REST-API/echo", "{}", 404, NULL},
        {"POST", "/rest-api/Echo", "{}", 404, NULL},
        {"POST", "/rest-api/./echo", "{}", 404, NULL},
        {"POST", "/rest-api/find_all/../echo", "{}", 404, NULL},
        {"POST", "/rest-api/echo;a=b", "{}", 404, NULL},
        {"POST", "/rest-api/echo\\", "{}", 404, NULL},
        {"POST", "/rest-api/echo ", "{}", 404, NULL},
        {"POST", "rest-api/echo", "{}", 404, NULL},
        {"POST", "/apps/mirror", "", 404, NULL},
        {"POST", "/apps/mirror/", "", 404, NULL},
        {"POST", "/apps/mirror/connect", "no JSON", 200, NULL},
        {"POST", "/apps/mirror/any/thing/", "", 200, NULL},
        {"GET", "/apps/mirror/connect", NULL, 405, "POST, OPTIONS"},
        {"HEAD", "/rest-api/echo", NULL, 405, "POST, OPTIONS"},
        {"PATCH", "/rest-api/echo", "{}", 405, "POST, OPTIONS"},
        {"post", "/rest-api/echo", "{}", 405, "POST, OPTIONS"}, /* methods have a case */
        {"GET", "/rest-api/find_all", NULL, 200, NULL},
        {"HEAD", "/rest-api/find_all", NULL, 200, NULL},
        {"POST", "/rest-api/find_all", "", 200, NULL},
        {"GET", "/rest-api/echo", NULL, 405, "POST, OPTIONS"},
        {"PUT", "/rest-api/echo", "{}", 405, "POST, OPTIONS"},
        {"DELETE", "/rest-api/find_all", NULL, 405, "GET, HEAD, POST, OPTIONS"},
        {"POST", "/rest-api/echo", "{", 400, NULL},
        {"POST", "/rest-api/echo", "[1]", 400, NULL},
        {"POST", "/rest-api/echo", "1", 400, NULL},
        {"POST", "/rest-api/echo", "{} {}", 400, NULL},
        {"POST", "/rest-api/echo", "null", 400, NULL},
        {"POST", "/rest-api/echo", "{\"a\":\"\xff\"}", 400, NULL},         /* no UTF-8 */
        {"POST", "/rest-api/echo", "{\"a\":\"\xed\xa0\x80\"}", 400, NULL}, /* a surrogate */
        {"POST", "/rest-api/echo", "{\"a\":\"\\u0000\"}", 400, NULL},      /* a NUL in a string */
        {"POST", "/rest-api/echo", "{\"n\":\"x\"}", 400, NULL},
        {"GET", "/", NULL, 404, NULL}, /* no pages here */
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_http_request request = ask(*state, cases[i].method, cases[i].path, cases[i].body);
        const char *allow = fake_answer_line(&request, "Allow");
        if (request.status != cases[i].status)
            fail_msg("%s %s %s: got %d", cases[i].method, cases[i].path, cases[i].body,
                     request.status);
        if (strcmp(allow ? allow : "", cases[i].allow ? cases[i].allow : "") != 0)
            fail_msg("%s %s: Allow: %s", cases[i].method, cases[i].path, allow);
        fake_deinit(&request);
    }
}

static void gives_parameters_to_the_handler_and_void_calls_no_body(void **state) /* REST-5 */
{
    struct sl_http_request request =
        ask(*state, "POST", "/rest-api/echo", "{\"x\":1,\"n\":\"7\",\"a\":[1,null]}");

    assert_string_equal(request.answer, "{\"a\":[1,null],\"n\":7}");
    assert_string_equal(request.content_type, "application/json;charset=UTF-8");
    fake_deinit(&request);
    request = ask(*state, "POST", "/rest-api/echo", " \r\n");
    assert_string_equal(request.answer, "{}");
    fake_deinit(&request);
    request = ask(*state, "POST", "/rest-api/find_all", NULL);
    assert_int_equal(request.answer_len, 0);
    assert_string_equal(request.content_type, "");
    fake_deinit(&request);
}

static void wants_at_least_one_parameter_where_the_row_says_so(void **state) /* REST-42 */
{
    static const char *const bodies[] = {"{}", "", " ", "{\"a\":null}", "{\"A\":1,\"names\":2}"};
    struct sl_http_request request;

    for (size_t i = 0; i < SL_ARRAY_LEN(bodies); i++) {
        request = ask(*state, "POST", "/rest-api/needy", bodies[i]);
        if (request.status != 400 || !strstr(request.answer, "a, n"))
            fail_msg("%s: got %d %s", bodies[i], request.status, request.answer);
        fake_deinit(&request);
    }
    request = ask(*state, "POST", "/rest-api/needy", "{\"n\":0}");
    assert_int_equal(request.status, 200);
    fake_deinit(&request);
}

static void tells_errors_in_the_body_of_the_api(void **state) /* REST-6 */
{
    struct sl_http_request request = ask(*state, "POST", "/rest-api/conflict", "{}");
    json_t *body = fake_answer_json(&request);

    assert_int_equal(request.status, 409);
    assert_int_equal(json_integer_value(json_object_get(body, "status")), 409);
    assert_string_equal(json_string_value(json_object_get(body, "error")), "Conflict");
    assert_string_equal(json_string_value(json_object_get(body, "message")), "cam? is in use");
    assert_string_equal(json_string_value(json_object_get(body, "path")), "/rest-api/conflict");
    assert_string_equal(json_string_value(json_object_get(body, "exception")), "ConflictException");
    assert_true(json_integer_value(json_object_get(body, "timestamp")) > 1500000000000);
    json_decref(body);
    fake_deinit(&request);

    request = ask(*state, "GET", "/api/v1/conflict", NULL);
    body = fake_answer_json(&request);
    assert_string_equal(request.content_type, "application/problem+json");
    assert_string_equal(json_string_value(json_object_get(body, "title")), "Conflict");
    assert_string_equal(json_string_value(json_object_get(body, "detail")), "cam? is in use");
    json_decref(body);
    fake_deinit(&request);
}

static void answers_preflights_to_anyone_for_any_path(void **state) /* REST-3 */
{
    struct fixture *f = *state;
    static const char *const paths[] = {"/rest-api/echo", "/rest-api/not_there", "/rest-api"};

    for (size_t i = 0; i < SL_ARRAY_LEN(paths); i++) {
        struct sl_http_request request = {.method = "OPTIONS",
                                          .path = paths[i],
                                          .remote = "192.0.2.1",
                                          .host = "media.example:8081",
                                          .origin = "https://media.example"};
        sl_router_dispatch(f->router, &request);
        assert_int_equal(request.status, 200);
        assert_int_equal(request.answer_len, 0);
        assert_string_equal(fake_answer_line(&request, "Access-Control-Allow-Origin"),
                            "https://media.example");
        assert_non_null(fake_answer_line(&request, "Access-Control-Allow-Headers"));
        assert_non_null(fake_answer_line(&request, "Access-Control-Allow-Methods"));
        fake_deinit(&request);
    }
}

/* The password that is being checked; NULL: none. */
static struct {
    void (*on_checked)(void *arg, int err);
    void *arg;
} check;

static void knows_all(void *owner, const char *user, const char *password,
                      void (*on_checked)(void *arg, int err), void *arg)
{
    (void)owner;
    (void)user;
    (void)password;
    check.on_checked = on_checked;
    check.arg = arg;
}

static void dispatch(struct fixture *f, struct sl_http_request *request)
{
    check.on_checked = NULL;
    sl_router_dispatch(f->router, request);
    if (check.on_checked)
        check.on_checked(check.arg, 0);
}

static void refuses_strangers_and_pages_of_other_origins(void **state) /* decision 1, class 17 */
{
    struct fixture *f = *state;
    const struct {
        const char *remote, *host, *origin, *authorization;
        bool users;
        int status;
    } cases[] = {
        {"127.0.0.1", "localhost", NULL, NULL, false, 200},
        {"127.0.0.1", "localhost", "http://localhost:3000", NULL, false, 200},
        {"127.0.0.1", "localhost", "http://evil.example", NULL, false, 403},
        {"127.0.0.1", "localhost", "null", NULL, false, 403},
        {"127.0.0.1", "evil.example", "http://evil.example", NULL, false, 403},
        {"192.0.2.1", "localhost", NULL, NULL, false, 403},
        {"192.0.2.1", "localhost", NULL, NULL, true, 401},
        {"192.0.2.1", "media.example", NULL, "Basic YTpi", true, 200},
        {"192.0.2.1", "media.example", "http://evil.example", "Basic YTpi", true, 403},
        {"127.0.0.1", "evil.example", NULL, NULL, false, 403}, /* DNS rebinding */
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        f->rules.check_user = cases[i].users ? knows_all : NULL;
        struct sl_http_request request = {.path = "/rest-api/find_all",
                                          .remote = cases[i].remote,
                                          .host = cases[i].host,
                                          .origin = cases[i].origin,
                                          .authorization = cases[i].authorization};
        dispatch(f, &request);
        if (request.status != cases[i].status)
            fail_msg("case %zu: got %d", i, request.status);
        const char *challenge = fake_answer_line(&request, "WWW-Authenticate");
        assert_true((challenge != NULL) == (cases[i].status == 401));
        if (challenge)
            assert_memory_equal(challenge, "Basic ", 6); /* REST-4 */
        fake_deinit(&request);
    }
}

/* "From loopback" is not "from this machine": a proxy connects from there, too. */
static void takes_nobody_for_an_operator_whom_a_proxy_may_have_sent(void **state)
{
    struct fixture *f = *state;
    enum { UNLISTED = 2000000000 }; /* a uid that nobody has */
    static const struct {
        const char *path, *proxy_sign, *host, *authorization;
        uid_t owner;
        int owner_err, status;
        const char *words; /* of the answer, NULL: any */
    } cases[] = {
        {"/rest-api/find_all", NULL, "localhost", NULL, 0, 0, 200, NULL},
        {"/rest-api/find_all", NULL, "localhost", NULL, UNLISTED, 0, 401, "rest_local_users"},
        {"/rest-api/find_all", NULL, "localhost", "Basic YTpi", UNLISTED, 0, 200, NULL},
        {"/rest-api/find_all", NULL, "localhost", "Bearer x", UNLISTED, 0, 401, NULL},
        {"/rest-api/find_all", NULL, "localhost", NULL, 0, -ENOENT, 401, "kernel does not tell"},
        {"/rest-api/find_all", NULL, "localhost", NULL, 0, -EMFILE, 401, "kernel does not tell"},
        {"/rest-api/find_all", "via", "localhost", NULL, 0, 0, 401, "via tells of a proxy"},
        {"/rest-api/find_all", "HTTP/1.0", "localhost", NULL, 0, 0, 401, "HTTP/1.0 tells"},
        {"/rest-api/find_all", "via", "localhost", "Basic YTpi", 0, 0, 200, NULL},
        {"/rest-api/find_all", NULL, "media.example", NULL, 0, 0, 401, "as localhost"},
        {"/api/v1/conflict", "via", "media.example", NULL, UNLISTED, 0, 409, NULL}, /* public */
    };

    f->rules.check_user = knows_all;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_http_request request = {.path = cases[i].path,
                                          .host = cases[i].host,
                                          .authorization = cases[i].authorization,
                                          .proxy_sign = cases[i].proxy_sign,
                                          .owner = cases[i].owner,
                                          .owner_err = cases[i].owner_err};
        dispatch(f, &request);
        if (request.status != cases[i].status)
            fail_msg("case %zu: got %d", i, request.status);
        if (cases[i].words && !strstr(request.answer, cases[i].words))
            fail_msg("case %zu: %s", i, request.answer);
        fake_deinit(&request);
    }
}

static void lets_a_handler_answer_later(void **state)
{
    struct fixture *f = *state;
    struct sl_http_request request = {
        .method = "POST", .path = "/rest-api/later", .host = "localhost"};

    sl_router_dispatch(f->router, &request);
    assert_int_equal(request.answers, 0);
    sl_reply_empty(f->waiting);
    assert_int_equal(request.status, 200);
    fake_deinit(&request);
}

static void drops_the_answer_when_the_client_has_gone(void **state)
{
    struct fixture *f = *state;
    struct sl_http_request request = {
        .method = "POST", .path = "/rest-api/later", .host = "localhost"};

    sl_router_dispatch(f->router, &request);
    fake_gone(&request);
    assert_null(sl_call_request(f->waiting));
    sl_reply_error(f->waiting, 500, "too late");
    assert_null(request.answer);
}

/* {"a":[[...]]}, depth levels in all. */
static size_t nest(char *out, size_t depth)
{
    static const char start[] = "{\"a\":";
    size_t len = sizeof(start) - 1;

    memcpy(out, start, len);
    memset(out + len, '[', depth - 1);
    memset(out + len + depth - 1, ']', depth - 1);
    len += 2 * (depth - 1);
    out[len++] = '}';
    return len;
}

static void bounds_the_depth_of_a_body(void **state) /* hardening.md, hostile JSON */
{
    (void)state;
    static const char quoted[] =
        "{\"a\":\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}";
    char body[2000];
    struct sl_error error;
    json_t *value = NULL;

    assert_int_equal(sl_body_parse(body, nest(body, SL_JSON_DEPTH_MAX), &value, &error), 0);
    json_decref(value);
    assert_int_equal(sl_body_parse(body, nest(body, SL_JSON_DEPTH_MAX + 1), &value, &error),
                     -EBADMSG);
    assert_int_equal(sl_body_parse(body, nest(body, 900), &value, &error), -EBADMSG);
    assert_int_equal(sl_body_parse(quoted, sizeof(quoted) - 1, &value, &error), 0);
    json_decref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_by_method_and_path, setup, teardown),
        cmocka_unit_test_setup_teardown(gives_parameters_to_the_handler_and_void_calls_no_body,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(wants_at_least_one_parameter_where_the_row_says_so, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(tells_errors_in_the_body_of_the_api, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_preflights_to_anyone_for_any_path, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_strangers_and_pages_of_other_origins, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(takes_nobody_for_an_operator_whom_a_proxy_may_have_sent,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(lets_a_handler_answer_later, setup, teardown),
        cmocka_unit_test_setup_teardown(drops_the_answer_when_the_client_has_gone, setup, teardown),
        cmocka_unit_test(bounds_the_depth_of_a_body),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
