/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stands in for push/ in the tests of rest/. */
#include "fake_push.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct sl_push *fake_push_add(struct sl_pushes *pushes, const char *stream, const char *rtmp_url)
{
    struct sl_push *push = pushes->pushes;

    while (push->lives)
        push++;
    assert_true(push < pushes->pushes + FAKE_PUSHES_MAX);
    *push = (struct sl_push){.lives = true};
    (void)snprintf(push->stream, sizeof(push->stream), "%s", stream);
    (void)snprintf(push->rtmp_url, sizeof(push->rtmp_url), "%s", rtmp_url);
    (void)snprintf(push->id, sizeof(push->id), "%.10s%016d", stream, (int)(push - pushes->pushes));
    return push;
}

void fake_push_answer(struct sl_pushes *pushes)
{
    void *owner = pushes->owner;
    const char *words = pushes->err < 0 ? "the words of push" : "";

    assert_non_null(owner);
    pushes->owner = NULL;
    if (pushes->on_started) {
        struct sl_push *push = NULL;
        if (pushes->err == 0)
            push = fake_push_add(pushes, "new", "rtmp://h/live");
        pushes->on_started(owner, pushes->err, words, push);
        return;
    }
    if (pushes->err == 0)
        pushes->asking->has_sound = strstr(pushes->asked, "file=(none)") == NULL;
    pushes->on_sound(owner, pushes->err, words);
}

static void on_later(struct sl_later *later)
{
    fake_push_answer(sl_container_of(later, struct sl_pushes, later));
}

static void ask(struct sl_pushes *pushes, void *owner)
{
    pushes->owner = owner;
    pushes->later.run = on_later;
    if (!pushes->waits)
        sl_loop_later(NULL, &pushes->later);
}

struct sl_push_start *sl_push_start(struct sl_pushes *pushes, const struct sl_push_request *request,
                                    sl_push_on_done *on_done, void *owner)
{
    char *options = request->options ? json_dumps(request->options, JSON_COMPACT) : NULL;

    (void)snprintf(pushes->asked, sizeof(pushes->asked),
                   "%s to %s origin=%d full=%d flash=%s options=%s mute=%d file=%s loop=%d",
                   request->stream, request->rtmp_url, request->origin, request->full_url,
                   request->flash_version ? request->flash_version : "(none)",
                   options ? options : "(none)", request->mute,
                   request->sound_file ? request->sound_file : "(none)", request->loop);
    free(options);
    pushes->on_started = on_done;
    ask(pushes, owner);
    return (struct sl_push_start *)pushes;
}

void sl_push_start_cancel(struct sl_push_start *start)
{
    struct sl_pushes *pushes = (struct sl_pushes *)start;

    assert_non_null(pushes->owner);
    sl_later_cancel(&pushes->later);
    pushes->owner = NULL;
}

/* The pushes that hold this one. */
static struct sl_pushes *pushes_of(struct sl_push *push)
{
    return (struct sl_pushes *)(push - strtol(push->id + strlen(push->id) - 2, NULL, 10));
}

void sl_push_set_sound(struct sl_push *push, const char *file, bool loop,
                       void (*on_done)(void *owner, int err, const char *words), void *owner)
{
    struct sl_pushes *pushes = pushes_of(push);

    (void)snprintf(pushes->asked, sizeof(pushes->asked), "file=%s loop=%d", file ? file : "(none)",
                   loop);
    pushes->on_started = NULL;
    pushes->on_sound = on_done;
    pushes->asking = push;
    ask(pushes, owner);
}

void sl_push_set_muted(struct sl_push *push, bool muted)
{
    push->muted = muted;
}

void sl_push_terminate(struct sl_push *push)
{
    push->lives = false;
}

struct sl_push *sl_pushes_find(struct sl_pushes *pushes, const char *media_session_id)
{
    for (size_t i = 0; i < FAKE_PUSHES_MAX; i++) {
        if (pushes->pushes[i].lives && !strcmp(pushes->pushes[i].id, media_session_id))
            return &pushes->pushes[i];
    }
    return NULL;
}

size_t sl_pushes_each(struct sl_pushes *pushes, const char *stream, const char *rtmp_url,
                      void (*fn)(struct sl_push *push, void *arg), void *arg)
{
    size_t count = 0;

    for (size_t i = 0; i < FAKE_PUSHES_MAX; i++) {
        struct sl_push *push = &pushes->pushes[i];
        if (!push->lives || (stream && strcmp(stream, push->stream) != 0) ||
            (rtmp_url && strcmp(rtmp_url, push->rtmp_url) != 0))
            continue;
        count++;
        fn(push, arg);
    }
    return count;
}

json_t *sl_push_describe(const struct sl_push *push)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:i, s:b, s:b, s:{}}", "mediaSessionId", push->id,
                     "streamName", push->stream, "rtmpUrl", push->rtmp_url, "width", 320, "height",
                     240, "muted", push->muted, "soundEnabled", push->has_sound, "options");
}

const char *sl_push_state_name(enum sl_push_state state)
{
    return state == SL_PUSH_PUBLISHING ? "PUBLISHING" : "OTHER";
}

void sl_push_summary(const struct sl_push *push, struct sl_push_summary *out)
{
    *out = (struct sl_push_summary){
        .media_session_id = push->id,
        .stream = push->stream,
        .target = push->rtmp_url,
        .state = SL_PUSH_PUBLISHING,
        .bitrate_bps = 1500000,
        .frames_dropped = 3,
        .retries = 2,
        .created_ms = 1700000000000,
    };
}

size_t sl_pushes_count(const struct sl_pushes *pushes)
{
    size_t count = 0;

    for (size_t i = 0; i < FAKE_PUSHES_MAX; i++)
        count += pushes->pushes[i].lives;
    return count;
}
