/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One push: from waiting for its stream to its end. */
#include "push/internal.h"

#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/random.h"
#include "net/net.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { RETRY_INTERVAL_MAX_MS = 30000 };

/*
 * set_state() makes every change; from -> to: who.
 *
 *   WAITING                -> CONNECTING   begin(): the stream is live
 *   CONNECTING             -> PUBLISHING   on_publishing()
 *   CONNECTING, PUBLISHING -> RETRYING     on_failed(), with rtmp_push_restore and tries left
 *   RETRYING               -> CONNECTING   begin(): after the wait, the host resolved once more
 *   RETRYING               -> RETRYING     on_resolved(): it could not be
 *   any                    -> ENDED        push_end(): the stream ended, /push/terminate,
 * on_failed()
 */
static void set_state(struct sl_push *push, enum sl_push_state state)
{
    static const char *const names[] = {
        [SL_PUSH_WAITING] = "waiting",       [SL_PUSH_CONNECTING] = "connecting",
        [SL_PUSH_PUBLISHING] = "publishing", [SL_PUSH_RETRYING] = "retrying",
        [SL_PUSH_ENDED] = "ended",
    };

    assert(push->state != SL_PUSH_ENDED);
    push->state = state;
    sl_log(SL_LOG_DEBUG, &push->scope, "push: %s", names[state]);
}

const char *sl_push_state_name(enum sl_push_state state)
{
    switch (state) {
    case SL_PUSH_WAITING:
        return "WAITING";
    case SL_PUSH_CONNECTING:
        return "CONNECTING";
    case SL_PUSH_PUBLISHING:
        return "PUBLISHING";
    case SL_PUSH_RETRYING:
        return "RETRYING";
    case SL_PUSH_ENDED:
        return "ENDED";
    }
    return "";
}

/* ---- Trying ---- */

static const struct attempt_ops attempt_ops;

static void count(const struct sl_push *push, enum sl_counter counter)
{
    if (push->pushes->config.counters)
        sl_count(push->pushes->config.counters, counter, 1);
}

static void begin(struct sl_push *push)
{
    struct attempt_config config = {
        .stream = push->stream,
        .job =
            {
                .target = &push->target,
                .addrs = push->addrs,
                .addr_count = push->addr_count,
                .flash_version = push->flash_version,
                .muted = push->muted,
                .sound = push->sound,
                .loop = push->loop,
                .sound_serial = push->sound_serial,
                .scope = &push->scope,
            },
        .ops = &attempt_ops,
        .owner = push,
    };

    set_state(push, SL_PUSH_CONNECTING);
    push->attempt = attempt_create(push->pushes, &config);
}

static void on_publishing(void *owner)
{
    struct sl_push *push = owner;

    set_state(push, SL_PUSH_PUBLISHING);
    count(push, SL_COUNTER_PUSHES_PUBLISHING);
    push->retries_in_row = 0;
    sl_log(SL_LOG_INFO, &push->scope, "push: publishing at %s port %u", push->target.host,
           push->target.port);
}

static void schedule_retry(struct sl_push *push, const char *words)
{
    const struct sl_config *config = push->pushes->config.config;
    int64_t interval_ms = config->rtmp_push_restore_interval_ms, wait_ms = interval_ms;
    int64_t max_ms = interval_ms > RETRY_INTERVAL_MAX_MS ? interval_ms : RETRY_INTERVAL_MAX_MS;

    for (unsigned i = 0; i < push->retries_in_row && wait_ms < max_ms; i++)
        wait_ms *= 2;
    if (wait_ms > max_ms)
        wait_ms = max_ms;
    push->retries_in_row++;
    push->retries++;
    count(push, SL_COUNTER_PUSH_RECONNECTS);
    set_state(push, SL_PUSH_RETRYING);
    sl_timer_start(push->retry_timer, (uint64_t)wait_ms, 0);
    sl_log(SL_LOG_WARN, &push->scope, "push: %s; next try in %lld ms", words, (long long)wait_ms);
}

static void retry_or_end(struct sl_push *push, const char *words)
{
    const struct sl_config *config = push->pushes->config.config;

    if (config->rtmp_push_restore && push->retries_in_row < config->rtmp_push_restore_attempts) {
        schedule_retry(push, words);
        return;
    }
    count(push, SL_COUNTER_PUSHES_FAILED);
    push_end(push, words);
}

