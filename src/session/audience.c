/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who watches what: for each stream its publication, if it is one of ours, and its players. */
#include "session/audience.h"
#include "session/internal.h"

static uint64_t hash_stream(const struct sl_stream *stream)
{
    uintptr_t key = (uintptr_t)stream;

    return sl_hash(&key, sizeof(key));
}

static bool is_of_stream(const struct sl_table_node *node, const void *key)
{
    return sl_container_of_const(node, struct audience, node)->stream == key;
}

struct audience *sl_audience_find(const struct sl_sessions *sessions,
                                  const struct sl_stream *stream)
{
    struct sl_table_node *node =
        sl_table_find(&sessions->audiences, hash_stream(stream), is_of_stream, stream);

    return node ? sl_container_of(node, struct audience, node) : NULL;
}

void sl_audience_join(struct sl_media_session *media, struct sl_stream *stream)
{
    struct audience *audience = sl_audience_find(media->sessions, stream);

    if (!audience) {
        audience = sl_new(struct audience);
        audience->stream = stream;
        sl_list_init(&audience->players);
        sl_table_insert(&media->sessions->audiences, &audience->node, hash_stream(stream));
    }
    media->audience = audience;
    if (media->publish) {
        audience->publication = media;
        return;
    }
    sl_list_append(&audience->players, &media->in_audience);
    media->taker = (struct sl_taker){
        .kind = SL_TAKER_VIEWER, .protocol = media->provider->protocol, .id = media->id};
    sl_taker_attach(&media->taker, stream);
}

void sl_audience_leave(struct sl_media_session *media)
{
    struct audience *audience = media->audience;

    if (!audience)
        return;
    media->audience = NULL;
    if (media->publish)
        audience->publication = NULL;
    sl_list_remove(&media->in_audience);
    sl_taker_detach(&media->taker);
    if (audience->publication || !sl_list_empty(&audience->players))
        return;
    sl_table_remove(&media->sessions->audiences, &audience->node);
    free(audience);
}
