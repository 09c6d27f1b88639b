/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The WebSocket server, talked to with raw sockets. */
#include "fixture.h"

#include "base/blob.h"
#include "base/mem.h"
#include "http/ws_frame.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MESSAGE_MAX = 100000, QUEUE_MAX = 1 << 20 };

static struct server *server;

static int set_up(void **state)
{
    struct server_config config = {
        .limits = {.ws_message_len = MESSAGE_MAX, .ws_queue_len = QUEUE_MAX}};

    (void)state;
    server = server_start(&config);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_stop(server);
    return 0;
}

/* ---- Handshake ---- */

static void accepts_any_path_and_selects_no_subprotocol_WS_1(void **state)
{
    static const char *const paths[] = {"/", "/websocket", "/any/path?query=1", "/a%zz%00", "/%ff"};
    static const char *const extras[] = {
        "", "Sec-WebSocket-Protocol: chat, superchat\r\n",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n",
        "Origin: http://page\r\n"};

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(paths); i++) {
        int fd = dial(server_port(server));
        ws_handshake(fd, paths[i], ""); /* fails the test if a subprotocol is selected */
        (void)expect(server, "open");
        close(fd);
        (void)expect(server, "close");
    }
    for (size_t i = 0; i < SL_ARRAY_LEN(extras); i++) {
        int fd = dial(server_port(server));
        ws_handshake(fd, "/", extras[i]);
        assert_string_equal(expect(server, "open"), i == 3 ? "open http://page" : "open ");
        close(fd);
        (void)expect(server, "close");
    }
}

static void refuses_handshakes_that_are_none(void **state)
{
#define START   "GET / HTTP/1.1\r\nHost: a\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    static const struct {
        const char *why, *request, *status;
    } cases[] = {
        {"version 8", START UPGRADE KEY "Sec-WebSocket-Version: 8\r\n\r\n", "426"},
        {"no version", START UPGRADE KEY "\r\n", "426"},
        {"no key", START UPGRADE "Sec-WebSocket-Version: 13\r\n\r\n", "400"},
        {"short key", START UPGRADE "Sec-WebSocket-Key: YQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
         "400"},
        {"no connection upgrade",
         START "Upgrade: websocket\r\n" KEY "Sec-WebSocket-Version: 13\r\n\r\n", "400"},
        {"POST", "POST / HTTP/1.1\r\nHost: a\r\n" UPGRADE KEY "Sec-WebSocket-Version: 13\r\n\r\n",
         "400"},
        {"HTTP/1.0",
         "GET / HTTP/1.0\r\nHost: a\r\n" UPGRADE KEY "Sec-WebSocket-Version: 13\r\n\r\n", "400"},
        {"with a body", START UPGRADE KEY "Content-Length: 1\r\nSec-WebSocket-Version: 13\r\n\r\nx",
         "400"},
    };
    char answer[1024];

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        int fd = dial(server_port(server));
        send_text(fd, cases[i].request);
        (void)receive(fd, answer, sizeof(answer), 3000, NULL);
        if (strncmp(answer, "HTTP/1.1 ", 9) != 0 || strncmp(answer + 9, cases[i].status, 3) != 0)
            fail_msg("%s: %s", cases[i].why, answer);
        close(fd);
    }
    expect_none(server, "open");
}

static void never_speaks_http2_hardening_class_19(void **state)
{
    static const char h2c[] = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                              "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n";
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    char answer[1024];

    (void)state;
    int fd = dial(server_port(server));
    send_text(fd, h2c);
    receive_until(fd, answer, sizeof(answer), "\r\n\r\n");
    assert_non_null(strstr(answer, "HTTP/1.1 200 ")); /* the upgrade is ignored */
    close(fd);
    fd = dial(server_port(server));
    send_text(fd, preface);
    receive_until(fd, answer, sizeof(answer), "\r\n\r\n");
    assert_non_null(strstr(answer, "HTTP/1.1 505 "));
    close(fd);
}

