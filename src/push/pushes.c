/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All pushes: finding them, their common rules, their common end. */
#include "push/internal.h"

#include "base/config.h"
#include "base/mem.h"
#include "net/net.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>


static void on_live(struct sl_streams_listener *listener, struct sl_stream *stream)
{
    struct sl_pushes *pushes = sl_container_of(listener, struct sl_pushes, listener);
    struct sl_push *push;

    sl_list_foreach(push, &pushes->pushes, struct sl_push, link)
    {
        if (strcmp(push->stream_name, sl_stream_name(stream)) == 0)
            sl_push_on_live(push, stream);
    }
}

static void on_unreserved(struct sl_streams_listener *listener, const char *name)
{
    struct sl_pushes *pushes = sl_container_of(listener, struct sl_pushes, listener);
    struct sl_push *push;

    sl_list_foreach(push, &pushes->pushes, struct sl_push, link)
    {
        if (push->state == SL_PUSH_WAITING && !push->stream && strcmp(push->stream_name, name) == 0)
            sl_push_end(push, "the name is not reserved any more");
    }
}

struct sl_pushes *sl_pushes_create(const struct sl_pushes_config *config)
{
    struct sl_pushes *pushes = sl_new(struct sl_pushes);

    pushes->config = *config;
    sl_list_init(&pushes->pushes);
    sl_list_init(&pushes->starts);
    sl_list_init(&pushes->attempts);
    pushes->channels = sl_channels_create(config->programs, config->jobs, config->loop);
    pushes->listener.on_live = on_live;
    pushes->listener.on_unreserved = on_unreserved;
    sl_streams_listen(config->streams, &pushes->listener);
    return pushes;
}

static bool has_stopped(const struct sl_pushes *pushes)
{
    return pushes->on_stopped && sl_list_empty(&pushes->pushes) && sl_list_empty(&pushes->attempts);
}

static void on_stopped_later(struct sl_later *later)
{
    struct sl_pushes *pushes = sl_container_of(later, struct sl_pushes, stopped);
    void (*on_stopped)(void *) = pushes->on_stopped;

    pushes->on_stopped = NULL;
    sl_channels_stop(pushes->channels, on_stopped, pushes->on_stopped_owner);
}

void sl_pushes_check_stopped(struct sl_pushes *pushes)
{
    pushes->stopped.run = on_stopped_later;
    if (has_stopped(pushes)) /* and no more can come */
        sl_loop_later(pushes->config.loop, &pushes->stopped);
}

void sl_pushes_stop(struct sl_pushes *pushes, void (*on_stopped)(void *owner), void *owner)
{
    struct sl_push *push;

    pushes->stopping = true;
    sl_start_cancel_all(pushes);
    while ((push = sl_list_first(&pushes->pushes, struct sl_push, link)))
        sl_push_end(push, "the server stops");
    pushes->on_stopped = on_stopped;
    pushes->on_stopped_owner = owner;
    sl_pushes_check_stopped(pushes);
}

void sl_pushes_destroy(struct sl_pushes *pushes)
{
    if (!pushes)
        return;
    sl_later_cancel(&pushes->stopped);
    sl_starts_drop(pushes);
    sl_streams_unlisten(&pushes->listener);
    sl_channels_destroy(pushes->channels);
    free(pushes);
}

struct sl_push *sl_pushes_find(struct sl_pushes *pushes, const char *media_session_id)
{
    struct sl_push *push;

    sl_list_foreach(push, &pushes->pushes, struct sl_push, link)
    {
        if (strcmp(push->id, media_session_id) == 0)
            return push;
    }
    return NULL;
}

size_t sl_pushes_count(const struct sl_pushes *pushes)
{
    return pushes->count;
}

size_t sl_pushes_each(struct sl_pushes *pushes, const char *stream, const char *rtmp_url,
                      void (*fn)(struct sl_push *push, void *arg), void *arg)
{
    struct sl_push *push;
    size_t count = 0;

    sl_list_foreach(push, &pushes->pushes, struct sl_push, link)
    {
        if (stream && strcmp(push->stream_name, stream) != 0 &&
            strcmp(push->target.publish, stream) != 0)
            continue;
        if (rtmp_url && strcmp(push->rtmp_url, rtmp_url) != 0)
            continue;
        count++;
        fn(push, arg);
    }
    return count;
}

struct sl_push *sl_pushes_find_conflict(struct sl_pushes *pushes, const char *stream,
                                        const char *named, const char *rtmp_url)
{
    struct sl_push *push;

    sl_list_foreach(push, &pushes->pushes, struct sl_push, link)
    {
        if (strcmp(push->stream_name, stream) == 0 && strcmp(push->named, named) == 0 &&
            strcmp(push->rtmp_url, rtmp_url) == 0)
            return push;
    }
    return NULL;
}

int sl_pushes_check_addresses(const struct sl_pushes *pushes, enum sl_push_origin origin,
                              const char *host, const struct sl_addr *addrs, size_t count,
                              struct sl_error *error)
{
    struct sl_reach reach = {
        .who = origin == SL_PUSH_BY_CLIENT ? SL_REACH_CLIENT : SL_REACH_OPERATOR,
        .allow = &pushes->config.config->client_push_allow,
        .host = host,
    };
    const struct sl_addr *refused = sl_reach_find_refused(&reach, addrs, count);
    char text[SL_ADDR_TEXT_MAX];

    return refused ? sl_error_set(error, -EACCES, "rtmpUrl: %s is not a public address",
                                  sl_addr_format_ip(refused, text))
                   : 0;
}

int sl_pushes_check_redirect(const struct sl_push *push, const struct sl_addr *addrs, size_t count,
                             struct sl_error *error)
{
    struct sl_reach reach = {
        .who = push->origin == SL_PUSH_BY_CLIENT ? SL_REACH_CLIENTS_REDIRECT
                                                 : SL_REACH_OPERATORS_REDIRECT,
        .allow = &push->pushes->config.config->client_push_allow,
        .host = push->away.host,
        .from = push->addrs,
        .from_count = push->addr_count,
    };
    const struct sl_addr *refused = sl_reach_find_refused(&reach, addrs, count);
    char text[SL_ADDR_TEXT_MAX];

    return refused ? sl_error_set(error, -EACCES,
                                  "the server redirects to %s, which is not a public address",
                                  sl_addr_format_ip(refused, text))
                   : 0;
}
