/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /rest-api/pull, /api/v1/pulls and /api/v1/nodes, over a fake of pull/: REST-8 to REST-17 as far
 * as they are about HTTP. */
#include "control.h"

#include "base/mem.h"
#include "rest/schema.h"

#include <errno.h>
#include <string.h>

#define BODY "{'uri':'ws://h','remoteStreamName':'there','localStreamName':'here'}"

static void asks_for_what_the_body_says(void **state) /* REST-8 */
{
    struct control *control = *state;

    assert_int_equal(post(control, "/rest-api/pull/pull", BODY, NULL), 200);
    assert_string_equal(control->pulls.asked, "kind=0 ws://h there as here");
    assert_string_equal(control->directory.claimed, "here");
    assert_int_equal(control->directory.held, 1);
    assert_int_equal(post(control, "/rest-api/pull/push", BODY, NULL), 200);
    assert_string_equal(control->pulls.asked, "kind=2 ws://h there as here");
    assert_int_equal(control->directory.held, 1); /* a push takes no name here */
    sl_pull_terminate(&control->pulls.pulls[0]);
    assert_int_equal(control->directory.held, 0);
}

static void refuses_bodies_without_asking(void **state)
{
    struct control *control = *state;
    static const char *const bodies[] = {
        "{}",
        NULL,
        "{'uri':'ws://h','remoteStreamName':'there'}",
        "{'uri':'ws://h','localStreamName':'here'}",
        "{'remoteStreamName':'there','localStreamName':'here'}",
        "{'uri':'','remoteStreamName':'there','localStreamName':'here'}",
        "{'uri':7,'remoteStreamName':'there','localStreamName':'here'}",
        "{'uri':'ws://h','remoteStreamName':null,'localStreamName':'here'}",
        "{'uri':'ws://h','remoteStreamName':'a\\nb','localStreamName':'here'}",
        "{'uri':'ws://h\\u0000','remoteStreamName':'there','localStreamName':'here'}",
    };
    static const char *const paths[] = {"/rest-api/pull/pull", "/rest-api/pull/push"};

    for (size_t i = 0; i < SL_ARRAY_LEN(bodies); i++) {
        for (size_t p = 0; p < SL_ARRAY_LEN(paths); p++) {
            int status = post(control, paths[p], bodies[i], NULL);
            if (status != 400 || control->pulls.asked[0])
                fail_msg("%s %s: got %d", paths[p], bodies[i], status);
        }
    }
}

static void tells_why_it_failed_and_holds_no_name(void **state) /* REST-12, 13, 14 */
{
    struct control *control = *state;
    static const struct {
        int err, status;
    } outcomes[] = {{-EINVAL, 400}, {-ENOENT, 404},  {-EEXIST, 409},
                    {-EPERM, 500},  {-ENOBUFS, 500}, {-ECANCELED, 503}};
    json_t *answer;

    for (size_t i = 0; i < SL_ARRAY_LEN(outcomes); i++) {
        control->pulls.err = outcomes[i].err;
        assert_int_equal(post(control, "/rest-api/pull/pull", BODY, &answer), outcomes[i].status);
        assert_string_equal(json_string_value(json_object_get(answer, "message")),
                            "the words of pull");
        json_decref(answer);
        assert_int_equal(post(control, "/rest-api/pull/push", BODY, NULL), outcomes[i].status);
        assert_int_equal(control->directory.held, 0);
    }
}

static void refuses_a_name_of_another_node(void **state)
{
    struct control *control = *state;

    control->directory.err = -EEXIST;
    assert_int_equal(post(control, "/rest-api/pull/pull", BODY, NULL), 409);
    assert_string_equal(control->pulls.asked, "");
}

static void waits_for_the_directory(void **state)
{
    struct control *control = *state;
    struct sl_http_request request;

    control->directory.waits = true;
    send_request(control, &request, "POST", "/rest-api/pull/pull", BODY);
    assert_int_equal(request.answers, 0);
    fake_directory_answer(&control->directory);
    assert_int_equal(request.answers, 1);
    assert_int_equal(request.status, 200);
    fake_deinit(&request);
    /* and one that is still waiting when the server stops is answered, and taken back */
    send_request(control, &request, "POST", "/rest-api/pull/pull", BODY);
    sl_pull_terminate(&control->pulls.pulls[0]);
    sl_rest_destroy(control->rest);
    control->rest = NULL;
    assert_null(control->directory.owner);
    assert_int_equal(request.answers, 1);
    assert_int_equal(request.status, 503);
    fake_deinit(&request);
}

