/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Envelopes, sessions and their life signs, on the wire (websocket-api.md 1-3). */
#include "base/bucket.h"
#include "base/json.h"
#include "base/mem.h"
#include "signalling/internal.h"
#include "wire.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

static void matches(const char *text, const char *pattern)
{
    regex_t regex;

    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    if (!text || regexec(&regex, text, 0, NULL, 0) != 0)
        fail_msg("%s does not match %s", text ? text : "nothing", pattern);
    regfree(&regex);
}

/* ---- Envelopes ---- */

static void reads_envelopes_and_refuses_what_is_none(void **state) /* 1.2, hardening class 4 */
{
    (void)state;
    static const struct {
        const char *text;
        int err;
        bool data;
    } cases[] = {
        {"{\"message\":\"pong\",\"data\":[null]}", 0, true},
        {"{\"message\":\"pong\",\"data\":[]}", 0, true},
        {"{\"message\":\"pong\"}", 0, false},
        {"{\"message\":\"pong\",\"data\":{}}", 0, false},
        {"{\"message\":\"a\",\"message\":\"b\"}", 0, false},
        {"not json", -EBADMSG, false},
        {"", -EBADMSG, false},
        {"[]", -EBADMSG, false},
        {"{\"data\":[]}", -EBADMSG, false},
        {"{\"message\":5}", -EBADMSG, false},
        {"{\"message\":\"a\"} {}", -EBADMSG, false},
        {"{\"message\":\"a\"}}", -EBADMSG, false},
        {"{\"message\":\"a\"}x", -EBADMSG, false},
        {"{\"message\":\"sendData\",\"data\":[{\"payload\":1}]} ,", -EBADMSG, false},
        {"{\"message\":\"sendData\",\"data\":[{\"payload\":\"\\u0000\",\"operationId\":\"\\u0000\"}"
         "]}",
         -EBADMSG, false},
        {"{\"message\":\"a\\u0000b\"}", -EBADMSG, false},
        {"{\"message\":\"\xff\"}", -EBADMSG, false},
        {"\"message\"", -EBADMSG, false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct envelope envelope = {0};
        int err =
            sl_envelope_parse(cases[i].text, strlen(cases[i].text), SL_JSON_VALUES_MAX, &envelope);
        if (err != cases[i].err || (err == 0 && (envelope.data != NULL) != cases[i].data))
            fail_msg("%s: got %d", cases[i].text, err);
        if (err == 0)
            sl_envelope_free(&envelope);
    }
}

static void refuses_json_that_is_nested_too_deeply(void **state)
{
    struct envelope envelope;
    char text[256];

    (void)state;
    for (int depth = 30; depth <= 31; depth++) {
        int len = snprintf(text, sizeof(text), "{\"message\":\"a[[[\\\"[\",\"data\":");
        for (int i = 0; i < depth; i++)
            text[len++] = '[';
        for (int i = 0; i < depth; i++)
            text[len++] = ']';
        text[len++] = '}';
        assert_int_equal(sl_envelope_parse(text, (size_t)len, SL_JSON_VALUES_MAX, &envelope), 0);
        sl_envelope_free(&envelope);
    }
    memset(text, '[', 200);
    assert_int_equal(sl_envelope_parse(text, 200, SL_JSON_VALUES_MAX, &envelope), -E2BIG);
    char *deep = sl_alloc(200100);
    int len = snprintf(deep, 64, "{\"message\":\"a\",\"data\":");
    memset(deep + len, '[', 100000);
    memset(deep + len + 100000, ']', 100000);
    deep[len + 200000] = '}';
    assert_int_equal(sl_envelope_parse(deep, (size_t)len + 200001, SL_JSON_VALUES_MAX, &envelope),
                     -E2BIG);
    free(deep);
}

static void malformed_messages_are_answered_and_five_in_a_row_close(void **state) /* WS-18 */
{
    static const char *const bad[] = {"not json", "[]", "{\"data\":[]}", "{\"message\":5}"};
    struct sl_ws *ws = open_session(*state, 1);

    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < SL_ARRAY_LEN(bad); i++) {
            fake_ws_receive(ws, bad[i]);
            expect_exactly(ws, "fail", "{'info':'Bad request'}");
        }
        say(ws, "availableStream", "{'mediaSessionId':'a','name':'nobody'}"); /* still usable */
        json_decref(expect(ws, "availableStream"));
    }
    for (int i = 0; i < 5; i++) {
        assert_false(is_closing(ws));
        fake_ws_receive(ws, "[]");
    }
    assert_int_equal(closing_code(ws), 1008);
    fake_ws_gone(ws);
}

