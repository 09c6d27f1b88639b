/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All rooms, their members and streams. */
#include "rooms/rooms.h"

#include "base/clock.h"
#include "base/config.h"
#include "base/mem.h"
#include "base/text.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct sl_rooms {
    const struct sl_config *config;
    const struct sl_rooms_ops *ops;
    void *arg;               /* of ops->on_gone */
    struct sl_table by_name; /* struct sl_room */
};

struct sl_rooms *sl_rooms_create(const struct sl_config *config, const struct sl_rooms_ops *ops,
                                 void *arg)
{
    struct sl_rooms *rooms = sl_new(struct sl_rooms);

    rooms->config = config;
    rooms->ops = ops;
    rooms->arg = arg;
    sl_table_init(&rooms->by_name);
    return rooms;
}

void sl_rooms_destroy(struct sl_rooms *rooms)
{
    if (!rooms)
        return;
    assert(rooms->by_name.count == 0);
    sl_table_deinit(&rooms->by_name);
    free(rooms);
}

size_t sl_rooms_count(const struct sl_rooms *rooms)
{
    return rooms->by_name.count;
}

struct walk {
    void (*fn)(struct sl_room *room, void *arg);
    void *arg;
};

static void walk_room(struct sl_table_node *node, void *arg)
{
    const struct walk *walk = arg;

    walk->fn(sl_container_of(node, struct sl_room, by_name), walk->arg);
}

void sl_rooms_each(struct sl_rooms *rooms, void (*fn)(struct sl_room *room, void *arg), void *arg)
{
    struct walk walk = {fn, arg};

    sl_table_each(&rooms->by_name, walk_room, &walk);
}

/* ---- Names ---- */

/* '#' would begin a mixer's name; the other two separate parts of URLs and files. */
static bool is_valid(const char *name, size_t len_max)
{
    size_t len = name ? strlen(name) : 0;

    if (len == 0 || len > len_max || name[0] == ' ' || name[len - 1] == ' ' ||
        name[strcspn(name, "#/\\")] != '\0' || sl_text_has_controls(name))
        return false;
    json_t *utf8 = json_string(name); /* NULL unless it is UTF-8 */
    json_decref(utf8);
    return utf8 != NULL;
}

bool sl_room_name_valid(const char *name)
{
    return is_valid(name, SL_ROOM_NAME_MAX);
}

bool sl_room_login_valid(const char *login)
{
    return is_valid(login, SL_ROOM_LOGIN_MAX);
}

struct room_key {
    const char *app_key, *name;
};

static bool room_has_key(const struct sl_table_node *node, const void *key)
{
    const struct sl_room *room = sl_container_of_const(node, struct sl_room, by_name);
    const struct room_key *wanted = key;

    return strcmp(room->name, wanted->name) == 0 && strcmp(room->app_key, wanted->app_key) == 0;
}

struct sl_room *sl_rooms_find(const struct sl_rooms *rooms, const char *app_key, const char *name)
{
    const struct room_key key = {app_key, name};
    struct sl_table_node *node =
        sl_table_find(&rooms->by_name, sl_hash_text(name), room_has_key, &key);

    return node ? sl_container_of(node, struct sl_room, by_name) : NULL;
}

struct sl_room_member *sl_room_find_member(const struct sl_room *room, const char *login)
{
    for (struct sl_list *link = room->members.next; link != &room->members; link = link->next) {
        struct sl_room_member *member = sl_container_of(link, struct sl_room_member, link);
        if (strcmp(member->login, login) == 0)
            return member;
    }
    return NULL;
}

/* ---- Telling ---- */

static void tell(const struct sl_room_member *to, struct sl_room_event event)
{
    event.to = to;
    to->room->rooms->ops->tell(to->owner, &event);
}

static void tell_others(const struct sl_room_member *member, struct sl_room_event event)
{
    struct sl_room_member *other;

    sl_list_foreach(other, &member->room->members, struct sl_room_member, link)
    {
        if (other != member)
            tell(other, event);
    }
}

void sl_room_member_each_other(const struct sl_room_member *member,
                               void (*fn)(void *arg, const char *login, const char *stream),
                               void *arg)
{
    struct sl_room_member *other;
    const struct sl_room_stream *stream;

    sl_list_foreach(other, &member->room->members, struct sl_room_member, link)
    {
        if (other == member)
            continue;
        if (sl_list_empty(&other->streams))
            fn(arg, other->login, NULL);
        sl_list_foreach(stream, &other->streams, struct sl_room_stream, link)
            fn(arg, other->login, stream->name);
    }
}

/* ---- Members ---- */

static struct sl_room *room_create(struct sl_rooms *rooms, const char *app_key, const char *name,
                                   bool record)
{
    struct sl_room *room = sl_new(struct sl_room);

    room->rooms = rooms;
    room->app_key = sl_strdup(app_key);
    room->name = sl_strdup(name);
    room->record = record;
    room->created_ms = sl_wall_ms();
    sl_list_init(&room->members);
    sl_table_insert(&rooms->by_name, &room->by_name, sl_hash_text(name));
    return room;
}

