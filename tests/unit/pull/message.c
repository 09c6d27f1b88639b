/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client's side of the WCS protocol (websocket-api.md 1.2, 4.1, section 15). */
#include "pull/message.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_text(const char *actual, const char *expected)
{
    if (expected)
        assert_string_equal(actual, expected);
    else
        assert_null(actual);
}

static void reads_what_a_server_says(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct message expected;
    } cases[] = {
        {"{\"message\":\"getUserData\",\"data\":[{\"status\":\"ESTABLISHED\",\"authToken\":\"/"
         "a\"}]}",
         {.kind = MESSAGE_USER_DATA, .status = "ESTABLISHED"}},
        {"{\"message\":\"getVersion\",\"data\":[\"5.2.1-0\"]}", {.kind = MESSAGE_OTHER}},
        {"{\"message\":\"ping\",\"data\":[]}", {.kind = MESSAGE_PING}},
        {"{\"message\":\"ping\"}", {.kind = MESSAGE_PING}},
        {"{\"message\":\"setRemoteSDP\",\"data\":[\"id\",\"v=0\",true]}",
         {.kind = MESSAGE_REMOTE_SDP, .id = "id", .sdp = "v=0"}},
        {"{\"message\":\"setRemoteSDP\",\"data\":[\"id\",{},true]}",
         {.kind = MESSAGE_REMOTE_SDP, .id = "id"}},
        {"{\"message\":\"setRemoteSDP\",\"data\":{}}", {.kind = MESSAGE_REMOTE_SDP}},
        {"{\"message\":\"fail\",\"data\":[{\"apiMethod\":\"StreamStatusEvent\",\"id\":\"x\","
         "\"status\":\"FAILED\",\"info\":\"no\"}]}",
         {.kind = MESSAGE_FAIL, .id = "x", .status = "FAILED", .info = "no"}},
        {"{\"message\":\"notifyStreamStatusEvent\",\"data\":[{\"mediaSessionId\":\"m\",\"id\":"
         "\"n\","
         "\"status\":\"PLAYING\",\"info\":7}]}",
         {.kind = MESSAGE_STREAM_STATUS, .id = "m", .status = "PLAYING"}},
        {"{\"message\":\"notifyStreamEvent\",\"data\":[{\"mediaSessionId\":\"m\",\"type\":\"data\"}"
         "]}",
         {.kind = MESSAGE_STREAM_EVENT, .id = "m", .type = "data"}},
        {"{\"message\":\"notifyStreamEvent\",\"data\":[null]}", {.kind = MESSAGE_STREAM_EVENT}},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct message *expected = &cases[i].expected;
        struct message message;
        if (sl_message_parse(cases[i].text, strlen(cases[i].text), &message) != 0)
            fail_msg("%s", cases[i].text);
        assert_int_equal(message.kind, expected->kind);
        assert_text(message.id, expected->id);
        assert_text(message.sdp, expected->sdp);
        assert_text(message.status, expected->status);
        assert_text(message.info, expected->info);
        assert_text(message.type, expected->type);
        sl_message_free(&message);
    }
}

/* What a publisher there tells its players is for the players here, whatever it is. */
static void leaves_what_is_passed_on_as_it_was(void **state)
{
    static const char text[] =
        "{\"message\":\"notifyStreamEvent\",\"data\":[{\"mediaSessionId\":\"m\","
        "\"type\":\"data\",\"info\":\"\\u0000\",\"payload\":[1e400, 1.0]}]}";
    struct message message;

    (void)state;
    assert_int_equal(sl_message_parse(text, strlen(text), &message), 0);
    assert_int_equal(message.kind, MESSAGE_STREAM_EVENT);
    assert_string_equal(message.type, "data");
    char *info = sl_json_dump(message.event_info, NULL);
    char *payload = sl_json_dump(message.payload, NULL);
    assert_string_equal(info, "\"\\u0000\"");
    assert_string_equal(payload, "[1e400, 1.0]");
    free(info);
    free(payload);
    sl_message_free(&message);
}

static void refuses_what_is_no_message(void **state)
{
    (void)state;
    static const char *const cases[] = {"",
                                        "{",
                                        "[]",
                                        "17",
                                        "{\"data\":[]}",
                                        "{\"message\":5,\"data\":[]}",
                                        "{\"message\":\"a\"} {}",
                                        "{\"message\":\"a\"}x",
                                        "{\"message\":\"a\\u0000b\"}"};
    char deep[200];
    struct message message;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        if (sl_message_parse(cases[i], strlen(cases[i]), &message) != -74)
            fail_msg("%s", cases[i]);
    }
    memset(deep, '[', sizeof(deep));
    assert_int_equal(sl_message_parse(deep, sizeof(deep), &message), -74);
}

/* Our own text, as JSON. */
static json_t *object_of(char *text, const char *name)
{
    json_t *root = json_loads(text, 0, NULL);

    assert_non_null(root);
    assert_string_equal(json_string_value(json_object_get(root, "message")), name);
    json_t *object = json_incref(json_array_get(json_object_get(root, "data"), 0));
    json_decref(root);
    free(text);
    return object;
}

static void asks_with_every_field_of_the_seed(void **state)
{
    static const char *const zeros[] = {"width",      "height",     "bitrate",
                                        "minBitrate", "maxBitrate", "quality"};
    struct message_stream stream = {
        .id = "i", .name = "n\"\\", .has_audio = true, .sdp = "v=0\r\n"};
    json_t *object = object_of(sl_message_build_request(&stream), "playStream");

    (void)state;
    for (size_t i = 0; i < sizeof(zeros) / sizeof(*zeros); i++)
        assert_int_equal(json_integer_value(json_object_get(object, zeros[i])), 0);
    assert_string_equal(json_string_value(json_object_get(object, "name")), "n\"\\");
    assert_string_equal(json_string_value(json_object_get(object, "sdp")), "v=0\r\n");
    assert_string_equal(json_string_value(json_object_get(object, "status")), "PENDING");
    assert_string_equal(json_string_value(json_object_get(object, "mediaProvider")), "WebRTC");
    assert_true(json_is_false(json_object_get(object, "published")));
    assert_true(json_is_false(json_object_get(object, "record")));
    assert_true(json_is_true(json_object_get(object, "hasAudio")));
    assert_true(json_is_false(json_object_get(object, "hasVideo")));
    json_decref(object);
    stream.publish = true;
    object = object_of(sl_message_build_request(&stream), "publishStream");
    assert_true(json_is_true(json_object_get(object, "published")));
    json_decref(object);
    json_decref(object_of(sl_message_build_stop(&stream), "unPublishStream"));
    stream.publish = false;
    json_decref(object_of(sl_message_build_stop(&stream), "stopStream"));
}

static void says_who_it_is(void **state)
{
    json_t *object = object_of(sl_message_build_connection("node1", true), "connection");
    json_t *sluice = json_object_get(json_object_get(object, "custom"), "sluice");

    (void)state;
    assert_string_equal(json_string_value(json_object_get(object, "appKey")), "defaultApp");
    assert_string_equal(json_string_value(json_object_get(sluice, "node")), "node1");
    assert_true(json_is_true(json_object_get(sluice, "cluster")));
    json_decref(object);
    object = object_of(sl_message_build_pong(), "pong");
    assert_true(json_is_null(object));
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_a_server_says),
        cmocka_unit_test(leaves_what_is_passed_on_as_it_was),
        cmocka_unit_test(refuses_what_is_no_message),
        cmocka_unit_test(asks_with_every_field_of_the_seed),
        cmocka_unit_test(says_who_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
