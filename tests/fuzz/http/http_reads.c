/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A whole connection of a client, the first byte of the input aside, which says where to cut:
 * requests one behind the other, bodies, a handshake and what is said behind it. However many reads
 * it comes in, the handler sees the same requests, the WebSocket the same messages, and the client
 * the same answers.
 */
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "fake_conn.h"
#include "http/private.h"
#include "net/net.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct record {
    uint64_t seen, sent;
    unsigned requests, messages;
};

static struct record record;

static void note(const char *bytes, size_t len)
{
    record.seen = fake_digest(record.seen, bytes, len);
    record.seen = fake_digest(record.seen, "\n", 1);
}

static void on_request(void *arg, struct sl_http_request *request)
{
    size_t len;
    const char *body = sl_http_body(request, &len);

    (void)arg;
    record.requests++;
    note(sl_http_method(request), strlen(sl_http_method(request)));
    note(sl_http_path(request), strlen(sl_http_path(request)));
    note(sl_http_query(request), strlen(sl_http_query(request)));
    for (size_t i = 0; i < request->head.field_count; i++) {
        note(request->head.fields[i].name, strlen(request->head.fields[i].name));
        note(request->head.fields[i].value, strlen(request->head.fields[i].value));
    }
    assert(body[len] == '\0');
    note(body, len);
    sl_http_respond(request, 200, "text/plain", body, len, NULL, 0);
}

static void *on_open(void *arg, struct sl_ws *ws)
{
    note(sl_ws_origin(ws), strlen(sl_ws_origin(ws)));
    return arg;
}

static void on_text(void *owner, const char *text, size_t len)
{
    (void)owner;
    record.messages++;
    note(text, len);
}

static void on_pong(void *owner)
{
    (void)owner;
}

static void on_close(void *owner, const char *why)
{
    (void)owner;
    note(why, strlen(why));
}

static const struct sl_ws_ops ws_ops = {
    .on_open = on_open, .on_text = on_text, .on_pong = on_pong, .on_close = on_close};

static struct sl_listener *listener(void)
{
    static struct sl_listener made;
    static const struct sl_http_limits limits = {
        .header_len = 600, .body_len = 300, .ws_message_len = 200};

    if (!made.http) {
        sl_log_set_level(SL_LOG_ERROR);
        if (sl_http_create(sl_loop_create("fuzz"), &limits, &made.http, NULL) < 0)
            abort();
        made.ws = &ws_ops;
        made.ws_arg = &made;
        made.on_request = on_request;
    }
    return &made;
}

static struct record play(const uint8_t *bytes, size_t len, size_t step)
{
    record = (struct record){0};
    fake_conn_forget_sent();
    sl_http_peer_accept(listener(), -1, NULL);
    fake_conn_play(bytes, len, step);
    record.sent = fake_conn_sent_digest();
    return record;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct record whole = play(data + 1, size - 1, 0);
    struct record pieces = play(data + 1, size - 1, 1u + data[0] % 64u);

    assert(whole.requests == pieces.requests && whole.messages == pieces.messages);
    assert(whole.seen == pieces.seen);
    assert(whole.sent == pieces.sent);
    return 0;
}