static uint64_t attempt_dropped(struct sl_push *push)
{
    struct job_stats stats = {0};

    if (push->attempt)
        job_stats(attempt_job(push->attempt), &stats);
    return stats.dropped;
}

static void on_failed(void *owner, int err, const char *words)
{
    struct sl_push *push = owner;

    (void)err; /* the words say it */
    push->dropped_before += attempt_dropped(push);
    push->attempt = NULL;
    retry_or_end(push, words);
}

/* The name may lead elsewhere by now; it is checked again, whatever it leads to. */
static void on_resolved(void *owner, int err, const struct sl_addr *addrs, size_t count)
{
    struct sl_push *push = owner;
    struct sl_error error;

    push->lookup = NULL;
    if (err < 0) {
        retry_or_end(push, "the host cannot be resolved");
        return;
    }
    if (pushes_check_addresses(push->pushes, push->origin, push->target.host, addrs, count,
                               &error) < 0) {
        push_end(push, error.text);
        return;
    }
    memcpy(push->addrs, addrs, count * sizeof(*addrs));
    push->addr_count = count;
    begin(push);
}

static void on_retry(void *owner)
{
    struct sl_push *push = owner;
    int err = lookup_start(&push->pushes->lookups, push->target.host, push->target.port,
                           on_resolved, push, &push->lookup);

    if (err < 0)
        retry_or_end(push, "the host cannot be resolved now");
}

/* ---- The sound ---- */

static void give_sound(struct sl_push *push, struct sound *sound, bool loop)
{
    sound_unref(push->sound);
    push->sound = sound;
    push->loop = loop;
    push->sound_serial++;
    if (push->attempt)
        job_set_sound(attempt_job(push->attempt), sound, loop, push->sound_serial);
}

/* It may have been replaced while the news was on its way. */
static void on_sound_end(void *owner, unsigned serial)
{
    struct sl_push *push = owner;

    if (serial != push->sound_serial)
        return;
    sound_unref(push->sound);
    push->sound = NULL;
}

static const struct attempt_ops attempt_ops = {on_publishing, on_sound_end, on_failed};

static void answer_sound(struct sl_push *push, int err, const char *words)
{
    void (*on_done)(void *, int, const char *) = push->on_sound_done;

    push->on_sound_done = NULL;
    if (on_done)
        on_done(push->on_sound_owner, err, words);
}

static void on_sound_loaded(void *owner, int err, const char *words, struct sound *sound)
{
    struct sl_push *push = owner;

    push->sound_load = NULL;
    if (err == 0)
        give_sound(push, sound, push->loading_loop);
    answer_sound(push, err, words);
}

static void cancel_sound_load(struct sl_push *push, int err, const char *words)
{
    if (!push->sound_load)
        return;
    sound_load_cancel(push->sound_load);
    push->sound_load = NULL;
    answer_sound(push, err, words);
}

/* ---- The stream ---- */

static void on_stream_end(struct sl_stream_listener *listener)
{
    struct sl_push *push = sl_container_of(listener, struct sl_push, listener);

    if (push->state == SL_PUSH_WAITING &&
        sl_streams_is_reserved(push->pushes->config.streams, push->stream_name))
        push->stream = NULL; /* it never began; there may be another */
    else
        push_end(push, "the stream ended");
}

static void watch_stream(struct sl_push *push, struct sl_stream *stream)
{
    push->stream = stream;
    push->listener.on_end = on_stream_end;
    sl_stream_listen(stream, &push->listener);
}

void push_on_live(struct sl_push *push, struct sl_stream *stream)
{
    if (push->state != SL_PUSH_WAITING)
        return;
    if (!push->stream)
        watch_stream(push, stream);
    begin(push);
}

/* ---- Life ---- */

struct sl_push *push_create(struct sl_pushes *pushes, const struct push_config *config)
{
    struct sl_push *push = sl_new(struct sl_push);
    struct sl_log_scope stream_scope;

