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
#include "push/retry.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum {
    REDIRECTS_MAX = 3,
    CONNECT_TIMEOUT_MS = 10000,
    /* For each address of a server that was away: it may be back before a lost SYN is repeated. */
    RECONNECT_TIMEOUT_MS = 3000,
    RETRY_PAUSE_MS = 100, /* at least, however long the try before it took */
};

/*
 * set_state() makes every change; from -> to: who.
 *
 *   WAITING                -> CONNECTING   begin(): the stream is live
 *   CONNECTING             -> PUBLISHING   on_publishing()
 *   CONNECTING             -> CONNECTING   begin(): where the server has redirected us
 *   CONNECTING, PUBLISHING -> RETRYING     on_failed(), with rtmp_push_restore and tries left
 *   RETRYING               -> CONNECTING   begin(): after the wait, the host resolved once more
 *   RETRYING               -> RETRYING     on_resolved(): it could not be
 *   CONNECTING             -> RETRYING     begin(): there is no descriptor for it
 *   any                    -> ENDED        sl_push_end(): the stream ended, /push/terminate,
 *                                          retry_or_end()
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

static int64_t connect_timeout_ms(const struct sl_push *push)
{
    int64_t again_ms = (int64_t)push->addr_count * RECONNECT_TIMEOUT_MS;

    return push->retries_in_row == 0 || again_ms > CONNECT_TIMEOUT_MS ? CONNECT_TIMEOUT_MS
                                                                      : again_ms;
}

static const struct sl_push_target *current_target(const struct sl_push *push)
{
    return push->redirects > 0 ? &push->away : &push->target;
}

static int try_to_begin(struct sl_push *push, struct sl_error *error)
{
    struct attempt_config config = {
        .stream = push->stream,
        .target = current_target(push),
        .publication =
            {
                .addrs = push->addrs,
                .addr_count = push->addr_count,
                .connect_timeout_ms = connect_timeout_ms(push),
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
    push->tried_us = sl_now_us();
    return sl_attempt_create(push->pushes, &config, &push->attempt, error);
}

static void on_publishing(void *owner)
{
    struct sl_push *push = owner;

    set_state(push, SL_PUSH_PUBLISHING);
    count(push, SL_COUNTER_PUSHES_PUBLISHING);
    push->retries_in_row = 0;
    push->tried_us = 0;
    sl_log(SL_LOG_INFO, &push->scope, "push: publishing at %s port %u", current_target(push)->host,
           current_target(push)->port);
}

/* Reckoned from the begin of a try that failed, because some fail late. */
static int64_t wait_ms(const struct sl_push *push, int64_t now_us)
{
    int64_t whole_ms =
        sl_retry_wait_ms(push->pushes->config.config->rtmp_push_restore_interval_ms,
                         push->retries_in_row, now_us - push->away_since_us, sl_random_u32());
    int64_t spent_ms = push->tried_us > 0 ? (now_us - push->tried_us) / SL_US_PER_MS : 0;

    return whole_ms - spent_ms > RETRY_PAUSE_MS ? whole_ms - spent_ms : RETRY_PAUSE_MS;
}

static void schedule_retry(struct sl_push *push, const char *words)
{
    int64_t now_us = sl_now_us();

    if (push->retries_in_row == 0)
        push->away_since_us = now_us;
    int64_t wait = wait_ms(push, now_us);
    push->retries_in_row++;
    push->retries++;
    push->redirects = 0; /* begins where it was asked for */
    push->tried_us = 0;
    count(push, SL_COUNTER_PUSH_RECONNECTS);
    set_state(push, SL_PUSH_RETRYING);
    sl_timer_start(push->retry_timer, (uint64_t)wait, 0);
    sl_log(SL_LOG_WARN, &push->scope, "push: %s; next try in %lld ms", words, (long long)wait);
}

/* False: it has ended. */
static bool retry_or_end(struct sl_push *push, const char *words)
{
    const struct sl_config *config = push->pushes->config.config;

    if (config->rtmp_push_restore && push->retries_in_row < config->rtmp_push_restore_attempts) {
        schedule_retry(push, words);
        return true;
    }
    count(push, SL_COUNTER_PUSHES_FAILED);
    sl_push_end(push, words);
    return false;
}

/* False: it could not, and has ended. */
static bool begin(struct sl_push *push, struct sl_error *error)
{
    return try_to_begin(push, error) == 0 || retry_or_end(push, error->text);
}

static struct sl_publication *current_publication(const struct sl_push *push)
{
    return push->attempt ? sl_attempt_publication(push->attempt) : NULL;
}

