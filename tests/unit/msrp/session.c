/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two sessions on one loop that write to each other, and strangers. */
#include "msrp/msrp.h"

#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/net.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_US = 20 * SL_US_PER_S };

struct side {
    struct sl_msrp_session *session;
    int opened, failed, texts, last_code;
    int sent; /* texts of ours whose end was told */
    char body[64];
    size_t len;
    bool keeps; /* says nothing of what it was given */
    char words[256];
};

struct fixture {
    struct sl_loop *loop;
    struct sl_conn_set *conns;
    struct sl_timer *tick;
    struct sl_string_list allow;
    char *networks[1];
    SSL_CTX *tls; /* NULL: in clear */
    struct sl_tls_clients *authorities;
    struct side a, b; /* a offers */
};

static void on_tick(void *owner)
{
    (void)owner; /* the loop looks at its condition */
}

static void on_open(void *owner)
{
    struct side *side = owner;

    side->opened++;
}

static void on_text(void *owner, const struct sl_msrp_text *text)
{
    struct side *side = owner;

    side->texts++;
    side->len = text->len;
    (void)snprintf(side->body, sizeof(side->body), "%.*s", text->len < 40 ? (int)text->len : 40,
                   text->body);
    if (!side->keeps)
        sl_msrp_session_delivered(side->session, 200);
}

static void on_failed(void *owner, const char *words)
{
    struct side *side = owner;

    side->failed++;
    (void)snprintf(side->words, sizeof(side->words), "%s", words);
}

static void on_sent(void *owner, int code)
{
    struct side *side = owner;

    side->sent++;
    side->last_code = code;
}

static const struct sl_msrp_ops ops = {on_open, on_text, on_failed};

static void open_side(struct fixture *f, struct side *side)
{
    struct sl_msrp_config config = {.loop = f->loop,
                                    .conns = f->conns,
                                    .allow = &f->allow,
                                    .port_from = 21000,
                                    .port_to = 21999,
                                    .tls = f->tls,
                                    .authorities = f->authorities,
                                    .ops = &ops,
                                    .owner = side};
    struct sl_error error = {""};

    assert_int_equal(sl_addr_parse_ip("127.93.5.1", 0, &config.bind), 0);
    config.shown = config.bind;
    if (sl_msrp_session_create(&config, &side->session, &error) != 0)
        fail_msg("%s", error.text);
}

static void close_side(struct side *side)
{
    sl_msrp_session_destroy(side->session);
    side->session = NULL;
}

static int set_up(void **state)
{
    struct fixture *f = sl_new(struct fixture);

    f->networks[0] = sl_strdup("127.0.0.0/8");
    f->allow = (struct sl_string_list){f->networks, 1};
    f->loop = sl_loop_create("msrp");
    f->tick = sl_timer_create(f->loop, on_tick, f);
    sl_timer_start(f->tick, 1, 1);
    f->conns = sl_conn_set_create(f->loop);
    open_side(f, &f->a);
    open_side(f, &f->b);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    close_side(&f->a);
    close_side(&f->b);
    sl_conn_set_destroy(f->conns);
    sl_timer_destroy(f->tick);
    sl_loop_destroy(f->loop);
    SSL_CTX_free(f->tls);
    sl_tls_clients_destroy(f->authorities);
    free(f->networks[0]);
    free(f);
    return 0;
}

static void open_again(struct fixture *f)
{
    close_side(&f->a);
    close_side(&f->b);
    f->a = f->b = (struct side){.session = NULL};
    open_side(f, &f->a);
    open_side(f, &f->b);
}

/* The same by TLS, with one certificate for both. */
static int set_up_tls(void **state)
{
    char directory[] = "/tmp/sluice-msrp-XXXXXX", cert[64], key[64];
    const struct sl_tls_files files = {.cert = cert, .key = key};
    struct sl_error error = {""};
    int err = set_up(state);
    struct fixture *f = *state;

    if (err < 0 || !mkdtemp(directory))
        return -1;
    (void)snprintf(cert, sizeof(cert), "%s/cert.pem", directory);
    (void)snprintf(key, sizeof(key), "%s/key.pem", directory);
    err = sl_tls_self_signed(cert, key, NULL, 0, &error);
    if (err == 0)
        err = sl_tls_peer_context(&files, &f->tls, &error);
    (void)unlink(cert);
    (void)unlink(key);
    (void)rmdir(directory);
    f->authorities = sl_tls_clients_create();
    open_again(f);
    return err;
}

