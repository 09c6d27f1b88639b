/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /rest-api/call over a fake of calls/: which calls are found and ended, which status says what
 * (rest-api.md section 8), and where they are counted. */
#include "control.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>

#define CALL(call) "/rest-api/call/" call

static struct fake_exchange *add_calls(struct control *control)
{
    struct fake_exchange *fake = &control->exchange;

    fake_exchange_add(fake, "a", "1001", "RING");
    fake_exchange_add(fake, "b", "1001", "ESTABLISHED");
    fake_exchange_add(fake, "c", "1002", "ESTABLISHED");
    return fake;
}

static void finds_those_that_match_all_filters(void **state)
{
    static const struct {
        const char *body, *ids;
    } cases[] = {
        {"{}", "abc"},
        {"{'callee':'1001'}", "ab"},
        {"{'status':'ESTABLISHED'}", "bc"},
        {"{'callee':'1001','status':'ESTABLISHED'}", "b"},
        {"{'callId':'c'}", "c"},
    };
    struct control *control = *state;

    add_calls(control);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        char ids[FAKE_CALLS_MAX + 1] = "";
        json_t *list, *item;
        size_t j;
        assert_int_equal(post(control, CALL("find"), cases[i].body, &list), 200);
        json_array_foreach(list, j, item)
            strcat(ids, json_string_value(json_object_get(item, "callId")));
        assert_string_equal(ids, cases[i].ids);
        json_decref(list);
    }
    assert_int_equal(post(control, CALL("find"), "{'callId':'d'}", NULL), 404);
    assert_int_equal(post(control, CALL("find"), "{'rtmpUrl':'rtmp://h/a'}", NULL), 404);
    assert_int_equal(post(control, CALL("find"), "{'callId':7}", NULL), 400);
}

static void finds_none(void **state)
{
    struct control *control = *state;

    assert_int_equal(post(control, CALL("find_all"), NULL, NULL), 404);
    assert_int_equal(post(control, CALL("find"), "{}", NULL), 404);
}

static void terminates_one(void **state)
{
    struct control *control = *state;
    json_t *list;

    add_calls(control);
    assert_int_equal(post(control, CALL("terminate"), "{}", NULL), 400);
    assert_int_equal(post(control, CALL("terminate"), "{'callId':'d'}", NULL), 404);
    assert_int_equal(post(control, CALL("terminate"), "{'callId':'b'}", NULL), 200);
    assert_int_equal(post(control, CALL("terminate"), "{'callId':'b'}", NULL), 404);
    assert_int_equal(post(control, CALL("find_all"), NULL, &list), 200);
    assert_int_equal(json_array_size(list), 2);
    json_decref(list);
}

static void sends_digits(void **state)
{
    struct control *control = *state;
    struct fake_exchange *fake = add_calls(control);

    assert_int_equal(
        post(control, CALL("send_dtmf"), "{'callId':'b','dtmf':'12#','type':'INFO'}", NULL), 200);
    assert_string_equal(fake->digits, "12#");
    assert_int_equal(post(control, CALL("send_dtmf"), "{'callId':'d','dtmf':'1'}", NULL), 404);
    assert_int_equal(post(control, CALL("send_dtmf"), "{'callId':'b'}", NULL), 400);
    assert_int_equal(
        post(control, CALL("send_dtmf"), "{'callId':'b','dtmf':'1','type':'TONE'}", NULL), 400);
    fake->refusal = -EINVAL;
    assert_int_equal(post(control, CALL("send_dtmf"), "{'callId':'b','dtmf':'x'}", NULL), 400);
    fake->refusal = -EAGAIN;
    assert_int_equal(post(control, CALL("send_dtmf"), "{'callId':'a','dtmf':'1'}", NULL), 409);
}

static void expect_page(struct control *control, const char *path, const char *query,
                        const char *const *parts)
{
    struct sl_http_request request = {
        .method = "GET", .path = path, .query = query, .host = "localhost:8081"};

    sl_rest_on_request(control->rest, &request);
    assert_int_equal(request.status, 200);
    for (; *parts; parts++) {
        if (!strstr(request.answer, *parts))
            fail_msg("no %s in %s", *parts, request.answer);
    }
    fake_deinit(&request);
}

static void counts_them(void **state)
{
    static const char *const stat[] = {"\n-----Call Stats-----\ncalls_sip_in=3\ncalls_sip_out=2\n"
                                       "calls_sip_established=1\ncalls_sip_registered=5\n"
                                       "calls_sip_unregistered=2\n",
                                       NULL};
    static const char *const metrics[] = {"\nsluice_calls{direction=\"in\"} 3\n",
                                          "\nsluice_calls{direction=\"out\"} 2\n",
                                          "\nsluice_sip_accounts{registered=\"true\"} 5\n",
                                          "\nsluice_sip_accounts{registered=\"false\"} 2\n", NULL};

    expect_page(*state, "/", "action=stat", stat);
    expect_page(*state, "/metrics", NULL, metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(finds_those_that_match_all_filters),
        CONTROL_TEST(finds_none),
        CONTROL_TEST(terminates_one),
        CONTROL_TEST(sends_digits),
        CONTROL_TEST(counts_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
