/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a request to a push: check what can be checked at once, resolve the host, check where it
 * leads, read the sound file, check again what may have changed meanwhile, make the push.
 */
#include "push/internal.h"

#include "base/config.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>

enum { FLASH_VERSION_MAX = 128, START_COUNT_MAX = 256 };

struct sl_push_start {
    struct sl_list link;
    struct sl_pushes *pushes;
    char *stream, *named, *rtmp_url, *flash_version, *sound_file;
    enum sl_push_origin origin;
    json_t *options;
    bool mute, loop;
    struct sl_push_target target;
    struct sl_addr addrs[SL_RESOLVE_ADDRESSES_MAX];
    size_t addr_count;
    struct sl_lookup *lookup;
    struct sl_sound_load *sound_load;
    struct sl_sound *sound;
    sl_push_on_done *on_done;
    void *owner;
    struct sl_later refusal; /* tells what was found at once: */
    int err;                 /* 0: it goes on, and counts */
    struct sl_error error;
};

static void start_free(struct sl_push_start *start)
{
    sl_list_remove(&start->link);
    sl_later_cancel(&start->refusal);
    if (start->err == 0)
        start->pushes->start_count--;
    sl_resolve_cancel(start->lookup);
    sl_sound_load_cancel(start->sound_load);
    sl_sound_unref(start->sound);
    json_decref(start->options);
    explicit_bzero(&start->target, sizeof(start->target));
    free(start->stream);
    free(start->named);
    free(start->rtmp_url);
    free(start->flash_version);
    free(start->sound_file);
    free(start);
}

void sl_push_start_cancel(struct sl_push_start *start)
{
    if (start)
        start_free(start);
}

static void fail(struct sl_push_start *start, int err, const char *words)
{
    sl_push_on_done *on_done = start->on_done;
    void *owner = start->owner;

    start_free(start);
    on_done(owner, err, words, NULL);
}

static void on_refusal(struct sl_later *later)
{
    struct sl_push_start *start = sl_container_of(later, struct sl_push_start, refusal);
    struct sl_error error = start->error;

    fail(start, start->err, error.text);
}

/* It promises nothing any more. */
static void fail_later(struct sl_push_start *start, int err)
{
    start->err = err;
    start->pushes->start_count--;
    start->refusal.run = on_refusal;
    sl_loop_later(start->pushes->config.loop, &start->refusal);
}

void sl_starts_drop(struct sl_pushes *pushes)
{
    struct sl_push_start *start;

    while ((start = sl_list_first(&pushes->starts, struct sl_push_start, link)))
        start_free(start);
}

void sl_start_cancel_all(struct sl_pushes *pushes)
{
    struct sl_push_start *start;

    while ((start = sl_list_first(&pushes->starts, struct sl_push_start, link)))
        fail(start, -ENOBUFS, "the server stops");
}

/* ---- Checks ---- */

static bool is_promised(const struct sl_pushes *pushes, const struct sl_push_start *start)
{
    const struct sl_push_start *other;

    sl_list_foreach(other, &pushes->starts, const struct sl_push_start, link)
    {
        if (other != start && other->err == 0 && strcmp(other->stream, start->stream) == 0 &&
            strcmp(other->named, start->named) == 0 &&
            strcmp(other->rtmp_url, start->rtmp_url) == 0)
            return true;
    }
    return false;
}

static int check_stream(const struct sl_push_start *start, struct sl_error *error)
{
    struct sl_streams *streams = start->pushes->config.streams;

    if (!sl_streams_find(streams, start->stream) && !sl_streams_is_reserved(streams, start->stream))
        return sl_error_set(error, -ENOENT, "Stream not found");
    return 0;
}

static int check_room(const struct sl_push_start *start, struct sl_error *error)
{
    const struct sl_pushes *pushes = start->pushes;

    if (pushes->stopping)
        return sl_error_set(error, -ENOBUFS, "the server stops");
    if (pushes->start_count > START_COUNT_MAX ||
        (int64_t)(pushes->count + pushes->start_count) > pushes->config.config->pushes_max)
        return sl_error_set(error, -ENOBUFS, "too many pushes (pushes_max)");
    return 0;
}

static int check_conflict(const struct sl_push_start *start, struct sl_error *error)
{
    if (sl_pushes_find_conflict(start->pushes, start->stream, start->named, start->rtmp_url) ||
        is_promised(start->pushes, start))
        return sl_error_set(error, -EEXIST, "this stream is pushed to this URL already");
    return 0;
}

static int check_flash_version(const char *text, struct sl_error *error)
{
    if (strlen(text) > FLASH_VERSION_MAX)
        return sl_error_set(error, -EINVAL, "rtmpFlashVersion: too long");
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return sl_error_set(error, -EINVAL, "rtmpFlashVersion: control characters");
    }
    return 0;
}