static void unknown_messages_and_fields_change_nothing(void **state) /* WS-17 */
{
    struct sl_ws *ws = open_session(*state, 1);

    say(ws, "sendRoomData", "{'a':1}");
    say(ws, "setLTState", "5");
    fake_ws_receive(ws, "{\"message\":\"\\u001b[31m\",\"data\":[],\"more\":{}}");
    say(ws, "DataStatusEvent", "{'operationId':'x','status':'ACCEPTED'}");
    expect_nothing(ws);
    assert_false(is_closing(ws));
    fake_ws_gone(ws);
}

/* ---- Connecting ---- */

static void the_first_answers_are_user_data_and_version(void **state) /* WS-3 to WS-7, WS-79 */
{
    struct sl_ws *ws = open_socket(*state, 50066);

    say(ws, "connection",
        "{'appKey':'defaultApp','mediaProviders':['WebRTC','MSE','WSPlayer'],'clientVersion':'2.0',"
        "'clientOSVersion':'5.0 (X11','clientBrowserVersion':'Mozilla/5.0',"
        "'msePacketizationVersion':2,'custom':{'a':1},'clientInfo':{},"
        "'webRTCMetricsServerDescription':{},'useWsTunnel':true}");
    expect_exactly(
        ws, "getUserData",
        "{'useWsTunnel':false,'useWsTunnelPacketization2':false,'useBase64BinaryEncoding':false,"
        "'mediaProviders':['WebRTC','MSE','WSPlayer'],'keepAlive':false,'clientVersion':'2.0',"
        "'clientOSVersion':'5.0 (X11','clientBrowserVersion':'Mozilla/5.0',"
        "'msePacketizationVersion':2,'custom':{'a':1},'appKey':'defaultApp',"
        "'authToken':'/198.51.100.23:50066/203.0.113.44:8443','status':'ESTABLISHED',"
        "'forceLogger':false}");
    json_t *data = expect(ws, "getVersion");
    assert_int_equal(json_array_size(data), 1);
    matches(json_string_value(json_array_get(data, 0)), "^[0-9]+\\.[0-9]+\\.[0-9]+-[0-9a-f]{40}$");
    json_decref(data);
    expect_nothing(ws);
    fake_ws_gone(ws);
}

static void a_native_client_may_say_little(void **state) /* WS-78 */
{
    struct sl_ws *ws = open_socket(*state, 1);

    say(ws, "connection",
        "{'appKey':'defaultApp','mediaProviders':['WebRTC'],'clientVersion':'2.0'}");
    json_decref(expect(ws, "getUserData"));
    json_decref(expect(ws, "getVersion"));
    fake_ws_gone(ws);
}

static void sip_login_comes_back_and_the_password_does_not(void **state) /* WS-13 */
{
    struct sl_ws *ws = open_socket(*state, 1);

    say(ws, "connection",
        "{'appKey':'defaultApp','sipLogin':'100','sipPassword':'secret','sipPort':'5060',"
        "'sipRegisterRequired':true}");
    json_t *data = expect(ws, "getUserData");
    json_t *object = json_array_get(data, 0);
    assert_string_equal(json_string_value(json_object_get(object, "sipLogin")), "100");
    assert_null(json_object_get(object, "sipPassword"));
    json_decref(data);
    json_decref(expect(ws, "getVersion"));
    expect_exactly(ws, "fail",
                   "{'apiMethod':'RegistrationStatusEvent','status':'FAILED',"
                   "'info':'SIP is not available'}"); /* nobody waits for REGISTERED for ever */
    fake_ws_gone(ws);
}

static void an_unknown_application_gets_fail_and_a_close(void **state) /* WS-15 */
{
    struct sl_ws *ws = open_socket(*state, 1);

    say(ws, "connection", "{'appKey':'nobody'}");
    expect_exactly(ws, "fail",
                   "{'apiMethod':'ConnectionStatusEvent','status':'FAILED',"
                   "'info':'Application not found'}");
    assert_int_equal(closing_code(ws), 1000);
    fake_ws_gone(ws);
}

