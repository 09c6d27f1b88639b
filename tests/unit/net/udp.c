/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Datagrams in batches, over the loopback interface. */
#include "net/udp.h"

#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_MS = 5000 };

/* Two sockets on one address, a way to send from one to the other. */
struct pair {
    int from_fd, to_fd;
    struct sl_addr from, to;
    struct sl_udp_dest dest; /* to, by from_fd */
    struct sl_udp_sender *sender;
    struct sl_udp_receiver *receiver;
};

static struct sl_addr name_of(int fd)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof(sa);
    struct sl_addr addr;

    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
    assert_int_equal(sl_addr_from_sockaddr(&addr, (struct sockaddr *)&sa), 0);
    return addr;
}

static int open_on(const char *ip, struct sl_addr *out)
{
    struct sl_addr addr;
    struct sl_error error;

    assert_int_equal(sl_addr_parse_ip(ip, 0, &addr), 0);
    int fd = sl_udp_open(&addr, &error);
    if (fd < 0)
        fail_msg("%s", error.text);
    *out = name_of(fd);
    return fd;
}

static void open_pair(struct pair *pair, const char *ip, void (*before_send)(void *owner),
                      void *owner)
{
    pair->from_fd = open_on(ip, &pair->from);
    pair->to_fd = open_on(ip, &pair->to);
    pair->dest = (struct sl_udp_dest){.fd = pair->from_fd};
    pair->dest.sa_len = sl_addr_to_sockaddr(&pair->to, &pair->dest.sa);
    pair->sender = sl_udp_sender_create(before_send, owner);
    pair->receiver = sl_udp_receiver_create();
}

static void close_pair(struct pair *pair)
{
    sl_udp_sender_destroy(pair->sender);
    sl_udp_receiver_destroy(pair->receiver);
    close(pair->from_fd);
    close(pair->to_fd);
}

/* One datagram of len bytes, all of this value. */
static void queue(struct pair *pair, const struct sl_udp_dest *dest, size_t len, uint8_t value)
{
    memset(sl_udp_reserve(pair->sender, len), value, len);
    sl_udp_commit(pair->sender, dest, len);
}

static size_t receive_batch(struct pair *pair, const struct sl_udp_datagram **out)
{
    struct pollfd fd = {.fd = pair->to_fd, .events = POLLIN};

    if (poll(&fd, 1, WAIT_MS) != 1)
        fail_msg("nothing came");
    return sl_udp_receive(pair->receiver, pair->to_fd, out);
}

static void expect_datagram(struct pair *pair, const struct sl_udp_datagram *datagram, size_t len,
                            uint8_t value)
{
    assert_int_equal(datagram->len, len);
    assert_int_equal(datagram->data[0], value);
    assert_int_equal(datagram->data[len - 1], value);
    assert_true(sl_addr_equal(&datagram->from, &pair->from));
}

static void receives_in_batches(void **state)
{
    enum { COUNT = SL_UDP_BATCH + 10 };
    const struct sl_udp_datagram *datagrams;
    struct pair pair;

    (void)state;
    open_pair(&pair, "127.0.0.1", NULL, NULL);
    assert_int_equal(sl_udp_receive(pair.receiver, pair.to_fd, &datagrams), 0);
    for (size_t i = 0; i < COUNT; i++)
        queue(&pair, &pair.dest, 100 + i, (uint8_t)i); /* growing: no GSO */
    sl_udp_flush(pair.sender);
    assert_int_equal(receive_batch(&pair, &datagrams), SL_UDP_BATCH);
    for (size_t i = 0; i < SL_UDP_BATCH; i++)
        expect_datagram(&pair, &datagrams[i], 100 + i, (uint8_t)i);
    assert_int_equal(receive_batch(&pair, &datagrams), COUNT - SL_UDP_BATCH);
    expect_datagram(&pair, &datagrams[0], 100 + SL_UDP_BATCH, SL_UDP_BATCH);
    assert_int_equal(sl_udp_receive(pair.receiver, pair.to_fd, &datagrams), 0);
    close_pair(&pair);
}

static void joins_neighbours_of_equal_length_into_one_message(void **state)
{
    const struct sl_udp_datagram *datagrams;
    struct pair pair;

    (void)state;
    open_pair(&pair, "127.0.0.1", NULL, NULL);
    struct sl_udp_dest same_address = pair.dest; /* another player behind it, as far as it knows */
    for (uint8_t i = 0; i < 5; i++)
        queue(&pair, &pair.dest, 1000, i);
    queue(&pair, &pair.dest, 300, 5);     /* the shorter last one */
    queue(&pair, &pair.dest, 300, 6);     /* nothing may follow it: a new message */
    queue(&pair, &pair.dest, 1000, 7);    /* longer than its neighbour: a new message */
    queue(&pair, &same_address, 1000, 8); /* another destination: a new message */
    assert_false(sl_udp_sender_empty(pair.sender));
    sl_udp_flush(pair.sender);
    assert_true(sl_udp_sender_empty(pair.sender));
    const struct sl_udp_sender_stats *stats = sl_udp_sender_stats(pair.sender);
    assert_int_equal(stats->datagrams, 9);
    assert_int_equal(stats->bytes, 5 * 1000 + 2 * 300 + 2 * 1000);
    assert_int_equal(stats->messages, 4);
    assert_int_equal(stats->dropped, 0);
    size_t count = receive_batch(&pair, &datagrams);
    assert_int_equal(count, 9); /* cut again by the kernel */
    for (uint8_t i = 0; i < 9; i++)
        expect_datagram(&pair, &datagrams[i], i == 5 || i == 6 ? 300 : 1000, i);
    close_pair(&pair);
}

