/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dialling a host of several addresses: the first that takes it, and what is said if none does. */
#include "net/dial.h"

#include "base/clock.h"
#include "base/mem.h"
#include "net/loop.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_US = 10 * SL_US_PER_S, TIMEOUT_MS = 5000, HOSTS = 8 };

struct fixture {
    struct sl_loop *loop;
    struct sl_timer *tick;
    struct sl_dial *dial;
    uint16_t port;   /* at 127.0.0.1 to 8: ours, so that nobody else listens there */
    int held[HOSTS]; /* -1: a test has it */
    int fd, connections, failures, err;
    char words[256];
    size_t fds; /* before anything was done */
};

static size_t count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t count = 0;

    while (readdir(dir))
        count++;
    (void)closedir(dir);
    return count;
}

static void on_tick(void *owner)
{
    (void)owner; /* the loop looks at its condition */
}

static struct sockaddr_in address(int last, uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr = {htonl(0x7f000000u + (uint32_t)last)}};
}

static void let_go(struct fixture *f)
{
    for (size_t i = 0; i < HOSTS; i++)
        if (f->held[i] >= 0)
            (void)close(f->held[i]);
}

/* One port of all the hosts, the kernel's draw at the first; false if another has it. */
static bool hold_port(struct fixture *f)
{
    f->port = 0;
    memset(f->held, -1, sizeof(f->held));
    for (int i = 0; i < HOSTS; i++) {
        struct sockaddr_in sa = address(i + 1, f->port);
        socklen_t len = sizeof(sa);
        int yes = 1;

        f->held[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        (void)setsockopt(f->held[i], SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
        if (bind(f->held[i], (struct sockaddr *)&sa, sizeof(sa)) < 0) {
            let_go(f);
            return false;
        }
        assert_int_equal(getsockname(f->held[i], (struct sockaddr *)&sa, &len), 0);
        f->port = ntohs(sa.sin_port);
    }
    return true;
}

/* At 127.0.0.<last>; the caller closes it. */
static int listen_at(struct fixture *f, int last, int backlog)
{
    int fd = f->held[last - 1];

    f->held[last - 1] = -1;
    assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

static int set_up(void **state)
{
    struct fixture *f = sl_new(struct fixture);

    f->loop = sl_loop_create("dial");
    f->tick = sl_timer_create(f->loop, on_tick, f);
    sl_timer_start(f->tick, 1, 1);
    f->fd = -1;
    f->fds = count_fds();
    for (int tries = 0; !hold_port(f); tries++)
        assert_true(tries < 100);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    sl_dial_destroy(f->dial);
    if (f->fd >= 0)
        (void)close(f->fd);
    let_go(f);
    assert_int_equal(count_fds(), f->fds);
    sl_timer_destroy(f->tick);
    sl_loop_destroy(f->loop);
    free(f);
    return 0;
}

static void on_connected(void *owner, int fd)
{
    struct fixture *f = owner;

    f->connections++;
    if (f->fd >= 0)
        (void)close(f->fd);
    f->fd = fd;
}

static void on_failed(void *owner, int err, const char *words)
{
    struct fixture *f = owner;

    f->failures++;
    f->err = err;
    (void)snprintf(f->words, sizeof(f->words), "%s", words);
}

static const struct sl_dial_ops ops = {on_connected, on_failed};

/* Dials 127.0.0.<digit> for each digit. */
static void dial(struct fixture *f, const char *digits, int64_t timeout_ms)
{
    struct sl_addr addrs[16];
    size_t count = strlen(digits);

    for (size_t i = 0; i < count; i++) {
        struct sockaddr_in sa = address(digits[i] - '0', f->port);
        assert_int_equal(sl_addr_from_sockaddr(&addrs[i], (struct sockaddr *)&sa), 0);
    }
    sl_dial_destroy(f->dial);
    f->connections = 0;
    f->failures = 0;
    f->dial = sl_dial_create(&(struct sl_dial_config){.loop = f->loop,
                                                      .addrs = addrs,
                                                      .addr_count = count,
                                                      .timeout_ms = timeout_ms,
                                                      .ops = &ops,
                                                      .owner = f});
    assert_int_equal(f->connections + f->failures, 0); /* nothing from within */
}

static void wait_for_outcome(struct fixture *f)
{
    int64_t deadline_us = sl_now_us() + DEADLINE_US;
    int before = f->connections + f->failures;

    while (f->connections + f->failures == before) {
        if (sl_now_us() > deadline_us)
            fail_msg("waited in vain");
        (void)uv_run(sl_loop_uv(f->loop), UV_RUN_ONCE);
    }
}

static int peer_of(int fd)
{
    struct sockaddr_in sa;
    socklen_t len = sizeof(sa);

    assert_int_equal(getpeername(fd, (struct sockaddr *)&sa, &len), 0);
    return (int)(ntohl(sa.sin_addr.s_addr) & 255);
}

static void whichever_address_listens_is_reached(void **state)
{
    struct fixture *f = *state;
    static const char *const orders[] = {"1", "12", "21", "231", "23456781"};
    int listener = listen_at(f, 1, 16);

    for (size_t i = 0; i < SL_ARRAY_LEN(orders); i++) {
        dial(f, orders[i], TIMEOUT_MS);
        wait_for_outcome(f);
        if (f->connections != 1)
            fail_msg("%s: %s", orders[i], f->words);
        assert_int_equal(peer_of(f->fd), 1);
    }
    (void)close(listener);
}

static void the_reason_is_said_of_each_address(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *digits, *words;
        int err;
    } cases[] = {
        {"1", "connection refused", -ECONNREFUSED},
        {"12", "127.0.0.1: connection refused; 127.0.0.2: connection refused", -ECONNREFUSED},
        {"", "no address", -EADDRNOTAVAIL},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        dial(f, cases[i].digits, TIMEOUT_MS);
        wait_for_outcome(f);
        assert_int_equal(f->failures, 1);
        assert_string_equal(f->words, cases[i].words);
        assert_int_equal(f->err, cases[i].err);
    }
}

static void one_that_does_not_answer_takes_its_share_of_the_time_only(void **state)
{
    struct fixture *f = *state;
    int silent = listen_at(f, 2, 0), good = listen_at(f, 1, 16), fill[8];
    struct sockaddr_in sa = address(2, f->port);

    /* A full queue: the kernel answers no further SYN. */
    for (size_t i = 0; i < SL_ARRAY_LEN(fill); i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(fill[i], (struct sockaddr *)&sa, sizeof(sa));
    }
    int64_t begun_us = sl_now_us();
    dial(f, "21", 600);
    wait_for_outcome(f);
    assert_int_equal(f->connections, 1);
    assert_int_equal(peer_of(f->fd), 1);
    assert_true(sl_now_us() - begun_us >= 290 * SL_US_PER_MS);
    assert_true(sl_dial_left_ms(f->dial) <= 310); /* the rest is the second one's */
    dial(f, "2", 50);
    wait_for_outcome(f);
    assert_string_equal(f->words, "no answer in time");
    assert_int_equal(f->err, -ETIMEDOUT);
    dial(f, "2", TIMEOUT_MS); /* destroyed under way */
    for (size_t i = 0; i < SL_ARRAY_LEN(fill); i++)
        (void)close(fill[i]);
    (void)close(silent);
    (void)close(good);
}

static void a_connection_of_no_use_is_followed_by_the_next_address(void **state)
{
    struct fixture *f = *state;
    int first = listen_at(f, 1, 16), last = listen_at(f, 3, 16);

    dial(f, "123", TIMEOUT_MS);
    wait_for_outcome(f);
    assert_int_equal(peer_of(f->fd), 1);
    sl_dial_next(f->dial, -EPIPE, "it spoke in tongues");
    wait_for_outcome(f);
    assert_int_equal(f->connections, 2);
    assert_int_equal(peer_of(f->fd), 3);
    sl_dial_next(f->dial, -EPIPE, "it sang");
    wait_for_outcome(f);
    assert_string_equal(
        f->words,
        "127.0.0.1: it spoke in tongues; 127.0.0.2: connection refused; 127.0.0.3: it sang");
    assert_int_equal(f->err, -EPIPE);
    (void)close(first);
    (void)close(last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whichever_address_listens_is_reached, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_reason_is_said_of_each_address, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_does_not_answer_takes_its_share_of_the_time_only,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_connection_of_no_use_is_followed_by_the_next_address,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests_name("net dial", tests, NULL, NULL);
}
