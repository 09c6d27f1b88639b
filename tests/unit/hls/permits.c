/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hls/permits.h"

#include "base/addr.h"
#include "base/clock.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { CALLS_MAX = 16 };

/* A back end that answers when it is told to. */
struct sl_hook_call {
    sl_hook_on_answer *on_answer;
    void *owner;
    json_t *body;
};

struct fixture {
    struct sl_hooks hooks;
    struct sl_permits *permits;
    struct sl_hook_call calls[CALLS_MAX];
    size_t count, cancelled;
};

static bool knows_app(void *arg, const char *app_key)
{
    (void)arg;
    return strcmp(app_key, "unknown") != 0;
}

static bool wants(void *arg, const struct sl_hook_client *client, enum sl_hook_method method)
{
    (void)arg;
    assert_int_equal(method, SL_HOOK_PLAY_HLS);
    return strcmp(client->app_key, "plain") != 0;
}

static struct sl_hook_call *ask(void *arg, const struct sl_hook_client *client,
                                enum sl_hook_method method, json_t *body,
                                sl_hook_on_answer *on_answer, void *owner)
{
    struct fixture *fixture = arg;
    struct sl_hook_call *call = &fixture->calls[fixture->count++];

    (void)method;
    assert_string_equal(client->session_id, "/198.51.100.7:59473/203.0.113.5:8445");
    *call = (struct sl_hook_call){on_answer, owner, json_incref(body)};
    return call;
}

static void cancel(void *arg, struct sl_hook_call *call)
{
    (void)call;
    ((struct fixture *)arg)->cancelled++;
}

static int set_up(void **state)
{
    struct fixture *fixture = sl_new(struct fixture);

    fixture->hooks = (struct sl_hooks){
        .arg = fixture, .knows_app = knows_app, .wants = wants, .ask = ask, .cancel = cancel};
    fixture->permits = sl_permits_create(&(struct sl_permits_config){.hooks = &fixture->hooks,
                                                                     .node_id = "node",
                                                                     .cache_us = 10 * SL_US_PER_S,
                                                                     .token_parameter = "aclAuth"});
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    sl_permits_destroy(fixture->permits);
    for (size_t i = 0; i < fixture->count; i++)
        json_decref(fixture->calls[i].body);
    free(fixture);
    return 0;
}

struct viewer {
    struct sl_permit_wait wait;
    int status, told;
};

static void on_answer(struct sl_permit_wait *wait, int status)
{
    struct viewer *viewer = sl_container_of(wait, struct viewer, wait);

    viewer->status = status;
    viewer->told++;
}

/* `later_us` from now, as answers are dated by the clock. */
static int ask_for(struct fixture *fixture, struct viewer *viewer, const char *raw, uint8_t host,
                   int64_t later_us)
{
    struct sl_hls_query query;
    struct sl_addr remote, local;
    char text[32];

    (void)snprintf(text, sizeof(text), "198.51.100.%d", host);
    (void)sl_addr_parse_ip(text, 59473, &remote);
    (void)sl_addr_parse_ip("203.0.113.5", 8445, &local);
    assert_int_equal(sl_hls_query_parse(raw, &query), 0);
    const struct sl_permit_request request = {.name = "cam",
                                              .media_session_id = "1-cam-HLS",
                                              .query = &query,
                                              .remote = &remote,
                                              .local = &local,
                                              .path = "/cam/cam.m3u8",
                                              .origin = "https://example.com"};
    *viewer = (struct viewer){.wait.on_answer = on_answer};
    int status = sl_permits_ask(fixture->permits, &request, &viewer->wait, sl_now_us() + later_us);
    sl_hls_query_deinit(&query);
    return status;
}

static void answer(struct fixture *fixture, size_t call, int status)
{
    const struct sl_hook_answer hook = {.allowed = true, .status = status};

    fixture->calls[call].on_answer(fixture->calls[call].owner, &hook);
}

static const char *text_of(const struct fixture *fixture, const char *name)
{
    return json_string_value(json_object_get(fixture->calls[0].body, name));
}

