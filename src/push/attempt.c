/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A publication and the channel it sends: the one is gone before the other is given back. */
#include "push/internal.h"

#include "base/mem.h"
#include "net/net.h"

#include <errno.h>

struct attempt {
    struct sl_list link;
    struct sl_pushes *pushes;
    const struct attempt_ops *ops; /* NULL: nobody wants to know */
    void *owner;
    struct sl_channel *channel; /* NULL: RTMP could carry nothing of the stream */
    struct sl_publication *publication;
    struct sl_later refused;
};

static void attempt_free(struct attempt *attempt)
{
    struct sl_pushes *pushes = attempt->pushes;

    sl_channel_release(attempt->channel);
    sl_list_remove(&attempt->link);
    free(attempt);
    sl_pushes_check_stopped(pushes);
}

static void on_closed(void *owner)
{
    attempt_free(owner);
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
        ops->on_redirected(attempt->owner, sl_publication_redirect(attempt->publication));
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
    sl_publication_close(attempt->publication, on_closed, attempt);
    if (err == -EREMOTE)
        tell_redirected(attempt);
    else
        tell_failed(attempt, err, words);
}

static const struct sl_publication_ops publication_ops = {on_publishing, on_sound_end, on_ended};

static void on_refused(struct sl_later *later)
{
    struct attempt *attempt = sl_container_of(later, struct attempt, refused);

    tell_failed(attempt, -ENOSYS,
                "the stream has neither sound nor pictures that RTMP could carry");
    attempt_free(attempt);
}

static int create_publication(struct attempt *attempt, const struct attempt_config *config,
                              struct sl_error *error)
{
    struct sl_publication_config publication = config->publication;
    const struct sl_push_target *target = config->target;

    publication.pool = attempt->pushes->config.jobs;
    publication.control = attempt->pushes->config.loop;
    publication.channel = attempt->channel;
    publication.app = target->app;
    publication.tc_url = target->tc_url;
    publication.publish = target->publish;
    publication.user = target->user;
    publication.password = target->password;
    publication.host = target->host;
    publication.ops = &publication_ops;
    publication.owner = attempt;
    if (target->tls)
        publication.tls = sl_tls_clients_get(attempt->pushes->config.tls, SL_TLS_RTMPS);
    if (target->tls && !publication.tls)
        return sl_error_set(error, -ENOBUFS, "TLS cannot be set up");
    return sl_publication_create(&publication, &attempt->publication, error);
}

int sl_attempt_create(struct sl_pushes *pushes, const struct attempt_config *config,
                      struct attempt **out, struct sl_error *error)
{
    struct attempt *attempt = sl_new(struct attempt);

    attempt->pushes = pushes;
    attempt->ops = config->ops;
    attempt->owner = config->owner;
    attempt->refused.run = on_refused;
    if (sl_channel_get(pushes->channels, config->stream, &attempt->channel) < 0) {
        sl_loop_later(pushes->config.loop, &attempt->refused);
    } else {
        int err = create_publication(attempt, config, error);
        if (err < 0) {
            sl_channel_release(attempt->channel);
            free(attempt);
            return err;
        }
        sl_publication_start(attempt->publication);
    }
    sl_list_append(&pushes->attempts, &attempt->link);
    *out = attempt;
    return 0;
}

void sl_attempt_leave(struct attempt *attempt)
{
    if (!attempt)
        return;
    attempt->ops = NULL;
    if (attempt->publication)
        sl_publication_stop(attempt->publication);
}

struct sl_publication *sl_attempt_publication(struct attempt *attempt)
{
    return attempt->publication;
}
