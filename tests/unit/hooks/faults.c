/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hooks against back ends that are down, silent, wrong or gone. */
#include "fixture.h"

#include "base/mem.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PUBLISH SL_HOOK_PUBLISH_STREAM
#define STATUS  SL_HOOK_STREAM_STATUS_EVENT

#define ALL_FAIL                                                                                   \
    "{\"publishStream\":{\"restOnError\":\"FAIL\"},"                                               \
    "\"StreamKeepAliveEvent\":{\"restOnError\":\"FAIL\"}}"

static void use_closed_port(struct fixture *f)
{
    char url[64];

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/x", closed_port());
    set_url(f, url);
}

/* ---- Not sent ---- */

static void tries_again_what_could_not_be_sent_with_growing_pauses(void **state)
{
    struct fixture *f = *state;
    struct answer answer = {0};
    int64_t start = now_ms();

    use_closed_port(f);
    (void)ask(f, "/s", ALL_FAIL, PUBLISH, "m", 1, &answer);
    run_until(f, answer.count > 0);
    assert_false(answer.allowed);
    assert_int_equal(answer.status, 0);
    assert_string_equal(answer.info, SL_HOOK_INFO_UNREACHABLE);
    assert_int_equal(counted(f, SL_COUNTER_HOOKS_SENT), 4);
    assert_int_equal(counted(f, SL_COUNTER_HOOKS_FAILED), 1);
    assert_in_range(now_ms() - start, 1300, 3000); /* 100 + 300 + 900 */
}