#define wait_until(f, condition)                                                                   \
    do {                                                                                           \
        int64_t deadline_us_ = sl_now_us() + DEADLINE_US;                                          \
        while (!(condition)) {                                                                     \
            if (sl_now_us() > deadline_us_)                                                        \
                fail_msg("waited in vain: %s", #condition);                                        \
            (void)uv_run(sl_loop_uv((f)->loop), UV_RUN_ONCE);                                      \
        }                                                                                          \
    } while (0)

/* `from` with what stands for one word in the other's description. */
static void replace(const char *from, const char *word, const char *by, char out[static 4096])
{
    const char *at = strstr(from, word);

    assert_non_null(at);
    (void)snprintf(out, 4096, "%.*s%s%s", (int)(at - from), from, by, at + strlen(word));
}

/* setup: what the offer says of who connects. */
static void agree(struct fixture *f, const char *setup)
{
    char offer[4096];
    struct sl_error error = {""};

    sl_msrp_session_offer(f->a.session);
    replace(sl_msrp_session_description(f->a.session), "a=setup:actpass\r\n", setup, offer);
    if (sl_msrp_session_take_offer(f->b.session, offer, &error) != 0 ||
        sl_msrp_session_settle(f->a.session, sl_msrp_session_description(f->b.session), &error) !=
            0)
        fail_msg("%s", error.text);
    sl_msrp_session_connect(f->b.session);
    sl_msrp_session_connect(f->a.session);
}

static void be_open(struct fixture *f, const char *setup)
{
    agree(f, setup);
    wait_until(f, f->a.opened + f->a.failed > 0 && f->b.opened + f->b.failed > 0);
    if (f->a.failed + f->b.failed > 0)
        fail_msg("%s; %s", f->a.words, f->b.words);
}

static void say(struct side *side, const char *text, size_t len)
{
    assert_non_null(sl_msrp_session_send(side->session, "text/plain", text, len, on_sent, side));
}

static const struct {
    const char *offer, *answer;
} ways[] = {{"a=setup:actpass\r\n", "a=setup:active\r\n"},
            {"a=setup:passive\r\n", "a=setup:active\r\n"},
            {"a=setup:active\r\n", "a=setup:passive\r\n"},
            {"", "a=max-size"}};

static void connect_this_way(struct fixture *f, size_t way)
{
    be_open(f, ways[way].offer);
    assert_non_null(strstr(sl_msrp_session_description(f->b.session), ways[way].answer));
    say(&f->a, "to b", 4);
    say(&f->b, "to a", 4);
    wait_until(f, f->a.sent == 1 && f->b.sent == 1);
    assert_int_equal(f->a.last_code, 200);
    assert_int_equal(f->b.last_code, 200);
    assert_string_equal(f->a.body, "to a");
    assert_string_equal(f->b.body, "to b");
    assert_int_equal(f->a.opened + f->b.opened, 2);
}

static void either_side_connects(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < SL_ARRAY_LEN(ways); i++) {
        connect_this_way(f, i);
        open_again(f);
    }
}

static void without_its_connection_it_is_lost(void **state)
{
    struct fixture *f = *state;

    connect_this_way(f, 0);
    close_side(&f->a);
    wait_until(f, f->b.failed == 1); /* unless a BYE comes before */
    assert_non_null(strstr(f->b.words, "lost"));
    assert_null(sl_msrp_session_send(f->b.session, "text/plain", "x", 1, on_sent, &f->b));
}

