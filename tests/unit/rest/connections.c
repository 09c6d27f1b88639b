/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /rest-api/connection and /rest-api/data over real sessions: REST-45, REST-46. */
#include "control.h"

#include "base/mem.h"
#include "rest/schema.h"

#include <stdio.h>
#include <string.h>

#define FIRST  "/198.51.100.23:1000/[2001:db8::1]:8443"
#define SECOND "/198.51.100.23:1001/[2001:db8::1]:8443"

/* The third has a telephone's account. */
static void connect_three(struct control *control)
{
    (void)add_client(control);
    (void)add_client(control);
    struct client *phone = &control->clients[control->client_count++];
    connect_as(&control->server, phone, 1002,
               json_pack("{s:s, s:s, s:s, s:s}", "appKey", "defaultApp", "clientVersion", "2.0.1",
                         "sipLogin", "bob", "sipPassword", "canary"));
    phone->heard[0] = '\0';
}

static void finds_the_clients_that_match(void **state)
{
    struct control *control = *state;
    static const struct {
        const char *path, *body;
        size_t count; /* 0: 404 */
    } cases[] = {
        {"/rest-api/connection/find_all", NULL, 3},
        {"/rest-api/connection/find_all", "{'sessionId':'ignored'}", 3},
        {"/rest-api/connection/find", "{}", 3},
        {"/rest-api/connection/find", "{'appKey':'defaultApp','sessionId':null}", 3},
        {"/rest-api/connection/find", "{'sessionId':'" SECOND "'}", 1},
        {"/rest-api/connection/find", "{'clientVersion':'2.0.1'}", 1},
        {"/rest-api/connection/find", "{'clientVersion':'2.0.1','sessionId':'" SECOND "'}", 0},
        {"/rest-api/connection/find", "{'appKey':'other'}", 0},
    };

    assert_int_equal(post(control, "/rest-api/connection/find_all", NULL, NULL), 404);
    connect_three(control);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        json_t *list;
        int status = post(control, cases[i].path, cases[i].body, &list);
        if (status != (cases[i].count ? 200 : 404) || json_array_size(list) != cases[i].count)
            fail_msg("%s: %d", cases[i].body, status);
        json_decref(list);
    }
}

static void counts_them_on_the_page_of_figures(void **state) /* rest-api.md 10 */
{
    struct control *control = *state;
    struct sl_http_request request;

    connect_three(control);
    request = (struct sl_http_request){
        .method = "GET", .path = "/", .query = "action=stat", .host = "localhost:8081"};
    sl_rest_on_request(control->rest, &request);
    assert_non_null(strstr(request.answer, "connections=3\nconnections_websocket=3\n"));
    fake_deinit(&request);
    send_request(control, &request, "GET", "/metrics", NULL);
    assert_non_null(strstr(request.answer, "sluice_connections 3\n"));
    fake_deinit(&request);
}

static void shows_no_client_before_its_application_said_yes(void **state)
{
    struct control *control = *state;

    control->server.hooks.prompt = false;
    control->server.hooks.wanted[SL_HOOK_CONNECT] = true;
    struct client *client = &control->clients[control->client_count++];
    connect_as(&control->server, client, 1000, json_pack("{s:s}", "appKey", "defaultApp"));
    assert_int_equal(post(control, "/rest-api/connection/find_all", NULL, NULL), 404);
    assert_int_equal(post(control, "/rest-api/data/send",
                          "{'operationId':'1','sessionId':'" FIRST "','payload':1}", NULL),
                     404);
}

static void never_shows_a_password_of_a_telephone(void **state) /* REST-46 */
{
    struct control *control = *state;
    struct sl_http_request request;
    const struct sl_schema *schema = sl_schema_find("Connection");
    json_t *connection, *value;
    size_t i;

    connect_three(control);
    send_request(control, &request, "GET", "/rest-api/connection/find_all", NULL);
    fake_settle();
    assert_null(strstr(request.answer, "canary"));
    json_t *list = fake_answer_json(&request);
    json_array_foreach(list, i, connection)
    {
        value = json_object_get(connection, "sipPassword");
        assert_true(value && json_is_null(value));
        for (size_t f = 0; f < schema->field_count; f++) {
            if (!json_object_get(connection, schema->fields[f].name))
                fail_msg("%s is missing", schema->fields[f].name);
        }
    }
    json_decref(list);
    fake_deinit(&request);
}

