/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of one publication or playback: its state machine, and what medium and stream report. */
#include "session/media.h"
#include "diagnose/diagnose.h"
#include "session/audience.h"
#include "session/farewell.h"
#include "session/injecting.h"
#include "session/internal.h"
#include "session/keep_alive.h"
#include "session/membership.h"
#include "session/properties.h"
#include "session/questions.h"
#include "session/sessions.h"

#include <assert.h>
#include <string.h>

static bool is_final(enum sl_media_state state)
{
    return state == SL_MEDIA_UNPUBLISHED || state == SL_MEDIA_STOPPED || state == SL_MEDIA_FAILED;
}

static bool may_become(const struct sl_media_session *media, enum sl_media_state state)
{
    switch (state) {
    case SL_MEDIA_NEW:
        return false;
    case SL_MEDIA_PENDING:
        return media->state == SL_MEDIA_NEW;
    case SL_MEDIA_PUBLISHING:
        return media->publish && media->state == SL_MEDIA_PENDING;
    case SL_MEDIA_PLAYING:
        return !media->publish && media->state == SL_MEDIA_PENDING;
    case SL_MEDIA_UNPUBLISHED:
        return media->publish && !is_final(media->state);
    case SL_MEDIA_STOPPED:
        return !media->publish && !is_final(media->state);
    case SL_MEDIA_FAILED:
        return !is_final(media->state);
    }
    return false;
}

/* ---- What a change of state brings with it ---- */

static void enter_tables(struct sl_media_session *media)
{
    struct sl_sessions *sessions = media->sessions;

    sl_table_insert(&sessions->media_by_id, &media->by_id, sl_hash_text(media->id));
    sl_list_append(&sessions->media, &media->link);
    sl_list_append(&media->session->media, &media->in_session);
    media->session->media_count++;
    *(media->publish ? &sessions->stats.publications : &sessions->stats.playbacks) += 1;
}

/* The id is free at once, though the peer still has to close. */
static void leave_tables(struct sl_media_session *media)
{
    struct sl_sessions *sessions = media->sessions;

    if (!media->by_id.linked)
        return; /* refused before it was accepted */
    sl_table_remove(&sessions->media_by_id, &media->by_id);
    sl_list_remove(&media->link);
    sl_list_remove(&media->in_session);
    media->session->media_count--;
    *(media->publish ? &sessions->stats.publications : &sessions->stats.playbacks) -= 1;
}

static void count_state(const struct sl_media_session *media)
{
    struct sl_counters *counters = media->sessions->config.counters;

    if (media->state == SL_MEDIA_PUBLISHING)
        sl_count(counters, SL_COUNTER_STREAMS_PUBLISHED, 1);
    else if (media->state == SL_MEDIA_PLAYING)
        sl_count(counters, SL_COUNTER_STREAMS_PLAYED, 1);
    else if (media->state == SL_MEDIA_FAILED)
        sl_count(counters, SL_COUNTER_STREAMS_FAILED, 1);
}

static void log_state(const struct sl_media_session *media)
{
    char name[128], info[INFO_MAX + 8];

    if (media->state == SL_MEDIA_PENDING)
        return;
    sl_log(media->untold ? SL_LOG_DEBUG : SL_LOG_INFO, &media->log, "%s %s%s%s",
           sl_media_state_name(media->state), sl_log_quote(name, sizeof(name), media->name),
           media->info[0] ? " " : "",
           media->info[0] ? sl_log_quote(info, sizeof(info), media->info) : "");
}

static void tell_client(struct sl_media_session *media)
{
    if (media->state == SL_MEDIA_PENDING) /* PENDING is the client's own word */
        return;
    if (media->reason == SL_REASON_REFUSED)
        SL_TELL(media->session, on_stream_refused, media);
    else
        SL_TELL(media->session, on_stream_status, media);
}

static void tell_back_end(struct sl_media_session *media)
{
    if (media->state == SL_MEDIA_PENDING || !media->id || media->untold ||
        !sl_session_wants(media->session, SL_HOOK_STREAM_STATUS_EVENT))
        return;
    sl_session_tell(media->session, SL_HOOK_STREAM_STATUS_EVENT, sl_media_session_describe(media));
}

static void note_size(struct sl_media_session *media)
{
    if (media->shown)
        sl_stream_size(media->shown, &media->width, &media->height);
    else if (media->audience)
        sl_stream_size(media->audience->stream, &media->width, &media->height);
}

static void media_free(struct sl_media_session *media)
{
    sl_list_remove(&media->link);
    free(media->id);
    free(media->name);
    free(media->offer);
    free(media->rtmp_url);
    free(media->room);
    free(media->record_name);
    json_decref(media->custom);
    sl_client_metrics_destroy(media->metrics);
    free(media);
}

/* Its end is told, or it closes. */
static void free_when_done(struct sl_media_session *media)
{
    struct sl_sessions *sessions = media->sessions;

    if (media->farewell || media->medium)
        return;
    media_free(media);
    sl_sessions_check_stopped(sessions);
}