static void long_texts_come_whole_and_too_long_ones_do_not_leave(void **state)
{
    enum { LONG = 1 << 20 };
    struct fixture *f = *state;
    char *text = sl_alloc(LONG + 1);

    memset(text, 'x', LONG);
    memcpy(text, "begin", 5);
    be_open(f, "a=setup:actpass\r\n");
    assert_int_equal(sl_msrp_session_max(f->a.session), LONG);
    assert_null(sl_msrp_session_send(f->a.session, "text/plain", text, LONG + 1, on_sent, &f->a));
    say(&f->a, text, LONG);
    say(&f->a, "short", 5); /* in its turn */
    assert_null(sl_msrp_session_send(f->a.session, "text/plain", text, LONG, on_sent, &f->a));
    wait_until(f, f->b.texts == 1);
    assert_int_equal(f->b.len, LONG);
    assert_memory_equal(f->b.body, "beginxxx", 8);
    wait_until(f, f->b.texts == 2 && f->a.sent == 2);
    assert_string_equal(f->b.body, "short");
    assert_int_equal(f->a.last_code, 200);
    free(text);
}

/* One at a time is told, the others wait in the kernel's hands. */
static void who_does_not_take_texts_holds_them_back(void **state)
{
    struct fixture *f = *state;
    char text[8];

    be_open(f, "a=setup:actpass\r\n");
    f->b.keeps = true;
    for (int i = 0; i < 5; i++) {
        (void)snprintf(text, sizeof(text), "t%d", i);
        say(&f->a, text, 2);
    }
    wait_until(f, f->b.texts == 1);
    for (int i = 0; i < 5; i++)
        (void)uv_run(sl_loop_uv(f->loop), UV_RUN_ONCE);
    assert_int_equal(f->b.texts, 1);
    for (int i = 1; i < 5; i++) {
        sl_msrp_session_delivered(f->b.session, 200);
        wait_until(f, f->b.texts == i + 1);
    }
    assert_string_equal(f->b.body, "t4");
    wait_until(f, f->a.sent == 5);
}

/* More than a burst: the rest comes later, and none is lost. */
static void who_writes_faster_is_read_no_faster(void **state)
{
    struct fixture *f = *state;

    be_open(f, "a=setup:actpass\r\n");
    int64_t begun_us = sl_now_us();
    for (int i = 0; i < 60; i++)
        say(&f->a, "again", 5);
    wait_until(f, f->a.sent == 60 && f->b.texts == 60);
    assert_int_equal(f->a.last_code, 200);
    assert_true(sl_now_us() - begun_us > SL_US_PER_S / 2); /* 40 at once, then 20 a second */
}

static void what_was_being_sent_is_told_to_have_failed(void **state)
{
    struct fixture *f = *state;

    be_open(f, "a=setup:actpass\r\n");
    say(&f->a, "late", 4);
    struct sl_msrp_outgoing *forgotten =
        sl_msrp_session_send(f->a.session, "text/plain", "x", 1, on_sent, &f->a);
    sl_msrp_outgoing_forget(forgotten);
    close_side(&f->a);
    assert_int_equal(f->a.sent, 1);
    assert_int_equal(f->a.last_code, 0);
}

/* ---- By TLS ---- */

static void by_tls_that_is_said_with_the_certificate(void **state)
{
    const struct fixture *f = *state;

    sl_msrp_session_offer(f->a.session);
    const char *offer = sl_msrp_session_description(f->a.session);
    assert_non_null(strstr(offer, " TCP/TLS/MSRP *\r\n"));
    assert_non_null(strstr(offer, "\r\na=path:msrps://127.93.5.1:"));
    assert_non_null(strstr(offer, "\r\na=setup:actpass\r\na=fingerprint:sha-256 "));
    assert_true(sl_msrp_is_offered(offer) && sl_msrp_is_secure(offer));
}

/* What is said for a digit of somebody's fingerprint. */
static void spoil(const char *from, char out[static 4096])
{
    (void)snprintf(out, 4096, "%s", from);
    char *digit = strstr(out, "sha-256 ");
    assert_non_null(digit);
    digit[8] = digit[8] == '0' ? '1' : '0';
}

/* Whoever has another certificate than it was said, connecting or connected to: nothing is open,
 * and who finds it out says so. */
