/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starting a publication: is its name free? (websocket-api.md 5) */
#include "session/publication.h"
#include "base/text.h"
#include "session/internal.h"
#include "session/medium.h"

#include <string.h>

bool sl_media_name_valid(const struct sl_media_session *media)
{
    size_t len = strlen(media->name);

    return len > 0 && len <= (size_t)media->sessions->config.config->stream_name_max &&
           !sl_text_has_controls(media->name);
}

/* Its name may make it an input of a mixer, whose streams are there before the client hears that
 * its own is. */
static enum sl_reason start_mixed(struct sl_media_session *media)
{
    const struct sl_mixing *mixing = media->sessions->config.mixing;
    const struct sl_mix_request request = {
        .name = media->name, .app_key = media->session->app_key, .session_id = media->session->id};
    struct sl_mix_entry *entry = NULL;
    enum sl_reason reason = mixing ? mixing->enter(mixing->arg, &request, &entry) : SL_REASON_NONE;

    if (reason == SL_REASON_NONE)
        reason = sl_media_start_medium(media, NULL);
    if (entry && reason == SL_REASON_NONE)
        mixing->attach(entry, media->stream);
    else if (entry)
        mixing->cancel(entry);
    return reason;
}

enum sl_reason sl_publication_begin(struct sl_media_session *media)
{
    if (!sl_media_name_valid(media))
        return SL_REASON_ERROR;
    if (sl_streams_find(media->sessions->config.streams, media->name))
        return SL_REASON_NAME_IN_USE;
    return start_mixed(media);
}