static void closes_1013_whom_the_owner_refuses(void **state)
{
    (void)state;
    int fd = dial(server_port(server));
    ws_handshake(fd, "/", "Origin: http://refuse\r\n");
    assert_int_equal(ws_close_code(fd), SL_WS_CODE_TRY_LATER);
    wait_closed(fd, 3000);
    close(fd);
    (void)expect(server, "open");
    expect_none(server, "close"); /* the owner never was one */
}

static void reads_frames_that_come_with_the_handshake(void **state)
{
    static const char handshake[] =
        "GET / HTTP/1.1\r\nHost: a\r\n" UPGRADE KEY "Sec-WebSocket-Version: 13\r\n\r\n"
        "\x81\x85\x00\x00\x00\x00hello";

    (void)state;
    int fd = dial(server_port(server));
    send_all(fd, handshake, sizeof(handshake) - 1);
    (void)expect(server, "open");
    assert_string_equal(expect(server, "text"), "text 5 hello");
    close(fd);
    (void)expect(server, "close");
}

/* ---- Messages ---- */

static void echoes_messages_of_every_length(void **state)
{
    static const size_t lengths[] = {5, 125, 126, 127, 4000, 65535, 65536, MESSAGE_MAX};
    static char message[MESSAGE_MAX], back[MESSAGE_MAX + 1];
    size_t len;

    (void)state;
    memset(message, 'x', sizeof(message));
    memcpy(message, "echo:", 5);
    int fd = ws_dial(server_port(server));
    for (size_t i = 0; i < SL_ARRAY_LEN(lengths); i++) {
        ws_send(fd, true, SL_WS_TEXT, message, lengths[i]);
        assert_int_equal(ws_receive(fd, back, sizeof(back), &len), SL_WS_TEXT);
        assert_int_equal(len, lengths[i]);
        assert_memory_equal(back, message, len);
    }
    ws_send(fd, true, SL_WS_TEXT, "", 0);
    (void)expect(server, "text 0");
    ws_send(fd, true, SL_WS_BINARY, "\x00\xff", 2);
    (void)expect(server, "binary 2");
    close(fd);
}

static void takes_frames_byte_by_byte(void **state)
{
    static const char frame[] = "\x81\x88\x01\x02\x03\x04"
                                "\x64\x61\x6b\x6b\x3b\x66\x61\x6b"; /* "echo:dbo" */
    char back[64];
    size_t len;

    (void)state;
    int fd = ws_dial(server_port(server));
    for (size_t i = 0; i < sizeof(frame) - 1; i++)
        send_all(fd, frame + i, 1);
    assert_int_equal(ws_receive(fd, back, sizeof(back), &len), SL_WS_TEXT);
    assert_string_equal(back, "echo:dbo");
    close(fd);
}

static void joins_fragments_with_pings_between(void **state)
{
    char back[256];
    size_t len;

    (void)state;
    int fd = ws_dial(server_port(server));
    ws_send(fd, false, SL_WS_TEXT, "echo:gr\xc3", 8); /* cut inside a character */
    ws_send(fd, true, SL_WS_PING, "p1", 2);
    ws_send(fd, false, SL_WS_CONTINUATION, "", 0);
    ws_send(fd, true, SL_WS_PONG, "\xff\xfe", 2); /* not text: no UTF-8 needed */
    ws_send(fd, false, SL_WS_CONTINUATION, "\xbc", 1);
    ws_send(fd, true, SL_WS_PING, "", 0);
    ws_send(fd, true, SL_WS_CONTINUATION, "n", 1);
    assert_int_equal(ws_receive(fd, back, sizeof(back), &len), SL_WS_PONG);
    assert_string_equal(back, "p1");
    assert_int_equal(ws_receive(fd, back, sizeof(back), &len), SL_WS_PONG);
    assert_int_equal(len, 0);
    assert_int_equal(ws_receive(fd, back, sizeof(back), &len), SL_WS_TEXT);
    assert_string_equal(back, "echo:gr\xc3\xbcn");
    (void)expect(server, "pong");
    close(fd);
}

