/* SPDX-License-Identifier: GPL-3.0-or-later */
/* restClientConfig and answers: the tables of rest-hooks.md section 3. */
#include "hooks/policy.h"
#include "base/mem.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &error);

    if (!value)
        fail_msg("%s: %s", text, error.text);
    return value;
}

static void assert_json(json_t *value, const char *expected, const char *why)
{
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

    if (!expected ? text != NULL : !text || strcmp(text, expected) != 0)
        fail_msg("%s: %s", why, text ? text : "nothing");
    free(text);
}

/* ---- restClientConfig ---- */

static void gives_defaults_for_what_is_missing_or_unknown(void **state)
{
    static const struct {
        const char *config;
        bool fail, disabled, overwrite, odd;
        const char *rest_exclude;
    } cases[] = {
        {"null", .rest_exclude = ""},
        {"{}", .rest_exclude = ""},
        {"[]", .rest_exclude = ""},
        {"{\"publishStream\":{}}", .rest_exclude = ""},
        {"{\"publishStream\":7}", .odd = true, .rest_exclude = ""},
        {"{\"playStream\":{\"restOnError\":\"FAIL\"}}", .rest_exclude = ""},
        {"{\"publishStream\":{\"restOnError\":\"FAIL\"}}", .fail = true, .rest_exclude = ""},
        {"{\"publishStream\":{\"restOnError\":\"fail\"}}", .fail = true, .rest_exclude = ""},
        {"{\"publishStream\":{\"restOnError\":\"LOG\"}}", .rest_exclude = ""},
        {"{\"publishStream\":{\"restOnError\":\"\"}}", .rest_exclude = ""},
        {"{\"publishStream\":{\"restOnError\":\"STOP\"}}", .odd = true, .rest_exclude = ""},
        {"{\"publishStream\":{\"restOnError\":true}}", .odd = true, .rest_exclude = ""},
        {"{\"publishStream\":{\"restOnError\":null}}", .rest_exclude = ""},
        {"{\"publishStream\":{\"restPolicy\":\"NOTIFY\"}}", .rest_exclude = ""},
        {"{\"publishStream\":{\"restPolicy\":\"OVERWRITE\"}}", .overwrite = true,
         .rest_exclude = ""},
        {"{\"publishStream\":{\"restPolicy\":\"DISABLE\"}}", .disabled = true, .rest_exclude = ""},
        {"{\"publishStream\":{\"restPolicy\":\"DISABLED\"}}", .disabled = true, .rest_exclude = ""},
        {"{\"publishStream\":{\"restPolicy\":\"OFF\"}}", .odd = true, .rest_exclude = ""},
        {"{\"publishStream\":{\"restExclude\":\"sdp\"}}", .rest_exclude = "sdp"},
        {"{\"publishStream\":{\"restExclude\":[\"sdp\"]}}", .odd = true, .rest_exclude = ""},
    };

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        json_t *config = parse(cases[i].config);
        struct sl_hook_policy policy;
        sl_hook_policy_read(config, SL_HOOK_PUBLISH_STREAM, &policy);
        if (policy.fail != cases[i].fail || policy.disabled != cases[i].disabled ||
            policy.overwrite != cases[i].overwrite || policy.odd != cases[i].odd ||
            strcmp(policy.rest_exclude, cases[i].rest_exclude) != 0)
            fail_msg("%s: fail %d disabled %d overwrite %d odd %d exclude \"%s\"", cases[i].config,
                     policy.fail, policy.disabled, policy.overwrite, policy.odd,
                     policy.rest_exclude);
        json_decref(config);
    }
}

