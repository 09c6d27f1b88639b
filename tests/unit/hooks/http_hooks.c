/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hooks against a back end on the same loop: what is sent, in which order, and what comes of it. */
#include "../names.h"
#include "fixture.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

#define PUBLISH SL_HOOK_PUBLISH_STREAM
#define STATUS  SL_HOOK_STREAM_STATUS_EVENT

#define FAIL_PUBLISH "{\"publishStream\":{\"restOnError\":\"FAIL\"}}"

/* ---- What is sent ---- */

static void posts_the_body_to_the_url_and_the_name_HOOK_1_HOOK_2(void **state)
{
    struct fixture *f = *state;
    struct answer answer = {0};

    (void)setenv("http_proxy", "http://127.0.0.1:1", 1); /* hardening: not asked */
    assert_non_null(ask(f, "/s", NULL, PUBLISH, "m", 1, &answer));
    assert_int_equal(answer.count, 0);
    run_until(f, answer.count > 0);
    (void)unsetenv("http_proxy");
    assert_int_equal(f->seen_count, 1);
    assert_string_equal(f->seen[0].path, "/hooks/publishStream");
    assert_string_equal(f->seen[0].content_type, "application/json;charset=UTF-8");
    assert_string_equal(f->seen[0].body, "{\"nodeId\":\"node\",\"sessionId\":\"/s\",\"appKey\":"
                                         "\"app\",\"mediaSessionId\":\"m\",\"n\":1}");
    assert_string_equal(f->seen[0].authorization, "");
    assert_string_equal(f->seen[0].signature, "");
    assert_string_equal(f->seen[0].others, "");
    assert_true(answer.allowed);
    assert_int_equal(answer.status, 200);
    assert_int_equal(counted(f, SL_COUNTER_HOOKS_SENT), 1);
    assert_int_equal(counted(f, SL_COUNTER_HOOKS_FAILED), 0);
}

static void keeps_excluded_fields_from_the_back_end_HOOK_17(void **state)
{
    struct fixture *f = *state;

    notify(f, "/s", "{\"StreamStatusEvent\":{\"restExclude\":\"n, nodeId\"}}", STATUS, NULL, 1);
    run_until(f, f->seen_count > 0);
    assert_string_equal(f->seen[0].body,
                        "{\"nodeId\":\"node\",\"sessionId\":\"/s\",\"appKey\":\"app\"}");
}

static void wants_what_application_configuration_and_client_let_it(void **state)
{
    struct fixture *f = *state;
    struct sl_error error;
    static const struct {
        const char *why, *app, *setting, *url, *config;
        bool wanted;
    } cases[] = {
        {"plain", "app", "disable_rest_requests=false", NULL, NULL, true},
        {"no such application", "other", "disable_rest_requests=false", NULL, NULL, false},
        {"HOOK-32", "app", "disable_rest_requests=true", NULL, NULL, false},
        {"HOOK-16", "app", "disable_rest_requests=false", NULL,
         "{\"publishStream\":{\"restPolicy\":\"DISABLE\"}}", false},
        {"EchoApp", "app", "http.port=8090", "http://localhost:8081/apps/EchoApp", NULL, false},
        {"EchoApp, own port", "app", "http.port=8090", "HTTP://127.0.0.1:8090/apps/EchoApp", NULL,
         false},
        {"EchoApp, IPv6", "app", "http.port=8090", "http://[::1]:8090/apps/EchoApp", NULL, false},
        {"another port", "app", "http.port=8090", "http://localhost:8092/apps/EchoApp", NULL, true},
        {"another path", "app", "http.port=8090", "http://localhost:8090/apps/EchoApp2", NULL,
         true},
        {"another host", "app", "http.port=8090", "http://localhost.evil:8090/apps/EchoApp", NULL,
         true},
        {"no port", "app", "http.port=8090", "http://localhost/apps/EchoApp", NULL, true},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        json_t *config = cases[i].config ? json_loads(cases[i].config, 0, NULL) : NULL;
        struct sl_hook_client client = {cases[i].app, "/s", config};
        configure(f, cases[i].setting);
        set_url(f, cases[i].url ? cases[i].url : url_of(f));
        if (f->api->wants(f->api->arg, &client, SL_HOOK_PUBLISH_STREAM) != cases[i].wanted)
            fail_msg("%s: wanted %d", cases[i].why, !cases[i].wanted);
        assert_false(f->api->guards(f->api->arg, &client, SL_HOOK_PUBLISH_STREAM));
        json_decref(config);
    }
    json_t *fail = json_loads("{\"publishStream\":{\"restOnError\":\"FAIL\"}}", 0, NULL);
    struct sl_hook_client guarded = {"app", "/s", fail};
    assert_true(f->api->guards(f->api->arg, &guarded, SL_HOOK_PUBLISH_STREAM));
    assert_false(f->api->guards(f->api->arg, &guarded, SL_HOOK_PLAY_STREAM));
    json_decref(fail);
    /* HOOK-4: a method that is not enabled */
    struct sl_hook_client client = {"app", "/s", NULL};
    assert_int_equal(sl_apps_enable_method(f->apps, "app", "publishStream", false, &error), 0);
    assert_false(f->api->wants(f->api->arg, &client, SL_HOOK_PUBLISH_STREAM));
    assert_true(f->api->wants(f->api->arg, &client, SL_HOOK_PLAY_STREAM));
    assert_true(f->api->knows_app(f->api->arg, "app"));
    assert_false(f->api->knows_app(f->api->arg, "other"));
}