static void other_messages_first_and_a_second_connection_fail(void **state) /* 3.3 */
{
    struct sl_ws *ws = open_socket(*state, 1);

    say_stream(ws, "publishStream", "id", "cam");
    expect_exactly(ws, "fail", "{'info':'Session not ready'}");
    say(ws, "ping", "null");
    expect_nothing(ws);
    say(ws, "connection", "{'appKey':'defaultApp'}");
    json_decref(expect(ws, "getUserData"));
    json_decref(expect(ws, "getVersion"));
    say(ws, "connection", "{'appKey':'defaultApp'}");
    expect_exactly(ws, "fail", "{'info':'Session already established'}");
    fake_ws_gone(ws);
}

static void nothing_goes_out_while_the_back_end_thinks(void **state) /* 3.2 */
{
    struct wire *wire = *state;
    struct sl_ws *ws = open_socket(wire, 1);

    wire->server.hooks.wanted[SL_HOOK_CONNECT] = true;
    wire->server.hooks.prompt = false;
    say(ws, "connection", "{'appKey':'defaultApp'}");
    say(ws, "ping", "null");
    fake_advance_ms(20000);
    expect_nothing(ws);
    assert_false(is_closing(ws));
    assert_true(fake_hooks_answer(&wire->server.hooks, SL_HOOK_CONNECT,
                                  &(struct sl_hook_answer){.allowed = true}));
    json_decref(expect(ws, "getUserData"));
    json_decref(expect(ws, "getVersion"));
    fake_ws_gone(ws);
}

static void a_silent_socket_is_closed(void **state) /* WS-16 */
{
    struct sl_ws *ws = open_socket(*state, 1);

    fake_advance_ms(9900);
    assert_false(is_closing(ws));
    fake_advance_ms(200);
    assert_int_equal(closing_code(ws), 1008);
    fake_ws_gone(ws);
}

static void say_token(struct sl_ws *ws, const char *token)
{
    char object[256];

    (void)snprintf(object, sizeof(object), "{'authToken':'%s'}", token);
    say(ws, "connectMediaTransport", object);
}

static void a_media_socket_goes_to_whom_it_concerns(void **state) /* 14.1 */
{
    struct wire *wire = *state;
    struct sl_ws *ws = open_session(wire, 1), *media = open_socket(wire, 2);

    say_token(media, "/198.51.100.23:1/203.0.113.44:8443");
    assert_false(is_closing(media));
    assert_ptr_equal(wire->taken, media);
    assert_string_equal(wire->taken_by, "/198.51.100.23:1/203.0.113.44:8443");
    assert_int_equal(sl_signalling_count(wire->signalling), 1); /* it is no more ours */
    fake_advance_ms(20000);
    assert_false(is_closing(media));
    fake_ws_gone(media);
    fake_ws_gone(ws);
}

static void other_media_sockets_are_closed(void **state) /* MSE-8 */
{
    struct wire *wire = *state;
    static const struct {
        const char *why, *ip, *token;
        bool takes_none;
    } cases[] = {
        {"no token", "198.51.100.23", "", false},
        {"nobody's", "198.51.100.23", "/1.2.3.4:5/6.7.8.9:10", false},
        {"another address", "198.51.100.24", "/198.51.100.23:1/203.0.113.44:8443", false},
        {"too many", "198.51.100.23", "/198.51.100.23:1/203.0.113.44:8443", true},
    };
    struct sl_ws *ws = open_session(wire, 1);

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_ws *media = fake_ws_create(cases[i].ip, 2);
        wire->takes_none = cases[i].takes_none;
        fake_ws_open(media, sl_signalling_ws_ops(), wire->signalling);
        say_token(media, cases[i].token);
        if (wire->taken || closing_code(media) != 1008)
            fail_msg("%s: not refused", cases[i].why);
        fake_ws_gone(media);
    }
    fake_ws_gone(ws);
}

/* ---- Liveness ---- */

static void pings_every_interval_and_drops_who_never_answers(void **state) /* WS-9, WS-11 */
{
    struct sl_ws *ws = open_session(*state, 1);

    for (int i = 0; i < 10; i++) {
        assert_false(is_closing(ws));
        fake_advance_ms(5000);
        json_t *data = expect(ws, "ping");
        assert_int_equal(json_array_size(data), 0);
        json_decref(data);
    }
    fake_advance_ms(5000);
    assert_int_equal(closing_code(ws), 0); /* cut: no close handshake to wait for */
    fake_ws_gone(ws);
}