static void accepts_any_spelling_of_a_method_the_usual_one_first(void **state)
{
    static const struct {
        const char *config;
        enum sl_hook_method method;
        bool fail;
    } cases[] = {
        {"{\"sendDTMF\":{\"restOnError\":\"FAIL\"}}", SL_HOOK_SEND_DTMF, true},
        {"{\"sendDtmf\":{\"restOnError\":\"FAIL\"}}", SL_HOOK_SEND_DTMF, true},
        {"{\"sendDtmf\":{\"restOnError\":\"FAIL\"},\"sendDTMF\":{}}", SL_HOOK_SEND_DTMF, false},
        {"{\"sendData\":{\"restOnError\":\"FAIL\"}}", SL_HOOK_ON_DATA_EVENT, true},
        {"{\"OnDataEvent\":{\"restOnError\":\"FAIL\"},\"sendData\":{}}", SL_HOOK_ON_DATA_EVENT,
         true},
    };

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        json_t *config = parse(cases[i].config);
        struct sl_hook_policy policy;
        sl_hook_policy_read(config, cases[i].method, &policy);
        if (policy.fail != cases[i].fail)
            fail_msg("%s: %d", cases[i].config, policy.fail);
        json_decref(config);
    }
}

static void ignores_blanks_around_the_commas_of_a_list(void **state)
{
    static const struct {
        const char *list, *word;
        bool has;
    } cases[] = {
        {"sdp", "sdp", true},
        {"name, sdp", "sdp", true},
        {" sdp ,name", "sdp", true},
        {"\tsdp\r\n", "sdp", true},
        {"a,,sdp,", "sdp", true},
        {"sdp2", "sdp", false},
        {"sd", "sdp", false},
        {"", "sdp", false},
        {" , ,", "", false},
        {"SDP", "sdp", false},
        {"two words", "two words", true},
    };

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        if (sl_hook_list_has(cases[i].list, cases[i].word) != cases[i].has)
            fail_msg("\"%s\" has \"%s\"", cases[i].list, cases[i].word);
    }
}

static void takes_excluded_fields_out_of_the_body_but_never_the_context_HOOK_17_HOOK_2(void **state)
{
    struct sl_hook_policy policy = {.rest_exclude = "sdp, nodeId,sessionId ,appKey,absent"};
    json_t *body = parse("{\"nodeId\":\"n\",\"sessionId\":\"s\",\"appKey\":\"a\",\"sdp\":\"v=0\","
                         "\"name\":\"x\"}");

    (void)state;
    json_t *sent = sl_hook_policy_body(&policy, body);
    assert_json(sent, "{\"appKey\":\"a\",\"name\":\"x\",\"nodeId\":\"n\",\"sessionId\":\"s\"}",
                "sent");
    assert_non_null(json_object_get(body, "sdp")); /* the caller's is as it was */
    json_decref(sent);
    json_decref(body);
}

static void strips_what_the_client_must_not_see_HOOK_18(void **state)
{
    struct sl_hook_policy policy = {.client_exclude = "custom,sipPassword"};
    json_t *object = parse("{\"custom\":{},\"sipPassword\":\"p\",\"status\":\"OK\"}");

    (void)state;
    sl_hook_policy_strip(&policy, object);
    assert_json(object, "{\"status\":\"OK\"}", "stripped");
    json_decref(object);
}

static void keeps_of_a_config_what_it_knows_and_says_if_that_is_not_all(void **state)
{
    static const struct {
        const char *config, *kept;
        bool odd;
    } cases[] = {
        {"null", NULL, false},
        {"[]", NULL, false}, /* how PHP writes an object without members */
        {"7", NULL, true},
        {"[{}]", NULL, true},
        {"{}", "{}", false},
        {"{\"StreamKeepAliveEvent\":{\"clientExclude\":\"\",\"restExclude\":\"sdp\","
         "\"restOnError\":\"FAIL\",\"restPolicy\":\"NOTIFY\",\"restOverwrite\":\"\"}}",
         "{\"StreamKeepAliveEvent\":{\"clientExclude\":\"\",\"restExclude\":\"sdp\","
         "\"restOnError\":\"FAIL\",\"restOverwrite\":\"\",\"restPolicy\":\"NOTIFY\"}}",
         false},
        {"{\"noSuchMethod\":{}}", "{}", true},
        {"{\"connect\":{\"x\":1,\"restOnError\":\"FAIL\"}}",
         "{\"connect\":{\"restOnError\":\"FAIL\"}}", false},
        {"{\"connect\":{\"restOnError\":\"MAYBE\"}}", "{\"connect\":{\"restOnError\":\"MAYBE\"}}",
         true},
        {"{\"sendDtmf\":{\"restPolicy\":\"OVERWRITE\"}}",
         "{\"sendDtmf\":{\"restPolicy\":\"OVERWRITE\"}}", false},
    };

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        json_t *config = parse(cases[i].config);
        bool odd;
        json_t *kept = sl_hook_policy_keep(config, &odd);
        assert_json(kept, cases[i].kept, cases[i].config);
        if (odd != cases[i].odd)
            fail_msg("%s: odd %d", cases[i].config, odd);
        json_decref(kept);
        json_decref(config);
    }
}