static void allows_what_is_not_sent(void **state)
{
    struct fixture *f = *state;
    struct answer answer = {0};

    configure(f, "disable_rest_requests=true");
    assert_non_null(ask(f, "/s", NULL, PUBLISH, "m", 1, &answer));
    assert_int_equal(answer.count, 0); /* never from within */
    run_until(f, answer.count > 0);
    assert_true(answer.allowed);
    assert_int_equal(answer.status, 0);
    notify(f, "/s", NULL, STATUS, "m", 1);
    assert_int_equal(sl_http_hooks_queued(f->hooks), 0);
}

static void uses_the_spelling_that_was_enabled(void **state)
{
    struct fixture *f = *state;
    struct sl_error error;

    assert_int_equal(sl_apps_enable_method(f->apps, "app", "sendDTMF", false, &error), 0);
    assert_int_equal(sl_apps_enable_method(f->apps, "app", "sendDtmf", true, &error), 0);
    notify(f, "/s", NULL, SL_HOOK_SEND_DTMF, NULL, 1);
    run_until(f, f->seen_count > 0);
    assert_string_equal(f->seen[0].path, "/hooks/sendDtmf");
}

static void sends_the_credentials_of_the_application_HOOK_31(void **state)
{
    struct fixture *f = *state;
    struct sl_app_fields fields = {.rest_username = "user", .rest_password = "pass:word"};
    struct sl_error error;

    assert_int_equal(sl_apps_update(f->apps, "app", &fields, &error), 0);
    notify(f, "/s", NULL, STATUS, NULL, 1);
    run_until(f, f->seen_count > 0);
    assert_string_equal(f->seen[0].authorization, "Basic dXNlcjpwYXNzOndvcmQ=");
}

static void signs_in_place_of_the_credentials_HOOK_30(void **state)
{
    struct fixture *f = *state;
    struct sl_app_fields fields = {.rest_username = "user", .rest_password = "password"};
    struct sl_error error;

    assert_int_equal(sl_apps_update(f->apps, "app", &fields, &error), 0);
    configure(f, "rest_hook_send_hash=true");
    configure(f, "rest_hook_secret_key=topsecret");
    notify_body(f, "/s", STATUS, "{\"a\":1}");
    run_until(f, f->seen_count > 0);
    /* printf '{"a":1}' | openssl dgst -md5 -hmac topsecret */
    assert_string_equal(f->seen[0].authorization, "WCS 087a06d95a032660faa76dc91afbc0b3");
    assert_memory_equal(f->seen[0].signature, "t=1", 3);
    assert_non_null(strstr(f->seen[0].signature, ", v1="));
    assert_int_equal(strlen(strstr(f->seen[0].signature, "v1=")), 3 + 64);
}

