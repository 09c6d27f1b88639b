/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The WebSocket client: against our server on the same loop, and against wrong ones. */
#include "../names.h"
#include "fixture.h"

#include "base/error.h"
#include "base/mem.h"
#include "http/ws_frame.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct server *server;

/* What the client notes begins with "client". Its owner is &client_owner, its arg the server. */
static struct sl_ws *client;
static int client_owner;

static void *on_open(void *arg, struct sl_ws *ws)
{
    note(arg, "client open");
    client = ws;
    return &client_owner;
}

static void on_text(void *owner, const char *text, size_t len)
{
    assert_ptr_equal(owner, &client_owner);
    note(server, "client text %zu %.40s", len, text);
}

static void on_pong(void *owner)
{
    assert_ptr_equal(owner, &client_owner);
    note(server, "client pong");
}

static void on_close(void *owner, const char *why)
{
    note(server, "client %s: %s", owner == &client_owner ? "closed" : "failed", why);
    client = NULL;
}

static const struct sl_ws_ops sl_client_ops = {on_open, on_text, NULL, on_pong, on_close};

static int set_up(void **state)
{
    (void)state;
    server = server_start(NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_stop(server);
    return 0;
}

struct connect {
    struct sl_ws_connect_config config;
    int err;
};

static void connect_now(struct server *s, void *arg)
{
    struct connect *call = arg;

    call->config.ops = &sl_client_ops;
    call->config.arg = s;
    call->err = sl_ws_connect(server_http(s), &call->config, &client);
}

static void connect_to(const char *host, uint16_t port, const char *subprotocol)
{
    struct connect call = {.config = {.host = host,
                                      .port = port,
                                      .path = "/stream?x=1",
                                      .origin = "http://me",
                                      .subprotocol = subprotocol,
                                      .timeout_s = 2}};

    server_call(server, connect_now, &call);
    assert_int_equal(call.err, 0);
}

static void send_now(struct server *s, void *arg)
{
    (void)s;
    assert_int_equal(sl_ws_send_text(client, arg, strlen(arg)), 0);
}

static void ping_now(struct server *s, void *arg)
{
    (void)s;
    (void)arg;
    assert_int_equal(sl_ws_ping(client), 0);
}

static void close_now(struct server *s, void *arg)
{
    (void)arg;
    sl_ws_close(client, 1000, "done");
    note(s, "client asked");
}

static void abort_now(struct server *s, void *arg)
{
    (void)arg;
    sl_ws_abort(client);
    note(s, "client asked");
}

/* ---- Against our server ---- */

static void exchanges_messages_with_a_server(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    static char message[70001] = "echo:";

    (void)state;
    memset(message + 5, 'm', sizeof(message) - 6);
    for (size_t i = 0; i < SL_ARRAY_LEN(hosts); i++) {
        connect_to(hosts[i], server_port(server), NULL);
        (void)expect(server, "client open");
        assert_string_equal(expect(server, "open"), "open http://me");
        server_call(server, send_now, (void *)(uintptr_t) "echo:hello");
        assert_string_equal(expect(server, "client text"), "client text 10 echo:hello");
        server_call(server, send_now, message);
        (void)expect(server, "client text 70000 ");
        server_call(server, ping_now, NULL);
        (void)expect(server, "client pong");
        server_call(server, close_now, NULL);
        (void)expect(server, "client asked");
        assert_string_equal(expect(server, "client closed"),
                            "client closed: closed by us, code 1000");
        assert_string_equal(expect(server, "close"), "close closed by the peer, code 1000");
    }
}

static void sees_the_server_close(void **state)
{
    (void)state;
    connect_to("127.0.0.1", server_port(server), "chat"); /* not selected: fine */
    (void)expect(server, "client open");
    server_call(server, send_now, (void *)(uintptr_t) "close:4001");
    assert_string_equal(expect(server, "client closed"),
                        "client closed: closed by the peer, code 4001");
}

static void goes_down_with_open_and_connecting_clients(void **state)
{
    (void)state;
    connect_to("127.0.0.1", server_port(server), NULL);
    (void)expect(server, "client open");
    connect_to("127.0.0.1", server_port(server), NULL);
    tear_down(NULL);
    set_up(NULL);
}

static void a_cancelled_attempt_fails_from_the_loop(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        connect_to("127.0.0.1", server_port(server), NULL);
        if (i % 2)
            server_call(server, abort_now, NULL);
        else
            server_call(server, close_now, NULL);
        (void)expect(server, "client asked");
        /* It was quicker than we, perhaps: then it is closed. */
        if (strcmp(expect(server, "client "), "client open") == 0)
            (void)expect(server, "client closed");
    }
}

/* ---- Against others ---- */

static int listen_raw(uint16_t *port)
{
    struct sockaddr_in sa = {.sin_family = AF_INET};
    socklen_t len = sizeof(sa);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
    *port = ntohs(sa.sin_port);
    return fd;
}

