/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All pulls: their beginning, finding them, their common end. */
#include "pull/internal.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

enum { RATE_MS = 1000 };

/* ---- Life ---- */

static void update_rates(void *owner)
{
    struct sl_pulls *pulls = owner;
    struct sl_pull *pull;

    sl_list_foreach(pull, &pulls->pulls, struct sl_pull, link) sl_pull_update_rates(pull);
    if (pulls->count == 0)
        sl_timer_stop(pulls->rate_timer);
}

struct sl_pulls *sl_pulls_create(const struct sl_pulls_config *config)
{
    struct sl_pulls *pulls = sl_new(struct sl_pulls);

    pulls->config = *config;
    sl_list_init(&pulls->pulls);
    sl_table_init(&pulls->by_id);
    pulls->rate_timer = sl_timer_create(config->loop, update_rates, pulls);
    return pulls;
}

static void on_stopped_later(struct sl_later *later)
{
    struct sl_pulls *pulls = sl_container_of(later, struct sl_pulls, stopped);
    void (*on_stopped)(void *owner) = pulls->on_stopped;

    pulls->on_stopped = NULL;
    on_stopped(pulls->on_stopped_owner);
}

static void check_stopped(struct sl_pulls *pulls)
{
    pulls->stopped.run = on_stopped_later;
    if (pulls->on_stopped && pulls->media_count == 0) /* and no more can come */
        sl_loop_later(pulls->config.loop, &pulls->stopped);
}

void sl_pulls_on_media_closed(void *arg)
{
    struct sl_pulls *pulls = arg;

    pulls->media_count--;
    check_stopped(pulls);
}

void sl_pulls_stop(struct sl_pulls *pulls, void (*on_stopped)(void *owner), void *owner)
{
    struct sl_pull *pull;

    pulls->stopping = true;
    while ((pull = sl_list_first(&pulls->pulls, struct sl_pull, link)))
        sl_pull_end(pull, false, "the server stops");
    pulls->on_stopped = on_stopped;
    pulls->on_stopped_owner = owner;
    check_stopped(pulls);
}

void sl_pulls_destroy(struct sl_pulls *pulls)
{
    if (!pulls)
        return;
    sl_later_cancel(&pulls->stopped);
    sl_timer_destroy(pulls->rate_timer);
    sl_table_deinit(&pulls->by_id);
    free(pulls);
}

/* ---- Beginning ---- */

static struct sl_pull *find_push(struct sl_pulls *pulls, const char *uri, const char *remote)
{
    struct sl_pull *pull;

    sl_list_foreach(pull, &pulls->pulls, struct sl_pull, link)
    {
        if (pull->kind == SL_PULL_PUSH && strcmp(pull->uri.text, uri) == 0 &&
            strcmp(pull->remote_stream, remote) == 0)
            return pull;
    }
    return NULL;
}

static bool is_remote_name(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= REMOTE_NAME_MAX && !sl_text_has_controls(name);
}

static int check_request(const struct sl_pulls *pulls, const struct sl_pull_request *request,
                         struct sl_pull_uri *uri, struct sl_error *error)
{
    const struct sl_config *config = pulls->config.config;

    int err = sl_pull_uri_parse(request->uri, uri, error);
    if (err < 0)
        return err;
    if (!is_remote_name(request->remote_stream))
        return sl_error_set(error, -EINVAL, "remoteStreamName: empty, too long or not text");
    if (pulls->stopping)
        return sl_error_set(error, -ECANCELED, "the server is shutting down");
    if (uri->tls && !config->wcs_agent_ssl)
        return sl_error_set(error, -EPERM, "wss:// needs wcs_agent_ssl=true");
    /* Viewers leave the operator some. */
    size_t max = (size_t)config->pulls_max;
    if (pulls->count >= (request->kind == SL_PULL_CLUSTER ? max - max / 4 : max))
        return sl_error_set(error, -ENOBUFS, "too many pulls (pulls_max)");
    return 0;
}

int sl_pull_start(struct sl_pulls *pulls, const struct sl_pull_request *request,
                  struct sl_pull **out, struct sl_error *error)
{
    struct sl_reservation *reservation = NULL;
    struct sl_stream *taken = NULL;
    struct sl_pull_uri uri;