static void shows_requests_and_answers_in_the_log_without_secrets_CFG_21(void **state)
{
    struct fixture *f = *state;
    struct sl_app_fields fields = {.rest_username = "user", .rest_password = "canary1"};
    struct sl_error error;

    assert_int_equal(sl_apps_update(f->apps, "app", &fields, &error), 0);
    configure(f, "rest_hook_secret_key=canary2");
    f->answer = "{\"sipPassword\":\"canary3\",\"x\":\"a\\nb\"}";
    notify_body(f, "/s1", STATUS, "{\"sipPassword\":\"canary4\",\"name\":\"cam\"}");
    run_until(f, f->seen_count > 0 && sl_http_hooks_queued(f->hooks) == 0);
    configure(f, "rest_hook_send_hash=true");
    notify_body(f, "/s1", SL_HOOK_STREAM_KEEP_ALIVE_EVENT, "{\"name\":\"beat\"}");
    run_until(f, f->seen_count > 1 && sl_http_hooks_queued(f->hooks) == 0);
    char *log = read_log(f);
    assert_null(strstr(log, "canary"));
    assert_null(strstr(log, f->seen[0].authorization));
    assert_null(strstr(log, f->seen[1].authorization));
    assert_non_null(strstr(log, "info session=\"/s1\" hook StreamStatusEvent: POST \"http://"));
    assert_non_null(strstr(log, "{\"sipPassword\":\"***\",\"name\":\"cam\"}"));
    assert_non_null(strstr(log, "info session=\"/s1\" hook StreamStatusEvent: status 200"));
    assert_non_null(strstr(log, "{\"sipPassword\":\"***\",\"x\":\"a\\x0ab\"}"));
    assert_non_null(strstr(log, "debug session=\"/s1\" hook StreamKeepAliveEvent: POST"));
    free(log);
}

static void takes_the_url_of_the_moment_it_is_sent_CLI_7(void **state)
{
    struct fixture *f = *state;
    char url[80];

    f->hold = true;
    notify(f, "/s", NULL, STATUS, "m", 1);
    notify(f, "/s", NULL, STATUS, "m", 2);
    run_until(f, f->seen_count == 1);
    (void)snprintf(url, sizeof(url), "%s/new", url_of(f));
    set_url(f, url);
    respond(f, 0, 200, NULL);
    run_until(f, f->seen_count == 2);
    assert_string_equal(f->seen[1].path, "/hooks/new/StreamStatusEvent");
    /* Gone in the meantime: as if it had never been wanted. */
    struct answer answer = {0};
    struct sl_error error;
    assert_non_null(ask(f, "/s", NULL, PUBLISH, "m", 3, &answer));
    assert_int_equal(sl_apps_remove(f->apps, "app", &error), 0);
    respond(f, 1, 200, NULL);
    run_until(f, answer.count > 0);
    assert_true(answer.allowed);
    assert_int_equal(answer.status, 0);
    assert_int_equal(f->seen_count, 2);
}

/* ---- Order ---- */

static void keeps_the_order_of_each_media_session_while_others_go_on_HOOK_38(void **state)
{
    struct fixture *f = *state;

    f->hold = true;
    for (int i = 0; i < 3; i++)
        notify(f, "/s", NULL, STATUS, "m", i);
    notify(f, "/s", NULL, STATUS, "other", 10);
    notify(f, "/t", NULL, STATUS, "m", 20);
    run_until(f, f->seen_count == 3);
    run_for_ms(f, 50);
    assert_int_equal(f->seen_count, 3);
    for (int i = 0; i < 3; i++) {
        int at = seen_n(f, 0) == 0 ? 0 : seen_n(f, 1) == 0 ? 1 : 2;
        at = i == 0 ? at : 2 + i;
        assert_int_equal(seen_n(f, at), i);
        respond(f, at, i == 1 ? 500 : 200, NULL);
        run_until(f, f->seen_count == 3 + (i < 2 ? i + 1 : 2));
    }
}

static void sends_the_disconnect_last_HOOK_37(void **state)
{
    struct fixture *f = *state;

    f->hold = true;
    notify(f, "/s", NULL, STATUS, "m", 1);
    notify(f, "/s", NULL, STATUS, "n", 2);
    notify_body(f, "/s", SL_HOOK_CONNECTION_STATUS_EVENT, "{\"status\":\"DISCONNECTED\",\"n\":3}");
    run_until(f, f->seen_count == 2);
    respond(f, 0, 200, NULL);
    run_for_ms(f, 50);
    assert_int_equal(f->seen_count, 2);
    respond(f, 1, 200, NULL);
    run_until(f, f->seen_count == 3);
    assert_string_equal(f->seen[2].path, "/hooks/ConnectionStatusEvent");
}

