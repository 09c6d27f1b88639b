/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Players of one stream see another in its place: each goes on with the other's tracks at their
 * next key frame, and comes back likewise. Both streams go on as they are, and so do their names.
 *
 *   sl_sessions --n--> injection --2--> sl_stream_listener
 */
#include "session/injecting.h"
#include "base/mem.h"
#include "session/audience.h"

#include <errno.h>
#include <string.h>

struct injection {
    struct sl_list link; /* in sessions->injections */
    struct sl_sessions *sessions;
    struct sl_stream *target, *source;
    enum sl_codec
        codecs[2]; /* of the source, by enum sl_media_kind: its players have agreed on these */
    struct sl_stream_listener target_end, source_end;
    struct sl_taker taker; /* of the source: somebody sees it */
};

static struct injection *find(const struct sl_sessions *sessions, const struct sl_stream *target)
{
    for (struct sl_list *link = sessions->injections.next; link != &sessions->injections;
         link = link->next) {
        struct injection *injection = sl_container_of(link, struct injection, link);
        if (injection->target == target)
            return injection;
    }
    return NULL;
}

/* source NULL: what it plays. */
static void show(const struct sl_media_session *media, struct sl_stream *source)
{
    if (media->state == SL_MEDIA_PLAYING && media->medium && media->provider->show)
        media->provider->show(media->medium, source);
}

static void show_all(const struct injection *injection, struct sl_stream *source)
{
    struct audience *audience = sl_audience_find(injection->sessions, injection->target);
    const struct sl_media_session *player;

    if (!audience)
        return;
    sl_list_foreach(player, &audience->players, struct sl_media_session, in_audience)
        show(player, source);
}

/* What players of the one have agreed on, the other is. Sound of one codec differs in its clock at
 * most: opus always says two channels, of G.711 and G722 there is one (RFC 7587, RFC 3551). */
static bool are_tracks_alike(struct sl_stream *target, struct sl_stream *source,
                             enum sl_media_kind kind)
{
    struct sl_track *a = sl_stream_track(target, kind), *b = sl_stream_track(source, kind);

    if (!a || !b)
        return a == b;
    return sl_stream_codec(target, kind) == sl_stream_codec(source, kind) &&
           sl_track_codecs(a)->clock_hz == sl_track_codecs(b)->clock_hz;
}

static bool are_alike(struct sl_stream *target, struct sl_stream *source)
{
    return are_tracks_alike(target, source, SL_AUDIO) && are_tracks_alike(target, source, SL_VIDEO);
}

/* The target may have gone on in another codec: whoever comes now has agreed on that one. */
void sl_injection_apply(struct sl_media_session *media)
{
    const struct injection *injection =
        media->audience && !media->publish ? find(media->sessions, media->audience->stream) : NULL;

    if (injection && are_alike(injection->target, injection->source))
        show(media, injection->source);
}

/* ---- Life ---- */

static void end(struct injection *injection)
{
    sl_list_remove(&injection->link);
    sl_stream_unlisten(&injection->target_end);
    sl_stream_unlisten(&injection->source_end);
    sl_taker_detach(&injection->taker);
    free(injection);
}

static void on_target_end(struct sl_stream_listener *listener)
{
    end(sl_container_of(listener, struct injection, target_end));
}

static void on_source_end(struct sl_stream_listener *listener)
{
    struct injection *injection = sl_container_of(listener, struct injection, source_end);

    show_all(injection, NULL);
    end(injection);
}

/* Players would go on without a picture or a sound. */
static void on_source_codec(struct sl_stream_listener *listener, enum sl_media_kind kind)
{
    struct injection *injection = sl_container_of(listener, struct injection, source_end);

    if (sl_stream_codec(injection->source, kind) == injection->codecs[kind])
        return;
    show_all(injection, NULL);
    end(injection);
}

/* Telephones and their calls have an injection of their own (struct sl_exchange). */
static bool is_telephone(const struct sl_sessions *sessions, const struct sl_stream *stream)
{
    const struct audience *audience = sl_audience_find(sessions, stream);
    const struct sl_media_session *publication = audience ? audience->publication : NULL;

    return publication && publication->provider && publication->provider->is_telephone;
}

/* The target is shown, by however many steps, where the source is. */
static bool would_be_circle(const struct sl_sessions *sessions, const struct sl_stream *target,
                            const struct sl_stream *source)
{
    const struct injection *next;

    for (; source != target; source = next->source) {
        next = find(sessions, source);
        if (!next)
            return false;
    }
    return true;
}

int sl_sessions_inject(struct sl_sessions *sessions, const char *target_name,
                       const char *source_name)
{
    struct sl_stream *target = sl_streams_find(sessions->config.streams, target_name);
    struct sl_stream *source = sl_streams_find(sessions->config.streams, source_name);

    if (!target || !source || !sl_stream_is_live(target) || !sl_stream_is_live(source))
        return -ENOENT;
    if (find(sessions, target))
        return -EEXIST;
    if (would_be_circle(sessions, target, source))
        return -ELOOP;
    if (!are_alike(target, source) || is_telephone(sessions, target) ||
        is_telephone(sessions, source))
        return -EINVAL;
    struct injection *injection = sl_new(struct injection);
    injection->sessions = sessions;
    injection->target = target;
    injection->source = source;
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++)
        injection->codecs[kind] = sl_stream_codec(source, kind);
    injection->target_end.on_end = on_target_end;
    injection->source_end.on_end = on_source_end;
    injection->source_end.on_codec = on_source_codec;
    injection->taker = (struct sl_taker){
        .kind = SL_TAKER_OUTPUT, .protocol = "inject", .id = sl_stream_name(target)};
    sl_list_append(&sessions->injections, &injection->link);
    sl_stream_listen(target, &injection->target_end);
    sl_stream_listen(source, &injection->source_end);
    sl_taker_attach(&injection->taker, source);
    show_all(injection, source);
    return 0;
}

int sl_sessions_inject_no_more(struct sl_sessions *sessions, const char *target_name)
{
    const struct sl_stream *target = sl_streams_find(sessions->config.streams, target_name);
    struct injection *injection = target ? find(sessions, target) : NULL;

    if (!injection)
        return -ENOENT;
    show_all(injection, NULL);
    end(injection);
    return 0;
}

void sl_sessions_each_injection(struct sl_sessions *sessions,
                                void (*fn)(void *arg, const char *target, const char *source),
                                void *arg)
{
    const struct injection *injection;

    sl_list_foreach(injection, &sessions->injections, struct injection, link)
        fn(arg, sl_stream_name(injection->target), sl_stream_name(injection->source));
}

void sl_injections_deinit(struct sl_sessions *sessions)
{
    while (!sl_list_empty(&sessions->injections))
        end(sl_list_first(&sessions->injections, struct injection, link));
}
