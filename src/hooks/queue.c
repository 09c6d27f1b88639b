/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chains of hooks, and turns. */
#include "hooks/queue.h"

#include "base/table.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/*
 * A chain is ready when its first item may be sent as far as order goes. Ready chains lie in their
 * session's list, sessions with ready chains in their application's, such applications in the
 * queue's; whoever was served goes to the end. Each exists as long as there is something in it.
 */
struct hook_app {
    struct sl_table_node by_key;
    struct sl_hook_queue *queue;
    struct sl_list in_ready;
    struct sl_list ready; /* struct hook_session */
    size_t session_count, under_way, looking_up;
    char *key;
};

struct hook_session {
    struct sl_table_node by_id;
    struct hook_app *app;
    struct sl_list in_ready;
    struct sl_list ready;  /* struct hook_chain */
    struct sl_list chains; /* few */
    struct sl_list items;  /* by age */
    size_t waiting, bytes;
    char *id;
};

struct hook_chain {
    struct sl_list in_session, in_ready;
    struct hook_session *session;
    struct sl_list items;
    char *media_session_id; /* "": the session's own */
};

struct sl_hook_queue {
    struct sl_hook_limits limits;
    struct sl_table apps, sessions;
    struct sl_list ready;                    /* struct hook_app */
    size_t count, waiting, under_way, bytes; /* paused ones count as waiting */
};

struct sl_hook_queue *sl_hook_queue_create(void)
{
    struct sl_hook_queue *queue = sl_new(struct sl_hook_queue);

    queue->limits = (struct sl_hook_limits){1, 1, 1, 1};
    sl_table_init(&queue->apps);
    sl_table_init(&queue->sessions);
    sl_list_init(&queue->ready);
    return queue;
}

void sl_hook_queue_set_limits(struct sl_hook_queue *queue, const struct sl_hook_limits *limits)
{
    queue->limits = *limits;
}

/* ---- Who exists ---- */

static bool app_has_key(const struct sl_table_node *node, const void *key)
{
    return strcmp(sl_container_of_const(node, struct hook_app, by_key)->key, key) == 0;
}

static struct hook_app *get_app(struct sl_hook_queue *queue, const char *key)
{
    uint64_t hash = sl_hash_text(key);
    struct sl_table_node *node = sl_table_find(&queue->apps, hash, app_has_key, key);

    if (node)
        return sl_container_of(node, struct hook_app, by_key);
    struct hook_app *app = sl_new(struct hook_app);
    app->queue = queue;
    app->key = sl_strdup(key);
    sl_list_init(&app->ready);
    sl_table_insert(&queue->apps, &app->by_key, hash);
    return app;
}

static void app_destroy(struct hook_app *app)
{
    sl_list_remove(&app->in_ready);
    sl_table_remove(&app->queue->apps, &app->by_key);
    free(app->key);
    free(app);
}

static bool session_is(const struct sl_table_node *node, const void *key)
{
    const struct sl_hook_place *place = key;
    const struct hook_session *session = sl_container_of_const(node, struct hook_session, by_id);

    return strcmp(session->id, place->session_id) == 0 &&
           strcmp(session->app->key, place->app_key) == 0;
}

static struct hook_session *find_session(const struct sl_hook_queue *queue,
                                         const struct sl_hook_place *place)
{
    struct sl_table_node *node =
        sl_table_find(&queue->sessions, sl_hash_text(place->session_id), session_is, place);

    return node ? sl_container_of(node, struct hook_session, by_id) : NULL;
}

static struct hook_session *session_create(struct sl_hook_queue *queue,
                                           const struct sl_hook_place *place)
{
    struct hook_session *session = sl_new(struct hook_session);

    session->app = get_app(queue, place->app_key);
    session->app->session_count++;
    session->id = sl_strdup(place->session_id);
    sl_list_init(&session->ready);
    sl_list_init(&session->chains);
    sl_list_init(&session->items);
    sl_table_insert(&queue->sessions, &session->by_id, sl_hash_text(session->id));
    return session;
}

