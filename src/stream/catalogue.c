/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Streams by their ids, and who takes them, on the control loop. */
#include "stream/internal.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* ---- Ids ---- */

int sl_catalogue_init(struct sl_stream *stream, const struct sl_publisher *publisher)
{
    const char *id = publisher->id ? publisher->id : "";

    if (strnlen(id, sizeof(stream->id)) == sizeof(stream->id))
        return -EINVAL;
    stream->publisher = *publisher;
    memcpy(stream->id, id, strlen(id) + 1);
    stream->publisher.id = stream->id;
    sl_list_init(&stream->takers);
    return 0;
}

static bool has_id(const struct sl_table_node *node, const void *key)
{
    return strcmp(sl_container_of_const(node, struct sl_stream, by_id)->id, key) == 0;
}

struct sl_stream *sl_catalogue_find(const struct sl_table *ids, const char *id)
{
    struct sl_table_node *node = sl_table_find(ids, sl_hash_text(id), has_id, id);

    return node ? sl_container_of(node, struct sl_stream, by_id) : NULL;
}

void sl_catalogue_add(struct sl_table *ids, struct sl_stream *stream)
{
    if (stream->id[0])
        sl_table_insert(ids, &stream->by_id, sl_hash_text(stream->id));
}

void sl_catalogue_remove(struct sl_table *ids, struct sl_stream *stream)
{
    struct sl_taker *taker;

    sl_table_remove(ids, &stream->by_id);
    while ((taker = sl_list_first(&stream->takers, struct sl_taker, link)))
        sl_taker_detach(taker);
}

/* ---- Who takes it ---- */

void sl_taker_attach(struct sl_taker *taker, struct sl_stream *stream)
{
    SL_ASSERT_ON(stream->control);
    if (stream->of)
        stream = stream->of; /* limits and lists see one stream */
    assert(!taker->stream && !stream->ended);
    taker->stream = stream;
    taker->since_ms = sl_wall_ms();
    sl_list_append(&stream->takers, &taker->link);
    stream->taker_count[taker->kind]++;
}

void sl_taker_detach(struct sl_taker *taker)
{
    if (!taker->stream)
        return;
    SL_ASSERT_ON(taker->stream->control);
    taker->stream->taker_count[taker->kind]--;
    taker->stream = NULL;
    sl_list_remove(&taker->link);
}

size_t sl_stream_takers(const struct sl_stream *stream, enum sl_taker_kind kind)
{
    SL_ASSERT_ON(stream->control);
    return stream->taker_count[kind];
}

void sl_stream_each_taker(const struct sl_stream *stream,
                          void (*fn)(const struct sl_taker *taker, void *arg), void *arg)
{
    const struct sl_list *link;

    SL_ASSERT_ON(stream->control);
    for (link = stream->takers.next; link != &stream->takers; link = link->next)
        fn(sl_container_of_const(link, struct sl_taker, link), arg);
}