static void another_certificate_ends_it(void **state)
{
    static const struct {
        bool offer_is_wrong;
        const char *setup;
    } cases[] = {{true, "a=setup:passive\r\n"},
                 {true, "a=setup:active\r\n"},
                 {false, "a=setup:passive\r\n"},
                 {false, "a=setup:active\r\n"}};
    struct fixture *f = *state;
    struct sl_error error = {""};
    char offer[4096], spoilt[4096], answer[4096];

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct side *judge = cases[i].offer_is_wrong ? &f->b : &f->a;
        sl_msrp_session_offer(f->a.session);
        replace(sl_msrp_session_description(f->a.session), "a=setup:actpass\r\n", cases[i].setup,
                offer);
        spoil(offer, spoilt);
        assert_int_equal(sl_msrp_session_take_offer(
                             f->b.session, cases[i].offer_is_wrong ? spoilt : offer, &error),
                         0);
        (void)snprintf(answer, sizeof(answer), "%s", sl_msrp_session_description(f->b.session));
        spoil(answer, spoilt);
        assert_int_equal(
            sl_msrp_session_settle(f->a.session, cases[i].offer_is_wrong ? answer : spoilt, &error),
            0);
        sl_msrp_session_connect(f->b.session);
        sl_msrp_session_connect(f->a.session);
        wait_until(f, judge->failed == 1);
        if (!strstr(judge->words, "the certificate is not the one of the fingerprint"))
            fail_msg("case %zu: %s", i, judge->words);
        assert_int_equal(f->a.opened + f->b.opened, 0);
        open_again(f);
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    static const char plain[] = "v=0\r\nm=message 9 TCP/MSRP *\r\na=accept-types:*\r\n"
                                "a=path:msrp://127.93.5.1:9/s;tcp\r\n";
    static const char address[] = "v=0\r\nm=message 9 TCP/TLS/MSRP *\r\na=accept-types:*\r\n"
                                  "a=path:msrps://127.93.5.1:9/s;tcp msrps://x/s;tcp\r\n";
    static const char name[] = "v=0\r\nm=message 9 TCP/TLS/MSRP *\r\na=accept-types:*\r\n"
                               "a=path:msrps://localhost:9/s;tcp\r\n";
    struct fixture *f = *state;
    struct sl_error error = {""};

    sl_msrp_session_offer(f->a.session);
    assert_int_equal(sl_msrp_session_settle(f->a.session, plain, &error), -ENOMSG);
    assert_string_equal(error.text, "MSRP without TLS is not what was asked for");
    assert_int_equal(sl_msrp_session_settle(f->a.session, address, &error), -EACCES);
    assert_non_null(strstr(error.text, "a=fingerprint is missing"));
    assert_int_equal(sl_msrp_session_settle(f->a.session, name, &error), 0);
    SSL_CTX_free(f->tls);
    f->tls = NULL;
    open_again(f);
    assert_int_equal(sl_msrp_session_settle(f->a.session, name, &error), -ENOMSG);
    assert_string_equal(error.text, "MSRP over TLS was not asked for");
}

static void other_certificates_in_the_middle_are_refused(void **state)
{
    struct fixture *f = *state;
    char offer[4096], spoilt[4096];
    struct sl_error error = {""};

    be_open(f, "a=setup:actpass\r\n");
    (void)snprintf(offer, sizeof(offer), "%s", sl_msrp_session_description(f->a.session));
    assert_int_equal(sl_msrp_session_take_again(f->b.session, offer, &error), 0);
    spoil(offer, spoilt);
    assert_int_equal(sl_msrp_session_take_again(f->b.session, spoilt, &error), -ENOMSG);
}

/* Where it would lead a stranger to is asked of the address, not of the name. */
static void nobody_is_sent_where_clients_may_not(void **state)
{
    struct fixture *f = *state;

    f->allow.count = 0;
    agree(f, "a=setup:passive\r\n");
    wait_until(f, f->b.failed == 1);
    assert_string_equal(f->b.words, "MSRP: cannot connect: not allowed");
    assert_int_equal(f->a.opened, 0);
}

/* ---- Strangers, and a party that errs ---- */

