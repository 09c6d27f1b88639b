/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Commands of rooms, as they come in `payload` of sendData. Checked: what is no good JSON or has no
 * `command` is none; of the others every text is one of ours to hold, and none stays.
 */
#include "signalling/internal.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_text(const char *text, size_t len)
{
    assert(!text || strlen(text) <= len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct sl_json_span payload = {(const char *)data, len};
    struct sl_room_command command;

    if (sl_json_check(payload.text, len, SL_JSON_DEPTH_MAX, SL_JSON_VALUES_MAX) != SL_JSON_GOOD)
        return 0;
    json_t *tree = sl_room_command_parse(payload, &command);
    assert(!tree == !sl_json_member(payload, "command").text);
    if (!tree)
        return 0;
    assert(command.kind != SL_ROOM_NO_COMMAND);
    check_text(command.room, len);
    check_text(command.to, len);
    check_text(command.text, len);
    json_decref(tree);
    return 0;
}
