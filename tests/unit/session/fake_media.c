/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Streams without media, and peers that are what the test says they are. */
#include "base/addr.h"
#include "base/clock.h"
#include "fake.h"
#include "stream/internal.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- Workers: one ---- */

static char the_worker;

size_t sl_workers_count(const struct sl_workers *workers)
{
    (void)workers;
    return 1;
}

struct sl_worker *sl_workers_pick_source(struct sl_workers *workers)
{
    (void)workers;
    return (struct sl_worker *)(void *)&the_worker;
}

struct sl_worker *sl_workers_pick_sink(struct sl_workers *workers, struct sl_worker *home)
{
    (void)workers;
    return home;
}

/* ---- Streams ---- */

/* Of the core's own shape, as far as the catalogue goes, which is the core's own too. */
static struct sl_list streams = {&streams, &streams};
static struct sl_table ids;

struct sl_stream *sl_streams_find(struct sl_streams *registry, const char *name)
{
    struct sl_stream *stream;

    (void)registry;
    sl_list_foreach(stream, &streams, struct sl_stream, link)
    {
        if (!stream->ended && strcmp(stream->name, name) == 0)
            return stream;
    }
    return NULL;
}

int sl_stream_create(struct sl_streams *registry, const struct sl_stream_config *config,
                     struct sl_stream **out)
{
    if (config->name && strlen(config->name) > SL_STREAM_NAME_MAX)
        return -EINVAL;
    if (config->name && sl_streams_find(registry, config->name))
        return -EEXIST;
    struct sl_stream *stream = sl_new(struct sl_stream);
    if (sl_list_empty(&streams))
        sl_table_init(&ids);
    if (sl_catalogue_init(stream, &config->publisher) < 0) {
        free(stream);
        return -EINVAL;
    }
    (void)snprintf(stream->name, sizeof(stream->name), "%s", config->name ? config->name : "");
    stream->worker = config->worker;
    stream->ops = config->ops;
    for (size_t i = 0; i < 2; i++) {
        if (!config->tracks[i].present)
            continue;
        stream->tracks[i] = sl_new(struct sl_track);
        stream->tracks[i]->kind = (enum sl_media_kind)i;
        stream->tracks[i]->config = config->tracks[i];
    }
    sl_list_init(&stream->listeners);
    sl_catalogue_add(&ids, stream);
    sl_list_append(&streams, &stream->link);
    *out = stream;
    return 0;
}

void sl_stream_set_live(struct sl_stream *stream)
{
    stream->live = true;
    stream->live_since_ms = sl_wall_ms();
}

int64_t sl_stream_live_since_ms(const struct sl_stream *stream)
{
    return stream->live_since_ms;
}

const char *sl_stream_name(const struct sl_stream *stream)
{
    return stream->name;
}

const char *sl_stream_protocol(const struct sl_stream *stream)
{
    return stream->ops->protocol;
}

struct sl_stream *sl_streams_find_id(struct sl_streams *registry, const char *id)
{
    (void)registry;
    return sl_catalogue_find(&ids, id);
}

void sl_streams_each(struct sl_streams *registry, void (*fn)(struct sl_stream *stream, void *arg),
                     void *arg)
{
    struct sl_stream *stream;

    (void)registry;
    sl_list_foreach(stream, &streams, struct sl_stream, link)
    {
        if (!stream->ended && stream->name[0])
            fn(stream, arg);
    }
}

bool sl_stream_is_reordered(const struct sl_stream *stream)
{
    return stream->reordered;
}

bool sl_stream_is_live(const struct sl_stream *stream)
{
    return stream->live;
}

struct sl_worker *sl_stream_worker(struct sl_stream *stream)
{
    return stream->worker;
}

struct sl_track *sl_stream_track(struct sl_stream *stream, enum sl_media_kind kind)
{
    return stream->tracks[kind];
}

const struct sl_track_config *sl_track_codecs(const struct sl_track *track)
{
    return &track->config;
}

enum sl_codec sl_track_codec(const struct sl_track *track)
{
    return track->codec ? track->codec : track->config.codecs[0].codec;
}

enum sl_codec sl_stream_codec(struct sl_stream *stream, enum sl_media_kind kind)
{
    return stream->tracks[kind] ? sl_track_codec(stream->tracks[kind]) : SL_CODEC_NONE;
}

void sl_stream_size(const struct sl_stream *stream, uint16_t *width, uint16_t *height)
{
    *width = stream->width;
    *height = stream->height;
}

void sl_stream_set_muted(struct sl_stream *stream, enum sl_media_kind kind, bool muted)
{
    stream->muted[kind] = muted;
}

bool sl_stream_is_muted(const struct sl_stream *stream, enum sl_media_kind kind)
{
    return stream->muted[kind];
}