static void closes_with_the_code_that_a_fault_earns(void **state)
{
    static const struct {
        const char *why, *bytes;
        size_t len;
        int code;
    } cases[] = {
#define BYTES(text) text, sizeof(text) - 1
#define MASK        "\x00\x00\x00\x00"
        {"unmasked frame", BYTES("\x81\x02hi"), 1002},
        {"reserved bit", BYTES("\xc1\x82" MASK "hi"), 1002},
        {"unknown data opcode", BYTES("\x83\x80" MASK), 1002},
        {"unknown control opcode", BYTES("\x8b\x80" MASK), 1002},
        {"fragmented ping", BYTES("\x09\x80" MASK), 1002},
        {"long ping", BYTES("\x89\xfe\x00\x7e" MASK), 1002},
        {"continuation of nothing", BYTES("\x80\x82" MASK "hi"), 1002},
        {"message in a message", BYTES("\x01\x81" MASK "a\x81\x81" MASK "b"), 1002},
        {"length not shortest", BYTES("\x81\xfe\x00\x05" MASK "hello"), 1002},
        {"length of 64 bits negative", BYTES("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff" MASK),
         1002},
        {"length beyond the limit", BYTES("\x81\xff\x00\x00\x00\x00\x7f\xff\xff\xff" MASK), 1009},
        {"not UTF-8", BYTES("\x81\x82" MASK "\xc3\x28"), 1007},
        {"overlong UTF-8", BYTES("\x81\x82" MASK "\xc0\xaf"), 1007},
        {"surrogate", BYTES("\x81\x83" MASK "\xed\xa0\x80"), 1007},
        {"UTF-8 that ends early", BYTES("\x81\x81" MASK "\xc3"), 1007},
        {"not UTF-8 in a first fragment", BYTES("\x01\x81" MASK "\xff"), 1007},
        {"close of one byte", BYTES("\x88\x81" MASK "\x03"), 1002},
        {"close 999", BYTES("\x88\x82" MASK "\x03\xe7"), 1002},
        {"close 1005", BYTES("\x88\x82" MASK "\x03\xed"), 1002},
        {"close 1006", BYTES("\x88\x82" MASK "\x03\xee"), 1002},
        {"close 2999", BYTES("\x88\x82" MASK "\x0b\xb7"), 1002},
        {"close reason not UTF-8", BYTES("\x88\x83" MASK "\x03\xe8\xff"), 1007},
        {"close 1000 is answered", BYTES("\x88\x82" MASK "\x03\xe8"), 1000},
        {"close 1001 is answered", BYTES("\x88\x82" MASK "\x03\xe9"), 1001},
        {"close 4999 is answered", BYTES("\x88\x84" MASK "\x13\x87ok"), 4999},
        {"close without code is answered", BYTES("\x88\x80" MASK), 1005},
    };

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        int fd = ws_dial(server_port(server));
        send_all(fd, cases[i].bytes, cases[i].len);
        int code = ws_close_code(fd);
        if (code != cases[i].code)
            fail_msg("%s: %d", cases[i].why, code);
        wait_closed(fd, 3000);
        close(fd);
        (void)expect(server, "close");
    }
    expect_none(server, "text");
}

static void closes_1009_beyond_the_message_limit_in_fragments(void **state)
{
    static char half[MESSAGE_MAX / 2 + 1];

    (void)state;
    int fd = ws_dial(server_port(server));
    ws_send(fd, false, SL_WS_BINARY, half, sizeof(half));
    ws_send(fd, true, SL_WS_CONTINUATION, half, sizeof(half));
    assert_int_equal(ws_close_code(fd), SL_WS_CODE_TOO_BIG);
    close(fd);
    assert_string_equal(expect(server, "close"), "close the message is too long");
}

/* ---- Closing ---- */

static void on_close_never_comes_from_within_a_call(void **state)
{
    static const char *const words[] = {"close:1000", "close:4000", "abort", "close-twice",
                                        "abort-close"};

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(words); i++) {
        int fd = ws_dial(server_port(server));
        (void)expect(server, "open");
        ws_send(fd, true, SL_WS_TEXT, words[i], strlen(words[i]));
        ws_send(fd, true, SL_WS_TEXT, "too late", 8);
        (void)expect(server, "handled");
        if (strncmp(words[i], "close", 5) == 0) {
            int code = ws_close_code(fd);
            assert_int_equal(code, i == 1 ? 4000 : 1000);
            ws_send(fd, true, SL_WS_CLOSE, "\x03\xe8", 2);
        }
        wait_closed(fd, 3000);
        (void)expect(server, "close");
        expect_none(server, "close");  /* exactly once */
        expect_none(server, "text 8"); /* nothing after the goodbye */
        close(fd);
    }
}