static struct sl_publication_stats current_stats(const struct sl_push *push)
{
    struct sl_publication *publication = current_publication(push);
    struct sl_publication_stats stats = {0};

    if (publication)
        sl_publication_stats(publication, &stats);
    return stats;
}

static void on_failed(void *owner, int err, const char *words)
{
    struct sl_push *push = owner;

    (void)err; /* the words say it */
    push->dropped_before += current_stats(push).dropped;
    push->attempt = NULL;
    (void)retry_or_end(push, words);
}

static void take_addresses(struct sl_push *push, const struct sl_addr *addrs, size_t count)
{
    memcpy(push->addrs, addrs, count * sizeof(*addrs));
    push->addr_count = count;
}

/* The name may lead elsewhere by now; it is checked again, whatever it leads to. */
static void on_resolved(void *owner, int err, const char *words, const struct sl_addr *addrs,
                        size_t count)
{
    struct sl_push *push = owner;
    struct sl_error error;

    (void)words; /* what the host is called is the operator's or a server's, and told */
    push->lookup = NULL;
    if (err < 0) {
        (void)retry_or_end(push, "the host cannot be resolved");
        return;
    }
    if (sl_pushes_check_addresses(push->pushes, push->origin, push->target.host, addrs, count,
                                  &error) < 0) {
        sl_push_end(push, error.text);
        return;
    }
    take_addresses(push, addrs, count);
    (void)begin(push, &error); /* the log has told */
}

static void on_retry(void *owner)
{
    struct sl_push *push = owner;

    push->lookup = sl_resolve(push->pushes->config.loop, push->target.host, push->target.port,
                              SL_RESOLVE_TIMEOUT_MS, on_resolved, push);
}

/* ---- Redirects: what a server says is no word of whoever asked for the push ---- */

static void on_away_resolved(void *owner, int err, const char *words, const struct sl_addr *addrs,
                             size_t count)
{
    struct sl_push *push = owner;
    struct sl_error error;

    (void)words;
    push->lookup = NULL;
    if (err < 0) {
        (void)retry_or_end(push, "the server redirects to a host that cannot be resolved");
        return;
    }
    if (sl_pushes_check_redirect(push, addrs, count, &error) < 0) {
        (void)retry_or_end(push, error.text);
        return;
    }
    take_addresses(push, addrs, count);
    (void)begin(push, &error); /* the log has told */
}

static void on_redirected(void *owner, const char *url)
{
    struct sl_push *push = owner;
    struct sl_push_target away;
    struct sl_error error;

    push->dropped_before += current_stats(push).dropped;
    push->attempt = NULL;
    if (push->redirects == REDIRECTS_MAX) {
        (void)retry_or_end(push, "the server redirects again and again");
        return;
    }
    if (sl_push_target_redirect(current_target(push), url, &away, &error) < 0) {
        struct sl_error words;
        (void)sl_error_set(&words, 0, "the server redirects to a URL that cannot be used (%.200s)",
                           error.text);
        (void)retry_or_end(push, words.text);
        return;
    }
    push->away = away;
    push->redirects++;
    explicit_bzero(&away, sizeof(away));
    sl_log(SL_LOG_INFO, &push->scope, "push: the server redirects to %s port %u", push->away.host,
           push->away.port);
    push->lookup = sl_resolve(push->pushes->config.loop, push->away.host, push->away.port,
                              SL_RESOLVE_TIMEOUT_MS, on_away_resolved, push);
}

/* ---- The sound ---- */

static void give_sound(struct sl_push *push, struct sl_sound *sound, bool loop)
{
    sl_sound_unref(push->sound);
    push->sound = sound;
    push->loop = loop;
    push->sound_serial++;
    struct sl_publication *publication = current_publication(push);
    if (publication)
        sl_publication_set_sound(publication, sound, loop, push->sound_serial);
}

/* It may have been replaced while the news was on its way. */
static void on_sound_end(void *owner, unsigned serial)
{
    struct sl_push *push = owner;

    if (serial != push->sound_serial)
        return;
    sl_sound_unref(push->sound);
    push->sound = NULL;
}

static const struct attempt_ops attempt_ops = {on_publishing, on_sound_end, on_failed,
                                               on_redirected};

static void answer_sound(struct sl_push *push, int err, const char *words)
{
    void (*on_done)(void *, int, const char *) = push->on_sound_done;

    push->on_sound_done = NULL;
    if (on_done)
        on_done(push->on_sound_owner, err, words);
}