static void delivers_in_order_to_a_back_end_that_comes_back(void **state)
{
    struct fixture *f = *state;

    use_closed_port(f);
    for (int i = 0; i < 3; i++)
        notify(f, "/s", NULL, STATUS, "m", i);
    run_until(f, counted(f, SL_COUNTER_HOOKS_SENT) == 2);
    set_url(f, url_of(f));
    run_until(f, sl_http_hooks_queued(f->hooks) == 0);
    assert_int_equal(f->seen_count, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(seen_n(f, i), i);
    assert_int_equal(counted(f, SL_COUNTER_HOOKS_FAILED), 0);
}

static void tries_once_if_it_is_told_so_and_with_keep_alives(void **state)
{
    struct fixture *f = *state;
    struct answer answer = {0};

    use_closed_port(f);
    (void)ask(f, "/s", ALL_FAIL, SL_HOOK_STREAM_KEEP_ALIVE_EVENT, "m", 1, &answer);
    run_until(f, answer.count > 0);
    assert_true(answer.allowed);
    assert_int_equal(counted(f, SL_COUNTER_HOOKS_SENT), 1);
    configure(f, "rest_client_request_sent_retry_enabled=false");
    (void)ask(f, "/s", ALL_FAIL, PUBLISH, "m", 1, &answer);
    run_until(f, answer.count > 1);
    assert_int_equal(counted(f, SL_COUNTER_HOOKS_SENT), 2);
    configure(f, "rest_client_request_sent_retry_enabled=true");
    configure(f, "rest_client_request_retry_count=1");
    (void)ask(f, "/s", ALL_FAIL, PUBLISH, "m", 1, &answer);
    run_until(f, answer.count > 2);
    assert_int_equal(counted(f, SL_COUNTER_HOOKS_SENT), 4);
    run_until(f, f->error_count == 1); /* of the keep-alive */
}

static void gives_up_when_the_next_try_would_be_too_late(void **state)
{
    struct fixture *f = *state;
    struct answer answer = {0};
    int64_t start = now_ms();

    use_closed_port(f);
    configure(f, "rest_request_timeout=1");
    configure(f, "rest_client_request_retry_count=100");
    (void)ask(f, "/s", ALL_FAIL, PUBLISH, "m", 1, &answer);
    run_until(f, answer.count > 0);
    assert_true(now_ms() - start < 1000);
    assert_string_equal(answer.info, SL_HOOK_INFO_UNREACHABLE);
    assert_int_equal(counted(f, SL_COUNTER_HOOKS_SENT), 3);
}

static void expires_while_it_waits_for_a_place_after_a_pause(void **state)
{
    struct fixture *f = *state;
    struct answer answer = {0};

    configure(f, "rest_request_timeout=1");
    configure(f, "hook_app_connections_max=1");
    use_closed_port(f);
    (void)ask(f, "/s", ALL_FAIL, PUBLISH, "m", 1, &answer);
    run_until(f, counted(f, SL_COUNTER_HOOKS_SENT) == 1);
    run_for_ms(f, 30);
    f->hold = true;
    set_url(f, url_of(f));
    configure(f, "rest_request_timeout=5");
    notify(f, "/t", NULL, STATUS, "m", 1); /* has the only place now, for five seconds */
    int64_t start = now_ms();
    run_until(f, answer.count > 0);
    assert_true(now_ms() - start < 2000);
    assert_string_equal(answer.info, SL_HOOK_INFO_TIMEOUT);
    assert_int_equal(f->seen_count, 1);
}

/* ---- Silence ---- */

static void gives_a_silent_back_end_up_in_time_HOOK_29(void **state)
{
    struct fixture *f = *state;
    struct answer answer = {0};
    int64_t start = now_ms();

    configure(f, "rest_request_timeout=1");
    f->hold = true;
    (void)ask(f, "/s", ALL_FAIL, PUBLISH, "m", 1, &answer);
    run_until(f, answer.count > 0);
    assert_in_range(now_ms() - start, 990, 1900);
    assert_false(answer.allowed);
    assert_string_equal(answer.info, SL_HOOK_INFO_TIMEOUT);
    run_until(f, f->seen[0].gone);
    assert_int_equal(counted(f, SL_COUNTER_HOOKS_SENT), 1); /* not again: it may have acted */
}

static void has_no_bound_with_a_timeout_of_zero(void **state)
{
    struct fixture *f = *state;
    struct answer answer = {0};

    configure(f, "rest_request_timeout=0");
    f->hold = true;
    (void)ask(f, "/s", ALL_FAIL, PUBLISH, "m", 1, &answer);
    run_until(f, f->seen_count == 1);
    run_for_ms(f, 300);
    assert_int_equal(answer.count, 0);
    respond(f, 0, 200, NULL);
    run_until(f, answer.count > 0);
    assert_true(answer.allowed);
}

/* ---- Wrong answers ---- */

static const char *raw_answer; /* what answer_so() writes */

static void answer_so(struct raw *raw, int fd)
{
    if (raw_read_request(raw, fd))
        raw_write(fd, raw_answer);
}

static void trickle(struct raw *raw, int fd)
{
    if (!raw_read_request(raw, fd))
        return;
    raw_write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    for (int i = 0; i < 1000 && !raw_is_stopping(raw); i++) {
        raw_write(fd, " ");
        (void)usleep(10000);
    }
}

static void send_headers_for_ever(struct raw *raw, int fd)
{
    static const char line[] = "X-Filler: 0123456789012345678901234567890123456789\r\n";

    if (!raw_read_request(raw, fd))
        return;
    raw_write(fd, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 100000 && !raw_is_stopping(raw); i++)
        raw_write(fd, line);
}

static void answer_ten_megabytes(struct raw *raw, int fd)
{
    static char block[65537];

    if (!raw_read_request(raw, fd))
        return;
    memset(block, ' ', sizeof(block) - 1);
    raw_write(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 160 && !raw_is_stopping(raw); i++) {
        raw_write(fd, "10000\r\n");
        raw_write(fd, block);
        raw_write(fd, "\r\n");
    }
    raw_write(fd, "0\r\n\r\n");
}

static void fails_on_answers_that_are_none_and_does_not_send_again(void **state)
{
    static const struct {
        const char *why, *answer;
        void (*serve)(struct raw *raw, int fd);
        const char *info;
        int status;
    } cases[] = {
        {"dies without a word", "", answer_so, SL_HOOK_INFO_BROKEN, 0},
        {"dies in the header", "HTTP/1.1 200 OK\r\nContent-Le", answer_so, SL_HOOK_INFO_BROKEN, 0},
        {"dies in the body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"a\"", answer_so,
         SL_HOOK_INFO_BROKEN, 0},
        {"dies in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{}",
         answer_so, SL_HOOK_INFO_BROKEN, 0},
        {"dies in a refusal", "HTTP/1.1 403 No\r\nContent-Length: 10\r\n\r\n{\"a\"", answer_so,
         SL_HOOK_INFO_BROKEN, 403},
        {"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", answer_so, SL_HOOK_INFO_BROKEN, 0},
        {"HTTP/0.9", "{}", answer_so, SL_HOOK_INFO_BROKEN, 0},
        {"trickles", "", trickle, SL_HOOK_INFO_TIMEOUT, 0},
        {"endless headers", "", send_headers_for_ever, SL_HOOK_INFO_BROKEN, 0},
        {"10 MB", "", answer_ten_megabytes, SL_HOOK_INFO_BROKEN, 0},
        {"refuses after an interim answer",
         "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", answer_so,
         "Application refused (403)", 403},
        {"dies after an interim answer", "HTTP/1.1 100 Continue\r\n\r\n", answer_so,
         SL_HOOK_INFO_BROKEN, 0},
    };
    struct fixture *f = *state;

    configure(f, "rest_request_timeout=2");
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct answer answer = {0};
        raw_answer = cases[i].answer;
        struct raw *raw = raw_start(cases[i].serve);
        set_url(f, raw_url(raw));
        (void)ask(f, "/s", ALL_FAIL, PUBLISH, "m", 1, &answer);
        run_until(f, answer.count > 0);
        run_for_ms(f, 150); /* a second try would come after 100 ms */
        if (answer.allowed || strcmp(answer.info, cases[i].info) != 0 ||
            answer.status != cases[i].status)
            fail_msg("%s: allowed %d, \"%s\", status %d", cases[i].why, answer.allowed, answer.info,
                     answer.status);
        if (atomic_load(raw_requests(raw)) != 1)
            fail_msg("%s: sent %d times", cases[i].why, atomic_load(raw_requests(raw)));
        raw_stop(raw);
    }
}