static void any_message_counts_as_life(void **state) /* WS-10, WS-11 */
{
    static const char *const signs[] = {
        "{\"message\":\"pong\",\"data\":[null]}", "{\"message\":\"pong\",\"data\":[]}",
        "{\"message\":\"pong\"}", "{\"message\":\"whatever\"}", "broken"};
    struct sl_ws *ws = open_session(*state, 1);

    for (size_t i = 0; i < SL_ARRAY_LEN(signs); i++) {
        for (int missed = 0; missed < 10; missed++)
            fake_advance_ms(5000);
        assert_false(is_closing(ws));
        fake_ws_receive(ws, signs[i]);
    }
    fake_ws_gone(ws);
}

static void answers_the_clients_ping(void **state) /* WS-12 */
{
    struct sl_ws *ws = open_session(*state, 1);

    say(ws, "ping", "null");
    json_t *data = expect(ws, "pong");
    assert_int_equal(json_array_size(data), 0);
    json_decref(data);
    fake_ws_gone(ws);
}

static void other_keep_alive_algorithms(void **state) /* 3.4, CFG-17 */
{
    struct wire *wire = *state;
    struct sl_ws *internal, *none;

    assert_int_equal(sl_config_set(wire->server.config, "keep_alive.algorithm=INTERNAL", NULL), 0);
    internal = open_session(wire, 1);
    fake_advance_ms(20000);
    expect_nothing(internal);
    assert_int_equal(fake_ws_pings(internal), 4);
    fake_ws_pong(internal);
    fake_advance_ms(50000);
    assert_false(is_closing(internal));
    fake_advance_ms(5000);
    assert_true(is_closing(internal));
    fake_ws_gone(internal);

    assert_int_equal(sl_config_set(wire->server.config, "keep_alive.algorithm=NONE", NULL), 0);
    none = open_session(wire, 2);
    fake_advance_ms(1000000);
    expect_nothing(none);
    assert_false(is_closing(none));
    fake_ws_gone(none);
}

static void a_client_that_does_not_read_is_dropped(void **state) /* 12.8 */
{
    struct wire *wire = *state;
    struct sl_ws *ws = open_session(wire, 1);

    fake_ws_set_full(ws);
    fake_advance_ms(5000);
    assert_true(is_closing(ws));
    fake_advance_ms(60000); /* nothing more is tried */
    assert_int_equal(atomic_load(&wire->server.counters->values[SL_COUNTER_WS_DROPPED_SLOW]), 1);
    fake_ws_gone(ws);
}

static void a_rate_limit_allows_bursts_and_then_its_rate(void **state)
{
    struct sl_bucket bucket = {0};
    size_t passed = 0;

    (void)state;
    for (int i = 0; i < 1000; i++)
        passed += sl_bucket_take(&bucket, 20, 200, 1000000);
    assert_int_equal(passed, 200);
    for (int i = 0; i < 1000; i++)
        passed += sl_bucket_take(&bucket, 20, 200, 2000000);
    assert_int_equal(passed, 220);
    assert_false(sl_bucket_take(&bucket, 0, 0, 90000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_envelopes_and_refuses_what_is_none),
        cmocka_unit_test(refuses_json_that_is_nested_too_deeply),
        TEST(malformed_messages_are_answered_and_five_in_a_row_close),
        TEST(unknown_messages_and_fields_change_nothing),
        TEST(the_first_answers_are_user_data_and_version),
        TEST(a_native_client_may_say_little),
        TEST(sip_login_comes_back_and_the_password_does_not),
        TEST(an_unknown_application_gets_fail_and_a_close),
        TEST(other_messages_first_and_a_second_connection_fail),
        TEST(nothing_goes_out_while_the_back_end_thinks),
        TEST(a_silent_socket_is_closed),
        TEST(a_media_socket_goes_to_whom_it_concerns),
        TEST(other_media_sockets_are_closed),
        TEST(pings_every_interval_and_drops_who_never_answers),
        TEST(any_message_counts_as_life),
        TEST(answers_the_clients_ping),
        TEST(other_keep_alive_algorithms),
        TEST(a_client_that_does_not_read_is_dropped),
        cmocka_unit_test(a_rate_limit_allows_bursts_and_then_its_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
