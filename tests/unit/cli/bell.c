/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A real socket and a loop. */
#include "cli/bell.h"

#include "net/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct sl_loop *loop;
    int listener, client;
    struct sl_bell *bell;
    int rung, refuse; /* how often yet; how often it cannot be done */
};

static bool on_ring(void *owner)
{
    struct fixture *f = owner;

    f->rung++;
    if (f->refuse-- > 0)
        return false;
    sl_bell_destroy(f->bell);
    f->bell = NULL;
    return true;
}

static void set_up(struct fixture *f)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(sa);

    f->loop = sl_loop_create("test");
    f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    f->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&sa, len), 0);
    assert_int_equal(listen(f->listener, 1), 0);
    assert_int_equal(getsockname(f->listener, (struct sockaddr *)&sa, &len), 0);
    assert_int_equal(sl_bell_create(f->loop, f->listener, on_ring, f, &f->bell), 0);
    (void)uv_run(sl_loop_uv(f->loop), UV_RUN_NOWAIT);
    assert_int_equal(f->rung, 0);
    assert_int_equal(connect(f->client, (struct sockaddr *)&sa, len), 0);
}

static void tear_down(struct fixture *f)
{
    sl_bell_destroy(f->bell);
    (void)close(f->listener);
    (void)close(f->client);
    sl_loop_destroy(f->loop);
}

static void rings_once_for_who_waits(void **state)
{
    (void)state;
    struct fixture f = {0};

    set_up(&f);
    while (f.bell)
        (void)uv_run(sl_loop_uv(f.loop), UV_RUN_ONCE);
    (void)uv_run(sl_loop_uv(f.loop), UV_RUN_NOWAIT);
    assert_int_equal(f.rung, 1);
    int fd = accept(f.listener, NULL, NULL); /* who rang still waits */
    assert_true(fd >= 0);
    (void)close(fd);
    tear_down(&f);
}

static void rings_again_where_nobody_could_come(void **state)
{
    (void)state;
    struct fixture f = {.refuse = 1};
    uint64_t begun_ms = uv_hrtime() / 1000000;

    set_up(&f);
    while (f.bell)
        (void)uv_run(sl_loop_uv(f.loop), UV_RUN_ONCE);
    assert_int_equal(f.rung, 2);
    assert_true(uv_hrtime() / 1000000 - begun_ms >= 900); /* it does not ring all the time */
    tear_down(&f);
}

static void may_go_while_nobody_has_come(void **state)
{
    (void)state;
    struct fixture f = {0};

    set_up(&f);
    tear_down(&f);
    assert_int_equal(f.rung, 0);
    sl_bell_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rings_once_for_who_waits),
        cmocka_unit_test(rings_again_where_nobody_could_come),
        cmocka_unit_test(may_go_while_nobody_has_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