static int parse_target(struct sl_push_start *start, const struct sl_push_request *request,
                        struct sl_error *error)
{
    const struct sl_config *config = start->pushes->config.config;
    struct sl_push_naming naming = {
        .stream = start->named,
        .prefix = config->rtmp_transponder_stream_name_prefix,
        .full_url = request->full_url == SL_PUSH_FULL_URL_CONFIG
                        ? config->rtmp_transponder_full_url
                        : request->full_url == SL_PUSH_FULL_URL_ON,
    };

    if (request->rtmp_url[0] == '\0')
        return sl_error_set(error, -EINVAL, "rtmpUrl is missing");
    return sl_push_target_parse(request->rtmp_url, &naming, &start->target, error);
}

static int check_at_once(struct sl_push_start *start, const struct sl_push_request *request,
                         struct sl_error *error)
{
    int err = parse_target(start, request, error);

    if (err == 0)
        err = check_flash_version(start->flash_version, error);
    if (err == 0 && start->sound_file)
        err = sl_sound_check_name(start->sound_file, error);
    if (err == 0)
        err = check_stream(start, error);
    if (err == 0)
        err = check_conflict(start, error);
    return err < 0 ? err : check_room(start, error);
}

/* ---- Steps ---- */

static void make_push(struct sl_push_start *start)
{
    struct sl_error error;
    sl_push_on_done *on_done = start->on_done;
    void *owner = start->owner;
    int err = check_stream(start, &error); /* it may have ended meanwhile */

    if (err < 0) {
        fail(start, err, error.text);
        return;
    }
    struct push_config config = {
        .target = &start->target,
        .stream_name = start->stream,
        .named = start->named,
        .rtmp_url = start->rtmp_url,
        .flash_version = start->flash_version,
        .origin = start->origin,
        .options = start->options,
        .addrs = start->addrs,
        .addr_count = start->addr_count,
        .muted = start->mute,
        .sound = start->sound,
        .loop = start->loop,
    };
    start->options = NULL;
    start->sound = NULL;
    struct sl_push *push = sl_push_create(start->pushes, &config, &error);
    start_free(start);
    if (push)
        on_done(owner, 0, "", push);
    else
        on_done(owner, -ENOBUFS, error.text, NULL);
}

static void on_sound_loaded(void *owner, int err, const char *words, struct sl_sound *sound)
{
    struct sl_push_start *start = owner;

    start->sound_load = NULL;
    start->sound = sound;
    if (err < 0)
        fail(start, err, words);
    else
        make_push(start);
}

static void on_resolved(void *owner, int err, const char *words, const struct sl_addr *addrs,
                        size_t count)
{
    struct sl_push_start *start = owner;
    struct sl_error error;

    start->lookup = NULL;
    if (err == -ENOBUFS) {
        fail(start, err, words);
        return;
    }
    if (err < 0) {
        fail(start, -EINVAL, "rtmpUrl: the host cannot be resolved");
        return;
    }
    err = sl_pushes_check_addresses(start->pushes, start->origin, start->target.host, addrs, count,
                                    &error);
    if (err < 0) {
        fail(start, err, error.text);
        return;
    }
    memcpy(start->addrs, addrs, count * sizeof(*addrs));
    start->addr_count = count;
    if (!start->sound_file) {
        make_push(start);
        return;
    }
    char *dir = sl_config_media_dir(start->pushes->config.config);
    start->sound_load = sl_sound_load_start(sl_programs_sounds(start->pushes->config.programs), dir,
                                            start->sound_file, on_sound_loaded, start);
    free(dir);
}

struct sl_push_start *sl_push_start(struct sl_pushes *pushes, const struct sl_push_request *request,
                                    sl_push_on_done *on_done, void *owner)
{
    struct sl_push_start *start = sl_new(struct sl_push_start);

    start->pushes = pushes;
    start->stream = sl_strdup(request->stream);
    start->named = sl_strdup(request->named ? request->named : request->stream);
    start->rtmp_url = sl_strdup(request->rtmp_url);
    start->flash_version =
        sl_strdup(request->flash_version ? request->flash_version
                                         : pushes->config.config->rtmp_flash_ver_publisher);
    start->sound_file = sl_strdup_or_null(request->sound_file);
    start->origin = request->origin;
    start->options = request->options ? json_deep_copy(request->options) : NULL;
    start->mute = request->mute;
    start->loop = request->loop;
    start->on_done = on_done;
    start->owner = owner;
    sl_list_append(&pushes->starts, &start->link);
    pushes->start_count++;
    int err = check_at_once(start, request, &start->error);
    if (err < 0)
        fail_later(start, err);
    else
        start->lookup = sl_resolve(pushes->config.loop, start->target.host, start->target.port,
                                   SL_RESOLVE_TIMEOUT_MS, on_resolved, start);
    return start;
}