static uint16_t port_of(const struct side *side)
{
    unsigned port = 0;
    const char *at = strstr(sl_msrp_session_description(side->session), "m=message ");

    assert_int_equal(sscanf(at, "m=message %u", &port), 1);
    return (uint16_t)port;
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in sa = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(0x7f5d0501)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    return fd;
}

/* What comes until this is in it, or the end. */
static void hear(struct fixture *f, int fd, const char *word, char out[static 4096])
{
    size_t len = 0;
    int64_t deadline_us = sl_now_us() + DEADLINE_US;

    out[0] = '\0';
    for (;;) {
        ssize_t n = recv(fd, out + len, 4095 - len, MSG_DONTWAIT);
        if (n == 0)
            return;
        len += n > 0 ? (size_t)n : 0;
        out[len] = '\0';
        if ((word && strstr(out, word)) || sl_now_us() > deadline_us)
            return;
        (void)uv_run(sl_loop_uv(f->loop), UV_RUN_ONCE);
    }
}

static void write_to(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static const char *path_of(const struct side *side, char out[static 300])
{
    const char *at = strstr(sl_msrp_session_description(side->session), "a=path:") + 7;

    (void)snprintf(out, 300, "%.*s", (int)strcspn(at, "\r"), at);
    return out;
}

/* a has offered, and is answered that it is connected to by whoever has this path. */
static void wait_for_party(struct fixture *f)
{
    static const char answer[] = "v=0\r\nm=message 9 TCP/MSRP *\r\na=accept-types:*\r\n"
                                 "a=path:msrp://x.test/s;tcp\r\na=setup:active\r\n";
    struct sl_error error = {""};

    sl_msrp_session_offer(f->a.session);
    assert_int_equal(sl_msrp_session_settle(f->a.session, answer, &error), 0);
    sl_msrp_session_connect(f->a.session);
}

static void strangers_are_sent_off(void **state)
{
    struct fixture *f = *state;
    char text[4096], ours[300];
    static const char *const cases[] = {
        "GET / HTTP/1.1\r\n\r\n",
        ("MSRP abcd SEND\r\nTo-Path: msrp://127.93.5.1:1/guess;tcp\r\n"
         "From-Path: msrp://x.test/s;tcp\r\nMessage-ID: 1\r\n-------abcd$\r\n"),
        "MSRP abcd 200 OK\r\nTo-Path: a\r\nFrom-Path: b\r\n-------abcd$\r\n",
    };
    int fds[5];

    wait_for_party(f);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        fds[0] = connect_to(port_of(&f->a));
        write_to(fds[0], cases[i]);
        hear(f, fds[0], NULL, text);
        assert_true((strstr(text, "MSRP abcd 481 ") != NULL) == (i == 1));
        (void)close(fds[0]);
    }
    (void)snprintf(text, sizeof(text),
                   "MSRP abcd SEND\r\nTo-Path: %s\r\nFrom-Path: msrp://other.test/s;tcp\r\n"
                   "Message-ID: 1\r\n-------abcd$\r\n",
                   path_of(&f->a, ours));
    fds[0] = connect_to(port_of(&f->a));
    write_to(fds[0], text);
    hear(f, fds[0], NULL, text);
    assert_non_null(strstr(text, "MSRP abcd 481 "));
    (void)close(fds[0]);
    for (size_t i = 0; i < 5; i++) /* of who says nothing, there are so many at a time */
        fds[i] = connect_to(port_of(&f->a));
    hear(f, fds[4], NULL, text);
    assert_int_equal(recv(fds[0], text, sizeof(text), MSG_DONTWAIT), -1); /* this one may stay */
    for (size_t i = 0; i < 5; i++)
        (void)close(fds[i]);
    assert_int_equal(f->a.opened, 0);
    assert_int_equal(f->a.failed, 0);
}

static int be_party(struct fixture *f, char ours[static 300])
{
    char text[1024];

    sl_msrp_session_offer(f->a.session);
    int fd = connect_to(port_of(&f->a)); /* faster than its description */
    wait_for_party(f);
    (void)snprintf(text, sizeof(text),
                   "MSRP hello SEND\r\nTo-Path: %s\r\nFrom-Path: msrp://x.test/s;tcp\r\n"
                   "Message-ID: 1\r\nByte-Range: 1-0/0\r\n-------hello$\r\n",
                   path_of(&f->a, ours));
    write_to(fd, text);
    wait_until(f, f->a.opened == 1);
    return fd;
}