static void room_destroy(struct sl_room *room)
{
    sl_table_remove(&room->rooms->by_name, &room->by_name);
    room->rooms->ops->on_gone(room->rooms->arg, room);
    free(room->app_key);
    free(room->name);
    free(room);
}

static enum sl_reason why_not(const struct sl_rooms *rooms, const struct sl_room *room,
                              const char *login)
{
    const struct sl_config *config = rooms->config;

    if (!room)
        return rooms->by_name.count >= (size_t)config->rooms_max ? SL_REASON_ROOMS_MAX
                                                                 : SL_REASON_NONE;
    if (sl_room_find_member(room, login))
        return SL_REASON_LOGIN_IN_ROOM;
    return room->member_count >= (size_t)config->room_participants_max ? SL_REASON_ROOM_FULL
                                                                       : SL_REASON_NONE;
}

enum sl_reason sl_room_join(struct sl_rooms *rooms, const char *app_key, const char *name,
                            const char *login, bool record, void *owner,
                            struct sl_room_member **out)
{
    if (!sl_room_login_valid(login))
        return SL_REASON_LOGIN;
    if (!sl_room_name_valid(name))
        return SL_REASON_ROOM_NAME;
    struct sl_room *room = sl_rooms_find(rooms, app_key, name);
    enum sl_reason problem = why_not(rooms, room, login);
    if (problem)
        return problem;
    struct sl_room_member *member = sl_new(struct sl_room_member);
    member->room = room ? room : room_create(rooms, app_key, name, record);
    member->login = sl_strdup(login);
    member->owner = owner;
    sl_list_init(&member->streams);
    sl_list_append(&member->room->members, &member->link);
    member->room->member_count++;
    *out = member;
    return SL_REASON_NONE;
}

void sl_room_member_greet(const struct sl_room_member *member)
{
    tell(member, (struct sl_room_event){.type = SL_ROOM_STATE});
}

void sl_room_member_enter(struct sl_room_member *member)
{
    sl_room_member_greet(member);
    tell_others(member, (struct sl_room_event){.type = SL_ROOM_JOINED, .login = member->login});
}

void sl_room_member_leave(struct sl_room_member *member)
{
    struct sl_room *room = member->room;
    struct sl_room_stream *stream;

    sl_list_foreach(stream, &member->streams, struct sl_room_stream, link)
    {
        stream->member = NULL;
        sl_list_remove(&stream->link);
    }
    tell_others(member, (struct sl_room_event){.type = SL_ROOM_LEFT, .login = member->login});
    sl_list_remove(&member->link);
    free(member->login);
    free(member);
    if (--room->member_count == 0)
        room_destroy(room);
}

void sl_room_member_expel(struct sl_room_member *member)
{
    const struct sl_room_member *other;

    sl_list_foreach(other, &member->room->members, struct sl_room_member, link)
    {
        if (other != member)
            tell(member, (struct sl_room_event){.type = SL_ROOM_LEFT, .login = other->login});
    }
    sl_room_member_leave(member);
}

enum sl_reason sl_room_member_say(const struct sl_room_member *member, const char *to,
                                  const char *text)
{
    const struct sl_room_member *receiver = to ? sl_room_find_member(member->room, to) : NULL;

    if (!receiver || receiver == member)
        return SL_REASON_NO_PARTICIPANT;
    if (!text || strlen(text) > SL_ROOM_TEXT_MAX)
        return SL_REASON_ROOM_MESSAGE;
    tell(receiver,
         (struct sl_room_event){.type = SL_ROOM_MESSAGE, .login = member->login, .text = text});
    return SL_REASON_NONE;
}

bool sl_room_member_owns_name(const struct sl_room_member *member, const char *stream_name)
{
    char own[SL_ROOM_NAME_MAX + SL_ROOM_LOGIN_MAX + 2];
    int len = snprintf(own, sizeof(own), "%s-%s", member->room->name, member->login);

    return strncmp(stream_name, own, (size_t)len) == 0 &&
           (stream_name[len] == '\0' || stream_name[len] == '-');
}

/* ---- Streams ---- */

void sl_room_stream_enter(struct sl_room_stream *stream, struct sl_room_member *member,
                          const char *name)
{
    assert(!stream->member);
    stream->member = member;
    stream->name = name;
    sl_list_append(&member->streams, &stream->link);
    tell_others(member, (struct sl_room_event){
                            .type = SL_ROOM_PUBLISHED, .login = member->login, .stream = name});
}

void sl_room_stream_leave(struct sl_room_stream *stream, bool failed)
{
    const struct sl_room_member *member = stream->member;

    if (!member)
        return;
    stream->member = NULL;
    sl_list_remove(&stream->link);
    tell_others(member,
                (struct sl_room_event){.type = failed ? SL_ROOM_FAILED : SL_ROOM_UNPUBLISHED,
                                       .login = member->login,
                                       .stream = stream->name});
}
