/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stands in for pull/, cluster/ and the server's directory in the tests of rest/. */
#include "fake_pull.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- Pulls ---- */

struct sl_pull *fake_pull_add(struct sl_pulls *pulls, enum sl_pull_kind kind, const char *local)
{
    struct sl_pull *pull = pulls->pulls;

    while (pull->lives)
        pull++;
    assert_true(pull < pulls->pulls + FAKE_PULLS_MAX);
    *pull = (struct sl_pull){.lives = true, .kind = kind};
    (void)snprintf(pull->id, sizeof(pull->id), "%.10s-%d", local, (int)(pull - pulls->pulls));
    (void)snprintf(pull->local, sizeof(pull->local), "%s", local);
    (void)snprintf(pull->remote, sizeof(pull->remote), "there");
    (void)snprintf(pull->uri, sizeof(pull->uri), "ws://h/websocket");
    return pull;
}

int sl_pull_start(struct sl_pulls *pulls, const struct sl_pull_request *request,
                  struct sl_pull **out, struct sl_error *error)
{
    (void)snprintf(pulls->asked, sizeof(pulls->asked), "kind=%d %s %s as %s", (int)request->kind,
                   request->uri, request->remote_stream, request->local_stream);
    if (pulls->err < 0)
        return sl_error_set(error, pulls->err, "the words of pull");
    *out = fake_pull_add(pulls, request->kind, request->local_stream);
    (*out)->on_end = request->on_end;
    (*out)->owner = request->owner;
    return 0;
}

void sl_pull_terminate(struct sl_pull *pull)
{
    pull->lives = false;
    if (pull->on_end)
        pull->on_end(pull->owner, "terminated");
}

static bool matches(const struct sl_pull *pull, const struct sl_pull_filter *filter)
{
    return pull->lives &&
           (!filter ||
            ((!filter->uri || strcmp(filter->uri, pull->uri) == 0) &&
             (!filter->local_stream || strcmp(filter->local_stream, pull->local) == 0) &&
             (!filter->remote_stream || strcmp(filter->remote_stream, pull->remote) == 0)));
}

size_t sl_pulls_each(struct sl_pulls *pulls, const struct sl_pull_filter *filter,
                     void (*fn)(struct sl_pull *pull, void *arg), void *arg)
{
    size_t count = 0;

    for (size_t i = 0; i < FAKE_PULLS_MAX; i++) {
        if (!matches(&pulls->pulls[i], filter))
            continue;
        count++;
        fn(&pulls->pulls[i], arg);
    }
    return count;
}

static void terminate(struct sl_pull *pull, void *arg)
{
    (void)arg;
    sl_pull_terminate(pull);
}

size_t sl_pulls_terminate(struct sl_pulls *pulls, const struct sl_pull_filter *filter)
{
    return sl_pulls_each(pulls, filter, terminate, NULL);
}

json_t *sl_pull_describe(const struct sl_pull *pull)
{
    return json_pack("{s:s, s:n, s:s, s:s, s:s, s:s}", "localMediaSessionId", pull->id,
                     "remoteMediaSessionId", "localStreamName", pull->local, "remoteStreamName",
                     pull->remote, "uri", pull->uri, "status", "NEW");
}

void sl_pull_summary(const struct sl_pull *pull, struct sl_pull_summary *out)
{
    *out = (struct sl_pull_summary){
        .media_session_id = pull->id,
        .uri = pull->uri,
        .local_stream = pull->local,
        .remote_stream = pull->remote,
        .status = "PROCESSED_REMOTE",
        .kind = pull->kind,
        .bitrate_bps = 1500,
        .created_ms = 1700000000000,
    };
}

/* ---- The directory ---- */

void fake_directory_answer(struct fake_directory *fake)
{
    void *owner = fake->owner;

    assert_non_null(owner);
    fake->owner = NULL;
    fake->held += fake->err == 0;
    fake->on_answer(owner, fake->err);
}

static void on_later(struct sl_later *later)
{
    fake_directory_answer(sl_container_of(later, struct fake_directory, later));
}

static struct sl_directory_call *claim(void *arg, const char *name,
                                       sl_directory_on_answer *on_answer, void *owner)
{
    struct fake_directory *fake = arg;

    (void)snprintf(fake->claimed, sizeof(fake->claimed), "%s", name);
    fake->owner = owner;
    fake->on_answer = on_answer;
    fake->later.run = on_later;
    if (!fake->waits)
        sl_loop_later(NULL, &fake->later);
    return (struct sl_directory_call *)fake;
}

static void release(void *arg, const char *name)
{
    struct fake_directory *fake = arg;

    assert_string_equal(name, fake->claimed);
    fake->held--;
}

static void cancel(void *arg, struct sl_directory_call *call)
{
    struct fake_directory *fake = arg;

    assert_ptr_equal(call, fake);
    assert_non_null(fake->owner);
    sl_later_cancel(&fake->later);
    fake->owner = NULL;
}

void fake_directory_init(struct fake_directory *fake)
{
    *fake = (struct fake_directory){
        .directory = {.arg = fake, .claim = claim, .release = release, .cancel = cancel}};
}

size_t sl_pulls_count(const struct sl_pulls *pulls)
{
    size_t count = 0;

    for (size_t i = 0; i < FAKE_PULLS_MAX; i++)
        count += pulls->pulls[i].lives;
    return count;
}

/* ---- Nodes ---- */

bool sl_cluster_is_connected(const struct sl_cluster *cluster)
{
    return cluster->count > 0;
}

size_t sl_cluster_node_count(const struct sl_cluster *cluster)
{
    return cluster->count;
}

void sl_cluster_each_node(const struct sl_cluster *cluster,
                          void (*fn)(const struct sl_cluster_node *node, void *arg), void *arg)
{
    for (size_t i = 0; i < cluster->count; i++)
        fn(&cluster->nodes[i], arg);
}