/* ---- Answers ---- */

static void judge(enum sl_hook_method method, const char *config_text, enum sl_hook_outcome outcome,
                  int status, const char *body, struct sl_hook_verdict *out)
{
    json_t *config = parse(config_text);
    struct sl_hook_result result = {outcome, status, body, body ? strlen(body) : 0};

    sl_hook_judge(method, config, &result, out);
    json_decref(config);
}

/* Of every kind one method. */
static const enum sl_hook_method of_kind[] = {
    [SL_HOOK_KIND_CONNECT] = SL_HOOK_CONNECT,
    [SL_HOOK_KIND_DIRECT] = SL_HOOK_PUBLISH_STREAM,
    [SL_HOOK_KIND_EVENT] = SL_HOOK_STREAM_STATUS_EVENT,
    [SL_HOOK_KIND_INCOMING] = SL_HOOK_ON_CALL_EVENT,
};

static void decides_by_kind_and_restOnError_HOOK_8_HOOK_12_HOOK_13_HOOK_14_HOOK_20(void **state)
{
    static const struct {
        const char *why;
        enum sl_hook_outcome outcome;
        int status;
    } errors[] = {
        {"403", SL_HOOK_ANSWERED, 403},
        {"500", SL_HOOK_ANSWERED, 500},
        {"201", SL_HOOK_ANSWERED, 201},
        {"301", SL_HOOK_ANSWERED, 301},
        {"down", SL_HOOK_UNREACHABLE, 0},
        {"silent", SL_HOOK_TIMED_OUT, 0},
        {"trickling", SL_HOOK_TIMED_OUT, 200},
        {"half a 200", SL_HOOK_BROKEN, 200},
        {"busy", SL_HOOK_BUSY, 0},
    };
    static const struct {
        enum sl_hook_kind kind;
        bool fail, allowed, tell_client;
    } rows[] = {
        {SL_HOOK_KIND_CONNECT, true, false, false},  {SL_HOOK_KIND_CONNECT, false, false, false},
        {SL_HOOK_KIND_DIRECT, true, false, false},   {SL_HOOK_KIND_DIRECT, false, true, false},
        {SL_HOOK_KIND_EVENT, true, true, true},      {SL_HOOK_KIND_EVENT, false, true, false},
        {SL_HOOK_KIND_INCOMING, true, false, false}, {SL_HOOK_KIND_INCOMING, false, true, false},
    };

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(errors) * SL_ARRAY_LEN(rows); i++) {
        size_t e = i % SL_ARRAY_LEN(errors), r = i / SL_ARRAY_LEN(errors);
        char config[128];
        struct sl_hook_verdict verdict;
        (void)snprintf(config, sizeof(config), "{\"%s\":{\"restOnError\":\"%s\"}}",
                       sl_hook_method_name(of_kind[rows[r].kind]), rows[r].fail ? "FAIL" : "LOG");
        judge(of_kind[rows[r].kind], config, errors[e].outcome, errors[e].status, NULL, &verdict);
        if (verdict.allowed != rows[r].allowed || verdict.tell_client != rows[r].tell_client ||
            !verdict.failed || !verdict.info[0] || verdict.fields)
            fail_msg("%s, %s: allowed %d, tell %d, failed %d, \"%s\"", errors[e].why, config,
                     verdict.allowed, verdict.tell_client, verdict.failed, verdict.info);
        sl_hook_verdict_deinit(&verdict);
    }
}