static void cuts_within_2_s_who_does_not_answer_a_close(void **state)
{
    (void)state;
    int fd = ws_dial(server_port(server));
    ws_send(fd, true, SL_WS_TEXT, "close:1001", 10);
    assert_int_equal(ws_close_code(fd), 1001);
    int took_ms = wait_closed(fd, 3000);
    assert_in_range(took_ms, 1000, 2100);
    assert_string_equal(expect(server, "close"), "close closed by us, without an answer");
    close(fd);
}

static void drops_1008_a_client_that_does_not_read(void **state)
{
    (void)state;
    int fd = ws_dial(server_port(server));
    ws_send(fd, true, SL_WS_TEXT, "flood", 5);
    assert_string_equal(expect(server, "flood"), "flood -105"); /* -ENOBUFS */
    assert_string_equal(expect(server, "after"), "after -32");  /* -EPIPE */
    int64_t start = now_ms();
    assert_string_equal(expect(server, "close"), "close does not read");
    assert_in_range(now_ms() - start, 0, 2200);
    close(fd);
    /* One that begins to read in time is told why. */
    fd = ws_dial(server_port(server));
    ws_send(fd, true, SL_WS_TEXT, "flood", 5);
    (void)expect(server, "flood -105");
    assert_int_equal(ws_close_code(fd), SL_WS_CODE_POLICY);
    wait_closed(fd, 3000);
    close(fd);
}

static void drops_1008_a_client_that_pings_and_does_not_read(void **state)
{
    static char pings[131 * 64];

    (void)state;
    int fd = ws_dial(server_port(server));
    for (size_t i = 0; i < sizeof(pings); i += 131) {
        memset(pings + i, 0, 131);
        memcpy(pings + i, "\x89\xfd\0\0\0\0", 6);
    }
    (void)expect(server, "open");
    struct timeval patience = {.tv_sec = 1};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    for (int i = 0; i < 2000; i++)
        send_all(fd, pings, sizeof(pings));
    assert_string_equal(expect(server, "close"), "close does not read");
    close(fd);
}

/* ---- Messages for many ---- */

static struct sl_blob *build_message(size_t len, char fill)
{
    uint8_t *payload;
    struct sl_blob *message = sl_ws_message_create(len, &payload);

    assert_non_null(message);
    memset(payload, fill, len);
    return message;
}

static void send_shared(struct server *s, void *arg)
{
    (void)sl_ws_send_messages(server_ws(s), arg, 2);
}

static void one_message_goes_to_many(void **state)
{
    struct sl_blob *messages[] = {build_message(3, 'a'), build_message(70000, 'b')};
    static char payload[70001];

    (void)state;
    for (int i = 0; i < 2; i++) {
        int fd = ws_dial(server_port(server));
        size_t len;
        (void)expect(server, "open");
        server_call(server, send_shared, messages);
        assert_int_equal(ws_receive(fd, payload, sizeof(payload), &len), SL_WS_BINARY);
        assert_string_equal(payload, "aaa");
        assert_int_equal(ws_receive(fd, payload, sizeof(payload), &len), SL_WS_BINARY);
        assert_int_equal(len, 70000);
        close(fd);
        (void)expect(server, "close");
    }
    sl_blob_unref(messages[0]);
    sl_blob_unref(messages[1]);
}

/* Until more waits than the kernel takes; then drops it, and says something small. */
static void fill_and_drop(struct server *s, void *arg)
{
    struct sl_ws *ws = server_ws(s);
    struct sl_blob *last = build_message(4, 'z');

    sl_ws_set_queue_max(ws, 16 << 20, 65536);
    while (sl_ws_queued_bytes(ws) < 4 << 20)
        (void)sl_ws_send_messages(ws, arg, 2);
    size_t before = sl_ws_queued_bytes(ws);
    sl_ws_drop_queue(ws);
    note(s, "dropped %d", before - sl_ws_queued_bytes(ws) > 3 << 20);
    (void)sl_ws_send_messages(ws, &last, 1);
    sl_blob_unref(last);
}

