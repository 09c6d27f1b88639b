/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which broadcasts there are, of streams and of their levels; what begins and ends them all. */
#include "base/clock.h"
#include "base/config.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "hls/internal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static bool matches(const struct sl_table_node *node, const void *key)
{
    return strcmp(sl_container_of_const(node, struct sl_broadcast, node)->name, key) == 0;
}

struct sl_broadcast *sl_broadcasts_find(struct sl_broadcasts *broadcasts, const char *name)
{
    struct sl_table_node *node =
        sl_table_find(&broadcasts->by_name, sl_hash_text(name), matches, name);

    return node ? sl_container_of(node, struct sl_broadcast, node) : NULL;
}

static bool is_live(const struct sl_broadcasts *broadcasts, const char *name)
{
    const struct sl_stream *stream = sl_streams_find(broadcasts->config.streams, name);

    return stream && sl_stream_is_live(stream);
}

bool sl_broadcasts_knows(struct sl_broadcasts *broadcasts, const char *name)
{
    const struct sl_broadcast *broadcast;

    if (broadcasts->config.fetches || is_live(broadcasts, name))
        return true;
    sl_list_foreach(broadcast, &broadcasts->all, struct sl_broadcast, link)
    {
        if (strcmp(broadcast->source, name) == 0)
            return true;
    }
    return false;
}

/* ---- Levels ---- */

/* 0: not known yet. */
static uint16_t height_of(const struct sl_broadcasts *broadcasts, const char *source)
{
    const struct sl_stream *stream = sl_streams_find(broadcasts->config.streams, source);
    uint16_t width, height = 0;

    if (stream)
        sl_stream_size(stream, &width, &height);
    return height;
}

size_t sl_broadcasts_levels(const struct sl_broadcasts *broadcasts, const char *source,
                            const struct sl_hls_profile *out[static SL_HLS_PROFILES_MAX])
{
    const struct sl_hls_profiles *profiles = broadcasts->config.profiles;
    struct sl_stream *stream = sl_streams_find(broadcasts->config.streams, source);
    uint16_t height = height_of(broadcasts, source);
    char name[SL_STREAM_NAME_MAX + 1];
    size_t count = 0;

    if (stream && !sl_stream_track(stream, SL_VIDEO))
        return 0;
    for (size_t i = 0; i < profiles->count; i++) {
        if (sl_hls_profiles_suits(profiles, i, height) &&
            sl_hls_level_name(source, &profiles->rows[i], name))
            out[count++] = &profiles->rows[i];
    }
    return count;
}

/* A live stream of just this name is nobody's level. */
const struct sl_hls_profile *sl_broadcasts_resolve(const struct sl_broadcasts *broadcasts,
                                                   const char *name,
                                                   char source[static SL_STREAM_NAME_MAX + 1])
{
    const struct sl_hls_profile *profile =
        is_live(broadcasts, name) ? NULL
                                  : sl_hls_level_of(broadcasts->config.profiles, name, source);

    if (!profile)
        (void)snprintf(source, SL_STREAM_NAME_MAX + 1, "%s", name);
    return profile;
}

/* ---- Opening ---- */

static bool is_full(const struct sl_broadcasts *broadcasts)
{
    const struct sl_config *config = broadcasts->config.config;

    return broadcasts->stopping || broadcasts->by_name.count >= (size_t)config->hls_streams_max ||
           broadcasts->bytes >= (size_t)config->hls_memory_max_mb * MIB;
}

/* It was of a stream that is no more. */
static bool is_stale(const struct sl_broadcast *broadcast)
{
    bool live = is_live(broadcast->broadcasts, broadcast->source);

    return (broadcast->state == OVER && live) || (broadcast->state == REFUSED && !live);
}

static struct sl_broadcast *open_one(struct sl_broadcasts *broadcasts, const char *name,
                                     const char *source, const struct sl_hls_profile *profile)
{
    struct sl_broadcast *broadcast = sl_broadcasts_find(broadcasts, name);

    if (broadcast && !is_stale(broadcast))
        return broadcast;
    if (broadcast)
        sl_broadcast_remove(broadcast, NOT_FOUND, "its stream is another one now");
    if (is_full(broadcasts)) {
        sl_count(broadcasts->config.counters, SL_COUNTER_HLS_REFUSED, 1);
        return NULL;
    }
    return sl_broadcast_create(broadcasts, name, source, profile);
}

