/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Watches come and go; what goes to them is routed by log_route.c. */
#include "base/log_watch.h"

#include "base/log_route.h"
#include "base/mem.h"

#include <string.h>

static struct sl_log_watch *watch_create(const struct sl_log_scope *scope, enum sl_log_level level)
{
    struct sl_log_watch *watch = sl_new(struct sl_log_watch);

    memcpy(watch->prefix, scope->prefix, sizeof(watch->prefix));
    watch->prefix_len = strlen(watch->prefix);
    watch->level = level;
    return watch;
}

static struct sl_log_watch *entered(struct sl_log_watch *watch)
{
    if (sl_log_route_enter(watch))
        return watch;
    free(watch->bytes);
    free(watch);
    return NULL;
}

struct sl_log_watch *sl_log_watch_level(const struct sl_log_scope *scope, enum sl_log_level level)
{
    return entered(watch_create(scope, level));
}

struct sl_log_watch *sl_log_watch_lines(const struct sl_log_scope *scope, enum sl_log_level level,
                                        size_t len_max)
{
    struct sl_log_watch *watch = watch_create(scope, level);

    watch->keeps = true;
    watch->bytes = sl_alloc(len_max);
    sl_log_queue_init(&watch->queue, watch->bytes, len_max);
    return entered(watch);
}

void sl_log_watch_destroy(struct sl_log_watch *watch)
{
    if (!watch)
        return;
    sl_log_route_leave(watch);
    free(watch->bytes);
    free(watch);
}

/* Without a lock while fn runs: who has no memory for it ends the process with a line of the log.
 */
uint64_t sl_log_watch_take(struct sl_log_watch *watch,
                           void (*fn)(void *arg, const char *line, size_t len), void *arg)
{
    char line[SL_LOG_LINE_MAX];
    uint64_t lost;
    size_t len;

    while ((len = sl_log_route_take(watch, line, &lost)) > 0)
        fn(arg, line, len);
    return lost;
}

/* Behind time and level: "2026-01-02T03:04:05.678Z info session=..." */
static bool is_of(const char *line, size_t len, const struct sl_log_scope *scope)
{
    const char *at = memchr(line, ' ', len);
    size_t prefix_len = strlen(scope->prefix);

    at = at ? memchr(at + 1, ' ', len - (size_t)(at + 1 - line)) : NULL;
    return at && (size_t)(line + len - (at + 1)) >= prefix_len &&
           memcmp(at + 1, scope->prefix, prefix_len) == 0;
}

void sl_log_recent(const struct sl_log_scope *scope,
                   void (*fn)(void *arg, const char *line, size_t len), void *arg)
{
    char line[SL_LOG_LINE_MAX], *bytes = sl_alloc(SL_LOG_RECENT_SIZE);
    struct sl_log_queue walk;
    size_t len;

    sl_log_route_recent(&walk, bytes);
    while ((len = sl_log_queue_peek(&walk, line)) > 0) {
        sl_log_queue_drop(&walk);
        if (is_of(line, len, scope))
            fn(arg, line, len);
    }
    free(bytes);
}
