/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which streams there are: their names, their beginnings and ends, on the control loop. */
#include "stream/internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

struct sl_streams {
    struct sl_workers *workers;
    struct sl_loop *control;
    struct sl_table names;
    struct sl_table ids;
    struct sl_list all; /* also those that are over and not yet freed */
    struct sl_table reservations;
    struct sl_list listeners;
};

struct sl_reservation {
    struct sl_table_node node; /* in streams->reservations */
    struct sl_streams *streams;
    char name[SL_STREAM_NAME_MAX + 1];
};

struct sl_streams *sl_streams_create(struct sl_workers *workers, struct sl_loop *control)
{
    struct sl_streams *streams = sl_new(struct sl_streams);

    SL_ASSERT_ON(control);
    streams->workers = workers;
    streams->control = control;
    sl_table_init(&streams->names);
    sl_table_init(&streams->ids);
    sl_list_init(&streams->all);
    sl_table_init(&streams->reservations);
    sl_list_init(&streams->listeners);
    return streams;
}

void sl_streams_destroy(struct sl_streams *streams)
{
    if (!streams)
        return;
    SL_ASSERT_ON(streams->control);
    if (!sl_list_empty(&streams->all))
        sl_log(SL_LOG_ERROR, NULL, "stream: some streams were not let go of at the end");
    if (streams->reservations.count > 0)
        sl_log(SL_LOG_ERROR, NULL, "stream: some names were not let go of at the end");
    sl_table_deinit(&streams->reservations);
    sl_table_deinit(&streams->names);
    sl_table_deinit(&streams->ids);
    free(streams);
}

size_t sl_streams_count(const struct sl_streams *streams)
{
    SL_ASSERT_ON(streams->control);
    return streams->names.count;
}

bool sl_streams_drained(const struct sl_streams *streams)
{
    SL_ASSERT_ON(streams->control);
    return sl_list_empty(&streams->all);
}

static bool has_own_name(const struct sl_stream *stream)
{
    return stream->name[0] != '\0';
}

static bool has_name(const struct sl_table_node *node, const void *key)
{
    const struct sl_stream *stream = sl_container_of_const(node, struct sl_stream, node);

    return strcmp(stream->name, key) == 0;
}

static struct sl_stream *find_any(const struct sl_streams *streams, const char *name)
{
    struct sl_table_node *node = sl_table_find(&streams->names, sl_hash_text(name), has_name, name);

    return node ? sl_container_of(node, struct sl_stream, node) : NULL;
}

struct sl_stream *sl_streams_find(struct sl_streams *streams, const char *name)
{
    SL_ASSERT_ON(streams->control);
    struct sl_stream *stream = find_any(streams, name);

    return stream && (stream->live || !stream->unlisted_until_live) ? stream : NULL;
}

static bool is_listed(const struct sl_stream *stream)
{
    bool taken = stream->taker_count[SL_TAKER_VIEWER] + stream->taker_count[SL_TAKER_OUTPUT] > 0;

    return !stream->ended && has_own_name(stream) && (taken || !stream->unlisted_while_untaken);
}

void sl_streams_each(struct sl_streams *streams, void (*fn)(struct sl_stream *stream, void *arg),
                     void *arg)
{
    SL_ASSERT_ON(streams->control);
    struct sl_stream *stream;

    sl_list_foreach(stream, &streams->all, struct sl_stream, link)
    {
        if (is_listed(stream))
            fn(stream, arg);
    }
}

struct sl_stream *sl_streams_find_id(struct sl_streams *streams, const char *id)
{
    SL_ASSERT_ON(streams->control);
    return sl_catalogue_find(&streams->ids, id);
}

/* ---- Names to come ---- */

bool sl_stream_name_is_valid(const char *name)
{
    size_t len = strnlen(name, SL_STREAM_NAME_MAX + 1);

    return len > 0 && len <= SL_STREAM_NAME_MAX && !sl_text_has_controls(name);
}

static bool is_reserved_as(const struct sl_table_node *node, const void *key)
{
    const struct sl_reservation *reservation =
        sl_container_of_const(node, struct sl_reservation, node);

    return strcmp(reservation->name, key) == 0;
}

static const struct sl_reservation *find_reservation(const struct sl_streams *streams,
                                                     const char *name)
{
    const struct sl_table_node *node =
        sl_table_find(&streams->reservations, sl_hash_text(name), is_reserved_as, name);

    return node ? sl_container_of_const(node, struct sl_reservation, node) : NULL;
}

int sl_streams_reserve(struct sl_streams *streams, const char *name, struct sl_reservation **out)
{
    SL_ASSERT_ON(streams->control);
    if (!sl_stream_name_is_valid(name))
        return -EINVAL;
    if (find_any(streams, name) || find_reservation(streams, name))
        return -EEXIST;
    struct sl_reservation *reservation = sl_new(struct sl_reservation);
    reservation->streams = streams;
    memcpy(reservation->name, name, strlen(name) + 1);
    sl_table_insert(&streams->reservations, &reservation->node, sl_hash_text(name));
    *out = reservation;
    return 0;
}

void sl_reservation_release(struct sl_reservation *reservation)
{
    struct sl_streams_listener *listener;

    if (!reservation)
        return;
    SL_ASSERT_ON(reservation->streams->control);
    sl_table_remove(&reservation->streams->reservations, &reservation->node);
    sl_list_foreach(listener, &reservation->streams->listeners, struct sl_streams_listener, link)
    {
        if (listener->on_unreserved)
            listener->on_unreserved(listener, reservation->name);
    }
    free(reservation);
}

bool sl_streams_is_reserved(const struct sl_streams *streams, const char *name)
{
    SL_ASSERT_ON(streams->control);
    return find_reservation(streams, name) != NULL;
}

