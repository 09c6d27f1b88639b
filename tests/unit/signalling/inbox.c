/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each client's share of the control loop. */
#include "base/clock.h"
#include "base/mem.h"
#include "signalling/internal.h"
#include "wire.h"

#include <stdio.h>
#include <string.h>

static void who_is_nobody_yet_may_say_little(void **state) /* 1.1 */
{
    struct sl_ws *ws = open_socket(*state, 1);

    assert_int_equal(fake_ws_message_max(ws), 16384);
    for (int i = 0; i < 8; i++) {
        assert_false(is_closing(ws));
        say(ws, "pong", "null");
    }
    say(ws, "pong", "null");
    assert_int_equal(closing_code(ws), 1008);
    fake_ws_gone(ws);
}

static void who_has_a_session_may_say_more(void **state) /* 1.1 */
{
    struct wire *wire = *state;
    struct sl_ws *ws = open_socket(wire, 1);

    wire->server.hooks.wanted[SL_HOOK_CONNECT] = true;
    wire->server.hooks.prompt = false;
    say(ws, "connection", "{'appKey':'defaultApp'}");
    assert_int_equal(fake_ws_message_max(ws), 16384); /* the back end has not said yes */
    assert_true(fake_hooks_answer(&wire->server.hooks, SL_HOOK_CONNECT,
                                  &(struct sl_hook_answer){.allowed = true}));
    assert_int_equal(fake_ws_message_max(ws), wire->server.config->ws_message_max);
    for (int i = 0; i < 100; i++)
        say(ws, "pong", "null");
    assert_false(is_closing(ws));
    fake_ws_gone(ws);
}

/* pushLogs with a text of len bytes. */
static void say_long(struct sl_ws *ws, size_t len)
{
    char *text = sl_alloc(len + 64);
    size_t at = (size_t)sprintf(text, "{'logs':'");

    memset(text + at, 'x', len);
    memcpy(text + at + len, "'}", 3);
    say(ws, "pushLogs", text);
    free(text);
}

static void a_long_message_is_parsed_elsewhere_and_those_behind_it_wait(void **state)
{
    struct sl_ws *ws = open_session(*state, 1);
    char text[70000];
    int len = snprintf(text, sizeof(text), "{'mediaSessionId':'a','name':'%0*d'}", 66000, 0);

    assert_in_range(len, 65536, sizeof(text) - 1);
    say(ws, "availableStream", text);
    assert_true(fake_ws_is_paused(ws)); /* what keeps the order */
    expect_nothing(ws);
    assert_int_equal(fake_run_jobs(), 1);
    json_decref(expect(ws, "availableStream"));
    assert_false(fake_ws_is_paused(ws));

    memset(text, '[', sizeof(text));
    fake_ws_receive_bytes(ws, text, sizeof(text));
    assert_int_equal(fake_run_jobs(), 1);
    expect_exactly(ws, "fail", "{'info':'Bad request'}");
    assert_false(fake_ws_is_paused(ws));
    fake_ws_gone(ws);
}

static void a_client_may_be_gone_before_its_message_is_parsed(void **state)
{
    struct wire *wire = *state;
    struct sl_ws *gone = open_session(wire, 1), *closed = open_session(wire, 2),
                 *last = open_session(wire, 3);

    say_long(gone, 70000);
    say_long(closed, 70000);
    say_long(last, 70000);
    fake_ws_gone(gone);
    sl_session_terminate(
        sl_sessions_find(wire->server.sessions, "/198.51.100.23:2/203.0.113.44:8443"));
    assert_int_equal(fake_run_jobs(), 3);
    fake_ws_gone(closed);
    say_long(last, 70000); /* and what waits at the end of the server is dropped */
    fake_ws_gone(last);
}

static void too_many_long_messages_at_once_are_refused(void **state)
{
    struct wire *wire = *state;
    struct sl_ws *sockets[SL_JOBS_WAITING_MAX + 1];

    for (size_t i = 0; i < SL_ARRAY_LEN(sockets); i++) {
        sockets[i] = open_session(wire, (uint16_t)(i + 1));
        say_long(sockets[i], 70000);
    }
    expect_exactly(sockets[SL_JOBS_WAITING_MAX], "fail", "{'info':'Too many requests'}");
    assert_false(fake_ws_is_paused(sockets[SL_JOBS_WAITING_MAX]));
    assert_int_equal(fake_run_jobs(), SL_JOBS_WAITING_MAX);
    for (size_t i = 0; i < SL_ARRAY_LEN(sockets); i++)
        fake_ws_gone(sockets[i]);
}

