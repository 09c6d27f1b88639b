/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Redis' protocol over libuv, with hiredis' parser and formatter. */
#include "cluster/wire.h"

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/net.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { READ_LEN = 16384, WHY_MAX = 160 };

struct command {
    struct sl_list link;
    int64_t deadline_us;
    sl_redis_on_reply *on_reply;
    void *owner;
};

struct sl_redis_wire {
    uv_tcp_t tcp; /* libuv has it until its close callback: so long lives the memory */
    struct sl_loop *loop;
    const struct sl_redis_wire_ops *ops;
    void *owner;
    bool ended;             /* on_end was called or is not wanted any more */
    struct sl_timer *timer; /* of the oldest command */
    struct sl_list commands;
    redisReader *reader;
    redisReplyObjectFunctions reply_functions;
    void *(*create_array)(const redisReadTask *task, int count); /* hiredis' own */
    size_t elements;                                             /* of the answer being read */
    struct sl_later failure;
    char why[WHY_MAX]; /* of it; empty: none waits to be told */
    char in[READ_LEN];
};

struct write {
    uv_write_t request;
    char *bytes; /* hiredis' */
};

/* ---- The end ---- */

/* The last thing that is done from within any callback of libuv: the owner may be gone after it. */
static void fail(struct sl_redis_wire *wire, const char *why)
{
    if (wire->ended)
        return;
    wire->ended = true;
    wire->ops->on_end(wire->owner, why);
}

static void on_closed(uv_handle_t *handle)
{
    struct sl_redis_wire *wire = sl_container_of((uv_tcp_t *)handle, struct sl_redis_wire, tcp);

    redisReaderFree(wire->reader);
    free(wire);
}

void sl_redis_wire_destroy(struct sl_redis_wire *wire)
{
    struct command *command;

    if (!wire)
        return;
    wire->ended = true;
    sl_timer_destroy(wire->timer);
    sl_later_cancel(&wire->failure);
    uv_close((uv_handle_t *)&wire->tcp, on_closed);
    while ((command = sl_list_first(&wire->commands, struct command, link))) {
        sl_list_remove(&command->link);
        command->on_reply(command->owner, NULL);
        free(command);
    }
}

static void on_failure(struct sl_later *later)
{
    struct sl_redis_wire *wire = sl_container_of(later, struct sl_redis_wire, failure);

    fail(wire, wire->why);
}

static void on_timer(void *owner)
{
    struct sl_redis_wire *wire = owner;
    const struct command *oldest = sl_list_first(&wire->commands, struct command, link);
    int64_t now_us = sl_now_us();

    if (oldest && oldest->deadline_us <= now_us)
        fail(wire, "no answer in time");
    else if (oldest)
        sl_timer_start(wire->timer, (uint64_t)(oldest->deadline_us - now_us) / SL_US_PER_MS + 1, 0);
}

/* For what is found within a call of the owner's. */
static void fail_soon(struct sl_redis_wire *wire, const char *why)
{
    if (wire->ended || wire->why[0])
        return;
    (void)snprintf(wire->why, sizeof(wire->why), "%s", why);
    wire->failure.run = on_failure;
    sl_loop_later(wire->loop, &wire->failure);
}

/* ---- Answers ---- */

/* An array is allocated as soon as its length is read: a few bytes could ask for gigabytes, and
 * arrays of arrays for more (CVE-2021-32765 was of this kind). */
static void *create_array(const redisReadTask *task, int count)
{
    struct sl_redis_wire *wire = task->privdata;

    if (count < 0 || (size_t)count > SL_REDIS_ELEMENTS_MAX - wire->elements)
        return NULL; /* hiredis calls it out of memory */
    wire->elements += (size_t)count;
    return wire->create_array(task, count);
}

static void set_up_reader(struct sl_redis_wire *wire)
{
    wire->reader = redisReaderCreate();
    if (!wire->reader) {
        sl_log(SL_LOG_ERROR, NULL, "out of memory");
        abort(); /* as sl_alloc() */
    }
    wire->reply_functions = *wire->reader->fn;
    wire->create_array = wire->reply_functions.createArray;
    wire->reply_functions.createArray = create_array;
    wire->reader->fn = &wire->reply_functions;
    wire->reader->privdata = wire;
}

/* Redis says so when it has too many clients, say. */
static void fail_unasked(struct sl_redis_wire *wire, const redisReply *reply)
{
    char quoted[WHY_MAX / 2], why[WHY_MAX];

    if (reply->type == REDIS_REPLY_ERROR)
        (void)snprintf(why, sizeof(why), "it says %s",
                       sl_log_quote(quoted, sizeof(quoted), reply->str));
    else
        (void)snprintf(why, sizeof(why), "an answer nobody asked for");
    fail(wire, why);
}