static void allows_on_200_with_an_object_or_with_nothing(void **state)
{
    static const char *const bodies[] = {NULL,
                                         "",
                                         " \r\n",
                                         "\xef\xbb\xbf",
                                         "{}",
                                         "\xef\xbb\xbf{\"a\":1}",
                                         "\xef\xbb\xbf \n{\"a\":1}\n",
                                         "{\"message\":\"not an error\"}"};

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(of_kind) * SL_ARRAY_LEN(bodies); i++) {
        const char *body = bodies[i % SL_ARRAY_LEN(bodies)];
        struct sl_hook_verdict verdict;
        judge(of_kind[i / SL_ARRAY_LEN(bodies)], "{}", SL_HOOK_ANSWERED, 200, body, &verdict);
        if (!verdict.allowed || verdict.failed || verdict.status != 200 || verdict.info[0])
            fail_msg("%s: allowed %d", body, verdict.allowed);
        sl_hook_verdict_deinit(&verdict);
    }
}

/* What a policy has told must not vanish, and its absence must not be taken for a yes. */
static void takes_an_answer_to_a_question_that_cannot_be_read_for_an_error(void **state)
{
#define BODY(why, text) why, text, sizeof(text) - 1
    static const struct {
        const char *why, *body;
        size_t len;
    } cases[] = {
        {BODY("list", "[]")},
        {BODY("number", "7")},
        {BODY("text", "\"x\"")},
        {BODY("null", "null")},
        {BODY("truncated", "{\"restClientConfig\":{\"publishStream\":{\"restOnErr")},
        {BODY("two objects", "{}{}")},
        {BODY("a warning behind it", "{}\n<br /> <b>Warning</b>")},
        {BODY("NUL behind it", "{}\0")},
        {BODY("a page", "<!DOCTYPE html><html></html>")},
        {BODY("a word", "OK")},
        {BODY("two marks", "\xef\xbb\xbf\xef\xbb\xbf{}")},
        {BODY("UTF-16 LE", "\xff\xfe{\0}\0")},
        {BODY("UTF-16 BE", "\xfe\xff\0{\0}")},
        {BODY("UTF-16 without a mark", "{\0\"\0a\0\"\0:\0"
                                       "1\0}\0")},
        {BODY("UTF-32", "\xff\xfe\0\0{\0\0\0}\0\0\0")},
        {BODY("Latin-1", "{\"name\":\"caf\xe9\"}")},
        {BODY("gzip", "\x1f\x8b\x08\0\0\0\0\0")},
        {BODY("U+0000", "{\"a\":\"\\u0000\"}")},
        {BODY("single quotes", "{'a':1}")},
        {BODY("JavaScript", "{a:1}")},
        {BODY("JSONP", "f({})")},
        {BODY("a prefix against hijacking", ")]}',\n{}")},
    };
#undef BODY
    static const struct {
        enum sl_hook_method method;
        const char *config;
        bool allowed, failed;
    } rows[] = {
        {SL_HOOK_CONNECT, "{}", false, true},
        {SL_HOOK_PUBLISH_STREAM, "{\"publishStream\":{\"restOnError\":\"FAIL\"}}", false, true},
        {SL_HOOK_PUBLISH_STREAM, "{}", true, true},
        {SL_HOOK_ON_CALL_EVENT, "{\"OnCallEvent\":{\"restOnError\":\"FAIL\"}}", false, true},
        {SL_HOOK_ON_DATA_EVENT, "{\"OnDataEvent\":{\"restOnError\":\"FAIL\"}}", false, true},
        /* Nothing in the answer to a notification matters. */
        {SL_HOOK_STREAM_STATUS_EVENT, "{\"StreamStatusEvent\":{\"restOnError\":\"FAIL\"}}", true,
         false},
        {SL_HOOK_STREAM_KEEP_ALIVE_EVENT, "{}", true, false},
    };

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases) * SL_ARRAY_LEN(rows); i++) {
        size_t c = i % SL_ARRAY_LEN(cases), r = i / SL_ARRAY_LEN(cases);
        json_t *config = parse(rows[r].config);
        struct sl_hook_result result = {SL_HOOK_ANSWERED, 200, cases[c].body, cases[c].len};
        struct sl_hook_verdict verdict;
        sl_hook_judge(rows[r].method, config, &result, &verdict);
        if (verdict.allowed != rows[r].allowed || verdict.failed != rows[r].failed ||
            verdict.failed != (verdict.unreadable != NULL) || verdict.fields ||
            strcmp(verdict.info, verdict.failed ? SL_HOOK_INFO_BROKEN : "") != 0)
            fail_msg("%s, %s: allowed %d, failed %d, \"%s\"", cases[c].why, rows[r].config,
                     verdict.allowed, verdict.failed, verdict.info);
        sl_hook_verdict_deinit(&verdict);
        json_decref(config);
    }
}