static void what_is_dropped_leaves_whole_messages(void **state)
{
    struct sl_blob *messages[] = {build_message(3, 'a'), build_message(70000, 'b')};
    static char payload[70001];
    size_t len, count = 0;

    (void)state;
    int fd = ws_dial(server_port(server));
    (void)expect(server, "open");
    server_call(server, fill_and_drop, messages);
    assert_string_equal(expect(server, "dropped"), "dropped 1");
    do {
        assert_int_equal(ws_receive(fd, payload, sizeof(payload), &len), SL_WS_BINARY);
        assert_true(len == 3 || len == 70000 || len == 4);
        count++;
    } while (len != 4);
    assert_string_equal(payload, "zzzz");
    assert_true(count > 1);
    close(fd);
    (void)expect(server, "close");
    sl_blob_unref(messages[0]);
    sl_blob_unref(messages[1]);
}

static void resume_last(struct server *s, void *arg)
{
    (void)arg;
    sl_ws_resume(server_ws(s));
}

static void nothing_comes_while_it_is_paused_and_then_all_in_order(void **state)
{
    static const char *const later[] = {"text 1 a", "text 1 b", "text 6 echo:c", "text 1 d"};
    int fd = ws_dial(server_port(server));
    char answer[64];
    size_t len;

    (void)state;
    (void)expect(server, "open");
    for (int round = 0; round < 2; round++) {
        /* Behind the pause in the same bytes, and in others. */
        ws_send(fd, true, SL_WS_TEXT, "pause", 5);
        ws_send(fd, true, SL_WS_TEXT, "a", 1);
        ws_send(fd, false, SL_WS_TEXT, "b", 1);
        (void)expect(server, "text 5 pause");
        ws_send(fd, true, SL_WS_CONTINUATION, "", 0);
        ws_send(fd, true, SL_WS_TEXT, "echo:c", 6);
        ws_send(fd, true, SL_WS_TEXT, "d", 1);
        ws_send(fd, true, SL_WS_PING, "p", 1);
        server_call(server, resume_last, NULL);
        for (size_t i = 0; i < SL_ARRAY_LEN(later); i++)
            (void)expect(server, later[i]);
        assert_int_equal(ws_receive(fd, answer, sizeof(answer), &len), SL_WS_TEXT);
        assert_int_equal(ws_receive(fd, answer, sizeof(answer), &len), SL_WS_PONG);
    }
    close(fd);
    (void)expect(server, "close");
}

static void close_last(struct server *s, void *arg)
{
    (void)arg;
    sl_ws_close(server_ws(s), 1000, NULL);
}

static void a_paused_one_is_closed_and_its_end_is_noticed_all_the_same(void **state)
{
    int closing = ws_dial(server_port(server)), gone;

    (void)state;
    (void)expect(server, "open");
    ws_send(closing, true, SL_WS_TEXT, "pause", 5);
    ws_send(closing, true, SL_WS_TEXT, "unread", 6);
    (void)expect(server, "text 5 pause");
    server_call(server, close_last, NULL);
    assert_int_equal(ws_close_code(closing), 1000);
    ws_send(closing, true, SL_WS_CLOSE, "\x03\xe8", 2);
    close(closing);
    (void)expect(server, "close closed by us, code 1000");
    expect_none(server, "text 6 unread");
    gone = ws_dial(server_port(server));
    (void)expect(server, "open");
    ws_send(gone, true, SL_WS_TEXT, "pause", 5);
    (void)expect(server, "text 5 pause");
    close(gone);
    (void)expect(server, "close");
}