void sl_streams_listen(struct sl_streams *streams, struct sl_streams_listener *listener)
{
    SL_ASSERT_ON(streams->control);
    sl_list_append(&streams->listeners, &listener->link);
}

void sl_streams_unlisten(struct sl_streams_listener *listener)
{
    sl_list_remove(&listener->link);
}

/* ---- Life ---- */

static void on_home_end(struct sl_msg *msg) /* on the home worker */
{
    struct sl_stream *stream = sl_container_of(msg, struct sl_stream, end_msg);

    for (size_t i = 0; i < TRACKS_PER_STREAM; i++) {
        if (stream->tracks[i])
            sl_track_end(stream->tracks[i]);
    }
    sl_loop_post(stream->control, &stream->ended_msg);
}

static void on_home_ended(struct sl_msg *msg) /* on the control loop */
{
    struct sl_stream *stream = sl_container_of(msg, struct sl_stream, ended_msg);

    stream->draining--;
    sl_stream_check_free(stream);
}

static void on_free(struct sl_msg *msg) /* on the home worker: the last message about the stream */
{
    struct sl_stream *stream = sl_container_of(msg, struct sl_stream, free_msg);

    for (size_t i = 0; i < TRACKS_PER_STREAM; i++)
        sl_track_free(stream->tracks[i]);
    free(stream);
}

/* One that nobody has seen yet. */
static void discard(struct sl_stream *stream)
{
    sl_stream_unreserve(stream);
    for (size_t i = 0; i < TRACKS_PER_STREAM; i++)
        sl_track_free(stream->tracks[i]);
    free(stream);
}

static int check_name(const struct sl_streams *streams, const struct sl_stream_config *config)
{
    if (!config->name)
        return config->of && config->of->ended ? -EPIPE : 0;
    assert(!config->of);
    if (!sl_stream_name_is_valid(config->name))
        return -EINVAL;
    if (find_any(streams, config->name) ||
        find_reservation(streams, config->name) != config->reservation)
        return -EEXIST;
    return 0;
}

/* From now on it is seen, or ends with what it is made from. */
static void enter(struct sl_stream *stream, const struct sl_stream_config *config)
{
    struct sl_streams *streams = stream->streams;

    if (config->name) {
        memcpy(stream->name, config->name, strlen(config->name) + 1);
        sl_table_insert(&streams->names, &stream->node, sl_hash_text(stream->name));
        sl_catalogue_add(&streams->ids, stream);
    }
    if (config->of) {
        stream->of = config->of->of ? config->of->of : config->of;
        stream->is_layer = config->is_layer;
        stream->of->draining++;
        sl_list_append(&stream->of->made, &stream->sibling);
    }
    sl_list_append(&streams->all, &stream->link);
}

int sl_stream_create(struct sl_streams *streams, const struct sl_stream_config *config,
                     struct sl_stream **out)
{
    SL_ASSERT_ON(streams->control);
    int err = check_name(streams, config);

    if (err < 0)
        return err;
    struct sl_stream *stream = sl_new(struct sl_stream);
    stream->streams = streams;
    stream->control = streams->control;
    stream->worker = config->worker;
    stream->ops = config->ops;
    stream->unlisted_until_live = config->unlisted_until_live;
    stream->unlisted_while_untaken = config->unlisted_while_untaken;
    stream->draining = 1;
    stream->end_msg.run = on_home_end;
    stream->ended_msg.run = on_home_ended;
    stream->free_msg.run = on_free;
    sl_list_init(&stream->listeners);
    if (sl_catalogue_init(stream, &config->publisher) < 0) {
        free(stream);
        return -EINVAL;
    }
    sl_list_init(&stream->made);
    for (size_t i = 0; i < TRACKS_PER_STREAM; i++) {
        if (!config->tracks[i].present)
            continue;
        if (config->worker->ring_reserved + RING_MIN >
            config->worker->config->packets_max / 4 * 3) {
            discard(stream);
            return -ENOBUFS;
        }
        stream->tracks[i] = sl_track_create(stream, (enum sl_media_kind)i, config);
    }
    enter(stream, config);
    *out = stream;
    return 0;
}

void sl_stream_set_live(struct sl_stream *stream)
{
    SL_ASSERT_ON(stream->control);
    struct sl_streams_listener *listener;

    if (stream->live || stream->ended)
        return;
    stream->live = true;
    stream->live_since_ms = sl_wall_ms();
    if (!has_own_name(stream))
        return;
    sl_list_foreach(listener, &stream->streams->listeners, struct sl_streams_listener, link)
        listener->on_live(listener, stream);
}

void sl_stream_end(struct sl_stream *stream)
{
    SL_ASSERT_ON(stream->control);
    struct sl_stream_listener *listener;
    struct sl_stream *made;

    if (stream->ended)
        return;
    stream->ended = true;
    stream->live = false;
    if (has_own_name(stream))
        sl_table_remove(&stream->streams->names, &stream->node);
    sl_catalogue_remove(&stream->streams->ids, stream);
    sl_list_remove(&stream->sibling);
    sl_loop_post(stream->worker->loop, &stream->end_msg);
    /* A listener may take others out as it ends: always the first of those left. */
    while ((listener = sl_list_first(&stream->listeners, struct sl_stream_listener, link))) {
        sl_list_remove(&listener->link);
        if (listener->on_end)
            listener->on_end(listener);
    }
    while ((made = sl_list_first(&stream->made, struct sl_stream, sibling)))
        sl_stream_end(made);
}

void sl_stream_release(struct sl_stream *stream)
{
    if (!stream)
        return;
    sl_stream_end(stream);
    stream->released = true;
    sl_stream_check_free(stream);
}