    push->pushes = pushes;
    sl_random_token(push->id, SESSION_ID_LEN);
    push->stream_name = sl_strdup(config->stream_name);
    push->rtmp_url = sl_strdup(config->rtmp_url);
    push->flash_version = sl_strdup(config->flash_version);
    push->origin = config->origin;
    push->target = *config->target;
    push->options = config->options;
    push->created_ms = sl_wall_ms();
    memcpy(push->addrs, config->addrs, config->addr_count * sizeof(push->addrs[0]));
    push->addr_count = config->addr_count;
    push->muted = config->muted;
    push->sound = config->sound;
    push->loop = config->loop;
    push->state = SL_PUSH_WAITING;
    push->retry_timer = sl_timer_create(pushes->config.loop, on_retry, push);
    sl_log_scope_init(&stream_scope, NULL, "stream", push->stream_name);
    sl_log_scope_init(&push->scope, &stream_scope, "push", push->id);
    sl_list_append(&pushes->pushes, &push->link);
    pushes->count++;
    struct sl_stream *stream = sl_streams_find(pushes->config.streams, push->stream_name);
    if (stream)
        watch_stream(push, stream);
    if (stream && sl_stream_is_live(stream))
        begin(push);
    else
        sl_log(SL_LOG_INFO, &push->scope, "push: waiting for the stream");
    return push;
}

void push_end(struct sl_push *push, const char *why)
{
    struct sl_pushes *pushes = push->pushes;

    set_state(push, SL_PUSH_ENDED);
    sl_log(SL_LOG_INFO, &push->scope, "push: ended: %s", why);
    sl_list_remove(&push->link);
    pushes->count--;
    sl_stream_unlisten(&push->listener);
    attempt_leave(push->attempt);
    lookup_cancel(push->lookup);
    sl_timer_destroy(push->retry_timer);
    cancel_sound_load(push, -ENOENT, "the push has ended");
    sound_unref(push->sound);
    json_decref(push->options);
    free(push->stream_name);
    free(push->rtmp_url);
    free(push->flash_version);
    explicit_bzero(&push->target, sizeof(push->target));
    free(push);
    pushes_check_stopped(pushes);
}

void sl_push_terminate(struct sl_push *push)
{
    push_end(push, "terminated");
}

void sl_push_set_muted(struct sl_push *push, bool muted)
{
    push->muted = muted;
    if (push->attempt)
        job_set_muted(attempt_job(push->attempt), muted);
}

void sl_push_set_sound(struct sl_push *push, const char *file, bool loop,
                       void (*on_done)(void *owner, int err, const char *words), void *owner)
{
    struct sl_error error = {""};

    cancel_sound_load(push, -ECANCELED, "another sound was asked for");
    if (!file) {
        give_sound(push, NULL, false);
        on_done(owner, 0, "");
        return;
    }
    int err = sound_check_name(file, &error);
    if (err < 0) {
        on_done(owner, err, error.text);
        return;
    }
    char *dir = pushes_media_dir(push->pushes);
    push->on_sound_done = on_done;
    push->on_sound_owner = owner;
    push->loading_loop = loop;
    push->sound_load = sound_load_start(push->pushes->sounds, dir, file, on_sound_loaded, push);
    free(dir);
}

/* ---- Telling ---- */

json_t *sl_push_describe(const struct sl_push *push)
{
    uint16_t width = 0, height = 0;

    if (push->stream)
        sl_stream_size(push->stream, &width, &height);
    return json_pack("{s:s, s:s, s:s, s:i, s:i, s:b, s:b, s:o}", "mediaSessionId", push->id,
                     "streamName", push->target.publish, "rtmpUrl", push->target.shown, "width",
                     width, "height", height, "muted", push->muted, "soundEnabled",
                     push->sound != NULL, "options",
                     push->options ? json_deep_copy(push->options) : json_object());
}

void sl_push_summary(const struct sl_push *push, struct sl_push_summary *out)
{
    struct job_stats stats = {0};

    if (push->attempt)
        job_stats(attempt_job(push->attempt), &stats);
    *out = (struct sl_push_summary){
        .media_session_id = push->id,
        .stream = push->stream_name,
        .target = push->target.shown,
        .state = push->state,
        .bitrate_bps = stats.bitrate_bps,
        .frames_dropped = push->dropped_before + stats.dropped,
        .retries = push->retries,
        .created_ms = push->created_ms,
    };
}
