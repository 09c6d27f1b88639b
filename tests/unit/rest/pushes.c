/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /rest-api/push and /api/v1/pushes over a fake of push/: REST-19 to REST-28. */
#include "control.h"

#include "base/mem.h"
#include "rest/schema.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define URL "'rtmpUrl':'rtmp://h/live'"

static void asks_for_what_the_body_says(void **state) /* rest-api.md 5.1; REST-28, REST-32 */
{
    struct control *control = *state;
    static const struct {
        const char *body, *asked;
    } cases[] = {
        {"{'streamName':'cam'," URL "}", "cam to rtmp://h/live origin=0 full=0 flash=(none) "
                                         "options=(none) mute=0 file=(none) loop=0"},
        {"{'streamName':'cam'," URL ",'options':{}}",
         "cam to rtmp://h/live origin=0 full=0 flash=(none) options={} mute=0 file=(none) loop=0"},
        {"{'streamName':'cam'," URL ",'options':null,'rtmpFlashVersion':'OBS 1',"
         "'rtmpTransponderFullUrl':'true'}",
         "cam to rtmp://h/live origin=0 full=2 flash=OBS 1 options=(none) mute=0 file=(none) "
         "loop=0"},
        {"{'streamName':'cam'," URL ",'rtmpTransponderFullUrl':false}",
         "cam to rtmp://h/live origin=0 full=1 flash=(none) options=(none) mute=0 file=(none) "
         "loop=0"},
        {"{'streamName':'cam'," URL ",'options':{'action':'mute','mine':[1]}}",
         "cam to rtmp://h/live origin=0 full=0 flash=(none) options={\"action\":\"mute\","
         "\"mine\":[1]} mute=1 file=(none) loop=0"},
        {"{'streamName':'cam'," URL ",'options':{'action':'sound_on','soundFile':'a.wav',"
         "'loop':true}}",
         "cam to rtmp://h/live origin=0 full=0 flash=(none) options={\"action\":\"sound_on\","
         "\"soundFile\":\"a.wav\",\"loop\":true} mute=0 file=a.wav loop=1"},
        {"{'streamName':'cam'," URL ",'options':{'action':'mute','soundFile':'a.wav'}}",
         "cam to rtmp://h/live origin=0 full=0 flash=(none) options={\"action\":\"mute\","
         "\"soundFile\":\"a.wav\"} mute=1 file=(none) loop=0"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        assert_int_equal(post(control, "/rest-api/push/startup", cases[i].body, NULL), 200);
        if (strcmp(control->pushes.asked, cases[i].asked) != 0)
            fail_msg("%s: %s", cases[i].body, control->pushes.asked);
        control->pushes.pushes[0].lives = false;
    }
}

static void refuses_bodies_without_asking(void **state) /* REST-21 */
{
    struct control *control = *state;
    static const char *const bodies[] = {
        "{}",
        NULL,
        "{'streamName':'cam'}",
        "{" URL "}",
        "{'streamName':''," URL "}",
        "{'streamName':'cam','rtmpUrl':''}",
        "{'streamName':'cam','rtmpUrl':null}",
        "{'streamName':'cam','rtmpUrl':7}",
        "{'streamName':'cam','rtmpUrl':'rtmp://h/li\\nve'}",
        "{'streamName':'cam'," URL ",'options':'mute'}",
        "{'streamName':'cam'," URL ",'options':{'action':'unmute'}}",
        "{'streamName':'cam'," URL ",'options':{'action':1}}",
        "{'streamName':'cam'," URL ",'options':{'action':'sound_on','soundFile':1}}",
        "{'streamName':'cam'," URL ",'options':{'action':'sound_on','loop':'often'}}",
        "{'streamName':'cam'," URL ",'rtmpTransponderFullUrl':1}",
        "{'streamName':'cam'," URL ",'rtmpFlashVersion':'a\\u0000b'}",
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(bodies); i++) {
        int status = post(control, "/rest-api/push/startup", bodies[i], NULL);
        if (status != 400 || control->pushes.asked[0])
            fail_msg("%s: got %d, asked %s", bodies[i], status, control->pushes.asked);
    }
}

/* The errors of push.h and the codes of rest-api.md section 5. */
static const struct {
    int err, status;
} outcomes[] = {
    {-ENOENT, 404}, {-EEXIST, 409},  {-EINVAL, 400},
    {-EACCES, 400}, {-EBADMSG, 400}, {-ENOBUFS, 500},
};

static void tells_why_a_start_or_a_sound_failed(void **state) /* REST-20, REST-21, REST-26 */
{
    struct control *control = *state;
    json_t *answer;

    (void)fake_push_add(&control->pushes, "cam", "rtmp://h/live");
    for (size_t i = 0; i < SL_ARRAY_LEN(outcomes); i++) {
        control->pushes.err = outcomes[i].err;
        assert_int_equal(
            post(control, "/rest-api/push/startup", "{'streamName':'cam'," URL "}", &answer),
            outcomes[i].status);
        assert_string_equal(json_string_value(json_object_get(answer, "message")),
                            "the words of push");
        json_decref(answer);
        assert_int_equal(post(control, "/rest-api/push/sound_on",
                              "{'mediaSessionId':'cam0000000000000000','soundFile':'a.wav'}", NULL),
                         outcomes[i].status);
    }
}

static void describes_a_push_as_the_schema_has_it(void **state) /* REST-19 */
{
    struct control *control = *state;
    const struct sl_schema *schema = sl_schema_find("Transponder");
    json_t *answer;

    assert_int_equal(
        post(control, "/rest-api/push/startup", "{'streamName':'cam'," URL "}", &answer), 200);
    assert_int_equal(json_object_size(answer), schema->field_count);
    for (size_t i = 0; i < schema->field_count; i++)
        assert_non_null(json_object_get(answer, schema->fields[i].name));
    json_decref(answer);
}

static void finds_by_both_filters_and_nothing_is_404(void **state) /* REST-24, REST-2 */
{
    struct control *control = *state;
    static const struct {
        const char *body;
        size_t count;
    } cases[] = {
        {"{}", 3},
        {NULL, 3},
        {"{'streamName':null,'rtmpUrl':null}", 3},
        {"{'streamName':'cam'}", 2},
        {"{" URL "}", 2},
        {"{'streamName':'cam'," URL "}", 1},
        {"{'streamName':'nothing'}", 0},
        {"{'streamName':'door','rtmpUrl':'rtmp://other/live'}", 0},
    };
    struct sl_http_request request;
    json_t *list;

    assert_int_equal(post(control, "/rest-api/push/find_all", "", NULL), 404);
    (void)fake_push_add(&control->pushes, "cam", "rtmp://h/live");
    (void)fake_push_add(&control->pushes, "cam", "rtmp://other/live");
    (void)fake_push_add(&control->pushes, "door", "rtmp://h/live");
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        int status = post(control, "/rest-api/push/find", cases[i].body, &list);
        if (status != (cases[i].count ? 200 : 404) || json_array_size(list) != cases[i].count)
            fail_msg("%s: %d, %zu", cases[i].body, status, json_array_size(list));
        json_decref(list);
    }
    send_request(control, &request, "GET", "/rest-api/push/find_all", NULL);
    list = fake_answer_json(&request);
    assert_int_equal(json_array_size(list), 3);
    json_decref(list);
    fake_deinit(&request);
}

