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

enum sl_reason sl_publication_begin(struct sl_media_session *media)
{
    if (!sl_media_name_valid(media))
        return SL_REASON_ERROR;
    if (sl_streams_find(media->sessions->config.streams, media->name))
        return SL_REASON_NAME_IN_USE;
    return sl_media_start_medium(media, NULL);
}
