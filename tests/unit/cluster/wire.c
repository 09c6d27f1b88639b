/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A server that says what no Redis says: the connection ends, with words, and nothing else does. */
#include "cluster/wire.h"

#include "base/clock.h"
#include "base/mem.h"
#include "net/net.h"

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_US = 10 * SL_US_PER_S };

struct fixture {
    struct sl_loop *loop;
    struct sl_conn_set *conns;
    struct sl_timer *tick;
    struct sockaddr_in sa;
    int listener;
    struct sl_redis_wire *wire;
    char why[200]; /* "": goes on */
    int answers, nothings;
    long long integer;
    bool destroy_on_reply;
};

static void on_tick(void *owner)
{
    (void)owner; /* the loop looks at its condition */
}

static void on_end(void *owner, const char *why)
{
    struct fixture *f = owner;
    struct sl_redis_wire *wire = f->wire;

    assert_string_equal(f->why, "");
    assert_true(why[0] != '\0');
    (void)snprintf(f->why, sizeof(f->why), "%s", why);
    f->wire = NULL;
    sl_redis_wire_destroy(wire);
}

static const struct sl_redis_wire_ops ops = {on_end};

static void on_reply(void *owner, const redisReply *reply)
{
    struct fixture *f = owner;
    struct sl_redis_wire *wire = f->wire;

    if (!reply) {
        f->nothings++;
        return;
    }
    f->answers++;
    f->integer = reply->integer;
    if (f->destroy_on_reply) {
        f->wire = NULL;
        sl_redis_wire_destroy(wire);
    }
}

static void set_up_listener(struct fixture *f)
{
    socklen_t len = sizeof(f->sa);

    f->sa = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};

    f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&f->sa, sizeof(f->sa)), 0);
    assert_int_equal(listen(f->listener, 8), 0);
    assert_int_equal(getsockname(f->listener, (struct sockaddr *)&f->sa, &len), 0);
}