static void has_no_inversion_in_many_reconnects(void **state)
{
    enum { SESSIONS = 100, EACH = 5 };
    struct fixture *f = *state;
    int last[SESSIONS] = {0};

    for (int i = 0; i < SESSIONS * EACH; i++) {
        char session[16];
        (void)snprintf(session, sizeof(session), "/s%d", i / EACH);
        notify(f, session, NULL, STATUS, "m", i);
    }
    run_until(f, sl_http_hooks_queued(f->hooks) == 0);
    assert_int_equal(f->seen_count, SESSIONS * EACH);
    for (int i = 0; i < f->seen_count; i++) {
        int n = seen_n(f, i);
        assert_true(n % EACH == last[n / EACH]);
        last[n / EACH]++;
    }
}

static void finds_a_back_end_at_whichever_address_of_its_name(void **state)
{
    struct fixture *f = *state;
    struct answer answer = {0};
    char url[64];

    (void)snprintf(url, sizeof(url), "http://several.test:%s", strrchr(url_of(f), ':') + 1);
    set_url(f, url);
    (void)ask(f, "/s", NULL, SL_HOOK_PUBLISH_STREAM, "m", 1, &answer);
    run_until(f, answer.count > 0);
    assert_true(answer.allowed);
    assert_int_equal(f->seen_count, 1);
    assert_int_equal(counted(f, SL_COUNTER_HOOKS_SENT), 1); /* at the first try */
    answer_clear(&answer);
}

static void connects_to_no_link_local_address(void **state) /* hardening.md class 16 */
{
    struct fixture *f = *state;
    static const char *const urls[] = {"http://169.254.169.254/latest", "http://[fe80::1]/x",
                                       "http://[::ffff:169.254.1.1]/x", "http://[fd00:ec2::254]/x"};

    configure(f, "rest_client_request_sent_retry_enabled=false");
    for (size_t i = 0; i < SL_ARRAY_LEN(urls); i++) {
        struct answer answer = {0};
        set_url(f, urls[i]);
        restart_hooks(f); /* forgets that it has just warned */
        (void)ask(f, "/s", NULL, SL_HOOK_CONNECT, NULL, 1, &answer);
        run_until(f, answer.count > 0);
        assert_string_equal(answer.info, SL_HOOK_INFO_UNREACHABLE);
        answer_clear(&answer);
    }
    char *log = read_log(f), *at = log;
    for (size_t i = 0; i < SL_ARRAY_LEN(urls); i++) {
        at = strstr(at, "it may not be at that address");
        assert_non_null(at);
        at++;
    }
    free(log);
}

/* ---- Answers ---- */

static void hands_over_what_follows_from_the_answer_HOOK_12_HOOK_13_HOOK_15(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *why;
        enum sl_hook_method method;
        const char *config, *answer;
        int status;
        bool allowed;
        const char *info, *fields;
    } cases[] = {
        {"connect", SL_HOOK_CONNECT, NULL, "{\"sipLogin\":\"x\",\"appKey\":\"y\"}", 200, true, "",
         "{\"sipLogin\":\"x\"}"},
        {"connect refused", SL_HOOK_CONNECT, NULL, "{}", 403, false, "Application refused (403)",
         NULL},
        {"connect failed", SL_HOOK_CONNECT, NULL, "{\"info\":\"broken\"}", 500, false, "broken",
         NULL},
        {"refused, LOG", PUBLISH, NULL, "{\"name\":\"x\"}", 403, true, "", NULL},
        {"refused, FAIL", PUBLISH, FAIL_PUBLISH, "{}", 403, false, "Application refused (403)",
         NULL},
        {"redirect, FAIL", PUBLISH, FAIL_PUBLISH, "", 302, false, "Application refused (302)",
         NULL},
        {"empty", PUBLISH, FAIL_PUBLISH, "", 200, true, "", NULL},
        {"byte order mark", SL_HOOK_CONNECT, NULL, "\xef\xbb\xbf{\"sipLogin\":\"x\"}", 200, true,
         "", "{\"sipLogin\":\"x\"}"},
        {"OVERWRITE", PUBLISH,
         "{\"publishStream\":{\"restPolicy\":\"OVERWRITE\",\"restOverwrite\":\"name\"}}",
         "{\"name\":\"x\",\"n\":2}", 200, true, "", "{\"name\":\"x\"}"},
    };

    f->location = "/elsewhere";
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct answer answer = {0};
        f->status = cases[i].status;
        f->answer = cases[i].answer;
        (void)ask(f, "/s", cases[i].config, cases[i].method, NULL, 1, &answer);
        run_until(f, answer.count > 0);
        char *fields = answer.fields ? json_dumps(answer.fields, JSON_COMPACT) : NULL;
        if (answer.allowed != cases[i].allowed || answer.status != cases[i].status ||
            strcmp(answer.info, cases[i].info) != 0 || !fields != !cases[i].fields ||
            (fields && strcmp(fields, cases[i].fields) != 0))
            fail_msg("%s: allowed %d, status %d, \"%s\", %s", cases[i].why, answer.allowed,
                     answer.status, answer.info, fields);
        free(fields);
        answer_clear(&answer);
    }
    for (int i = 0; i < f->seen_count; i++)
        assert_string_not_equal(f->seen[i].path, "/elsewhere"); /* redirects are not followed */
}