struct sl_broadcast *sl_broadcasts_open(struct sl_broadcasts *broadcasts, const char *name)
{
    return open_one(broadcasts, name, name, NULL);
}

struct sl_broadcast *sl_broadcasts_open_level(struct sl_broadcasts *broadcasts, const char *source,
                                              const struct sl_hls_profile *profile)
{
    char name[SL_STREAM_NAME_MAX + 1];

    return sl_hls_level_name(source, profile, name) ? open_one(broadcasts, name, source, profile)
                                                    : NULL;
}

/* What a stream is shown in, opened. NULL: there is no room. */
static struct sl_broadcast *open_of(struct sl_broadcasts *broadcasts, const char *source,
                                    const struct sl_hls_profile *profile)
{
    struct sl_broadcast *broadcast = profile ? sl_broadcasts_open_level(broadcasts, source, profile)
                                             : sl_broadcasts_open(broadcasts, source);

    if (broadcast && broadcast->state == IDLE) {
        broadcast->joined = profile != NULL;
        broadcast->joined_height = height_of(broadcasts, source);
    }
    return broadcast;
}

static void begin(struct sl_broadcast *broadcast, const struct sl_broadcast_viewer *viewer)
{
    if (viewer)
        sl_broadcast_want(broadcast, viewer);
    else
        sl_broadcast_start(broadcast);
}

/* As sl_broadcasts_begin(). */
static bool begin_each(struct sl_broadcasts *broadcasts, const char *source,
                       void (*fn)(struct sl_broadcast *broadcast,
                                  const struct sl_broadcast_viewer *viewer),
                       const struct sl_broadcast_viewer *viewer)
{
    const struct sl_hls_profile *profiles[SL_HLS_PROFILES_MAX] = {NULL};
    size_t count = sl_broadcasts_levels(broadcasts, source, profiles);
    bool complete = true;

    for (size_t i = 0; i < (count > 0 ? count : 1); i++) {
        struct sl_broadcast *broadcast = open_of(broadcasts, source, profiles[i]);
        if (broadcast)
            fn(broadcast, viewer);
        else
            complete = false;
    }
    return complete;
}

bool sl_broadcasts_begin(struct sl_broadcasts *broadcasts, const char *source,
                         const struct sl_broadcast_viewer *viewer)
{
    return begin_each(broadcasts, source, begin, viewer);
}

/* Its stream's size has become known, or it has grown. */
static void join_others(struct sl_broadcast *broadcast)
{
    struct sl_broadcasts *broadcasts = broadcast->broadcasts;
    const struct sl_hls_profile *profiles[SL_HLS_PROFILES_MAX];
    size_t count = sl_broadcasts_levels(broadcasts, broadcast->source, profiles);
    char name[SL_STREAM_NAME_MAX + 1];

    for (size_t i = 0; i < count; i++) {
        if (!sl_hls_level_name(broadcast->source, profiles[i], name) ||
            sl_broadcasts_find(broadcasts, name))
            continue;
        struct sl_broadcast *other = open_of(broadcasts, broadcast->source, profiles[i]);
        if (other)
            begin(other, broadcast->viewer.remote.port > 0 ? &broadcast->viewer : NULL);
    }
}

static void check_joined(struct sl_broadcast *broadcast)
{
    uint16_t height = height_of(broadcast->broadcasts, broadcast->source);

    if (sl_broadcast_has_list(broadcast)) {
        broadcast->joined = false;
    } else if (height > broadcast->joined_height) {
        broadcast->joined_height = height;
        join_others(broadcast);
    }
}

void sl_broadcasts_forget(struct sl_broadcasts *broadcasts, const char *name)
{
    struct sl_broadcast *broadcast = sl_broadcasts_find(broadcasts, name);

    if (broadcast && broadcast->state == IDLE && sl_list_empty(&broadcast->waiting))
        sl_broadcast_remove(broadcast, NOT_FOUND, "nobody may see it");
}

/* ---- Streams that come ---- */

/* The stream that one of them was of is there again; or another, in its place. */
static void welcome_back(struct sl_broadcast *broadcast)
{
    if (broadcast->state == OVER || broadcast->state == REFUSED)
        sl_broadcast_remove(broadcast, NOT_FOUND, "its stream is another one now");
    else if (broadcast->state == PAUSED)
        sl_broadcast_start_later(broadcast);
}