static int set_up(void **state)
{
    struct fixture *f = sl_new(struct fixture);

    f->loop = sl_loop_create("control");
    f->conns = sl_conn_set_create(f->loop);
    f->tick = sl_timer_create(f->loop, on_tick, f);
    sl_timer_start(f->tick, 1, 1);
    set_up_listener(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    sl_redis_wire_destroy(f->wire);
    sl_conn_set_destroy(f->conns);
    sl_timer_destroy(f->tick);
    sl_loop_destroy(f->loop);
    (void)close(f->listener);
    free(f);
    return 0;
}

static void run_until(struct fixture *f, const char *text, const int *count)
{
    int64_t deadline_us = sl_now_us() + DEADLINE_US;

    while (!(text && text[0]) && !(count && *count > 0)) {
        if (sl_now_us() > deadline_us)
            fail_msg("waited in vain");
        (void)uv_run(sl_loop_uv(f->loop), UV_RUN_ONCE);
    }
}

/* A wire that is open, with one command under way; returns the server's side. */
static int connect_wire(struct fixture *f, int commands)
{
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(client, (struct sockaddr *)&f->sa, sizeof(f->sa)), 0);
    f->why[0] = '\0';
    f->answers = 0;
    f->nothings = 0;
    assert_int_equal(sl_redis_wire_create(f->conns, client, &ops, f, &f->wire), 0);
    for (int i = 0; i < commands; i++)
        sl_redis_wire_send(f->wire, (const char *const[]){"PING"}, 1, on_reply, f);
    int fd = accept(f->listener, NULL, NULL);
    assert_true(fd >= 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void what_no_redis_says_ends_the_connection(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *bytes, *words;
        int commands, answers;
    } cases[] = {
        {"+x\r\n", "nobody asked", 0, 0},
        {":1\r\n:2\r\n", "nobody asked", 1, 1},
        {"-ERR max number of clients\n reached\r\n", "max number of clients\\x0a", 0, 0},
        {"HTTP/1.1 400 Bad Request\r\n\r\n", "protocol", 1, 0},
        {"*2147483647\r\n", "protocol", 1, 0},
        {"*2049\r\n", "protocol", 1, 0},
        {"*4294967297\r\n", "protocol", 1, 0},
        {"*-2\r\n", "protocol", 1, 0},
        {"*2000\r\n*49\r\n", "protocol", 1, 0},
        {"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "protocol", 1, 0},
        {"$-2\r\n", "protocol", 1, 0},
        {"$9223372036854775808\r\n", "protocol", 1, 0},
        {":12x\r\n", "protocol", 1, 0},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        int fd = connect_wire(f, cases[i].commands);
        say(fd, cases[i].bytes);
        run_until(f, f->why, NULL);
        if (!strstr(f->why, cases[i].words) || f->answers != cases[i].answers ||
            f->answers + f->nothings != cases[i].commands)
            fail_msg("%s: %s, %d answers", cases[i].bytes, f->why, f->answers);
        (void)close(fd);
    }
}

static void an_answer_of_megabytes_ends_the_connection(void **state)
{
    struct fixture *f = *state;
    static char block[4096];
    int fd = connect_wire(f, 1);

    memset(block, 'x', sizeof(block));
    say(fd, "$2147483647\r\n");
    for (int i = 0; f->why[0] == '\0'; i++) {
        assert_true(i < 10000);
        (void)send(fd, block, sizeof(block), MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)uv_run(sl_loop_uv(f->loop), UV_RUN_NOWAIT);
    }
    assert_non_null(strstr(f->why, "more bytes"));
    assert_int_equal(f->nothings, 1);
    (void)close(fd);
}

static void answers_come_in_pieces_and_many_at_a_time(void **state)
{
    struct fixture *f = *state;
    int fd = connect_wire(f, 100);

    for (int i = 0; i < 98; i++)
        say(fd, "*1\r\n:5\r\n"); /* more elements than one answer may have, in all */
    for (const char *c = "*2\r\n$3\r\na\r\n\r\n:-7\r\n"; *c; c++) {
        say(fd, (const char[]){*c, '\0'});
        (void)uv_run(sl_loop_uv(f->loop), UV_RUN_NOWAIT);
    }
    while (f->answers < 99)
        (void)uv_run(sl_loop_uv(f->loop), UV_RUN_ONCE);
    say(fd, ":42\r\n");
    while (f->answers < 100)
        (void)uv_run(sl_loop_uv(f->loop), UV_RUN_ONCE);
    assert_int_equal(f->integer, 42);
    assert_string_equal(f->why, "");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    run_until(f, f->why, NULL);
    assert_string_equal(f->why, "closed by the peer");
    (void)close(fd);
}

static void silence_ends_the_connection_after_two_seconds(void **state)
{
    struct fixture *f = *state;
    int fd = connect_wire(f, 2);
    int64_t start_us = sl_now_us();

    say(fd, "+PONG\r\n");
    run_until(f, f->why, NULL);
    assert_in_range(sl_now_us() - start_us, 1700 * SL_US_PER_MS, 2300 * SL_US_PER_MS);
    assert_string_equal(f->why, "no answer in time");
    assert_int_equal(f->answers, 1);
    assert_int_equal(f->nothings, 1);
    (void)close(fd);
}

static void commands_to_one_that_is_gone_are_answered_with_nothing(void **state)
{
    struct fixture *f = *state;
    int fd = connect_wire(f, 0);
    struct linger reset = {.l_onoff = 1, .l_linger = 0};

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
    (void)close(fd);
    for (int i = 0; i < 3; i++)
        sl_redis_wire_send(f->wire, (const char *const[]){"PING"}, 1, on_reply, f);
    assert_int_equal(f->nothings, 0); /* never from within */
    assert_string_equal(f->why, "");
    run_until(f, f->why, NULL);
    assert_int_equal(f->nothings, 3);
    assert_int_equal(f->answers, 0);
}

static void may_be_destroyed_from_within_an_answer(void **state)
{
    struct fixture *f = *state;
    int fd = connect_wire(f, 3);

    f->destroy_on_reply = true;
    say(fd, "+1\r\n+2\r\n+3\r\n+4\r\n");
    run_until(f, NULL, &f->answers);
    assert_int_equal(f->answers, 1);
    assert_int_equal(f->nothings, 2);
    assert_string_equal(f->why, "");
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_no_redis_says_ends_the_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_of_megabytes_ends_the_connection, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(answers_come_in_pieces_and_many_at_a_time, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(silence_ends_the_connection_after_two_seconds, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(commands_to_one_that_is_gone_are_answered_with_nothing,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(may_be_destroyed_from_within_an_answer, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