/* Takes back the question under way and the name held. */
static void leave_directory(struct sl_media_session *media)
{
    const struct sl_directory *directory = media->sessions->config.directory;

    if (media->directory_call)
        directory->cancel(directory->arg, media->directory_call);
    media->directory_call = NULL;
    if (media->name_held)
        directory->release(directory->arg, media->name);
    media->name_held = false;
}

/* Lets go of everything: of the stream before it ends, and with it its players. */
static void tear_down(struct sl_media_session *media)
{
    sl_timer_destroy(media->timer);
    media->timer = NULL;
    sl_timer_destroy(media->room_timer);
    media->room_timer = NULL;
    sl_keep_alive_stop(media);
    sl_questions_cancel(&media->questions);
    leave_directory(media);
    sl_stream_unlisten(&media->listener);
    sl_stream_unlisten(&media->shown_listener);
    media->shown = NULL;
    sl_audience_leave(media);
    media->session = NULL;
    if (!media->medium) {
        media_free(media); /* it was never recorded, and nobody waits for it */
        return;
    }
    media->sessions->stats.closing++;
    sl_list_append(&media->sessions->closing, &media->link);
    media->provider->close(media->medium); /* media_free() by on_medium_closed() */
}

/*
 *              accepted             media path up
 *   NEW ------------------> PENDING -------------> PUBLISHING, PLAYING
 *    |   request_accepted()    |   media_up()              |
 *    |                         |                           |
 *    |                         +---------------------------+--> UNPUBLISHED, STOPPED
 *    |                         |   the client's stop, or the operator's (publications):
 *    |                         |   sl_session_stop_media(), sl_media_session_terminate()
 *    +-------------------------+---------------------------+--> FAILED
 *        refused                   whatever the client did not ask for: on_hook_answer(),
 *                                  on_medium_failed(), on_stream_end(), sl_session_destroy()
 *
 * Exactly one final state, and nothing to the client after it (WS-52). *media is gone, or closing,
 * after a final one.
 */
void sl_media_set_state(struct sl_media_session *media, enum sl_media_state state,
                        enum sl_reason reason)
{
    assert(may_become(media, state));
    media->state = state;
    media->reason = reason;
    if (!media->info[0])
        sl_info_copy(media->info, media->sessions->config.words(reason), "");
    note_size(media);
    if (state == SL_MEDIA_PENDING)
        enter_tables(media);
    else if (is_final(state))
        leave_tables(media);
    count_state(media);
    log_state(media);
    if (!is_final(state) || !sl_farewell_begin(media, tell_client, free_when_done)) {
        tell_client(media);
        tell_back_end(media);
    }
    sl_media_tell_room(media);
    if (is_final(state))
        tear_down(media);
}

void sl_media_end_all(struct sl_session *session)
{
    while (!sl_list_empty(&session->media))
        sl_media_set_state(sl_list_first(&session->media, struct sl_media_session, in_session),
                           SL_MEDIA_FAILED, SL_REASON_SESSION_END);
}

void sl_media_refuse(struct sl_media_session *media, const char *words)
{
    sl_info_copy(media->info, words, "");
    sl_media_set_state(media, SL_MEDIA_FAILED, SL_REASON_REFUSED);
}

/* ---- Size ---- */

static void tell_size(struct sl_media_session *media)
{
    if (media->state == SL_MEDIA_PLAYING && media->has_video && media->width > 0)
        SL_TELL(media->session, on_video_size, media, media->width, media->height);
}

static void take_size(struct sl_media_session *media, uint16_t width, uint16_t height)
{
    media->width = width;
    media->height = height;
    tell_size(media);
}

static void on_stream_size(struct sl_stream_listener *listener, uint16_t width, uint16_t height)
{
    take_size(sl_container_of(listener, struct sl_media_session, listener), width, height);
}

static void on_shown_size(struct sl_stream_listener *listener, uint16_t width, uint16_t height)
{
    take_size(sl_container_of(listener, struct sl_media_session, shown_listener), width, height);
}

/* The publisher ended; our own stream's end is never heard here, we have stopped listening then. */
static void on_stream_end(struct sl_stream_listener *listener)
{
    sl_media_set_state(sl_container_of(listener, struct sl_media_session, listener),
                       SL_MEDIA_FAILED, SL_REASON_PUBLISHER_END);
}

/* That what is shown has ended is the medium's news, if its source goes on. */
static void on_shown_end(struct sl_stream_listener *listener)
{
    sl_container_of(listener, struct sl_media_session, shown_listener)->shown = NULL;
}

/* Its pictures are those of shown, and so is their size. */
static void show(struct sl_media_session *media, struct sl_stream *shown)
{
    sl_stream_unlisten(&media->shown_listener);
    media->shown = shown;
    media->listener.on_size = NULL;
    media->shown_listener.on_size = on_shown_size;
    media->shown_listener.on_end = on_shown_end;
    sl_stream_listen(shown, &media->shown_listener);
}