/* An echo repeats what a client sent, also what no tree holds. */
static void reads_an_echo_of_whatever_was_passed_on(void **state)
{
    static const char body[] =
        "{\"name\":\"a\",\"info\":\"\\u0000\",\"payload\":[1e400,\"\\ud83d\"]}";
    static const enum sl_hook_method methods[] = {SL_HOOK_SEND_STREAM_EVENT, SL_HOOK_ON_DATA_EVENT};

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(methods); i++) {
        struct sl_hook_verdict verdict;
        judge(methods[i], "{}", SL_HOOK_ANSWERED, 200, body, &verdict);
        assert_true(verdict.allowed);
        assert_false(verdict.failed);
        sl_hook_verdict_deinit(&verdict);
    }
}

static void never_answers_a_failed_ErrorEvent_with_another(void **state)
{
    struct sl_hook_verdict verdict;

    (void)state;
    judge(SL_HOOK_ERROR_EVENT, "{\"ErrorEvent\":{\"restOnError\":\"FAIL\"}}", SL_HOOK_ANSWERED, 403,
          NULL, &verdict);
    assert_true(verdict.failed);
    assert_false(verdict.tell_client);
}

static void takes_403_of_a_keep_alive_for_an_order_not_for_a_failure_HOOK_24_HOOK_26(void **state)
{
    static const char fail[] = "{\"StreamKeepAliveEvent\":{\"restOnError\":\"FAIL\"}}";
    static const struct {
        enum sl_hook_outcome outcome;
        int status, told;
        bool failed;
    } cases[] = {
        {SL_HOOK_ANSWERED, 403, 403, false}, {SL_HOOK_BROKEN, 403, 403, false},
        {SL_HOOK_ANSWERED, 404, 404, true},  {SL_HOOK_ANSWERED, 500, 500, true},
        {SL_HOOK_TIMED_OUT, 0, 0, true},     {SL_HOOK_BROKEN, 200, 0, true},
        {SL_HOOK_ANSWERED, 200, 200, false},
    };

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_hook_verdict verdict;
        judge(SL_HOOK_STREAM_KEEP_ALIVE_EVENT, fail, cases[i].outcome, cases[i].status, NULL,
              &verdict);
        if (!verdict.allowed || verdict.failed != cases[i].failed ||
            verdict.tell_client != cases[i].failed || verdict.status != cases[i].told)
            fail_msg("%d: failed %d, tell %d, status %d", cases[i].status, verdict.failed,
                     verdict.tell_client, verdict.status);
        sl_hook_verdict_deinit(&verdict);
    }
}