void sl_stream_listen(struct sl_stream *stream, struct sl_stream_listener *listener)
{
    sl_list_append(&stream->listeners, &listener->link);
}

void sl_stream_unlisten(struct sl_stream_listener *listener)
{
    sl_list_remove(&listener->link);
}

void sl_stream_end(struct sl_stream *stream)
{
    struct sl_stream_listener *listener;

    if (stream->ended)
        return;
    stream->ended = true;
    stream->live = false;
    sl_catalogue_remove(&ids, stream);
    while ((listener = sl_list_first(&stream->listeners, struct sl_stream_listener, link))) {
        sl_list_remove(&listener->link);
        if (listener->on_end)
            listener->on_end(listener);
    }
}

void sl_stream_release(struct sl_stream *stream)
{
    sl_stream_end(stream);
    sl_list_remove(&stream->link);
    for (size_t i = 0; i < 2; i++)
        free(stream->tracks[i]);
    free(stream);
    if (sl_list_empty(&streams))
        sl_table_deinit(&ids);
}

static struct sl_stream_layer all_layers[SL_STREAM_LAYERS_MAX];
static size_t layer_count;

void fake_stream_layers(const struct sl_stream_layer *layers, size_t count)
{
    layer_count = count;
    for (size_t i = 0; i < count; i++)
        all_layers[i] = layers[i];
}

size_t sl_stream_layers(const struct sl_stream *stream,
                        struct sl_stream_layer out[static SL_STREAM_LAYERS_MAX])
{
    (void)stream;
    memcpy(out, all_layers, sizeof(all_layers));
    return layer_count;
}

void fake_stream_size(const char *name, uint16_t width, uint16_t height)
{
    fake_stream_object_size(sl_streams_find(NULL, name), width, height);
}

void fake_stream_object_size(struct sl_stream *stream, uint16_t width, uint16_t height)
{
    struct sl_stream_listener *listener;

    if (!stream)
        abort();
    stream->width = width;
    stream->height = height;
    sl_list_foreach(listener, &stream->listeners, struct sl_stream_listener,
                    link) if (listener->on_size) listener->on_size(listener, width, height);
}

void fake_stream_reordered(const char *name)
{
    struct sl_stream *stream = sl_streams_find(NULL, name);

    if (!stream)
        abort();
    struct sl_list *at = stream->listeners.next;
    stream->reordered = true;
    while (at != &stream->listeners) {
        struct sl_stream_listener *listener = sl_container_of(at, struct sl_stream_listener, link);
        at = at->next;
        if (listener->on_reordered)
            listener->on_reordered(listener);
    }
}

void fake_stream_codec(const char *name, enum sl_codec codec)
{
    struct sl_stream *stream = sl_streams_find(NULL, name);
    enum sl_media_kind kind = sl_codec_kind(codec);

    if (!stream || !stream->tracks[kind])
        abort();
    struct sl_list *at = stream->listeners.next;
    stream->tracks[kind]->codec = codec;
    while (at != &stream->listeners) {
        struct sl_stream_listener *listener = sl_container_of(at, struct sl_stream_listener, link);
        at = at->next;
        if (listener->on_codec)
            listener->on_codec(listener, kind);
    }
}

struct sl_streams *fake_streams(void)
{
    return (struct sl_streams *)(void *)&streams;
}

struct sl_stream *fake_stream_add(const char *name, const struct sl_source_ops *ops,
                                  const struct sl_publisher *publisher)
{
    struct sl_stream_config config = {
        .name = name,
        .publisher = *publisher,
        .worker = (struct sl_worker *)(void *)&the_worker,
        .ops = ops,
        .tracks = {{.present = true, .codec_count = 1, .codecs = {{SL_CODEC_OPUS, ""}}},
                   {.present = true, .codec_count = 1, .codecs = {{SL_CODEC_H264, ""}}}},
    };
    struct sl_stream *stream = NULL;

    if (sl_stream_create(NULL, &config, &stream) < 0)
        abort();
    sl_stream_set_live(stream);
    return stream;
}

static size_t list_len(const struct sl_list *head)
{
    size_t count = 0;

    for (const struct sl_list *link = head->next; link != head; link = link->next)
        count++;
    return count;
}

size_t fake_stream_object_count(void)
{
    return list_len(&streams);
}

/* ---- Peers ---- */

struct sl_peer {
    struct sl_list link;
    struct sl_peer_config config;
    struct sl_negotiation negotiation;
    char cname[512];
    struct sl_flow_stats stats;
    uint64_t wanted_bps; /* of what the moved one stands in for */
    bool started, closed;
    struct sl_track *moved;
};

static struct sl_list peers = {&peers, &peers};
static size_t candidate_counts[SL_MEDIA_TRANSPORTS_MAX] = {1, 1};