/* ---- Connections ---- */

static void answer_two(struct raw *raw, int fd)
{
    while (raw_read_request(raw, fd) && atomic_load(raw_requests(raw)) % 3 != 0)
        raw_write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
}

static void uses_a_connection_again(void **state)
{
    struct fixture *f = *state;
    struct raw *raw = raw_start(answer_two);

    set_url(f, raw_url(raw));
    notify(f, "/s", NULL, STATUS, "m", 1);
    notify(f, "/s", NULL, STATUS, "m", 2);
    run_until(f, sl_http_hooks_queued(f->hooks) == 0);
    assert_int_equal(atomic_load(raw_requests(raw)), 2);
    assert_int_equal(atomic_load(raw_connections(raw)), 1);
    raw_stop(raw);
}

static void does_not_send_twice_when_a_kept_connection_dies(void **state)
{
    struct fixture *f = *state;
    struct raw *raw = raw_start(answer_two);
    struct answer answer = {0};

    set_url(f, raw_url(raw));
    notify(f, "/s", NULL, STATUS, "m", 1);
    notify(f, "/s", NULL, STATUS, "m", 2);
    (void)ask(f, "/s", ALL_FAIL, PUBLISH, "m", 3, &answer);
    run_until(f, answer.count > 0);
    run_for_ms(f, 300);
    assert_int_equal(atomic_load(raw_requests(raw)), 3);
    assert_false(answer.allowed);
    assert_string_equal(answer.info, SL_HOOK_INFO_BROKEN);
    raw_stop(raw);
}

static void answer_one(struct raw *raw, int fd)
{
    if (raw_read_request(raw, fd))
        raw_write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
}

static void takes_a_new_connection_when_the_kept_one_was_closed(void **state)
{
    struct fixture *f = *state;
    struct raw *raw = raw_start(answer_one);

    set_url(f, raw_url(raw));
    for (int i = 1; i <= 3; i++) {
        notify(f, "/s", NULL, STATUS, "m", i);
        run_until(f, sl_http_hooks_queued(f->hooks) == 0);
        run_for_ms(f, 50); /* the close comes */
        assert_int_equal(atomic_load(raw_requests(raw)), i);
    }
    assert_int_equal(counted(f, SL_COUNTER_HOOKS_FAILED), 0);
    raw_stop(raw);
}

static atomic_int clients_gone;

static void answer_until_gone(struct raw *raw, int fd)
{
    while (raw_read_request(raw, fd))
        raw_write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    atomic_fetch_add(&clients_gone, 1);
}

static void closes_connections_that_nobody_uses(void **state)
{
    struct fixture *f = *state;
    struct raw *raw = raw_start(answer_until_gone);

    atomic_store(&clients_gone, 0);
    set_url(f, raw_url(raw));
    notify(f, "/s", NULL, STATUS, "m", 1);
    run_until(f, sl_http_hooks_queued(f->hooks) == 0);
    run_until(f, atomic_load(&clients_gone) == 1);
    notify(f, "/s", NULL, STATUS, "m", 2);
    run_until(f, atomic_load(raw_requests(raw)) == 2);
    run_until(f, sl_http_hooks_queued(f->hooks) == 0);
    raw_stop(raw);
}

