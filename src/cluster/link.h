/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The registry as something that comes and goes: finds its addresses, connects, says who we are,
 * and begins again, sooner or later, whenever that ends. Tells the log when it is away and back.
 */
#ifndef SL_CLUSTER_LINK_H
#define SL_CLUSTER_LINK_H

#include "cluster/wire.h"

#include <stdbool.h>

struct sl_loop;
struct sl_redis_url;

struct sl_redis_link_ops {
    /* Logged in; commands may be sent. */
    void (*on_open)(void *owner);
    /* It was open and is not: before what waits is answered with NULL. */
    void (*on_lost)(void *owner);
};

struct sl_redis_link;

/* conns is the loop's and outlives the link; url is copied. Nothing is called from within. */
struct sl_redis_link *sl_redis_link_create(struct sl_loop *loop, struct sl_conn_set *conns,
                                           const struct sl_redis_url *url,
                                           const struct sl_redis_link_ops *ops, void *owner);
bool sl_redis_link_is_open(const struct sl_redis_link *link);
/* Only while it is open; as sl_redis_wire_send(). */
void sl_redis_link_send(struct sl_redis_link *link, const char *const *args, size_t arg_count,
                        sl_redis_on_reply *on_reply, void *owner);
/* The owner found it to be of use: the log is told that it is back. */
void sl_redis_link_confirm(struct sl_redis_link *link);
/* The owner found it to be of no use: it counts as away, and is tried again. The last thing the
 * caller does. */
void sl_redis_link_drop(struct sl_redis_link *link, const char *why);
/* Commands that wait are answered with NULL, from within; on_lost is not called. NULL is fine. */
void sl_redis_link_destroy(struct sl_redis_link *link);

#endif