/* One that keeps the server busy has its messages taken in turn with those of others. */
static void who_sends_a_lot_at_once_does_not_hold_up_the_others(void **state)
{
    enum { SLOW = 200 }; /* of 2 ms each */
    int busy = ws_dial(server_port(server)), other;
    uint8_t frames[SLOW * 10];

    (void)state;
    (void)expect(server, "open");
    other = ws_dial(server_port(server));
    (void)expect(server, "open");
    for (size_t i = 0; i < SLOW; i++)
        memcpy(frames + 10 * i, "\x81\x84\0\0\0\0slow", 10);
    send_all(busy, frames, sizeof(frames));
    (void)expect(server, "text 4 slow"); /* it has begun */
    ws_send(other, true, SL_WS_TEXT, "other", 5);
    (void)expect(server, "text 5 other");
    size_t before = 1;
    while (note_there(server, "text 4 slow"))
        before++;
    assert_true(before < SLOW / 2);
    close(busy);
    close(other);
    (void)expect(server, "close");
    (void)expect(server, "close");
}

static void set_max(struct server *s, void *arg)
{
    sl_ws_set_message_max(server_ws(s), *(const size_t *)arg);
}

static void the_limit_of_a_message_may_change(void **state)
{
    static char text[600];
    size_t less = 500, more = 600;
    int fd = ws_dial(server_port(server));

    (void)state;
    (void)expect(server, "open");
    memset(text, 'x', sizeof(text));
    server_call(server, set_max, &less);
    ws_send(fd, true, SL_WS_TEXT, text, 500);
    (void)expect(server, "text 500 ");
    server_call(server, set_max, &more);
    ws_send(fd, false, SL_WS_TEXT, text, 550);
    ws_send(fd, true, SL_WS_PING, "", 0);
    (void)ws_receive(fd, text, sizeof(text), &less); /* the fragment is in */
    less = 500;
    server_call(server, set_max, &less); /* below what is there already */
    ws_send(fd, true, SL_WS_CONTINUATION, "x", 1);
    assert_int_equal(ws_close_code(fd), 1009);
    close(fd);
    (void)expect(server, "close");
}

static void survives_clients_that_vanish_in_the_middle(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        int fd = ws_dial(server_port(server));
        struct linger hard = {.l_onoff = 1};
        ws_send(fd, false, SL_WS_TEXT, "part", 4);
        send_all(fd, "\x80", 1);
        if (i % 2) /* reset instead of an orderly end */
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
        close(fd);
        (void)expect(server, "close");
    }
}

static void goes_down_with_open_connections(void **state)
{
    int fds[20];

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(fds); i++) {
        fds[i] = ws_dial(server_port(server));
        ws_send(fds[i], false, SL_WS_TEXT, "half a message", 14);
        (void)expect(server, "open");
    }
    /* tear_down takes the server down; what it leaks the sanitizer tells. */
    tear_down(NULL);
    for (size_t i = 0; i < SL_ARRAY_LEN(fds); i++) {
        wait_closed(fds[i], 3000);
        close(fds[i]);
    }
    set_up(NULL);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        T(accepts_any_path_and_selects_no_subprotocol_WS_1),
        T(refuses_handshakes_that_are_none),
        T(never_speaks_http2_hardening_class_19),
        T(closes_1013_whom_the_owner_refuses),
        T(reads_frames_that_come_with_the_handshake),
        T(echoes_messages_of_every_length),
        T(takes_frames_byte_by_byte),
        T(joins_fragments_with_pings_between),
        T(closes_with_the_code_that_a_fault_earns),
        T(closes_1009_beyond_the_message_limit_in_fragments),
        T(on_close_never_comes_from_within_a_call),
        T(cuts_within_2_s_who_does_not_answer_a_close),
        T(drops_1008_a_client_that_does_not_read),
        T(drops_1008_a_client_that_pings_and_does_not_read),
        T(one_message_goes_to_many),
        T(what_is_dropped_leaves_whole_messages),
        T(nothing_comes_while_it_is_paused_and_then_all_in_order),
        T(a_paused_one_is_closed_and_its_end_is_noticed_all_the_same),
        T(who_sends_a_lot_at_once_does_not_hold_up_the_others),
        T(the_limit_of_a_message_may_change),
        T(survives_clients_that_vanish_in_the_middle),
        T(goes_down_with_open_connections),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
