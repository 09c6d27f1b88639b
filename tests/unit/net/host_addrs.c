/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine's addresses as rtnetlink(7) tells them. */
#include "net/host_addrs.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/loop.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

/* A datagram of the kernel's under construction. */
struct datagram {
    uint8_t bytes[16384];
    size_t len;
};

static void add(struct datagram *datagram, const void *data, size_t len)
{
    assert_true(datagram->len + len + 3 < sizeof(datagram->bytes));
    memcpy(datagram->bytes + datagram->len, data, len);
    datagram->len = (datagram->len + len + 3) & ~(size_t)3;
}

static void add_attribute(struct datagram *datagram, uint16_t type, const void *value, size_t len)
{
    struct rtattr attribute = {(uint16_t)(sizeof(attribute) + len), type};

    add(datagram, &attribute, sizeof(attribute));
    add(datagram, value, len);
}

static void add_message(struct datagram *datagram, uint16_t type, uint16_t flags,
                        const struct datagram *body)
{
    struct nlmsghdr header = {.nlmsg_len = (uint32_t)(sizeof(header) + body->len),
                              .nlmsg_type = type,
                              .nlmsg_flags = flags};

    add(datagram, &header, sizeof(header));
    add(datagram, body->bytes, body->len);
}

static void add_address(struct datagram *datagram, const char *text, const char *peer,
                        uint32_t link, uint32_t flags)
{
    struct sl_addr addr, other;
    struct datagram body = {.len = 0};

    assert_int_equal(sl_addr_parse_ip(text, 0, &addr), 0);
    assert_int_equal(sl_addr_parse_ip(peer ? peer : text, 0, &other), 0);
    bool v4 = sl_addr_is_v4(&addr);
    struct ifaddrmsg head = {
        .ifa_family = v4 ? AF_INET : AF_INET6, .ifa_flags = (uint8_t)flags, .ifa_index = link};
    add(&body, &head, sizeof(head));
    add_attribute(&body, IFA_LABEL, "eth0:alias", sizeof("eth0:alias"));
    add_attribute(&body, IFA_ADDRESS, v4 ? other.ip + 12 : other.ip, v4 ? 4 : 16);
    if (v4 || peer)
        add_attribute(&body, IFA_LOCAL, v4 ? addr.ip + 12 : addr.ip, v4 ? 4 : 16);
    add_attribute(&body, IFA_FLAGS, &flags, sizeof(flags));
    add_message(datagram, RTM_NEWADDR, NLM_F_MULTI, &body);
}

static void add_link(struct datagram *datagram, int link, unsigned flags)
{
    struct datagram body = {.len = 0};
    struct ifinfomsg head = {.ifi_index = link, .ifi_flags = flags};

    add(&body, &head, sizeof(head));
    add_message(datagram, RTM_NEWLINK, NLM_F_MULTI, &body);
}

static void add_code(struct datagram *datagram, uint16_t type, uint16_t flags, int code)
{
    struct datagram body = {.len = 0};

    add(&body, &code, sizeof(code));
    add_message(datagram, type, flags, &body);
}

static void lists_usable_addresses_in_the_kernels_order(void **state)
{
    (void)state;
    static const struct {
        const char *text, *peer;
        uint32_t flags;
        bool listed;
    } cases[] = {
        {"127.0.0.1", NULL, IFA_F_PERMANENT, true},
        {"10.77.0.1", NULL, IFA_F_PERMANENT, true},
        {"10.77.0.2", NULL, IFA_F_SECONDARY, true}, /* an alias; of IPv6 this bit means another */
        {"10.8.0.6", "10.8.0.5", IFA_F_PERMANENT, true}, /* of a tunnel */
        {"2001:db8::1", NULL, IFA_F_PERMANENT, true},
        {"2001:db8::2", NULL, IFA_F_TEMPORARY, false},
        {"2001:db8::3", NULL, IFA_F_TENTATIVE, false},
        {"2001:db8::4", NULL, IFA_F_TENTATIVE | IFA_F_OPTIMISTIC, true},
        {"2001:db8::5", NULL, IFA_F_DEPRECATED, false},
        {"10.77.0.3", NULL, IFA_F_DEPRECATED, false},
        {"2001:db8::6", NULL, IFA_F_PERMANENT | IFA_F_DADFAILED, false},
        {"fe80::1", NULL, IFA_F_MANAGETEMPADDR, true}, /* whoever asks decides */
    };
    struct datagram answer = {.len = 0};
    struct sl_host_addrs list = {.count = 0};
    size_t at = 0;

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++)
        add_address(&answer, cases[i].text, cases[i].peer, 2, cases[i].flags);
    assert_int_equal(sl_host_addrs_take(&list, answer.bytes, answer.len), 0);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        char text[SL_ADDR_TEXT_MAX] = "";
        if (!cases[i].listed)
            continue;
        if (at < list.count)
            (void)sl_addr_format_ip(&list.items[at++].addr, text);
        assert_string_equal(text, cases[i].text);
    }
    assert_int_equal(list.count, at);
}

