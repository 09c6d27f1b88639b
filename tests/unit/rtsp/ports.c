/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ports that many players share: whose a report is. */
#include "rtsp/ports.h"
#include "../core.h"
#include "base/bytes.h"
#include "base/config.h"
#include "rtp/rtp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture {
    struct core core;
    struct sl_config *config;
    struct sl_rtsp_ports *ports;
    struct sl_udp_pair pair;
    int sockets[3];
    uint16_t socket_ports[3];
};

struct listener {
    struct sl_rtsp_reporter reporter;
    struct fixture *f;
    _Atomic int heard;
};

static struct sl_worker *the_worker(struct fixture *f)
{
    return sl_workers_at(f->core.workers, 0);
}

static struct sl_addr loopback_addr(void)
{
    struct sl_addr addr;

    assert_int_equal(sl_addr_parse_ip("127.0.0.1", 0, &addr), 0);
    return addr;
}

static void open_socket(struct fixture *f, size_t i)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(sa);

    f->sockets[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(f->sockets[i], (struct sockaddr *)&sa, sizeof(sa)), 0);
    assert_int_equal(getsockname(f->sockets[i], (struct sockaddr *)&sa, &len), 0);
    f->socket_ports[i] = ntohs(sa.sin_port);
}

static int set_up(void **state)
{
    struct fixture *f = sl_new(struct fixture);
    struct sl_addr ours = loopback_addr();

    core_init(&f->core,
              (struct sl_workers_config){.count = 1, .packets_max = 4096, .ring_packets = 64});
    f->config = sl_config_create();
    f->ports = sl_rtsp_ports_create(the_worker(f));
    assert_int_equal(sl_workers_start(f->core.workers), 0);
    assert_int_equal(sl_rtsp_ports_get(f->ports, f->config, SL_VIDEO, &ours, &f->pair), 0);
    for (size_t i = 0; i < SL_ARRAY_LEN(f->sockets); i++)
        open_socket(f, i);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < SL_ARRAY_LEN(f->sockets); i++)
        (void)close(f->sockets[i]);
    sl_workers_stop(f->core.workers);
    sl_rtsp_ports_destroy(f->ports);
    sl_config_destroy(f->config);
    core_deinit(&f->core);
    free(f);
    return 0;
}

static void on_rtcp(struct sl_rtsp_reporter *reporter, const uint8_t *data, size_t len)
{
    (void)data;
    assert_true(len > 0);
    atomic_fetch_add(&sl_container_of(reporter, struct listener, reporter)->heard, 1);
}

static void do_join(void *arg)
{
    struct listener *listener = arg;

    sl_rtsp_ports_join(listener->f->ports, &listener->reporter);
}

static void do_leave(void *arg)
{
    struct listener *listener = arg;

    sl_rtsp_ports_leave(listener->f->ports, &listener->reporter);
}

static void join(struct fixture *f, struct listener *listener, uint16_t client_port, uint32_t ssrc)
{
    *listener = (struct listener){.f = f};
    listener->reporter.client = loopback_addr();
    listener->reporter.on_rtcp = on_rtcp;
    listener->reporter.ways[SL_VIDEO].over_udp = true;
    listener->reporter.ways[SL_VIDEO].client_port = client_port;
    listener->reporter.ways[SL_VIDEO].ssrc = ssrc;
    core_on_worker(&f->core, the_worker(f), do_join, listener);
}

static void leave(struct fixture *f, struct listener *listener)
{
    core_on_worker(&f->core, the_worker(f), do_leave, listener);
}

/* A receiver report; about nothing yet, if ssrc is 0. */
static void report(struct fixture *f, size_t from, uint32_t ssrc)
{
    struct sl_report_block block = {.ssrc = ssrc};
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)(f->pair.port + 1)),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    uint8_t bytes[256];
    struct sl_writer w = sl_writer_of(bytes, sizeof(bytes));

    sl_rtcp_write_rr(&w, 4711, &block, ssrc ? 1 : 0);
    ssize_t len = w.at - bytes;
    assert_int_equal(
        sendto(f->sockets[from], bytes, (size_t)len, 0, (struct sockaddr *)&sa, sizeof(sa)), len);
}

struct expectation {
    struct listener *listener;
    int count;
};

static bool is_met(void *arg)
{
    const struct expectation *expected = arg;

    return atomic_load(&expected->listener->heard) >= expected->count;
}

static void assert_heard(struct fixture *f, struct listener *listener, int count)
{
    struct expectation expected = {listener, count};

    core_wait(&f->core, is_met, &expected);
    assert_int_equal(atomic_load(&listener->heard), count);
}

static void a_report_is_of_whom_it_comes_from_or_is_about(void **state)
{
    struct fixture *f = *state;
    struct listener a, b;

    join(f, &a, f->socket_ports[0], 100);
    join(f, &b, f->socket_ports[1], 200);
    report(f, 0, 0);
    assert_heard(f, &a, 1);
    report(f, 1, 0);
    assert_heard(f, &b, 1);
    report(f, 2, 200); /* behind a NAT */
    assert_heard(f, &b, 2);
    report(f, 0, 200); /* the port was another's before */
    assert_heard(f, &b, 3);
    report(f, 2, 0); /* of one of them, but which? */
    report(f, 2, 300);
    report(f, 0, 100);
    assert_heard(f, &a, 2);
    assert_heard(f, &b, 3);
    leave(f, &a);
    report(f, 2, 0); /* there is but one at that address */
    assert_heard(f, &b, 4);
    leave(f, &b);
}

static void a_report_from_elsewhere_is_nobodys(void **state)
{
    struct fixture *f = *state;
    struct listener far, near;

    join(f, &far, f->socket_ports[0], 100);
    leave(f, &far);
    assert_int_equal(sl_addr_parse_ip("127.0.0.2", 0, &far.reporter.client), 0);
    core_on_worker(&f->core, the_worker(f), do_join, &far);
    join(f, &near, f->socket_ports[1], 200);
    report(f, 0, 100); /* the right port and number, from another host */
    report(f, 1, 200);
    assert_heard(f, &near, 2); /* the only one there */
    assert_heard(f, &far, 0);
    leave(f, &far);
    leave(f, &near);
}

static void all_players_have_the_same_ports(void **state)
{
    struct fixture *f = *state;
    struct sl_addr ours = loopback_addr();
    struct sl_udp_pair again, sound;

    assert_int_equal(sl_rtsp_ports_get(f->ports, f->config, SL_VIDEO, &ours, &again), 0);
    assert_int_equal(again.port, f->pair.port);
    assert_int_equal(again.port % 2, 0);
    assert_int_equal(sl_rtsp_ports_get(f->ports, f->config, SL_AUDIO, &ours, &sound), 0);
    assert_int_not_equal(sound.port, f->pair.port);
}

static void where_there_are_no_ports_left_there_are_none(void **state)
{
    struct fixture *f = *state;
    struct sl_addr ours = loopback_addr();
    struct sl_udp_pair sound;

    f->config->media_port_from = f->pair.port;
    f->config->media_port_to = f->pair.port + 1;
    assert_int_equal(sl_rtsp_ports_get(f->ports, f->config, SL_AUDIO, &ours, &sound), -EADDRINUSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_report_is_of_whom_it_comes_from_or_is_about, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_report_from_elsewhere_is_nobodys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_players_have_the_same_ports, set_up, tear_down),
        cmocka_unit_test_setup_teardown(where_there_are_no_ports_left_there_are_none, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests_name("rtsp ports", tests, NULL, NULL);
}
