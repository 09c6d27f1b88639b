/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names of other nodes, and the pulls that bring them.
 *
 *   names --n--> fetch --0..1--> pull
 *                  `--n--> call: those who wait for it
 *
 * A fetch: LOOKING (the registry is asked) -> PULLING -> LIVE -> gone. on_found(), on_live() and
 * fetch_end() move it.
 */
#include "server/directory.h"

#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "cluster/cluster.h"
#include "net/net.h"
#include "pull/pull.h"
#include "session/session.h"
#include "stream/stream.h"

#include <errno.h>
#include <string.h>

enum {
    IDLE_CHECK_MS = 250,
    FETCHES_MAX = 10000, /* under way or live; pulls_max bounds those that pull */
};

struct sl_names {
    struct sl_names_config use;
    const struct sl_sessions *sessions; /* NULL: not known yet */
    struct sl_directory directory;
    struct sl_table fetches; /* struct fetch, by name */
    struct sl_timer *idle_timer;
};

struct fetch {
    struct sl_table_node by_name;
    struct sl_names *names;
    struct sl_list calls;           /* struct sl_directory_call */
    struct sl_cluster_call *lookup; /* LOOKING */
    bool looking;                   /* inside sl_cluster_find() */
    bool over;                      /* ended there */
    struct sl_pull *pull;           /* PULLING, LIVE */
    struct sl_stream *stream;       /* LIVE */
    int64_t used_us;                /* when somebody was last seen to use it */
    char name[SL_STREAM_NAME_MAX + 1];
};

/* Somebody's question. */
struct sl_directory_call {
    struct sl_list link; /* of a fetch; claims: none */
    struct sl_names *names;
    struct sl_cluster_call *claim; /* NULL: a fetch */
    bool asking, answered;         /* inside sl_cluster_claim(); answered while asking */
    sl_directory_on_answer *on_answer;
    void *owner;
    char name[]; /* of a claim */
};

static struct sl_directory_call *call_create(struct sl_names *names, const char *name,
                                             sl_directory_on_answer *on_answer, void *owner)
{
    size_t len = strlen(name) + 1;
    struct sl_directory_call *call = sl_alloc(sizeof(*call) + len);

    call->names = names;
    call->on_answer = on_answer;
    call->owner = owner;
    memcpy(call->name, name, len);
    return call;
}

/* ---- Fetches ---- */

static bool has_name(const struct sl_table_node *node, const void *key)
{
    return strcmp(sl_container_of_const(node, struct fetch, by_name)->name, key) == 0;
}

static struct fetch *find_fetch(const struct sl_names *names, const char *name)
{
    struct sl_table_node *node = sl_table_find(&names->fetches, sl_hash_text(name), has_name, name);

    return node ? sl_container_of(node, struct fetch, by_name) : NULL;
}

/* Each may ask for more from within: the list is taken first. */
static void answer_all(struct fetch *fetch, int err)
{
    struct sl_list calls;

    sl_list_init(&calls);
    while (!sl_list_empty(&fetch->calls)) {
        struct sl_directory_call *call =
            sl_list_first(&fetch->calls, struct sl_directory_call, link);
        sl_list_remove(&call->link);
        sl_list_append(&calls, &call->link);
    }
    while (!sl_list_empty(&calls)) {
        struct sl_directory_call *call = sl_list_first(&calls, struct sl_directory_call, link);
        sl_list_remove(&call->link);
        call->on_answer(call->owner, err);
        free(call);
    }
}

static void fetch_end(struct fetch *fetch)
{
    struct sl_names *names = fetch->names;

    sl_table_remove(&names->fetches, &fetch->by_name);
    if (names->fetches.count == 0)
        sl_timer_stop(names->idle_timer);
    answer_all(fetch, -ENOENT);
    if (fetch->looking)
        fetch->over = true; /* fetch_begin() frees it */
    else
        free(fetch);
}

static void on_live(void *owner, struct sl_stream *stream)
{
    struct fetch *fetch = owner;

    fetch->stream = stream;
    fetch->used_us = sl_now_us();
    answer_all(fetch, 0);
}

static void on_pull_end(void *owner, const char *why)
{
    (void)why; /* the log has it */
    fetch_end(owner);
}

static void on_found(void *owner, const struct sl_cluster_node *node)
{
    struct fetch *fetch = owner;
    struct sl_pull_request request = {
        .kind = SL_PULL_CLUSTER,
        .local_stream = fetch->name,
        .remote_stream = fetch->name,
        .on_live = on_live,
        .on_end = on_pull_end,
        .owner = fetch,
    };
    struct sl_error error = {""};
    char name[128], words[160];

    fetch->lookup = NULL;
    if (!node) {
        fetch_end(fetch);
        return;
    }
    request.uri = node->uri;
    if (sl_pull_start(fetch->names->use.pulls, &request, &fetch->pull, &error) == 0)
        return;
    sl_log(SL_LOG_WARN, NULL, "cluster: stream %s of node %s cannot be had: %s",
           sl_log_quote(name, sizeof(name), fetch->name), node->id,
           sl_log_quote(words, sizeof(words), error.text));
    fetch_end(fetch);
}

/* NULL: it is over already, whoever waits has been told. */
static struct fetch *fetch_begin(struct sl_names *names, const char *name,
                                 struct sl_directory_call *call)
{
    struct fetch *fetch = sl_new(struct fetch);

    fetch->names = names;
    memcpy(fetch->name, name, strlen(name) + 1);
    sl_list_init(&fetch->calls);
    sl_list_append(&fetch->calls, &call->link);
    if (names->fetches.count == 0)
        sl_timer_start(names->idle_timer, IDLE_CHECK_MS, IDLE_CHECK_MS);
    sl_table_insert(&names->fetches, &fetch->by_name, sl_hash_text(name));
    fetch->looking = true;
    fetch->lookup = sl_cluster_find(names->use.cluster, name, on_found, fetch);
    fetch->looking = false;
    if (!fetch->over)
        return fetch;
    free(fetch);
    return NULL;
}

static struct sl_directory_call *fetch_name(void *arg, const char *name,
                                            sl_directory_on_answer *on_answer, void *owner)
{
    struct sl_names *names = arg;
    struct fetch *fetch = find_fetch(names, name);

    if (fetch && fetch->stream) {
        on_answer(owner, 0);
        return NULL;
    }
    if (!fetch && (names->fetches.count >= FETCHES_MAX || strlen(name) > SL_STREAM_NAME_MAX)) {
        on_answer(owner, -ENOENT);
        return NULL;
    }
    struct sl_directory_call *call = call_create(names, "", on_answer, owner);
    if (fetch)
        sl_list_append(&fetch->calls, &call->link);
    else if (!fetch_begin(names, name, call))
        return NULL;
    return call;
}

/* ---- Fetches that nobody uses any more ---- */

static bool is_used(const struct fetch *fetch)
{
    return sl_pull_is_used(fetch->pull) ||
           (fetch->names->sessions &&
            sl_sessions_players_of(fetch->names->sessions, fetch->stream) > 0);
}

static void check_idle(struct sl_table_node *node, void *arg)
{
    struct fetch *fetch = sl_container_of(node, struct fetch, by_name);
    int64_t now_us = *(const int64_t *)arg;
    int64_t idle_us = fetch->names->use.config->cluster_idle_ms * SL_US_PER_MS;

    if (!fetch->stream)
        return; /* the pull's own time limit */
    if (is_used(fetch))
        fetch->used_us = now_us;
    else if (now_us - fetch->used_us >= idle_us)
        sl_pull_terminate(fetch->pull); /* on_pull_end() takes it out */
}

static void on_idle_timer(void *owner)
{
    struct sl_names *names = owner;
    int64_t now_us = sl_now_us();

    sl_table_each(&names->fetches, check_idle, &now_us);
}

/* ---- Claims ---- */

/* What was pulled under a name that is this node's now is of a stream that is no more. */
static void drop_stale(struct sl_names *names, const char *name)
{
    struct fetch *fetch = find_fetch(names, name);

    if (fetch && fetch->pull)
        sl_pull_terminate(fetch->pull);
}

static void on_claimed(void *owner, int err)
{
    struct sl_directory_call *call = owner;

    call->claim = NULL;
    if (err == 0)
        drop_stale(call->names, call->name);
    call->on_answer(call->owner, err);
    if (call->asking)
        call->answered = true; /* claim_name() frees it */
    else
        free(call);
}

static struct sl_directory_call *claim_name(void *arg, const char *name,
                                            sl_directory_on_answer *on_answer, void *owner)
{
    struct sl_names *names = arg;
    struct sl_directory_call *call = call_create(names, name, on_answer, owner);

    call->asking = true;
    struct sl_cluster_call *claim = sl_cluster_claim(names->use.cluster, name, on_claimed, call);
    call->asking = false;
    if (call->answered) {
        free(call);
        return NULL;
    }
    call->claim = claim;
    return call;
}

static void release_name(void *arg, const char *name)
{
    const struct sl_names *names = arg;

    sl_cluster_release(names->use.cluster, name);
}

static void cancel_call(void *arg, struct sl_directory_call *call)
{
    (void)arg;
    sl_cluster_cancel(call->claim);
    sl_list_remove(&call->link); /* a fetch goes on: others may want it */
    free(call);
}

/* ---- Life ---- */

struct sl_names *sl_names_create(const struct sl_names_config *config)
{
    struct sl_names *names = sl_new(struct sl_names);

    names->use = *config;
    names->directory = (struct sl_directory){
        .arg = names,
        .claim = claim_name,
        .release = release_name,
        .fetch = fetch_name,
        .cancel = cancel_call,
    };
    sl_table_init(&names->fetches);
    names->idle_timer = sl_timer_create(config->loop, on_idle_timer, names);
    return names;
}

static void drop_fetch(struct sl_table_node *node, void *arg)
{
    struct fetch *fetch = sl_container_of(node, struct fetch, by_name);

    (void)arg;
    sl_cluster_cancel(fetch->lookup);
    sl_table_remove(&fetch->names->fetches, &fetch->by_name);
    free(fetch);
}

void sl_names_destroy(struct sl_names *names)
{
    if (!names)
        return;
    sl_table_each(&names->fetches, drop_fetch, NULL);
    sl_table_deinit(&names->fetches);
    sl_timer_destroy(names->idle_timer);
    free(names);
}

void sl_names_set_sessions(struct sl_names *names, const struct sl_sessions *sessions)
{
    names->sessions = sessions;
}

const struct sl_directory *sl_names_directory(struct sl_names *names)
{
    return &names->directory;
}