static void tells_the_client_of_a_failed_event_from_the_loop_HOOK_20(void **state)
{
    struct fixture *f = *state;

    f->status = 500;
    notify(f, "/s", "{\"StreamStatusEvent\":{\"restOnError\":\"FAIL\"}}", STATUS, "m", 1);
    notify(f, "/t", NULL, STATUS, "m", 1);
    notify(f, "/u", "{\"ErrorEvent\":{\"restOnError\":\"FAIL\"}}", SL_HOOK_ERROR_EVENT, NULL, 1);
    assert_int_equal(f->error_count, 0);
    run_until(f, f->seen_count == 3 && sl_http_hooks_queued(f->hooks) == 0 && f->error_count > 0);
    run_for_ms(f, 30);
    assert_int_equal(f->error_count, 1);
    assert_string_equal(f->error_session, "/s");
    assert_string_equal(f->error_info, "Application refused (500)");
    assert_int_equal(counted(f, SL_COUNTER_HOOKS_FAILED), 3);
}

static void tells_the_status_of_a_keep_alive_HOOK_24_HOOK_26(void **state)
{
    struct fixture *f = *state;
    static const int statuses[] = {200, 403, 404, 500};

    for (size_t i = 0; i < SL_ARRAY_LEN(statuses); i++) {
        struct answer answer = {0};
        f->status = statuses[i];
        (void)ask(f, "/s", "{\"StreamKeepAliveEvent\":{\"restOnError\":\"FAIL\"}}",
                  SL_HOOK_STREAM_KEEP_ALIVE_EVENT, "m", 1, &answer);
        run_until(f, answer.count > 0);
        assert_true(answer.allowed);
        assert_int_equal(answer.status, statuses[i]);
    }
    run_until(f, f->error_count == 2); /* 404 and 500 */
}

static void warns_once_a_second_and_counts_the_rest(void **state)
{
    struct fixture *f = *state;
    int lines = 0;

    f->status = 500;
    for (int i = 0; i < 20; i++)
        notify(f, "/s", NULL, STATUS, "m", i);
    run_until(f, sl_http_hooks_queued(f->hooks) == 0);
    destroy_hooks(f);
    char *log = read_log(f);
    for (char *at = log; (at = strstr(at, " warn ")); at++)
        lines++;
    assert_int_equal(lines, 2);
    assert_non_null(strstr(log, "warn session=\"/s\" hook StreamStatusEvent of application \"app\" "
                                "at \"http://"));
    assert_non_null(strstr(log, "failed: status 500: \"Application refused (500)\"; nothing"));
    assert_non_null(strstr(log, "application \"app\": 19 more hooks failed"));
    free(log);
}

static void names_who_gave_an_answer_that_cannot_be_read(void **state)
{
    struct fixture *f = *state;
    struct answer answer = {0};

    f->answer = "<html>";
    (void)ask(f, "/s", FAIL_PUBLISH, PUBLISH, "m", 1, &answer);
    run_until(f, answer.count > 0);
    assert_false(answer.allowed);
    assert_string_equal(answer.info, SL_HOOK_INFO_BROKEN);
    destroy_hooks(f);
    char *log = read_log(f);
    assert_non_null(strstr(log, "hook publishStream of application \"app\" at \"http://"));
    assert_non_null(strstr(log,
                           "failed: status 200, but the answer cannot be read: \"it is a page, "
                           "not JSON\"; refused"));
    free(log);
}

