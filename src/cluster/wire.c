/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Redis' protocol on a connection of net/, with hiredis' parser and formatter. */
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

enum { WHY_MAX = 160 };

struct command {
    struct sl_list link;
    int64_t deadline_us;
    sl_redis_on_reply *on_reply;
    void *owner;
};

/*
 * OPEN        --fail()-->                  ENDED (the owner was told)
 * OPEN, ENDED --sl_redis_wire_destroy()--> DESTROYED (freed when the connection is gone)
 */
enum state { OPEN, ENDED, DESTROYED };

struct sl_redis_wire {
    enum state state;
    struct sl_conn *conn; /* NULL: gone; its deadline is the oldest command's */
    const struct sl_redis_wire_ops *ops;
    void *owner;
    struct sl_list commands;
    redisReader *reader;
    redisReplyObjectFunctions reply_functions;
    void *(*create_array)(const redisReadTask *task, int count); /* hiredis' own */
    size_t elements;                                             /* of the answer being read */
};

/* ---- The end ---- */

/* The last thing that is done from within a callback: the owner may be gone after it. */
static void fail(struct sl_redis_wire *wire, const char *why)
{
    if (wire->state != OPEN)
        return;
    wire->state = ENDED;
    wire->ops->on_end(wire->owner, why);
}

static void dispose(struct sl_redis_wire *wire)
{
    redisReaderFree(wire->reader);
    free(wire);
}

void sl_redis_wire_destroy(struct sl_redis_wire *wire)
{
    struct command *command;

    if (!wire)
        return;
    wire->state = DESTROYED;
    while ((command = sl_list_first(&wire->commands, struct command, link))) {
        sl_list_remove(&command->link);
        command->on_reply(command->owner, NULL);
        free(command);
    }
    if (wire->conn)
        sl_conn_cut(wire->conn, "given up");
    else
        dispose(wire);
}

static void on_gone(void *owner, const char *why)
{
    struct sl_redis_wire *wire = owner;

    wire->conn = NULL;
    if (wire->state == DESTROYED)
        dispose(wire);
    else
        fail(wire, why);
}

/* ---- Time ---- */

static void watch_oldest(struct sl_redis_wire *wire)
{
    const struct command *oldest = sl_list_first(&wire->commands, struct command, link);
    int64_t left_ms = 0; /* no deadline */

    if (oldest) {
        left_ms = (oldest->deadline_us - sl_now_us()) / SL_US_PER_MS;
        left_ms = left_ms > 1 ? left_ms : 1;
    }
    sl_conn_set_deadline(wire->conn, left_ms);
}

static void on_deadline(void *owner)
{
    fail(owner, "no answer in time");
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
    return wire->state == OPEN;
}

static void on_data(void *owner, uint8_t *data, size_t len)
{
    struct sl_redis_wire *wire = owner;

    if (wire->state != OPEN)
        return;
    if (redisReaderFeed(wire->reader, (const char *)data, len) != REDIS_OK) {
        fail(wire, wire->reader->errstr);
        return;
    }
    while (take_reply(wire))
        ;
    if (wire->state != OPEN)
        return;
    watch_oldest(wire);
    if (wire->reader->len > SL_REDIS_REPLY_MAX)
        fail(wire, "an answer of more bytes than any has");
}

/* ---- The beginning ---- */

static void ignore(void *owner)
{
    (void)owner;
}

static const struct sl_conn_ops conn_ops = {ignore, on_data, ignore, on_deadline, on_gone};

int sl_redis_wire_create(struct sl_conn_set *conns, int fd, const struct sl_redis_wire_ops *ops,
                         void *owner, struct sl_redis_wire **out)
{
    struct sl_redis_wire *wire = sl_new(struct sl_redis_wire);
    int err = sl_conn_create(conns, fd, NULL, false, &conn_ops, wire, &wire->conn);

    if (err < 0) {
        free(wire);
        return err;
    }
    wire->ops = ops;
    wire->owner = owner;
    sl_list_init(&wire->commands);
    set_up_reader(wire);
    *out = wire;
    return 0;
}

/* ---- Commands ---- */

/* One command as Redis reads it. */
static struct sl_chunk *build_command(const char *const *args, size_t arg_count)
{
    const char *argv[SL_REDIS_ARGS_MAX]; /* hiredis wants the pointers writable */
    char *bytes;

    assert(arg_count <= SL_REDIS_ARGS_MAX);
    memcpy(argv, args, arg_count * sizeof(*argv));
    int len = redisFormatCommandArgv(&bytes, (int)arg_count, argv, NULL);
    if (len < 0) {
        sl_log(SL_LOG_ERROR, NULL, "out of memory");
        abort(); /* as sl_alloc(): arguments are bounded */
    }
    struct sl_chunk *chunk = sl_chunk_create((size_t)len);
    memcpy(chunk->data, bytes, chunk->len);
    free(bytes); /* hiredis 0.14 has it from malloc() */
    return chunk;
}

void sl_redis_wire_send(struct sl_redis_wire *wire, const char *const *args, size_t arg_count,
                        sl_redis_on_reply *on_reply, void *owner)
{
    struct command *command = sl_new(struct command);
    bool idle = sl_list_empty(&wire->commands);

    assert(wire->state == OPEN);
    command->deadline_us = sl_now_us() + (int64_t)SL_REDIS_TIMEOUT_MS * SL_US_PER_MS;
    command->on_reply = on_reply;
    command->owner = owner;
    sl_list_append(&wire->commands, &command->link);
    if (idle)
        watch_oldest(wire);
    sl_conn_send(wire->conn, build_command(args, arg_count));
}