static void the_back_end_hears_who_asks_for_what(void **state)
{
    struct fixture *fixture = *state;
    struct viewer viewer;

    assert_int_equal(ask_for(fixture, &viewer, "aclAuth=12%2B&x=y", 7, 0), 0);
    assert_string_equal(text_of(fixture, "name"), "cam");
    assert_string_equal(text_of(fixture, "token"), "12+");
    assert_string_equal(text_of(fixture, "appKey"), "defaultApp");
    assert_string_equal(text_of(fixture, "nodeId"), "node");
    assert_string_equal(text_of(fixture, "mediaSessionId"), "1-cam-HLS");
    assert_string_equal(text_of(fixture, "url"), "/cam/cam.m3u8");
    assert_true(json_is_null(json_object_get(fixture->calls[0].body, "userAgent")));
    const json_t *custom = json_object_get(fixture->calls[0].body, "custom");
    assert_string_equal(json_string_value(json_object_get(custom, "x")), "y");
    assert_int_equal(json_object_size(custom), 2);
    sl_permit_wait_cancel(&viewer.wait);
}

static void one_question_is_for_all_who_ask_alike(void **state)
{
    struct fixture *fixture = *state;
    struct viewer a, b, other;

    assert_int_equal(ask_for(fixture, &a, "token=1", 7, 0), 0);
    assert_int_equal(ask_for(fixture, &b, "token=1", 7, 0), 0);
    assert_int_equal(ask_for(fixture, &other, "token=2", 7, 0), 0);
    assert_int_equal(fixture->count, 2);
    answer(fixture, 0, 200);
    assert_int_equal(a.status, 200);
    assert_int_equal(b.status, 200);
    assert_int_equal(a.told, 1);
    assert_int_equal(other.told, 0);
    assert_int_equal(ask_for(fixture, &a, "token=1", 7, 9 * SL_US_PER_S), 200);
    assert_int_equal(fixture->count, 2);
    assert_int_equal(ask_for(fixture, &a, "token=1", 7, 11 * SL_US_PER_S), 0);
    assert_int_equal(fixture->count, 3);
    sl_permit_wait_cancel(&a.wait);
    sl_permit_wait_cancel(&other.wait);
    answer(fixture, 1, 403); /* nobody waits, it is kept all the same */
    assert_int_equal(ask_for(fixture, &other, "token=2", 7, 0), 401);
}

static void only_a_yes_is_a_yes(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        int hook, status;
    } cases[] = {{200, 200}, {401, 401}, {403, 401}, {0, 503}, {500, 503}, {204, 503}, {302, 503}};

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct viewer viewer;
        char raw[16];
        (void)snprintf(raw, sizeof(raw), "token=%zu", i);
        assert_int_equal(ask_for(fixture, &viewer, raw, 7, 0), 0);
        answer(fixture, i, cases[i].hook);
        assert_int_equal(viewer.status, cases[i].status);
        assert_int_equal(ask_for(fixture, &viewer, raw, 7, 0), cases[i].status);
    }
    struct viewer again;
    assert_int_equal(ask_for(fixture, &again, "token=3", 7, 3 * SL_US_PER_S), 0);
    sl_permit_wait_cancel(&again.wait);
}

static void an_application_that_does_not_ask_lets_nobody_in(void **state)
{
    struct fixture *fixture = *state;
    struct viewer viewer;

    assert_int_equal(ask_for(fixture, &viewer, "appKey=unknown", 7, 0), 401);
    assert_int_equal(ask_for(fixture, &viewer, "appKey=plain", 7, 0), 401);
    assert_int_equal(fixture->count, 0);
}

static void questions_end_with_who_asks_them(void **state)
{
    struct fixture *fixture = *state;
    struct viewer viewer;

    assert_int_equal(ask_for(fixture, &viewer, "", 7, 0), 0);
    sl_permit_wait_cancel(&viewer.wait);
    sl_permits_destroy(fixture->permits);
    fixture->permits = NULL;
    assert_int_equal(fixture->cancelled, 1);
    assert_int_equal(viewer.told, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_back_end_hears_who_asks_for_what),
        TEST(one_question_is_for_all_who_ask_alike),
        TEST(only_a_yes_is_a_yes),
        TEST(an_application_that_does_not_ask_lets_nobody_in),
        TEST(questions_end_with_who_asks_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
