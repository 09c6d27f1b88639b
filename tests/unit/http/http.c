/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The HTTP server, talked to with raw sockets. */
#include "fixture.h"

#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADER_MAX = 4096, BODY_MAX = 10000 };

static struct server *server;

static int set_up(void **state)
{
    struct server_config config = {.limits = {.header_len = HEADER_MAX,
                                              .body_len = BODY_MAX,
                                              .header_timeout_s = 1,
                                              .idle_timeout_s = 2}};

    (void)state;
    server = server_start(&config);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_stop(server);
    return 0;
}

/* Sends the request and returns the answer until it is quiet or closed. */
static const char *ask(const char *request, size_t len, int wait_ms)
{
    static char answer[1 << 16];
    int fd = dial(server_port(server));

    send_all(fd, request, len);
    (void)receive(fd, answer, sizeof(answer), wait_ms, NULL);
    close(fd);
    return answer;
}

/* ---- Requests ---- */

static void hands_over_method_path_query_and_body(void **state)
{
    static const struct {
        const char *request, *noted;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "request GET /  "},
        {"GET /a%20b/%C3%BC?x=%20&y HTTP/1.1\r\nHost: a\r\n\r\n",
         "request GET /a b/\xc3\xbc x=%20&y "},
        {"GET http://a:80/p?q HTTP/1.1\r\nHost: a\r\n\r\n", "request GET /p q "},
        {"GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", "request GET /  "},
        {"GET http://a?q HTTP/1.1\r\nHost: a\r\n\r\n", "request GET / q "},
        {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "request OPTIONS *  "},
        {"\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", "request GET /x  "},
        {"POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "request POST /b  hello"},
        {"POST /c HTTP/1.1\r\nhost:a\r\ntransfer-encoding: Chunked\r\n\r\n"
         "3\r\nhel\r\n2;ext=1\r\nlo\r\n0\r\nTrailer: x\r\n\r\n",
         "request POST /c  hello"},
        {"DELETE /d HTTP/1.0\r\n\r\n", "request DELETE /d  "},
    };

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        int fd = dial(server_port(server));
        char answer[1024];
        send_text(fd, cases[i].request);
        assert_string_equal(expect(server, "request"), cases[i].noted);
        receive_until(fd, answer, sizeof(answer), "\r\n\r\n");
        assert_non_null(strstr(answer, "HTTP/1.1 200 OK\r\n"));
        assert_non_null(strstr(answer, " GMT\r\n"));
        close(fd);
    }
}