/* False when there is no whole answer yet, or the wire has ended. */
static bool take_reply(struct sl_redis_wire *wire)
{
    void *object = NULL;

    if (redisReaderGetReply(wire->reader, &object) != REDIS_OK) {
        fail(wire, "it does not speak Redis' protocol, or says more than was asked for");
        return false;
    }
    if (!object)
        return false;
    wire->elements = 0;
    struct command *command = sl_list_first(&wire->commands, struct command, link);
    if (command) {
        sl_list_remove(&command->link);
        command->on_reply(command->owner, object);
        free(command);
    } else {
        fail_unasked(wire, object);
    }
    freeReplyObject(object);
    return !wire->ended;
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    struct sl_redis_wire *wire = sl_container_of((uv_tcp_t *)stream, struct sl_redis_wire, tcp);

    if (got == 0 || wire->ended)
        return;
    if (got < 0) {
        fail(wire, got == UV_EOF ? "it closed the connection" : uv_strerror((int)got));
        return;
    }
    if (redisReaderFeed(wire->reader, buf->base, (size_t)got) != REDIS_OK) {
        fail(wire, wire->reader->errstr);
        return;
    }
    while (take_reply(wire))
        ;
    if (!wire->ended && wire->reader->len > SL_REDIS_REPLY_MAX)
        fail(wire, "an answer of more bytes than any has");
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct sl_redis_wire *wire = sl_container_of((uv_tcp_t *)handle, struct sl_redis_wire, tcp);

    (void)suggested;
    *buf = uv_buf_init(wire->in, sizeof(wire->in));
}

/* ---- The beginning ---- */

struct sl_redis_wire *sl_redis_wire_create(struct sl_loop *loop, int fd,
                                           const struct sl_redis_wire_ops *ops, void *owner)
{
    struct sl_redis_wire *wire = sl_new(struct sl_redis_wire);

    wire->ops = ops;
    wire->owner = owner;
    sl_list_init(&wire->commands);
    set_up_reader(wire);
    wire->loop = loop;
    wire->timer = sl_timer_create(loop, on_timer, wire);
    (void)uv_tcp_init(sl_loop_uv(loop), &wire->tcp); /* makes no socket: cannot fail */
    int err = uv_tcp_open(&wire->tcp, fd);
    if (err < 0)
        (void)close(fd); /* nothing was sent */
    else
        err = uv_read_start((uv_stream_t *)&wire->tcp, on_alloc, on_read);
    if (err < 0)
        fail_soon(wire, uv_strerror(err));
    else
        (void)uv_tcp_nodelay(&wire->tcp,
                             1); /* a command is small and waited for; no harm without */
    return wire;
}

/* ---- Commands ---- */

static void on_written(uv_write_t *request, int status)
{
    struct write *write = sl_container_of(request, struct write, request);
    struct sl_redis_wire *wire =
        sl_container_of((uv_tcp_t *)request->handle, struct sl_redis_wire, tcp);

    free(write->bytes); /* hiredis 0.14 has it from malloc() */
    free(write);
    if (status < 0)
        fail(wire, uv_strerror(status));
}

void sl_redis_wire_send(struct sl_redis_wire *wire, const char *const *args, size_t arg_count,
                        sl_redis_on_reply *on_reply, void *owner)
{
    struct command *command = sl_new(struct command);
    struct write *write = sl_new(struct write);
    const char *argv[SL_REDIS_ARGS_MAX]; /* hiredis wants the pointers writable */

    assert(arg_count <= SL_REDIS_ARGS_MAX);
    command->deadline_us = sl_now_us() + (int64_t)SL_REDIS_TIMEOUT_MS * SL_US_PER_MS;
    command->on_reply = on_reply;
    command->owner = owner;
    if (sl_list_empty(&wire->commands))
        sl_timer_start(wire->timer, SL_REDIS_TIMEOUT_MS, 0);
    sl_list_append(&wire->commands, &command->link);
    memcpy(argv, args, arg_count * sizeof(*argv));
    int len = redisFormatCommandArgv(&write->bytes, (int)arg_count, argv, NULL);
    if (len < 0) {
        sl_log(SL_LOG_ERROR, NULL, "out of memory");
        abort(); /* as sl_alloc(): arguments are bounded */
    }
    uv_buf_t buf = uv_buf_init(write->bytes, (unsigned)len);
    int err = uv_write(&write->request, (uv_stream_t *)&wire->tcp, &buf, 1, on_written);
    if (err < 0) {
        free(write->bytes);
        free(write);
        fail_soon(wire, uv_strerror(err));
    }
}