static void a_party_is_answered(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *head, *body, *answer; /* answer NULL: none */
    } cases[] = {
        {"Message-ID: 2\r\nContent-Type: text/html\r\n", "x", "MSRP abcd 415 "},
        {"Message-ID: 2\r\n", "x", "MSRP abcd 400 "},
        {"Content-Type: text/plain\r\n", "x", "MSRP abcd 400 "},
        {"Message-ID: 2\r\nContent-Type: text/plain\r\nByte-Range: 1-*/9999999\r\n", "x",
         "MSRP abcd 413 "},
        {"Message-ID: 3\r\nContent-Type: text/plain\r\nSuccess-Report: yes\r\n", "x",
         "\r\nStatus: 000 200\r\n"},
        {"Message-ID: 4\r\nContent-Type: text/plain\r\nFailure-Report: no\r\n", "silent", NULL},
    };
    char text[4096], ours[300];
    int fd = be_party(f, ours);

    hear(f, fd, "MSRP hello 200 OK\r\n", text);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        int texts = f->a.texts;
        (void)snprintf(text, sizeof(text),
                       "MSRP abcd SEND\r\nTo-Path: %s\r\nFrom-Path: msrp://x.test/s;tcp\r\n"
                       "%s\r\n%s\r\n-------abcd$\r\n",
                       ours, cases[i].head, cases[i].body);
        write_to(fd, text);
        if (!cases[i].answer) {
            wait_until(f, f->a.texts == texts + 1);
            continue;
        }
        hear(f, fd, cases[i].answer, text);
        assert_non_null(strstr(text, cases[i].answer));
    }
    assert_int_equal(f->a.texts, 2);
    assert_string_equal(f->a.body, "silent");
    (void)snprintf(text, sizeof(text),
                   "MSRP abcd NICKNAME\r\nTo-Path: %s\r\nFrom-Path: msrp://x.test/s;tcp\r\n"
                   "-------abcd$\r\nnonsense\r\n",
                   ours);
    write_to(fd, text);
    hear(f, fd, NULL, text);
    assert_non_null(strstr(text, "MSRP abcd 501 "));
    assert_null(strstr(text, "MSRP abcd 200 ")); /* to the silent one */
    wait_until(f, f->a.failed == 1);
    (void)close(fd);
}

/* What the party says of a text of two chunks: the first that is not 200 counts. */
static void refusals_are_told(void **state)
{
    struct fixture *f = *state;
    static char body[3000];
    char text[4096], ours[300], id[64], transaction[64];
    int fd = be_party(f, ours);

    memset(body, 'x', sizeof(body));
    hear(f, fd, "-------hello$\r\n", text);
    say(&f->a, body, sizeof(body));
    hear(f, fd, "$\r\n", text);
    assert_non_null(strstr(text, "\r\nByte-Range: 1-2048/3000\r\nContent-Type: text/plain\r\n"));
    assert_non_null(strstr(text, "\r\nByte-Range: 2049-3000/3000\r\n"));
    assert_int_equal(sscanf(text, "MSRP %63s SEND", transaction), 1);
    assert_int_equal(sscanf(strstr(text, "Message-ID: "), "Message-ID: %63s", id), 1);
    (void)snprintf(text, sizeof(text),
                   "MSRP %s 413 No\r\nTo-Path: %s\r\nFrom-Path: b\r\n"
                   "-------%s$\r\n",
                   transaction, ours, transaction);
    write_to(fd, text);
    wait_until(f, f->a.sent == 1);
    assert_int_equal(f->a.last_code, 413);

    say(&f->a, "short", 5);
    hear(f, fd, "$\r\n", text);
    assert_int_equal(sscanf(strstr(text, "Message-ID: "), "Message-ID: %63s", id), 1);
    (void)snprintf(text, sizeof(text),
                   "MSRP abcd REPORT\r\nTo-Path: %s\r\nFrom-Path: msrp://x.test/s;tcp\r\n"
                   "Message-ID: %s\r\nByte-Range: 1-5/5\r\nStatus: 000 403 no\r\n-------abcd$\r\n",
                   ours, id);
    write_to(fd, text);
    wait_until(f, f->a.sent == 2);
    assert_int_equal(f->a.last_code, 403);
    (void)close(fd);
}