static void describes_clients_as_the_schema_has_it(void **state) /* rest-api.md 3.4 */
{
    struct control *control = *state;
    const struct sl_schema *schema = sl_schema_find("Connection");
    json_t *list, *value;
    const char *key;

    connect_three(control);
    assert_int_equal(post(control, "/rest-api/connection/find", "{'clientVersion':'2.0.1'}", &list),
                     200);
    json_object_foreach(json_array_get(list, 0), key, value)
    {
        size_t f = 0;
        while (f < schema->field_count && strcmp(schema->fields[f].name, key) != 0)
            f++;
        if (f == schema->field_count)
            fail_msg("the schema does not know %s", key);
        if (json_is_null(value) && !schema->fields[f].nullable)
            fail_msg("%s is null", key);
    }
    json_decref(list);
}

static void ends_a_client_with_all_its_streams(void **state) /* REST-45 */
{
    struct control *control = *state;

    connect_three(control);
    publish_live(&control->clients[0], "pub", "cam");
    play_live(&control->clients[1], "play", "cam");
    assert_int_equal(
        post(control, "/rest-api/connection/terminate", "{'sessionId':'" FIRST "'}", NULL), 200);
    assert_heard(&control->clients[0],
                 "FAILED pub Stopped by session disconnect\nclose Stopped by rest /terminate\n");
    assert_heard(&control->clients[1], "FAILED play Stopped by publisher stop\n");
    sl_session_destroy(control->clients[0].session);
    control->clients[0].session = NULL;
    assert_int_equal(
        post(control, "/rest-api/connection/terminate", "{'sessionId':'" FIRST "'}", NULL), 404);
    assert_int_equal(post(control, "/rest-api/connection/terminate", "{}", NULL), 400);
    assert_int_equal(post(control, "/rest-api/connection/terminate", "{'sessionId':7}", NULL), 400);
}

static void sends_data_to_the_clients_named(void **state)
{
    struct control *control = *state;
    static const struct {
        const char *body;
        int status;
        bool first, second; /* heard of it */
    } cases[] = {
        {"{'operationId':'op','sessionId':'" FIRST "','payload':{'a':1}}", 200, true, false},
        {"{'operationId':'op','sessionIds':['" FIRST "','" SECOND "'],'payload':'x'}", 200, true,
         true},
        {"{'operationId':'op','sessionIds':['" SECOND "','nobody'],'payload':[]}", 200, false,
         true},
        {"{'operationId':'op','sessionId':'" FIRST "','sessionIds':['" FIRST "'],'payload':0}", 200,
         true, false},
        {"{'operationId':'op','sessionId':'nobody','payload':1}", 404, false, false},
        {"{'operationId':'op','sessionIds':[],'payload':1}", 404, false, false},
        {"{'nodeId':'elsewhere','operationId':'op','sessionId':'" FIRST "','payload':1}", 404,
         false, false},
        {"{'operationId':'op','payload':1}", 400, false, false},
        {"{'sessionId':'" FIRST "','payload':1}", 400, false, false},
        {"{'operationId':'op','sessionId':'" FIRST "'}", 400, false, false},
        {"{'operationId':'op','sessionId':['" FIRST "'],'payload':1}", 400, false, false},
    };

    connect_three(control);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        int status = post(control, "/rest-api/data/send", cases[i].body, NULL);
        if (status != cases[i].status)
            fail_msg("%s: %d", cases[i].body, status);
        assert_heard(&control->clients[0], cases[i].first ? "incoming data op\n" : "");
        assert_heard(&control->clients[1], cases[i].second ? "incoming data op\n" : "");
    }
}

static void takes_its_own_node_id_and_no_other(void **state)
{
    struct control *control = *state;
    char body[200];

    connect_three(control);
    (void)snprintf(body, sizeof(body),
                   "{'nodeId':'%s','operationId':'op','sessionId':'%s','payload':1}",
                   sl_sessions_node_id(control->server.sessions), SECOND);
    assert_int_equal(post(control, "/rest-api/data/send", body, NULL), 200);
    assert_heard(&control->clients[1], "incoming data op\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(finds_the_clients_that_match),
        CONTROL_TEST(counts_them_on_the_page_of_figures),
        CONTROL_TEST(shows_no_client_before_its_application_said_yes),
        CONTROL_TEST(never_shows_a_password_of_a_telephone),
        CONTROL_TEST(describes_clients_as_the_schema_has_it),
        CONTROL_TEST(ends_a_client_with_all_its_streams),
        CONTROL_TEST(sends_data_to_the_clients_named),
        CONTROL_TEST(takes_its_own_node_id_and_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
