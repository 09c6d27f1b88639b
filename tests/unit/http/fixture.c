/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The server under test and its clients. */
#include "fixture.h"

#include "base/blob.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "http/ws_frame.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NOTES_MAX = 4096, NOTE_LEN = 512, WAIT_MS = 10000 };

struct server {
    struct sl_loop *loop;
    pthread_t thread;
    struct sl_http *http;
    struct sl_listener *listener;
    struct server_config config;
    struct sl_ws *ws;
    struct sl_http_request *kept;
    struct sl_blob *shared; /* the body of /shared, once somebody has asked */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char *notes[NOTES_MAX];
    size_t note_count;
    char taken[NOTE_LEN];
};

int64_t now_ms(void)
{
    return sl_now_us() / 1000;
}

/* ---- Notes ---- */

void note(struct server *server, const char *format, ...)
{
    char text[NOTE_LEN];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    pthread_mutex_lock(&server->lock);
    if (server->note_count < NOTES_MAX)
        server->notes[server->note_count++] = sl_strdup(text);
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

static bool take_note(struct server *server, const char *prefix)
{
    for (size_t i = 0; i < server->note_count; i++) {
        if (strncmp(server->notes[i], prefix, strlen(prefix)) != 0)
            continue;
        (void)snprintf(server->taken, sizeof(server->taken), "%s", server->notes[i]);
        free(server->notes[i]);
        memmove(&server->notes[i], &server->notes[i + 1],
                (--server->note_count - i) * sizeof(*server->notes));
        return true;
    }
    return false;
}

const char *expect(struct server *server, const char *prefix)
{
    struct timespec until;
    bool found;
    int err = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_MS / 1000;
    pthread_mutex_lock(&server->lock);
    while (!(found = take_note(server, prefix)) && err == 0)
        err = pthread_cond_timedwait(&server->changed, &server->lock, &until);
    if (!found) {
        for (size_t i = 0; i < server->note_count; i++)
            print_message("  noted: %s\n", server->notes[i]);
    }
    pthread_mutex_unlock(&server->lock);
    if (!found)
        fail_msg("waited in vain for \"%s\"", prefix);
    return server->taken;
}

bool note_there(struct server *server, const char *prefix)
{
    pthread_mutex_lock(&server->lock);
    bool found = take_note(server, prefix);
    pthread_mutex_unlock(&server->lock);
    return found;
}

void expect_none(struct server *server, const char *prefix)
{
    if (note_there(server, prefix))
        fail_msg("not expected: \"%s\"", server->taken);
}

/* ---- What the server does ---- */

static void *on_open(void *arg, struct sl_ws *ws)
{
    struct server *server = arg;

    server->ws = ws;
    note(server, "open %s", sl_ws_origin(ws));
    return strcmp(sl_ws_origin(ws), "http://refuse") == 0 ? NULL : server;
}

static void flood(struct server *server)
{
    static char message[65536];
    int err = 0;

    for (int i = 0; i < 1000 && err == 0; i++)
        err = sl_ws_send_text(server->ws, message, sizeof(message));
    note(server, "flood %d", err);
    note(server, "after %d", sl_ws_send_text(server->ws, "x", 1));
}

static void on_text(void *owner, const char *text, size_t len)
{
    struct server *server = owner;

    note(server, "text %zu %s", len, text);
    if (strncmp(text, "echo:", 5) == 0)
        (void)sl_ws_send_text(server->ws, text, len);
    else if (strncmp(text, "close:", 6) == 0)
        sl_ws_close(server->ws, (uint16_t)strtoul(text + 6, NULL, 10), "asked for");
    else if (strcmp(text, "known") == 0)
        sl_ws_known(server->ws);
    else if (strcmp(text, "abort") == 0)
        sl_ws_abort(server->ws);
    else if (strcmp(text, "close-twice") == 0) {
        sl_ws_close(server->ws, 1000, NULL);
        sl_ws_close(server->ws, 1001, NULL);
    } else if (strcmp(text, "abort-close") == 0) {
        sl_ws_abort(server->ws);
        sl_ws_close(server->ws, 1000, NULL);
        sl_ws_abort(server->ws);
    } else if (strcmp(text, "pause") == 0)
        sl_ws_pause(server->ws);
    else if (strcmp(text, "slow") == 0) {
        int64_t end_us = sl_now_us() + 2 * SL_US_PER_MS;
        while (sl_now_us() < end_us)
            continue;
    } else if (strcmp(text, "flood") == 0)
        flood(server);
    else
        return;
    note(server, "handled");
}

static void on_binary(void *owner, const uint8_t *data, size_t len)
{
    (void)data;
    note(owner, "binary %zu", len);
}

static void on_pong(void *owner)
{
    note(owner, "pong");
}

static void on_close(void *owner, const char *why)
{
    note(owner, "close %s", why);
}

const struct sl_ws_ops *noting_ws_ops(void)
{
    static const struct sl_ws_ops ops = {on_open, on_text, on_binary, on_pong, on_close};

    return &ops;
}

static void on_gone(void *owner)
{
    struct server *server = owner;

    server->kept = NULL;
    note(server, "gone");
}

static struct sl_blob *make_shared(void)
{
    struct sl_blob *blob = sl_blob_create(SHARED_LEN);

    for (size_t i = 0; i < SHARED_LEN; i++)
        blob->data[i] = (uint8_t)('a' + i % 26);
    return blob;
}

static void answer_owner(struct sl_http_request *request)
{
    char text[40] = "owner unknown";
    uid_t uid;

    if (sl_http_owner(request, &uid) == 0)
        (void)snprintf(text, sizeof(text), "owner %u", (unsigned)uid);
    sl_http_respond(request, 200, "text/plain", text, strlen(text), NULL, 0);
}

/* The query "part": the PART_LEN bytes of it from PART_AT. */
static void answer_shared(struct server *server, struct sl_http_request *request)
{
    if (!server->shared)
        server->shared = make_shared();
    if (strcmp(sl_http_query(request), "part") == 0)
        sl_http_respond_part(request, "text/plain", server->shared, PART_AT, PART_LEN, NULL, 0);
    else
        sl_http_respond_blob(request, 200, "text/plain", server->shared, NULL, 0);
}

static void on_request(void *arg, struct sl_http_request *request)
{
    static const struct sl_http_header_line injected[] = {
        {"X-Good", "1"}, {"X-Bad", "1\r\nSet-Cookie: a=b"}, {"X-Bad\r\nX: ", "1"}};
    static char big[1 << 20];
    struct server *server = arg;
    const char *path = sl_http_path(request);
    size_t len;
    const char *body = sl_http_body(request, &len);

    note(server, "request %s %s %s %.100s", sl_http_method(request), path, sl_http_query(request),
         body);
    if (strcmp(path, "/later") == 0 || strcmp(path, "/silent") == 0) {
        server->kept = request;
        if (strcmp(path, "/later") == 0)
            sl_http_on_gone(request, on_gone, server);
    } else if (strcmp(path, "/big") == 0) {
        sl_http_respond(request, 200, "text/plain", big, sizeof(big), NULL, 0);
    } else if (strcmp(path, "/shared") == 0) {
        answer_shared(server, request);
    } else if (strcmp(path, "/inject") == 0) {
        sl_http_respond(request, 200, "text/plain\r\nX-Type: 1", "ok", 2, injected, 3);
    } else if (strcmp(path, "/owner") == 0) {
        answer_owner(request);
    } else if (strcmp(path, "/nothing") == 0) {
        sl_http_respond(request, 204, NULL, NULL, 0, NULL, 0);
    } else {
        sl_http_respond(request, 200, "text/plain", body, len, NULL, 0);
    }
}

static void answer_now(struct server *server, void *arg)
{
    (void)arg;
    sl_http_respond(server->kept, 200, "text/plain", "late", 4, NULL, 0);
    server->kept = NULL;
}

void answer_kept(struct server *server)
{
    server_call(server, answer_now, NULL);
}

/* ---- Its life ---- */

struct call {
    struct sl_msg msg;
    struct server *server;
    void (*fn)(struct server *server, void *arg);
    void *arg;
    bool done;
};

static void run_call(struct sl_msg *msg)
{
    struct call *call = sl_container_of(msg, struct call, msg);
    struct server *server = call->server;

    call->fn(server, call->arg);
    pthread_mutex_lock(&server->lock);
    call->done = true;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

void server_call(struct server *server, void (*fn)(struct server *server, void *arg), void *arg)
{
    struct call call = {.msg.run = run_call, .server = server, .fn = fn, .arg = arg};

    sl_loop_post(server->loop, &call.msg);
    pthread_mutex_lock(&server->lock);
    while (!call.done)
        pthread_cond_wait(&server->changed, &server->lock);
    pthread_mutex_unlock(&server->lock);
}

static void *run_loop(void *arg)
{
    struct server *server = arg;

    sl_loop_run(server->loop);
    return NULL;
}

static void create(struct server *server, void *arg)
{
    const struct server_config *config = arg;
    struct sl_error error = {""};
    struct sl_listener_config listener = {
        .name = "ws.port",
        .address = config->address ? config->address : "127.0.0.1",
        .cert_file = config->cert_file,
        .key_file = config->key_file,
        .chain_file = config->chain_file,
        .ws = config->no_ws ? NULL : noting_ws_ops(),
        .ws_arg = server,
        .on_request = config->no_http ? NULL : on_request,
        .http_arg = server,
    };

    if (sl_http_create(server->loop, &config->limits, &server->http, &error) < 0 ||
        sl_listener_create(server->http, &listener, &server->listener, &error) < 0)
        note(server, "failed %s", error.text);
}

struct server *server_start(const struct server_config *config)
{
    static const struct server_config defaults;
    struct server *server = sl_new(struct server);

    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->changed, NULL);
    server->loop = sl_loop_create("test");
    assert_int_equal(pthread_create(&server->thread, NULL, run_loop, server), 0);
    server_call(server, create, (void *)(uintptr_t)(config ? config : &defaults));
    expect_none(server, "failed");
    return server;
}

static void destroy(struct server *server, void *arg)
{
    (void)arg;
    sl_http_destroy(server->http);
}

void server_stop(struct server *server)
{
    server_call(server, destroy, NULL);
    sl_loop_stop(server->loop);
    pthread_join(server->thread, NULL);
    sl_loop_destroy(server->loop);
    if (server->shared) /* no answer holds it any more */
        assert_int_equal(atomic_load(&server->shared->refs), 1);
    sl_blob_unref(server->shared);
    for (size_t i = 0; i < server->note_count; i++)
        free(server->notes[i]);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

uint16_t server_port(const struct server *server)
{
    return sl_listener_port(server->listener);
}

struct sl_http *server_http(struct server *server)
{
    return server->http;
}

struct sl_loop *server_loop(struct server *server)
{
    return server->loop;
}

struct sl_listener *server_listener(struct server *server)
{
    return server->listener;
}

struct sl_ws *server_ws(struct server *server)
{
    return server->ws;
}

/* ---- Raw clients ---- */

int dial(uint16_t port)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
        fail_msg("connect: %s", strerror(errno));
    return fd;
}

void send_all(int fd, const void *data, size_t len)
{
    const char *at = data;

    while (len > 0) {
        ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the server has closed: what follows in the test sees it */
        at += sent;
        len -= (size_t)sent;
    }
}

void send_text(int fd, const char *text)
{
    send_all(fd, text, strlen(text));
}

/* 1: something came, 0: closed, -1: nothing in time. */
static int receive_some(int fd, char *out, size_t room, int64_t until_ms, size_t *len)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    int64_t left = until_ms - now_ms();

    if (poll(&poll_fd, 1, left > 0 ? (int)left : 0) <= 0)
        return -1;
    ssize_t got = recv(fd, out, room, 0);
    if (got <= 0)
        return 0;
    *len = (size_t)got;
    return 1;
}

