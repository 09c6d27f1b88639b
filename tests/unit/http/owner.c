/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose the other end of a connection is, asked of this kernel, and what its answers may be. */
#include "net/owner.h"

#include "fixture.h"

#include "base/mem.h"
#include "http/parse.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SERVICE = 33 };

/* ---- This kernel ---- */

static int asker; /* of sl_owner_open() */

struct pair {
    int listener, client, server;
    struct sl_addr remote, local; /* as the server's end has them */
};

static socklen_t address_of(const char *ip, uint16_t port, struct sockaddr_storage *sa)
{
    struct sl_addr addr;

    assert_int_equal(sl_addr_parse_ip(ip, port, &addr), 0);
    return sl_addr_to_sockaddr(&addr, sa);
}

static struct sl_addr name_of(int fd, int (*get)(int fd, struct sockaddr *sa, socklen_t *len))
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof(sa);
    struct sl_addr addr;

    assert_int_equal(get(fd, (struct sockaddr *)&sa, &len), 0);
    assert_int_equal(sl_addr_from_sockaddr(&addr, (struct sockaddr *)&sa), 0);
    return addr;
}

/* A connection to listen_ip; the client's socket is of this family, and of this user. */
static void connect_pair(struct pair *pair, const char *listen_ip, int family, const char *device,
                         uid_t user)
{
    struct sockaddr_storage sa;
    socklen_t len = address_of(listen_ip, 0, &sa);
    uid_t own = geteuid();

    pair->listener = socket(sa.ss_family, SOCK_STREAM, 0);
    assert_int_equal(bind(pair->listener, (struct sockaddr *)&sa, len), 0);
    assert_int_equal(listen(pair->listener, 1), 0);
    struct sl_addr to = name_of(pair->listener, getsockname);
    assert_int_equal(seteuid(user), 0);
    pair->client = socket(family, SOCK_STREAM, 0);
    assert_int_equal(seteuid(own), 0);
    if (device)
        assert_int_equal(setsockopt(pair->client, SOL_SOCKET, SO_BINDTODEVICE, device,
                                    (socklen_t)strlen(device)),
                         0);
    if (family == AF_INET6) { /* an IPv4 address is then a mapped one */
        struct sockaddr_in6 *sa6 = (struct sockaddr_in6 *)&sa;
        len = sizeof(*sa6);
        memset(sa6, 0, len);
        sa6->sin6_family = AF_INET6;
        sa6->sin6_port = htons(to.port);
        memcpy(&sa6->sin6_addr, to.ip, sizeof(to.ip));
    } else {
        len = sl_addr_to_sockaddr(&to, &sa);
    }
    assert_int_equal(connect(pair->client, (struct sockaddr *)&sa, len), 0);
    pair->server = accept(pair->listener, NULL, NULL);
    assert_true(pair->server >= 0);
    pair->remote = name_of(pair->server, getpeername);
    pair->local = name_of(pair->server, getsockname);
}

static void close_pair(struct pair *pair)
{
    if (pair->client >= 0)
        close(pair->client);
    close(pair->server);
    close(pair->listener);
}

static uid_t a_service(void)
{
    return geteuid() == 0 ? SERVICE : geteuid(); /* others cannot be another one */
}

static void the_kernel_tells_whose_a_connection_is(void **state)
{
    (void)state;
    static const struct {
        const char *ip;
        int family;
        const char *device;
    } cases[] = {
        {"127.0.0.1", AF_INET, NULL},  {"127.0.0.9", AF_INET, NULL}, {"127.0.0.1", AF_INET, "lo"},
        {"127.0.0.1", AF_INET6, NULL}, {"::1", AF_INET6, NULL},
    };
    const uid_t users[] = {geteuid(), a_service()};

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        for (size_t k = 0; k < SL_ARRAY_LEN(users); k++) {
            struct pair pair;
            uid_t uid = 12345;
            connect_pair(&pair, cases[i].ip, cases[i].family, cases[i].device, users[k]);
            int err = sl_owner_ask(asker, &pair.remote, &pair.local, &uid);
            if (err != 0 || uid != users[k])
                fail_msg("case %zu: %d, uid %u", i, err, (unsigned)uid);
            /* it has sent all that it will, and waits for the answer */
            assert_int_equal(shutdown(pair.client, SHUT_WR), 0);
            assert_int_equal(sl_owner_ask(asker, &pair.remote, &pair.local, &uid), 0);
            close_pair(&pair);
        }
    }
}

