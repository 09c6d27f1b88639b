/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The operator's end of many at once, and the server's own. */
#include "session/internal.h"
#include "session/kept.h"
#include "session/rates.h"
#include "session/sessions.h"

#include <string.h>

void sl_sessions_stop(struct sl_sessions *sessions, void (*on_stopped)(void *owner), void *owner)
{
    struct sl_session *session;

    sessions->draining = true;
    sessions->stopping = true;
    sessions->on_stopped = on_stopped;
    sessions->stopped_owner = owner;
    sl_rates_stop(sessions);
    sl_kept_client_end_all(sessions);
    while (!sl_list_empty(&sessions->media))
        sl_media_session_terminate(sl_list_first(&sessions->media, struct sl_media_session, link),
                                   SL_REASON_SHUTDOWN);
    sl_list_foreach(session, &sessions->sessions, struct sl_session, link)
        SL_TELL(session, close, SL_REASON_SHUTDOWN);
    sl_sessions_check_stopped(sessions);
}

size_t sl_sessions_terminate_media(struct sl_sessions *sessions,
                                   const struct sl_media_filter *filter, enum sl_reason reason)
{
    struct sl_media_session *media;
    char **ids = sl_new_array(char *, sessions->media_by_id.count + 1);
    size_t count = 0;

    /* By id, because ending a publication ends its players, which may match as well. Players first:
     * what was asked of them is then what they are told. */
    for (int publish = 0; publish <= 1; publish++)
        sl_list_foreach(media, &sessions->media, struct sl_media_session,
                        link) if (media->publish == (publish == 1) &&
                                  sl_media_session_matches(media, filter)) ids[count++] =
            sl_strdup(media->id);
    for (size_t i = 0; i < count; i++) {
        media = sl_sessions_find_media(sessions, ids[i]);
        if (media)
            sl_media_session_terminate(media, reason);
        free(ids[i]);
    }
    free(ids);
    return count;
}
