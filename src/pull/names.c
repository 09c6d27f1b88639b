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
#include "pull/pull.h"

#include "access/access.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "cluster/cluster.h"
#include "net/net.h"
#include "stream/stream.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum {
    CHECK_MS = 250,
    WARN_INTERVAL_US = 10 * SL_US_PER_S, /* any client can bring these lines about */
    FETCHES_MAX = 10000,                 /* under way or live; pulls_max bounds those that pull */
};

struct sl_names {
    struct sl_names_config use;
    struct sl_directory directory;
    struct sl_table fetches;      /* struct fetch, by name */
    struct sl_timer *check_timer; /* runs while there are fetches */
    int64_t warned_us;
};

struct fetch {
    struct sl_table_node by_name;
    struct sl_names *names;
    struct sl_list calls;           /* struct sl_directory_call */
    struct sl_cluster_call *lookup; /* LOOKING */
    struct sl_pull *pull;           /* PULLING, LIVE */
    struct sl_stream *stream;       /* LIVE */
    int64_t used_us;                /* when somebody was last seen to use it */
    char node_id[SL_CLUSTER_ID_MAX + 1];
    char name[SL_STREAM_NAME_MAX + 1];
};

/* Somebody's question. */
struct sl_directory_call {
    struct sl_list link; /* of a fetch */
    struct sl_names *names;
    struct sl_cluster_call *registry; /* a claim or a find */
    struct sl_later later;            /* what is known at once is told then: */
    int err;
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

static void answer(struct sl_directory_call *call, int err)
{
    call->on_answer(call->owner, err);
    free(call);
}

static void on_later(struct sl_later *later)
{
    struct sl_directory_call *call = sl_container_of(later, struct sl_directory_call, later);

    answer(call, call->err);
}

static struct sl_directory_call *tell_later(struct sl_directory_call *call, int err)
{
    call->err = err;
    call->later.run = on_later;
    sl_loop_later(call->names->use.loop, &call->later);
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
        answer(call, err);
    }
}