static void on_sound_loaded(void *owner, int err, const char *words, struct sl_sound *sound)
{
    struct sl_push *push = owner;

    push->sound_load = NULL;
    if (err == 0)
        give_sound(push, sound, push->loading_loop);
    answer_sound(push, err, words);
}

static void on_sound_later(struct sl_later *later)
{
    struct sl_push *push = sl_container_of(later, struct sl_push, sound_later);
    struct sl_error error = push->sound_error;

    answer_sound(push, push->sound_err, error.text);
}

/* What waits for an answer gets it now: err, unless its own was known. */
static void cancel_sound_load(struct sl_push *push, int err, const char *words)
{
    if (sl_list_linked(&push->sound_later.link)) {
        sl_later_cancel(&push->sound_later);
        on_sound_later(&push->sound_later);
        return;
    }
    if (!push->sound_load)
        return;
    sl_sound_load_cancel(push->sound_load);
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
        sl_push_end(push, "the stream ended");
}

static void watch_stream(struct sl_push *push, struct sl_stream *stream)
{
    push->stream = stream;
    push->listener.on_end = on_stream_end;
    sl_stream_listen(stream, &push->listener);
    push->taker = (struct sl_taker){.kind = SL_TAKER_OUTPUT, .protocol = "rtmp", .id = push->id};
    sl_taker_attach(&push->taker, stream);
}

void sl_push_on_live(struct sl_push *push, struct sl_stream *stream)
{
    struct sl_error error;

    if (push->state != SL_PUSH_WAITING)
        return;
    if (!push->stream)
        watch_stream(push, stream);
    (void)begin(push, &error); /* the log has told */
}

/* ---- Life ---- */

struct sl_push *sl_push_create(struct sl_pushes *pushes, const struct push_config *config,
                               struct sl_error *error)
{
    struct sl_push *push = sl_new(struct sl_push);
    struct sl_log_scope stream_scope;

    push->pushes = pushes;
    sl_random_token(push->id, SESSION_ID_LEN);
    push->stream_name = sl_strdup(config->stream_name);
    push->named = sl_strdup(config->named);
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
        return begin(push, error) ? push : NULL;
    sl_log(SL_LOG_INFO, &push->scope, "push: waiting for the stream");
    return push;
}

void sl_push_end(struct sl_push *push, const char *why)
{
    struct sl_pushes *pushes = push->pushes;

    set_state(push, SL_PUSH_ENDED);
    sl_log(SL_LOG_INFO, &push->scope, "push: ended: %s", why);
    sl_list_remove(&push->link);
    pushes->count--;
    sl_stream_unlisten(&push->listener);
    sl_taker_detach(&push->taker);
    sl_attempt_leave(push->attempt);
    sl_resolve_cancel(push->lookup);
    sl_timer_destroy(push->retry_timer);
    cancel_sound_load(push, -ENOENT, "the push has ended");
    sl_sound_unref(push->sound);
    json_decref(push->options);
    free(push->stream_name);
    free(push->named);
    free(push->rtmp_url);
    free(push->flash_version);
    explicit_bzero(&push->target, sizeof(push->target));
    explicit_bzero(&push->away, sizeof(push->away));
    free(push);
    sl_pushes_check_stopped(pushes);
}

void sl_push_terminate(struct sl_push *push)
{
    sl_push_end(push, "terminated");
}

void sl_push_set_muted(struct sl_push *push, bool muted)
{
    struct sl_publication *publication = current_publication(push);

    push->muted = muted;
    if (publication)
        sl_publication_set_muted(publication, muted);
}

void sl_push_set_sound(struct sl_push *push, const char *file, bool loop,
                       void (*on_done)(void *owner, int err, const char *words), void *owner)
{
    cancel_sound_load(push, -ECANCELED, "another sound was asked for");
    push->on_sound_done = on_done;
    push->on_sound_owner = owner;
    push->sound_error.text[0] = '\0';
    push->sound_err = file ? sl_sound_check_name(file, &push->sound_error) : 0;
    if (!file)
        give_sound(push, NULL, false);
    if (!file || push->sound_err < 0) {
        push->sound_later.run = on_sound_later;
        sl_loop_later(push->pushes->config.loop, &push->sound_later);
        return;
    }
    char *dir = sl_config_media_dir(push->pushes->config.config);
    push->loading_loop = loop;
    push->sound_load = sl_sound_load_start(sl_programs_sounds(push->pushes->config.programs), dir,
                                           file, on_sound_loaded, push);
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
    struct sl_publication_stats stats = current_stats(push);

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
