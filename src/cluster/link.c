/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connecting to the registry, again and again. */
#include "cluster/link.h"

#include "base/log.h"
#include "base/mem.h"
#include "cluster/url.h"
#include "net/net.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

enum {
    BACKOFF_MIN_MS = 200,
    BACKOFF_MAX_MS = 2000, /* so that all is back within 5 s of Redis (hardening.md, faults) */
    WHY_MAX = 200,
};

/*
 * WAITING    --timer: look_up-->              RESOLVING (no wire)
 * RESOLVING  --dial-->                        CONNECTING (to one address after the other)
 * CONNECTING --on_connected: log_in-->        GREETING (AUTH and SELECT are under way)
 * GREETING   --on_greeted-->                  OPEN
 * GREETING   --on_wire_end-->                 CONNECTING, to the addresses that are left
 * any        --give_up-->                     WAITING
 */
enum state { WAITING, RESOLVING, CONNECTING, GREETING, OPEN };

struct sl_redis_link {
    struct sl_loop *loop;
    struct sl_conn_set *conns;
    struct sl_redis_url url;
    const struct sl_redis_link_ops *ops;
    void *owner;
    enum state state;
    struct sl_later begin;
    struct sl_timer *timer;
    uint64_t backoff_ms;
    struct sl_lookup *lookup;
    struct sl_dial *dial; /* from CONNECTING on */
    struct sl_redis_wire *wire;
    unsigned greetings;           /* commands of log_in() under way */
    bool told_away, told_refused; /* to the log, since it was last of use */
};

/* ---- What the log hears ---- */

static void tell_away(struct sl_redis_link *link, const char *why)
{
    sl_log(link->told_away ? SL_LOG_DEBUG : SL_LOG_WARN, NULL,
           "cluster: the registry at %s:%u is away: %s; streams of this node go on", link->url.host,
           link->url.port, why);
    link->told_away = true;
}

/* Told besides: it will not pass by waiting. */
static void tell_refused(struct sl_redis_link *link, const char *why)
{
    if (!link->told_refused)
        sl_log(SL_LOG_WARN, NULL, "cluster: the registry at %s:%u refuses us: %s", link->url.host,
               link->url.port, why);
    link->told_refused = true;
    link->told_away = true;
}

void sl_redis_link_confirm(struct sl_redis_link *link)
{
    sl_log(SL_LOG_INFO, NULL, "cluster: the registry at %s:%u is there", link->url.host,
           link->url.port);
    link->told_away = false;
    link->told_refused = false;
    link->backoff_ms = BACKOFF_MIN_MS;
}

/* ---- The end of an attempt ---- */

static void wait_and_retry(struct sl_redis_link *link)
{
    link->state = WAITING;
    sl_timer_start(link->timer, link->backoff_ms, 0);
    link->backoff_ms *= 2;
    if (link->backoff_ms > BACKOFF_MAX_MS)
        link->backoff_ms = BACKOFF_MAX_MS;
}

/* What waits for an answer gets none, which may be the end of the link: the last thing done. */
static void give_up(struct sl_redis_link *link)
{
    struct sl_redis_wire *wire = link->wire;
    bool was_open = link->state == OPEN;

    link->wire = NULL;
    sl_dial_destroy(link->dial);
    link->dial = NULL;
    wait_and_retry(link);
    if (was_open)
        link->ops->on_lost(link->owner);
    sl_redis_wire_destroy(wire);
}

void sl_redis_link_drop(struct sl_redis_link *link, const char *why)
{
    tell_refused(link, why);
    give_up(link);
}

static void on_wire_end(void *owner, const char *why)
{
    struct sl_redis_link *link = owner;
    struct sl_redis_wire *ended = link->wire;

    if (link->state != OPEN) {
        link->state = CONNECTING;
        link->wire = NULL;
        sl_dial_next(link->dial, -EPIPE, why);
        sl_redis_wire_destroy(ended);
        return;
    }
    tell_away(link, why);
    give_up(link);
}

/* ---- Logging in ---- */

static void fail_greeting(struct sl_redis_link *link, const redisReply *reply)
{
    char code[24] = "", why[WHY_MAX];

    /* The first word only: the rest is for people who look at Redis, and not ours to repeat. */
    if (reply->type == REDIS_REPLY_ERROR && reply->str)
        (void)snprintf(code, sizeof(code), "%.*s",
                       (int)strspn(reply->str, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), reply->str);
    (void)snprintf(why, sizeof(why), "user, password or database of cluster_registry (%s)", code);
    tell_refused(link, why);
    give_up(link);
}

