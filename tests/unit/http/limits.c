/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many may connect, and what happens to the others. */
#include "fixture.h"

#include "base/clock.h"
#include "base/mem.h"
#include "http/ws_frame.h"

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct server *server;

static void start_with(const struct sl_http_limits *limits)
{
    struct server_config config = {.limits = *limits, .address = "0.0.0.0"};

    config.limits.header_timeout_s = 5;
    server = server_start(&config);
}

static void start(size_t connections, size_t per_ip)
{
    start_with(&(struct sl_http_limits){.connections = connections, .connections_per_ip = per_ip});
}

/* Binds to 127.0.0.x before it connects: another address to the server. */
static int dial_from(uint8_t last_byte)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(server_port(server))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + last_byte);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static bool is_answered(int fd)
{
    char answer[512];

    send_text(fd, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    return receive(fd, answer, sizeof(answer), 3000, NULL) > 0;
}

static void gives_each_address_its_share_hardening_class_4(void **state)
{
    int fds[3];

    (void)state;
    start(100, 3);
    for (size_t i = 0; i < SL_ARRAY_LEN(fds); i++) {
        fds[i] = dial_from(1);
        ws_handshake(fds[i], "/", "");
    }
    int more = dial_from(1);
    assert_false(is_answered(more));
    close(more);
    int other = dial_from(2);
    assert_true(is_answered(other));
    close(other);
    /* A place that becomes free is given again. */
    close(fds[0]);
    (void)expect(server, "close");
    fds[0] = dial_from(1);
    ws_handshake(fds[0], "/", "");
    for (size_t i = 0; i < SL_ARRAY_LEN(fds); i++)
        close(fds[i]);
    server_stop(server);
}

static void idle_connections_give_way_and_open_ones_do_not(void **state)
{
    int idle[50], ws[10];

    (void)state;
    start(20, 0);
    for (size_t i = 0; i < SL_ARRAY_LEN(ws); i++) {
        ws[i] = dial_from(1);
        ws_handshake(ws[i], "/", "");
    }
    for (size_t i = 0; i < SL_ARRAY_LEN(idle); i++)
        idle[i] = dial_from(2);
    int newcomer = dial_from(3);
    assert_true(is_answered(newcomer));
    close(newcomer);
    wait_closed(idle[0], 1000); /* the oldest went first */
    for (size_t i = 0; i < SL_ARRAY_LEN(ws); i++) {
        char back[64];
        size_t len;
        ws_send(ws[i], true, SL_WS_PING, "still here?", 11);
        assert_int_equal(ws_receive(ws[i], back, sizeof(back), &len), SL_WS_PONG);
    }
    for (size_t i = 0; i < SL_ARRAY_LEN(idle); i++)
        close(idle[i]);
    for (size_t i = 0; i < SL_ARRAY_LEN(ws); i++)
        close(ws[i]);
    server_stop(server);
}

static void is_still_there(int ws)
{
    char back[64];
    size_t len;

    ws_send(ws, true, SL_WS_PING, "still here?", 11);
    assert_int_equal(ws_receive(ws, back, sizeof(back), &len), SL_WS_PONG);
}

static void strangers_give_way_to_newcomers_of_their_own_address(void **state)
{
    enum { MAX = 5 };
    int known[2 * MAX], strangers[MAX], idle[MAX];

    (void)state;
    start_with(&(struct sl_http_limits){.connections = 100, .strangers_per_ip = MAX});
    for (size_t i = 0; i < SL_ARRAY_LEN(known); i++) { /* as many as they like */
        known[i] = dial_from(1);
        ws_handshake(known[i], "/", "");
        ws_send(known[i], true, SL_WS_TEXT, "known", 5);
        (void)expect(server, "handled");
    }
    int other = dial_from(2); /* another address's is not concerned */
    ws_handshake(other, "/", "");
    for (size_t i = 0; i < MAX; i++) {
        strangers[i] = dial_from(1);
        ws_handshake(strangers[i], "/", "");
    }
    for (size_t i = 0; i < MAX; i++) { /* each takes the place of the oldest */
        is_still_there(strangers[i]);
        idle[i] = dial_from(1);
        assert_int_equal(ws_close_code(strangers[i]), 1013);
    }
    int newcomer = dial_from(1);
    assert_true(is_answered(newcomer)); /* in the place of idle[0] */
    (void)wait_closed(idle[0], 1000);
    for (size_t i = 0; i < SL_ARRAY_LEN(known); i++)
        is_still_there(known[i]);
    is_still_there(other);
    for (size_t i = 1; i < MAX; i++)
        assert_true(is_answered(idle[i]));
    close(newcomer);
    close(other);
    for (size_t i = 0; i < SL_ARRAY_LEN(known); i++)
        close(known[i]);
    for (size_t i = 0; i < MAX; i++) {
        close(strangers[i]);
        close(idle[i]);
    }
    server_stop(server);
}

static void closes_newcomers_when_every_place_is_in_use(void **state)
{
    (void)state;
    start(2, 0);
    int first = ws_dial(server_port(server)), second = ws_dial(server_port(server));
    int third = dial(server_port(server));
    wait_closed(third, 1000);
    close(first);
    (void)expect(server, "close");
    int fourth = dial(server_port(server));
    assert_true(is_answered(fourth));
    close(second);
    close(third);
    close(fourth);
    server_stop(server);
}

static void a_request_without_on_gone_may_be_answered_after_its_client_went(void **state)
{
    (void)state;
    start(1, 0);
    int fd = dial(server_port(server));
    send_text(fd, "GET /silent HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)expect(server, "request GET /silent");
    close(fd);
    for (bool answered = false; !answered;) { /* the only place becomes free: it was noticed */
        fd = dial(server_port(server));
        answered = is_answered(fd);
        close(fd);
    }
    answer_kept(server);
    server_stop(server);
}

static void recovers_when_descriptors_run_out(void **state)
{
    struct rlimit old, low;
    int fds[64];

    (void)state;
    start(1000, 0);
    int probe = dup(0);
    close(probe);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    low = old;
    low.rlim_cur = (rlim_t)probe + 20; /* both ends live in this process */
    for (size_t i = 0; i < SL_ARRAY_LEN(fds); i++)
        fds[i] = -1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    size_t opened = 0;
    while (opened < SL_ARRAY_LEN(fds) && (fds[opened] = socket(AF_INET, SOCK_STREAM, 0)) >= 0)
        opened++;
    /* No descriptor is left for the server's end of these: they are closed, not left hanging. */
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(server_port(server))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fds[0], (struct sockaddr *)&to, sizeof(to)), 0);
    wait_closed(fds[0], 2000);
    for (size_t i = 0; i < opened; i++)
        close(fds[i]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    int fd = dial(server_port(server));
    assert_true(is_answered(fd));
    close(fd);
    server_stop(server);
}

static int64_t cpu_us(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * SL_US_PER_S + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_usec;
}

/* The limit is below everything that is open: closing a descriptor gives none back. */
static void waits_without_turning_in_circles_when_even_the_reserve_is_lost(void **state)
{
    struct rlimit old, low;

    (void)state;
    start(1000, 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(server_port(server))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    low = old;
    low.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    int64_t began_us = cpu_us();
    assert_int_equal(poll(NULL, 0, 500), 0); /* the time in which it could */
    int64_t used_us = cpu_us() - began_us;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    if (used_us > 100000)
        fail_msg("500 ms of waiting took %lld us of the processor", (long long)used_us);
    assert_true(is_answered(fd)); /* the same one */
    close(fd);
    server_stop(server);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_each_address_its_share_hardening_class_4),
        cmocka_unit_test(idle_connections_give_way_and_open_ones_do_not),
        cmocka_unit_test(strangers_give_way_to_newcomers_of_their_own_address),
        cmocka_unit_test(closes_newcomers_when_every_place_is_in_use),
        cmocka_unit_test(a_request_without_on_gone_may_be_answered_after_its_client_went),
        cmocka_unit_test(recovers_when_descriptors_run_out),
        cmocka_unit_test(waits_without_turning_in_circles_when_even_the_reserve_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