/* ---- Bounds ---- */

static void counts_questions_past_a_bound_as_failed_and_drops_notifications(void **state)
{
    struct fixture *f = *state;
    struct answer log = {0}, fail = {0}, connect = {0}, cancelled = {0};

    configure(f, "hook_session_queue_max=2");
    f->hold = true;
    for (int i = 0; i < 3; i++)
        notify(f, "/s", NULL, STATUS, "m", i);
    notify(f, "/s", "{\"StreamStatusEvent\":{\"restOnError\":\"FAIL\"}}", STATUS, "m", 3);
    struct sl_hook_call *given_up = ask(f, "/s", FAIL_PUBLISH, PUBLISH, "m", 5, &cancelled);
    (void)ask(f, "/s", NULL, PUBLISH, "m", 4, &log);
    (void)ask(f, "/s", FAIL_PUBLISH, PUBLISH, "m", 5, &fail);
    (void)ask(f, "/s", NULL, SL_HOOK_CONNECT, NULL, 6, &connect);
    assert_int_equal(log.count + fail.count + connect.count, 0); /* never from within */
    f->api->cancel(f->api->arg, given_up);
    run_until(f, connect.count > 0);
    assert_int_equal(log.count, 1);
    assert_true(log.allowed);
    assert_int_equal(fail.count, 1);
    assert_false(fail.allowed);
    assert_string_equal(fail.info, SL_HOOK_INFO_BUSY);
    assert_int_equal(connect.count, 1);
    assert_false(connect.allowed);
    assert_int_equal(cancelled.count, 0);
    assert_int_equal(counted(f, SL_COUNTER_HOOKS_FAILED), 5);
    assert_int_equal(sl_http_hooks_queued(f->hooks), 3);
    for (int i = 0; i < 3; i++) {
        run_until(f, f->seen_count == i + 1);
        respond(f, i, 200, NULL);
    }
    run_until(f, sl_http_hooks_queued(f->hooks) == 0);
    assert_int_equal(f->seen_count, 3);
}

static void uses_no_more_connections_than_it_may(void **state)
{
    struct fixture *f = *state;
    char session[16];

    configure(f, "hook_app_connections_max=3");
    f->hold = true;
    for (int i = 0; i < 10; i++) {
        (void)snprintf(session, sizeof(session), "/s%d", i);
        notify(f, session, NULL, STATUS, NULL, i);
    }
    run_until(f, f->seen_count == 3);
    run_for_ms(f, 50);
    assert_int_equal(f->seen_count, 3);
    for (int i = 0; i < 10; i++) {
        run_until(f, f->seen_count > i);
        respond(f, i, 200, NULL);
    }
}

static void lets_a_question_wait_no_longer_than_its_time_HOOK_29(void **state)
{
    struct fixture *f = *state;
    struct answer first = {0}, second = {0}, third = {0};
    int64_t start = now_ms();

    configure(f, "rest_request_timeout=1");
    configure(f, "hook_app_connections_max=1");
    f->hold = true;
    (void)ask(f, "/s", FAIL_PUBLISH, PUBLISH, "m", 1, &first);
    (void)ask(f, "/t", FAIL_PUBLISH, PUBLISH, "m", 2, &second);
    (void)ask(f, "/s", NULL, SL_HOOK_CONNECT, NULL, 3, &third);
    run_until(f, first.count && second.count && third.count);
    assert_in_range(now_ms() - start, 990, 1900);
    assert_false(first.allowed || second.allowed || third.allowed);
    assert_string_equal(first.info, SL_HOOK_INFO_TIMEOUT);
    assert_string_equal(second.info, SL_HOOK_INFO_TIMEOUT);
    assert_string_equal(third.info, SL_HOOK_INFO_TIMEOUT);
    assert_int_equal(first.count + second.count + third.count, 3);
    /* The first was sent; another may have been at the last moment. */
    assert_in_range(counted(f, SL_COUNTER_HOOKS_SENT), 1, 2);
}

/* ---- Cancelling ---- */

