/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Before a publication or playback starts: is the name free elsewhere, is the stream elsewhere? */
#include "session/directory.h"
#include "base/mem.h"
#include "session/internal.h"
#include "session/media.h"
#include "session/membership.h"
#include "session/playback.h"
#include "session/publication.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { INQUIRIES_MAX = 64 }; /* of one session that wait at once */

static const struct sl_directory *directory_of(const struct sl_sessions *sessions)
{
    return sessions->config.directory;
}

/* ---- Publications and playbacks ---- */

static void start(struct sl_media_session *media)
{
    enum sl_reason problem =
        media->publish ? sl_publication_begin(media) : sl_playback_begin(media);

    if (problem)
        sl_media_set_state(media, SL_MEDIA_FAILED, problem);
}

static enum sl_reason reason_of(int err)
{
    switch (err) {
    case -EEXIST:
        return SL_REASON_NAME_IN_USE;
    case -ENOBUFS:
        return SL_REASON_BUSY;
    default:
        return SL_REASON_ERROR;
    }
}

static const char *mixer_needed(const struct sl_media_session *media)
{
    const struct sl_mixing *mixing = media->sessions->config.mixing;
    const struct sl_mix_request request = {
        .name = media->name, .app_key = media->session->app_key, .session_id = media->session->id};

    return mixing ? mixing->needs(mixing->arg, &request) : NULL;
}

/* The mixer's stream is announced as it comes alive, and holds its name by that. */
static void on_mixer_claimed(void *owner, int err)
{
    struct sl_media_session *media = owner;
    const struct sl_directory *directory = directory_of(media->sessions);

    assert(media->directory_call);
    media->directory_call = NULL;
    if (err < 0) {
        sl_media_set_state(media, SL_MEDIA_FAILED, reason_of(err));
        return;
    }
    char *mixer = sl_strdup(strchr(media->name, '#') + 1);
    start(media);
    directory->release(directory->arg, mixer);
    free(mixer);
}

static void on_claimed(void *owner, int err)
{
    struct sl_media_session *media = owner;
    const struct sl_directory *directory = directory_of(media->sessions);

    assert(media->directory_call); /* not from within */
    media->directory_call = NULL;
    if (err < 0) {
        sl_media_set_state(media, SL_MEDIA_FAILED, reason_of(err));
        return;
    }
    media->name_held = true;
    const char *mixer = mixer_needed(media);
    if (mixer)
        media->directory_call = directory->claim(directory->arg, mixer, on_mixer_claimed, media);
    else
        start(media);
}

/* Had or not: what there is now decides. */
static void on_fetched(void *owner, int err)
{
    struct sl_media_session *media = owner;

    (void)err;
    assert(media->directory_call);
    media->directory_call = NULL;
    start(media);
}

/* It may be played, and it is not here. */
static bool is_wanted(const struct sl_media_session *media)
{
    return !media->session->from_cluster && !sl_playback_refusal(media) &&
           !sl_streams_find(media->sessions->config.streams, media->name);
}

/* True: it does not begin now, or never. */
static bool is_kept_out(struct sl_media_session *media)
{
    const char *room = sl_media_room_asked(media);
    enum sl_reason problem = sl_media_enter_room(media);

    if (problem && sl_membership_is_expected(media->session, room))
        media->waits_for_join = true;
    else if (problem)
        sl_media_set_state(media, SL_MEDIA_FAILED, problem);
    return problem != SL_REASON_NONE;
}

void sl_media_begin(struct sl_media_session *media)
{
    const struct sl_directory *directory = directory_of(media->sessions);

    if (is_kept_out(media))
        return;
    if (!directory || !(media->publish ? sl_media_name_valid(media) : is_wanted(media))) {
        start(media);
        return;
    }
    media->directory_call = media->publish
                                ? directory->claim(directory->arg, media->name, on_claimed, media)
                                : directory->fetch(directory->arg, media->name, on_fetched, media);
}

/* ---- availableStream ---- */

struct inquiry {
    struct sl_list link; /* in session->inquiries */
    struct sl_session *session;
    struct sl_directory_call *call;
    char *id, *name;
};

/* elsewhere: another server has it. */
static void tell_available(struct sl_session *session, const char *id, const char *name,
                           bool elsewhere)
{
    SL_TELL(session, on_available, id,
            elsewhere ? SL_REASON_NONE : sl_playback_why_not(session, name));
}

static void inquiry_free(struct inquiry *inquiry)
{
    sl_list_remove(&inquiry->link);
    inquiry->session->inquiry_count--;
    free(inquiry->id);
    free(inquiry->name);
    free(inquiry);
}

static void on_inquired(void *owner, int err)
{
    struct inquiry *inquiry = owner;

    assert(inquiry->call);
    tell_available(inquiry->session, inquiry->id, inquiry->name, err == 0);
    inquiry_free(inquiry);
}

/* No hook guards this question, so it makes no pull either. */
void sl_session_ask_available(struct sl_session *session, const char *media_session_id,
                              const char *name)
{
    const struct sl_directory *directory = directory_of(session->sessions);

    name = name ? name : "";
    if (!directory || session->from_cluster || session->inquiry_count >= INQUIRIES_MAX ||
        strlen(name) > SL_STREAM_NAME_MAX ||
        sl_streams_find(session->sessions->config.streams, name)) {
        tell_available(session, media_session_id, name, false);
        return;
    }
    struct inquiry *inquiry = sl_new(struct inquiry);
    inquiry->session = session;
    inquiry->id = sl_strdup_or_null(media_session_id);
    inquiry->name = sl_strdup(name);
    sl_list_append(&session->inquiries, &inquiry->link);
    session->inquiry_count++;
    inquiry->call = directory->find(directory->arg, name, on_inquired, inquiry);
}

void sl_inquiries_cancel(struct sl_session *session)
{
    const struct sl_directory *directory = directory_of(session->sessions);

    while (!sl_list_empty(&session->inquiries)) {
        struct inquiry *inquiry = sl_list_first(&session->inquiries, struct inquiry, link);
        directory->cancel(directory->arg, inquiry->call);
        inquiry_free(inquiry);
    }
}

/* ---- Who asks ---- */

/* Said by pull/message.c. Anyone can say so, and only denies himself. */
bool sl_is_from_cluster(json_t *fields)
{
    json_t *sluice = json_object_get(json_object_get(fields, "custom"), "sluice");

    return json_is_true(json_object_get(sluice, "cluster"));
}
