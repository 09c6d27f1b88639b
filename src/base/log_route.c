/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Watches in an array, and a ring of the last lines. One lock for both, held for a copy. */
#include "base/log_route.h"

#include "base/log_watch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static char recent_bytes[SL_LOG_RECENT_SIZE];

static struct {
    pthread_mutex_t lock;
    struct sl_log_watch *watches[SL_LOG_WATCHES_MAX]; /* lock */
    size_t count;                                     /* lock */
    struct sl_log_queue recent;                       /* lock */
    atomic_int level; /* the highest of all watches; -1: there are none */
} shared = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .recent = {.bytes = recent_bytes, .size = sizeof(recent_bytes)},
    .level = -1,
};

static void find_level(void)
{
    int level = -1;

    for (size_t i = 0; i < shared.count; i++) {
        if ((int)shared.watches[i]->level > level)
            level = (int)shared.watches[i]->level;
    }
    atomic_store(&shared.level, level);
}

bool sl_log_route_enter(struct sl_log_watch *watch)
{
    pthread_mutex_lock(&shared.lock);
    bool has_room = shared.count < SL_LOG_WATCHES_MAX;
    if (has_room) {
        shared.watches[shared.count++] = watch;
        find_level();
    }
    pthread_mutex_unlock(&shared.lock);
    return has_room;
}

void sl_log_route_leave(struct sl_log_watch *watch)
{
    pthread_mutex_lock(&shared.lock);
    for (size_t i = 0; i < shared.count; i++) {
        if (shared.watches[i] == watch)
            shared.watches[i--] = shared.watches[--shared.count];
    }
    find_level();
    pthread_mutex_unlock(&shared.lock);
}

size_t sl_log_route_take(struct sl_log_watch *watch, char *out, uint64_t *lost)
{
    pthread_mutex_lock(&shared.lock);
    size_t len = sl_log_queue_peek(&watch->queue, out);
    sl_log_queue_drop(&watch->queue);
    *lost = len > 0 ? 0 : sl_log_queue_take_lost(&watch->queue);
    pthread_mutex_unlock(&shared.lock);
    return len;
}

void sl_log_route_recent(struct sl_log_queue *out, char *bytes)
{
    pthread_mutex_lock(&shared.lock);
    *out = shared.recent;
    memcpy(bytes, shared.recent.bytes, SL_LOG_RECENT_SIZE);
    pthread_mutex_unlock(&shared.lock);
    out->bytes = bytes;
}

static void put_recent(const char *line, size_t len)
{
    struct sl_log_queue *recent = &shared.recent;

    while (recent->size - recent->used < len + sizeof(uint16_t))
        sl_log_queue_drop(recent);
    (void)sl_log_queue_put(recent, line, len); /* there is room */
}

int sl_log_watched_level(void)
{
    return atomic_load_explicit(&shared.level, memory_order_relaxed);
}

static bool watches(const struct sl_log_watch *watch, const struct sl_log_scope *scope)
{
    return strncmp(scope->prefix, watch->prefix, watch->prefix_len) == 0;
}

struct sl_log_route sl_log_route_find(enum sl_log_level level, const struct sl_log_scope *scope,
                                      bool enabled)
{
    struct sl_log_route route = {.to_log = enabled};

    if (!scope || sl_log_watched_level() < 0)
        return route;
    pthread_mutex_lock(&shared.lock);
    for (size_t i = 0; i < shared.count; i++) {
        const struct sl_log_watch *watch = shared.watches[i];
        if (!watches(watch, scope))
            continue;
        if (!watch->keeps)
            route.to_log = level <= watch->level;
        else if (level <= watch->level)
            route.to_watch = true;
    }
    pthread_mutex_unlock(&shared.lock);
    return route;
}

void sl_log_route_put(struct sl_log_route route, enum sl_log_level level,
                      const struct sl_log_scope *scope, const char *line, size_t len)
{
    pthread_mutex_lock(&shared.lock);
    if (route.to_log)
        put_recent(line, len);
    for (size_t i = 0; route.to_watch && i < shared.count; i++) {
        struct sl_log_watch *watch = shared.watches[i];
        if (watch->keeps && level <= watch->level && watches(watch, scope))
            (void)sl_log_queue_put(&watch->queue, line, len); /* it counts what it loses */
    }
    pthread_mutex_unlock(&shared.lock);
}