static void delivers_no_answer_after_a_cancel_in_any_phase(void **state)
{
    struct fixture *f = *state;
    struct answer sent = {0}, waiting = {0}, later = {0};

    f->hold = true;
    struct sl_hook_call *sent_call = ask(f, "/s", NULL, PUBLISH, "m", 1, &sent);
    struct sl_hook_call *waiting_call = ask(f, "/s", NULL, PUBLISH, "m", 2, &waiting);
    (void)ask(f, "/s", NULL, PUBLISH, "m", 3, &later);
    f->api->cancel(f->api->arg, NULL);
    run_until(f, f->seen_count == 1);
    f->api->cancel(f->api->arg, waiting_call); /* never sent */
    f->api->cancel(f->api->arg, sent_call);    /* answered to nobody, and still in order */
    run_for_ms(f, 50);
    assert_int_equal(f->seen_count, 1);
    assert_false(f->seen[0].gone);
    respond(f, 0, 200, NULL);
    run_until(f, f->seen_count == 2);
    assert_int_equal(seen_n(f, 1), 3);
    respond(f, 1, 200, NULL);
    run_until(f, later.count > 0);
    assert_int_equal(sent.count + waiting.count, 0);
    assert_int_equal(sl_http_hooks_queued(f->hooks), 0);
}

static void does_not_send_again_what_was_cancelled_in_a_pause(void **state)
{
    struct fixture *f = *state;
    struct answer answer = {0};
    char url[64];

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/x", closed_port());
    set_url(f, url);
    struct sl_hook_call *call = ask(f, "/s", NULL, PUBLISH, "m", 1, &answer);
    run_until(f, counted(f, SL_COUNTER_HOOKS_SENT) == 2); /* in the second pause soon */
    run_for_ms(f, 50);
    set_url(f, url_of(f));
    f->api->cancel(f->api->arg, call);
    assert_int_equal(sl_http_hooks_queued(f->hooks), 0);
    run_for_ms(f, 500);
    assert_int_equal(f->seen_count, 0);
    assert_int_equal(answer.count, 0);
}

struct canceller {
    struct fixture *f;
    struct sl_hook_call *others[3];
};

static void cancel_others(struct answer *answer)
{
    struct canceller *canceller = answer->arg;

    for (size_t i = 0; i < SL_ARRAY_LEN(canceller->others); i++)
        canceller->f->api->cancel(canceller->f->api->arg, canceller->others[i]);
}

static void may_be_cancelled_from_within_another_answer(void **state)
{
    struct fixture *f = *state;
    struct canceller canceller = {.f = f};
    struct answer first = {.then = cancel_others, .arg = &canceller}, others[3] = {{0}};

    f->hold = true;
    (void)ask(f, "/s", NULL, PUBLISH, "m", 0, &first);
    canceller.others[0] = ask(f, "/s", NULL, PUBLISH, "m", 1, &others[0]); /* waiting */
    canceller.others[1] = ask(f, "/s", NULL, PUBLISH, "n", 2, &others[1]); /* sent */
    canceller.others[2] = ask(f, "/t", NULL, PUBLISH, "m", 3, &others[2]); /* answered as well */
    run_until(f, f->seen_count == 3);
    for (int i = 0; i < 3; i++) {
        if (seen_n(f, i) != 2)
            respond(f, i, 200, NULL);
    }
    run_until(f, first.count > 0);
    run_for_ms(f, 50);
    assert_int_equal(others[0].count + others[1].count, 0);
    assert_in_range(others[2].count, 0, 1);
    assert_int_equal(first.count, 1);
}

static void ask_again(struct answer *answer)
{
    struct answer *next = answer->arg;

    (void)ask(next->arg, "/s", NULL, PUBLISH, "m", 2, next);
    answer->then = NULL;
}

static void may_be_asked_from_within_an_answer(void **state)
{
    struct fixture *f = *state;
    struct answer second = {.arg = f}, first = {.then = ask_again, .arg = &second};

    (void)ask(f, "/s", NULL, PUBLISH, "m", 1, &first);
    run_until(f, second.count > 0);
    assert_int_equal(first.count, 1);
    assert_int_equal(f->seen_count, 2);
}

static void destroy_from_within(struct answer *answer)
{
    destroy_hooks(answer->arg);
}

