/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One TCP connection to Redis: commands out, answers back, in order and in time.
 *
 * Of hiredis only the parser and the formatter are used, not its asynchronous part, which was tried
 * first: in 0.14 an answer that nobody asked for fails an assert() of its own (async.c), so whoever
 * is at the other end could end this process; its adapter for libuv ignores errors of the poll, so
 * a refused connection is never told; and its context may not be freed from half of its callbacks.
 */
#ifndef SL_CLUSTER_WIRE_H
#define SL_CLUSTER_WIRE_H

#include <stddef.h>

struct redisReply;
struct sl_conn_set;

enum {
    SL_REDIS_TIMEOUT_MS = 2000,      /* for each command at most: Redis is then away */
    SL_REDIS_REPLY_MAX = 1 << 20,    /* bytes */
    SL_REDIS_ELEMENTS_MAX = 1 << 11, /* of all arrays of one answer */
    SL_REDIS_ARGS_MAX = 128,         /* of one command */
};

/* The answer to one command, borrowed; NULL: the connection ended before it came. Exactly once,
 * never from within sl_redis_wire_send(). */
typedef void sl_redis_on_reply(void *owner, const struct redisReply *reply);

struct sl_redis_wire_ops {
    /* The connection failed: once, and then it is the owner's to destroy. */
    void (*on_end)(void *owner, const char *why);
};

struct sl_redis_wire;

/* Takes fd, a connected socket, also on failure: -errno when the loop cannot watch it. conns is the
 * loop's and outlives the wire. Owner: the caller. Nothing is called from within. */
int sl_redis_wire_create(struct sl_conn_set *conns, int fd, const struct sl_redis_wire_ops *ops,
                         void *owner, struct sl_redis_wire **out);
/* Not after on_end. args are copied. */
void sl_redis_wire_send(struct sl_redis_wire *wire, const char *const *args, size_t arg_count,
                        sl_redis_on_reply *on_reply, void *owner);
/* Commands that wait are answered with NULL, from within. May be called from any callback. NULL is
 * fine. */
void sl_redis_wire_destroy(struct sl_redis_wire *wire);

#endif