const struct sl_source_ops sl_peer_source_ops = {.protocol = "webrtc"};
const struct sl_source_ops sl_peer_layer_ops = {.protocol = "webrtc"};

void fake_set_candidates(size_t transport, size_t count)
{
    candidate_counts[transport] = count;
}

const char *sl_rtc_fingerprint(const struct sl_rtc *rtc)
{
    (void)rtc;
    return "AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:"
           "45:67:89";
}

size_t sl_rtc_candidates(const struct sl_rtc *rtc, const struct sl_worker *worker, size_t transport,
                         const struct sl_addr *via, struct sl_addr out[static SL_RTC_ADDRESSES_MAX])
{
    (void)rtc;
    (void)worker;
    (void)via;
    (void)sl_addr_parse_ip("203.0.113.44", (uint16_t)(31000 + transport), &out[0]);
    return candidate_counts[transport];
}

struct sl_peer *sl_peer_create(const struct sl_peer_config *config)
{
    struct sl_peer *peer = sl_new(struct sl_peer);

    peer->config = *config;
    peer->negotiation = *config->negotiation;
    peer->config.negotiation = &peer->negotiation;
    (void)snprintf(peer->cname, sizeof(peer->cname), "%s", config->cname);
    sl_list_append(&peers, &peer->link);
    return peer;
}

void sl_peer_set_tracks(struct sl_peer *peer, struct sl_track *audio, struct sl_track *video)
{
    peer->config.tracks[SL_AUDIO] = audio;
    peer->config.tracks[SL_VIDEO] = video;
}

void sl_peer_set_layer(struct sl_peer *peer, size_t layer, struct sl_track *track)
{
    (void)peer;
    (void)layer;
    (void)track;
}

int sl_peer_move(struct sl_peer *peer, enum sl_media_kind kind, struct sl_track *track)
{
    if (kind == SL_AUDIO)
        return 0;
    peer->moved = track;
    peer->wanted_bps = 0;
    return 0;
}

int sl_peer_stand_in(struct sl_peer *peer, struct sl_track *track, uint64_t wanted_bps)
{
    peer->moved = track;
    peer->wanted_bps = wanted_bps;
    return 0;
}

struct sl_track *fake_peer_moved(const char *media_session_id)
{
    const struct sl_peer *peer = fake_peer(media_session_id);

    return peer ? peer->moved : NULL;
}

void sl_peer_watch(struct sl_peer *peer, struct sl_capture *capture)
{
    (void)peer;
    (void)capture; /* nothing comes or goes here */
}

void sl_peer_start(struct sl_peer *peer)
{
    peer->started = true;
}

void sl_peer_close(struct sl_peer *peer)
{
    peer->closed = true;
}

const struct sl_flow_stats *sl_peer_stats(const struct sl_peer *peer)
{
    return &peer->stats;
}

const struct sl_flow_stats *sl_peer_sent_stats(const struct sl_peer *peer)
{
    return sl_sdp_sends(peer->config.direction) ? sl_peer_stats(peer) : NULL;
}

bool sl_peer_uses_tcp(const struct sl_peer *peer)
{
    return peer->config.tcp_only;
}

struct sl_peer *fake_peer(const char *media_session_id)
{
    struct sl_peer *peer, *found = NULL;

    sl_list_foreach(peer, &peers, struct sl_peer, link)
    {
        if (strcmp(peer->cname, media_session_id) == 0)
            found = peer;
    }
    return found;
}

static struct sl_peer *must_have(const char *media_session_id)
{
    struct sl_peer *peer = fake_peer(media_session_id);

    assert(peer);
    return peer;
}

void fake_peer_event(const char *media_session_id, enum sl_peer_state state,
                     enum sl_peer_failure failure)
{
    struct sl_peer *peer = must_have(media_session_id);

    peer->config.ops->on_state(peer->config.owner, state, failure);
}

uint64_t fake_peer_wanted(const char *media_session_id)
{
    return must_have(media_session_id)->wanted_bps;
}

struct sl_flow_stats *fake_peer_stats(const char *media_session_id)
{
    return &must_have(media_session_id)->stats;
}

const struct sl_peer_config *fake_peer_config(const char *media_session_id)
{
    return &must_have(media_session_id)->config;
}

bool fake_peer_started(const char *media_session_id)
{
    return must_have(media_session_id)->started;
}

void fake_finish_closing(void)
{
    struct sl_peer *peer;

    sl_list_foreach(peer, &peers, struct sl_peer, link)
    {
        if (!peer->closed)
            continue;
        sl_list_remove(&peer->link);
        peer->config.ops->on_closed(peer->config.owner);
        free(peer);
    }
    fake_settle();
}

size_t fake_peer_count(void)
{
    return list_len(&peers);
}