static void may_be_destroyed_from_within_an_answer(void **state)
{
    struct fixture *f = *state;
    struct answer answer = {.then = destroy_from_within, .arg = f};

    notify(f, "/t", NULL, STATUS, "m", 1);
    notify(f, "/t", NULL, STATUS, "m", 2);
    notify(f, "/u", NULL, STATUS, "m", 3);
    (void)ask(f, "/s", NULL, PUBLISH, "m", 1, &answer);
    run_until(f, answer.count > 0);
    run_for_ms(f, 50);
    assert_null(f->hooks);
}

/* ---- The end ---- */

static int idle_count;

static void on_idle(void *owner)
{
    idle_count++;
    destroy_hooks(owner);
}

static void drains_what_is_queued_before_it_is_idle(void **state)
{
    struct fixture *f = *state;

    idle_count = 0;
    for (int i = 0; i < 5; i++)
        notify(f, "/s", NULL, STATUS, "m", i);
    sl_http_hooks_drain(f->hooks, on_idle, f);
    assert_int_equal(idle_count, 0);
    notify(f, "/s", NULL, STATUS, "m", 5); /* sessions end while it drains */
    run_until(f, idle_count > 0);
    assert_int_equal(f->seen_count, 6);
    run_for_ms(f, 30);
    assert_int_equal(idle_count, 1);
}

static void is_idle_in_the_next_turn_when_nothing_is_queued(void **state)
{
    struct fixture *f = *state;

    idle_count = 0;
    sl_http_hooks_drain(f->hooks, on_idle, f);
    assert_int_equal(idle_count, 0);
    run_until(f, idle_count > 0);
}

static void cuts_what_is_under_way_when_destroyed(void **state)
{
    struct fixture *f = *state;

    f->hold = true;
    notify(f, "/s", NULL, STATUS, "m", 1);
    notify(f, "/s", NULL, STATUS, "m", 2);
    run_until(f, f->seen_count == 1);
    destroy_hooks(f);
    run_until(f, f->seen[0].gone);
    char *log = read_log(f);
    assert_non_null(strstr(log, "2 hooks were not delivered"));
    free(log);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(posts_the_body_to_the_url_and_the_name_HOOK_1_HOOK_2),
        TEST(keeps_excluded_fields_from_the_back_end_HOOK_17),
        TEST(wants_what_application_configuration_and_client_let_it),
        TEST(allows_what_is_not_sent),
        TEST(uses_the_spelling_that_was_enabled),
        TEST(sends_the_credentials_of_the_application_HOOK_31),
        TEST(signs_in_place_of_the_credentials_HOOK_30),
        TEST(shows_requests_and_answers_in_the_log_without_secrets_CFG_21),
        TEST(takes_the_url_of_the_moment_it_is_sent_CLI_7),
        TEST(keeps_the_order_of_each_media_session_while_others_go_on_HOOK_38),
        TEST(sends_the_disconnect_last_HOOK_37),
        TEST(has_no_inversion_in_many_reconnects),
        TEST(finds_a_back_end_at_whichever_address_of_its_name),
        TEST(connects_to_no_link_local_address),
        TEST(hands_over_what_follows_from_the_answer_HOOK_12_HOOK_13_HOOK_15),
        TEST(tells_the_client_of_a_failed_event_from_the_loop_HOOK_20),
        TEST(tells_the_status_of_a_keep_alive_HOOK_24_HOOK_26),
        TEST(warns_once_a_second_and_counts_the_rest),
        TEST(names_who_gave_an_answer_that_cannot_be_read),
        TEST(counts_questions_past_a_bound_as_failed_and_drops_notifications),
        TEST(uses_no_more_connections_than_it_may),
        TEST(lets_a_question_wait_no_longer_than_its_time_HOOK_29),
        TEST(delivers_no_answer_after_a_cancel_in_any_phase),
        TEST(does_not_send_again_what_was_cancelled_in_a_pause),
        TEST(may_be_cancelled_from_within_another_answer),
        TEST(may_be_asked_from_within_an_answer),
        TEST(may_be_destroyed_from_within_an_answer),
        TEST(drains_what_is_queued_before_it_is_idle),
        TEST(is_idle_in_the_next_turn_when_nothing_is_queued),
        TEST(cuts_what_is_under_way_when_destroyed),
    };

    return cmocka_run_group_tests_name("hooks", tests, NULL, NULL);
}
