/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rooms: who is in which one, which streams are in it, and who hears of what in which order
 * (rooms-mixers-diagnostics.md 1). Knows no protocol and no session: a member is a login and
 * whoever owns it. No I/O, no clock but for dates. All on the control loop.
 *
 * A room is there from its first member to its last. Everything is told from within the call that
 * brings it about, to all members alike before the next thing happens; who is told may not call
 * back.
 */
#ifndef SL_ROOMS_ROOMS_H
#define SL_ROOMS_ROOMS_H

#include "access/access.h"
#include "base/list.h"
#include "base/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_config;
struct sl_rooms;

enum {
    SL_ROOM_NAME_MAX = 128, /* bytes */
    SL_ROOM_LOGIN_MAX = 64,
    SL_ROOM_TEXT_MAX = 8192,
};

/* Read only, but for this module. */
struct sl_room {
    struct sl_table_node by_name;
    struct sl_rooms *rooms;
    char *app_key, *name;
    bool record; /* as its first member wished: what is published here is recorded */
    int64_t created_ms;
    struct sl_list members; /* struct sl_room_member, in the order they came */
    size_t member_count;
};

struct sl_room_member {
    struct sl_list link; /* in room->members */
    struct sl_room *room;
    char *login;
    void *owner;
    struct sl_list streams; /* struct sl_room_stream */
};

/* A live publication, embedded in its owner's: zeroed is none. */
struct sl_room_stream {
    struct sl_list link;
    struct sl_room_member *member; /* NULL: in no room, or in none any more */
    const char *name;              /* borrowed while it is in one */
};

enum sl_room_event_type {
    SL_ROOM_STATE, /* of a member's room, once for each accepted join */
    SL_ROOM_JOINED,
    SL_ROOM_LEFT,
    SL_ROOM_PUBLISHED,
    SL_ROOM_UNPUBLISHED,
    SL_ROOM_FAILED, /* the stream */
    SL_ROOM_MESSAGE,
};

/* Everything borrowed. */
struct sl_room_event {
    enum sl_room_event_type type;
    const struct sl_room_member *to; /* who is told */
    const char *login;               /* whose it is, or who says it; NULL: SL_ROOM_STATE */
    const char *stream;              /* its name; NULL: it is no event of a stream */
    const char *text;                /* of a message */
};

struct sl_rooms_ops {
    void (*tell)(void *owner, const struct sl_room_event *event); /* owner: of the member */
    void (*on_gone)(void *arg, const struct sl_room *room);       /* its last member has left */
};

/* All outlive it; the limits are read at each use: reloads take effect. arg: of on_gone. */
struct sl_rooms *sl_rooms_create(const struct sl_config *config, const struct sl_rooms_ops *ops,
                                 void *arg);
/* When nobody is in any. NULL is fine. */
void sl_rooms_destroy(struct sl_rooms *rooms);
size_t sl_rooms_count(const struct sl_rooms *rooms);
/* In no order. fn may not change anything. */
void sl_rooms_each(struct sl_rooms *rooms, void (*fn)(struct sl_room *room, void *arg), void *arg);
/* NULL; app_key and name may be anything. */
struct sl_room *sl_rooms_find(const struct sl_rooms *rooms, const char *app_key, const char *name);
/* NULL. */
struct sl_room_member *sl_room_find_member(const struct sl_room *room, const char *login);

/* What may be in the names of rooms and in logins; NULL is not. Pure. */
bool sl_room_name_valid(const char *name);
bool sl_room_login_valid(const char *login);

/*
 * A new member, of whom nobody hears before sl_room_member_enter().
 *
 * app_key, name, login  copied; untrusted, may be NULL
 * Returns  SL_REASON_NONE, or why not: the names, the limits, or that somebody has the login there
 *          (SL_REASON_LOGIN_IN_ROOM).
 */
enum sl_reason sl_room_join(struct sl_rooms *rooms, const char *app_key, const char *name,
                            const char *login, bool record, void *owner,
                            struct sl_room_member **out);
/* STATE to it, JOINED to the others. */
void sl_room_member_enter(struct sl_room_member *member);
/* STATE to it once more: it has joined again, and the others hear nothing. */
void sl_room_member_greet(const struct sl_room_member *member);
/* LEFT to the others; its streams are the room's no more, without a word. Frees it, and the room
 * with the last one. */
void sl_room_member_leave(struct sl_room_member *member);
/* The same, and it hears before that all the others leave: the operator has it so. */
void sl_room_member_expel(struct sl_room_member *member);
/* SL_REASON_NONE, and `to` has heard it; or why not. Texts are untrusted, may be NULL. */
enum sl_reason sl_room_member_say(const struct sl_room_member *member, const char *to,
                                  const char *text);
/* True: a member may publish by this name in its room, and by no other. */
bool sl_room_member_owns_name(const struct sl_room_member *member, const char *stream_name);
/* For STATE: login and NULL of each other member without streams, login and stream of the others,
 * once for each stream. */
void sl_room_member_each_other(const struct sl_room_member *member,
                               void (*fn)(void *arg, const char *login, const char *stream),
                               void *arg);

/* It can be played from now on; the others hear PUBLISHED. */
void sl_room_stream_enter(struct sl_room_stream *stream, struct sl_room_member *member,
                          const char *name);
/* It has ended; the others hear UNPUBLISHED, or FAILED. A stream in no room is fine. */
void sl_room_stream_leave(struct sl_room_stream *stream, bool failed);

#endif