/* Accepts one client and answers; %s in the answer is the right Sec-WebSocket-Accept. */
static int answer_one(int listener, const char *format)
{
    char request[4096], key[64] = "", accept_text[SL_WS_ACCEPT_LEN + 1], answer[1024];
    int fd = accept(listener, NULL, NULL);

    assert_true(fd >= 0);
    receive_until(fd, request, sizeof(request), "\r\n\r\n");
    assert_non_null(strstr(request, "GET /stream?x=1 HTTP/1.1\r\nHost: 127.0.0.1:"));
    assert_non_null(strstr(request, "\r\nOrigin: http://me\r\n"));
    char *at = strstr(request, "Sec-WebSocket-Key: ");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "Sec-WebSocket-Key: %60s", key), 1);
    sl_ws_accept(key, accept_text);
    char *place = strstr(format, "%s");
    int len = place ? snprintf(answer, sizeof(answer), "%.*s%s%s", (int)(place - format), format,
                               accept_text, place + 2)
                    : snprintf(answer, sizeof(answer), "%s", format);
    send_all(fd, answer, (size_t)len);
    return fd;
}

#define GOOD                                                                                       \
    "HTTP/1.1 101 Fine\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "     \
    "%s\r\n"

static void refuses_servers_that_break_the_handshake(void **state)
{
    static const struct {
        const char *answer, *why;
    } cases[] = {
        {"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "the server answers 302"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "the server answers 200"},
        {"SSH-2.0-x\r\n\r\n", "not an HTTP server"},
        {"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
         "not a WebSocket server"},
        {"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
         "not a WebSocket server"},
        {GOOD "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
         "the server selects an extension"},
        {GOOD "Sec-WebSocket-Protocol: other\r\n\r\n", "the server selects a subprotocol"},
    };
    uint16_t port;

    (void)state;
    int listener = listen_raw(&port);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        char expected[128];
        connect_to("127.0.0.1", port, NULL);
        int fd = answer_one(listener, cases[i].answer);
        (void)snprintf(expected, sizeof(expected), "client failed: %s", cases[i].why);
        (void)expect(server, expected);
        close(fd);
    }
    close(listener);
}

static void masks_its_frames_and_refuses_masked_ones(void **state)
{
    uint8_t frame[64];
    uint16_t port;

    (void)state;
    int listener = listen_raw(&port);
    connect_to("127.0.0.1", port, "chat");
    int fd = answer_one(listener, GOOD "Sec-WebSocket-Protocol: chat\r\n\r\n\x81\x02hi");
    (void)expect(server, "client open");
    (void)expect(server, "client text 2 hi");
    server_call(server, send_now, (void *)(uintptr_t) "hello");
    assert_int_equal(recv(fd, frame, 11, MSG_WAITALL), 11);
    assert_int_equal(frame[0], 0x81);
    assert_int_equal(frame[1], 0x85);
    sl_ws_mask(frame + 6, 5, frame + 2, 0);
    assert_memory_equal(frame + 6, "hello", 5);
    send_all(fd, "\x81\x82\0\0\0\0hi", 8);
    assert_int_equal(recv(fd, frame, 8, MSG_WAITALL), 8);
    sl_ws_mask(frame + 6, 2, frame + 2, 0);
    assert_memory_equal(frame + 6, "\x03\xea", 2); /* 1002 */
    (void)expect(server, "client closed: a masked frame");
    close(fd);
    close(listener);
}

static void gives_up_in_time(void **state)
{
    uint16_t port;

    (void)state;
    int listener = listen_raw(&port);
    int64_t start = now_ms();
    connect_to("127.0.0.1", port, NULL); /* accepted by the kernel, never answered */
    assert_string_equal(expect(server, "client failed"), "client failed: no answer in time");
    assert_in_range(now_ms() - start, 1500, 2500);
    close(listener);
    connect_to("127.0.0.1", port, NULL); /* nobody listens any more */
    assert_string_equal(expect(server, "client failed"), "client failed: connection refused");
    connect_to("name.invalid", port, NULL);
    (void)expect(server, "client failed: ");
}

static void tries_every_address_of_a_name(void **state)
{
    char request[4096], answer[256], expected[256];
    uint16_t port;

    (void)state;
    for (int last = 1; last <= 3; last++) {
        int listener = names_listen(last, &port);
        connect_to("several.test", port, NULL);
        int fd = accept(listener, NULL, NULL);
        assert_true(fd >= 0);
        receive_until(fd, request, sizeof(request), "\r\n\r\n");
        (void)snprintf(expected, sizeof(expected), "\r\nHost: several.test:%u\r\n", port);
        assert_non_null(strstr(request, expected));
        (void)snprintf(answer, sizeof(answer), "HTTP/1.1 404 No\r\n\r\n");
        send_all(fd, answer, strlen(answer)); /* no WebSocket there: the next one is asked */
        const char *said = expect(server, "client failed");
        for (int i = 1; i <= 3; i++) {
            (void)snprintf(expected, sizeof(expected), "127.0.0.%d: %s", i,
                           i == last ? "the server answers 404" : "connection refused");
            if (!strstr(said, expected))
                fail_msg("%s: not in: %s", expected, said);
        }
        (void)close(fd);
        (void)close(listener);
    }
}