size_t receive(int fd, char *out, size_t room, int wait_ms, bool *closed)
{
    size_t total = 0, got = 0;
    int result = 1;

    while (total + 1 < room && (result = receive_some(fd, out + total, room - 1 - total,
                                                      now_ms() + wait_ms, &got)) == 1)
        total += got;
    out[total] = '\0';
    if (closed)
        *closed = result == 0;
    return total;
}

void receive_until(int fd, char *out, size_t room, const char *until)
{
    int64_t deadline = now_ms() + WAIT_MS;
    size_t total = 0, got = 0;

    out[0] = '\0';
    while (!strstr(out, until)) {
        if (receive_some(fd, out + total, room - 1 - total, deadline, &got) != 1)
            fail_msg("waited in vain for \"%s\", got \"%s\"", until, out);
        total += got;
        out[total] = '\0';
    }
}

int wait_closed(int fd, int within_ms)
{
    int64_t start = now_ms();
    char dropped[65536];
    size_t got;
    int result;

    while ((result = receive_some(fd, dropped, sizeof(dropped), start + within_ms, &got)) == 1)
        continue;
    if (result != 0)
        fail_msg("not closed within %d ms", within_ms);
    return (int)(now_ms() - start);
}

/* ---- WebSocket clients ---- */

void ws_handshake(int fd, const char *path, const char *extra_headers)
{
    char request[2048], answer[2048];

    (void)snprintf(request, sizeof(request),
                   "GET %s HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\n"
                   "Connection: keep-alive, Upgrade\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                   "%s\r\n",
                   path, extra_headers);
    send_text(fd, request);
    /* Byte by byte: frames may follow at once. */
    size_t len = 0;
    while (len < 4 || memcmp(answer + len - 4, "\r\n\r\n", 4) != 0) {
        size_t got = 0;
        if (len + 1 >= sizeof(answer) ||
            receive_some(fd, answer + len, 1, now_ms() + WAIT_MS, &got) != 1)
            fail_msg("no handshake: \"%.*s\"", (int)len, answer);
        len += got;
    }
    answer[len] = '\0';
    /* The example of RFC 6455 section 1.3. */
    assert_non_null(strstr(answer, "HTTP/1.1 101 "));
    assert_non_null(strstr(answer, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    assert_null(strstr(answer, "Sec-WebSocket-Protocol"));
    assert_null(strstr(answer, "Sec-WebSocket-Extensions"));
}

int ws_dial(uint16_t port)
{
    int fd = dial(port);

    ws_handshake(fd, "/", "");
    return fd;
}

void ws_send(int fd, bool fin, unsigned opcode, const void *payload, size_t len)
{
    static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
    uint8_t header[SL_WS_HEADER_MAX];
    size_t header_len = sl_ws_build_header(header, (enum sl_ws_opcode)opcode, len, mask);
    uint8_t *frame = sl_alloc(header_len + len);

    if (!fin)
        header[0] &= 0x7f;
    memcpy(frame, header, header_len);
    if (len > 0)
        memcpy(frame + header_len, payload, len);
    sl_ws_mask(frame + header_len, len, mask, 0);
    send_all(fd, frame, header_len + len);
    free(frame);
}

static bool receive_exactly(int fd, void *out, size_t len)
{
    char *at = out;

    while (len > 0) {
        size_t got = 0;
        int result = receive_some(fd, at, len, now_ms() + WAIT_MS, &got);
        if (result < 0)
            fail_msg("no frame within %d ms", WAIT_MS);
        if (result == 0)
            return false;
        at += got;
        len -= got;
    }
    return true;
}

int ws_receive(int fd, char *payload, size_t room, size_t *len)
{
    uint8_t bytes[SL_WS_HEADER_MAX];
    struct sl_ws_header header;
    size_t have = 2;

    if (!receive_exactly(fd, bytes, have))
        return -1;
    while (sl_ws_parse_header(bytes, have, &header) == 0) {
        if (!receive_exactly(fd, bytes + have++, 1))
            return -1;
    }
    assert_false(header.masked);
    assert_true(header.len < room);
    if (!receive_exactly(fd, payload, (size_t)header.len))
        return -1;
    payload[header.len] = '\0';
    *len = (size_t)header.len;
    return header.opcode;
}

int ws_close_code(int fd)
{
    static char payload[1 << 21];
    size_t len;
    int opcode;

    while ((opcode = ws_receive(fd, payload, sizeof(payload), &len)) != SL_WS_CLOSE) {
        if (opcode < 0)
            return -1;
    }
    return len < 2 ? SL_WS_CODE_NONE : (uint8_t)payload[0] << 8 | (uint8_t)payload[1];
}