static void takes_over_only_what_OVERWRITE_lists_HOOK_15(void **state)
{
    static const struct {
        const char *why, *config, *answer, *fields;
    } cases[] = {
        {"NOTIFY", "{\"publishStream\":{\"restPolicy\":\"NOTIFY\",\"restOverwrite\":\"name\"}}",
         "{\"name\":\"b\"}", NULL},
        {"default", "{}", "{\"name\":\"b\"}", NULL},
        {"listed",
         "{\"publishStream\":{\"restPolicy\":\"OVERWRITE\",\"restOverwrite\":\"name , custom\"}}",
         "{\"name\":\"b\",\"custom\":{\"x\":1},\"rtmpUrl\":\"r\"}",
         "{\"custom\":{\"x\":1},\"name\":\"b\"}"},
        {"not in the answer",
         "{\"publishStream\":{\"restPolicy\":\"OVERWRITE\",\"restOverwrite\":\"name\"}}", "{}",
         NULL},
        {"context",
         "{\"publishStream\":{\"restPolicy\":\"OVERWRITE\","
         "\"restOverwrite\":\"nodeId,sessionId,appKey\"}}",
         "{\"nodeId\":\"x\",\"sessionId\":\"y\",\"appKey\":\"z\"}", NULL},
        {"nothing listed", "{\"publishStream\":{\"restPolicy\":\"OVERWRITE\"}}", "{\"name\":\"b\"}",
         NULL},
        {"garbage", "{\"publishStream\":{\"restPolicy\":\"OVERWRITE\",\"restOverwrite\":\"name\"}}",
         "{\"name\":\"b\"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_hook_verdict verdict;
        judge(SL_HOOK_PUBLISH_STREAM, cases[i].config, SL_HOOK_ANSWERED, 200, cases[i].answer,
              &verdict);
        assert_json(verdict.fields, cases[i].fields, cases[i].why);
        sl_hook_verdict_deinit(&verdict);
    }
}

static void takes_all_of_a_connect_answer_but_who_it_is_HOOK_10_HOOK_11(void **state)
{
    struct sl_hook_verdict verdict;

    (void)state;
    judge(SL_HOOK_CONNECT, "null", SL_HOOK_ANSWERED, 200,
          "{\"nodeId\":\"x\",\"sessionId\":\"y\",\"appKey\":\"z\",\"sipLogin\":\"bob\","
          "\"restClientConfig\":{\"playStream\":{\"restOnError\":\"FAIL\",\"junk\":1},\"x\":{}}}",
          &verdict);
    assert_json(verdict.fields,
                "{\"restClientConfig\":{\"playStream\":{\"restOnError\":\"FAIL\"}},"
                "\"sipLogin\":\"bob\"}",
                "connect");
    assert_true(verdict.odd);
    sl_hook_verdict_deinit(&verdict);
    judge(SL_HOOK_CONNECT, "null", SL_HOOK_ANSWERED, 200, "{\"restClientConfig\":\"FAIL\"}",
          &verdict);
    assert_json(verdict.fields, "{}", "a config that is no object");
    sl_hook_verdict_deinit(&verdict);
}

static void takes_nothing_from_an_answer_nested_too_deeply(void **state)
{
    char answer[4096] = "{\"sipLogin\":\"bob\",\"custom\":";
    struct sl_hook_verdict verdict;

    (void)state;
    memset(answer + strlen(answer), '[', 1000);
    memset(answer + strlen(answer), ']', 1000);
    answer[strlen(answer)] = '}';
    judge(SL_HOOK_CONNECT, "null", SL_HOOK_ANSWERED, 200, answer, &verdict);
    assert_false(verdict.allowed);
    assert_non_null(verdict.unreadable);
    assert_null(verdict.fields);
    sl_hook_verdict_deinit(&verdict);
}

static void puts_the_reason_into_words_for_the_client(void **state)
{
    static const struct {
        enum sl_hook_outcome outcome;
        int status;
        const char *body, *info;
    } cases[] = {
        {SL_HOOK_ANSWERED, 403, NULL, "Application refused (403)"},
        {SL_HOOK_ANSWERED, 500, "<html>", "Application refused (500)"},
        {SL_HOOK_ANSWERED, 403, "{\"info\":\"no money\"}", "no money"},
        {SL_HOOK_ANSWERED, 403, "\xef\xbb\xbf{\"info\":\"no money\"}", "no money"},
        {SL_HOOK_ANSWERED, 403, "\xff\xfe{\0", "Application refused (403)"},
        {SL_HOOK_ANSWERED, 403, "{\"message\":\"go away\"}", "go away"},
        {SL_HOOK_ANSWERED, 403, "{\"info\":7,\"message\":\"m\"}", "m"},
        {SL_HOOK_ANSWERED, 403, "{\"info\":\"\"}", "Application refused (403)"},
        {SL_HOOK_ANSWERED, 403, "{\"info\":\" \\r\\n\"}", "Application refused (403)"},
        {SL_HOOK_ANSWERED, 403, "{\"info\":\"a\\r\\nb\\u007fc\\u0085d\"}", "a  b c  d"},
        {SL_HOOK_UNREACHABLE, 0, NULL, SL_HOOK_INFO_UNREACHABLE},
        {SL_HOOK_TIMED_OUT, 0, NULL, SL_HOOK_INFO_TIMEOUT},
        {SL_HOOK_BROKEN, 403, "{\"info\":\"ha", SL_HOOK_INFO_BROKEN},
        {SL_HOOK_BUSY, 0, NULL, SL_HOOK_INFO_BUSY},
    };

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_hook_verdict verdict;
        judge(SL_HOOK_CONNECT, "null", cases[i].outcome, cases[i].status, cases[i].body, &verdict);
        assert_string_equal(verdict.info, cases[i].info);
        sl_hook_verdict_deinit(&verdict);
    }
}