static void count_call(void *owner)
{
    ++*(int *)owner;
}

static void flushes_by_itself_when_its_memory_is_full(void **state)
{
    enum { COUNT = 300, LEN = 1200 };
    const struct sl_udp_datagram *datagrams;
    struct pair pair;
    int calls = 0;
    size_t got = 0;

    (void)state;
    open_pair(&pair, "127.0.0.1", count_call, &calls);
    for (size_t i = 0; i < COUNT; i++)
        queue(&pair, &pair.dest, LEN, (uint8_t)i);
    sl_udp_flush(pair.sender);
    sl_udp_flush(pair.sender); /* nothing to do: no call */
    assert_int_equal(calls, 2);
    while (got < COUNT) {
        size_t count = receive_batch(&pair, &datagrams);
        for (size_t i = 0; i < count; i++)
            expect_datagram(&pair, &datagrams[i], LEN, (uint8_t)(got + i));
        got += count;
    }
    close_pair(&pair);
}

static void counts_what_the_kernel_does_not_take(void **state)
{
    const struct sl_udp_datagram *datagrams;
    struct pair pair;

    (void)state;
    open_pair(&pair, "127.0.0.1", NULL, NULL);
    struct sl_udp_dest bad = pair.dest;
    struct sockaddr_in *sa = (struct sockaddr_in *)&bad.sa;
    sa->sin_port = 0; /* EINVAL for every datagram */
    queue(&pair, &bad, 500, 1);
    queue(&pair, &bad, 500, 2);
    queue(&pair, &pair.dest, 500, 3);
    sl_udp_flush(pair.sender);
    assert_int_equal(sl_udp_sender_stats(pair.sender)->dropped, 2);
    assert_int_equal(receive_batch(&pair, &datagrams), 1);
    expect_datagram(&pair, &datagrams[0], 500, 3);
    close_pair(&pair);
}