static void what_is_said_again_is_answered_alike(void **state)
{
    struct fixture *f = *state;
    char offer[4096], first[4096], other[4096];
    struct sl_error error = {""};

    assert_int_equal(sl_msrp_session_take_again(f->b.session, NULL, &error), -EAGAIN);
    be_open(f, "a=setup:actpass\r\n");
    (void)snprintf(first, sizeof(first), "%s", sl_msrp_session_description(f->b.session));
    (void)snprintf(offer, sizeof(offer), "%s", sl_msrp_session_description(f->a.session));
    assert_int_equal(sl_msrp_session_take_again(f->b.session, offer, &error), 0);
    assert_string_equal(sl_msrp_session_description(f->b.session), first);
    assert_int_equal(sl_msrp_session_take_again(f->b.session, NULL, &error), 0);
    replace(offer, ";tcp", "x;tcp", other);
    assert_int_equal(sl_msrp_session_take_again(f->b.session, other, &error), -ENOMSG);
    say(&f->a, "on", 2);
    wait_until(f, f->b.texts == 1);
}

/* Without TLS, or with none of our certificates: it goes on for who has one. */
static void strangers_without_tls_are_sent_off(void **state)
{
    struct fixture *f = *state;
    char text[4096], answer[4096];
    struct sl_error error = {""};

    sl_msrp_session_offer(f->a.session);
    int fd = connect_to(port_of(&f->a));
    write_to(fd, "MSRP abcd SEND\r\nTo-Path: msrps://127.93.5.1:1/guess;tcp\r\n\r\n");
    hear(f, fd, NULL, text);
    assert_null(strstr(text, "MSRP"));
    (void)close(fd);
    fd = connect_to(port_of(&f->a)); /* and one that says nothing, all the time */
    replace(sl_msrp_session_description(f->a.session), "actpass", "passive", text);
    assert_int_equal(sl_msrp_session_take_offer(f->b.session, text, &error), 0);
    (void)snprintf(answer, sizeof(answer), "%s", sl_msrp_session_description(f->b.session));
    assert_int_equal(sl_msrp_session_settle(f->a.session, answer, &error), 0);
    sl_msrp_session_connect(f->a.session);
    sl_msrp_session_connect(f->b.session);
    wait_until(f, f->a.opened + f->b.opened == 2);
    hear(f, fd, NULL, text); /* nobody else is let in then */
    assert_string_equal(text, "");
    (void)close(fd);
}

#define test(name)     cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define test_tls(name) cmocka_unit_test_setup_teardown(name, set_up_tls, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(either_side_connects),
        test(without_its_connection_it_is_lost),
        test(long_texts_come_whole_and_too_long_ones_do_not_leave),
        test(who_does_not_take_texts_holds_them_back),
        test(who_writes_faster_is_read_no_faster),
        test(what_was_being_sent_is_told_to_have_failed),
        test(nobody_is_sent_where_clients_may_not),
        test(strangers_are_sent_off),
        test(a_party_is_answered),
        test(refusals_are_told),
        test(what_is_said_again_is_answered_alike),
        test_tls(either_side_connects),
        test_tls(long_texts_come_whole_and_too_long_ones_do_not_leave),
        test_tls(who_does_not_take_texts_holds_them_back),
        test_tls(what_was_being_sent_is_told_to_have_failed),
        test_tls(what_is_said_again_is_answered_alike),
        test_tls(by_tls_that_is_said_with_the_certificate),
        test_tls(another_certificate_ends_it),
        test_tls(what_does_not_fit_is_refused),
        test_tls(other_certificates_in_the_middle_are_refused),
        test_tls(strangers_without_tls_are_sent_off),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* as the server does: OpenSSL writes to who is gone */
    return cmocka_run_group_tests_name("msrp session", tests, NULL, NULL);
}