static void session_destroy(struct hook_session *session)
{
    struct hook_app *app = session->app;

    sl_list_remove(&session->in_ready);
    sl_table_remove(&app->queue->sessions, &session->by_id);
    free(session->id);
    free(session);
    if (--app->session_count == 0)
        app_destroy(app);
}

static struct hook_chain *get_chain(struct hook_session *session, const char *media_session_id)
{
    struct hook_chain *chain;

    sl_list_foreach(chain, &session->chains, struct hook_chain, in_session)
    {
        if (strcmp(chain->media_session_id, media_session_id) == 0)
            return chain;
    }
    chain = sl_new(struct hook_chain);
    chain->session = session;
    chain->media_session_id = sl_strdup(media_session_id);
    sl_list_init(&chain->items);
    sl_list_append(&session->chains, &chain->in_session);
    return chain;
}

static void chain_destroy(struct hook_chain *chain)
{
    sl_list_remove(&chain->in_ready);
    sl_list_remove(&chain->in_session);
    free(chain->media_session_id);
    free(chain);
}

static void free_session(struct sl_table_node *node, void *arg)
{
    struct hook_session *session = sl_container_of(node, struct hook_session, by_id);

    (void)arg;
    while (!sl_list_empty(&session->chains))
        chain_destroy(sl_list_first(&session->chains, struct hook_chain, in_session));
    session_destroy(session);
}

void sl_hook_queue_destroy(struct sl_hook_queue *queue)
{
    if (!queue)
        return;
    sl_table_each(&queue->sessions, free_session, NULL);
    sl_table_deinit(&queue->sessions);
    sl_table_deinit(&queue->apps);
    free(queue);
}

/* ---- Turns ---- */

static void set_ready(struct sl_list *list, struct sl_list *link, bool ready)
{
    if (!ready)
        sl_list_remove(link);
    else if (!sl_list_linked(link))
        sl_list_append(list, link);
}

/* To be called for a chain whose first item, or that item's state, has changed. */
static void update_chain(struct hook_chain *chain)
{
    struct hook_session *session = chain->session;
    struct hook_app *app = session->app;
    const struct sl_hook_item *first = sl_list_first(&chain->items, struct sl_hook_item, in_chain);
    bool ready = first && first->state == SL_HOOK_WAITING &&
                 (!first->after_all || session->items.next == &first->in_session);

    set_ready(&session->ready, &chain->in_ready, ready);
    set_ready(&app->ready, &session->in_ready, !sl_list_empty(&session->ready));
    set_ready(&app->queue->ready, &app->in_ready, !sl_list_empty(&app->ready));
}

static bool has_place(const struct hook_app *app)
{
    const struct sl_hook_queue *queue = app->queue;

    if (queue->under_way >= queue->limits.under_way || app->looking_up >= SL_HOOK_LOOKUPS_MAX)
        return false;
    return app->under_way == 0 || (app->under_way < queue->limits.app_under_way &&
                                   app->under_way < queue->limits.under_way - queue->under_way);
}

static struct hook_app *find_app_with_place(struct sl_hook_queue *queue)
{
    struct hook_app *app;

    sl_list_foreach(app, &queue->ready, struct hook_app, in_ready)
    {
        if (has_place(app))
            return app;
    }
    return NULL;
}

struct sl_hook_item *sl_hook_queue_next(struct sl_hook_queue *queue)
{
    struct hook_app *app = find_app_with_place(queue);

    if (!app)
        return NULL;
    /* Who is ready has something ready: none of the lists is empty. */
    struct hook_session *session = sl_container_of(app->ready.next, struct hook_session, in_ready);
    struct hook_chain *chain = sl_container_of(session->ready.next, struct hook_chain, in_ready);
    struct sl_hook_item *item = sl_container_of(chain->items.next, struct sl_hook_item, in_chain);
    assert(item->state == SL_HOOK_WAITING);
    item->state = SL_HOOK_UNDER_WAY;
    item->looking_up = true;
    session->waiting--;
    queue->waiting--;
    queue->under_way++;
    app->under_way++;
    app->looking_up++;
    /* Out and in again where there is more: at the end. */
    sl_list_remove(&session->in_ready);
    sl_list_remove(&app->in_ready);
    update_chain(chain);
    return item;
}