    int err = check_request(pulls, request, &uri, error);
    if (err < 0)
        return err;
    if (request->kind == SL_PULL_PUSH) {
        taken = sl_streams_find(pulls->config.streams, request->local_stream);
        if (!taken || !sl_stream_is_live(taken))
            return sl_error_set(error, -ENOENT, "Stream not found");
        if (find_push(pulls, uri.text, request->remote_stream))
            return sl_error_set(error, -EEXIST, "it is pushed there already");
    } else {
        err = sl_streams_reserve(pulls->config.streams, request->local_stream, &reservation);
        if (err == -EEXIST)
            return sl_error_set(error, err, "localStreamName is in use");
        if (err < 0)
            return sl_error_set(error, err, "localStreamName: empty, too long or not text");
    }
    if (pulls->count == 0)
        sl_timer_start(pulls->rate_timer, RATE_MS, RATE_MS);
    *out = sl_pull_create(pulls, request, &uri, reservation, taken);
    return 0;
}

/* ---- Finding ---- */

size_t sl_pulls_count(const struct sl_pulls *pulls)
{
    return pulls->count;
}

static bool has_id(const struct sl_table_node *node, const void *key)
{
    return strcmp(sl_container_of_const(node, struct sl_pull, by_id)->id, key) == 0;
}

static struct sl_pull *find_pull(struct sl_pulls *pulls, const char *id)
{
    struct sl_table_node *node = sl_table_find(&pulls->by_id, sl_hash_text(id), has_id, id);

    return node ? sl_container_of(node, struct sl_pull, by_id) : NULL;
}

static bool matches(const struct sl_pull *pull, const struct sl_pull_filter *filter)
{
    return (!filter->uri || strcmp(pull->uri.text, filter->uri) == 0) &&
           (!filter->local_stream || strcmp(pull->local_stream, filter->local_stream) == 0) &&
           (!filter->remote_stream || strcmp(pull->remote_stream, filter->remote_stream) == 0);
}

size_t sl_pulls_each(struct sl_pulls *pulls, const struct sl_pull_filter *filter,
                     void (*fn)(struct sl_pull *pull, void *arg), void *arg)
{
    struct sl_pull *pull;
    size_t count = 0;

    sl_list_foreach(pull, &pulls->pulls, struct sl_pull, link)
    {
        if (filter && !matches(pull, filter))
            continue;
        count++;
        fn(pull, arg);
    }
    return count;
}

void sl_pull_terminate(struct sl_pull *pull)
{
    sl_pull_end(pull, false, "terminated");
}

struct selection {
    char (*ids)[UUID_LEN + 1];
    size_t count;
};

static void select_pull(struct sl_pull *pull, void *arg)
{
    struct selection *selection = arg;

    memcpy(selection->ids[selection->count++], pull->id, sizeof(pull->id));
}

/* By id: one's end may bring that of others, of pushes that take what a pull brings. */
size_t sl_pulls_terminate(struct sl_pulls *pulls, const struct sl_pull_filter *filter)
{
    struct selection selection = {.ids = sl_alloc_array(pulls->count + 1, UUID_LEN + 1)};

    (void)sl_pulls_each(pulls, filter, select_pull, &selection);
    for (size_t i = 0; i < selection.count; i++) {
        struct sl_pull *pull = find_pull(pulls, selection.ids[i]);
        if (pull)
            sl_pull_terminate(pull);
    }
    free(selection.ids);
    return selection.count;
}

/* ---- Telling ---- */

json_t *sl_pull_describe(const struct sl_pull *pull)
{
    return json_pack("{s:s, s:s?, s:s, s:s, s:s, s:s}", "localMediaSessionId", pull->id,
                     "remoteMediaSessionId", pull->status == PULL_NEW ? NULL : pull->remote_id,
                     "localStreamName", pull->local_stream, "remoteStreamName", pull->remote_stream,
                     "uri", pull->uri.text, "status", sl_pull_status_name(pull->status));
}

void sl_pull_summary(const struct sl_pull *pull, struct sl_pull_summary *out)
{
    *out = (struct sl_pull_summary){
        .media_session_id = pull->id,
        .uri = pull->uri.text,
        .local_stream = pull->local_stream,
        .remote_stream = pull->remote_stream,
        .status = sl_pull_status_name(pull->status),
        .kind = pull->kind,
        .bitrate_bps = pull->rates.audio_bps + pull->rates.video_bps,
        .created_ms = pull->created_ms,
    };
}