void sl_media_listen(struct sl_media_session *media, struct sl_stream *stream,
                     struct sl_stream *shown)
{
    media->listener.on_size = on_stream_size;
    media->listener.on_end = on_stream_end;
    sl_stream_listen(stream, &media->listener);
    if (shown)
        show(media, shown);
}

/* ---- The medium ---- */

static void on_forbidden(struct sl_media_session *media)
{
    sl_media_session_terminate(media, SL_REASON_FORBIDDEN);
}

static void begin_recording(struct sl_media_session *media)
{
    const struct sl_archive *archive = media->sessions->config.archive;
    struct sl_archive_request request = {
        .asked = media->record,
        .of_room = media->room != NULL,
        .session_id = media->session->id,
        .login = media->room ? sl_session_login(media->session) : NULL,
    };

    if (!request.login)
        request.login = json_string_value(json_object_get(media->session->properties, "sipLogin"));
    if (archive)
        archive->begin(archive->arg, media->stream, &request);
}

static void media_up(struct sl_media_session *media)
{
    if (media->state != SL_MEDIA_PENDING)
        return;
    media->tcp = media->provider->uses_tcp(media->medium);
    if (media->publish) {
        sl_stream_set_live(media->stream);
        begin_recording(media);
        sl_media_set_state(media, SL_MEDIA_PUBLISHING, SL_REASON_NONE);
        sl_keep_alive_start(media, on_forbidden);
        if (media->rtmp_url && media->rtmp_url[0] && media->sessions->config.on_rtmp_url)
            media->sessions->config.on_rtmp_url(media->sessions->config.arg, media->name,
                                                media->rtmp_url);
        return;
    }
    sl_media_set_state(media, SL_MEDIA_PLAYING, SL_REASON_NONE);
    sl_injection_apply(media);
    sl_keep_alive_start(media, on_forbidden);
    tell_size(media);
}

static void on_playing_grace(void *owner)
{
    media_up(owner);
}

/* The client closed its media but said no more: what its silence would have brought in the end. */
static void on_left_grace(void *owner)
{
    sl_media_set_state(owner, SL_MEDIA_FAILED, SL_REASON_CONNECTION_LOST);
}

static void start_grace(struct sl_media_session *media, void (*on_timer)(void *owner),
                        uint64_t after_ms)
{
    sl_timer_destroy(media->timer);
    media->timer = sl_timer_create(media->sessions->config.loop, on_timer, media);
    sl_timer_start(media->timer, after_ms, 0);
}

static void on_medium_failed(struct sl_media_session *media, enum sl_reason reason)
{
    /* The SDK sends its stop and closes the media in one turn, and the latter may be the faster one
     * (WS-54). */
    if (reason == SL_REASON_LEFT)
        start_grace(media, on_left_grace, LEFT_GRACE_MS);
    else
        sl_media_set_state(media, SL_MEDIA_FAILED, reason);
}

static void on_medium_state(void *owner, enum sl_medium_state state, enum sl_reason reason)
{
    struct sl_media_session *media = owner;

    if (is_final(media->state))
        return; /* on its way when we closed it */
    switch (state) {
    case SL_MEDIUM_CONNECTED:
        if (media->publish)
            media_up(media);
        else if (media->state == SL_MEDIA_PENDING)
            start_grace(media, on_playing_grace, PLAYING_GRACE_MS);
        break;
    case SL_MEDIUM_FLOWS:
        media_up(media); /* of a publication: nothing new, but to a medium that knows only this */
        break;
    case SL_MEDIUM_FAILED:
        on_medium_failed(media, reason);
        break;
    }
}

static void on_medium_made(void *owner, enum sl_media_kind kind, struct sl_stream *made,
                           const char *encoder)
{
    struct sl_media_session *media = owner;
    uint16_t width, height;

    if (is_final(media->state))
        return;
    media->encoders[kind] = encoder;
    if (kind == SL_AUDIO)
        return;
    show(media, made);
    sl_stream_size(made, &width, &height);
    if (width > 0 && (width != media->width || height != media->height))
        take_size(media, width, height);
}

static void on_medium_closed(void *owner)
{
    struct sl_media_session *media = owner;

    assert(is_final(media->state)); /* nobody but tear_down() closes one */
    media->sessions->stats.closing--;
    media->medium = NULL;
    free_when_done(media);
}

const struct sl_medium_ops sl_media_medium_ops = {
    .on_made = on_medium_made,
    .on_state = on_medium_state,
    .on_closed = on_medium_closed,
};

void sl_media_session_terminate(struct sl_media_session *media, enum sl_reason reason)
{
    sl_media_set_state(media, media->publish ? SL_MEDIA_UNPUBLISHED : SL_MEDIA_FAILED, reason);
}