static void lists_all_as_the_schema_has_it(void **state) /* REST-9 */
{
    struct control *control = *state;
    const struct sl_schema *schema = sl_schema_find("PullAgent");
    json_t *list;

    assert_int_equal(post(control, "/rest-api/pull/find_all", NULL, &list), 200);
    assert_int_equal(json_array_size(list), 0); /* section 4.2: none is no error */
    json_decref(list);
    (void)fake_pull_add(&control->pulls, SL_PULL, "a");
    (void)fake_pull_add(&control->pulls, SL_PULL_PUSH, "b");
    assert_int_equal(post(control, "/rest-api/pull/find_all", "{}", &list), 200);
    assert_int_equal(json_array_size(list), 2);
    json_t *item = json_array_get(list, 0);
    assert_non_null(schema);
    assert_int_equal(json_object_size(item), schema->field_count);
    for (size_t i = 0; i < schema->field_count; i++)
        assert_non_null(json_object_get(item, schema->fields[i].name));
    json_decref(list);
}

static void terminates_by_filters(void **state) /* REST-15 */
{
    struct control *control = *state;
    static const struct {
        const char *body;
        int status, left;
    } cases[] = {
        {"{}", 400, 3},
        {"{'uri':'http://h'}", 400, 3},
        {"{'localStreamName':'none'}", 404, 3},
        {"{'uri':'ws://other'}", 404, 3},
        {"{'uri':'ws://h','localStreamName':'a'}", 200, 2},
        {"{'uri':'ws://h/websocket','localStreamName':'b','remoteStreamName':'there'}", 200, 1},
        {"{'remoteStreamName':'there'}", 200, 0},
        {"{'remoteStreamName':'there'}", 404, 0},
    };

    (void)fake_pull_add(&control->pulls, SL_PULL, "a");
    (void)fake_pull_add(&control->pulls, SL_PULL, "b");
    (void)fake_pull_add(&control->pulls, SL_PULL_PUSH, "c");
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        int status = post(control, "/rest-api/pull/terminate", cases[i].body, NULL), left = 0;
        for (size_t p = 0; p < FAKE_PULLS_MAX; p++)
            left += control->pulls.pulls[p].lives;
        if (status != cases[i].status || left != cases[i].left)
            fail_msg("%s: %d, %d left", cases[i].body, status, left);
    }
}

static void tells_the_pages(void **state)
{
    struct control *control = *state;
    struct sl_http_request request;

    (void)fake_pull_add(&control->pulls, SL_PULL_CLUSTER, "a");
    send_request(control, &request, "GET", "/api/v1/pulls", NULL);
    json_t *answer = fake_answer_json(&request);
    json_t *item = json_array_get(json_object_get(answer, "pulls"), 0);
    assert_string_equal(json_string_value(json_object_get(item, "direction")), "cluster");
    json_decref(answer);
    fake_deinit(&request);
    control->cluster.nodes[0] =
        (struct sl_cluster_node){.id = "n", .uri = "ws://n", .self = true, .load.players = 7};
    control->cluster.count = 1;
    send_request(control, &request, "GET", "/api/v1/nodes", NULL);
    answer = fake_answer_json(&request);
    item = json_array_get(json_object_get(answer, "nodes"), 0);
    assert_true(json_is_true(json_object_get(item, "self")));
    assert_int_equal(json_integer_value(json_object_get(item, "players")), 7);
    json_decref(answer);
    fake_deinit(&request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(asks_for_what_the_body_says),
        CONTROL_TEST(refuses_bodies_without_asking),
        CONTROL_TEST(tells_why_it_failed_and_holds_no_name),
        CONTROL_TEST(refuses_a_name_of_another_node),
        CONTROL_TEST(waits_for_the_directory),
        CONTROL_TEST(lists_all_as_the_schema_has_it),
        CONTROL_TEST(terminates_by_filters),
        CONTROL_TEST(tells_the_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