static void refuses_what_two_readers_could_read_differently_hardening_class_7(void **state)
{
#define HOST "Host: a\r\n"
    static const struct {
        const char *why, *request, *status;
        size_t len;
    } cases[] = {
#define REQUEST(text, status) text, status, sizeof(text) - 1
        {"no version", REQUEST("GET /\r\n\r\n", "400")},
        {"version 2", REQUEST("GET / HTTP/2.0\r\n" HOST "\r\n", "505")},
        {"no host", REQUEST("GET / HTTP/1.1\r\n\r\n", "400")},
        {"two hosts", REQUEST("GET / HTTP/1.1\r\n" HOST HOST "\r\n", "400")},
        {"bare LF", REQUEST("GET / HTTP/1.1\r\n" HOST "X: a\nY: b\r\n\r\n", "400")},
        {"bare CR", REQUEST("GET / HTTP/1.1\r\n" HOST "X: a\rY: b\r\n\r\n", "400")},
        {"NUL", REQUEST("GET / HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n", "400")},
        {"folded line", REQUEST("GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", "400")},
        {"blank before colon", REQUEST("GET / HTTP/1.1\r\n" HOST "X : a\r\n\r\n", "400")},
        {"no colon", REQUEST("GET / HTTP/1.1\r\n" HOST "X\r\n\r\n", "400")},
        {"two blanks", REQUEST("GET  / HTTP/1.1\r\n" HOST "\r\n", "400")},
        {"relative path", REQUEST("GET x HTTP/1.1\r\n" HOST "\r\n", "400")},
        {"authority", REQUEST("CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n", "400")},
        {"NUL in path", REQUEST("GET /%00 HTTP/1.1\r\n" HOST "\r\n", "400")},
        {"CRLF in path", REQUEST("GET /%0d%0aX HTTP/1.1\r\n" HOST "\r\n", "400")},
        {"half escape", REQUEST("GET /%4 HTTP/1.1\r\n" HOST "\r\n", "400")},
        {"path not UTF-8", REQUEST("GET /%ff HTTP/1.1\r\n" HOST "\r\n", "400")},
        {"negative length",
         REQUEST("POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", "400")},
        {"signed length", REQUEST("POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\nx", "400")},
        {"length list", REQUEST("POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\nx", "400")},
        {"two lengths",
         REQUEST("POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
                 "400")},
        {"huge length",
         REQUEST("POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n", "400")},
        {"length and chunked", REQUEST("POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n"
                                       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                                       "400")},
        {"chunked in 1.0", REQUEST("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400")},
        {"unknown coding",
         REQUEST("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", "501")},
        {"bad chunk size",
         REQUEST("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "400")},
        {"huge chunk size", REQUEST("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                                    "ffffffffffffffffff\r\n",
                                    "400")},
        {"unknown expectation",
         REQUEST("POST / HTTP/1.1\r\n" HOST "Expect: magic\r\nContent-Length: 1\r\n\r\n", "417")},
        {"TLS on a plain port", REQUEST("\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "400")},
    };

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        const char *answer = ask(cases[i].request, cases[i].len, 3000);
        if (strncmp(answer, "HTTP/1.1 ", 9) != 0 || strncmp(answer + 9, cases[i].status, 3) != 0)
            fail_msg("%s: \"%s\"", cases[i].why, answer);
        if (!strstr(answer, "\r\nConnection: close\r\n"))
            fail_msg("%s: the connection is kept", cases[i].why);
    }
    expect_none(server, "request");
}

static void bounds_headers_and_bodies(void **state)
{
    static char request[1 << 17];

    (void)state;
    /* A header that never ends, one that is too long, too many lines. */
    int len = snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    memset(request + len, 'x', HEADER_MAX);
    assert_non_null(strstr(ask(request, (size_t)len + HEADER_MAX, 3000), "HTTP/1.1 431 "));
    memcpy(request + len + HEADER_MAX, "\r\n\r\n", 4);
    assert_non_null(strstr(ask(request, (size_t)len + HEADER_MAX + 4, 3000), "HTTP/1.1 431 "));
    len = snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 64; i++)
        len += snprintf(request + len, sizeof(request) - (size_t)len, "X: 1\r\n");
    len += snprintf(request + len, sizeof(request) - (size_t)len, "\r\n");
    assert_non_null(strstr(ask(request, (size_t)len, 3000), "HTTP/1.1 431 "));
    /* A body one byte too long: announced, and in chunks. */
    len = snprintf(request, sizeof(request),
                   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", BODY_MAX + 1);
    assert_non_null(strstr(ask(request, (size_t)len, 3000), "HTTP/1.1 413 "));
    len = snprintf(request, sizeof(request),
                   "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n",
                   BODY_MAX + 1);
    memset(request + len, 'x', BODY_MAX + 1);
    assert_non_null(strstr(ask(request, (size_t)len + BODY_MAX + 1, 3000), "HTTP/1.1 413 "));
    expect_none(server, "request");
    /* And one that just fits. */
    len = snprintf(request, sizeof(request),
                   "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n",
                   BODY_MAX);
    memset(request + len, 'y', BODY_MAX);
    assert_non_null(strstr(ask(request, (size_t)len + BODY_MAX, 3000), "yyy"));
}

static void says_go_on_to_a_client_that_waits_for_it(void **state)
{
    char answer[1024];

    (void)state;
    int fd = dial(server_port(server));
    send_text(fd,
              "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    receive_until(fd, answer, sizeof(answer), "HTTP/1.1 100 Continue\r\n\r\n");
    send_text(fd, "ok");
    receive_until(fd, answer, sizeof(answer), "\r\n\r\nok");
    close(fd);
}

/* ---- Answers ---- */

static void answers_HEAD_without_and_204_with_no_body(void **state)
{
    (void)state;
    static const char head[] = "HEAD /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    const char *answer = ask(head, sizeof(head) - 1, 3000);
    assert_non_null(strstr(answer, "\r\nContent-Length: 1048576\r\n"));
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    static const char nothing[] = "GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    answer = ask(nothing, sizeof(nothing) - 1, 3000);
    assert_non_null(strstr(answer, "HTTP/1.1 204 "));
    assert_null(strstr(answer, "Content-Length"));
}

static void leaves_out_headers_that_would_split_the_answer_hardening_class_7(void **state)
{
    static const char request[] = "GET /inject HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

    (void)state;
    const char *answer = ask(request, sizeof(request) - 1, 3000);
    assert_non_null(strstr(answer, "\r\nX-Good: 1\r\n"));
    assert_null(strstr(answer, "X-Bad"));
    assert_null(strstr(answer, "Set-Cookie"));
    assert_null(strstr(answer, "X-Type"));
}

static void keeps_connections_alive_as_the_version_says(void **state)
{
    static const struct {
        const char *request;
        bool kept;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
    };
    char answer[1024];

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        bool closed;
        int fd = dial(server_port(server));
        send_text(fd, cases[i].request);
        (void)receive(fd, answer, sizeof(answer), 500, &closed);
        if (closed == cases[i].kept)
            fail_msg("%s: closed %d", cases[i].request, closed);
        close(fd);
    }
}

static void many_get_one_body_and_HEAD_gets_its_length(void **state)
{
    enum { CLIENTS = 20 };
    static const char get[] = "GET /shared HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    static const char head[] = "HEAD /shared HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    static char answer[SHARED_LEN + 4096];
    int fds[CLIENTS + 1];

    (void)state;
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = dial(server_port(server));
        send_text(fds[i], get);
    }
    fds[CLIENTS] = dial(server_port(server)); /* one that leaves in the midst of it */
    send_text(fds[CLIENTS], get);
    close(fds[CLIENTS]);
    for (int i = 0; i < CLIENTS; i++) {
        bool closed = false;
        size_t len = receive(fds[i], answer, sizeof(answer), 3000, &closed);
        const char *body = strstr(answer, "\r\n\r\n");
        assert_true(closed);
        assert_non_null(strstr(answer, "\r\nContent-Length: 300000\r\n"));
        assert_int_equal(len - (size_t)(body + 4 - answer), SHARED_LEN);
        for (size_t at = 0; at < SHARED_LEN; at++)
            assert_int_equal(body[4 + at], 'a' + at % 26);
        close(fds[i]);
    }
    const char *told = ask(head, sizeof(head) - 1, 3000);
    assert_non_null(strstr(told, "\r\nContent-Length: 300000\r\n"));
    assert_string_equal(strstr(told, "\r\n\r\n"), "\r\n\r\n");
}

static void a_part_of_such_a_body_is_those_bytes_alone(void **state)
{
    static const char get[] = "GET /shared?part HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

    (void)state;
    const char *told = ask(get, sizeof(get) - 1, 3000);
    const char *body = strstr(told, "\r\n\r\n");
    assert_non_null(strstr(told, "HTTP/1.1 206 "));
    assert_non_null(strstr(told, "\r\nContent-Length: 100\r\n"));
    assert_int_equal(strlen(body + 4), PART_LEN);
    for (size_t i = 0; i < PART_LEN; i++)
        assert_int_equal(body[4 + i], 'a' + (PART_AT + i) % 26);
}

static void answers_pipelined_requests_in_order_and_one_at_a_time(void **state)
{
    char answer[4096];

    (void)state;
    int fd = dial(server_port(server));
    send_text(fd, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n"
                  "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\ntwo"
                  "GET /later HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    (void)expect(server, "request GET /later");
    expect_none(server, "request");
    answer_kept(server);
    (void)expect(server, "request POST /b  two");
    (void)expect(server, "request GET /later");
    answer_kept(server);
    (void)receive(fd, answer, sizeof(answer), 3000, NULL);
    char *first = strstr(answer, "\r\n\r\nlate");
    char *second = first ? strstr(first, "\r\n\r\ntwo") : NULL;
    assert_non_null(second);
    assert_non_null(strstr(second, "\r\n\r\nlate"));
    close(fd);
    expect_none(server, "gone");
}

static void tells_the_owner_when_the_client_goes_before_the_answer(void **state)
{
    (void)state;
    int fd = dial(server_port(server));
    send_text(fd, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)expect(server, "request");
    close(fd);
    (void)expect(server, "gone");
}

static void sends_a_whole_answer_to_a_client_that_has_ended_its_side(void **state)
{
    static const char *const versions[] = {"1.0", "1.1"};
    static char answer[(1 << 20) + 1024];

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(versions); i++) {
        char request[64];
        int fd = dial(server_port(server));
        (void)snprintf(request, sizeof(request), "GET /big HTTP/%s\r\nHost: a\r\n\r\n",
                       versions[i]);
        send_text(fd, request);
        (void)expect(server, "request");
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        size_t len = receive(fd, answer, sizeof(answer), 3000, NULL);
        assert_in_range(len, 1 << 20, sizeof(answer));
        close(fd);
    }
}

static void goes_down_while_a_request_is_unanswered(void **state)
{
    (void)state;
    int fd = dial(server_port(server));
    send_text(fd, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)expect(server, "request");
    tear_down(NULL);
    close(fd);
    set_up(NULL);
}

/* ---- Time ---- */

static void cuts_slow_senders_without_harm_to_others_hardening_class_19(void **state)
{
    int slow[100];
    char answer[1024];

    (void)state;
    int64_t start = now_ms();
    for (size_t i = 0; i < SL_ARRAY_LEN(slow); i++) {
        slow[i] = dial(server_port(server));
        if (i % 3 == 0)
            send_text(slow[i], "GET / HTTP/1.1\r\nX: ");
        else if (i % 3 == 1)
            send_text(slow[i], "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx");
    }
    int fd = dial(server_port(server));
    int64_t asked = now_ms();
    send_text(fd, "GET /quick HTTP/1.1\r\nHost: a\r\n\r\n");
    receive_until(fd, answer, sizeof(answer), "HTTP/1.1 200 ");
    assert_in_range(now_ms() - asked, 0, 500);
    close(fd);
    while (now_ms() - start < 600) /* a byte now and then does not help */
        for (size_t i = 0; i < SL_ARRAY_LEN(slow); i += 3) {
            send_text(slow[i], "x");
            (void)receive(slow[i], answer, sizeof(answer), 2, NULL);
        }
    for (size_t i = 0; i < SL_ARRAY_LEN(slow); i++) {
        bool closed;
        (void)receive(slow[i], answer, sizeof(answer), 3000, &closed);
        assert_true(closed);
        if (i % 3 < 2)
            assert_non_null(strstr(answer, "HTTP/1.1 408 "));
        close(slow[i]);
    }
    assert_in_range(now_ms() - start, 700, 2500);
}

static void closes_idle_connections(void **state)
{
    char answer[1024];

    (void)state;
    int fd = dial(server_port(server));
    send_text(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    receive_until(fd, answer, sizeof(answer), "HTTP/1.1 200 ");
    assert_in_range(wait_closed(fd, 4000), 1500, 2600);
    close(fd);
}

static void holds_one_answer_for_a_client_that_does_not_read(void **state)
{
    enum { ASKED = 30, IN_KERNEL = 16 /* MiB: more than its buffers take */ };

    (void)state;
    int fd = dial(server_port(server));
    for (int i = 0; i < ASKED; i++)
        send_text(fd, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    send_text(fd, "GET /last HTTP/1.1\r\nHost: a\r\n\r\n");
    /* Another client's requests show that the server has had its turn and waits. */
    for (int i = 0; i < 20; i++)
        (void)ask("GET /other HTTP/1.0\r\n\r\n", 23, 3000);
    int handed_over = 0;
    while (handed_over < ASKED && note_there(server, "request GET /big"))
        handed_over++;
    assert_in_range(handed_over, 1, IN_KERNEL);
    expect_none(server, "request GET /last");
    close(fd);
}

/* ---- Listeners ---- */

struct listen_result {
    uint16_t port;
    const char *address;
    int err;
    struct sl_error error;
};

static void listen_again(struct server *s, void *arg)
{
    struct listen_result *result = arg;
    struct sl_listener_config config = {
        .name = "wss.port", .port = result->port, .address = result->address};
    struct sl_listener *listener;

    result->err = sl_listener_create(server_http(s), &config, &listener, &result->error);
    if (result->err == 0)
        result->port = sl_listener_port(listener);
}

static void names_the_option_when_the_port_is_taken(void **state)
{
    struct listen_result taken = {.port = server_port(server), .address = "127.0.0.1"};
    struct listen_result unknown = {.address = "localhost"};
    struct listen_result everywhere = {.address = NULL};

    (void)state;
    server_call(server, listen_again, &taken);
    assert_int_equal(taken.err, -EADDRINUSE);
    assert_non_null(strstr(taken.error.text, "wss.port"));
    server_call(server, listen_again, &unknown);
    assert_int_equal(unknown.err, -EINVAL);
    server_call(server, listen_again, &everywhere); /* port 0: the kernel picks one */
    assert_int_equal(everywhere.err, 0);
    assert_true(everywhere.port > 0);
    /* Without any handler: plain requests get 426, handshakes 400. */
    char answer[1024];
    int fd = dial(everywhere.port);
    send_text(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    receive_until(fd, answer, sizeof(answer), "\r\n\r\n");
    assert_non_null(strstr(answer, "HTTP/1.1 426 "));
    assert_non_null(strstr(answer, "\r\nUpgrade: websocket\r\n"));
    close(fd);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        T(hands_over_method_path_query_and_body),
        T(refuses_what_two_readers_could_read_differently_hardening_class_7),
        T(bounds_headers_and_bodies),
        T(says_go_on_to_a_client_that_waits_for_it),
        T(answers_HEAD_without_and_204_with_no_body),
        T(many_get_one_body_and_HEAD_gets_its_length),
        T(a_part_of_such_a_body_is_those_bytes_alone),
        T(leaves_out_headers_that_would_split_the_answer_hardening_class_7),
        T(keeps_connections_alive_as_the_version_says),
        T(answers_pipelined_requests_in_order_and_one_at_a_time),
        T(tells_the_owner_when_the_client_goes_before_the_answer),
        T(sends_a_whole_answer_to_a_client_that_has_ended_its_side),
        T(goes_down_while_a_request_is_unanswered),
        T(cuts_slow_senders_without_harm_to_others_hardening_class_19),
        T(closes_idle_connections),
        T(holds_one_answer_for_a_client_that_does_not_read),
        T(names_the_option_when_the_port_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
