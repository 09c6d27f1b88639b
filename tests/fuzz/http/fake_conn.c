/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake_conn.h"

#include "base/mem.h"
#include "http/ws_frame.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { READ_LEN = 16384 /* as conn.c reads at most */ };

struct sl_conn {
    const struct sl_conn_ops *ops;
    void *owner;
    struct sl_addr addr;
    bool open, paused, finishing, gone, sent_due;
    uint8_t *rest; /* given back; NULL */
    size_t rest_len;
    char why[120];
};

struct sl_conn_set {
    int nothing;
};

static struct sl_conn *last;
static uint64_t sent;
static char first_sent[4096];

struct sl_conn *fake_conn(void)
{
    return last;
}

uint64_t fake_digest(uint64_t digest, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        digest = (digest ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
    return digest;
}

/* ---- What was sent ---- */

uint64_t fake_conn_sent_digest(void)
{
    return sent;
}

const char *fake_conn_first_sent(void)
{
    return first_sent;
}

void fake_conn_forget_sent(void)
{
    sent = 0;
    first_sent[0] = '\0';
}

/* Of a frame that a client masks, what it says: masks are random. All that clients of ours say by
 * themselves is short. */
static void unmask(struct sl_chunk *chunk)
{
    enum { HEAD = 6 };

    if (chunk->len < HEAD || !(chunk->data[1] & 0x80))
        return;
    assert(chunk->len == HEAD + (chunk->data[1] & 0x7fu));
    sl_ws_mask(chunk->data + HEAD, chunk->len - HEAD, chunk->data + 2, 0);
    memset(chunk->data + 2, 0, 4);
}

static void note_sent(struct sl_chunk *chunk)
{
    const uint8_t *end = memchr(chunk->data, '\r', chunk->len);
    bool is_head = chunk->len > 9 && memcmp(chunk->data, "HTTP/1.1 ", 9) == 0;

    if (first_sent[0] == '\0')
        (void)snprintf(first_sent, sizeof(first_sent), "%.*s", (int)chunk->len,
                       (const char *)chunk->data);
    if (is_head && memcmp(chunk->data + 9, "100", 3) == 0)
        return; /* sent only while nothing of the body is there */
    if (!is_head)
        unmask(chunk);
    assert(!is_head || end);
    sent = fake_digest(sent, chunk->data, is_head ? (size_t)(end - chunk->data) : chunk->len);
}

/* ---- In place of conn.c ---- */

struct sl_conn_set *sl_conn_set_create(struct sl_loop *loop)
{
    (void)loop;
    return sl_new(struct sl_conn_set);
}

void sl_conn_set_destroy(struct sl_conn_set *set)
{
    free(set);
}

int sl_conn_create(struct sl_conn_set *set, int fd, SSL *ssl, bool connecting,
                   const struct sl_conn_ops *ops, void *owner, struct sl_conn **out)
{
    (void)set;
    assert(fd < 0 && !ssl && !last);
    last = sl_new(struct sl_conn);
    last->ops = ops;
    last->owner = owner;
    last->open = !connecting;
    *out = last;
    return 0;
}

void sl_conn_set_owner(struct sl_conn *conn, const struct sl_conn_ops *ops, void *owner)
{
    conn->ops = ops;
    conn->owner = owner;
}


const struct sl_addr *sl_conn_remote(const struct sl_conn *conn)
{
    return &conn->addr;
}

const struct sl_addr *sl_conn_local(const struct sl_conn *conn)
{
    return &conn->addr;
}

bool sl_conn_is_tls(const struct sl_conn *conn)
{
    (void)conn;
    return false;
}

void sl_conn_send(struct sl_conn *conn, struct sl_chunk *chunk)
{
    assert(!chunk->next);
    if (conn->open && !conn->finishing && !conn->gone) {
        note_sent(chunk);
        conn->sent_due = true;
    }
    sl_chunk_destroy(chunk);
}

size_t sl_conn_queued(const struct sl_conn *conn)
{
    (void)conn;
    return 0;
}

void sl_conn_set_unsent_max(struct sl_conn *conn, size_t len)
{
    (void)conn;
    (void)len;
}

void sl_conn_drop_queue(struct sl_conn *conn)
{
    (void)conn;
}

void sl_conn_pause(struct sl_conn *conn)
{
    conn->paused = true;
}

void sl_conn_resume(struct sl_conn *conn)
{
    conn->paused = false;
}

bool sl_conn_is_paused(const struct sl_conn *conn)
{
    return conn->paused;
}

void sl_conn_unread(struct sl_conn *conn, const uint8_t *data, size_t len)
{
    assert(!conn->rest);
    if (len == 0 || conn->gone || conn->finishing)
        return;
    conn->rest = sl_alloc(len + 1);
    memcpy(conn->rest, data, len);
    conn->rest_len = len;
}

void sl_conn_set_deadline(struct sl_conn *conn, int64_t after_ms)
{
    (void)conn;
    (void)after_ms;
}

void sl_conn_finish(struct sl_conn *conn, int64_t flush_ms, const char *why)
{
    (void)flush_ms;
    if (conn->gone || conn->finishing)
        return;
    conn->finishing = true;
    (void)snprintf(conn->why, sizeof(conn->why), "%s", why);
}

void sl_conn_cut(struct sl_conn *conn, const char *why)
{
    if (conn->gone)
        return;
    conn->gone = true;
    if (!conn->finishing)
        (void)snprintf(conn->why, sizeof(conn->why), "%s", why);
}

bool sl_conn_alive(const struct sl_conn *conn)
{
    return !conn->gone;
}

/* ---- A loop's turn ---- */

static void call_back(struct sl_conn *conn)
{
    while (conn->sent_due && !conn->gone && !conn->finishing) {
        conn->sent_due = false;
        conn->ops->on_sent(conn->owner);
    }
}

void fake_conn_ready(struct sl_conn *conn)
{
    conn->open = true;
    conn->ops->on_ready(conn->owner);
}

static bool is_read(const struct sl_conn *conn)
{
    return !conn->gone && !conn->finishing && !conn->paused;
}

/* What was given back comes before anything else. */
static void deliver_rest(struct sl_conn *conn)
{
    while (conn->rest && is_read(conn)) {
        uint8_t *rest = conn->rest;
        conn->rest = NULL;
        conn->ops->on_data(conn->owner, rest, conn->rest_len);
        free(rest);
        call_back(conn);
    }
}

void fake_conn_play(const uint8_t *bytes, size_t len, size_t step)
{
    struct sl_conn *conn = last;

    while (len > 0 && is_read(conn)) {
        size_t piece = step > 0 && step < READ_LEN ? step : READ_LEN;
        if (piece > len)
            piece = len;
        uint8_t *copy = sl_alloc(piece + 1); /* the sanitizer sees a byte too many */
        memcpy(copy, bytes, piece);
        conn->ops->on_data(conn->owner, copy, piece);
        free(copy);
        bytes += piece;
        len -= piece;
        call_back(conn);
        deliver_rest(conn);
    }
    sl_conn_cut(conn, "closed by the peer");
    last = NULL;
    conn->ops->on_gone(conn->owner, conn->why);
    free(conn->rest);
    free(conn);
}
