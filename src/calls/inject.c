/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What operators have a telephone hear: a stream, or a sound file (rest-api.md 8). */
#include "base/error.h"
#include "calls/call.h"
#include "calls/media.h"
#include "program/program.h"
#include "stream/stream.h"

#include <errno.h>

enum { SOUNDS_MAX = 64 }; /* files that are being read */

/* Of all calls of this id: how many there are, or the first error. */
static int each_call(const struct sl_calls *calls, const char *id,
                     int (*fn)(struct sl_call *call, void *arg, struct sl_error *error), void *arg,
                     struct sl_error *error)
{
    struct sl_phone *phone;
    int count = 0, err = 0;

    sl_list_foreach(phone, &calls->phones, struct sl_phone, link)
    {
        struct sl_call *call = sl_call_find(phone, id);
        if (!call)
            continue;
        count++;
        err = err < 0       ? err
              : call->media ? fn(call, arg, error)
                            : sl_error_set(error, -EAGAIN, "the call is not established");
    }
    return err < 0 ? err : count;
}

/* ---- A stream ---- */

static int say(struct sl_call *call, void *stream, struct sl_error *error)
{
    return sl_call_media_say(call->media, stream, error);
}

int sl_calls_inject_stream(void *arg, const char *id, const char *name, struct sl_error *error)
{
    const struct sl_calls *calls = arg;
    struct sl_stream *stream = name ? sl_streams_find(calls->config.streams, name) : NULL;

    if (name && (!stream || !sl_stream_is_live(stream)))
        return sl_error_set(error, -ENOENT, "Stream not found");
    return each_call(calls, id, say, stream, error);
}

/* ---- A sound file ---- */

struct injection {
    struct sl_list link; /* in calls->sounds */
    struct sl_calls *calls;
    char *id;
    struct sl_sound_load *load; /* NULL: it is told by: */
    struct sl_later refusal;
    int err;
    struct sl_error error;
    void (*on_done)(void *owner, int err, const char *words);
    void *owner;
};

static void injection_free(struct injection *injection)
{
    sl_list_remove(&injection->link);
    injection->calls->sound_count--;
    sl_later_cancel(&injection->refusal);
    sl_sound_load_cancel(injection->load);
    free(injection->id);
    free(injection);
}

static void tell(struct injection *injection)
{
    injection->on_done(injection->owner, injection->err, injection->error.text);
    injection_free(injection);
}

static int play(struct sl_call *call, void *sound, struct sl_error *error)
{
    return sl_call_media_play(call->media, sound, error);
}

static void on_loaded(void *owner, int err, const char *words, struct sl_sound *sound)
{
    struct injection *injection = owner;

    injection->load = NULL;
    if (err < 0)
        injection->err = sl_error_set(&injection->error, err, "%s", words);
    else
        injection->err = each_call(injection->calls, injection->id, play, sound, &injection->error);
    if (injection->err == 0)
        injection->err = sl_error_set(&injection->error, -ENOENT, "Call not found");
    sl_sound_unref(sound);
    tell(injection);
}

static void on_refusal(struct sl_later *later)
{
    tell(sl_container_of(later, struct injection, refusal));
}

void sl_calls_inject_sound(void *arg, const char *id, const char *file,
                           void (*on_done)(void *owner, int err, const char *words), void *owner)
{
    struct sl_calls *calls = arg;
    struct injection *injection = sl_new(struct injection);
    bool busy = calls->sound_count >= SOUNDS_MAX;

    injection->calls = calls;
    injection->id = sl_strdup(id);
    injection->on_done = on_done;
    injection->owner = owner;
    sl_list_append(&calls->sounds, &injection->link);
    calls->sound_count++;
    injection->err = busy ? sl_error_set(&injection->error, -ENOBUFS, "too many files are read")
                          : sl_sound_check_name(file, &injection->error);
    if (injection->err < 0) {
        injection->refusal.run = on_refusal;
        sl_loop_later(calls->config.loop, &injection->refusal);
        return;
    }
    char *dir = sl_config_media_dir(calls->config.config);
    injection->load = sl_sound_load_start(sl_programs_sounds(calls->config.programs), dir, file,
                                          on_loaded, injection);
    free(dir);
}

void sl_calls_cancel_sounds(void *arg)
{
    struct sl_calls *calls = arg;

    while (!sl_list_empty(&calls->sounds))
        injection_free(sl_list_first(&calls->sounds, struct injection, link));
}