static void an_address_is_up_as_its_link_is(void **state)
{
    (void)state;
    struct datagram addresses = {.len = 0}, links = {.len = 0};
    struct sl_host_addrs list = {.count = 0};

    for (uint32_t link = 1; link <= 4; link++)
        add_address(&addresses, "10.0.0.1", NULL, link, 0);
    add_code(&addresses, NLMSG_DONE, NLM_F_MULTI, 0);
    add_link(&links, 1, IFF_UP | IFF_RUNNING);
    add_link(&links, 2, IFF_UP); /* a bridge of containers that has none, a cable pulled */
    add_link(&links, 3, 0);
    add_link(&links, 9, IFF_UP | IFF_RUNNING);
    add_code(&links, NLMSG_DONE, NLM_F_MULTI, 0);
    assert_int_equal(sl_host_addrs_take(&list, addresses.bytes, addresses.len), 1);
    assert_int_equal(sl_host_addrs_take(&list, links.bytes, links.len), 1);
    assert_int_equal(list.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(list.items[i].up, i == 0);
}

static void keeps_no_more_than_it_has_room_for(void **state)
{
    (void)state;
    struct datagram answer = {.len = 0};
    struct sl_host_addrs list = {.count = 0};

    for (size_t i = 0; i < SL_HOST_ADDRS_MAX + 5; i++)
        add_address(&answer, "10.0.0.1", NULL, 1, 0);
    assert_int_equal(sl_host_addrs_take(&list, answer.bytes, answer.len), 0);
    assert_int_equal(list.count, SL_HOST_ADDRS_MAX);
}

static void refuses_answers_that_are_no_list(void **state)
{
    (void)state;
    static const struct {
        uint16_t type, flags;
        int code, err;
    } cases[] = {
        {NLMSG_DONE, NLM_F_MULTI | NLM_F_DUMP_INTR, 0, -EAGAIN}, /* changed while it was made */
        {NLMSG_ERROR, 0, -EPERM, -EPERM},
        {NLMSG_ERROR, 0, 0, -EBADMSG},
        {RTM_NEWADDR, 0, 0, -EBADMSG},
        {RTM_NEWLINK, 0, 0, -EBADMSG},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct datagram answer = {.len = 0};
        struct sl_host_addrs list = {.count = 0};
        add_code(&answer, cases[i].type, cases[i].flags, cases[i].code);
        assert_int_equal(sl_host_addrs_take(&list, answer.bytes, answer.len), cases[i].err);
    }

    struct datagram whole = {.len = 0};
    add_address(&whole, "10.0.0.1", NULL, 1, 0);
    for (size_t len = 1; len < whole.len; len++) {
        struct sl_host_addrs list = {.count = 0};
        assert_int_equal(sl_host_addrs_take(&list, whole.bytes, len), -EBADMSG);
    }
    whole.bytes[sizeof(struct nlmsghdr) + sizeof(struct ifaddrmsg)] = 3; /* an attribute's length */
    struct sl_host_addrs list = {.count = 0};
    assert_int_equal(sl_host_addrs_take(&list, whole.bytes, whole.len), -EBADMSG);
}

static void reads_this_machines(void **state)
{
    (void)state;
    struct sl_host_addrs list;
    struct sl_error error;
    bool loopback = false;

    if (sl_host_addrs_read(&list, &error) < 0)
        fail_msg("%s", error.text);
    for (size_t i = 0; i < list.count; i++)
        loopback |= sl_addr_is_loopback(&list.items[i].addr);
    assert_true(loopback);
}

/* ---- Changes, in a network of our own ---- */

static void enter_empty_network(void)
{
    int user = geteuid() == 0 ? 0 : CLONE_NEWUSER; /* whoever has no rights gets them with it */

    if (unshare(user | CLONE_NEWNET) < 0)
        fail_msg("no network namespace: %s", strerror(errno));
}

/* The loopback device gets another address: two notices or more. */
static void change_address(unsigned last)
{
    struct ifreq request = {.ifr_name = "lo"};
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a4d0000U + last)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    memcpy(&request.ifr_addr, &sa, sizeof(sa));
    assert_return_code(ioctl(fd, SIOCSIFADDR, &request), errno);
    assert_return_code(close(fd), errno);
}

/* The watch's own socket holds next to nothing from now on. */
static void shorten_queues_of_netlink(void)
{
    for (int fd = 0; fd < 64; fd++) {
        struct sockaddr_storage sa = {.ss_family = AF_UNSPEC};
        socklen_t len = sizeof(sa);
        int least = 0;
        if (getsockname(fd, (struct sockaddr *)&sa, &len) == 0 && sa.ss_family == AF_NETLINK)
            assert_return_code(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), errno);
    }
}

static void count(void *owner)
{
    ++*(unsigned *)owner;
}

static void wait_for_change(struct sl_loop *loop, const unsigned *changes, unsigned before)
{
    int64_t deadline_us = sl_now_us() + 5LL * SL_US_PER_S;

    while (*changes == before && sl_now_us() < deadline_us) {
        (void)uv_run(sl_loop_uv(loop), UV_RUN_NOWAIT);
        (void)sched_yield();
    }
    assert_true(*changes > before);
}

static void changes_are_told_after_more_than_the_kernel_could_keep(void **state)
{
    (void)state;
    enter_empty_network();
    struct sl_loop *loop = sl_loop_create("test");
    struct sl_host_watch *watch;
    struct sl_error error;
    unsigned changes = 0;

    assert_int_equal(sl_host_watch_create(loop, count, &changes, &watch, &error), 0);
    shorten_queues_of_netlink();
    for (unsigned i = 1; i <= 20; i++)
        change_address(i);
    wait_for_change(loop, &changes, 0);
    for (unsigned i = 21; i <= 23; i++) { /* each on its own, also after the loss */
        unsigned before = changes;
        change_address(i);
        wait_for_change(loop, &changes, before);
    }
    sl_host_watch_destroy(watch);
    sl_loop_destroy(loop);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_usable_addresses_in_the_kernels_order),
        cmocka_unit_test(an_address_is_up_as_its_link_is),
        cmocka_unit_test(keeps_no_more_than_it_has_room_for),
        cmocka_unit_test(refuses_answers_that_are_no_list),
        cmocka_unit_test(reads_this_machines),
        cmocka_unit_test(changes_are_told_after_more_than_the_kernel_could_keep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