static void controls_one_push(void **state) /* REST-5, REST-25 to REST-27 */
{
    struct control *control = *state;
    struct sl_push *push = fake_push_add(&control->pushes, "cam", "rtmp://h/live");
    const struct {
        const char *path, *more, *asked;
        bool muted, has_sound, lives;
    } cases[] = {
        {"mute", "", "", true, false, true},
        {"mute", "", "", true, false, true},
        {"unmute", "", "", false, false, true},
        {"sound_on", ",'soundFile':'a.wav'", "file=a.wav loop=0", false, true, true},
        {"sound_on", ",'soundFile':'b.wav','loop':true", "file=b.wav loop=1", false, true, true},
        {"sound_on", "", "file=(none) loop=0", false, false, true}, /* REST-27 */
        {"sound_on", ",'soundFile':'a.wav','loop':'false'", "file=a.wav loop=0", false, true, true},
        {"sound_off", ",'soundFile':'a.wav'", "file=(none) loop=0", false, false, true},
        {"terminate", "", "", false, false, false},
    };
    char path[64], body[128];

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        control->pushes.asked[0] = '\0';
        (void)snprintf(path, sizeof(path), "/rest-api/push/%s", cases[i].path);
        (void)snprintf(body, sizeof(body), "{'mediaSessionId':'%s'%s}", push->id, cases[i].more);
        int status = post(control, path, body, NULL);
        if (status != 200 || strcmp(control->pushes.asked, cases[i].asked) != 0 ||
            push->muted != cases[i].muted || push->has_sound != cases[i].has_sound ||
            push->lives != cases[i].lives)
            fail_msg("%s %s: %d, asked %s", path, body, status, control->pushes.asked);
        assert_int_equal(post(control, path, "{'mediaSessionId':'nobody'}", NULL), 404);
        assert_int_equal(post(control, path, "{}", NULL), 400);
    }
}

static void answers_a_start_when_it_is_done(void **state)
{
    struct control *control = *state;
    struct sl_http_request request;

    control->pushes.waits = true;
    for (size_t i = 0; i <= SL_ARRAY_LEN(outcomes); i++) {
        send_request(control, &request, "POST", "/rest-api/push/startup",
                     "{'streamName':'cam'," URL "}");
        assert_int_equal(request.answers, 0);
        control->pushes.err = i > 0 ? outcomes[i - 1].err : 0;
        fake_push_answer(&control->pushes);
        assert_int_equal(request.status, i > 0 ? outcomes[i - 1].status : 200);
        fake_deinit(&request);
    }
}

