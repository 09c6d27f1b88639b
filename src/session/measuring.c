/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a client's browser measures of its streams (rooms-mixers-diagnostics.md 3.4). */
#include "base/clock.h"
#include "base/json.h"
#include "diagnose/diagnose.h"
#include "session/internal.h"
#include "session/sessions.h"

#include <string.h>

enum {
    BATCHES_BURST = 5,  /* of one stream, one a second */
    ALL_PER_S = 100,    /* of all clients: each may be a megabyte to read */
    DESCRIBES_MAX = 50, /* of one stream: the SDK says again what has changed */
};

json_t *sl_session_metrics_description(const struct sl_session *session)
{
    const struct sl_diagnose *diagnose = session->sessions->config.diagnose;
    const json_t *description = diagnose ? sl_diagnose_metrics_description(diagnose) : NULL;
    const char *first = json_string_value(
        json_array_get(json_object_get(session->properties, "mediaProviders"), 0));

    /* Others would lose their PLAYING (websocket-api.md 10.4). */
    return description && first && strcmp(first, "WebRTC") == 0 ? json_deep_copy(description)
                                                                : NULL;
}

/* NULL: it is none of this client's, or nobody has asked it to measure. */
static struct sl_media_session *find(struct sl_session *session, const char *media_session_id)
{
    const struct sl_diagnose *diagnose = session->sessions->config.diagnose;
    struct sl_media_session *media = sl_sessions_find_media(session->sessions, media_session_id);

    return diagnose && sl_diagnose_metrics_description(diagnose) && media &&
                   media->session == session
               ? media
               : NULL;
}

void sl_session_describe_metrics(struct sl_session *session, const char *media_session_id,
                                 const char *headers, const char *compression)
{
    struct sl_media_session *media = find(session, media_session_id);

    if (!media || media->metrics_described >= DESCRIBES_MAX)
        return;
    media->metrics_described++;
    if (!media->metrics)
        media->metrics = sl_client_metrics_create();
    if (sl_client_metrics_describe(media->metrics, headers, compression) < 0)
        sl_log(SL_LOG_DEBUG, &media->log, "metrics of the client: no columns");
}

static void write_row(void *arg, json_t *row)
{
    const struct sl_media_session *media = arg;
    size_t len;
    json_t *object = json_pack("{s:I, s:s, s:s, s:s, s:O}", "time", (json_int_t)sl_wall_ms(),
                               "sessionId", media->session->id, "mediaSessionId", media->id, "name",
                               media->name, "metrics", row);
    char *text = object ? sl_json_dump(object, &len) : NULL;

    json_decref(object);
    if (!text)
        return;
    sl_diagnose_add_metrics(media->sessions->config.diagnose, text, len);
    sl_diagnose_add_metrics(media->sessions->config.diagnose, "\n", 1);
    free(text);
}

void sl_session_take_metrics(struct sl_session *session, const char *media_session_id,
                             const char *batch)
{
    struct sl_media_session *media = find(session, media_session_id);
    int64_t now_us = sl_now_us();

    if (!media || !media->metrics ||
        !sl_bucket_take(&media->metrics_batches, 1, BATCHES_BURST, now_us) ||
        !sl_bucket_take(&session->sessions->metrics_batches, ALL_PER_S, ALL_PER_S, now_us))
        return;
    if (sl_client_metrics_take(media->metrics, batch, write_row, media) < 0)
        sl_log(SL_LOG_DEBUG, &media->log, "metrics of the client: a batch that is none");
}

json_t *sl_listed_client_metrics(const struct sl_listed *listed)
{
    const struct sl_media_session *media = listed->media;

    return media && media->metrics ? sl_client_metrics_last(media->metrics) : NULL;
}
