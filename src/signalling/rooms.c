/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rooms on the wire: commands in `payload` of sendData, events in that of OnDataEvent, as the SDK's
 * RoomApi has them (rooms-mixers-diagnostics.md 1.2, 1.3). */
#include "rooms/rooms.h"
#include "base/json.h"
#include "base/random.h"
#include "signalling/internal.h"

#include <string.h>

enum { OPERATION_ID_LEN = 26 };

/* ---- Commands ---- */

static enum sl_room_command_kind kind_of(const char *name)
{
    static const struct {
        const char *name;
        enum sl_room_command_kind kind;
    } rows[] = {
        {"join", SL_ROOM_JOIN},
        {"leave", SL_ROOM_LEAVE},
        {"sendMessage", SL_ROOM_SAY},
    };

    for (size_t i = 0; name && i < SL_ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].kind;
    }
    return SL_ROOM_UNKNOWN_COMMAND;
}

json_t *sl_room_command_parse(struct sl_json_span payload, struct sl_room_command *out)
{
    if (payload.len == 0 || !sl_json_member(payload, "command").text)
        return NULL;
    /* NULL: something in it that no text of ours can hold, such as U+0000 */
    json_t *tree = json_loadb(payload.text, payload.len, 0, NULL);
    const json_t *options = json_object_get(tree, "options");

    *out = (struct sl_room_command){.kind = SL_ROOM_UNKNOWN_COMMAND};
    if (!json_is_object(options))
        return tree ? tree : json_null();
    out->kind = kind_of(sl_field_string(tree, "command"));
    if (out->kind == SL_ROOM_SAY) {
        out->room = sl_field_string(json_object_get(options, "roomConfig"), "name");
        out->to = sl_field_string(options, "to");
        out->text = sl_field_string(options, "text");
    } else {
        out->room = sl_field_string(options, "name");
        out->record = sl_field_bool(options, "record", false);
    }
    return tree;
}

/* ---- Events ---- */

static void add_participant(void *arg, const char *login, const char *stream)
{
    json_t *item =
        stream ? json_pack("{s:s, s:s}", "login", login, "name", stream) : json_string(login);

    (void)json_array_append_new(arg, item);
}

static json_t *state(const struct sl_room_member *member)
{
    json_t *info = json_array();

    sl_room_member_each_other(member, add_participant, info);
    return info;
}

static json_t *info_of(const struct sl_room_event *event)
{
    switch (event->type) {
    case SL_ROOM_STATE:
        return state(event->to);
    case SL_ROOM_JOINED:
    case SL_ROOM_LEFT:
        return json_string(event->login);
    case SL_ROOM_PUBLISHED:
    case SL_ROOM_UNPUBLISHED:
    case SL_ROOM_FAILED:
        return json_pack("{s:s, s:s}", "login", event->login, "name", event->stream);
    case SL_ROOM_MESSAGE:
        return json_pack("{s:s, s:s, s:s, s:{s:s}}", "from", event->login, "to", event->to->login,
                         "text", event->text, "roomConfig", "name", event->to->room->name);
    }
    return NULL;
}

void sl_client_on_room_event(void *client, const struct sl_room_event *event)
{
    static const char *const names[] = {
        [SL_ROOM_STATE] = "STATE",
        [SL_ROOM_JOINED] = "JOINED",
        [SL_ROOM_LEFT] = "LEFT",
        [SL_ROOM_PUBLISHED] = "PUBLISHED",
        [SL_ROOM_UNPUBLISHED] = "UNPUBLISHED",
        [SL_ROOM_FAILED] = "FAILED",
        [SL_ROOM_MESSAGE] = "MESSAGE",
    };
    char operation_id[OPERATION_ID_LEN + 1];

    sl_random_token(operation_id, OPERATION_ID_LEN);
    sl_send_object(client, "OnDataEvent",
                   json_pack("{s:s, s:{s:s, s:s, s:o}}", "operationId", operation_id, "payload",
                             "roomName", event->to->room->name, "name", names[event->type], "info",
                             info_of(event)));
}