/* The kernel calls what nobody holds any more user 0's. */
static void a_connection_that_was_left_is_nobodys(void **state)
{
    (void)state;
    const struct linger at_once = {.l_onoff = 1};

    for (int how = 0; how < 3; how++) {
        struct pair pair;
        uid_t uid = 12345;
        connect_pair(&pair, "127.0.0.1", AF_INET, NULL, a_service());
        if (how == 1) /* reset */
            assert_int_equal(
                setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
        close(pair.client);
        pair.client = -1;
        if (how == 2) /* TIME_WAIT */
            assert_int_equal(shutdown(pair.server, SHUT_WR), 0);
        assert_int_equal(sl_owner_ask(asker, &pair.remote, &pair.local, &uid), -ENOENT);
        assert_int_equal(uid, 12345);
        close_pair(&pair);
    }
}

static void who_only_listens_at_that_port_is_not_asked_about(void **state)
{
    (void)state;
    struct pair pair;
    uid_t uid = 12345;

    connect_pair(&pair, "127.0.0.1", AF_INET, NULL, geteuid());
    struct sl_addr nowhere = pair.remote;
    nowhere.port = pair.local.port == 65535 ? 1024 : pair.local.port + 1;
    /* from the listener's port there is no connection to that one, but the listener is there */
    assert_int_equal(sl_owner_ask(asker, &pair.local, &nowhere, &uid), -ENOENT);
    assert_int_equal(uid, 12345);
    close_pair(&pair);
}

/* No descriptor more for anyone in this process; returns what to give back. */
static struct rlimit leave_no_descriptor(void)
{
    struct rlimit limit, now;
    int next = dup(STDIN_FILENO);

    assert_true(next >= 0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    now = (struct rlimit){(rlim_t)next, limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    return limit;
}

static void the_kernel_tells_it_when_there_are_no_descriptors_left(void **state)
{
    (void)state;
    struct pair pair;
    uid_t uid = 12345;

    connect_pair(&pair, "127.0.0.1", AF_INET, NULL, geteuid());
    struct rlimit limit = leave_no_descriptor();
    assert_int_equal(sl_owner_open(), -EMFILE);
    assert_int_equal(sl_owner_ask(asker, &pair.remote, &pair.local, &uid), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(uid, geteuid());
    close_pair(&pair);
}

static void without_a_socket_it_is_not_known(void **state)
{
    (void)state;
    struct pair pair;
    uid_t uid = 12345;

    connect_pair(&pair, "127.0.0.1", AF_INET, NULL, geteuid());
    assert_int_equal(sl_owner_ask(-EMFILE, &pair.remote, &pair.local, &uid), -EBADF);
    assert_int_equal(uid, 12345);
    close_pair(&pair);
}

static int open_asker(void **state)
{
    (void)state;
    asker = sl_owner_open();
    return asker < 0 ? asker : 0;
}

static int close_asker(void **state)
{
    (void)state;
    return close(asker);
}

/* ---- Answers ---- */

struct answer {
    struct nlmsghdr header;
    struct inet_diag_msg msg;
};

static struct sl_addr addr_of(const char *ip, uint16_t port)
{
    struct sl_addr addr;

    assert_int_equal(sl_addr_parse_ip(ip, port, &addr), 0);
    return addr;
}

/* What the kernel says of 127.0.0.1:50000, connected to 127.0.0.1:8081, a socket of user 33. */
static struct answer good_answer(void)
{
    struct answer answer = {
        .header = {.nlmsg_len = sizeof(answer), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_seq = 1},
        .msg = {.idiag_family = AF_INET,
                .idiag_state = TCP_ESTABLISHED,
                .idiag_uid = SERVICE,
                .idiag_inode = 777}};

    answer.msg.id.idiag_sport = htons(50000);
    answer.msg.id.idiag_dport = htons(8081);
    answer.msg.id.idiag_src[0] = answer.msg.id.idiag_dst[0] = htonl(INADDR_LOOPBACK);
    return answer;
}

static int parse(const struct answer *answer, size_t len, uid_t *uid)
{
    struct sl_addr remote = addr_of("127.0.0.1", 50000), local = addr_of("127.0.0.1", 8081);
    uint8_t copy[sizeof(*answer) + 1]; /* not aligned */

    memcpy(copy + 1, answer, len);
    return sl_owner_parse_answer(copy + 1, len, &remote, &local, uid);
}

static void an_answer_counts_if_it_is_about_a_socket_that_is_held(void **state)
{
    (void)state;
    static const struct {
        uint8_t state;
        uint32_t inode;
        int err;
    } cases[] = {
        {TCP_ESTABLISHED, 777, 0},
        {TCP_FIN_WAIT1, 777, 0},
        {TCP_FIN_WAIT2, 777, 0},
        {TCP_CLOSE_WAIT, 777, 0},
        {TCP_ESTABLISHED, 0, -ENOENT},
        {TCP_FIN_WAIT1, 0, -ENOENT},
        {TCP_FIN_WAIT2, 0, -ENOENT},
        {TCP_TIME_WAIT, 0, -ENOENT},
        {TCP_TIME_WAIT, 777, -ENOENT},
        {TCP_LISTEN, 777, -ENOENT},
        {TCP_SYN_SENT, 777, -ENOENT},
        {TCP_SYN_RECV, 0, -ENOENT},
        {TCP_SYN_RECV, 777, -ENOENT},
        {TCP_CLOSE, 777, -ENOENT},
        {TCP_LAST_ACK, 777, -ENOENT},
        {TCP_CLOSING, 777, -ENOENT},
        {12, 777, -ENOENT},
        {0, 777, -ENOENT},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct answer answer = good_answer();
        uid_t uid = 12345;
        answer.msg.idiag_state = cases[i].state;
        answer.msg.idiag_inode = cases[i].inode;
        int err = parse(&answer, sizeof(answer), &uid);
        if (err != cases[i].err || uid != (err == 0 ? SERVICE : 12345))
            fail_msg("state %u, inode %u: %d", cases[i].state, cases[i].inode, err);
    }
}

static void an_answer_about_another_connection_tells_nothing(void **state)
{
    (void)state;
    uid_t uid = 12345;

    for (int what = 0; what < 6; what++) {
        struct answer answer = good_answer();
        struct inet_diag_sockid *id = &answer.msg.id;
        if (what == 0)
            id->idiag_sport = htons(50001);
        else if (what == 1)
            id->idiag_dport = htons(8082);
        else if (what == 2)
            id->idiag_src[0] = htonl(INADDR_LOOPBACK + 1);
        else if (what == 3)
            id->idiag_dst[0] = 0;
        else if (what == 4) /* read as IPv6 these are other addresses */
            answer.msg.idiag_family = AF_INET6;
        else
            answer.msg.idiag_family = AF_UNIX;
        if (parse(&answer, sizeof(answer), &uid) != (what == 5 ? -EBADMSG : -ENOENT))
            fail_msg("case %d", what);
    }
    /* while an IPv6 socket with mapped addresses is the very same */
    struct answer mapped = good_answer();
    mapped.msg.idiag_family = AF_INET6;
    for (int i = 0; i < 2; i++) {
        __be32 *ip = i == 0 ? mapped.msg.id.idiag_src : mapped.msg.id.idiag_dst;
        ip[0] = ip[1] = 0;
        ip[2] = htonl(0xffff);
        ip[3] = htonl(INADDR_LOOPBACK);
    }
    assert_int_equal(parse(&mapped, sizeof(mapped), &uid), 0);
    assert_int_equal(uid, SERVICE);
}

static void what_is_no_answer_is_refused(void **state)
{
    (void)state;
    uid_t uid = 12345;
    struct answer answer = good_answer();

    for (size_t len = 0; len < sizeof(answer); len++)
        assert_int_equal(parse(&answer, len, &uid), -EBADMSG);
    for (uint32_t len = 0; len < sizeof(answer); len++) {
        answer.header.nlmsg_len = len;
        assert_int_equal(parse(&answer, sizeof(answer), &uid), -EBADMSG);
    }
    answer.header.nlmsg_len = UINT32_MAX;
    assert_int_equal(parse(&answer, sizeof(answer), &uid), -EBADMSG);
    answer = good_answer();
    answer.header.nlmsg_seq = 2;
    assert_int_equal(parse(&answer, sizeof(answer), &uid), -EBADMSG);
    answer = good_answer();
    answer.header.nlmsg_type = NLMSG_DONE;
    assert_int_equal(parse(&answer, sizeof(answer), &uid), -EBADMSG);
    assert_int_equal(uid, 12345);
}

static void the_kernels_refusal_is_passed_on(void **state)
{
    (void)state;
    static const struct {
        int32_t told;
        int err;
    } cases[] = {{-ENOENT, -ENOENT}, {-EPERM, -EPERM},  {-EINVAL, -EINVAL},
                 {0, -EBADMSG},      {EPERM, -EBADMSG}, {INT32_MIN, -EBADMSG}};
    uid_t uid = 12345;

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct answer answer = good_answer();
        answer.header.nlmsg_type = NLMSG_ERROR;
        memcpy(&answer.msg, &cases[i].told, sizeof(cases[i].told));
        assert_int_equal(parse(&answer, sizeof(answer), &uid), cases[i].err);
        answer.header.nlmsg_len = sizeof(answer.header) + 3;
        assert_int_equal(parse(&answer, sizeof(answer), &uid), -EBADMSG);
    }
    assert_int_equal(uid, 12345);
}

/* ---- The server ---- */

static void the_server_knows_its_operators_without_descriptors_too(void **state)
{
    static const char question[] = "GET /owner HTTP/1.1\r\nHost: a\r\n\r\n";
    const struct server_config config = {0};
    char answer[1000], expected[40];

    (void)state;
    struct server *server = server_start(&config);
    (void)snprintf(expected, sizeof(expected), "owner %u", (unsigned)geteuid());
    int fd = dial(server_port(server)), other = dial(server_port(server));
    /* both are taken before there are no descriptors */
    for (int i = 0; i < 2; i++) {
        send_text(i == 0 ? fd : other, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        receive_until(i == 0 ? fd : other, answer, sizeof(answer), "keep-alive\r\n\r\n");
    }
    send_text(fd, question);
    receive_until(fd, answer, sizeof(answer), expected);
    struct rlimit limit = leave_no_descriptor();
    send_text(other, question);
    receive_until(other, answer, sizeof(answer), expected);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    close(fd);
    close(other);
    server_stop(server);
}

/* ---- Signs ---- */

static void what_proxies_leave_in_a_request_is_seen(void **state)
{
    (void)state;
    static const struct {
        const char *line; /* behind Host */
        const char *sign; /* NULL: none */
    } cases[] = {
        {"Accept: */*", NULL},
        {"Forwarded: for=192.0.2.1", "forwarded"},
        {"FORWARDED:", "forwarded"},
        {"X-Forwarded-For: 203.0.113.7", "x-forwarded-for"},
        {"x-forwarded-Proto: https", "x-forwarded-proto"},
        {"X-Forwarded-Whatever: 1", "x-forwarded-whatever"},
        {"X-Real-IP: 203.0.113.7", "x-real-ip"},
        {"Via: 1.1 varnish", "via"},
        {"CDN-Loop: a", "cdn-loop"},
        {"CF-Connecting-IP: 203.0.113.7", "cf-connecting-ip"},
        {"X-Forwarded: 1", NULL},
        {"Viable: 1", NULL},
        {"X-Requested-With: XMLHttpRequest", NULL},
        {"Origin: http://localhost", NULL},
    };
    char text[200];
    struct sl_http_head head;

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        for (int minor = 0; minor < 2; minor++) {
            int len =
                snprintf(text, sizeof(text), "GET / HTTP/1.%d\r\nHost: localhost\r\n%s\r\n\r\n",
                         minor, cases[i].line);
            assert_int_equal(sl_http_parse_request(text, (size_t)len, &head), 0);
            const char *sign = sl_http_find_proxy_sign(&head);
            const char *wanted = cases[i].sign ? cases[i].sign : minor == 0 ? "HTTP/1.0" : "none";
            assert_string_equal(sign ? sign : "none", wanted);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kernel_tells_whose_a_connection_is),
        cmocka_unit_test(a_connection_that_was_left_is_nobodys),
        cmocka_unit_test(who_only_listens_at_that_port_is_not_asked_about),
        cmocka_unit_test(the_kernel_tells_it_when_there_are_no_descriptors_left),
        cmocka_unit_test(without_a_socket_it_is_not_known),
        cmocka_unit_test(an_answer_counts_if_it_is_about_a_socket_that_is_held),
        cmocka_unit_test(an_answer_about_another_connection_tells_nothing),
        cmocka_unit_test(what_is_no_answer_is_refused),
        cmocka_unit_test(the_kernels_refusal_is_passed_on),
        cmocka_unit_test(the_server_knows_its_operators_without_descriptors_too),
        cmocka_unit_test(what_proxies_leave_in_a_request_is_seen),
    };

    return cmocka_run_group_tests(tests, open_asker, close_asker);
}