static void open_up(struct sl_redis_link *link)
{
    link->state = OPEN;
    link->ops->on_open(link->owner);
}

static void on_greeted(void *owner, const redisReply *reply)
{
    struct sl_redis_link *link = owner;

    if (!reply || link->state != GREETING)
        return; /* on_wire_end() or give_up() does what there is to do */
    if (reply->type != REDIS_REPLY_STATUS)
        fail_greeting(link, reply);
    else if (--link->greetings == 0)
        open_up(link);
}

static void greet(struct sl_redis_link *link, const char *const *args, size_t arg_count)
{
    link->greetings++;
    sl_redis_wire_send(link->wire, args, arg_count, on_greeted, link);
}

/* One behind the other, without waiting. A Redis that asks for a password and gets none refuses
 * SELECT, so it is sent for database 0, too. */
static void log_in(struct sl_redis_link *link)
{
    char db[8];
    const char *auth[3] = {"AUTH"};
    size_t count = 1;

    link->state = GREETING;
    link->greetings = 0;
    if (link->url.password[0]) {
        if (link->url.user[0])
            auth[count++] = link->url.user; /* Redis 6 and later */
        auth[count++] = link->url.password;
        greet(link, auth, count);
    }
    (void)snprintf(db, sizeof(db), "%u", link->url.db);
    greet(link, (const char *const[]){"SELECT", db}, 2);
}

/* ---- Addresses ---- */

static const struct sl_redis_wire_ops wire_ops = {on_wire_end};

static void on_connected(void *owner, int fd)
{
    struct sl_redis_link *link = owner;
    int err = sl_redis_wire_create(link->conns, fd, &wire_ops, link, &link->wire);

    if (err < 0)
        sl_dial_next(link->dial, err, uv_strerror(err));
    else
        log_in(link);
}

static void on_dial_failed(void *owner, int err, const char *words)
{
    (void)err; /* the words say it */
    tell_away(owner, words);
    give_up(owner);
}

static const struct sl_dial_ops dial_ops = {on_connected, on_dial_failed};

static void on_resolved(void *owner, int err, const char *words, const struct sl_addr *addrs,
                        size_t count)
{
    struct sl_redis_link *link = owner;

    link->lookup = NULL;
    if (err < 0) {
        tell_away(link, words);
        give_up(link);
        return;
    }
    link->state = CONNECTING;
    link->dial = sl_dial_create(&(struct sl_dial_config){
        .loop = link->loop,
        .addrs = addrs,
        .addr_count = count,
        .timeout_ms = (int64_t)count * SL_REDIS_TIMEOUT_MS,
        .ops = &dial_ops,
        .owner = link,
    });
}

static void look_up(struct sl_redis_link *link)
{
    link->state = RESOLVING;
    link->lookup = sl_resolve(link->loop, link->url.host, link->url.port, SL_RESOLVE_TIMEOUT_MS,
                              on_resolved, link);
}

static void on_begin(struct sl_later *later)
{
    look_up(sl_container_of(later, struct sl_redis_link, begin));
}

static void on_timer(void *owner)
{
    look_up(owner);
}

/* ---- Life ---- */

struct sl_redis_link *sl_redis_link_create(struct sl_loop *loop, struct sl_conn_set *conns,
                                           const struct sl_redis_url *url,
                                           const struct sl_redis_link_ops *ops, void *owner)
{
    struct sl_redis_link *link = sl_new(struct sl_redis_link);

    link->loop = loop;
    link->conns = conns;
    link->url = *url;
    link->ops = ops;
    link->owner = owner;
    link->backoff_ms = BACKOFF_MIN_MS;
    link->timer = sl_timer_create(loop, on_timer, link);
    link->begin.run = on_begin;
    sl_loop_later(loop, &link->begin);
    return link;
}

bool sl_redis_link_is_open(const struct sl_redis_link *link)
{
    return link && link->state == OPEN;
}

void sl_redis_link_send(struct sl_redis_link *link, const char *const *args, size_t arg_count,
                        sl_redis_on_reply *on_reply, void *owner)
{
    assert(link->state == OPEN);
    sl_redis_wire_send(link->wire, args, arg_count, on_reply, owner);
}

void sl_redis_link_destroy(struct sl_redis_link *link)
{
    if (!link)
        return;
    sl_later_cancel(&link->begin);
    sl_timer_destroy(link->timer);
    sl_resolve_cancel(link->lookup);
    link->state = WAITING;
    sl_redis_wire_destroy(link->wire);
    sl_dial_destroy(link->dial);
    free(link);
}
