/* SPDX-License-Identifier: GPL-3.0-or-later */
/* StreamKeepAliveEvent: the back end is asked of each stream again and again, and a 403 stops it
 * (rest-hooks.md section 4). */
#include "session/keep_alive.h"
#include "session/internal.h"
#include "session/questions.h"

#include <assert.h>

enum { FORBIDDEN = 403 };

static bool wanted(const struct sl_media_session *media)
{
    const struct sl_config *config = media->sessions->config.config;

    return config->keep_alive_streaming_sessions_enabled &&
           sl_string_list_has(&config->streaming_sessions_keep_alive_app_keys,
                              media->session->app_key) &&
           sl_session_wants(media->session, SL_HOOK_STREAM_KEEP_ALIVE_EVENT);
}

/* Only 403 stops: a back end that is down must not end every stream (section 4, items 5, 6). */
static void on_answer(void *owner, const struct sl_hook_answer *answer)
{
    struct sl_media_session *media = owner;

    media->keep_alive_asked = false;
    if (answer->status == FORBIDDEN)
        media->on_forbidden(media);
}

static void schedule(struct sl_media_session *media)
{
    int64_t interval_ms = media->sessions->config.config->streaming_sessions_keep_alive_interval;

    sl_timer_start(media->keep_alive, (uint64_t)interval_ms, 0);
}

static void on_interval(void *owner)
{
    struct sl_media_session *media = owner;

    schedule(media);
    if (media->keep_alive_asked || !wanted(media)) /* item 7: skipped while one is unanswered */
        return;
    media->keep_alive_asked = true;
    sl_question_ask(media->session, &media->questions, SL_HOOK_STREAM_KEEP_ALIVE_EVENT,
                    sl_media_session_describe(media), on_answer, NULL, media);
}

/* Also while nobody wants to be asked: a reload may change that, and the interval. */
void sl_keep_alive_start(struct sl_media_session *media,
                         void (*on_forbidden)(struct sl_media_session *media))
{
    assert(!media->keep_alive);
    media->on_forbidden = on_forbidden;
    media->keep_alive = sl_timer_create(media->sessions->config.loop, on_interval, media);
    schedule(media);
}

void sl_keep_alive_stop(struct sl_media_session *media)
{
    sl_timer_destroy(media->keep_alive);
    media->keep_alive = NULL;
}