static void a_full_socket_buffer_drops_and_does_not_block(void **state)
{
    enum { ROUNDS = 200, PER_ROUND = 60, LEN = 1400 };
    const struct sl_udp_datagram *datagrams;
    struct pair pair;
    int small = 4096;
    size_t got = 0, count;

    (void)state;
    open_pair(&pair, "127.0.0.1", NULL, NULL);
    assert_int_equal(setsockopt(pair.to_fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    assert_int_equal(setsockopt(pair.from_fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < PER_ROUND; i++)
            queue(&pair, &pair.dest, i % 2 ? LEN : LEN - 1, 1);
        sl_udp_flush(pair.sender);
    }
    const struct sl_udp_sender_stats *stats = sl_udp_sender_stats(pair.sender);
    assert_int_equal(stats->datagrams, ROUNDS * PER_ROUND);
    while ((count = sl_udp_receive(pair.receiver, pair.to_fd, &datagrams)) > 0)
        got += count;
    assert_in_range(got, 1, ROUNDS * PER_ROUND - 1); /* the receiver lost some, and nobody hung */
    close_pair(&pair);
}

static void drops_datagrams_that_are_too_long(void **state)
{
    static uint8_t bytes[SL_UDP_DATAGRAM_MAX + 1];
    const struct sl_udp_datagram *datagrams;
    struct pair pair;

    (void)state;
    open_pair(&pair, "127.0.0.1", NULL, NULL);
    const struct sockaddr *to = (const struct sockaddr *)&pair.dest.sa;
    assert_true(sendto(pair.from_fd, bytes, sizeof(bytes), 0, to, pair.dest.sa_len) > 0);
    assert_true(sendto(pair.from_fd, bytes, sizeof(bytes) - 1, 0, to, pair.dest.sa_len) > 0);
    size_t count = 0;
    while (count == 0) /* the first may come alone */
        count = receive_batch(&pair, &datagrams);
    assert_int_equal(count, 1);
    assert_int_equal(datagrams[0].len, SL_UDP_DATAGRAM_MAX);
    close_pair(&pair);
}

static void speaks_IPv6(void **state)
{
    const struct sl_udp_datagram *datagrams;
    struct pair pair;

    (void)state;
    open_pair(&pair, "::1", NULL, NULL);
    assert_false(sl_addr_is_v4(&pair.to));
    for (uint8_t i = 0; i < 4; i++)
        queue(&pair, &pair.dest, 700, i);
    sl_udp_flush(pair.sender);
    assert_int_equal(sl_udp_sender_stats(pair.sender)->messages, 1);
    assert_int_equal(receive_batch(&pair, &datagrams), 4);
    for (uint8_t i = 0; i < 4; i++)
        expect_datagram(&pair, &datagrams[i], 700, i);
    close_pair(&pair);
}

/* Asks a socket bound to all addresses by one of them, and answers by sending one and by sending
 * joined datagrams: all come from the address that was asked. */
static void expect_answers_from(const char *any, const char *client, const char *asked)
{
    const struct sl_udp_datagram *datagrams;
    struct sl_addr all, to, from;
    struct pair pair;

    open_pair(&pair, client, NULL, NULL);
    close(pair.to_fd);
    pair.to_fd = open_on(any, &all);
    assert_int_equal(sl_addr_parse_ip(asked, all.port, &to), 0);
    pair.dest.sa_len = sl_addr_to_sockaddr(&to, &pair.dest.sa);
    assert_int_equal(sl_udp_send(&pair.dest, (const uint8_t *)"ask", 3), 0);
    assert_int_equal(receive_batch(&pair, &datagrams), 1);
    assert_true(sl_addr_same_ip(&datagrams[0].to, &to));

    struct sl_udp_dest back = {.fd = pair.to_fd, .source = datagrams[0].to};
    back.sa_len = sl_addr_to_sockaddr(&datagrams[0].from, &back.sa);
    assert_int_equal(sl_udp_send(&back, (const uint8_t *)"one", 3), 0);
    for (uint8_t i = 0; i < 3; i++)
        queue(&pair, &back, 700, i);
    queue(&pair, &back, 90, 3);
    sl_udp_flush(pair.sender);
    assert_int_equal(sl_udp_sender_stats(pair.sender)->messages, 1);
    int fd = pair.to_fd;
    pair.to_fd = pair.from_fd;
    pair.from_fd = fd;
    assert_int_equal(receive_batch(&pair, &datagrams), 5);
    for (size_t i = 0; i < 5; i++) {
        from = datagrams[i].from;
        assert_true(sl_addr_equal(&from, &to));
        assert_true(sl_addr_is_any(&datagrams[i].to)); /* this socket has one address */
    }
    close_pair(&pair);
}

static void a_socket_of_all_addresses_answers_by_the_one_that_was_asked(void **state)
{
    (void)state;
    expect_answers_from("0.0.0.0", "127.0.0.1", "127.0.0.77"); /* the kernel would take .1 */
    expect_answers_from("0.0.0.0", "127.0.0.9", "127.0.0.1");
    expect_answers_from("::", "::1", "::1");
}

/* An address that has gone takes its clients with it, nobody else. */
static void a_source_that_is_not_ours_is_dropped_and_counted(void **state)
{
    const struct sl_udp_datagram *datagrams;
    struct pair pair;

    (void)state;
    open_pair(&pair, "127.0.0.1", NULL, NULL);
    struct sl_udp_dest gone = pair.dest;
    assert_int_equal(sl_addr_parse_ip("192.0.2.1", 0, &gone.source), 0);
    queue(&pair, &gone, 100, 1);
    queue(&pair, &gone, 100, 1);
    queue(&pair, &pair.dest, 100, 2);
    sl_udp_flush(pair.sender);
    assert_int_equal(sl_udp_sender_stats(pair.sender)->dropped, 2);
    assert_int_equal(receive_batch(&pair, &datagrams), 1);
    expect_datagram(&pair, &datagrams[0], 100, 2);
    assert_true(sl_udp_send(&gone, (const uint8_t *)"x", 1) < 0);
    close_pair(&pair);
}

static void names_an_address_it_cannot_bind(void **state)
{
    struct sl_addr addr;
    struct sl_error error;

    (void)state;
    int fd = open_on("127.0.0.1", &addr);
    assert_int_equal(sl_udp_open(&addr, &error), -EADDRINUSE);
    assert_non_null(strstr(error.text, "127.0.0.1:"));
    close(fd);
    assert_int_equal(sl_addr_parse_ip("192.0.2.1", 0, &addr), 0);
    assert_int_equal(sl_udp_open(&addr, &error), -EADDRNOTAVAIL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(receives_in_batches),
        cmocka_unit_test(joins_neighbours_of_equal_length_into_one_message),
        cmocka_unit_test(flushes_by_itself_when_its_memory_is_full),
        cmocka_unit_test(counts_what_the_kernel_does_not_take),
        cmocka_unit_test(a_full_socket_buffer_drops_and_does_not_block),
        cmocka_unit_test(drops_datagrams_that_are_too_long),
        cmocka_unit_test(speaks_IPv6),
        cmocka_unit_test(a_socket_of_all_addresses_answers_by_the_one_that_was_asked),
        cmocka_unit_test(a_source_that_is_not_ours_is_dropped_and_counted),
        cmocka_unit_test(names_an_address_it_cannot_bind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
