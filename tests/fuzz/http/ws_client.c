/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a server says to our WebSocket client, the first byte of the input aside, which says where
 * to cut; the first "@=" stands for the right answer to the client's key. However many reads
 * it comes in, the same is opened, told and closed; on_close comes once.
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

/* ---- A name service and a network that answer at once ---- */

static sl_resolve_on_done *on_resolved;
static void *asker;

struct sl_lookup *sl_resolve(struct sl_loop *loop, const char *host, uint16_t port,
                             int64_t timeout_ms, sl_resolve_on_done *on_done, void *owner)
{
    (void)loop;
    (void)host;
    (void)port;
    (void)timeout_ms;
    on_resolved = on_done;
    asker = owner;
    return NULL; /* nothing to cancel: it is answered at once */
}

void sl_resolve_cancel(struct sl_lookup *lookup)
{
    assert(!lookup);
}

struct sl_dial {
    struct sl_dial_config config;
    char words[128];
    bool failed;
};

static struct sl_dial *dial;

struct sl_dial *sl_dial_create(const struct sl_dial_config *config)
{
    assert(config->addr_count == 1 && !dial);
    dial = sl_new(struct sl_dial);
    dial->config = *config;
    return dial;
}

void sl_dial_next(struct sl_dial *d, int err, const char *words)
{
    assert(err < 0 && words[0]);
    d->failed = true;
    (void)snprintf(d->words, sizeof(d->words), "%s", words);
}

int64_t sl_dial_left_ms(const struct sl_dial *d)
{
    (void)d;
    return 1000;
}

void sl_dial_destroy(struct sl_dial *d)
{
    if (d == dial)
        dial = NULL;
    free(d);
}

/* ---- What the owner sees ---- */

struct record {
    uint64_t seen, sent;
    unsigned opened, messages, closed;
};

static struct record record;

static void note(const char *bytes, size_t len)
{
    record.seen = fake_digest(record.seen, bytes, len);
    record.seen = fake_digest(record.seen, "\n", 1);
}

static void *on_open(void *arg, struct sl_ws *ws)
{
    (void)ws;
    assert(record.opened++ == 0 && record.closed == 0);
    return arg;
}

static void on_text(void *owner, const char *text, size_t len)
{
    (void)owner;
    assert(record.opened == 1 && record.closed == 0 && text[len] == '\0');
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
    assert(why[0] && record.closed++ == 0);
    note(why, strlen(why));
}

static const struct sl_ws_ops ws_ops = {
    .on_open = on_open, .on_text = on_text, .on_pong = on_pong, .on_close = on_close};

/* ---- One connection ---- */

static struct sl_http *http(void)
{
    static struct sl_http *made;
    static const struct sl_http_limits limits = {.header_len = 600, .ws_message_len = 200};

    if (!made) {
        sl_log_set_level(SL_LOG_ERROR);
        if (sl_http_create(sl_loop_create("fuzz"), &limits, &made, NULL) < 0)
            abort();
    }
    return made;
}

static void connect_to_server(void)
{
    struct sl_addr addr = {.ip = {[10] = 0xff, [11] = 0xff, [12] = 1}, .port = 80};
    const struct sl_ws_connect_config config = {.host = "server",
                                                .port = 80,
                                                .path = "/",
                                                .subprotocol = "chat",
                                                .ops = &ws_ops,
                                                .arg = &record};
    struct sl_ws *ws;

    fake_conn_forget_sent();
    if (sl_ws_connect(http(), &config, &ws) < 0)
        abort();
    on_resolved(asker, 0, "", &addr, 1);
    dial->config.ops->on_connected(dial->config.owner, -1);
    fake_conn_ready(fake_conn());
}

/* The input with the answer to the key, which is random, in place of the first "@=". */
static size_t fill_in(const uint8_t *bytes, size_t len, uint8_t *out)
{
    static const char name[] = "Sec-WebSocket-Key: ";
    char key[25] = "", answer[SL_WS_ACCEPT_LEN + 1];
    const char *at = strstr(fake_conn_first_sent(), name);
    size_t total = 0;

    assert(at);
    memcpy(key, at + sizeof(name) - 1, sizeof(key) - 1);
    sl_ws_accept(key, answer);
    for (size_t i = 0; i < len; i++) {
        if (total > i || bytes[i] != '@' || i + 1 == len || bytes[i + 1] != '=') {
            out[total++] = bytes[i];
            continue;
        }
        memcpy(out + total, answer, SL_WS_ACCEPT_LEN);
        total += SL_WS_ACCEPT_LEN;
        i++;
    }
    return total;
}

static struct record play(const uint8_t *bytes, size_t len, size_t step)
{
    uint8_t *filled = sl_alloc(len + SL_WS_ACCEPT_LEN);

    record = (struct record){0};
    connect_to_server();
    len = fill_in(bytes, len, filled);
    fake_conn_forget_sent();
    fake_conn_play(filled, len, step);
    record.sent = fake_conn_sent_digest();
    if (dial && dial->failed)
        dial->config.ops->on_failed(dial->config.owner, -EPIPE, dial->words);
    assert(record.closed == 1 && !dial);
    (void)uv_run(sl_loop_uv(http()->loop), UV_RUN_NOWAIT); /* timers are freed */
    free(filled);
    return record;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 4096)
        return 0;
    struct record whole = play(data + 1, size - 1, 0);
    struct record pieces = play(data + 1, size - 1, 1u + data[0] % 64u);

    assert(whole.opened == pieces.opened && whole.messages == pieces.messages);
    assert(whole.seen == pieces.seen);
    assert(whole.sent == pieces.sent);
    return 0;
}