static void asks_before_it_connects_to_an_address_hardening_class_16(void **state)
{
    struct connect call = {.config = {.host = "localhost",
                                      .port = server_port(server),
                                      .path = "/",
                                      .who = SL_REACH_CLIENT,
                                      .timeout_s = 5}};

    (void)state;
    server_call(server, connect_now, &call);
    assert_int_equal(call.err, 0);
    assert_string_equal(expect(server, "client failed"),
                        "client failed: the address is not allowed");
    expect_none(server, "open");
}

static void refuses_words_that_would_change_the_handshake_hardening_class_7(void **state)
{
    static const struct sl_ws_connect_config cases[] = {
        {.host = "", .port = 80, .path = "/"},
        {.host = "a b", .port = 80, .path = "/"},
        {.host = "a\r\nX: b", .port = 80, .path = "/"},
        {.host = "user@a", .port = 80, .path = "/"},
        {.host = "a", .port = 0, .path = "/"},
        {.host = "a", .port = 80, .path = "relative"},
        {.host = "a", .port = 80, .path = "/ HTTP/1.1\r\nX: y"},
        {.host = "a", .port = 80, .path = "/", .origin = "x\r\ny"},
        {.host = "a", .port = 80, .path = "/", .subprotocol = "a, b"},
    };

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct connect call = {.config = cases[i]};
        server_call(server, connect_now, &call);
        if (call.err != -EINVAL)
            fail_msg("case %zu: %d", i, call.err);
    }
}

/* ---- TLS ---- */

static void connect_by(SSL_CTX *context)
{
    struct connect call = {.config = {.host = "localhost",
                                      .port = server_port(server),
                                      .path = "/",
                                      .tls = context,
                                      .timeout_s = 5}};

    assert_non_null(context);
    server_call(server, connect_now, &call);
    assert_int_equal(call.err, 0);
}

static void exchange_a_secret(void)
{
    (void)expect(server, "client open");
    server_call(server, send_now, (void *)(uintptr_t) "echo:secret");
    (void)expect(server, "client text 11 echo:secret");
    server_call(server, abort_now, NULL);
    (void)expect(server, "client closed: aborted");
}

static void verifies_the_certificate_unless_told_not_to(void **state)
{
    char directory[] = "/tmp/sluice-wss-XXXXXX", cert[64], key[64];
    struct sl_error error;

    (void)state;
    tear_down(NULL);
    assert_non_null(mkdtemp(directory));
    (void)snprintf(cert, sizeof(cert), "%s/cert", directory);
    (void)snprintf(key, sizeof(key), "%s/key", directory);
    assert_int_equal(sl_tls_self_signed(cert, key, NULL, 0, &error), 0);
    struct server_config config = {.cert_file = cert, .key_file = key};
    server = server_start(&config);
    struct sl_tls_clients *tls = sl_tls_clients_create();
    connect_by(sl_tls_clients_get(tls, SL_TLS_WS_UNVERIFIED));
    exchange_a_secret();
    connect_by(sl_tls_clients_get(tls, SL_TLS_WS));
    (void)expect(server, "client failed: TLS handshake: self-signed certificate");
    /* Whoever has become an authority meanwhile is one after a reload. */
    assert_int_equal(setenv("SSL_CERT_FILE", cert, 1), 0);
    sl_tls_clients_use(tls, sl_tls_read_authorities());
    connect_by(sl_tls_clients_get(tls, SL_TLS_WS));
    sl_tls_clients_destroy(tls); /* the connection in the making keeps its own */
    exchange_a_secret();
    (void)unsetenv("SSL_CERT_FILE");
    (void)unlink(cert);
    (void)unlink(key);
    (void)rmdir(directory);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        T(exchanges_messages_with_a_server),
        T(sees_the_server_close),
        T(goes_down_with_open_and_connecting_clients),
        T(a_cancelled_attempt_fails_from_the_loop),
        T(refuses_servers_that_break_the_handshake),
        T(masks_its_frames_and_refuses_masked_ones),
        T(gives_up_in_time),
        T(tries_every_address_of_a_name),
        T(asks_before_it_connects_to_an_address_hardening_class_16),
        T(refuses_words_that_would_change_the_handshake_hardening_class_7),
        T(verifies_the_certificate_unless_told_not_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
