/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names of rooms in a cluster.
 *
 *   ASKING --granted--> HELD while the room is here --> released
 *      `----refused, or nobody waits any more--> gone
 *
 * All who want to join meanwhile wait for the one question.
 */
#include "session/room_names.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct room_name {
    struct sl_table_node by_claim; /* in sessions->room_names */
    struct sl_sessions *sessions;
    char *app_key, *room, *claim;
    struct sl_directory_call *call; /* ASKING */
    struct sl_list waits;           /* struct room_wait */
};

/* No stream of a room has such a name, as its would begin with the room's. */
static char *make_claim(const char *app_key, const char *room)
{
    size_t size = strlen("room//") + strlen(app_key) + strlen(room) + 1;
    char *claim = sl_alloc(size);

    (void)snprintf(claim, size, "room/%s/%s", app_key, room);
    return claim;
}

static bool has_claim(const struct sl_table_node *node, const void *key)
{
    return strcmp(sl_container_of_const(node, struct room_name, by_claim)->claim, key) == 0;
}

static struct room_name *find(const struct sl_sessions *sessions, const char *claim)
{
    struct sl_table_node *node =
        sl_table_find(&sessions->room_names, sl_hash_text(claim), has_claim, claim);

    return node ? sl_container_of(node, struct room_name, by_claim) : NULL;
}

static void name_free(struct room_name *name)
{
    sl_table_remove(&name->sessions->room_names, &name->by_claim);
    free(name->app_key);
    free(name->room);
    free(name->claim);
    free(name);
}

static void release(struct room_name *name)
{
    const struct sl_directory *directory = name->sessions->config.directory;

    directory->release(directory->arg, name->claim);
    name_free(name);
}

static void on_claimed(void *owner, int err)
{
    struct room_name *name = owner;
    struct sl_sessions *sessions = name->sessions;
    struct room_wait *wait;

    assert(name->call); /* not from within */
    name->call = NULL;
    while ((wait = sl_list_first(&name->waits, struct room_wait, link))) {
        sl_list_remove(&wait->link);
        wait->on_answer(wait, err);
    }
    if (err < 0)
        name_free(name);
    else if (!sl_rooms_find(sessions->rooms, name->app_key, name->room))
        release(name); /* whoever wanted it has gone, or may not have it */
}

bool sl_room_name_is_open(const struct sl_session *session, const char *room)
{
    const struct sl_sessions *sessions = session->sessions;

    return sessions->config.directory && sl_room_name_valid(room) &&
           !sl_rooms_find(sessions->rooms, session->app_key, room);
}

void sl_room_name_ask(const struct sl_session *session, const char *room, struct room_wait *wait)
{
    struct sl_sessions *sessions = session->sessions;
    const struct sl_directory *directory = sessions->config.directory;
    char *claim = make_claim(session->app_key, room);
    struct room_name *name = find(sessions, claim);

    if (!name) {
        name = sl_new(struct room_name);
        name->sessions = sessions;
        name->app_key = sl_strdup(session->app_key);
        name->room = sl_strdup(room);
        name->claim = sl_strdup(claim);
        sl_list_init(&name->waits);
        sl_table_insert(&sessions->room_names, &name->by_claim, sl_hash_text(claim));
        name->call = directory->claim(directory->arg, claim, on_claimed, name);
    }
    free(claim);
    sl_list_append(&name->waits, &wait->link);
}

void sl_room_name_leave(struct room_wait *wait)
{
    sl_list_remove(&wait->link);
}

void sl_room_name_release(struct sl_sessions *sessions, const char *app_key, const char *room)
{
    char *claim = make_claim(app_key, room);
    struct room_name *name = find(sessions, claim);

    free(claim);
    if (name && !name->call)
        release(name);
}

static void drop(struct sl_table_node *node, void *arg)
{
    struct room_name *name = sl_container_of(node, struct room_name, by_claim);
    const struct sl_directory *directory = name->sessions->config.directory;

    (void)arg;
    directory->cancel(directory->arg, name->call);
    name_free(name);
}

void sl_room_names_deinit(struct sl_sessions *sessions)
{
    sl_table_each(&sessions->room_names, drop, NULL);
    sl_table_deinit(&sessions->room_names);
}