static void a_caller_may_go_while_a_start_or_a_sound_is_under_way(void **state)
{
    struct control *control = *state;
    struct sl_http_request request;
    struct sl_push *push = fake_push_add(&control->pushes, "cam", "rtmp://h/live");

    control->pushes.waits = true;
    send_request(control, &request, "POST", "/rest-api/push/startup",
                 "{'streamName':'cam'," URL "}");
    fake_gone(&request);
    fake_push_answer(&control->pushes);
    assert_null(request.answer);
    assert_true(control->pushes.pushes[1].lives);
    fake_deinit(&request);

    send_request(control, &request, "POST", "/rest-api/push/sound_on",
                 "{'mediaSessionId':'cam0000000000000000','soundFile':'a.wav'}");
    fake_gone(&request);
    fake_push_answer(&control->pushes);
    assert_true(push->has_sound);
    fake_deinit(&request);
}

static void the_server_may_end_while_a_start_is_under_way(void **state)
{
    struct control *control = *state;
    struct sl_http_request request;

    control->pushes.waits = true;
    send_request(control, &request, "POST", "/rest-api/push/startup",
                 "{'streamName':'cam'," URL "}");
    sl_rest_destroy(control->rest);
    control->rest = NULL;
    assert_int_equal(request.status, 503);
    assert_null(control->pushes.owner); /* taken back */
    fake_deinit(&request);
}

static void the_server_may_end_while_a_sound_is_read(void **state)
{
    struct control *control = *state;
    struct sl_http_request request;

    (void)fake_push_add(&control->pushes, "cam", "rtmp://h/live");
    control->pushes.waits = true;
    send_request(control, &request, "POST", "/rest-api/push/sound_on",
                 "{'mediaSessionId':'cam0000000000000000','soundFile':'a.wav'}");
    sl_rest_destroy(control->rest);
    control->rest = NULL;
    assert_int_equal(request.status, 503);
    control->pushes.err = -ENOENT;
    fake_push_answer(&control->pushes); /* the push ends later */
    fake_deinit(&request);
}

static void lists_pushes_in_parts_for_the_pages(void **state)
{
    struct control *control = *state;
    static const struct {
        const char *query;
        int status;
        size_t count;
    } cases[] = {
        {"", 200, 3},         {"limit=2", 200, 2},   {"limit=2&offset=2", 200, 1},
        {"offset=9", 200, 0}, {"limit=0", 200, 0},   {"limit=5001", 400, 0},
        {"limit=", 400, 0},   {"offset=-1", 400, 0}, {"limit=1x", 400, 0},
    };

    for (int i = 0; i < 3; i++)
        (void)fake_push_add(&control->pushes, "cam", "rtmp://u:***@h/live");
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_http_request request = {
            .path = "/api/v1/pushes", .query = cases[i].query, .host = "localhost:8081"};
        sl_rest_on_request(control->rest, &request);
        json_t *answer = fake_answer_json(&request);
        json_t *list = json_object_get(answer, "pushes");
        if (request.status != cases[i].status || json_array_size(list) != cases[i].count)
            fail_msg("%s: %d, %zu", cases[i].query, request.status, json_array_size(list));
        if (i == 0) {
            json_t *expected = json_pack(
                "{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:I}", "mediaSessionId", "cam0000000000000000",
                "stream", "cam", "target", "rtmp://u:***@h/live", "state", "PUBLISHING", "bitrate",
                1500000, "framesDropped", 3, "retries", 2, "createDate", (json_int_t)1700000000000);
            assert_true(json_equal(json_array_get(list, 0), expected));
            assert_int_equal(json_integer_value(json_object_get(answer, "total")), 3);
            json_decref(expected);
        }
        json_decref(answer);
        fake_deinit(&request);
    }
}

static void has_no_such_routes_without_pushes(void **state)
{
    struct control *control = *state;

    sl_rest_destroy(control->rest);
    const struct sl_rest_config config = {.parts.sessions = control->server.sessions};
    assert_int_equal(sl_rest_create(&config, &control->rest, NULL), 0);
    assert_int_equal(post(control, "/rest-api/push/find_all", "", NULL), 404);
    assert_int_equal(post(control, "/rest-api/push/startup", "{'streamName':'cam'," URL "}", NULL),
                     404);
    assert_string_equal(control->pushes.asked, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(asks_for_what_the_body_says),
        CONTROL_TEST(refuses_bodies_without_asking),
        CONTROL_TEST(tells_why_a_start_or_a_sound_failed),
        CONTROL_TEST(describes_a_push_as_the_schema_has_it),
        CONTROL_TEST(finds_by_both_filters_and_nothing_is_404),
        CONTROL_TEST(controls_one_push),
        CONTROL_TEST(answers_a_start_when_it_is_done),
        CONTROL_TEST(a_caller_may_go_while_a_start_or_a_sound_is_under_way),
        CONTROL_TEST(the_server_may_end_while_a_start_is_under_way),
        CONTROL_TEST(the_server_may_end_while_a_sound_is_read),
        CONTROL_TEST(lists_pushes_in_parts_for_the_pages),
        CONTROL_TEST(has_no_such_routes_without_pushes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