static void cuts_long_words_at_a_whole_character(void **state)
{
    char body[1024] = "{\"info\":\"x";
    struct sl_hook_verdict verdict;

    (void)state;
    for (int i = 0; i < 200; i++)
        memcpy(body + strlen(body), "\xc3\xa9", 3);
    memcpy(body + strlen(body), "\"}", 3);
    judge(SL_HOOK_CONNECT, "null", SL_HOOK_ANSWERED, 403, body, &verdict);
    json_t *text = json_string(verdict.info); /* NULL unless it is UTF-8 */
    assert_non_null(text);
    assert_in_range(strlen(verdict.info), SL_HOOK_INFO_MAX - 3, SL_HOOK_INFO_MAX - 1);
    json_decref(text);
    sl_hook_verdict_deinit(&verdict);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_defaults_for_what_is_missing_or_unknown),
        cmocka_unit_test(accepts_any_spelling_of_a_method_the_usual_one_first),
        cmocka_unit_test(ignores_blanks_around_the_commas_of_a_list),
        cmocka_unit_test(
            takes_excluded_fields_out_of_the_body_but_never_the_context_HOOK_17_HOOK_2),
        cmocka_unit_test(strips_what_the_client_must_not_see_HOOK_18),
        cmocka_unit_test(keeps_of_a_config_what_it_knows_and_says_if_that_is_not_all),
        cmocka_unit_test(decides_by_kind_and_restOnError_HOOK_8_HOOK_12_HOOK_13_HOOK_14_HOOK_20),
        cmocka_unit_test(allows_on_200_with_an_object_or_with_nothing),
        cmocka_unit_test(takes_an_answer_to_a_question_that_cannot_be_read_for_an_error),
        cmocka_unit_test(reads_an_echo_of_whatever_was_passed_on),
        cmocka_unit_test(never_answers_a_failed_ErrorEvent_with_another),
        cmocka_unit_test(takes_403_of_a_keep_alive_for_an_order_not_for_a_failure_HOOK_24_HOOK_26),
        cmocka_unit_test(takes_over_only_what_OVERWRITE_lists_HOOK_15),
        cmocka_unit_test(takes_all_of_a_connect_answer_but_who_it_is_HOOK_10_HOOK_11),
        cmocka_unit_test(takes_nothing_from_an_answer_nested_too_deeply),
        cmocka_unit_test(puts_the_reason_into_words_for_the_client),
        cmocka_unit_test(cuts_long_words_at_a_whole_character),
    };

    return cmocka_run_group_tests_name("hooks policy", tests, NULL, NULL);
}