static void begin_by_itself(struct sl_broadcast *broadcast,
                            const struct sl_broadcast_viewer *viewer)
{
    (void)viewer;
    sl_broadcast_start_later(broadcast);
}

/* Whoever makes it live may be on the way through the gate itself: that waits for a turn. */
static void on_live(struct sl_streams_listener *listener, struct sl_stream *stream)
{
    struct sl_broadcasts *broadcasts = sl_container_of(listener, struct sl_broadcasts, listener);
    struct sl_broadcast *broadcast;

    sl_list_foreach(broadcast, &broadcasts->all, struct sl_broadcast, link)
    {
        if (strcmp(broadcast->source, sl_stream_name(stream)) == 0)
            welcome_back(broadcast);
    }
    if (broadcasts->config.config->hls_auto_start && sl_stream_is_of_this_server(stream))
        (void)begin_each(broadcasts, sl_stream_name(stream), begin_by_itself, NULL);
}

/* ---- Time ---- */

static void on_tick(void *owner)
{
    struct sl_broadcasts *broadcasts = owner;
    struct sl_broadcast *broadcast;
    int64_t now_us = sl_now_us();

    sl_list_foreach(broadcast, &broadcasts->all, struct sl_broadcast, link)
        sl_broadcast_check(broadcast, now_us);
    sl_list_foreach(broadcast, &broadcasts->all, struct sl_broadcast, link)
    {
        if (broadcast->joined)
            check_joined(broadcast);
    }
}

/* ---- All of them ---- */

static void on_stopped(struct sl_later *later)
{
    struct sl_broadcasts *broadcasts = sl_container_of(later, struct sl_broadcasts, stopped);

    broadcasts->on_stopped(broadcasts->on_stopped_owner);
}

static void check_stopped(struct sl_broadcasts *broadcasts)
{
    if (broadcasts->stopping && sl_list_empty(&broadcasts->removed))
        sl_loop_later(broadcasts->config.loop, &broadcasts->stopped);
}

struct sl_broadcasts *sl_broadcasts_create(const struct sl_broadcasts_config *config)
{
    struct sl_broadcasts *broadcasts = sl_new(struct sl_broadcasts);

    broadcasts->config = *config;
    sl_table_init(&broadcasts->by_name);
    sl_list_init(&broadcasts->all);
    sl_list_init(&broadcasts->removed);
    broadcasts->timer = sl_timer_create(config->loop, on_tick, broadcasts);
    broadcasts->stopped.run = on_stopped;
    broadcasts->on_gone = check_stopped;
    broadcasts->listener.on_live = on_live;
    sl_streams_listen(config->streams, &broadcasts->listener);
    return broadcasts;
}

static void remove_all(struct sl_broadcasts *broadcasts)
{
    struct sl_broadcast *broadcast;

    sl_list_foreach(broadcast, &broadcasts->all, struct sl_broadcast, link)
        sl_broadcast_remove(broadcast, UNAVAILABLE, "the server ends");
}

void sl_broadcasts_stop(struct sl_broadcasts *broadcasts, void (*fn)(void *owner), void *owner)
{
    broadcasts->stopping = true;
    broadcasts->on_stopped = fn;
    broadcasts->on_stopped_owner = owner;
    sl_streams_unlisten(&broadcasts->listener);
    remove_all(broadcasts);
    check_stopped(broadcasts);
}

void sl_broadcasts_destroy(struct sl_broadcasts *broadcasts)
{
    if (!broadcasts)
        return;
    sl_streams_unlisten(&broadcasts->listener);
    remove_all(broadcasts); /* of a server that never ran: none of them has begun */
    assert(sl_list_empty(&broadcasts->removed));
    sl_later_cancel(&broadcasts->stopped);
    sl_timer_destroy(broadcasts->timer);
    sl_table_deinit(&broadcasts->by_name);
    free(broadcasts);
}

size_t sl_broadcasts_count(const struct sl_broadcasts *broadcasts)
{
    return broadcasts->by_name.count;
}

size_t sl_broadcasts_bytes(const struct sl_broadcasts *broadcasts)
{
    return broadcasts->bytes;
}

void sl_broadcasts_each(struct sl_broadcasts *broadcasts,
                        void (*fn)(struct sl_broadcast *broadcast, void *arg), void *arg)
{
    struct sl_broadcast *broadcast;

    sl_list_foreach(broadcast, &broadcasts->all, struct sl_broadcast, link) fn(broadcast, arg);
}