static void fetch_end(struct fetch *fetch)
{
    struct sl_names *names = fetch->names;

    sl_table_remove(&names->fetches, &fetch->by_name);
    if (names->fetches.count == 0)
        sl_timer_stop(names->check_timer);
    answer_all(fetch, -ENOENT);
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

static void tell_failure(struct fetch *fetch, const char *why)
{
    struct sl_names *names = fetch->names;
    int64_t now_us = sl_now_us();
    bool warn = !names->warned_us || now_us - names->warned_us > WARN_INTERVAL_US;
    char name[128], words[160];

    if (warn)
        names->warned_us = now_us;
    sl_log(warn ? SL_LOG_WARN : SL_LOG_DEBUG, NULL,
           "cluster: stream %s of node %s cannot be had: %s",
           sl_log_quote(name, sizeof(name), fetch->name), fetch->node_id,
           sl_log_quote(words, sizeof(words), why));
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

    assert(fetch->lookup); /* not from within */
    fetch->lookup = NULL;
    if (!node) {
        fetch_end(fetch);
        return;
    }
    memcpy(fetch->node_id, node->id, sizeof(fetch->node_id));
    request.uri = node->uri;
    if (sl_pull_start(fetch->names->use.pulls, &request, &fetch->pull, &error) == 0)
        return;
    tell_failure(fetch, error.text);
    fetch_end(fetch);
}

static struct fetch *fetch_begin(struct sl_names *names, const char *name)
{
    struct fetch *fetch = sl_new(struct fetch);

    fetch->names = names;
    memcpy(fetch->name, name, strlen(name) + 1);
    sl_list_init(&fetch->calls);
    if (names->fetches.count == 0)
        sl_timer_start(names->check_timer, CHECK_MS, CHECK_MS);
    sl_table_insert(&names->fetches, &fetch->by_name, sl_hash_text(name));
    fetch->lookup = sl_cluster_find(names->use.cluster, name, on_found, fetch);
    return fetch;
}

static struct sl_directory_call *fetch_name(void *arg, const char *name,
                                            sl_directory_on_answer *on_answer, void *owner)
{
    struct sl_names *names = arg;
    struct sl_directory_call *call = call_create(names, "", on_answer, owner);
    struct fetch *fetch = find_fetch(names, name);

    if (fetch && fetch->stream)
        return tell_later(call, 0);
    if (!fetch && (names->fetches.count >= FETCHES_MAX || strlen(name) > SL_STREAM_NAME_MAX))
        return tell_later(call, -ENOENT);
    if (!fetch)
        fetch = fetch_begin(names, name);
    sl_list_append(&fetch->calls, &call->link);
    return call;
}

/* ---- Fetches that are of no use any more ---- */

/* A node that hangs, or whose line is cut, says nothing, and what was pulled from it stands still;
 * the registry knows first (its names may be another's by then). */
static void check_fetch(struct sl_table_node *node, void *arg)
{
    struct fetch *fetch = sl_container_of(node, struct fetch, by_name);
    int64_t now_us = *(const int64_t *)arg;
    int64_t idle_us = fetch->names->use.config->cluster_idle_ms * SL_US_PER_MS;

    if (fetch->pull && sl_cluster_node_is_gone(fetch->names->use.cluster, fetch->node_id)) {
        sl_pull_terminate(fetch->pull); /* on_pull_end() takes it out */
        return;
    }
    if (!fetch->stream)
        return; /* the pull's own time limit */
    if (sl_stream_takers(fetch->stream, SL_TAKER_VIEWER) > 0 ||
        sl_stream_takers(fetch->stream, SL_TAKER_OUTPUT) > 0)
        fetch->used_us = now_us;
    else if (now_us - fetch->used_us >= idle_us)
        sl_pull_terminate(fetch->pull); /* so here */
}

static void on_check_timer(void *owner)
{
    struct sl_names *names = owner;
    int64_t now_us = sl_now_us();

    sl_table_each(&names->fetches, check_fetch, &now_us);
}

/* ---- Claims ---- */

/*
 * What is pulled here under a name that the registry says is this node's now is of a stream that is
 * no more. Where the registry was not asked, it is another node's for all we know, and stays.
 */
static void on_claimed(void *owner, int err)
{
    struct sl_directory_call *call = owner;
    struct fetch *fetch = find_fetch(call->names, call->name);
    struct sl_pull *pull = fetch ? fetch->pull : NULL;

    assert(call->registry);
    call->registry = NULL;
    if (pull && err == SL_CLUSTER_UNCHECKED) {
        sl_cluster_release(call->names->use.cluster, call->name);
        err = -EEXIST;
    } else if (pull && err == 0) {
        sl_pull_terminate(pull);
    }
    answer(call, err < 0 ? err : 0);
}

static struct sl_directory_call *claim_name(void *arg, const char *name,
                                            sl_directory_on_answer *on_answer, void *owner)
{
    struct sl_names *names = arg;
    struct sl_directory_call *call = call_create(names, name, on_answer, owner);

    call->registry = sl_cluster_claim(names->use.cluster, name, on_claimed, call);
    return call;
}

static void release_name(void *arg, const char *name)
{
    const struct sl_names *names = arg;

    sl_cluster_release(names->use.cluster, name);
}

/* ---- Questions without consequences ---- */

static void on_sought(void *owner, const struct sl_cluster_node *node)
{
    struct sl_directory_call *call = owner;

    assert(call->registry);
    call->registry = NULL;
    answer(call, node ? 0 : -ENOENT);
}

static struct sl_directory_call *find_name(void *arg, const char *name,
                                           sl_directory_on_answer *on_answer, void *owner)
{
    struct sl_names *names = arg;
    struct sl_directory_call *call = call_create(names, "", on_answer, owner);

    call->registry = sl_cluster_find(names->use.cluster, name, on_sought, call);
    return call;
}

static void cancel_call(void *arg, struct sl_directory_call *call)
{
    (void)arg;
    if (!call)
        return;
    sl_cluster_cancel(call->registry);
    sl_later_cancel(&call->later);
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
        .find = find_name,
        .fetch = fetch_name,
        .cancel = cancel_call,
    };
    sl_table_init(&names->fetches);
    names->check_timer = sl_timer_create(config->loop, on_check_timer, names);
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
    sl_timer_destroy(names->check_timer);
    free(names);
}

const struct sl_directory *sl_names_directory(struct sl_names *names)
{
    return &names->directory;
}
