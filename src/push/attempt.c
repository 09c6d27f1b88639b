/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A job and its feed: made together, taken down in the one order that leaves nobody posting to what
 * is gone: the job ends, the feed is closed, the job is freed, the feed is freed. */
#include "push/internal.h"

#include "base/mem.h"
#include "net/net.h"
#include "push/feed.h"

#include <errno.h>
#include <string.h>

struct attempt {
    struct sl_list link;
    struct sl_pushes *pushes;
    const struct attempt_ops *ops; /* NULL: nobody wants to know */
    void *owner;
    struct job *job;
    struct feed *feed;
};

static void on_feed_closed(void *owner)
{
    struct attempt *attempt = owner;
    struct sl_pushes *pushes = attempt->pushes;

    job_destroy(attempt->job);
    feed_destroy(attempt->feed);
    sl_list_remove(&attempt->link);
    free(attempt);
    pushes_check_stopped(pushes);
}

static void tell_failed(struct attempt *attempt, int err, const char *words)
{
    const struct attempt_ops *ops = attempt->ops;

    attempt->ops = NULL;
    if (ops)
        ops->on_failed(attempt->owner, err, words);
}

static void tell_redirected(struct attempt *attempt)
{
    const struct attempt_ops *ops = attempt->ops;

    attempt->ops = NULL;
    if (ops)
        ops->on_redirected(attempt->owner, job_redirect(attempt->job));
}

static void on_publishing(void *owner)
{
    struct attempt *attempt = owner;

    if (attempt->ops)
        attempt->ops->on_publishing(attempt->owner);
}

static void on_sound_end(void *owner, unsigned serial)
{
    struct attempt *attempt = owner;

    if (attempt->ops)
        attempt->ops->on_sound_end(attempt->owner, serial);
}

static void on_ended(void *owner, int err, const char *words)
{
    struct attempt *attempt = owner;

    /* First, because who is told may stop everything and wait for this. */
    feed_close(attempt->feed, on_feed_closed, attempt);
    if (err == -EREMOTE)
        tell_redirected(attempt);
    else
        tell_failed(attempt, err, words);
}

static const struct job_ops job_ops = {on_publishing, on_sound_end, on_ended};

int attempt_create(struct sl_pushes *pushes, const struct attempt_config *config,
                   struct attempt **out, struct sl_error *error)
{
    struct attempt *attempt = sl_new(struct attempt);
    struct job_config job = config->job;
    struct feed_config feed = {.stream = config->stream, .control = pushes->config.loop};

    attempt->pushes = pushes;
    attempt->ops = config->ops;
    attempt->owner = config->owner;
    job.control = pushes->config.loop;
    job.ops = &job_ops;
    job.owner = attempt;
    for (size_t i = 0; i < 2; i++) {
        const struct sl_track *track = sl_stream_track(config->stream, (enum sl_media_kind)i);
        const struct sl_track_config *codecs = track ? sl_track_codecs(track) : NULL;
        job.codecs[i] = codecs && codecs->codec_count > 0 ? codecs->codecs[0].codec : SL_CODEC_NONE;
        feed.tracks[i] = job.codecs[i] != SL_CODEC_NONE;
    }
    int err = job_create(&job, &attempt->job, error);
    if (err < 0) {
        free(attempt);
        return err;
    }
    feed.job_loop = job_loop(attempt->job);
    feed.on_item = job_on_item;
    feed.owner = attempt->job;
    attempt->feed = feed_create(&feed);
    sl_list_append(&pushes->attempts, &attempt->link);
    job_start(attempt->job, attempt->feed);
    *out = attempt;
    return 0;
}

void attempt_leave(struct attempt *attempt)
{
    if (!attempt)
        return;
    attempt->ops = NULL;
    job_stop(attempt->job);
}

struct job *attempt_job(struct attempt *attempt)
{
    return attempt->job;
}