static void who_sends_too_much_is_not_read_for_a_while(void **state)
{
    struct sl_ws *ws = open_session(*state, 1);
    size_t sent = 0;

    while (!fake_ws_is_paused(ws)) {
        say_long(ws, 60000);
        sent += 60000;
        assert_true(sent < 3000000);
    }
    /* A burst is no fault; of how many bytes, says the test of allowances: parsing is counted by
     * the processor's time, of which a sanitizer takes ten times as much. For its bytes it waits a
     * second. */
    assert_true(sent > 120000);
    for (int i = 0; i < 60 && fake_ws_is_paused(ws); i++)
        fake_advance_ms(1000);
    assert_false(fake_ws_is_paused(ws));
    say_long(ws, 60000);
    say_long(ws, 60000);
    fake_ws_gone(ws); /* also while it waits */
}

static void an_allowance_is_spent_by_bytes_and_by_work_and_comes_back(void **state)
{
    struct allowance own = {0}, none = {.at_us = 1};
    int64_t now_us = SL_US_PER_S;

    (void)state;
    none.at_us = now_us;
    assert_int_equal(sl_allowance_spend(&own, &none, 2097152, 0, now_us), 0);
    assert_int_equal(sl_allowance_spend(&own, &none, 524288, 0, now_us), 1001);
    now_us += 1001 * SL_US_PER_MS;
    assert_int_equal(sl_allowance_spend(&own, &none, 0, 0, now_us), 0);
    now_us += 30LL * SL_US_PER_S;
    none.at_us = now_us;
    assert_int_equal(sl_allowance_spend(&own, &none, 0, 20000, now_us), 0);
    assert_int_equal(sl_allowance_spend(&own, &none, 0, 3000, now_us), 1001);
    now_us += 3600LL * SL_US_PER_S;
    none.at_us = now_us;
    assert_int_equal(sl_allowance_spend(&own, &none, 0, 20000, now_us),
                     0); /* and no more than that */
    assert_int_equal(sl_allowance_spend(&own, &none, 0, 1, now_us), 50);
}

static void who_needs_more_takes_it_from_what_all_share(void **state)
{
    struct allowance first = {0}, second = {0}, shared = {0};
    const int64_t now_us = SL_US_PER_S;

    (void)state;
    assert_int_equal(sl_allowance_spend(&first, &shared, 0, 220000, now_us), 0);
    assert_true(sl_allowance_spend(&first, &shared, 0, 1000, now_us) > 0);
    assert_int_equal(sl_allowance_spend(&second, &shared, 0, 20000, now_us),
                     0); /* its own is its own */
    assert_true(sl_allowance_spend(&second, &shared, 0, 1000, now_us) > 0);
    assert_int_equal(sl_allowance_spend(&second, &shared, 0, 0, now_us + SL_US_PER_S), 0);
    assert_int_equal(sl_allowance_spend(&first, &shared, 0, 100000, now_us + SL_US_PER_S), 0);
}

static void who_is_nobody_yet_may_not_name_many_values(void **state)
{
    struct sl_ws *ws = open_socket(*state, 1);
    char text[8192];
    int len = snprintf(text, sizeof(text), "{\"message\":\"pong\",\"data\":[0");

    for (int i = 0; i < 1024; i++)
        len += snprintf(text + len, sizeof(text) - (size_t)len, ",0");
    (void)snprintf(text + len, sizeof(text) - (size_t)len, "]}");
    fake_ws_receive(ws, text);
    expect_exactly(ws, "fail", "{'info':'Bad request'}");
    fake_ws_gone(ws);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_is_nobody_yet_may_say_little),
        TEST(who_has_a_session_may_say_more),
        TEST(a_long_message_is_parsed_elsewhere_and_those_behind_it_wait),
        TEST(a_client_may_be_gone_before_its_message_is_parsed),
        TEST(too_many_long_messages_at_once_are_refused),
        TEST(who_sends_too_much_is_not_read_for_a_while),
        TEST(who_needs_more_takes_it_from_what_all_share),
        TEST(who_is_nobody_yet_may_not_name_many_values),
        TEST(an_allowance_is_spent_by_bytes_and_by_work_and_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