void sl_hook_queue_found(struct sl_hook_item *item)
{
    if (item->looking_up)
        item->chain->session->app->looking_up--;
    item->looking_up = false;
}

static void give_place_back(struct sl_hook_item *item)
{
    struct hook_app *app = item->chain->session->app;

    sl_hook_queue_found(item);
    app->under_way--;
    app->queue->under_way--;
}

static void count_waiting(struct hook_session *session, size_t n)
{
    session->waiting += n;
    session->app->queue->waiting += n;
}

void sl_hook_queue_pause(struct sl_hook_item *item)
{
    assert(item->state == SL_HOOK_UNDER_WAY);
    give_place_back(item);
    item->state = SL_HOOK_PAUSED;
    count_waiting(item->chain->session, 1);
}

void sl_hook_queue_resume(struct sl_hook_item *item)
{
    assert(item->state == SL_HOOK_PAUSED);
    item->state = SL_HOOK_WAITING;
    update_chain(item->chain);
}

/* ---- In and out ---- */

static bool fits(const struct sl_hook_queue *queue, const struct hook_session *session,
                 const struct sl_hook_place *place)
{
    size_t all = queue->limits.waiting, own = queue->limits.session_waiting;
    size_t bytes = all * SL_HOOK_BYTES_EACH, own_bytes = SL_HOOK_SESSION_BYTES_MAX;

    if (place->chatter) {
        all = (all + 1) / 2;
        own = (own + 1) / 2;
        bytes /= 2;
        own_bytes /= 2;
    }
    if (queue->waiting >= all || (queue->bytes > 0 && queue->bytes + place->size > bytes))
        return false;
    return !session || (session->waiting < own && session->bytes + place->size <= own_bytes);
}

int sl_hook_queue_push(struct sl_hook_queue *queue, const struct sl_hook_place *place,
                       struct sl_hook_item *item)
{
    struct hook_session *session = find_session(queue, place);

    if (!fits(queue, session, place))
        return -ENOBUFS;
    if (!session)
        session = session_create(queue, place);
    *item = (struct sl_hook_item){
        .chain = get_chain(session, place->media_session_id ? place->media_session_id : ""),
        .after_all = place->after_all,
        .size = place->size,
    };
    sl_list_append(&item->chain->items, &item->in_chain);
    sl_list_append(&session->items, &item->in_session);
    count_waiting(session, 1);
    session->bytes += item->size;
    queue->bytes += item->size;
    queue->count++;
    update_chain(item->chain);
    return 0;
}

void sl_hook_queue_remove(struct sl_hook_item *item)
{
    struct hook_chain *chain = item->chain;
    struct hook_session *session = chain->session;
    struct sl_hook_queue *queue = session->app->queue;

    if (item->state == SL_HOOK_UNDER_WAY)
        give_place_back(item);
    else
        count_waiting(session, (size_t)-1);
    session->bytes -= item->size;
    queue->bytes -= item->size;
    queue->count--;
    sl_list_remove(&item->in_chain);
    sl_list_remove(&item->in_session);
    update_chain(chain);
    if (sl_list_empty(&chain->items))
        chain_destroy(chain);
    struct sl_hook_item *oldest = sl_list_first(&session->items, struct sl_hook_item, in_session);
    if (!oldest)
        session_destroy(session);
    else if (oldest->after_all)
        update_chain(oldest->chain); /* all before it has gone */
}

size_t sl_hook_queue_count(const struct sl_hook_queue *queue)
{
    return queue->count;
}

const char *sl_hook_item_app_key(const struct sl_hook_item *item)
{
    return item->chain->session->app->key;
}

const char *sl_hook_item_session_id(const struct sl_hook_item *item)
{
    return item->chain->session->id;
}