static void makes_room_for_another_back_end(void **state)
{
    struct fixture *f = *state;
    struct raw *raw = raw_start(answer_until_gone);

    configure(f, "hook_connections_max=1");
    restart_hooks(f);
    for (int i = 1; i <= 3; i++) {
        set_url(f, raw_url(raw));
        notify(f, "/s", NULL, STATUS, "m", i);
        run_until(f, sl_http_hooks_queued(f->hooks) == 0);
        set_url(f, url_of(f));
        notify(f, "/s", NULL, STATUS, "m", i);
        run_until(f, sl_http_hooks_queued(f->hooks) == 0);
    }
    assert_int_equal(atomic_load(raw_requests(raw)), 3);
    assert_int_equal(atomic_load(raw_connections(raw)), 3); /* the kept one had to go */
    assert_int_equal(f->seen_count, 3);
    raw_stop(raw);
}

/* ---- Names ---- */

/* In place of libc's, for libcurl too: names that hang, like those of a dead name server. */
static atomic_int lookups;
static atomic_bool lookups_hang;

__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **res)
{
    (void)node;
    (void)service;
    (void)hints;
    (void)res;
    atomic_fetch_add(&lookups, 1);
    while (atomic_load(&lookups_hang))
        (void)usleep(5000);
    return EAI_NONAME;
}

static void does_not_block_on_a_name_server_that_is_silent(void **state)
{
    enum { QUESTIONS = 30 };
    struct fixture *f = *state;
    struct answer answers[QUESTIONS] = {{0}};
    int64_t longest = 0;
    size_t answered = 0;

    atomic_store(&lookups, 0);
    atomic_store(&lookups_hang, true);
    configure(f, "rest_request_timeout=1");
    set_url(f, "http://back.end.invalid:8000/x");
    for (int i = 0; i < QUESTIONS; i++) {
        char session[16];
        (void)snprintf(session, sizeof(session), "/s%d", i);
        (void)ask(f, session, ALL_FAIL, PUBLISH, "m", i, &answers[i]);
    }
    int64_t start = now_ms();
    while (answered < QUESTIONS && now_ms() - start < 10000) {
        int64_t before = now_ms();
        run_once(f);
        if (now_ms() - before > longest)
            longest = now_ms() - before;
        answered = 0;
        for (int i = 0; i < QUESTIONS; i++)
            answered += (size_t)answers[i].count;
    }
    assert_int_equal(answered, QUESTIONS);
    for (int i = 0; i < QUESTIONS; i++)
        assert_string_equal(answers[i].info, SL_HOOK_INFO_TIMEOUT);
    assert_true(longest < 500);
    assert_in_range(atomic_load(&lookups), 1, 8 + QUESTIONS / 2); /* not a thread for each */
    /* Those threads end by themselves. */
    set_url(f, url_of(f));
    notify(f, "/s", NULL, STATUS, "m", 1);
    run_until(f, f->seen_count == 1 && sl_http_hooks_queued(f->hooks) == 0);
    atomic_store(&lookups_hang, false);
    run_for_ms(f, 100);
}

static void counts_an_unknown_name_as_not_sent(void **state)
{
    struct fixture *f = *state;
    struct answer answer = {0};

    atomic_store(&lookups_hang, false);
    configure(f, "rest_client_request_retry_count=1");
    set_url(f, "http://back.end.invalid:8000/x");
    (void)ask(f, "/s", ALL_FAIL, PUBLISH, "m", 1, &answer);
    run_until(f, answer.count > 0);
    assert_string_equal(answer.info, SL_HOOK_INFO_UNREACHABLE);
    assert_int_equal(counted(f, SL_COUNTER_HOOKS_SENT), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(tries_again_what_could_not_be_sent_with_growing_pauses),
        TEST(delivers_in_order_to_a_back_end_that_comes_back),
        TEST(tries_once_if_it_is_told_so_and_with_keep_alives),
        TEST(gives_up_when_the_next_try_would_be_too_late),
        TEST(expires_while_it_waits_for_a_place_after_a_pause),
        TEST(gives_a_silent_back_end_up_in_time_HOOK_29),
        TEST(has_no_bound_with_a_timeout_of_zero),
        TEST(fails_on_answers_that_are_none_and_does_not_send_again),
        TEST(uses_a_connection_again),
        TEST(does_not_send_twice_when_a_kept_connection_dies),
        TEST(takes_a_new_connection_when_the_kept_one_was_closed),
        TEST(closes_connections_that_nobody_uses),
        TEST(makes_room_for_another_back_end),
        TEST(does_not_block_on_a_name_server_that_is_silent),
        TEST(counts_an_unknown_name_as_not_sent),
    };

    return cmocka_run_group_tests_name("hooks faults", tests, NULL, NULL);
}
